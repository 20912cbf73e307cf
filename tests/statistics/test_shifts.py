"""Watching for shifts, many ratings at once: the same as one by one, and the false alarms that were promised."""

from __future__ import annotations

import numpy as np
import pytest

from peel.statistics.arrays import Floats
from peel.statistics.monitoring import drop_alarm, drop_evidence
from peel.statistics.ratings import bootstrap_of_sums
from peel.statistics.shifts import Detector

STARS = np.array([0, 0.25, 0.5, 0.75, 1])
USUAL, BAD = (0.15, 0.05, 0.1, 0.2, 0.5), (0.45, 0.2, 0.1, 0.1, 0.15)
"""Ratings as users give them, many at both ends: with the mean 0.7125, and 0.325."""


def stream(seed: int, n: int, law: tuple[float, ...] = USUAL) -> Floats:
    """So many ratings, always the same."""
    return np.random.default_rng(seed).choice(STARS, p=law, size=n)


@pytest.mark.parametrize("baseline", [0.05, 0.6, 0.72])
@pytest.mark.parametrize("cut", [1, 37, 2900])
def test_the_evidence_is_that_of_ratings_one_by_one(baseline: float, cut: int) -> None:
    """However they are cut: whoever goes on where another was killed comes to the same."""
    ratings = stream(1, 3000)
    detector = Detector(baseline)
    for part in (ratings[:cut], ratings[cut:]):
        assert detector.take(part, np.inf) is None
    assert detector.stakes.mean() == pytest.approx(drop_evidence(ratings, baseline)[-1], rel=1e-9)


def test_a_planted_drop_is_found_where_one_by_one_finds_it_and_its_begin_is_near() -> None:
    """500 usual ratings, then bad ones: the alarm comes within 60 of them, and knows about when it began."""
    ratings = np.concatenate((stream(2, 500), stream(3, 500, BAD)))
    shift = Detector(0.63).take(ratings, 1000)
    assert shift is not None
    assert shift.position == drop_alarm(ratings, 0.63)
    assert 500 < shift.position < 560
    assert abs(shift.position + 1 - shift.n - 500) < 25
    assert shift.total == pytest.approx(ratings[shift.position + 1 - shift.n : shift.position + 1].sum())


def test_nothing_can_drop_below_zero() -> None:
    """A scenario that was always rated 0 raises no alarm by going on so."""
    assert Detector(0.0).take(np.zeros(5000), 1000) is None


def test_a_baseline_of_one_is_none() -> None:
    """Nothing could be staked on it."""
    with pytest.raises(ValueError, match=r"a baseline lies in \[0, 1\), not 1"):
        Detector(1.0)


@pytest.mark.parametrize(("law", "seed"), [(USUAL, 11), ((0.02, 0.01, 0.02, 0.1, 0.85), 12), ((0.3, 0, 0, 0, 0.7), 13)])
def test_without_a_shift_there_is_at_most_one_alarm_in_the_run_length(law: tuple[float, ...], seed: int) -> None:
    """100,000 skewed ratings in both directions, with a new baseline of 100 after each alarm: at most 100 alarms each
    were promised with a run length of 1,000; there are far fewer, since a baseline is the end of an interval."""
    ratings, at, alarms = stream(seed, 100_000, law), 0, {"drop": 0, "rise": 0}
    while at + 100 < ratings.size:
        first = ratings[at : at + 100]
        interval = bootstrap_of_sums(100, float(first.sum()), squares=float((first**2).sum()))
        rest = ratings[at + 100 : at + 20_100]
        found = {
            "drop": Detector(interval.low or 0.0).take(rest, 1000),
            "rise": Detector(1 - (interval.high or 0.0)).take(1 - rest, 1000),
        }
        shifts = {name: shift.position for name, shift in found.items() if shift is not None}
        name = min(shifts, key=lambda one: shifts[one]) if shifts else None
        at += 100 + (rest.size if name is None else shifts[name] + 1)
        if name is not None:
            alarms[name] += 1
    assert max(alarms.values()) <= 20


def test_at_the_very_baseline_the_mean_time_to_an_alarm_is_the_run_length_or_more() -> None:
    """The hardest case that is no shift: the true mean is the baseline itself. 200 streams, a run length of 100."""
    runs = []
    for seed in range(200):
        shift = Detector(0.7125).take(stream(1000 + seed, 5000), 100)
        runs.append(5000 if shift is None else shift.position + 1)
    assert np.mean(runs) >= 100
