"""Which of an execution's scores count: the latest of the evaluator, or the mean over people of each one's latest.

A judge and a person are never mixed, in no execution and in no column. A column is people's where the evaluator asks
people, or where it left every answer to them (pending scores, and not one of its own); what a judge said under the same
name, before the evaluator was changed, then does not count. In every other column people do not count: their scores are
stored beside the judge's, and what is pending stays pending.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from peel.store.reading import MISSING, PENDING, SCORED, UNSCORED, ScoreColumn

LONGEST_REASON = 300
"""The longest reason, in characters, that is counted: longer ones are told apart by their beginning."""

MOST_KINDS = 19
"""How many different reasons or faults are told apart; the rarer ones are counted together."""

_Answer: TypeAlias = tuple[int, float | None, str | None]


class ScoreColumnBuilder:
    """Fills one evaluator's column from rows that come, for each execution, oldest first.

    `numbers` are the executions of the column, ascending; `by_people`: the evaluator is one that people answer, and
    so many `raters` are asked of each execution: it is pending until they all answered.
    """

    def __init__(self, numbers: NDArray[np.int64], *, by_people: bool, raters: int = 1) -> None:
        self._numbers = numbers
        self._raters = raters
        self._by_people = by_people
        self._status = np.full(len(numbers), MISSING, dtype=np.int8)
        self._value = np.full(len(numbers), np.nan)
        self._reasons: dict[int, str] = {}
        self._people: dict[int, dict[str, _Answer]] = defaultdict(dict)

    def add(self, rows: Sequence[Any]) -> None:
        """Rows of (evaluator, execution, status, value, rater, reason); the reason is None where it does not count."""
        _, executions, statuses, values, raters, reasons = zip(*rows, strict=True)
        places, known = self._places(np.asarray(executions, dtype=np.int64))
        for row in np.flatnonzero(known & np.array([rater is not None for rater in raters])).tolist():
            answers = self._people[int(places[row])]
            answers[raters[row]] = (statuses[row], values[row], reasons[row])
        made = known & np.array([rater is None for rater in raters])
        status = np.asarray(statuses, dtype=np.int8)
        # Of places that occur twice numpy keeps the last value: the latest.
        self._status[places[made]] = status[made]
        self._value[places[made]] = np.asarray(values, dtype=np.float64)[made]
        for row in np.flatnonzero(made & (status == UNSCORED)).tolist():
            self._reasons[int(places[row])] = reasons[row] or ""

    def _places(self, executions: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where each execution stands in the column, and whether it does: one may have been stored since `numbers`."""
        places = np.searchsorted(self._numbers, executions)
        known = places < len(self._numbers)
        known[known] = self._numbers[places[known]] == executions[known]
        return places, known

    def column(self) -> ScoreColumn:
        """The column of what was added: people's scores alone, or those of a judge or a rule alone."""
        if self._by_people:
            self._leave_out_scores()
        by_people = self._by_people or (bool(self._people) and not (self._status == SCORED).any())
        for place, answers in self._people.items() if by_people else ():
            if self._by_people or self._status[place] == PENDING:
                self._answer(place, answers)
        unscored = Counter(why for place, why in self._reasons.items() if self._status[place] == UNSCORED)
        return ScoreColumn(self._status, self._value, most_common(unscored, others="other reasons"), by_people)

    def _leave_out_scores(self) -> None:
        """What a judge or a rule said is no part of a column of people's."""
        scored = self._status == SCORED
        self._status[scored] = MISSING
        self._value[scored] = np.nan

    def _answer(self, place: int, answers: Mapping[str, _Answer]) -> None:
        values = [value for status, value, _ in answers.values() if status == SCORED and value is not None]
        reason = next((why for status, _, why in answers.values() if status == UNSCORED), None)
        if sum(status != PENDING for status, _, _ in answers.values()) < self._raters:
            self._status[place] = PENDING
        elif values:
            self._status[place], self._value[place] = SCORED, math.fsum(values) / len(values)
        else:
            self._status[place], self._reasons[place] = UNSCORED, reason or ""


def most_common(counted: Counter[str], *, others: str) -> dict[str, int]:
    """The commonest first, equals by name; from MOST_KINDS on all the rest as one, called `others`."""
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    kept = dict(ordered[:MOST_KINDS])
    rest = sum(count for _, count in ordered[MOST_KINDS:])
    return kept | {others: kept.get(others, 0) + rest} if rest else kept
