"""Planning: how many cases and repetitions a question needs, from a pilot run, or without one for a pass rate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Protocol

import numpy as np

from peel.errors import DefinitionError
from peel.estimates.pairing import Part
from peel.estimates.values import cases_of
from peel.plugins import nearest
from peel.records import EvaluatorDefinition, Problem, Usage
from peel.records.plans import CountRange, EvaluatorPlan, PassRateProof, Plan, PlanRow, PlanTarget
from peel.statistics import planning
from peel.statistics.cases import Cases
from peel.statistics.distributions import chi_square_quantile
from peel.statistics.variance import components
from peel.store.reading import Columns

DEFAULT_REPETITIONS = 5
"""What is always among the plans: the fewest that tell flaky cases from broken ones, for gates on these cases."""

MOST_REPETITIONS = 100
"""Plans with more repetitions of each case are not shown."""

MOST_PROOF_EXECUTIONS = 5_000
"""The longest proof of a pass rate that is looked for."""

CONFIDENCE = 0.8
"""How sure the safe plan is: the upper limit of the pilot's variances."""


class Judged(Protocol):
    """A stored run, as far as the cost of its judges is asked."""

    def judge_usage(self, scenario: str, variant: str) -> Usage: ...


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is to be planned; what is None takes its default.

    With a pilot run: `half_width` of a mean and `difference` of two, found with chance `power`; `case_cost` is what a
    new case costs, in executions; `evaluators` narrows the answer (none: all). With or without one: a pass rate that
    is to be shown, and what it is believed to be.
    """

    half_width: float | None = None
    difference: float | None = None
    power: float | None = None
    case_cost: float | None = None
    evaluators: tuple[str, ...] = ()
    show_at_least: float | None = None
    truth: float | None = None


HALF_WIDTH, DIFFERENCE, POWER = 0.05, 0.1, 0.8
"""The targets where a pilot is named and nothing else."""

CASE_COST = 10.0
"""What a new case costs, in executions, where nothing is said."""

PASS_RATE, PROOF_POWER = 0.9, 0.9
"""The pass rate to be shown, and with which chance, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A request for a pilot with its defaults filled in: a target that is None is not asked for."""

    half_width: float | None
    difference: float | None
    power: float
    case_cost: float

    @classmethod
    def of(cls, request: PlanRequest) -> _Question:
        nothing = request.half_width is None and request.difference is None and request.show_at_least is None
        return cls(
            half_width=HALF_WIDTH if nothing else request.half_width,
            difference=DIFFERENCE if nothing else request.difference,
            power=POWER if request.power is None else request.power,
            case_cost=CASE_COST if request.case_cost is None else request.case_cost,
        )


Variances = tuple[tuple[float, float], tuple[float, float]]
"""((between, within) as estimated, (between, within) to be safe)."""


def plan_from_pilot(parts: Sequence[Part], request: PlanRequest, *, judged: Judged) -> Plan:
    """A plan for each evaluator of each scenario of a pilot run, by its first part (usually the variant `base`).

    `judged` is the stored run that the parts belong to.

    Raises DefinitionError for a target out of range and an evaluator that the run does not have.
    """
    _check(request)
    question = _Question.of(request)
    first: dict[str, Part] = {}
    for part in parts:
        first.setdefault(part.scenario, part)
    known = [one.id for part in first.values() for one in part.item.scenario.evaluators]
    for name in request.evaluators:
        if name not in known:
            _fail("--evaluator", f"the run has no evaluator {name!r}; {nearest(name, known)}")
    return Plan(
        run=parts[0].stored.run.id,
        case_cost=question.case_cost,
        evaluators=tuple(
            plan
            for part in first.values()
            for plan in _plans(part, parts, question, judged)
            if not request.evaluators or plan.id in request.evaluators
        ),
        **(_proofs(request) if request.show_at_least is not None else {}),
    )


def _check(request: PlanRequest) -> None:
    for flag, value in (("--half-width", request.half_width), ("--difference", request.difference)):
        if value is not None and not 0 < value < 1:
            _fail(flag, f"a target is greater than 0 and less than 1, as scores are, not {value:g}")
    if request.power is not None and not 0 < request.power < 1:
        _fail("--power", f"a chance is greater than 0 and less than 1, not {request.power:g}")
    if request.case_cost is not None and not 0 <= request.case_cost < math.inf:
        _fail("--case-cost", f"a new case costs 0 executions or more, not {request.case_cost:g}")
    if request.truth is not None and request.show_at_least is None:
        _fail("--truth", "this is what the pass rate is believed to be; add --show-at-least, what is to be shown")


def _fail(flag: str, message: str) -> NoReturn:
    raise DefinitionError([Problem(message=message, file=flag)])


def _plans(part: Part, parts: Sequence[Part], question: _Question, judged: Judged) -> Iterator[EvaluatorPlan]:
    columns = part.stored.columns(part.scenario, part.variant)
    others = [one for one in parts if one.scenario == part.scenario and one.variant != part.variant]
    other = others[0].stored.columns(part.scenario, others[0].variant) if others else None
    costs = _Costs.of(columns, judged.judge_usage(part.scenario, part.variant))
    for one in part.item.scenario.evaluators:
        cases = _cases(columns, one)
        found = _EvaluatorPlanner(cases, None if other is None else _cases(other, one), costs, question)
        yield found.plan(part, one)


def _cases(columns: Columns, evaluator: EvaluatorDefinition) -> Cases:
    return cases_of(columns, columns.scores[evaluator.id].value)


@dataclass(frozen=True, slots=True)
class _Costs:
    """What one execution of the pilot cost: US dollars with its judges, and seconds; None is unknown."""

    usd: float | None
    seconds: float | None

    @classmethod
    def of(cls, columns: Columns, judges: Usage) -> _Costs:
        n, ok = columns.ok.size, columns.ok
        seconds = float(columns.latency_s[ok].mean()) if ok.any() else None
        if not n or np.isnan(columns.cost_usd).any() or judges.cost_usd is None:
            return cls(None, seconds)
        return cls((float(columns.cost_usd.sum()) + judges.cost_usd) / n, seconds)

    def row(self, repetitions: CountRange, cases: CountRange, *, sides: int) -> PlanRow:
        """A way to reach a target, with its cost."""
        counts = _product(repetitions.plug_in, cases.plug_in), _product(repetitions.safe, cases.safe)
        return PlanRow(
            repetitions=repetitions,
            cases=cases,
            executions=CountRange(plug_in=counts[0], safe=counts[1]),
            cost_usd=(_times(counts[0], self.usd, sides), _times(counts[1], self.usd, sides)),
            seconds=(_times(counts[0], self.seconds, sides), _times(counts[1], self.seconds, sides)),
        )


def _product(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a * b


def _times(count: int | None, each: float | None, sides: int) -> float | None:
    return None if count is None or each is None else count * each * sides


@dataclass(frozen=True, slots=True)
class _EvaluatorPlanner:
    """One evaluator's values in the pilot, and in another variant of it where there is one."""

    cases: Cases
    other: Cases | None
    costs: _Costs
    question: _Question

    def plan(self, part: Part, evaluator: EvaluatorDefinition) -> EvaluatorPlan:
        """The plan, or why there is none."""
        seen = EvaluatorPlan(
            scenario=part.scenario,
            variant=part.variant,
            id=evaluator.id,
            on=evaluator.on,
            n_cases=self.cases.size,
            n_scored=self.cases.executions,
            value=self.cases.mean,
            cost_usd_per_execution=self.costs.usd,
            seconds_per_execution=self.costs.seconds,
        )
        variances, parted = planning.pilot_variances(self.cases, confidence=CONFIDENCE), components(self.cases)
        if variances is None or parted is None:
            return seen.model_copy(update={"trouble": self._trouble()})
        (between, within), (safe_between, safe_within) = variances
        repetitions = max(1, round(parted.repetitions))
        best = CountRange(plug_in=self._best(between, within), safe=self._best(safe_between, safe_within))
        return seen.model_copy(
            update={
                "between": (between, safe_between),
                "within": (within, safe_within),
                "icc": parted.icc,
                "half_width_now": planning.half_width(
                    self.cases.size, repetitions, between=safe_between, within=safe_within
                ),
                "half_width_these_cases_now": planning.half_width_these_cases(
                    self.cases.size, repetitions, within=safe_within
                ),
                "best_repetitions": best,
                "targets": tuple(self._targets(variances, _choices(best, repetitions))),
            }
        )

    def _trouble(self) -> str:
        if self.cases.size < 2:
            return f"a pilot needs two cases with a score at least; this one has {self.cases.size}"
        return "no case was repeated, so the spread within a case is unknown; run the pilot with --repetitions 5"

    def _best(self, between: float, within: float) -> int | None:
        cost = self.question.case_cost
        best = planning.best_repetitions(between, within, cost_case=cost, cost_execution=1.0)
        return None if best is None else min(best, MOST_REPETITIONS)

    def _targets(self, variances: Variances, repetitions: Sequence[int]) -> Iterator[PlanTarget]:
        half_width, difference = self.question.half_width, self.question.difference
        if half_width is not None:
            yield self._new_cases_half_width(half_width, variances, repetitions)
            yield self._these_cases(variances, half_width=half_width)
        if difference is not None:
            yield self._new_cases_difference(difference, variances, repetitions)
            yield self._these_cases(variances, difference=difference)

    def _new_cases_half_width(self, target: float, variances: Variances, repetitions: Sequence[int]) -> PlanTarget:
        def cases(k: int, place: int) -> int | None:
            between, within = variances[place]
            return planning.cases_for_half_width(target, k, between=between, within=within)

        rows = [(k, CountRange(plug_in=cases(k, 0), safe=cases(k, 1))) for k in repetitions]
        return PlanTarget(scope="cases-like-these", half_width=target, rows=self._rows(rows, sides=1))

    def _new_cases_difference(self, delta: float, variances: Variances, repetitions: Sequence[int]) -> PlanTarget:
        power = self.question.power
        spreads, assumption = self._difference_variances(variances)

        def cases(k: int, place: int) -> int | None:
            within = variances[place][1]
            return planning.cases_for_difference(
                delta, spreads[place], within=(within, within), repetitions=k, power=power
            )

        rows = [(k, CountRange(plug_in=cases(k, 0), safe=cases(k, 1))) for k in repetitions]
        return PlanTarget(
            scope="cases-like-these",
            difference=delta,
            power=power,
            sides=2,
            rows=self._rows(rows, sides=2),
            assumption=assumption,
        )

    def _rows(self, rows: Sequence[tuple[int, CountRange]], *, sides: int) -> tuple[PlanRow, ...]:
        return tuple(self.costs.row(CountRange(plug_in=k, safe=k), cases, sides=sides) for k, cases in rows)

    def _these_cases(
        self, variances: Variances, *, half_width: float | None = None, difference: float | None = None
    ) -> PlanTarget:
        """The repetitions that reach a target on exactly the pilot's cases, whose own spread then does not count."""
        sides, power = (1, None) if difference is None else (2, self.question.power)
        k = [self._repetitions(within, half_width, difference) for _, within in variances]
        fixed = CountRange(plug_in=self.cases.size, safe=self.cases.size)
        safe = None if None in k else max(one for one in k if one is not None)
        row = self.costs.row(CountRange(plug_in=k[0], safe=safe), fixed, sides=sides)
        return PlanTarget(
            scope="these-cases", half_width=half_width, difference=difference, power=power, sides=sides, rows=(row,)
        )

    def _repetitions(self, within: float, half_width: float | None, difference: float | None) -> int | None:
        """On exactly these m cases only the number of executions counts: k of each show a difference of d as k cases
        executed once show one of d sqrt(m)."""
        if difference is None:
            return planning.repetitions_for_half_width(half_width or 1.0, self.cases.size, within=within)
        of_one = difference * math.sqrt(self.cases.size)
        return planning.cases_for_difference(of_one, 0.0, within=(within, within), power=self.question.power)

    def _difference_variances(self, variances: Variances) -> tuple[tuple[float, float], str]:
        """The variance of the true differences of cases, (as estimated, to be safe), and where it is from."""
        seen = None if self.other is None else _seen_difference_variances(self.cases, self.other)
        if seen is not None:
            return seen, "how much cases differ in what a change does to them is as between the variants of the pilot"
        return (0.0, 2 * variances[1][0]), (
            "the pilot has one variant and does not show how much cases differ in what a change does to them: from "
            "all alike (the lower number) to as if they were new cases (the higher)"
        )


def _seen_difference_variances(base: Cases, other: Cases) -> tuple[float, float] | None:
    """From the differences of the cases of two variants, less the noise of their repetitions.

    The safe one is the larger of the upper chi-square limit and the one with half a case added at -1 and at 1.
    """
    shared, at_base, at_other = np.intersect1d(base.index, other.index, return_indices=True)
    if shared.size < 2 or base.variances is None or other.variances is None:
        return None
    gaps = other.means[at_other] - base.means[at_base]
    noise = (base.variances / base.counts)[at_base].mean() + (other.variances / other.counts)[at_other].mean()
    spread, degrees = float(gaps.var(ddof=1)), shared.size - 1
    centre = float(gaps.sum()) / (shared.size + 1)
    anchored = (float(((gaps - centre) ** 2).sum()) + ((1 - centre) ** 2 + (1 + centre) ** 2) / 2) / shared.size
    upper = spread * degrees / chi_square_quantile(1 - CONFIDENCE, degrees)
    return max(0.0, spread - float(noise)), max(0.0, max(upper, anchored) - float(noise))


def _choices(best: CountRange, pilot: int) -> list[int]:
    """The repetitions that plans are shown for, in order."""
    return sorted({1, DEFAULT_REPETITIONS, pilot, *(k for k in (best.plug_in, best.safe) if k is not None)})


def pass_rate_plan(request: PlanRequest) -> Plan:
    """What shows a pass rate at 95 %, with no pilot: exact one-sided binomial tests.

    Executions are independent: each of another case, or all of one. Raises DefinitionError unless
    0 < show_at_least < truth <= 1, and for targets that need a pilot.
    """
    given = {
        "--half-width": request.half_width,
        "--difference": request.difference,
        "--case-cost": request.case_cost,
        "--evaluator": request.evaluators or None,
    }
    for flag, value in given.items():
        if value is not None:
            _fail(flag, "this needs a pilot run, which shows how much scores vary: peel plan RUN")
    _check(replace(request, show_at_least=request.show_at_least or PASS_RATE))
    return Plan(**_proofs(request))


def _proofs(request: PlanRequest) -> dict[str, Any]:
    bar = PASS_RATE if request.show_at_least is None else request.show_at_least
    power, truth = PROOF_POWER if request.power is None else request.power, request.truth
    if not 0 < bar < 1:
        _fail("--show-at-least", f"a pass rate to be shown is greater than 0 and less than 1, not {bar:g}")
    if truth is not None and not bar < truth <= 1:
        _fail("--truth", f"a rate of {truth:g} cannot show that it is at least {bar:g}; it must lie above, up to 1")
    truths = [truth] if truth is not None else [round(bar + part * (1 - bar), 4) for part in (0.5, 0.8, 0.9)]
    return {
        "all_pass": {f"{bar:g}": planning.all_pass_executions(bar)},
        "proofs": tuple(_proof(bar, one, power) for one in truths),
    }


def _proof(bar: float, truth: float, power: float) -> PassRateProof:
    found = planning.proof(bar, truth, power=power, most=MOST_PROOF_EXECUTIONS)
    return PassRateProof(
        bar=bar,
        truth=truth,
        power=power,
        executions=found.executions if found else None,
        passes=found.passes if found else None,
    )
