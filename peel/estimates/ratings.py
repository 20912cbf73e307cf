"""The mean of users' ratings with its interval, from counts that the database made.

The unit is the interaction, with its last rating. Who rates is not everybody: each estimate has the bounds that hold
whatever those would have said that did not rate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from peel.estimates.methods import LEVEL
from peel.records.feedback import Tally
from peel.records.production import RatingEstimate
from peel.statistics.intervals import Interval
from peel.statistics.monitoring import response_bounds
from peel.statistics.ratings import METHOD, bootstrap_of_counts, bootstrap_of_sums

EXACT_UP_TO = 100
"""Up to how many ratings the interval is made of each value's count; of more, of their number, sum and squares."""

BY_SUMS = f"{METHOD}, by its mean and variance"


def needs_values(tally: Tally) -> bool:
    """Whether the interval takes the ratings by value, and not only their sums."""
    return 2 <= tally.rated <= EXACT_UP_TO


def estimated(tally: Tally, values: Mapping[float, int] | None = None) -> RatingEstimate:
    """The mean of some ratings. `values` counts them by value; without it, and where they are not as many, as they were
    counted a moment earlier or later, their sums have to do, however few they are."""
    interval = _interval(tally, values)
    worst = best = None
    if tally.mean is not None and tally.share_rated is not None:
        ends = response_bounds(tally.mean, tally.share_rated)
        # Where all are rated both are the mean, but for rounding.
        worst, best = min(ends[0], tally.mean), max(ends[1], tally.mean)
    return RatingEstimate(
        tally=tally,
        low=interval.low,
        high=interval.high,
        level=interval.level,
        method=interval.method,
        note=interval.note or _all_alike(tally),
        worst=worst,
        best=best,
    )


def _interval(tally: Tally, values: Mapping[float, int] | None) -> Interval:
    if needs_values(tally) and values is not None and sum(values.values()) == tally.rated:
        return bootstrap_of_counts(list(values), list(values.values()), level=LEVEL)
    made = bootstrap_of_sums(tally.rated, tally.total, squares=tally.squares, level=LEVEL)
    return Interval(made.low, made.high, made.level, BY_SUMS if tally.rated >= 2 else METHOD, made.note)


def _all_alike(tally: Tally) -> str:
    """Told where it is so: an interval is then as wide as it is by what ratings might have been, not were."""
    if tally.rated < 2 or (tally.variance or 0) > 1e-12:
        return ""
    return f"All {tally.rated:,} ratings are the same."


def together(tallies: Iterable[Tally]) -> Tally:
    """Several tallies of different interactions as one; the same in every order."""
    every = list(tallies)
    return Tally(
        interactions=sum(one.interactions for one in every),
        rated=sum(one.rated for one in every),
        total=math.fsum(one.total for one in every),
        squares=math.fsum(one.squares for one in every),
        low=sum(one.low for one in every),
    )
