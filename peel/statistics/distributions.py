"""Quantiles and probabilities of the few distributions used here, and the one root finder.

`scipy.special` is imported here and nowhere else; `scipy.stats` and `scipy.optimize` are never imported, as they cost
hundreds of milliseconds at start.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import special

from peel.statistics.arrays import Floats, as_floats

__all__ = [
    "beta_quantile",
    "binomial_at_least",
    "binomial_two_sided",
    "chi_square_above",
    "chi_square_quantile",
    "dirichlet_mean_cdf",
    "dirichlet_mean_quantile",
    "matched_beta_quantile",
    "normal_quantile",
    "normal_two_sided",
    "root",
    "t_quantile",
    "t_two_sided",
]

_EXACT_VALUES = 202
_PRECISION = 1e-12


def normal_quantile(probability: float) -> float:
    """The standard normal quantile of a probability in (0, 1)."""
    return float(special.ndtri(probability))


def normal_two_sided(z: float) -> float:
    """P(|Z| >= |z|) of a standard normal Z."""
    return float(2 * special.ndtr(-abs(z)))


def t_quantile(probability: float, degrees: float) -> float:
    """Student's t quantile of a probability in (0, 1), with `degrees` > 0 degrees of freedom (need not be whole)."""
    return float(special.stdtrit(degrees, probability))


def t_two_sided(t: float, degrees: float) -> float:
    """P(|T| >= |t|) of Student's T with `degrees` degrees of freedom."""
    return float(2 * special.stdtr(degrees, -abs(t)))


def beta_quantile(probability: float, a: float, *, b: float) -> float:
    """The quantile of Beta(a, b), in [0, 1]; a or b of 0 is the point mass at 0 or 1."""
    if a <= 0 or b <= 0:
        return 0.0 if a <= 0 else 1.0
    return float(special.betaincinv(a, b, probability))


def chi_square_above(x: float, degrees: float) -> float:
    """P(X >= x) of a chi-square X."""
    return float(special.chdtrc(degrees, x))


def chi_square_quantile(probability: float, degrees: float) -> float:
    """The quantile of a chi-square with `degrees` degrees of freedom."""
    return float(special.chdtri(degrees, 1 - probability))


def binomial_at_least(passes: npt.ArrayLike, n: npt.ArrayLike, *, rate: float) -> Floats:
    """P(X >= passes), X ~ Binomial(n, rate), elementwise over integer arrays; 1 where passes is 0."""
    c, total = np.broadcast_arrays(np.asarray(passes, dtype=np.float64), np.asarray(n, dtype=np.float64))
    inside = special.betainc(np.maximum(c, 1), np.maximum(total - c + 1, 1), rate)
    return np.where(c <= 0, 1.0, np.where(c > total, 0.0, inside)).astype(np.float64)


def binomial_two_sided(passes: int, n: int) -> float:
    """The exact two-sided p of `passes` in `n` fair coin flips; 1 for n = 0."""
    return min(1.0, 2 * float(binomial_at_least(max(passes, n - passes), n, rate=0.5)))


def root(function: Callable[[float], float], low: float, *, high: float) -> float:
    """Where `function` changes sign between `low` and `high`, to 1e-12; a step that helped little is followed by one
    that halves the bracket.

    False position with the weights of Anderson & Bjoerck (1973), BIT 13. Raises ValueError where both ends have one
    sign.
    """
    at_low, at_high = function(low), function(high)
    if at_low == 0 or at_high == 0:
        return low if at_low == 0 else high
    if (at_low > 0) == (at_high > 0):
        raise ValueError("the function has the same sign at both ends")
    halve, before = False, max(abs(at_low), abs(at_high))
    for _ in range(300):
        middle = (low + high) / 2 if halve else high - at_high * (high - low) / (at_high - at_low)
        value = function(middle)
        halve, before = not halve and abs(value) > before / 2, abs(value)
        if abs(value) < _PRECISION or abs(high - low) < _PRECISION:
            return float(middle)
        if (value > 0) != (at_high > 0):
            low, at_low = high, at_high
        else:
            shrink = 1 - value / at_high
            at_low *= shrink if shrink > 0 else 0.5
        high, at_high = middle, value
    return float((low + high) / 2)


def dirichlet_mean_cdf(t: float, values: npt.ArrayLike, *, weights: npt.ArrayLike) -> float:
    """P(sum w_i values_i <= t) for w ~ Dirichlet(weights); `values` and `weights` have shape (n,).

    A Dirichlet mean is at most t where sum g_i (values_i - t) <= 0 with independent g_i ~ Gamma(weights_i). That
    probability is the inversion integral of Gil-Pelaez (1951), Biometrika 38, here by the trapezoid rule after the
    substitution log u = s - exp(-s), whose error falls exponentially with the number of points. No random numbers.
    """
    gaps, power = np.unique(as_floats(values) - t, return_inverse=True)
    mass: Floats = np.bincount(power, weights=as_floats(weights)).astype(np.float64)
    if gaps[-1] <= 0:
        return 1.0
    if gaps[0] >= 0:
        return 0.0
    gaps = gaps / np.abs(gaps).max()
    gaps = gaps / np.sqrt((mass * gaps**2).sum())
    step = 1.1 / np.sqrt(mass.sum() + 30)
    s = np.arange(-3.7, _last_point(gaps, mass), step)[:, None]
    reach = np.exp(s - np.exp(-s)) * gaps
    density = np.exp(-0.5 * np.log1p(reach**2) @ mass) * np.sin(np.arctan(reach) @ mass)
    integral = step * float(((1 + np.exp(-s[:, 0])) * density).sum())
    return float(np.clip(0.5 - integral / np.pi, 0.0, 1.0))


def _last_point(gaps: Floats, mass: Floats) -> float:
    ends = np.array([1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0, 32.0, 48.0, 75.0])
    decay = 0.5 * np.log1p((np.exp(ends)[:, None] * gaps) ** 2) @ mass
    return float(ends[min(int(np.searchsorted(decay, 37.0)), ends.size - 1)])


def dirichlet_mean_quantile(probability: float, values: npt.ArrayLike, *, weights: npt.ArrayLike) -> float:
    """The quantile of sum w_i values_i, w ~ Dirichlet(weights), for values in [0, 1], shape (n,).

    Exact for values of only 0 and 1 (a Beta) and for up to 202 values by inversion, to about 1e-10; beyond, the Beta
    with the same mean and variance, which differs by less than 0.001 there.
    """
    points, mass = as_floats(values), as_floats(weights)
    if points.min() == points.max():
        return float(points[0])
    if np.isin(points, (0.0, 1.0)).all():
        return beta_quantile(probability, float(mass[points == 1].sum()), b=float(mass[points == 0].sum()))
    if points.size > _EXACT_VALUES:
        return matched_beta_quantile(probability, points, weights=mass)
    missing = cache(lambda t: dirichlet_mean_cdf(t, points, weights=mass) - probability)
    low, high = _around(missing, probability, points, mass)
    return root(missing, low, high=high)


def _around(missing: Callable[[float], float], probability: float, points: Floats, mass: Floats) -> tuple[float, float]:
    """Two values with the quantile between them: the matched Beta's is so near that the root takes a third of the
    steps it takes from end to end."""
    least, most = float(points.min()), float(points.max())
    inside = (points - least) / (most - least)

    def matched(chance: float) -> float:
        return least + (most - least) * matched_beta_quantile(chance, inside, weights=mass)

    near = matched(probability)
    gap = missing(near)
    other = matched(min(max(probability - 2 * gap, probability / 10), 1 - (1 - probability) / 10))
    if (missing(other) > 0) != (gap > 0):
        return near, other
    return near, least if gap > 0 else most


def matched_beta_quantile(probability: float, values: npt.ArrayLike, *, weights: npt.ArrayLike) -> float:
    """The quantile of the Beta with the mean and the variance of sum w_i values_i, w ~ Dirichlet(weights), shape (n,).

    Values in [0, 1], not all equal. Close for many values; off by up to 0.03 for five.
    """
    points, mass = as_floats(values), as_floats(weights)
    total = mass.sum()
    mean = float((mass * points).sum() / total)
    variance = float((mass * (points - mean) ** 2).sum() / (total * (total + 1)))
    size = mean * (1 - mean) / variance - 1
    return beta_quantile(probability, mean * size, b=(1 - mean) * size)
