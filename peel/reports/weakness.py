"""What is weakest in a run: cases that fail always or sometimes, and which executions to read first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peel.store.reading import SCORED, UNSCORED, Columns

_ERRORED, _WITHOUT_SCORE = -1.0, 2.0


@dataclass(frozen=True, slots=True)
class CaseCounts:
    """By case (position in `Run.cases[scenario]`): how many executions are scored, how many of them lie below, and how
    many could not be scored."""

    scored: NDArray[np.int64]
    below: NDArray[np.int64]
    unscored: NDArray[np.int64]

    def word(self, case: int) -> str:
        """`always`, `sometimes` or `never` below the threshold; `no score` where nothing is scored."""
        scored, below = int(self.scored[case]), int(self.below[case])
        if not scored:
            return "no score"
        return "never" if not below else "always" if below == scored else "sometimes"


def counts_by_case(columns: Columns, evaluator: str, *, cases: int, threshold: float) -> CaseCounts:
    """How often each case's executions lie strictly below `threshold` for one evaluator."""
    column = columns.scores[evaluator]
    scored = column.status == SCORED
    below = scored & (column.value < threshold)
    return CaseCounts(
        scored=np.bincount(columns.case[scored], minlength=cases),
        below=np.bincount(columns.case[below], minlength=cases),
        unscored=np.bincount(columns.case[column.status == UNSCORED], minlength=cases),
    )


def execution_means(columns: Columns) -> NDArray[np.float64]:
    """The mean over an execution's scored evaluators, NaN where none is scored."""
    total = np.zeros(len(columns.number))
    scored = np.zeros(len(columns.number))
    for column in columns.scores.values():
        present = column.status == SCORED
        total[present] += column.value[present]
        scored += present
    means = np.full(len(total), np.nan)
    np.divide(total, scored, out=means, where=scored > 0)
    return means


def reading_order(parts: Sequence[Columns]) -> NDArray[np.int64]:
    """All executions' numbers, those worth reading first: the weakest of each case, then by weakness in steps of 0.1.

    Errored executions count as weakest, those without a score as strongest. Within a step, executions of one case
    stand together: they say much the same, which compresses well.
    """
    if not parts:
        return np.array([], dtype=np.int64)
    weakness = np.concatenate([_weakness(columns) for columns in parts])
    part = np.repeat(np.arange(len(parts)), [len(columns.number) for columns in parts])
    case = np.concatenate([columns.case for columns in parts])
    number = np.concatenate([columns.number for columns in parts])
    later = ~_first_of_each(np.lexsort((number, weakness, case, part)), case, part)
    step = np.where(later, np.floor(weakness * 10), 0)
    order = np.lexsort((number, case, part, step, later))
    return number[order]


def _weakness(columns: Columns) -> NDArray[np.float64]:
    means = np.nan_to_num(execution_means(columns), nan=_WITHOUT_SCORE)
    return np.where(columns.ok, means, _ERRORED)


def _first_of_each(order: NDArray[np.int64], case: NDArray[np.int64], part: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which executions stand first of their case and part in `order`, as a mask in the executions' own order."""
    first = np.zeros(len(order), dtype=bool)
    if len(order):
        ordered_case, ordered_part = case[order], part[order]
        begins = np.append(True, (ordered_case[1:] != ordered_case[:-1]) | (ordered_part[1:] != ordered_part[:-1]))
        first[order[begins]] = True
    return first
