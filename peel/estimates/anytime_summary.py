"""A summary of a run with `until`: its verdicts and intervals are those that hold whenever the run might have ended.

Bounds for a number of repetitions fixed in advance are too narrow where the scores themselves decided that number. So
they are replaced, whether the run ended early or not, and by the same rule that ended it: fed from the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from peel.counting import counted
from peel.estimates.anytime import FAIL, PASS, BoundedGate, gate_interval, score_interval
from peel.estimates.early_stop import EarlyStop, complete_sweeps, missing_executions, tables_of
from peel.estimates.gate_cases import left_out_drafts, tagged
from peel.estimates.sweeps import Sweeps
from peel.estimates.until import parse_until, why_not_decided
from peel.records import (
    Bounds,
    Case,
    Estimate,
    GateDefinition,
    GateResult,
    GateVerdict,
    Run,
    Scenario,
    ScenarioSummary,
)
from peel.records.manual import BY_PEOPLE
from peel.records.stopping import Stopping
from peel.statistics.arrays import Floats, Integers
from peel.statistics.gates import more_to_decide
from peel.store.reading import Columns

VERDICTS: dict[int, GateVerdict] = {PASS: "pass", FAIL: "fail"}


class Readable(Protocol):
    """A stored run, as far as its rule needs it."""

    @property
    def run(self) -> Run: ...

    def columns(self, scenario: str, variant: str) -> Columns: ...


def with_anytime(
    stored: Readable, summaries: Sequence[ScenarioSummary]
) -> tuple[tuple[ScenarioSummary, ...], Stopping | None]:
    """The summaries of a run's scenario variants with what holds at any time, and how far the run went."""
    run = stored.run
    if run.provenance.selection.until is None:
        return tuple(summaries), None
    sweeps, stopping = _swept(stored, run.provenance.selection.until)
    held = (
        _Held(summary, item.scenario, run.cases[item.scenario.scenario], its, stopping).summary()
        for summary, item, its in zip(summaries, run.scenario_variants, sweeps, strict=True)
    )
    return tuple(held), stopping


def _swept(stored: Readable, until: str) -> tuple[list[Sweeps], Stopping]:
    """The sweeps that count, of each scenario variant: up to the first at which the rule was met."""
    run = stored.run
    rule, tables = EarlyStop(run, parse_until(until)), tables_of(run)
    for item, table in zip(run.scenario_variants, tables, strict=True):
        table.fill(stored.columns(item.scenario.scenario, item.variant.name))
    complete = complete_sweeps(missing_executions(tables, rule.sizes))
    count = rule.add([table.between(0, complete) for table in tables]) or complete
    executions, stored_all = int(rule.sizes[:count].sum()), sum(int(table.executed.sum()) for table in tables)
    stopping = Stopping(
        until=until,
        stopped_early=run.stopped_early,
        sweeps=count,
        sweeps_planned=len(rule.sizes),
        executions=executions,
        executions_planned=int(rule.sizes.sum()),
        executions_beyond=stored_all - executions,
    )
    return [table.between(0, count) for table in tables], stopping


class _Held:
    """One scenario variant, whose summary is made anew from its complete sweeps."""

    def __init__(
        self, summary: ScenarioSummary, scenario: Scenario, cases: Sequence[Case], sweeps: Sweeps, stopping: Stopping
    ) -> None:
        self._summary, self._scenario, self._cases = summary, scenario, cases
        self._sweeps, self._stopping = sweeps, stopping

    def summary(self) -> ScenarioSummary:
        tags = (
            one.model_copy(update={"evaluators": self._estimates(one.evaluators, self._with_tag(one.tag))})
            for one in self._summary.tags
        )
        gates = zip(self._scenario.gates, self._summary.gates, strict=True)
        changed = {
            "planned_at_most": self._scenario.repetitions * len(self._cases),
            "evaluators": self._estimates(self._summary.evaluators, np.arange(len(self._cases))),
            "gates": tuple(self._gate(gate, result) for gate, result in gates),
            "tags": tuple(tags),
        }
        if self._stopping.stopped_early:
            cases = (one._replace(planned=one.completed + one.errored) for one in self._summary.cases)
            changed["cases"] = tuple(cases)
        return self._summary.model_copy(update=changed)

    def _with_tag(self, tag: str) -> Integers:
        return np.array([place for place, case in enumerate(self._cases) if tag in case.tags], np.int64)

    def _estimates(self, estimates: Sequence[Estimate], cases: Integers) -> tuple[Estimate, ...]:
        return tuple(
            one if one.use == BY_PEOPLE else _anytime(one, self._sweeps.values[one.id][:, cases]) for one in estimates
        )

    def _gate(self, gate: GateDefinition, result: GateResult) -> GateResult:
        if why_not_decided(gate, self._scenario, self._cases) is not None:
            return _fixed(result) if self._stopping.stopped_early else result
        if gate.statistic == "each-case":
            return result.model_copy(update={"method": "counted"})
        return self._bet(gate, result)

    def _bet(self, gate: GateDefinition, result: GateResult) -> GateResult:
        cases = tagged(gate, self._cases)
        value, interval = gate_interval(gate, self._sweeps, cases)
        codes = BoundedGate(gate, cases).add(self._sweeps)
        verdict = VERDICTS.get(int(codes[-1]), "undecided") if codes.size else "undecided"
        bounds = (interval.low, interval.high)
        reasons = [
            f"{interval.method}, {counted(len(self._sweeps), 'complete sweep')} of {self._scenario.repetitions}",
            _to_decide(gate, value, bounds, n=len(self._sweeps) * cases.size) if verdict == "undecided" else "",
            _missing(self._sweeps, gate, cases),
            left_out_drafts(gate, self._cases),
        ]
        changed = {"verdict": verdict, "value": value, "low": bounds[0], "high": bounds[1], "method": interval.method}
        return result.model_copy(update={**changed, "reason": "; ".join(filter(None, reasons))})


def _anytime(estimate: Estimate, values: Floats) -> Estimate:
    again, like_these = score_interval(values, "these-cases"), score_interval(values, "cases-like-these")
    note = again.note or f"{counted(len(values), 'complete sweep')} count for the interval."
    missing = int(np.isnan(values).sum())
    if missing:
        note += (
            f" {missing} of {values.size} executions have no score, and count as 0 for its low end and 1 for its high."
        )
    changed = {"these_cases": Bounds(low=again.low, high=again.high, method=again.method, note=note)}
    if estimate.low is None:
        return estimate.model_copy(update=changed)
    # What is known of one sweep over few cases is said by the note there is.
    ends = {"low": like_these.low, "high": like_these.high, "method": like_these.method}
    return estimate.model_copy(update={**changed, **ends})


def _fixed(result: GateResult) -> GateResult:
    """The same with what is to be said of its bounds, where it has any."""
    if result.low is None and result.high is None:
        return result
    why = (
        "its bounds are for a number of repetitions fixed in advance, which what the run waited for has decided instead"
    )
    return result.model_copy(update={"reason": "; ".join(filter(None, [result.reason, why]))})


def _to_decide(gate: GateDefinition, value: float | None, bounds: tuple[float | None, float | None], *, n: int) -> str:
    if value is None:
        return ""
    if gate.scope == "cases-like-these":
        return "more repetitions narrow it little; more cases would decide it"
    more = more_to_decide(value, bounds, n=n, at_least=gate.at_least, at_most=gate.at_most, tolerance=gate.tolerance)
    if more is None:
        return "the value lies on the bar: no number of executions would decide it; a tolerance would"
    return f"about {counted(max(more, 1), 'more execution')} would decide it"


def _missing(sweeps: Sweeps, gate: GateDefinition, cases: Integers) -> str:
    if gate.kind == "measure":
        return ""
    values = sweeps.values[gate.subject][:, cases]
    missing = int(np.isnan(values).sum())
    return (
        f"{missing} of {values.size} executions without a score count as the worst for either verdict"
        if missing
        else ""
    )
