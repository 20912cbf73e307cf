"""What a stored run offers to those who read it: columns of numbers to compute with, and whole executions to show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from peel.records import Execution, Mark, Run, Score

SCORED, UNSCORED, PENDING, MISSING = 0, 1, 2, 3
"""The codes of `ScoreColumn.status`. MISSING: the execution errored, or its score was never made."""

MARK_BITS: Mapping[Mark, int] = {"empty": 1, "truncated": 2, "refused": 4, "fallback": 8}
"""The bits of `Columns.marks`."""


@dataclass(frozen=True, slots=True)
class ScoreColumn:
    """One evaluator's scores, one entry an execution: `status` (int8, codes above), `value` (float64 in [0, 1], NaN
    where not scored), `reasons` the count of unscored executions by reason, the commonest first (the rarest as one).

    All values of a column are of one kind: people's where `by_people`, else what a judge or a rule said.
    """

    status: NDArray[np.int8]
    value: NDArray[np.float64]
    reasons: Mapping[str, int]
    by_people: bool = False


@dataclass(frozen=True, slots=True)
class Judgements:
    """Every judgement behind the scores that count of one evaluator, as arrays of equal length, one entry a judging.

    `execution` int64: the execution's number in the plan. `value` float64 in [0, 1]. `counts` bool: whether it is a
    part of the score's value, or was made beside it (see the setting `judge_again`). A score without details is one
    judgement. People's scores, unscored executions and scores that a later one replaced are not in it: the one before
    may have been made by another judge, or by other criteria.
    """

    execution: NDArray[np.int64]
    value: NDArray[np.float64]
    counts: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Columns:
    """One scenario variant's executions in order of their number, as arrays of equal length.

    `number` int64: place in the plan. `case` int64: position in `Run.cases[scenario]`. `repetition` int64 from 1.
    `ok` bool. `latency_s` float64 seconds. `tokens_in`, `tokens_out`, `cost_usd` float64, NaN where unknown.
    `marks` uint8 bits (MARK_BITS) of all its steps. `scores` by evaluator id: the latest score counts, of an evaluator
    that people answer the mean over people of each one's latest; a judge's score and a person's are never mixed.
    `planned` counts all executions of the plan, finished or not. `faults` counts errored executions by
    `type in step: message`, the commonest first (the rarest as one); `errors` by the step alone, those outside of any
    step under the empty name.
    """

    planned: int
    number: NDArray[np.int64]
    case: NDArray[np.int64]
    repetition: NDArray[np.int64]
    ok: NDArray[np.bool_]
    latency_s: NDArray[np.float64]
    tokens_in: NDArray[np.float64]
    tokens_out: NDArray[np.float64]
    cost_usd: NDArray[np.float64]
    marks: NDArray[np.uint8]
    scores: Mapping[str, ScoreColumn]
    faults: Mapping[str, int]
    errors: Mapping[str, int] = field(default_factory=dict)


class StoredRun(Protocol):
    """One run in the store."""

    @property
    def run(self) -> Run: ...

    def columns(self, scenario: str, variant: str) -> Columns:
        """The numbers of one scenario under one variant."""
        ...

    def judgements(self, scenario: str, variant: str, *, evaluator: str) -> Judgements:
        """Every judgement of one evaluator, for those that judge an execution several times."""
        ...

    def executions(self, numbers: Iterable[int]) -> Iterator[tuple[Execution, tuple[Score, ...]]]:
        """Whole executions with all their scores (the superseded ones too, oldest first), in the order asked for.

        Read in batches: memory does not grow with the number asked for.
        """
        ...

    def earlier(self, scenario: str) -> Iterator[StoredRun]:
        """The finished runs of a scenario that began before this one, newest first, read as they are asked for."""
        ...

    def other(self, run_id: str) -> StoredRun:
        """Another run of the same store, by its id. Raises StoreError where there is none."""
        ...


class ReadOnce:
    """A stored run whose columns are read from the store once, for those who need them several times."""

    def __init__(self, stored: StoredRun) -> None:
        self.run: Run = stored.run
        self._stored = stored
        self._columns: dict[tuple[str, str], Columns] = {}

    def columns(self, scenario: str, variant: str) -> Columns:
        """The numbers of one scenario under one variant."""
        if (scenario, variant) not in self._columns:
            self._columns[scenario, variant] = self._stored.columns(scenario, variant)
        return self._columns[scenario, variant]

    def judgements(self, scenario: str, variant: str, *, evaluator: str) -> Judgements:
        """Every judgement of one evaluator, read from the store each time."""
        return self._stored.judgements(scenario, variant, evaluator=evaluator)

    def executions(self, numbers: Iterable[int]) -> Iterator[tuple[Execution, tuple[Score, ...]]]:
        """Whole executions, read from the store each time."""
        return self._stored.executions(numbers)

    def earlier(self, scenario: str) -> Iterator[StoredRun]:
        """The finished runs of a scenario that began before this one, newest first."""
        return self._stored.earlier(scenario)

    def other(self, run_id: str) -> StoredRun:
        """Another run of the same store, by its id. Raises StoreError where there is none."""
        return self._stored.other(run_id)
