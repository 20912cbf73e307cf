"""How far a judge can be trusted: agreement of two raters, of many, of one with itself in both orders.

All of these belong together: correlation hides bias, kappa depends on how common each level is, a mean difference hides
the scatter. Arrays of two raters have shape (n,), the same executions in the same order. Undefined is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import Floats, Integers, as_floats, as_integers
from peel.statistics.cases import group
from peel.statistics.distributions import binomial_two_sided, normal_quantile
from peel.statistics.intervals import Interval, t_on_cases, wilson

__all__ = [
    "Bias",
    "IntraclassCorrelation",
    "PositionBias",
    "agreement_at",
    "agreement_within",
    "bias",
    "bootstrap_over_cases",
    "concordance",
    "corrected_for_reliability",
    "intraclass_correlation",
    "judge_words",
    "kappa",
    "kendall",
    "krippendorff",
    "mean_absolute_difference",
    "pearson",
    "position_bias",
    "spearman",
]

_FEWEST_CASES = 10


def _two(human: npt.ArrayLike, judge: npt.ArrayLike) -> tuple[Floats, Floats]:
    x, y = as_floats(human), as_floats(judge)
    if x.size != y.size:
        raise ValueError(f"{x.size} scores of one rater and {y.size} of the other; a pair needs both")
    return x, y


def pearson(human: npt.ArrayLike, judge: npt.ArrayLike) -> float | None:
    """Pearson's correlation, in [-1, 1]. None for fewer than two pairs or a rater who never varies."""
    x, y = _two(human, judge)
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    a, b = x - x.mean(), y - y.mean()
    return float(np.clip((a * b).sum() / math.sqrt((a**2).sum() * (b**2).sum()), -1.0, 1.0))


def spearman(human: npt.ArrayLike, judge: npt.ArrayLike) -> float | None:
    """Spearman's rank correlation: Pearson's of the ranks, ties at their mean rank. None as for `pearson`."""
    x, y = _two(human, judge)
    return pearson(_ranks(x), _ranks(y))


def _ranks(x: Floats) -> Floats:
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    middle: Floats = np.cumsum(counts) - (counts - 1) / 2
    return middle[place]


def kendall(human: npt.ArrayLike, judge: npt.ArrayLike) -> float | None:
    """Kendall's tau-b: concordant minus discordant pairs, corrected for ties; n^2 steps. None as for `pearson`.

    Source: Kendall (1945), Biometrika 33.
    """
    x, y = _two(human, judge)
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    signs = ((np.sign(x - one), np.sign(y - other)) for one, other in zip(x, y, strict=True))
    joint, first, second = np.sum([(a @ b, a @ a, b @ b) for a, b in signs], axis=0)
    return float(joint / math.sqrt(first * second))


def concordance(human: npt.ArrayLike, judge: npt.ArrayLike) -> float | None:
    """Lin's concordance correlation 2 s_xy / (s_x^2 + s_y^2 + (mean x - mean y)^2), with divisor n.

    Lower than Pearson's by what bias and scale cost. None where nothing varies at all. Source: Lin (1989), Biometrics
    45.
    """
    x, y = _two(human, judge)
    spread = float(x.var() + y.var() + (x.mean() - y.mean()) ** 2) if x.size else 0.0
    return float(2 * ((x - x.mean()) * (y - y.mean())).mean() / spread) if spread > 0 else None


@dataclass(frozen=True, slots=True)
class Bias:
    """judge - human: its mean with a t interval, and where 95 % of the single differences lie."""

    mean: float
    interval: Interval
    limits: Interval
    """The limits of agreement, mean +- 1.96 s: of one execution, not of the mean."""


def bias(human: npt.ArrayLike, judge: npt.ArrayLike, *, level: float = 0.95) -> Bias | None:
    """The mean difference judge - human with its limits of agreement. None without a pair.

    Source: Bland & Altman (1986), Lancet 327.
    """
    x, y = _two(human, judge)
    if not x.size:
        return None
    gaps, middle = y - x, float((y - x).mean())
    inner = t_on_cases(gaps, level)
    if inner.low is None:
        return Bias(middle, inner, Interval.unknown(level, "limits of agreement", note="The differences do not vary."))
    half = normal_quantile((1 + level) / 2) * float(gaps.std(ddof=1))
    return Bias(middle, inner, Interval(middle - half, middle + half, level, "limits of agreement"))


def mean_absolute_difference(human: npt.ArrayLike, judge: npt.ArrayLike) -> float | None:
    """The mean of |judge - human|, in the scores' unit. None without a pair."""
    x, y = _two(human, judge)
    return float(np.abs(y - x).mean()) if x.size else None


def agreement_within(human: npt.ArrayLike, judge: npt.ArrayLike, *, distance: float) -> float | None:
    """The share of executions whose two scores differ by at most `distance`. None without a pair."""
    x, y = _two(human, judge)
    return float((np.abs(y - x) <= distance + 1e-9).mean()) if x.size else None


def agreement_at(human: npt.ArrayLike, judge: npt.ArrayLike, *, threshold: float) -> float | None:
    """The share of executions on which both say pass (score >= threshold) or both say fail. None without a pair."""
    x, y = _two(human, judge)
    return float(((x >= threshold) == (y >= threshold)).mean()) if x.size else None


@dataclass(frozen=True, slots=True)
class IntraclassCorrelation:
    """Three answers to "how much of the variance is the executions'?"; `agreement` is the one to show."""

    one_way: float
    """ICC(1): raters are interchangeable."""
    agreement: float
    """ICC(A,1): absolute agreement of two given raters; bias counts as disagreement."""
    consistency: float
    """ICC(C,1): bias does not count."""


def intraclass_correlation(ratings: npt.ArrayLike) -> IntraclassCorrelation | None:
    """ICC of a full table of ratings, shape (n executions, k raters), for a single rater.

    (A,1) = (MSR - MSE) / (MSR + (k - 1) MSE + k (MSC - MSE) / n). None for n < 2, k < 2, or where nothing varies.
    Source: McGraw & Wong (1996), Psychological Methods 1; (A,1) is Shrout & Fleiss's ICC(2,1).
    """
    table = np.asarray(ratings, dtype=np.float64)
    as_floats(table)
    if table.ndim != 2 or min(table.shape) < 2 or np.ptp(table) == 0:
        return None
    (n, k), mean = table.shape, table.mean()
    rows = k * ((table.mean(axis=1) - mean) ** 2).sum()
    columns = n * ((table.mean(axis=0) - mean) ** 2).sum()
    rest = max(0.0, ((table - mean) ** 2).sum() - rows - columns)
    msr, msc, mse = rows / (n - 1), columns / (k - 1), rest / ((n - 1) * (k - 1))
    msw = (columns + rest) / (n * (k - 1))
    if msr + mse == 0:
        return None
    return IntraclassCorrelation(
        one_way=float((msr - msw) / (msr + (k - 1) * msw)),
        agreement=float((msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)),
        consistency=float((msr - mse) / (msr + (k - 1) * mse)),
    )


Weighting: TypeAlias = Literal["quadratic", "linear", "none"]


def kappa(human: npt.ArrayLike, judge: npt.ArrayLike, *, weighting: Weighting = "quadratic") -> float | None:
    """Cohen's kappa of levels numbered from 0 in equal steps: 1 - observed / expected disagreement.

    Disagreement of levels i and j is (i - j)^2, |i - j| or [i != j]. For scales of up to ten levels; number the scores
    first (`numpy.digitize`). None without a pair, or where both raters use one and the same level. Source: Cohen
    (1968), Psychological Bulletin 70.
    """
    a, b = as_integers(human), as_integers(judge)
    if a.size != b.size:
        raise ValueError(f"{a.size} levels of one rater and {b.size} of the other; a pair needs both")
    if not a.size:
        return None
    distance, levels = _DISTANCES[weighting], np.arange(max(a.max(), b.max()) + 1)
    shares = [np.bincount(rater, minlength=levels.size) / rater.size for rater in (a, b)]
    expected = float(shares[0] @ distance(levels[:, None], levels) @ shares[1])
    return 1 - float(distance(a, b).mean()) / expected if expected > 0 else None


_DISTANCES: dict[Weighting, Callable[[Integers, Integers], Floats]] = {
    "quadratic": lambda a, b: (a - b).astype(np.float64) ** 2,
    "linear": lambda a, b: np.abs(a - b).astype(np.float64),
    "none": lambda a, b: (a != b).astype(np.float64),
}


def krippendorff(execution: npt.ArrayLike, scores: npt.ArrayLike) -> float | None:
    """Krippendorff's alpha for interval data from flat arrays, shape (N,): one score per execution and rater.

    Any number of raters, missing ones left out: 1 - sum_u n_u s_u^2 / (n s^2) over the executions with two scores or
    more, as the mean squared difference of pairs is twice a variance. None if no execution has two scores or none
    differ. Source: Krippendorff (2004), Content Analysis, ch. 11.
    """
    units = group(execution, scores)
    kept = units.counts > 1
    numbers = np.asarray(scores, dtype=np.float64).ravel()[np.isin(as_integers(execution), units.index[kept])]
    if numbers.size < 2 or np.ptp(numbers) == 0:
        return None
    counts = units.counts[kept]
    observed = float((counts * units.deviations[kept] / (counts - 1)).sum())
    return 1 - observed / (numbers.size * float(numbers.var(ddof=1)))


def judge_words(agreement: float | None) -> str:
    """What an alpha or ICC(A,1) says about a judge, by Krippendorff's customary cut-offs (conventions, not laws)."""
    if agreement is None:
        return "agreement is unknown"
    if agreement >= 0.8:
        return "usable"
    return "tentative" if agreement >= 0.67 else "do not gate on this judge"


def corrected_for_reliability(correlation: float, human: float, *, judge: float) -> float | None:
    """The correlation two raters would have without noise: r / sqrt(rel_human rel_judge), at most 1 in size.

    None for a reliability of 0 or less. Source: Spearman (1904), American Journal of Psychology 15.
    """
    if human <= 0 or judge <= 0:
        return None
    return max(-1.0, min(1.0, correlation / math.sqrt(human * judge)))


def bootstrap_over_cases(
    case: npt.ArrayLike,
    statistic: Callable[[npt.NDArray[np.intp]], float | None],
    *,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Interval:
    """A percentile interval for any statistic of executions, drawing whole cases, with a fixed seed.

    `case`, shape (N,), says which case each execution belongs to; `statistic` gets the drawn executions' positions.
    Draws where it is None are left out. Unknown below 10 cases, or if it never varies. Source: Efron & Tibshirani
    (1993).
    """
    index, method = as_integers(case), "cluster bootstrap"
    order = np.argsort(index, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(index[order])) + 1)
    if not index.size or len(members) < _FEWEST_CASES:
        return Interval.unknown(level, method, note=f"Fewer than {_FEWEST_CASES} cases are too few for this interval.")
    generator = np.random.default_rng(seed)
    picks = (generator.integers(0, len(members), len(members)) for _ in range(draws))
    found = [value for pick in picks if (value := statistic(np.concatenate([members[i] for i in pick]))) is not None]
    if not found or min(found) == max(found):
        return Interval.unknown(level, method, note="It does not vary between cases, so how sure it is cannot be said.")
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level, method)


@dataclass(frozen=True, slots=True)
class PositionBias:
    """Pairs judged in both orders: whether the judge looks at the answers or at their places."""

    consistency: float
    """Share of pairs with the same winner in both orders."""
    consistency_interval: Interval
    bias: float
    """(Pairs whose first place won both times - second place) / pairs; above 0 it favours the first place."""
    p: float
    """Exact binomial on the inconsistent pairs (McNemar)."""
    win_rate: float
    """Of A, an inconsistent pair counting half."""


def position_bias(a_wins: int, b_wins: int, *, first_wins: int, second_wins: int) -> PositionBias | None:
    """From counts of pairs: A won in both orders, B won in both, the first place won both times, the second did.

    None without a pair. Source: Zheng et al. (2023), arXiv:2306.05685; Shi et al. (2024), arXiv:2406.07791.
    """
    inconsistent = first_wins + second_wins
    n = a_wins + b_wins + inconsistent
    if n == 0:
        return None
    consistency = (a_wins + b_wins) / n
    return PositionBias(
        consistency,
        wilson(consistency, n),
        (first_wins - second_wins) / n,
        binomial_two_sided(first_wins, inconsistent),
        (a_wins + inconsistent / 2) / n,
    )
