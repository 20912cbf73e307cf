"""Watching a scenario's ratings: a planted drop is alarmed, a quiet month is not, and nothing depends on when."""

from __future__ import annotations

import json

import numpy as np
import pytest

from peel.estimates.watching import in_words, watch
from peel.records.feedback import AlertDefinition
from peel.records.production import Alarm
from peel.statistics.arrays import Floats
from peel.store.alarms import Arrived

STARS = np.array([0, 0.25, 0.5, 0.75, 1])
USUAL, BAD, GOOD = (0.15, 0.05, 0.1, 0.2, 0.5), (0.45, 0.2, 0.1, 0.1, 0.15), (0.01, 0.01, 0.02, 0.06, 0.9)
ALERTS = AlertDefinition()


def stream(seed: int, n: int, law: tuple[float, ...] = USUAL) -> Floats:
    """So many ratings, always the same."""
    return np.random.default_rng(seed).choice(STARS, p=law, size=n)


def arrived(values: Floats, start: int = 0) -> Arrived:
    """Ratings of a scenario, one a second."""
    keys = np.arange(start, start + values.size)
    return Arrived("telco", keys, keys.astype(np.float64), values)


def alarms(values: Floats, *cuts: int, alerts: AlertDefinition = ALERTS) -> list[Alarm]:
    """The alarms on some ratings, looked at in several parts."""
    state, found = None, []
    for start, end in zip((0, *cuts), (*cuts, values.size), strict=True):
        state, raised = watch(arrived(values[start:end], start), state, alerts=alerts)
        found += raised
    return found


def test_a_planted_drop_is_alarmed_soon_and_told_with_what_was_before() -> None:
    """1,000 usual ratings with the mean 0.71, then bad ones with 0.33: an alarm within 100 of them."""
    (found,) = alarms(np.concatenate((stream(1, 1000), stream(2, 100, BAD))))
    assert found.direction == "drop"
    assert 1000 < found.at < 1100
    assert found.n_before == 100
    assert found.before == pytest.approx(stream(1, 1000)[:100].mean())
    assert found.baseline < found.before
    assert 5 <= found.n_after <= 100
    assert found.after < 0.5
    assert found.evidence >= found.run_length == 1000
    assert in_words(found).startswith("Ratings of telco dropped: their mean is 0.")


def test_a_rise_is_alarmed_as_well() -> None:
    """In its own direction."""
    (found,) = alarms(np.concatenate((stream(3, 1000), stream(4, 300, GOOD))))
    assert found.direction == "rise"
    assert found.after > found.baseline > found.before


@pytest.mark.parametrize("seed", range(20, 26))
def test_a_quiet_month_raises_no_alarm(seed: int) -> None:
    """3,000 ratings without a shift."""
    assert alarms(stream(seed, 3000)) == []


def test_looks_at_any_time_raise_the_same_alarms() -> None:
    """In one, rating by rating, or in parts whose ends lie in a baseline, at an alarm and behind it."""
    values = np.concatenate((stream(1, 300), stream(2, 400, BAD), stream(3, 500)))
    whole = alarms(values)
    assert [one.direction for one in whole] == ["drop", "rise"]
    at = int(whole[0].at)
    for cuts in (range(1, values.size), (50, 100, at, at + 1, at + 50), (at + 100,)):
        again = alarms(values, *cuts)
        assert [one.evidence for one in again] == pytest.approx([one.evidence for one in whole])
        assert [(one.at, one.n_after, one.baseline, one.before) for one in again] == [
            (one.at, one.n_after, one.baseline, one.before) for one in whole
        ]


def test_behind_an_alarm_a_new_baseline_begins() -> None:
    """Ratings that stay low are no news."""
    values = np.concatenate((stream(1, 300), stream(2, 2000, BAD)))
    assert len(alarms(values)) == 1


def test_ratings_that_never_differ_raise_nothing() -> None:
    """All 0 cannot drop, all 1 cannot rise."""
    for value in (0.0, 0.5, 1.0):
        assert alarms(np.full(20_000, value)) == []


def test_a_baseline_that_is_not_whole_raises_nothing() -> None:
    """Bad as the ratings are: there is nothing to hold them against."""
    assert alarms(np.concatenate((np.ones(50), np.zeros(49)))) == []


def test_run_length_and_baseline_are_those_of_peel_yaml() -> None:
    """A shorter run length alarms sooner, a longer baseline begins later."""
    values = np.concatenate((stream(5, 400), stream(6, 200, BAD)))
    (usual,), (hasty, *_) = alarms(values), alarms(values, alerts=AlertDefinition(run_length=50))
    assert hasty.at < usual.at
    (later,) = alarms(values, alerts=AlertDefinition(baseline=300))
    assert later.n_before == 300


def test_the_state_stays_small_and_holds_no_rating_of_anybody() -> None:
    """Sums and counts, however many ratings went by."""
    state, _ = watch(arrived(stream(7, 50_000)), None, alerts=ALERTS)
    assert len(state) < 8000
    held = json.loads(state)
    assert held.keys() == {"values", "detectors"}
    assert sum(held["values"].values()) == 100


def test_an_alarm_on_those_without_a_scenario_says_so() -> None:
    """Nobody is called None."""
    (found,) = alarms(np.concatenate((stream(1, 1000), stream(2, 100, BAD))))
    assert in_words(found.model_copy(update={"scenario": None})).startswith(
        "Ratings of interactions without a scenario"
    )
