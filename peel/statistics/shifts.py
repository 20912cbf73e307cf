"""Watching ratings as they come in for a shift of their mean, in bounded memory, many at once.

The same evidence as `monitoring.drop_evidence`, which goes through ratings one by one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from peel.statistics.arrays import Floats
from peel.statistics.monitoring import BETS

__all__ = ["Detector", "Shift"]

_MOST_AT_ONCE = 4096
_LARGEST_LOG = 600.0
"""How far from 1 the products of a block may go, as a logarithm: well within what a float holds."""


@dataclass(frozen=True, slots=True)
class Shift:
    """The rating (its position) at which the evidence reached its bound, and the ratings since the supposed shift."""

    position: int
    evidence: float
    n: int
    total: float


@dataclass(slots=True)
class Detector:
    """Evidence that the mean of ratings in [0, 1] dropped below `baseline`, in [0, 1), at some time.

    For a rise, give it 1 - x and 1 - baseline. By bet: `stakes` are R of e-Shiryaev-Roberts, `sums` how far the
    logarithm of the bet's product lies above its lowest point, where a shift is supposed to have begun; since then came
    `counts` ratings with the sum `totals`. Source: Shin, Ramdas & Rinaldo (2023), arXiv:2203.03532; the lowest point as
    in Page (1954), Biometrika 41.
    """

    baseline: float
    stakes: Floats = field(default_factory=lambda: np.zeros(BETS.size))
    sums: Floats = field(default_factory=lambda: np.zeros(BETS.size))
    counts: Floats = field(default_factory=lambda: np.zeros(BETS.size))
    totals: Floats = field(default_factory=lambda: np.zeros(BETS.size))

    def __post_init__(self) -> None:
        if not 0 <= self.baseline < 1:
            raise ValueError(f"a baseline lies in [0, 1), not {self.baseline}")

    def take(self, ratings: Floats, run_length: float) -> Shift | None:
        """Take ratings, shape (n,), until the evidence reaches `run_length`: the shift, or None where it never does.

        Ratings behind the shift are not taken. Where the baseline is 0 nothing can drop below it.
        """
        if self.baseline == 0:
            return None
        start = 0
        for size in self._blocks(ratings.size):
            found = self._block(ratings[start : start + size], run_length)
            if found is not None:
                return Shift(start + found, float(self.stakes.mean()), *self._since())
            start += size
        return None

    def _blocks(self, size: int) -> list[int]:
        """The sizes of blocks whose products stay within a float."""
        widest = max(-math.log(1 - BETS[-1]), math.log(1 + BETS[-1] * self.baseline / (1 - self.baseline)))
        block = max(1, min(_MOST_AT_ONCE, int(_LARGEST_LOG / widest)))
        return [min(block, size - start) for start in range(0, size, block)]

    def _block(self, x: Floats, run_length: float) -> int | None:
        """R_t = P_t (R_0 + sum_{i <= t} 1 / P_{i-1}) with P_t the product of the first t factors."""
        factors = 1 - BETS / (1 - self.baseline) * (x - self.baseline)[:, None]
        products = np.cumprod(factors, axis=0)
        before = np.vstack((np.ones(BETS.size), products[:-1]))
        stakes = products * (self.stakes + np.cumsum(1 / before, axis=0))
        reached = np.flatnonzero(stakes.mean(axis=1) >= run_length)
        end = int(reached[0]) + 1 if reached.size else x.size
        self.stakes = stakes[end - 1]
        self._follow(np.log(products[:end]), x[:end])
        return end - 1 if reached.size else None

    def _follow(self, logs: Floats, x: Floats) -> None:
        """Move on to the last lowest point of each bet's sum."""
        paths = self.sums + logs
        lowest = paths.shape[0] - 1 - np.argmin(paths[::-1], axis=0)
        least = paths[lowest, np.arange(BETS.size)]
        begins = least <= 0
        until = np.concatenate(([0.0], np.cumsum(x)))
        self.counts = np.where(begins, x.size - 1 - lowest, self.counts + x.size)
        self.totals = np.where(begins, until[-1] - until[lowest + 1], self.totals + until[-1])
        self.sums = paths[-1] - np.where(begins, least, 0.0)

    def _since(self) -> tuple[int, float]:
        best = int(np.argmax(self.stakes))
        return int(self.counts[best]), float(self.totals[best])
