"""One evaluator's scores counted by case: read from the executions once, then cut by tag without reading them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from peel.records import Scenario
from peel.statistics.arrays import Booleans, Floats, Integers
from peel.statistics.cases import Cases, below, group
from peel.store.reading import PENDING, SCORED, UNSCORED, Columns


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of executions by case, each array of shape (cases of the scenario,).

    `cases` are the means over the scored ones. `low` counts scores strictly below `below_at`, `passed` those of
    `passes_at` or more. `reasons` counts the unscored by reason; of a part of the cases it is not known.
    `by_people`: people said them all, and no judge or rule any.
    """

    cases: Cases
    completed: Integers
    unscored: Integers
    pending: Integers
    low: Integers
    passed: Integers
    below_at: float
    passes_at: float
    reasons: Mapping[str, int]
    by_people: bool = False

    def within(self, keep: Booleans) -> Tally:
        """Only the cases where `keep`, of shape (cases of the scenario,), is true; the others count nothing."""
        return replace(
            self,
            cases=self.cases.within(keep[self.cases.index]),
            completed=self.completed * keep,
            unscored=self.unscored * keep,
            pending=self.pending * keep,
            low=self.low * keep,
            passed=self.passed * keep,
            reasons={},
        )


def tally(evaluator: str, columns: Columns, scenario: Scenario) -> Tally:
    """The scores of the evaluator `evaluator`, with the thresholds of the scenario."""
    column, size = columns.scores[evaluator], int(columns.case.max(initial=-1)) + 1
    scored = column.status == SCORED
    case, values = columns.case[scored], column.value[scored]
    passes_at = scenario.estimates.passes_at
    return Tally(
        cases=group(case, values),
        completed=_count(columns.case[columns.ok], size),
        unscored=_count(columns.case[column.status == UNSCORED], size),
        pending=_count(columns.case[column.status == PENDING], size),
        low=_sum(case, below(values, scenario.below), size),
        passed=_sum(case, 1 - below(values, passes_at), size),
        below_at=scenario.below,
        passes_at=passes_at,
        reasons=column.reasons,
        by_people=column.by_people,
    )


def _count(case: NDArray[np.int64], size: int) -> Integers:
    return np.bincount(case, minlength=size).astype(np.int64)


def _sum(case: NDArray[np.int64], ones: Floats, size: int) -> Integers:
    return np.bincount(case, weights=ones, minlength=size).astype(np.int64)
