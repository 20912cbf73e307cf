"""Production: ratings over time, who rates, how production compares with the test bed, and what fits no scenario."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import Booleans, Floats, Integers, as_floats, as_integers, as_shares
from peel.statistics.distributions import chi_square_above, normal_quantile
from peel.statistics.gates import benjamini_hochberg
from peel.statistics.intervals import Interval

__all__ = [
    "BETS",
    "Chart",
    "Offsets",
    "aipw_mean",
    "conformal_p",
    "drop_alarm",
    "drop_evidence",
    "effective_number",
    "ewma",
    "half_life_weights",
    "leave_one_out_distances",
    "nearest_distances",
    "novel",
    "offsets",
    "post_stratified",
    "response_bounds",
    "star_scores",
    "weighted_mean",
]

BETS = np.geomspace(0.02, 0.9, 12)
"""The bets of `drop_evidence`: shares of the largest one that keeps the evidence from being lost at once."""


def star_scores(stars: npt.ArrayLike, most: int = 5) -> Floats:
    """Stars 1..most onto [0, 1]: (stars - 1) / (most - 1), shape (n,). Raises ValueError for stars outside."""
    given = as_floats(stars)
    if most < 2 or (given.size and (given.min() < 1 or given.max() > most)):
        raise ValueError(f"stars run from 1 to {most}, and there are at least two of them")
    return (given - 1) / (most - 1)


def half_life_weights(ages: npt.ArrayLike, half_life: float = 7.0) -> Floats:
    """Weights 2^(-age / half_life), shape (n,); ages and half-life in one unit (days). Raises for a half-life <= 0."""
    if half_life <= 0:
        raise ValueError(f"a half-life is greater than 0, not {half_life}")
    return np.exp2(-as_floats(ages) / half_life)


def weighted_mean(values: npt.ArrayLike, weights: npt.ArrayLike) -> float | None:
    """sum w x / sum w, arrays of shape (n,). None where the weights sum to 0."""
    x, w = as_floats(values), as_floats(weights)
    return float((w * x).sum() / w.sum()) if w.sum() > 0 else None


def effective_number(weights: npt.ArrayLike) -> float:
    """How many equally weighted ratings say as much: (sum w)^2 / sum w^2; 0 for none. Source: Kish (1965)."""
    w = as_floats(weights)
    return float(w.sum() ** 2 / (w**2).sum()) if (w > 0).any() else 0.0


@dataclass(frozen=True, slots=True)
class Chart:
    """An exponentially weighted moving average and its asymptotic limits; a line to look at, not an alarm."""

    line: Floats
    """Shape (n + 1,): the target first, then the average after each value."""
    lower: float
    upper: float


def ewma(values: npt.ArrayLike, smoothing: float = 0.05, *, target: float, sd: float, width: float = 3.0) -> Chart:
    """z_t = smoothing x_t + (1 - smoothing) z_{t-1} from `target`, with limits target +- width sd sqrt(s / (2 - s)).

    Source: NIST/SEMATECH e-Handbook, 6.3.2.4. Ratings are skewed, so alarm with `drop_alarm` instead.
    """
    line = [target]
    for x in as_floats(values):
        line.append(smoothing * float(x) + (1 - smoothing) * line[-1])
    half = width * sd * math.sqrt(smoothing / (2 - smoothing))
    return Chart(np.array(line), target - half, target + half)


def drop_evidence(scores: npt.ArrayLike, baseline: float) -> Floats:
    """Evidence, after each score in [0, 1], shape (n,), that the mean dropped below `baseline` in [0, 1) at some time.

    The e-Shiryaev-Roberts statistic: the mean over 12 bets c of R <- (R + 1)(1 - c / (1 - baseline) (x - baseline)).
    Take the lower end of the baseline window's interval as `baseline`. Source: Shin, Ramdas & Rinaldo (2023),
    arXiv:2203.03532.
    """
    if not 0 <= baseline < 1:
        raise ValueError(f"a baseline lies in [0, 1), not {baseline}")
    x, stakes = as_shares(scores), np.zeros(BETS.size)
    evidence = np.empty(x.size)
    for t, score in enumerate(x):
        stakes = (stakes + 1) * (1 - BETS / (1 - baseline) * (score - baseline))
        evidence[t] = stakes.mean()
    return evidence


def drop_alarm(scores: npt.ArrayLike, baseline: float, *, run_length: float = 1000.0) -> int | None:
    """The position of the first score at which `drop_evidence` reaches `run_length`; None if it never does.

    Without a drop, an alarm comes after `run_length` ratings or more on average, whatever their distribution.
    """
    reached = np.flatnonzero(drop_evidence(scores, baseline) >= run_length)
    return int(reached[0]) if reached.size else None


def response_bounds(mean: float, response: float) -> tuple[float, float]:
    """The mean of all interactions in the worst and the best case, given that a share `response` was rated.

    [r mean, r mean + 1 - r]. Source: Manski (1990), American Economic Review 80.
    """
    return response * mean, response * mean + 1 - response


def post_stratified(stratum: npt.ArrayLike, ratings: npt.ArrayLike, *, shares: npt.ArrayLike) -> float | None:
    """sum share_s mean_s: ratings, shape (n,), reweighted to the strata's shares of all interactions, shape (S,).

    `stratum` numbers each rating's stratum from 0. None if a stratum with a share above 0 has no rating. Source: Holt &
    Smith (1979), JRSS A 142.
    """
    index, values, share = as_integers(stratum), as_floats(ratings), as_floats(shares)
    counts = np.bincount(index, minlength=share.size)
    if counts.size > share.size:
        raise ValueError(f"a rating lies in stratum {counts.size - 1}, but there are {share.size} shares")
    if (counts[share > 0] == 0).any() or share.sum() <= 0:
        return None
    sums = np.bincount(index, weights=values, minlength=share.size)
    return float((share * sums / np.maximum(counts, 1)).sum() / share.sum())


def aipw_mean(
    judge: npt.ArrayLike, rated: npt.ArrayLike, *, ratings: npt.ArrayLike, propensity: npt.ArrayLike
) -> float:
    """mean(F) + sum w (y - F) / sum w over the rated, w = 1 / propensity: the mean of all, corrected for who rates.

    The judge's score and the chance of being rated, in (0, 1], of all N interactions, shape (N,); `rated` are
    positions, `ratings` their values, shape (n,). A judge of all zeros gives the Hajek mean. Raises ValueError without
    a rating. Source: Robins, Rotnitzky & Zhao (1994), JASA 89.
    """
    f, y, rows = as_floats(judge), as_floats(ratings), np.asarray(rated, dtype=np.int64).ravel()
    chance = as_floats(propensity)[rows]
    if not rows.size or (chance <= 0).any():
        raise ValueError("there must be a rating, and each rating a propensity above 0")
    return float(f.mean() + ((y - f[rows]) / chance).sum() / (1 / chance).sum())


@dataclass(frozen=True, slots=True)
class Offsets:
    """Production - test bed over scenarios: the mean, how far scenarios differ beyond chance, and each scenario's."""

    fixed: float
    """Mean offset if all scenarios shared one."""
    mean: float
    """Mean offset with scenarios differing (random effects)."""
    error: float
    interval: Interval
    q: float
    p: float | None
    """Of Q: small where scenarios differ by more than chance. None for one scenario."""
    i_squared: float
    between: float
    """tau^2, the variance of the true offsets."""
    shrunken: Floats
    """Each scenario's offset, pulled to the mean the more, the less is known of it; shape (S,)."""


def offsets(differences: npt.ArrayLike, variances: npt.ArrayLike, *, level: float = 0.95) -> Offsets | None:
    """Random-effects summary of per-scenario differences d_s with variances v_s > 0, shape (S,). None without one.

    tau^2 by moments; shrunken = B mean + (1 - B) d_s, B = v_s / (v_s + tau^2). Source: DerSimonian & Laird (1986),
    Controlled Clinical Trials 7. Raises ValueError for a variance of 0 or less.
    """
    d, v = as_floats(differences), as_floats(variances)
    if d.size != v.size or (v <= 0).any():
        raise ValueError("each difference needs a variance above 0")
    if not d.size:
        return None
    w = 1 / v
    fixed = float((w * d).sum() / w.sum())
    q, degrees = float((w * (d - fixed) ** 2).sum()), d.size - 1
    scale = float(w.sum() - (w**2).sum() / w.sum())
    between = max(0.0, (q - degrees) / scale) if degrees else 0.0
    weights = 1 / (v + between)
    mean, error = float((weights * d).sum() / weights.sum()), float(weights.sum()) ** -0.5
    half, pull = normal_quantile((1 + level) / 2) * error, v / (v + between)
    return Offsets(
        fixed=fixed,
        mean=mean,
        error=error,
        interval=Interval(mean - half, mean + half, level, "DerSimonian-Laird"),
        q=q,
        p=chi_square_above(q, degrees) if degrees else None,
        i_squared=max(0.0, 1 - degrees / q) if q > 0 else 0.0,
        between=between,
        shrunken=pull * mean + (1 - pull) * d,
    )


def nearest_distances(known: npt.ArrayLike, new: npt.ArrayLike, *, neighbours: int = 3) -> Floats:
    """Mean cosine distance of each new vector to its nearest known ones, shapes (n, d) and (q, d) to (q,).

    With fewer known vectors than `neighbours`, to all of them. Raises ValueError without a known vector.
    """
    reference, vectors = _directions(known), _directions(new)
    if not len(reference):
        raise ValueError("there is no known case to be near to")
    return _nearest(1 - vectors @ reference.T, neighbours)


def leave_one_out_distances(known: npt.ArrayLike, neighbours: int = 3) -> Floats:
    """Each known vector's `nearest_distances` to the other known ones, shape (n, d) to (n,); empty below two."""
    reference = _directions(known)
    if len(reference) < 2:
        return np.empty(0)
    distances = 1 - reference @ reference.T
    np.fill_diagonal(distances, np.inf)
    return _nearest(distances, min(neighbours, len(reference) - 1))


def _directions(vectors: npt.ArrayLike) -> Floats:
    table = np.atleast_2d(np.asarray(vectors, dtype=np.float64))
    as_floats(table)
    lengths = np.sqrt((table**2).sum(axis=1, keepdims=True))
    directions: Floats = table / np.maximum(lengths, 1e-12)
    return directions


def _nearest(distances: Floats, neighbours: int) -> Floats:
    nearest: Floats = np.sort(distances, axis=1)[:, :neighbours].mean(axis=1)
    return nearest


def conformal_p(reference: npt.ArrayLike, new: npt.ArrayLike) -> Floats:
    """How unusual each new distance is: (1 + #{reference >= new}) / (n + 1), shapes (n,) and (q,) to (q,).

    Valid if known and new interactions are exchangeable. Source: Bates et al. (2023), Annals of Statistics 51.
    """
    known, distances = np.sort(as_floats(reference)), as_floats(new)
    as_far: Integers = known.size - np.searchsorted(known, distances, side="left")
    return (1.0 + as_far) / (known.size + 1)


def novel(reference: npt.ArrayLike, new: npt.ArrayLike, *, false_share: float = 0.1) -> Booleans:
    """Which new interactions fit no known case, with an expected share of false ones of at most `false_share`, (q,).

    `conformal_p` with Benjamini & Hochberg's correction. It takes about 1 / (false_share x share of new) known cases.
    """
    return np.asarray(benjamini_hochberg(conformal_p(reference, new)) <= false_share, dtype=np.bool_)
