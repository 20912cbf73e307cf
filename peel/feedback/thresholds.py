"""From which similarity on an interaction counts for a scenario, by how like its cases are to each other and to the
rest.

Similarity to a scenario is the mean cosine to its nearest `NEIGHBOURS` cases. Each case shows two similarities: to the
others of its own scenario, and to the nearest other scenario, which is where it would go if its own did not exist. A
threshold is the cut that misses the fewest of the first and takes in the fewest of the second. A scenario's own cut is
weighed with that of all scenarios by the number of its cases. docs/mapping.md says what that promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from peel.records.mapping import ThresholdBasis
from peel.statistics.arrays import Floats, Integers
from peel.statistics.monitoring import leave_one_out_distances, nearest_distances

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


@dataclass(frozen=True, slots=True)
class Threshold:
    """The similarity that counts for a scenario, and what it comes from."""

    value: float
    basis: ThresholdBasis


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the cases show. `own` and `rest` have the two similarities; `own_of` is the scenario of each own one,
    `rest_to` the scenario that each of the rest is nearest to."""

    own: Floats
    own_of: Integers
    rest: Floats
    rest_to: Integers


def thresholds(cases: Sequence[Floats]) -> list[Threshold]:
    """The thresholds of scenarios, from the vectors of each one's different cases, shapes (cases, dimensions); each has
    at least one."""
    if len(cases) == 1:
        return [_lone(cases[0])]
    seen = {count: _seen(cases, count) for count in {min(NEIGHBOURS, len(some)) for some in cases}}
    return [_one_of_many(place, some, seen[min(NEIGHBOURS, len(some))]) for place, some in enumerate(cases)]


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


def _lone(cases: Floats) -> Threshold:
    """Without another scenario only the cases' own similarity is known: what nine of ten cases reach, as far as their
    number can tell, within what is like a case at all."""
    own = np.sort(1 - leave_one_out_distances(cases, NEIGHBOURS))
    if not own.size:
        return Threshold(FIXED, "fixed")
    place = max(int(_MISSED * (own.size + 1)) - 1, 0)
    return Threshold(float(np.clip(own[place], LEAST, FIXED)), "own")


def _one_of_many(place: int, cases: Floats, seen: _Seen) -> Threshold:
    if not seen.own.size:
        # Each scenario has one case: an interaction is to be nearer to it than any of them is to another.
        return Threshold(max(FIXED, float(seen.rest.max())), "fixed")
    shared = cut(seen.own, seen.rest)
    own, rest = seen.own[seen.own_of == place], seen.rest[seen.rest_to == place]
    if own.size < 2 or not rest.size:
        return Threshold(max(LEAST, shared), "shared")
    weighed = (own.size * cut(own, rest) + SHARED_WEIGHT * shared) / (own.size + SHARED_WEIGHT)
    return Threshold(max(LEAST, weighed), "own")


def _seen(cases: Sequence[Floats], neighbours: int) -> _Seen:
    """What the cases show where so many nearest ones count."""
    own = [1 - leave_one_out_distances(some, neighbours) for some in cases]
    sizes = [len(some) for some in cases]
    of = np.repeat(np.arange(len(cases)), sizes)
    every = np.concatenate(cases)
    to = np.stack([1 - nearest_distances(some, every, neighbours=neighbours) for some in cases], axis=1)
    to[np.arange(len(every)), of] = -np.inf
    return _Seen(
        own=np.concatenate(own),
        own_of=np.repeat(np.arange(len(cases)), [one.size for one in own]),
        rest=to.max(axis=1),
        rest_to=to.argmax(axis=1),
    )
