"""Complete sweeps of one scenario variant: each case once, as matrices of what one execution each showed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from peel.statistics.arrays import Booleans, Floats, Integers
from peel.store.reading import Columns


@dataclass(frozen=True, slots=True)
class Sweeps:
    """S sweeps over m cases, each array of shape (S, m): `ok`, and by evaluator the `values`, NaN without a score."""

    ok: Booleans
    values: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.ok)


class SweepTable:
    """What one scenario variant's executions show, filled in any order, read sweep by sweep."""

    def __init__(self, cases: int, *, repetitions: int, evaluators: Iterable[str]) -> None:
        shape = (repetitions, cases)
        self._ok = np.zeros(shape, dtype=np.bool_)
        self._values = {name: np.full(shape, np.nan) for name in evaluators}
        self.executed: Integers = np.zeros(repetitions, dtype=np.int64)
        """The executions of each sweep, shape (repetitions,)."""

    def put(self, case: int, repetition: int, *, ok: bool, values: Mapping[str, float]) -> None:
        """One execution. `repetition` counts from 1; `values` are its scores in [0, 1] by evaluator."""
        self.executed[repetition - 1] += 1
        self._ok[repetition - 1, case] = ok
        for name, value in values.items():
            if name in self._values:
                self._values[name][repetition - 1, case] = value

    def fill(self, columns: Columns) -> None:
        """All stored executions of the scenario variant."""
        sweep = columns.repetition - 1
        self.executed += np.bincount(sweep, minlength=len(self.executed))
        self._ok[sweep, columns.case] = columns.ok
        for name, matrix in self._values.items():
            matrix[sweep, columns.case] = columns.scores[name].value

    def between(self, first: int, end: int) -> Sweeps:
        """The sweeps from `first` (from 0) up to, and without, `end`."""
        return Sweeps(self._ok[first:end], {name: matrix[first:end] for name, matrix in self._values.items()})
