"""Estimates: one evaluator's scores over cases, with both intervals and every count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from peel.estimates.methods import LEVEL, intervals
from peel.estimates.tallies import Tally
from peel.records import Below, Estimate, EstimateMethod, EvaluatorDefinition
from peel.statistics.cases import Cases, group
from peel.statistics.intervals import Interval
from peel.store.reading import Columns

__all__ = ["LEVEL", "cases_of", "estimate"]

REASONS_TOLD = 3
"""How many different reasons of unscored executions a note tells, the commonest first."""


def estimate(definition: EvaluatorDefinition, tally: Tally, *, method: EstimateMethod) -> Estimate:
    """The estimate of one evaluator over the cases of its tally."""
    cases = tally.cases
    both = intervals(cases, method)
    return Estimate(
        id=definition.id,
        on=definition.on,
        use=definition.use,
        n_cases=cases.size,
        n_executions=int(tally.completed.sum()),
        n_scored=cases.executions,
        n_unscored=int(tally.unscored.sum()),
        n_pending=int(tally.pending.sum()),
        value=cases.mean,
        low=both.new.low,
        high=both.new.high,
        level=LEVEL,
        method=both.new.method,
        these_cases=both.bounds,
        below=_below(tally),
        note=_note(both.new, tally),
        by_people=tally.by_people,
    )


def _below(tally: Tally) -> Below:
    count, scored = int(tally.low.sum()), tally.cases.executions
    return Below(threshold=tally.below_at, count=count, share=count / scored if scored else None)


def _note(interval: Interval, tally: Tally) -> str:
    """What is to be said of an estimate: sentences about its interval, then why scores could not be made."""
    told = [f"{count} unscored: {reason}" for reason, count in list(tally.reasons.items())[:REASONS_TOLD]]
    return " ".join(filter(None, [interval.note, f"{'; '.join(told).removesuffix('.')}." if told else ""]))


def cases_of(columns: Columns, values: NDArray[np.float64]) -> Cases:
    """Known values grouped by case; `values` has one entry an execution, NaN where unknown."""
    known = ~np.isnan(values)
    return group(columns.case[known], values[known])
