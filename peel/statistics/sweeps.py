"""The e-values of `sequential`, sweep by sweep: fed as sweeps complete, each at the cost of the new scores alone.

`OfExecutions` is for *these cases*: its stake is the product over all executions. `OfCaseMeans` is for *cases like
these*: after r sweeps it bets once a case, on the mean of the case's r scores. That it may be looked at after every
sweep follows from time running backwards: the mean of r repetitions is the expectation of any one of them given all
later means, so the product over independent cases is a reverse martingale, and the chance that it is ever 20 or more is
at most its expectation after one sweep, divided by 20 (Doob's maximal inequality; Manole & Ramdas 2023,
arXiv:2103.09267). It needs the same cases, drawn independently, in every sweep, and repetitions that are exchangeable
within a case.

What has no score counts as the worst for what is to be shown: feed 0 where a mean is to be shown above a bar, 1 where
below. Then nothing need be assumed of why it is missing.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import Booleans, Floats
from peel.statistics.intervals import Interval
from peel.statistics.sequential import BETS, anytime_interval

__all__ = ["Bar", "OfCaseMeans", "OfExecutions", "anytime_bounds"]

_SCORES_AT_ONCE = 10_000
"""How many scores are bet on at once: 24 bets on each take a few megabytes."""

_EXACT_VALUES = 4096
"""How many different scores an interval is found with exactly; more are rounded outwards to a grid as fine."""


class OfExecutions:
    """log e against "the mean of the cases is at most `bar`", 0 < bar < 1, over all executions."""

    def __init__(self, bar: float) -> None:
        self._bar = bar
        self._stakes = np.zeros((BETS.size, 1))

    def add(self, scores: Floats) -> Floats:
        """The log of e after each of S more sweeps, shape (S,), given their scores in [0, 1], shape (S, cases)."""
        gains = np.log1p((BETS / self._bar)[:, None, None] * (scores - self._bar)).sum(axis=2)
        # One sum from left to right, whether sweeps come one by one or all at once: the same to the last bit.
        path = np.cumsum(np.concatenate([self._stakes, gains], axis=1), axis=1)[:, 1:]
        self._stakes = path[:, -1:]
        return _mixture(path)


class OfCaseMeans:
    """log e against "the mean over such cases is at most `bar`", 0 < bar < 1, over the means of `cases` cases."""

    def __init__(self, bar: float, *, cases: int) -> None:
        self._bar = bar
        self._sums = np.zeros((1, cases))
        self._sweeps = 0

    def add(self, scores: Floats) -> Floats:
        """The log of e after each of S more sweeps, shape (S,), given their scores in [0, 1], shape (S, cases)."""
        path = np.cumsum(np.concatenate([self._sums, scores]), axis=0)[1:]
        counts = np.arange(1, len(scores) + 1)[:, None] + self._sweeps
        self._sums, self._sweeps = path[-1:], self._sweeps + len(scores)
        return _mixture(np.log1p((BETS / self._bar)[:, None, None] * (path / counts - self._bar)).sum(axis=2))


def _mixture(stakes: Floats) -> Floats:
    log_e: Floats = np.logaddexp.reduce(stakes, axis=0) - math.log(BETS.size)
    return log_e


class Bar:
    """Whether a mean is shown to lie above a bar, asked after every complete sweep, wrong with chance `error` at most.

    A bar below 0, or at it, is exceeded by any score. Above a bar of 1, or at it, nothing can be shown.
    """

    def __init__(self, bar: float, *, evidence: OfExecutions | OfCaseMeans | None = None, error: float = 0.05) -> None:
        self._bar = bar
        self._evidence = evidence or OfExecutions(bar)
        self._needed = math.log(1 / error) - 1e-12

    def shown(self, scores: Floats) -> Booleans:
        """After each of S more sweeps, shape (S,), given their scores in [0, 1], shape (S, cases)."""
        sweeps, cases = scores.shape
        if not cases or self._bar <= 0 or self._bar >= 1:
            return np.full(sweeps, self._bar <= 0 and cases > 0)
        each = max(1, _SCORES_AT_ONCE // cases)
        parts = [self._evidence.add(scores[first : first + each]) for first in range(0, sweeps, each)]
        reached: Booleans = np.concatenate([np.empty(0), *parts]) >= self._needed
        return reached


def anytime_bounds(lowest: npt.ArrayLike, highest: npt.ArrayLike, level: float = 0.95) -> Interval:
    """`anytime_interval` where some scores are only known to lie between `lowest` and `highest`, each of shape (n,).

    Thousands of different scores are rounded outwards to multiples of 1/4096: the interval holds all the same, and is
    at most so much wider.
    """
    low, high = np.asarray(lowest, dtype=np.float64).ravel(), np.asarray(highest, dtype=np.float64).ravel()
    same = low is high or np.array_equal(low, high)
    if np.unique(low).size > _EXACT_VALUES or np.unique(high).size > _EXACT_VALUES:
        low, high = np.floor(low * _EXACT_VALUES) / _EXACT_VALUES, np.ceil(high * _EXACT_VALUES) / _EXACT_VALUES
        same = False
    below = anytime_interval(low, level)
    above = below if same else anytime_interval(high, level)
    return Interval(below.low, above.high, level, below.method, below.note)
