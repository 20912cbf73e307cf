"""The summary of a stored run: every number that reports show, computed from the store and nothing else."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from peel.estimates.gates import gate_result
from peel.estimates.values import estimate, judge_figures, usage_figures
from peel.records import Case, CaseFigures, Mark, Run, RunSummary, ScenarioSummary, ScenarioVariant, Usage
from peel.store.reading import MARK_BITS, Columns


class Summarisable(Protocol):
    """A stored run, as far as a summary needs it."""

    @property
    def run(self) -> Run: ...

    def columns(self, scenario: str, variant: str) -> Columns: ...

    def judge_usage(self, scenario: str, variant: str) -> Usage: ...


def summarise(stored: Summarisable) -> RunSummary:
    """The numbers of a run. The same store gives the same summary."""
    run = stored.run
    return RunSummary(run=run.id, scenarios=tuple(_summary(stored, item) for item in run.scenario_variants))


def _summary(stored: Summarisable, item: ScenarioVariant) -> ScenarioSummary:
    scenario, variant = item.scenario, item.variant.name
    columns = stored.columns(scenario.scenario, variant)
    completed = int(columns.ok.sum())
    return ScenarioSummary(
        scenario=scenario.scenario,
        variant=variant,
        planned=columns.planned,
        completed=completed,
        errored=columns.ok.size - completed,
        evaluators=tuple(estimate(one, columns, below=scenario.below) for one in scenario.evaluators),
        usage=usage_figures(columns),
        judge_usage=judge_figures(stored.judge_usage(scenario.scenario, variant)),
        gates=tuple(gate_result(gate, columns) for gate in scenario.gates),
        marks=_marks(columns),
        faults=dict(columns.faults),
        cases=_cases(columns, stored.run.cases[scenario.scenario], scenario.repetitions),
    )


def _marks(columns: Columns) -> dict[str, int]:
    counts: dict[Mark, int] = {mark: int(((columns.marks & bit) > 0).sum()) for mark, bit in MARK_BITS.items()}
    return {mark: count for mark, count in counts.items() if count}


def _cases(columns: Columns, cases: tuple[Case, ...], repetitions: int) -> tuple[CaseFigures, ...]:
    """Each case in numbers, all cases at once: a hundred thousand executions take milliseconds."""
    size = len(cases)
    completed = np.bincount(columns.case[columns.ok], minlength=size)
    errored = np.bincount(columns.case[~columns.ok], minlength=size)
    means = {name: _means(columns, column.value, size) for name, column in columns.scores.items()}
    return tuple(
        CaseFigures(
            case=case.id,
            tags=case.tags,
            planned=repetitions,
            completed=int(completed[place]),
            errored=int(errored[place]),
            values={name: values[place] for name, values in means.items()},
        )
        for place, case in enumerate(cases)
    )


def _means(columns: Columns, values: np.ndarray[tuple[int], np.dtype[np.float64]], size: int) -> list[float | None]:
    known = ~np.isnan(values)
    counts = np.bincount(columns.case[known], minlength=size)
    sums = np.bincount(columns.case[known], weights=values[known], minlength=size)
    return [float(total / count) if count else None for total, count in zip(sums, counts, strict=True)]
