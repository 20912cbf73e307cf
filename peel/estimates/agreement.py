"""Agreement from the store: raters with each other, and each judge with the people who checked it.

Executions of all variants of a scenario count together, in the case they are of: a judge is trusted for a scenario.
Every interval draws or averages whole cases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from peel.estimates.methods import LEVEL, as_bounds
from peel.records import PASSES_AT, EvaluatorDefinition, Scale, ScenarioVariant
from peel.records.agreement import (
    Agreement,
    Disagreement,
    JudgeAgreement,
    MeanDifference,
    RatersAgreement,
    RunAgreement,
)
from peel.records.manual import BY_PEOPLE, checked_by, scale_of
from peel.statistics import agreement as statistics
from peel.statistics.cases import group
from peel.statistics.intervals import Interval, t_on_cases
from peel.store.reading import SCORED, StoredRun

if TYPE_CHECKING:
    from peel.store.people import PeopleRow

USABLE, TENTATIVE = 0.8, 0.67
"""From which alpha on a judge is usable, and tentative; Krippendorff's customary cut-offs."""

FEWEST_CASES = 10
"""From how many cases on agreement has an interval, and a judge a verdict."""

MOST_TOLD, MOST_PAIRS, MOST_POINTS = 10, 15, 500
"""How many disagreements, pairs of raters and points of a chart are kept."""

MOST_FURTHER = 5_000
"""Beyond so many further scores nobody is told a number: the agreement lies too near a cut-off."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Answers(Protocol):
    """What people were asked of the run and what they answered."""

    def rows(self, evaluator: str) -> list[PeopleRow]: ...


@dataclass(frozen=True, slots=True)
class _Executions:
    """The same executions for all arrays: number in the plan, place of the scenario variant, place of the case."""

    number: Integers
    variant: Integers
    case: Integers

    def at(self, places: NDArray[np.intp] | NDArray[np.bool_]) -> _Executions:
        return _Executions(self.number[places], self.variant[places], self.case[places])


@dataclass(frozen=True, slots=True)
class _Table:
    """People's answers: one row an execution, one column a rater, NaN where the rater gave none."""

    of: _Executions
    raters: tuple[str, ...]
    values: Floats


def agreement_of(stored: StoredRun, answers: Answers) -> RunAgreement:
    """Everything people and judges of a run can be compared by. The same store gives the same record."""
    raters: list[RatersAgreement] = []
    judges: list[JudgeAgreement] = []
    for places in _by_scenario(stored):
        scenario = stored.run.scenario_variants[places[0]].scenario
        for manual in (one for one in scenario.evaluators if one.use == BY_PEOPLE):
            compared = _Compared(stored, places, manual)
            found = compared.raters(answers)
            raters.append(found)
            judges += [compared.judge(one, found) for one in checked_by(manual, scenario.evaluators)]
    return RunAgreement(run=stored.run.id, raters=tuple(raters), judges=tuple(judges))


def _by_scenario(stored: StoredRun) -> Iterable[list[int]]:
    """The places of each scenario's variants in the run."""
    places: dict[str, list[int]] = {}
    for place, item in enumerate(stored.run.scenario_variants):
        places.setdefault(item.scenario.scenario, []).append(place)
    return places.values()


@dataclass(frozen=True, slots=True)
class _Compared:
    """One evaluator that asks people, in one scenario under all its variants."""

    stored: StoredRun
    places: Sequence[int]
    manual: EvaluatorDefinition

    @property
    def scenario(self) -> str:
        return self._item(self.places[0]).scenario.scenario

    @property
    def scale(self) -> Scale:
        return scale_of(self.manual)

    def _item(self, place: int) -> ScenarioVariant:
        return self.stored.run.scenario_variants[place]

    def raters(self, answers: Answers) -> RatersAgreement:
        """The raters with each other."""
        table = _table([row for row in answers.rows(self.manual.id) if row.scenario_variant in self.places])
        several = (~np.isnan(table.values)).sum(axis=1) > 1
        shared = _Table(table.of.at(several), table.raters, table.values[several])
        alpha, interval = _alpha(shared.values, shared.of.case)
        n_cases = np.unique(shared.of.case).size
        return RatersAgreement(
            scenario=self.scenario,
            evaluator=self.manual.id,
            raters={name: int((~np.isnan(table.values[:, at])).sum()) for at, name in enumerate(table.raters)},
            n_executions=int(several.sum()),
            n_cases=n_cases,
            alpha=alpha,
            interval=as_bounds(interval),
            pairs=tuple(self._pairs(shared)),
            sentence=_raters_sentence(self.manual.id, len(table.raters), int(several.sum()), n_cases, alpha, interval),
        )

    def _pairs(self, table: _Table) -> Iterator[Agreement]:
        known = ~np.isnan(table.values)
        shared = known.T.astype(np.int64) @ known
        pairs = [pair for pair in combinations(range(len(table.raters)), 2) if shared[pair]]
        for a, b in sorted(pairs, key=lambda pair: (-shared[pair], pair))[:MOST_PAIRS]:
            both = known[:, a] & known[:, b]
            names = table.raters[a], table.raters[b]
            yield self._agreement(names, table.of.at(both), table.values[both][:, [a, b]])

    def judge(self, judge: EvaluatorDefinition, raters: RatersAgreement) -> JudgeAgreement:
        """One judge with people: on the executions that the judge scored and as many people as were asked."""
        of, values = self._both_scored(judge.id)
        found = self._agreement((self.manual.id, judge.id), of, values)
        verdict = statistics.judge_words(found.alpha) if found.alpha is not None and _is_enough(found) else None
        return JudgeAgreement(
            scenario=self.scenario,
            agreement=found,
            verdict=verdict,
            settled=verdict is not None and not _reach(found),
            more=_more(found),
            sentence=" ".join(_judge_sentences(found, raters)),
        )

    def _both_scored(self, judge: str) -> tuple[_Executions, Floats]:
        """The executions with both scores, and the scores as columns: people, judge."""
        parts = []
        for place in self.places:
            columns = self.stored.columns(self.scenario, self._item(place).variant.name)
            theirs, its = columns.scores[self.manual.id], columns.scores[judge]
            both = (theirs.status == SCORED) & (its.status == SCORED)
            of = _Executions(columns.number, np.full(columns.number.size, place, dtype=np.int64), columns.case)
            parts.append((of.at(both), np.column_stack([theirs.value[both], its.value[both]])))
        joined = _Executions(
            np.concatenate([of.number for of, _ in parts]),
            np.concatenate([of.variant for of, _ in parts]),
            np.concatenate([of.case for of, _ in parts]),
        )
        return joined, np.concatenate([values for _, values in parts])

    def _agreement(self, names: tuple[str, str], of: _Executions, values: Floats) -> Agreement:
        one, other = values[:, 0], values[:, 1]
        alpha, interval = _alpha(values, of.case)
        icc = statistics.intraclass_correlation(values)
        return Agreement(
            one=names[0],
            other=names[1],
            n_executions=one.size,
            n_cases=np.unique(of.case).size,
            pearson=statistics.pearson(one, other),
            spearman=statistics.spearman(one, other),
            kappa=self._kappa(one, other),
            alpha=alpha,
            interval=as_bounds(interval),
            icc=None if icc is None else icc.agreement,
            difference=_difference(one, other, of.case),
            threshold=PASSES_AT,
            same_side=statistics.agreement_at(one, other, threshold=PASSES_AT),
            points=tuple(zip(one[:MOST_POINTS].tolist(), other[:MOST_POINTS].tolist(), strict=True)),
            disagreements=tuple(self._disagreements(of, values)),
        )

    def _kappa(self, one: Floats, other: Floats) -> float | None:
        """On a discrete scale; a score between two of its levels counts as the nearer."""
        if not self.scale.discrete:
            return None
        levels = np.array(self.scale.levels)
        return statistics.kappa(*(np.abs(levels - some[:, None]).argmin(axis=1) for some in (one, other)))

    def _disagreements(self, of: _Executions, values: Floats) -> Iterator[Disagreement]:
        gaps = np.abs(values[:, 1] - values[:, 0])
        cases = self.stored.run.cases[self.scenario]
        order = np.lexsort((of.number, -gaps))[:MOST_TOLD]
        repetitions = self._repetitions(of.variant[order])
        for at in (at for at in order.tolist() if gaps[at] > 0):
            yield Disagreement(
                case=cases[of.case[at]].id,
                variant=self._item(int(of.variant[at])).variant.name,
                repetition=repetitions[int(of.number[at])],
                execution=int(of.number[at]),
                one=float(values[at, 0]),
                other=float(values[at, 1]),
            )

    def _repetitions(self, variants: Integers) -> dict[int, int]:
        """Which repetition each execution of some variants is, by its number."""
        found: dict[int, int] = {}
        for place in np.unique(variants).tolist():
            columns = self.stored.columns(self.scenario, self._item(place).variant.name)
            found |= dict(zip(columns.number.tolist(), columns.repetition.tolist(), strict=True))
        return found


def _table(rows: Sequence[PeopleRow]) -> _Table:
    """Rows that come, for each execution, oldest first: of each rater the latest answer counts."""
    latest = {(row.execution, row.rater): row for row in rows if row.rater is not None}
    kept = [row for row in latest.values() if row.value is not None]
    executions = {row.execution: row for row in kept}
    numbers, raters = sorted(executions), tuple(sorted({row.rater for row in kept if row.rater is not None}))
    at, column = ({key: place for place, key in enumerate(keys)} for keys in (numbers, raters))
    values = np.full((len(numbers), len(raters)), np.nan)
    for row in kept:
        values[at[row.execution], column[row.rater]] = row.value
    of = _Executions(
        np.array(numbers, dtype=np.int64),
        np.array([executions[number].scenario_variant for number in numbers], dtype=np.int64),
        np.array([executions[number].case for number in numbers], dtype=np.int64),
    )
    return _Table(of, raters, values)


def _alpha(values: Floats, case: Integers) -> tuple[float | None, Interval]:
    """Krippendorff's alpha with its interval: `values` has one row an execution, one column a rater."""
    known = ~np.isnan(values)
    alpha = statistics.krippendorff(np.nonzero(known)[0], values[known])
    # Alpha is a ratio of sums over executions, so that two thousand draws need no more than sums of rows.
    counts, filled = known.sum(axis=1), np.where(known, values, 0.0)
    sums, squares = filled.sum(axis=1), (filled**2).sum(axis=1)
    paired = counts > 1
    within = np.where(paired, counts * squares - sums**2, 0.0) / np.where(paired, counts - 1, 1)
    parts = np.column_stack([within, counts, sums, squares]) * paired[:, None]

    def drawn(rows: NDArray[np.intp]) -> float | None:
        observed, n, total, square = parts[rows].sum(axis=0)
        spread = n * square - total**2
        return float(1 - observed * (n - 1) / spread) if n > 1 and spread > 1e-9 else None

    return alpha, statistics.bootstrap_over_cases(case, drawn, level=LEVEL)


def _difference(one: Floats, other: Floats, case: Integers) -> MeanDifference | None:
    found = statistics.bias(one, other, level=LEVEL)
    if found is None:
        return None
    cases = group(case, other - one)
    around, limits = (one.clipped(-1.0, 1.0) for one in (t_on_cases(cases.means, LEVEL), found.limits))
    return MeanDifference(
        mean=float(cases.means.mean()),
        low=around.low,
        high=around.high,
        limits_low=limits.low,
        limits_high=limits.high,
    )


def _is_enough(found: Agreement) -> bool:
    return found.n_cases >= FEWEST_CASES


def _reach(found: Agreement) -> list[tuple[float, float]]:
    """The cut-offs inside the interval: how far alpha is from each, and how far the interval reaches to that side."""
    alpha, low, high = found.alpha, found.interval.low, found.interval.high
    if alpha is None or low is None or high is None:
        return []
    sides = ((cut, alpha - low if cut <= alpha else high - alpha) for cut in (TENTATIVE, USABLE) if low < cut <= high)
    return [(abs(alpha - cut), reach) for cut, reach in sides]


def _more(found: Agreement) -> int | None:
    """About how many further scores take every cut-off out of the interval, whose width shrinks with the root of their
    number; those up to FEWEST_CASES cases where there is no interval yet."""
    if not _is_enough(found):
        return FEWEST_CASES - found.n_cases
    factors = [(reach / distance) ** 2 if distance > 0 else math.inf for distance, reach in _reach(found)]
    further = found.n_executions * (max(factors, default=1.0) - 1)
    return math.ceil(further) if 0 < further <= MOST_FURTHER else None


def _judge_sentences(found: Agreement, raters: RatersAgreement) -> Iterator[str]:
    counted = _counted(found.n_executions, found.n_cases)
    if not found.n_executions:
        yield f"No output has both a score of {found.other} and a person's: nothing is known of this judge."
    elif not _is_enough(found):
        yield f"{found.other} and people both scored {counted}: too little to trust or to distrust this judge."
    elif found.alpha is None:
        yield (
            f"{found.other} and people agree on all of {counted}, with the same score each time: unknown elsewhere. "
            "Scores of outputs that are better or worse would tell."
        )
        return
    else:
        yield (
            f"{found.other} against people: alpha {found.alpha:.2f}{_range(found.interval.low, found.interval.high)} "
            f"on {counted}: {statistics.judge_words(found.alpha)} for this scenario."
        )
    yield from _outlook(found)
    if raters.alpha is not None and raters.n_cases >= FEWEST_CASES and raters.alpha < USABLE:
        yield f"People agree with each other at alpha {raters.alpha:.2f} only, which a judge can hardly surpass."


def _outlook(found: Agreement) -> Iterator[str]:
    more = _more(found)
    if not _is_enough(found):
        yield f"Manual scores of {more} further case{'s' if more != 1 else ''} would be a beginning."
    elif more is not None:
        yield f"The interval allows another verdict; about {more:,} more manual scores would settle it."
    elif _reach(found):
        yield "It lies so near a cut-off that no practical number of manual scores would settle it."
    elif found.interval.low is not None:
        yield "The whole interval says so."
    else:
        yield "How sure that is cannot be said: it does not vary between cases. Scores of other cases would tell."


def _raters_sentence(
    evaluator: str, raters: int, executions: int, cases: int, alpha: float | None, interval: Interval
) -> str:
    if not raters:
        return f"Nobody has answered {evaluator} yet."
    if not executions:
        return f"No output was scored by two people for {evaluator}; `raters: 2` asks for that."
    counted = _counted(executions, cases)
    if alpha is None:
        return f"{raters} raters gave the same score to all of {counted}."
    return f"{raters} raters agree at alpha {alpha:.2f}{_range(interval.low, interval.high)} on {counted}."


def _counted(executions: int, cases: int) -> str:
    return f"{executions} output{'s' if executions != 1 else ''} of {cases} case{'s' if cases != 1 else ''}"


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" ({low:.2f} to {high:.2f})"
