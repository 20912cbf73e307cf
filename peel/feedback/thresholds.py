"""From which similarity on an interaction counts for a scenario, by how like its cases are to each other and to the
rest.

Similarity to a scenario is the mean cosine to its nearest `NEIGHBOURS` cases. Each case shows two similarities: to the
others of its own scenario, and to the nearest other scenario, which is where it would go if its own did not exist. A
threshold is the cut that misses the fewest of the first and takes in the fewest of the second. A scenario's own cut is
weighed with that of all scenarios by the number of its cases. docs/mapping.md says what that promises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from peel.records.mapping import ThresholdBasis
from peel.statistics.arrays import Floats, Integers, as_floats
from peel.statistics.monitoring import leave_one_out_distances

Vectors: TypeAlias = npt.NDArray[np.float32]

NEIGHBOURS = 3
"""How many of a scenario's nearest cases count."""

SHARED_WEIGHT = 3
"""As how many cases the cut of all scenarios counts beside a scenario's own."""

LEAST = 0.25
"""Below it nothing is like a case, whatever the cases are like."""

FIXED = 0.5
"""What a scenario asks for where there is nothing to set a threshold by."""

_UP_THE_GAP = 0.75
"""Where in its gap a cut lies: nearer to the own cases, since what is forced into a scenario spoils its numbers, and
what stays unmatched is looked at."""

_MISSED = 0.1
"""The share of a lone scenario's own cases that may lie below its threshold."""

_ROWS = 1024
"""How many cases are compared with a scenario at a time."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The similarity that counts for a scenario, and what it comes from."""

    value: float
    basis: ThresholdBasis


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the cases show. `own` and `rest` have the two similarities; `own_of` is the scenario of each own one,
    `rest_to` the scenario that each of the rest is nearest to. `shared` is the cut of all scenarios."""

    own: Floats
    own_of: Integers
    rest: Floats
    rest_to: Integers
    shared: float


def thresholds(cases: Sequence[Vectors]) -> list[Threshold]:
    """The thresholds of scenarios, from the vectors of each one's different cases, shapes (cases, dimensions); each has
    at least one."""
    if len(cases) == 1:
        return [_lone(cases[0])]
    counts = [min(NEIGHBOURS, len(some)) for some in cases]
    seen = _seen(cases, set(counts))
    return [_one_of_many(place, seen[count]) for place, count in enumerate(counts)]


def cut(own: Floats, rest: Floats) -> float:
    """The value between two neighbours of those given with the least sum of the share of `own` below it and the share
    of `rest` at or above it; of those that are as good, in the widest gap. The highest value where no cut is better
    than to take in all, or nothing."""
    values = np.unique(np.concatenate([own, rest]))
    gaps = np.diff(values)
    at = values[:-1] + _UP_THE_GAP * gaps
    missed = np.searchsorted(np.sort(own), at) / own.size
    taken = 1 - np.searchsorted(np.sort(rest), at) / rest.size
    wrong = missed + taken
    if not at.size or wrong.min() >= 1:
        return float(values[-1])
    return float(at[np.argmax(np.where(wrong <= wrong.min() + 1e-12, gaps, -1.0))])


def _lone(cases: Vectors) -> Threshold:
    """Without another scenario only the cases' own similarity is known: what nine of ten cases reach, as far as their
    number can tell, within what is like a case at all."""
    own = np.sort(1 - leave_one_out_distances(cases, NEIGHBOURS))
    if not own.size:
        return Threshold(FIXED, "fixed")
    place = max(int(_MISSED * (own.size + 1)) - 1, 0)
    return Threshold(float(np.clip(own[place], LEAST, FIXED)), "own")


def _one_of_many(place: int, seen: _Seen) -> Threshold:
    if not seen.own.size:
        # Each scenario has one case: an interaction is to be nearer to it than any of them is to another.
        return Threshold(max(FIXED, float(seen.rest.max())), "fixed")
    own, rest = seen.own[seen.own_of == place], seen.rest[seen.rest_to == place]
    if own.size < 2 or not rest.size:
        return Threshold(max(LEAST, seen.shared), "shared")
    weighed = (own.size * cut(own, rest) + SHARED_WEIGHT * seen.shared) / (own.size + SHARED_WEIGHT)
    return Threshold(max(LEAST, weighed), "own")


class _Looking:
    """Gathers what the cases show where so many nearest ones count, one scenario after the other; `of` has the scenario
    of each case."""

    def __init__(self, count: int, of: Integers) -> None:
        self._count, self._of = count, of
        self._own, self._own_of = [np.empty(0)], [np.empty(0, dtype=np.int64)]
        self._rest = np.full(len(of), -np.inf)
        self._rest_to = np.zeros(len(of), dtype=np.int64)

    def add(self, place: int, nearest: Vectors) -> None:
        """Take in a scenario, by the similarities of every case to the nearest of it."""
        is_own = self._of == place
        cases = np.count_nonzero(is_own)
        similarity = nearest[:, : min(self._count, cases)].mean(axis=1, dtype=np.float64)
        is_nearer = ~is_own & (similarity > self._rest)
        self._rest[is_nearer], self._rest_to[is_nearer] = similarity[is_nearer], place
        if cases > 1:
            self._own.append(nearest[is_own, : min(self._count, cases - 1)].mean(axis=1, dtype=np.float64))
            self._own_of.append(np.full(cases, place))

    def seen(self) -> _Seen:
        """What all of them show."""
        own, own_of = np.concatenate(self._own), np.concatenate(self._own_of)
        shared = cut(own, self._rest) if own.size else FIXED
        return _Seen(own=own, own_of=own_of, rest=self._rest, rest_to=self._rest_to, shared=shared)


def _seen(cases: Sequence[Vectors], counts: Iterable[int]) -> dict[int, _Seen]:
    """What the cases show, for each of several counts of neighbours. Memory grows with the cases, not their pairs."""
    units = [_unit(some) for some in cases]
    every = np.concatenate(units)
    of = np.repeat(np.arange(len(units)), [len(some) for some in units])
    made = {count: _Looking(count, of) for count in counts}
    start = 0
    for place, some in enumerate(units):
        nearest = _nearest(some, every, start=start)
        for looking in made.values():
            looking.add(place, nearest)
        start += len(some)
    return {count: looking.seen() for count, looking in made.items()}


def _unit(vectors: Vectors) -> Vectors:
    """The vectors at length 1, in the digits that comparing takes. Raises ValueError for NaN and infinity."""
    table = as_floats(vectors).reshape(vectors.shape)
    lengths = np.sqrt((table**2).sum(axis=1, keepdims=True))
    units: Vectors = (table / np.maximum(lengths, 1e-12)).astype(np.float32)
    return units


def _nearest(cases: Vectors, every: Vectors, *, start: int) -> Vectors:
    """The similarities of every case to the nearest ones of a scenario, the largest first, shape (every, NEIGHBOURS);
    -inf where it has no more. Its own cases stand from `start` on, and are not compared with themselves."""
    nearest = np.empty((len(every), NEIGHBOURS), dtype=np.float32)
    for first in range(0, len(every), _ROWS):
        compared = every[first : first + _ROWS] @ cases.T
        own = np.arange(max(start, first), min(start + len(cases), first + _ROWS))
        compared[own - first, own - start] = -np.inf
        _take_largest(compared, nearest[first : first + _ROWS])
    return nearest


def _take_largest(compared: Vectors, largest: Vectors) -> None:
    """Move the largest of each row into the columns of `largest`, in turn: for so few, faster than any sorting."""
    rows = np.arange(len(compared))
    for column in range(largest.shape[1]):
        at = compared.argmax(axis=1)
        largest[:, column] = compared[rows, at]
        compared[rows, at] = -np.inf
