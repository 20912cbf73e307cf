"""Intervals for positive numbers without a maximum: seconds, dollars, tokens.

Bounds for scores rest on the ends 0 and 1; here there is no upper end, so means take Student's t and quantiles take the
order statistics of the executions. All results are in the unit of the values.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import Floats, as_floats
from peel.statistics.cases import Cases, group
from peel.statistics.distributions import binomial_at_least, t_quantile
from peel.statistics.intervals import Interval, gaffke_upper, t_on_cases

__all__ = [
    "difference_cases_like_these",
    "difference_these_cases",
    "mean_cases_like_these",
    "mean_these_cases",
    "quantile",
    "quantile_bounds_cases_like_these",
    "quantile_interval",
    "ratio_cases_like_these",
    "ratio_these_cases",
]

_NOTHING = "No execution has a value, so there is nothing to estimate."
_NOT_REPEATED = "No case was repeated, so the spread within a case is unknown."
_CONSTANT = "All repetitions of every case are equal, so this method cannot say how sure it is."
_ZERO = "The base is 0, so there is no ratio to it."


def mean_cases_like_these(means: npt.ArrayLike, level: float = 0.95) -> Interval:
    """New cases like these: Student's t on m case means, shape (m,), with the lower end kept at 0 or more.

    Unknown for fewer than two cases and for cases that are all equal.
    """
    inner = t_on_cases(means, level)
    return inner.clipped(0.0, math.inf)


def mean_these_cases(cases: Cases, level: float = 0.95) -> Interval:
    """These cases run again: the stratified mean +- t with Welch & Satterthwaite's degrees of freedom, at least 0.

    v = sum(s_i^2 / k_i) / m^2; a case with one repetition borrows the pooled variance. Unknown if no case was repeated
    or nothing varies. Source: Satterthwaite (1946), Biometrics Bulletin 2; Cochran (1977), Sampling Techniques, sec.
    5.4.
    """
    method = "stratified t"
    mean, parts = cases.mean, _variance_parts(cases)
    trouble = _NOTHING if mean is None else _trouble(parts)
    if mean is None or parts is None or trouble:
        return Interval.unknown(level, method, note=trouble)
    half = t_quantile((1 + level) / 2, _satterthwaite(*parts)) * math.sqrt(parts[0].sum())
    return Interval(max(0.0, mean - half), mean + half, level, method)


def _variance_parts(cases: Cases) -> tuple[Floats, Floats] | None:
    """Each case's share in the variance of the mean, and the degrees of freedom it was estimated with."""
    variances = cases.variances
    if variances is None:
        return None
    pooled = cases.executions - cases.size
    return variances / cases.counts / cases.size**2, np.where(cases.counts > 1, cases.counts - 1.0, pooled)


def _trouble(parts: tuple[Floats, Floats] | None) -> str:
    if parts is None:
        return _NOT_REPEATED
    return "" if parts[0].sum() > 0 else _CONSTANT


def _satterthwaite(shares: Floats, degrees: Floats) -> float:
    return float(shares.sum() ** 2 / (shares**2 / degrees).sum())


def difference_cases_like_these(base: npt.ArrayLike, candidate: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """New cases like these: candidate - base by the paired t on the case means of the same m cases, shape (m,)."""
    return t_on_cases(as_floats(candidate) - as_floats(base), level)


def difference_these_cases(base: Cases, candidate: Cases, *, level: float = 0.95) -> Interval:
    """These cases run again: candidate - base with the variances within cases of both runs (Welch & Satterthwaite)."""
    method = "stratified Welch t"
    ours, theirs = _variance_parts(candidate), _variance_parts(base)
    if base.mean is None or candidate.mean is None or ours is None or theirs is None:
        return Interval.unknown(level, method, note=_NOT_REPEATED if base.size and candidate.size else _NOTHING)
    parts = np.concatenate((ours[0], theirs[0])), np.concatenate((ours[1], theirs[1]))
    if _trouble(parts):
        return Interval.unknown(level, method, note=_CONSTANT)
    middle = candidate.mean - base.mean
    half = t_quantile((1 + level) / 2, _satterthwaite(*parts)) * math.sqrt(parts[0].sum())
    return Interval(middle - half, middle + half, level, method)


def ratio_cases_like_these(base: npt.ArrayLike, candidate: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """New cases like these: mean candidate / mean base over the same m cases, shape (m,), on the log scale.

    The delta method with the paired residuals c_i / mean c - b_i / mean b and t_{m-1}; Cochran (1977), ch. 6. Unknown
    for fewer than two cases, a base or candidate of 0, and proportional cases.
    """
    b, c, method = as_floats(base), as_floats(candidate), "ratio of paired case means"
    if b.size != c.size:
        raise ValueError(f"{b.size} cases in the base, {c.size} in the candidate; a pair needs both")
    if b.size < 2 or b.mean() <= 0 or c.mean() <= 0:
        return Interval.unknown(level, method, note=_ZERO if b.size > 1 else "A ratio for new cases needs two cases.")
    error = float((c / c.mean() - b / b.mean()).std(ddof=1)) / math.sqrt(b.size)
    return _log_interval(float(c.mean() / b.mean()), t_quantile((1 + level) / 2, b.size - 1) * error, level, method)


def ratio_these_cases(base: Cases, candidate: Cases, *, level: float = 0.95) -> Interval:
    """These cases run again: mean candidate / mean base, with the variances within cases of both."""
    method = "ratio, within cases"
    ours, theirs = _variance_parts(candidate), _variance_parts(base)
    if ours is None or theirs is None:
        return Interval.unknown(level, method, note=_NOT_REPEATED if base.size and candidate.size else _NOTHING)
    if not base.mean or not candidate.mean or base.mean < 0 or candidate.mean < 0:
        return Interval.unknown(level, method, note=_ZERO)
    shares = np.concatenate((ours[0] / candidate.mean**2, theirs[0] / base.mean**2))
    if shares.sum() == 0:
        return Interval.unknown(level, method, note=_CONSTANT)
    freedom = _satterthwaite(shares, np.concatenate((ours[1], theirs[1])))
    half = t_quantile((1 + level) / 2, freedom) * math.sqrt(shares.sum())
    return _log_interval(candidate.mean / base.mean, half, level, method)


def _log_interval(ratio: float, half: float, level: float, method: str) -> Interval:
    if half < 1e-12:
        return Interval.unknown(level, method, note="Every case changed by the same ratio, so nothing varies.")
    return Interval(ratio * math.exp(-half), ratio * math.exp(half), level, method)


def quantile(values: npt.ArrayLike, probability: float) -> float | None:
    """The quantile of N executions, shape (N,), interpolated (type 7); 0.95 is the p95. None without values."""
    x = as_floats(values)
    return float(np.quantile(x, probability)) if x.size else None


def quantile_interval(values: npt.ArrayLike, probability: float, *, level: float = 0.95) -> Interval:
    """These cases run again: an interval for a quantile of N executions, shape (N,), by order statistics.

    The ends are executions: the lower one has a chance of at most (1 - level) / 2 to lie above the true quantile, the
    upper one likewise, whatever the distribution; executions of different cases make it wider than need be. An end that
    N executions cannot give is None, with a sentence. Source: David & Nagaraja (2003), Order Statistics, sec. 7.1.
    """
    x, method, tail = np.sort(as_floats(values)), "order statistics", (1 - level) / 2
    if not x.size:
        return Interval.unknown(level, method, note=_NOTHING)
    at_least = binomial_at_least(np.arange(x.size + 2), np.full(x.size + 2, x.size), rate=probability)
    from_below = int(np.count_nonzero(at_least[1 : x.size + 1] >= 1 - tail))
    from_above = int(np.argmax(at_least[1:] <= tail)) + 1
    low = float(x[from_below - 1]) if from_below >= 1 else None
    high = float(x[from_above - 1]) if from_above <= x.size else None
    if low is not None and low == high:
        return Interval.unknown(
            level, method, note=f"Too many of the {x.size} executions are equal to bound this quantile."
        )
    missing = [name for name, end in (("lower", low), ("upper", high)) if end is None]
    note = (
        f"{x.size} executions are too few for the {' or the '.join(missing)} end of this quantile." if missing else ""
    )
    return Interval(low, high, level, method, note)


def quantile_bounds_cases_like_these(
    case: npt.ArrayLike, values: npt.ArrayLike, probability: float, *, level: float = 0.95
) -> tuple[float | None, float | None]:
    """New cases like these: one-sided bounds of a quantile of the executions, from flat arrays of shape (N,).

    The quantile is at most t where at most 1 - probability of the executions lie above t, and each case gives one such
    share: the upper bound is the smallest value at which Gaffke's bound of that share's mean is no larger; the lower
    one its mirror image. An end that so few cases cannot give is None (the p95 has an upper end from 59 cases on).
    """
    x = as_floats(values)
    ordered = np.unique(x)

    def share(counted: npt.NDArray[np.bool_]) -> float:
        return gaffke_upper(group(case, counted).means, level) or 0.0

    highest = _first(lambda place: share(x > ordered[place]) <= 1 - probability, ordered.size)
    beyond = _first(lambda place: share(x < ordered[place]) > probability, ordered.size)
    low = float(ordered[beyond - 1]) if beyond > 0 else None
    return low, float(ordered[highest]) if highest < ordered.size else None


def _first(holds: Callable[[int], bool], size: int) -> int:
    """The first place from which on a statement holds; `size` where it never does."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
