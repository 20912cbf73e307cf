"""Repetitions nested in cases: what one pass over flat arrays says about each case.

Input is flat: `case` holds the case's index of every execution, `values` its number. Cases without a value do not
appear in the result; `Cases.index` says which ones are there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import Booleans, Floats, Integers, as_floats, as_integers, is_constant

__all__ = [
    "Cases",
    "below",
    "broken",
    "chance_to_see",
    "disagreement",
    "flake_visible",
    "flaky",
    "gini_mean_difference",
    "group",
    "of_passes",
    "pass_at_k",
    "pass_hat_k",
    "repetitions_to_see",
]


_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Cases:
    """What is known of each of m cases; every array has shape (m,), ordered by `index`."""

    index: Integers
    """The case's number, as it was passed in."""
    counts: Integers
    """Repetitions with a value, at least 1."""
    means: Floats
    """Mean over the repetitions, in the unit of the values."""
    deviations: Floats
    """Sum of squared deviations from the case's mean; 0 where there is one repetition."""

    @property
    def size(self) -> int:
        """m, the number of cases."""
        return int(self.index.size)

    def within(self, keep: Booleans) -> Cases:
        """Only the cases where `keep` is true, shape (m,)."""
        return Cases(self.index[keep], self.counts[keep], self.means[keep], self.deviations[keep])

    @property
    def executions(self) -> int:
        """N, the number of values over all cases."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float | None:
        """The mean of the cases' means: each case weighs the same. None without cases."""
        return float(self.means.mean()) if self.size else None

    @property
    def pooled_mean(self) -> float | None:
        """The mean over executions, to be shown as a count only. None without cases."""
        return float((self.counts * self.means).sum() / self.executions) if self.size else None

    @property
    def within_variance(self) -> float | None:
        """Pooled variance within cases (the ANOVA's MSW). None if no case has two repetitions."""
        degrees = self.executions - self.size
        return float(self.deviations.sum() / degrees) if degrees > 0 else None

    @property
    def variances(self) -> Floats | None:
        """Sample variance (n - 1) of each case, the pooled one for a single repetition. None if no case has two."""
        pooled = self.within_variance
        if pooled is None:
            return None
        return np.where(self.counts > 1, self.deviations / np.maximum(self.counts - 1, 1), pooled)

    @property
    def between_squares(self) -> float:
        """sum k_i (mean_i - pooled mean)^2; 0 where all means are equal but for rounding, and without cases."""
        pooled = self.pooled_mean
        if pooled is None or is_constant(self.means):
            return 0.0
        return float((self.counts * (self.means - pooled) ** 2).sum())

    @property
    def total_variance(self) -> float | None:
        """Sample variance (N - 1) of all executions around their pooled mean. None for fewer than two."""
        if self.executions < 2:
            return None
        return (float(self.deviations.sum()) + self.between_squares) / (self.executions - 1)


def group(case: npt.ArrayLike, values: npt.ArrayLike) -> Cases:
    """Counts, means and squared deviations of each case, from two flat arrays of shape (N,), in any order.

    Raises ValueError for arrays of different length, a negative index, and values that are not finite.
    """
    index, numbers = _paired(case, values)
    counts = np.bincount(index)
    present = np.flatnonzero(counts)
    means = np.bincount(index, weights=numbers)[present] / counts[present]
    place = np.zeros(counts.size, dtype=np.float64)
    place[present] = means
    gaps = numbers - place[index]
    gaps[np.abs(gaps) <= _ROUNDING * np.abs(numbers)] = 0.0
    squares: Floats = np.bincount(index, weights=gaps**2)[present].astype(np.float64)
    return Cases(present.astype(np.int64), counts[present].astype(np.int64), means, squares)


def _paired(case: npt.ArrayLike, values: npt.ArrayLike) -> tuple[Integers, Floats]:
    index, numbers = as_integers(case), as_floats(values)
    if index.size != numbers.size:
        raise ValueError(f"{index.size} case indices for {numbers.size} values; each value needs its case")
    return index, numbers


def below(values: npt.ArrayLike, threshold: float) -> Floats:
    """1 where a value lies strictly below the threshold, else 0; shape (N,). Its mean is the share below."""
    return (as_floats(values) < threshold).astype(np.float64)


def of_passes(index: npt.ArrayLike, executions: npt.ArrayLike, passes: npt.ArrayLike) -> Cases:
    """The cases `index` of which `passes` of `executions` passed, as values of 0 and 1: what `group` makes of them.

    Integer arrays of shape (m,), executions of at least 1. Squared deviations are c (n - c) / n.
    """
    n, c = _counted(executions, passes)
    return Cases(as_integers(index), n, c / n, c * (n - c) / n)


def pass_at_k(executions: npt.ArrayLike, passes: npt.ArrayLike, *, k: int) -> Floats | None:
    """Per case, the unbiased chance that at least one of k executions passes: 1 - C(n-c, k) / C(n, k), shape (m,).

    `executions` is n and `passes` c of each case. None if a case has fewer than k executions (or there is no case):
    leave such cases out and say so. Source: Chen et al. (2021), arXiv:2107.03374.
    """
    n, c = _counted(executions, passes)
    all_fail = _all_of_k(n, n - c, k)
    return None if all_fail is None else 1 - all_fail


def pass_hat_k(executions: npt.ArrayLike, passes: npt.ArrayLike, *, k: int) -> Floats | None:
    """Per case, the unbiased chance that all of k executions pass (pass^k): C(c, k) / C(n, k), shape (m,).

    Arguments and None as for `pass_at_k`. Source: Yao et al. (2024), arXiv:2406.12045.
    """
    n, c = _counted(executions, passes)
    return _all_of_k(n, c, k)


def _counted(executions: npt.ArrayLike, passes: npt.ArrayLike) -> tuple[Integers, Integers]:
    n, c = as_integers(executions), as_integers(passes)
    if n.size != c.size or (c > n).any():
        raise ValueError("each case needs its executions and at most as many passes")
    return n, c


def _all_of_k(n: Integers, c: Integers, k: int) -> Floats | None:
    if k < 1:
        raise ValueError(f"k is {k}; it counts executions, from 1 up")
    if not n.size or n.min() < k:
        return None
    drawn = np.arange(k)[:, None]
    chance: Floats = np.prod(np.maximum(c - drawn, 0) / (n - drawn), axis=0)
    return chance


def flaky(executions: npt.ArrayLike, passes: npt.ArrayLike) -> Booleans:
    """Per case: sometimes right and sometimes wrong (0 < c < n), shape (m,). Show n beside it."""
    n, c = _counted(executions, passes)
    return (c > 0) & (c < n)


def broken(executions: npt.ArrayLike, passes: npt.ArrayLike) -> Booleans:
    """Per case: executed and never right, shape (m,)."""
    n, c = _counted(executions, passes)
    never: Booleans = (c == 0) & (n > 0)
    return never


def disagreement(executions: npt.ArrayLike, passes: npt.ArrayLike) -> float | None:
    """The chance that two executions of one case differ, mean over the cases with two or more: 2c(n-c) / (n(n-1)).

    Unbiased (a U-statistic of two executions). None if no case has two.
    """
    n, c = (array.astype(np.float64) for array in _counted(executions, passes))
    repeated = n > 1
    if not repeated.any():
        return None
    n, c = n[repeated], c[repeated]
    return float((2 * c * (n - c) / (n * (n - 1))).mean())


def gini_mean_difference(case: npt.ArrayLike, values: npt.ArrayLike) -> float | None:
    """How far two executions of one case lie apart: mean |x - y| over its pairs, mean over the cases with two or more.

    For passes and failures it equals `disagreement`. None if no case has two. Source: Gini (1912); by ranks,
    sum_r (2r - n - 1) x_(r) / C(n, 2), so that 100,000 executions need one sort.
    """
    index, numbers = _paired(case, values)
    if not index.size:
        return None
    order = np.lexsort((numbers, index))
    index, numbers = index[order], numbers[order]
    counts = np.bincount(index)
    rank = np.arange(1, index.size + 1) - (np.cumsum(counts) - counts)[index]
    spread = np.bincount(index, weights=(2 * rank - counts[index] - 1) * numbers)
    repeated = counts > 1
    pairs = counts[repeated] * (counts[repeated] - 1) / 2
    return float((spread[repeated] / pairs).mean()) if repeated.any() else None


def chance_to_see(flake: float, repetitions: int) -> float:
    """The chance that `repetitions` executions show at least one failure that happens with chance `flake`."""
    return float(1 - (1 - flake) ** repetitions)


def flake_visible(repetitions: int, chance: float = 0.95) -> float | None:
    """The rarest outcome that `repetitions` executions of a case show with probability `chance` in (0, 1).

    1 - (1 - chance)^(1 / k), the inverse of `repetitions_to_see`. None for fewer than two: one execution shows a case
    neither flaky nor steady.
    """
    return 1 - (1 - chance) ** (1 / repetitions) if repetitions > 1 else None


def repetitions_to_see(flake: float, chance: float = 0.95) -> int:
    """The repetitions that show a failure of chance `flake` in (0, 1] with probability `chance` in (0, 1).

    The smallest k with 1 - (1 - flake)^k >= chance. Raises ValueError outside these ranges.
    """
    if not (0 < flake <= 1 and 0 < chance < 1):
        raise ValueError("a flake's chance lies in (0, 1], the chance to see it in (0, 1)")
    return 1 if flake == 1 else max(1, math.ceil(math.log(1 - chance) / math.log(1 - flake) - 1e-12))
