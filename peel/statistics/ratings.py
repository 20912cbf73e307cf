"""Intervals for the mean of ratings in [0, 1] from their counts, however many there are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import as_floats, as_shares
from peel.statistics.distributions import beta_quantile, dirichlet_mean_quantile
from peel.statistics.intervals import Interval

__all__ = ["METHOD", "bootstrap_of_counts", "bootstrap_of_sums"]

METHOD = "anchored Bayesian bootstrap"

_NONE = "Nothing is rated, so there is nothing to estimate."
_ONE = "One rating says nothing about others."
_TWO = "Two ratings are too few to generalise."


def bootstrap_of_counts(values: npt.ArrayLike, counts: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """`intervals.anchored_bootstrap` of ratings of which `counts`, shape (v,), have each of `values`, shape (v,).

    By inversion, without random numbers. Unknown for fewer than two ratings; a note for two.
    """
    x, n = as_shares(values), as_floats(counts)
    x, n = x[n > 0], n[n > 0]
    if n.sum() < 2:
        return Interval.unknown(level, METHOD, note=_ONE if n.sum() else _NONE)
    points, weights = np.concatenate(([0.0], x, [1.0])), np.concatenate(([0.5], n, [0.5]))
    tail = (1 - level) / 2
    low = 0.0 if x.max() == 0 else dirichlet_mean_quantile(tail, points, weights=weights)
    high = 1.0 if x.min() == 1 else dirichlet_mean_quantile(1 - tail, points, weights=weights)
    return Interval(low, high, level, METHOD, _TWO if n.sum() == 2 else "")


def bootstrap_of_sums(n: int, total: float, *, squares: float, level: float = 0.95) -> Interval:
    """The same from the number, the sum and the sum of squares of ratings: by the Beta with the bootstrap's mean and
    variance. Of some hundred mixtures of stars, thumbs and smileys it is within 0.004 of it from 101 ratings on, within
    0.001 from 400 on. Unknown for fewer than two.

    With mu = (total + 1/2) / (n + 1), the bootstrap's variance is (squares - 2 mu total + n mu^2 + mu^2/2 +
    (1 - mu)^2/2) / ((n + 1)(n + 2)).
    """
    if n < 2:
        return Interval.unknown(level, METHOD, note=_ONE if n else _NONE)
    mean = (total + 0.5) / (n + 1)
    spread = squares - 2 * mean * total + n * mean**2 + mean**2 / 2 + (1 - mean) ** 2 / 2
    size = mean * (1 - mean) * (n + 1) * (n + 2) / spread - 1
    tail, a, b = (1 - level) / 2, mean * size, (1 - mean) * size
    low = 0.0 if total <= 0 else beta_quantile(tail, a, b=b)
    high = 1.0 if total >= n else beta_quantile(1 - tail, a, b=b)
    return Interval(low, high, level, METHOD, _TWO if n == 2 else "")
