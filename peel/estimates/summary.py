"""The summary of a stored run: every number that reports show, computed from the store and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Protocol

import numpy as np

from peel.estimates.by_tag import estimates_by_tag
from peel.estimates.correcting import with_corrections
from peel.estimates.gates import Evidence, HeldGate, gate_results, hold
from peel.estimates.pairing import Part, restricted
from peel.estimates.reliability import reliability
from peel.estimates.step_effects import step_findings
from peel.estimates.tallies import Tally, tally
from peel.estimates.together import scenarios_together
from peel.estimates.usage import judge_figures, usage_figures
from peel.estimates.values import estimate
from peel.estimates.variance import judges_again, variance_figures
from peel.records import (
    Case,
    CaseFigures,
    DraftCounts,
    Estimate,
    Mark,
    RunSummary,
    Scenario,
    ScenarioSummary,
    ScenarioVariant,
    Usage,
)
from peel.records.findings import VarianceFigures
from peel.statistics.arrays import Floats
from peel.store.reading import MARK_BITS, UNSCORED, Columns, StoredRun


class Summarisable(StoredRun, Protocol):
    """A stored run, as far as a summary needs it."""

    def judge_usage(self, scenario: str, variant: str) -> Usage: ...


def summarise(stored: Summarisable) -> RunSummary:
    """The numbers of a run. The same store gives the same summary."""
    run = stored.run
    parts = [_summary(stored, item) for item in run.scenario_variants]
    results = iter(gate_results([one for _, held in parts for one in held]))
    scenarios = tuple(
        summary.model_copy(update={"gates": tuple(islice(results, len(held)))}) for summary, held in parts
    )
    stopping = None
    if run.provenance.selection.until is not None:
        from peel.estimates.anytime_summary import with_anytime  # most runs have no such rule

        scenarios, stopping = with_anytime(stored, scenarios)
    return RunSummary(run=run.id, scenarios=scenarios, together=scenarios_together(scenarios), stopping=stopping)


def _summary(stored: Summarisable, item: ScenarioVariant) -> tuple[ScenarioSummary, list[HeldGate]]:
    """One scenario variant, and its gates held for themselves: their results depend on the other gates of the run."""
    scenario, variant = item.scenario, item.variant.name
    columns = stored.columns(scenario.scenario, variant)
    evidence = Evidence(columns, stored.run.cases[scenario.scenario], scenario.repetitions, Part(stored, item))
    summary = _without_gates(stored, item, columns)
    return summary, [hold(gate, evidence) for gate in scenario.gates]


def _without_gates(stored: Summarisable, item: ScenarioVariant, columns: Columns) -> ScenarioSummary:
    scenario, variant = item.scenario, item.variant.name
    completed = int(columns.ok.sum())
    cases = stored.run.cases[scenario.scenario]
    tallies = {one.id: tally(one.id, columns, scenario) for one in scenario.evaluators}
    tags, tags_left_out = estimates_by_tag(scenario, cases, tallies)
    return ScenarioSummary(
        scenario=scenario.scenario,
        variant=variant,
        planned=columns.planned,
        completed=completed,
        errored=columns.ok.size - completed,
        evaluators=with_corrections(_estimates(scenario, tallies, cases), scenario, columns),
        usage=usage_figures(columns),
        judge_usage=judge_figures(stored.judge_usage(scenario.scenario, variant)),
        marks=_marks(columns),
        faults=dict(columns.faults),
        cases=_cases(columns, cases, scenario.repetitions),
        draft=scenario.draft,
        drafts=_drafts(columns, cases),
        tags=tags,
        tags_left_out=tags_left_out,
        variance=_variance(stored, item, columns),
        steps=step_findings(item, columns),
    )


def _variance(stored: Summarisable, item: ScenarioVariant, columns: Columns) -> dict[str, VarianceFigures]:
    """By evaluator. The judgements behind the scores are read only where an execution may have several."""
    found = {}
    for one in item.scenario.evaluators:
        made = None
        if judges_again(one):
            made = stored.judgements(item.scenario.scenario, item.variant.name, evaluator=one.id)
        found[one.id] = variance_figures(one, columns, made)
    return found


def _estimates(scenario: Scenario, tallies: Mapping[str, Tally], cases: Sequence[Case]) -> tuple[Estimate, ...]:
    """Each evaluator's estimate over all cases, with how dependably they pass."""
    ids = [case.id for case in cases]
    made = ((one, tallies[one.id]) for one in scenario.evaluators)
    return tuple(
        estimate(one, its, method=scenario.estimates.method).model_copy(update={"reliability": reliability(its, ids)})
        for one, its in made
    )


def _drafts(columns: Columns, cases: Sequence[Case]) -> DraftCounts | None:
    places = [place for place, case in enumerate(cases) if case.draft]
    if not places:
        return None
    drafts = restricted(columns, np.isin(columns.case, places))
    return DraftCounts(
        n_cases=len(places),
        n_executions=int(drafts.ok.size),
        errored=int((~drafts.ok).sum()),
        n_unscored={name: int((column.status == UNSCORED).sum()) for name, column in drafts.scores.items()},
    )


def _marks(columns: Columns) -> dict[str, int]:
    counts: dict[Mark, int] = {mark: int(((columns.marks & bit) > 0).sum()) for mark, bit in MARK_BITS.items()}
    return {mark: count for mark, count in counts.items() if count}


def _cases(columns: Columns, cases: tuple[Case, ...], repetitions: int) -> tuple[CaseFigures, ...]:
    """Each case in numbers, all cases at once: a hundred thousand of them take tenths of a second."""
    size = len(cases)
    ok, not_ok = (np.bincount(columns.case[which], minlength=size).tolist() for which in (columns.ok, ~columns.ok))
    rows = zip(cases, ok, not_ok, _values(columns, size), strict=True)
    return tuple(
        CaseFigures(case.id, case.tags, repetitions, completed, errored, values, case.draft)
        for case, completed, errored, values in rows
    )


def _values(columns: Columns, size: int) -> Iterable[dict[str, float | None]]:
    """Of each case, the mean of every evaluator."""
    names = tuple(columns.scores)
    means = [_means(columns, column.value, size) for column in columns.scores.values()]
    return (dict(zip(names, row, strict=True)) for row in zip(*means, strict=True)) if means else ({},) * size


def _means(columns: Columns, values: Floats, size: int) -> list[float | None]:
    known = ~np.isnan(values)
    counts = np.bincount(columns.case[known], minlength=size)
    sums = np.bincount(columns.case[known], weights=values[known], minlength=size)
    means = np.full(size, None, dtype=object)
    means[counts > 0] = sums[counts > 0] / counts[counts > 0]
    found: list[float | None] = means.tolist()
    return found
