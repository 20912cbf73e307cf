"""Intervals for means in [0, 1]: for new cases like these, and for exactly these cases run again.

The default for *cases like these* is `anchored_bootstrap`, for *these cases* `these_cases`. Gates use one-sided bounds:
`gaffke_lower` and `gaffke_upper` for cases like these, `these_cases` at twice the error for these cases (`one_sided`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import Floats, as_floats, as_shares, is_constant
from peel.statistics.cases import Cases
from peel.statistics.distributions import beta_quantile, dirichlet_mean_quantile, normal_quantile, t_quantile

__all__ = [
    "Interval",
    "agresti_coull",
    "anchored_bootstrap",
    "clopper_pearson",
    "cluster_bootstrap",
    "effective_executions",
    "gaffke",
    "gaffke_lower",
    "gaffke_upper",
    "jeffreys",
    "mover",
    "one_sided",
    "pass_hat_these_cases",
    "t_on_cases",
    "these_cases",
    "wilson",
    "wilson_pooled",
]


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a value lies with confidence `level`; an end that cannot be known is None, and `note` says why."""

    low: float | None
    high: float | None
    level: float
    method: str
    note: str = ""

    @classmethod
    def unknown(cls, level: float, method: str, *, note: str) -> Interval:
        """No interval, and the sentence to print instead."""
        return cls(None, None, level, method, note)

    @property
    def width(self) -> float | None:
        """high - low, or None where an end is unknown."""
        return None if self.low is None or self.high is None else self.high - self.low

    def clipped(self, low: float, high: float) -> Interval:
        """The same, with both ends brought into [low, high]."""
        ends = [None if end is None else min(max(end, low), high) for end in (self.low, self.high)]
        return Interval(ends[0], ends[1], self.level, self.method, self.note)


_NO_CASE = "No case has a score yet, so there is nothing to estimate."
_ONE_CASE = "One case says nothing about new cases: read the interval for these cases."
_TWO_CASES = "Two cases are too few to generalise."


def one_sided(level: float) -> float:
    """The level of a two-sided interval each of whose ends is a one-sided bound of `level`: 0.95 gives 0.90."""
    return 2 * level - 1


def _tail(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies in (0, 1), not {level}")
    return (1 - level) / 2


def anchored_bootstrap(means: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Cases like these: the anchored Bayesian bootstrap of m case means in [0, 1], shape (m,).

    The distribution of w_0*0 + sum w_i x_i + w_1*1 with w ~ Dirichlet(1/2, 1, ..., 1, 1/2), by inversion, without
    random numbers; beyond 200 cases by a moment-matched Beta. Passes and failures give the Jeffreys interval; graded
    scores Rubin's (1981) Bayesian bootstrap, Annals of Statistics 9, with half a case of prior at each end. The
    combination is PEEL's own and has no name in the literature. Unknown for fewer than two cases; a note for two.
    """
    x, tail, method = as_shares(means), _tail(level), "anchored Bayesian bootstrap"
    if x.size < 2:
        return Interval.unknown(level, method, note=_ONE_CASE if x.size else _NO_CASE)
    points = np.concatenate(([0.0], x, [1.0]))
    weights = np.concatenate(([0.5], np.ones(x.size), [0.5]))
    low = 0.0 if x.max() == 0 else dirichlet_mean_quantile(tail, points, weights=weights)
    high = 1.0 if x.min() == 1 else dirichlet_mean_quantile(1 - tail, points, weights=weights)
    return Interval(low, high, level, method, _TWO_CASES if x.size == 2 else "")


def gaffke_lower(means: npt.ArrayLike, level: float = 0.95) -> float | None:
    """Cases like these: the one-sided lower bound for the mean of new cases, from m case means in [0, 1], shape (m,).

    The (1 - level) quantile of Dirichlet(1, ..., 1) weights on (0, x_1, ..., x_m); for passes and failures exactly
    Clopper & Pearson's. None without a case. Source: Gaffke (2005); Learned-Miller & Thomas (2019), arXiv:1905.06208;
    its validity for graded scores is strongly supported, not proven.
    """
    x = as_shares(means)
    if not x.size:
        return None
    return dirichlet_mean_quantile(1 - level, np.append(0.0, x), weights=np.ones(x.size + 1))


def gaffke_upper(means: npt.ArrayLike, level: float = 0.95) -> float | None:
    """Cases like these: the one-sided upper bound for the mean of new cases; the mirror image of `gaffke_lower`."""
    mirrored = gaffke_lower(1 - as_shares(means), level)
    return None if mirrored is None else 1 - mirrored


def gaffke(means: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Cases like these: both of Gaffke's bounds, each with half of the error; wider than `anchored_bootstrap`."""
    each = 1 - _tail(level)
    low, high = gaffke_lower(means, each), gaffke_upper(means, each)
    return Interval(low, high, level, "Gaffke", "" if low is not None else _NO_CASE)


def wilson(share: float, n: float, *, level: float = 0.95) -> Interval:
    """The score interval of a share seen in n independent executions; n may be fractional (an effective number).

    Source: Wilson (1927), JASA 22. Unknown for n <= 0; never of zero width.
    """
    z, method = normal_quantile(1 - _tail(level)), "Wilson"
    if n <= 0:
        return Interval.unknown(level, method, note=_NO_CASE)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    low = 0.0 if share <= 0 else max(0.0, centre - half)
    high = 1.0 if share >= 1 else min(1.0, centre + half)
    return Interval(low, high, level, method)


def wilson_pooled(cases: Cases, level: float = 0.95) -> Interval:
    """Wilson's interval as if all executions were independent: by name, and too narrow for new cases."""
    mean = cases.pooled_mean
    return wilson(0.0 if mean is None else mean, cases.executions, level=level)


def effective_executions(cases: Cases) -> float | None:
    """These cases: the number of independent executions that would say as much about the mean as the ones at hand.

    p(1-p)/v kept within [base, 4 base], with v = sum(s_i^2 / k_i) / m^2 and base = max(N, N p(1-p) / s^2), s^2 the
    variance of all executions; base itself if v is 0 or no case was repeated, N if all scores are equal. None without
    cases. Hoeffding (1956), Annals of Mathematical Statistics 27, is why N is conservative. Where repetitions differ so
    much between cases that equal weight per case costs more than a tenth of them, N is m^2 / sum(1 / k_i).
    """
    mean, total = cases.mean, cases.total_variance
    if mean is None:
        return None
    n, binary = _weighted_executions(cases), mean * (1 - mean)
    base = max(n, n * binary / total) if total else n
    variances = cases.variances
    v = 0.0 if variances is None else float((variances / cases.counts).sum()) / cases.size**2
    return base if v == 0 or binary == 0 else min(max(binary / v, base), 4 * base)


def _weighted_executions(cases: Cases) -> float:
    weighted = cases.size**2 / float((1 / cases.counts).sum())
    return float(cases.executions) if weighted >= 0.9 * cases.executions else weighted


def these_cases(cases: Cases, level: float = 0.95) -> Interval:
    """These cases: Wilson's interval of the mean of case means with `effective_executions`.

    Values lie in [0, 1]; ValueError if their mean does not (for seconds and dollars see `unbounded`).
    """
    mean, n = cases.mean, effective_executions(cases)
    if mean is None or n is None:
        return Interval.unknown(level, "Wilson, effective n", note=_NO_CASE)
    inner = wilson(float(as_shares(mean)[0]), n, level=level)
    return Interval(inner.low, inner.high, level, "Wilson, effective n")


def pass_hat_these_cases(executions: npt.ArrayLike, values: npt.ArrayLike, *, k: int, level: float = 0.95) -> Interval:
    """These cases: Wilson's interval of pass^k from the n executions and the unbiased value of each case, shape (m,).

    A case's value is the mean over all choices of k of its n executions, whose variance is at most k/n of that of one
    choice; Hoeffding (1948), Annals of Mathematical Statistics 19. So n executions count for n/k, which is
    conservative; for k = 1 it is the pooled interval. Unknown without cases.
    """
    n, x, method = as_floats(executions), as_shares(values), "Wilson, n/k"
    if not x.size:
        return Interval.unknown(level, method, note=_NO_CASE)
    inner = wilson(float(x.mean()), x.size**2 / float((k / n).sum()), level=level)
    return Interval(inner.low, inner.high, level, method)


def jeffreys(passes: int, n: int, *, level: float = 0.95) -> Interval:
    """The Jeffreys interval of a share, without the boundary modification: quantiles of Beta(c + 1/2, n - c + 1/2).

    Source: Brown, Cai & DasGupta (2001), Statistical Science 16. Unknown for n = 0.
    """
    tail, a, b = _tail(level), passes + 0.5, n - passes + 0.5
    if n < 1:
        return Interval.unknown(level, "Jeffreys", note=_NO_CASE)
    return Interval(beta_quantile(tail, a, b=b), beta_quantile(1 - tail, a, b=b), level, "Jeffreys")


def clopper_pearson(passes: int, n: int, *, level: float = 0.95) -> Interval:
    """The exact interval of a share. Source: Clopper & Pearson (1934), Biometrika 26. Unknown for n = 0."""
    tail = _tail(level)
    if n < 1:
        return Interval.unknown(level, "Clopper-Pearson", note=_NO_CASE)
    low, high = beta_quantile(tail, passes, b=n - passes + 1), beta_quantile(1 - tail, passes + 1, b=n - passes)
    return Interval(low, high, level, "Clopper-Pearson")


def agresti_coull(passes: int, n: int, *, level: float = 0.95) -> Interval:
    """Wald's interval after adding z^2/2 passes and failures. Source: Agresti & Coull (1998). Unknown for n = 0."""
    z = normal_quantile(1 - _tail(level))
    if n < 1:
        return Interval.unknown(level, "Agresti-Coull", note=_NO_CASE)
    share = (passes + z * z / 2) / (n + z * z)
    half = z * math.sqrt(share * (1 - share) / (n + z * z))
    return Interval(share - half, share + half, level, "Agresti-Coull").clipped(0.0, 1.0)


def t_on_cases(means: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Student's t on m case means in any unit, shape (m,): mean +- t_{m-1} s / sqrt(m), not clipped.

    By name, for who must use it: near 0 and 1 it covers far less than it says. Unknown for fewer than two cases and for
    cases that are all equal.
    """
    x, method = as_floats(means), "t on case means"
    trouble = _no_spread(x)
    if trouble:
        return Interval.unknown(level, method, note=trouble)
    half = t_quantile(1 - _tail(level), x.size - 1) * float(x.std(ddof=1)) / math.sqrt(x.size)
    return Interval(float(x.mean()) - half, float(x.mean()) + half, level, method)


def _no_spread(x: Floats) -> str:
    if x.size < 2:
        return _ONE_CASE if x.size else _NO_CASE
    return f"All {x.size} cases have the same mean, so this method cannot say how sure it is." if is_constant(x) else ""


def cluster_bootstrap(means: npt.ArrayLike, level: float = 0.95, *, draws: int = 2000, seed: int = 0) -> Interval:
    """The percentile bootstrap over m case means, shape (m,): cases are drawn, with all their repetitions.

    By name, for who must use it: too narrow for few cases. Source: Efron & Tibshirani (1993), ch. 13. The same seed
    gives the same interval. Unknown for fewer than two cases and for cases that are all equal.
    """
    x, tail, method = as_floats(means), _tail(level), "cluster bootstrap"
    trouble = _no_spread(x)
    if trouble:
        return Interval.unknown(level, method, note=trouble)
    generator = np.random.default_rng(seed)
    drawn = np.array([x[generator.integers(0, x.size, x.size)].mean() for _ in range(draws)])
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(float(low), float(high), level, method)


def mover(estimates: npt.ArrayLike, intervals: Sequence[Interval], *, weights: npt.ArrayLike) -> Interval:
    """The interval of sum w_s theta_s over independent estimates, shape (S,), from the interval of each.

    w may be negative.

    L = theta - sqrt(sum w_s^2 (theta_s - l_s)^2), U likewise; a negative weight swaps the ends, so weights (-1, 1) give
    Newcombe's (1998) interval of a difference. Source: Zou & Donner (2008), Statistics in Medicine 27. Raises
    ValueError for intervals of different levels; unknown if there is none or an end of any is unknown.
    """
    theta, w = as_floats(estimates), as_floats(weights)
    if not theta.size == w.size == len(intervals):
        raise ValueError("each estimate needs its interval and its weight")
    levels = {interval.level for interval in intervals}
    if len(levels) > 1:
        raise ValueError(f"the intervals have different levels: {sorted(levels)}")
    ends = [(i.low, i.high) for i in intervals if i.low is not None and i.high is not None]
    if not ends or len(ends) < len(intervals):
        note = next((i.note for i in intervals if i.low is None or i.high is None), _NO_CASE)
        return Interval.unknown(levels.pop() if levels else 0.95, "MOVER", note=note)
    low, high = np.array(ends).T
    down, up = np.where(w >= 0, theta - low, high - theta), np.where(w >= 0, high - theta, theta - low)
    total = float((w * theta).sum())
    return Interval(total - _length(w * down), total + _length(w * up), levels.pop(), "MOVER")


def _length(parts: Floats) -> float:
    return math.sqrt(float((parts**2).sum()))
