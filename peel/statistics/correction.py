"""A judge's mean corrected by people's scores on some of the executions (prediction-powered inference).

The scored ones must be a random sample of all, or weighted by 1 / probability (`monitoring.aipw_mean`); chosen by
hand, they void all of this. Below 20 cases scored by people, print the people's mean with its interval and the judge's
bias; the corrected point may be shown without an interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import Floats, as_floats, as_shares
from peel.statistics.cases import group
from peel.statistics.distributions import normal_quantile, t_quantile
from peel.statistics.intervals import Interval, anchored_bootstrap

__all__ = ["FEWEST_LABELLED_CASES", "Corrected", "corrected_mean", "corrected_mean_of_cases", "rogan_gladen"]

FEWEST_LABELLED_CASES = 20


@dataclass(frozen=True, slots=True)
class Corrected:
    """A mean corrected by people's scores, in [0, 1] like them but not clipped, with its standard error."""

    estimate: float
    weight: float
    """lambda in [0, 1]: how much the judge counts. 0 is people only, 1 the plain difference estimator."""
    error: float | None
    """The standard error; None where it cannot be known."""
    interval: Interval
    """The recommended interval."""
    t_interval: Interval
    """estimate +- t standard errors, for comparison: it covers too little near 0 and 1."""


def _variance(x: Floats) -> float:
    return float(x.var(ddof=1))


def _covariance(x: Floats, y: Floats) -> float:
    return float(((x - x.mean()) * (y - y.mean())).sum() / (x.size - 1))


def _ratio_in_unit(top: float, bottom: float) -> float:
    return min(1.0, max(0.0, top / bottom)) if bottom > 0 else 0.0


def _t_around(estimate: float, error: float | None, n: int, level: float) -> Interval:
    if error is None or error == 0:
        return Interval.unknown(level, "t", note="The corrected scores do not vary, so how sure it is cannot be said.")
    half = t_quantile((1 + level) / 2, n - 1) * error
    return Interval(estimate - half, estimate + half, level, "t")


def corrected_mean(
    human: npt.ArrayLike,
    judge: npt.ArrayLike,
    *,
    unlabelled: npt.ArrayLike,
    weight: float | None = None,
    level: float = 0.95,
) -> Corrected | None:
    """Independent executions, n labelled and N not: lambda mean(judge, unlabelled) + mean(human - lambda judge).

    `weight` fixes lambda; None tunes it, cov(Y, F) / ((1 + n/N) var F) with divisor n in the covariance, within [0, 1].
    `interval` uses z and divisor n, as the paper's own package; `t_interval` t_{n-1} and divisor n - 1. With several
    executions per case use `corrected_mean_of_cases`. None for fewer than two labelled or unlabelled. Source:
    Angelopoulos et al. (2023), arXiv:2301.09633 (lambda = 1) and arXiv:2311.01453 (tuned).
    """
    y, f, u = as_floats(human), as_floats(judge), as_floats(unlabelled)
    n, many = y.size, u.size
    if f.size != n:
        raise ValueError(f"{n} scores by people and {f.size} by the judge on the same executions")
    if min(n, many) < 2:
        return None
    lam = _tuned(y, f, u) if weight is None else weight
    left = y - lam * f
    estimate = lam * float(u.mean()) + float(left.mean())
    plain = math.sqrt(lam**2 * float(u.var()) / many + float(left.var()) / n)
    error = math.sqrt(lam**2 * _variance(u) / many + _variance(left) / n)
    half = normal_quantile((1 + level) / 2) * plain
    around = _t_around(estimate, error, n, level)
    interval = Interval(estimate - half, estimate + half, level, "prediction-powered, normal") if plain > 0 else around
    return Corrected(estimate, lam, error, interval, around)


def _tuned(y: Floats, f: Floats, u: Floats) -> float:
    covariance = _covariance(y, f) * (y.size - 1) / y.size
    return _ratio_in_unit(covariance, (1 + y.size / u.size) * _variance(np.concatenate((f, u))))


def corrected_mean_of_cases(
    case: npt.ArrayLike,
    judge: npt.ArrayLike,
    *,
    labelled: npt.ArrayLike,
    human: npt.ArrayLike,
    level: float = 0.95,
) -> Corrected | None:
    """Repetitions in cases, cases like these: the judge on all N executions, people on some; scores in [0, 1].

    Flat arrays: `case` and `judge` have shape (N,), `labelled` holds the positions in them that people scored, shape
    (n,), and `human` those scores. With judge means F_i of M cases, L of them labelled, and D_i the labelled
    executions' mean of human - lambda judge: theta = lambda mean F + mean D, V = lambda^2 s^2(F)/M + s^2(D)/L + 2
    lambda cov(F, D)/M, lambda the minimum of V within [0, 1]. The interval adds the two parts as MOVER does with
    correlation, D by the anchored bootstrap. None for fewer than two labelled cases. Reduces to PPI++ for one execution
    per case.
    """
    index, scores, rows = np.asarray(case).ravel(), as_shares(judge), np.asarray(labelled, dtype=np.int64).ravel()
    everyone = group(index, scores)
    people, seen = group(index[rows], as_shares(human)), group(index[rows], scores[rows])
    if people.size < 2:
        return None
    f, y, on_labelled = everyone.means, people.means, seen.means
    at = f[np.searchsorted(everyone.index, people.index)]
    m, labels = f.size, y.size
    lam = _ratio_in_unit(
        _covariance(y, on_labelled) / labels - _covariance(at, y) / m,
        _variance(on_labelled) / labels + _variance(f) / m - 2 * _covariance(at, on_labelled) / m,
    )
    left = y - lam * on_labelled
    shared = _covariance(at, left)
    variance = lam**2 * _variance(f) / m + _variance(left) / labels + 2 * lam * shared / m
    estimate, error = lam * float(f.mean()) + float(left.mean()), math.sqrt(variance) if variance > 0 else None
    interval = _added(estimate, lam, f, left=left, shared=shared, level=level)
    return Corrected(estimate, lam, error, interval, _t_around(estimate, error, labels, level))


def _added(estimate: float, lam: float, f: Floats, *, left: Floats, shared: float, level: float) -> Interval:
    """MOVER for lambda mean F (by t) plus mean D (by the anchored bootstrap), which are correlated."""
    spread = math.sqrt(_variance(f) * _variance(left))
    r = max(-1.0, min(1.0, shared / spread * math.sqrt(left.size / f.size))) if spread > 0 else 0.0
    a = lam * t_quantile((1 + level) / 2, f.size - 1) * math.sqrt(_variance(f) / f.size)
    inner = anchored_bootstrap((left + lam) / (1 + lam), level)
    if inner.low is None or inner.high is None:
        return inner
    middle = float(left.mean())
    down = middle - (inner.low * (1 + lam) - lam)
    up = inner.high * (1 + lam) - lam - middle
    low, high = (math.sqrt(max(0.0, a**2 + b**2 + 2 * r * a * b)) for b in (down, up))
    return Interval(estimate - low, estimate + high, level, "judge corrected by people, MOVER", inner.note)


def rogan_gladen(
    share: float,
    n: int,
    *,
    sensitivity: tuple[float, int],
    specificity: tuple[float, int],
) -> tuple[float, float] | None:
    """(theta, error) of a pass rate from a judge of known errors: (p + spec - 1) / (sens + spec - 1), in [0, 1].

    `share` is the judge's pass rate on n executions; sensitivity and specificity come with the number of passes and
    failures they were found on, from another sample than this one. None where the judge is no better than chance.
    Source: Rogan & Gladen (1978), American Journal of Epidemiology 107; variance as in Lee et al. (2025),
    arXiv:2511.21140.
    """
    (sens, passes), (spec, failures) = sensitivity, specificity
    skill = sens + spec - 1
    if skill <= 0 or min(n, passes, failures) < 1:
        return None
    theta = min(1.0, max(0.0, (share + spec - 1) / skill))
    noise = share * (1 - share) / n
    noise += (1 - theta) ** 2 * spec * (1 - spec) / failures + theta**2 * sens * (1 - sens) / passes
    return theta, math.sqrt(noise) / skill
