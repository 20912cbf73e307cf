"""What a report says of ratings, from a real store; numbers by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from peel.estimates.feedback_report import Asked, FeedbackNumbers, adjusted, feedback_report, unmatched_share
from peel.estimates.ratings import BY_SUMS, EXACT_UP_TO, together
from peel.estimates.test_bed import TestedScenario
from peel.records.feedback import EVERYTHING, FeedbackFilter, Interaction, Rating, Tally
from peel.records.production import FeedbackReport, Period
from peel.statistics.intervals import anchored_bootstrap
from peel.statistics.ratings import METHOD
from peel.store.feedback import FeedbackStore
from peel.store.store import Store

DAY = 86400.0


def on(day: str) -> float:
    """Noon of a day, UTC."""
    return datetime.fromisoformat(f"{day}T12:00:00+00:00").astimezone(UTC).timestamp()


class NoRuns:
    """A test bed that never ran."""

    def finished(self, scenario: str) -> Sequence[str]:
        return ()

    def tested(self, run: str, scenario: str) -> TestedScenario:
        raise AssertionError("there is no run")


@pytest.fixture
def feedback(tmp_path: Path) -> Iterator[FeedbackStore]:
    """An empty store's feedback."""
    store = Store("sqlite:///peel.db", root=tmp_path)
    yield store.feedback()
    store.close()


class Adding:
    """Adds interactions, each with a rating or none (None), numbered through."""

    def __init__(self, feedback: FeedbackStore) -> None:
        self._feedback = feedback
        self._number = 0

    def __call__(self, day: str, values: Sequence[float | None], **labels: str) -> None:
        ratings = []
        interactions = []
        for value in values:
            self._number += 1
            one = Interaction.model_validate({"id": f"i{self._number}", "at": on(day), "input": "How?", **labels})
            interactions.append(one)
            if value is not None:
                given = {"id": f"r{self._number}", "interaction": one.id, "kind": "slider", "original": value}
                ratings.append(Rating.model_validate({**given, "value": value, "at": on(day)}))
        self._feedback.add(interactions, ratings, received=on(day))


@pytest.fixture
def add(feedback: FeedbackStore) -> Adding:
    """Adds to the store."""
    return Adding(feedback)


def report(
    feedback: FeedbackStore, wanted: FeedbackFilter = EVERYTHING, *, period: Period | None = None
) -> FeedbackReport:
    """A report without a test bed."""
    return feedback_report(feedback, NoRuns(), Asked(wanted, period))


def test_a_mean_has_its_interval_its_counts_and_the_bounds_of_all(feedback: FeedbackStore, add: Adding) -> None:
    """By hand: 4 of 5 rated with the mean 0.5; whatever the fifth thinks, that of all lies within [0.4, 0.6]."""
    add("2026-01-05", [1.0, 0.75, 0.25, 0.0, None], scenario="telco")
    overall = report(feedback).overall
    interval = anchored_bootstrap([1.0, 0.75, 0.25, 0.0])
    assert (overall.value, overall.low, overall.high) == pytest.approx((0.5, interval.low, interval.high))
    assert (overall.worst, overall.best) == pytest.approx((0.4, 0.6))
    assert (overall.tally.interactions, overall.tally.rated, overall.tally.low) == (5, 4, 2)
    assert (overall.level, overall.method, overall.note) == (0.95, METHOD, "")


def test_many_ratings_are_estimated_by_their_sums_as_near_as_makes_no_difference(
    feedback: FeedbackStore, add: Adding
) -> None:
    """And say so."""
    values = [1.0, 1.0, 0.75, 0.5, 0.0] * (EXACT_UP_TO // 4)
    add("2026-01-05", values, scenario="telco")
    overall, exact = report(feedback).overall, anchored_bootstrap(values)
    assert overall.method == BY_SUMS
    assert (overall.low, overall.high) == pytest.approx((exact.low, exact.high), abs=0.002)


@pytest.mark.parametrize(
    ("values", "ends", "note"),
    [
        ([None, None], (None, None), "Nothing is rated, so there is nothing to estimate."),
        ([1.0, None], (None, None), "One rating says nothing about others."),
        ([0.5, 1.0], "known", "Two ratings are too few to generalise."),
        ([1.0] * 30, "known", "All 30 ratings are the same."),
        ([0.0] * 300, "known", "All 300 ratings are the same."),
    ],
)
def test_extremes_have_a_sentence_and_no_interval_of_no_width(
    feedback: FeedbackStore, add: Adding, values: list[float | None], ends: object, note: str
) -> None:
    """None, one, two, all equal."""
    add("2026-01-05", values)
    overall = report(feedback).overall
    assert overall.note == note
    if ends == "known":
        assert overall.low is not None
        assert overall.high is not None
        assert overall.high - overall.low > 0.005
    else:
        assert (overall.low, overall.high) == ends


def test_nothing_at_all_is_nothing_and_no_zero(feedback: FeedbackStore) -> None:
    """Of an empty store no mean, no period, no weakest scenario."""
    made = report(feedback)
    assert made.overall.value is made.overall.worst is made.weakest is made.adjusted is None
    assert (made.over_time, made.by_scenario, made.topics, made.against, made.alarms) == ((), (), (), (), ())
    assert unmatched_share(made) is None


def test_weeks_begin_on_monday_and_one_without_a_rating_is_a_gap(feedback: FeedbackStore, add: Adding) -> None:
    """Sunday the 4th lies in the week of 29 December; the week of the 12th has interactions and no rating, that of the
    19th nothing."""
    add("2026-01-04", [1.0])
    add("2026-01-05", [0.5, 0.5, 0.5])
    add("2026-01-12", [None])
    add("2026-01-31", [0.0, 0.25])
    made = report(feedback, period="week")
    assert [(one.first, one.behind) for one in made.over_time][:2] == [
        ("2025-12-29", "2026-01-05"),
        ("2026-01-05", "2026-01-12"),
    ]
    assert [one.estimate.value for one in made.over_time] == [1.0, 0.5, None, None, 0.125]
    assert [one.estimate.tally.interactions for one in made.over_time] == [1, 3, 1, 0, 2]
    assert made.over_time[1].estimate.low == pytest.approx(anchored_bootstrap([0.5] * 3).low)


def test_months_are_as_long_as_they_are(feedback: FeedbackStore, add: Adding) -> None:
    """February of a leap year, and over the end of a year."""
    add("2027-12-31", [1.0])
    add("2028-02-29", [0.0])
    over_time = report(feedback, period="month").over_time
    assert [one.first for one in over_time] == ["2027-12-01", "2028-01-01", "2028-02-01"]
    assert over_time[-1].behind == "2028-03-01"


@pytest.mark.parametrize(("last", "period"), [("2026-02-15", "day"), ("2026-07-01", "week"), ("2028-01-01", "month")])
def test_the_period_suits_the_span(feedback: FeedbackStore, add: Adding, last: str, period: str) -> None:
    """Two months by day, a year by week, more by month."""
    add("2026-01-01", [1.0])
    add(last, [1.0])
    assert report(feedback).period == period


def test_groups_mapping_weakest_and_adjusted(feedback: FeedbackStore, add: Adding) -> None:
    """By hand: a is rated always with the mean 1, b one time in four with 0: adjusted (8 x 1 + 8 x 0) / 16. A single
    bad rating makes no scenario the weakest."""
    add("2026-01-01", [1.0] * 8, scenario="a", app_version="1")
    add("2026-01-01", [0.0, None, None, None] * 2, scenario="b", app_version="2")
    made = report(feedback)
    assert [(one.name, one.estimate.value) for one in made.by_scenario] == [("a", 1.0), ("b", 0.0)]
    assert [(one.name, one.estimate.tally.rated) for one in made.by_version] == [("1", 8), ("2", 2)]
    assert made.overall.value == 0.8
    assert made.adjusted == 0.5
    assert made.mapping == {"waiting": 0, "named": 16, "meaning": 0, "hand": 0, "unmatched": 0}
    assert made.weakest is not None
    assert made.weakest.name == "b"
    add("2026-01-01", [0.0, None], scenario="c")
    add("2026-01-01", [None])
    made = report(feedback)
    assert made.adjusted is None
    assert made.weakest.name == "b"
    assert [one.name for one in made.by_scenario] == ["a", "b", "c", None]


def test_a_selection_narrows_every_number(feedback: FeedbackStore, add: Adding) -> None:
    """All parts are about the same interactions, and the limits about all."""
    add("2026-01-01", [1.0, 1.0], scenario="a", channel="mail")
    add("2026-01-02", [0.0, 0.5], scenario="a", channel="chat")
    add("2026-03-01", [0.0], scenario="b", channel="chat")
    made = report(feedback, FeedbackFilter(channel=("chat",), until=on("2026-02-01")))
    assert made.overall.tally.interactions == 2
    assert [one.estimate.value for one in made.by_scenario] == [0.25]
    assert [one.first for one in made.over_time] == ["2026-01-02"]
    assert sum(made.histogram) == sum(made.mapping.values()) == 2
    assert made.limits.interactions == 5


def test_ratings_of_users_that_are_known_are_said_to_depend_on_each_other(feedback: FeedbackStore, add: Adding) -> None:
    """Only where an interaction names its user."""
    add("2026-01-01", [1.0])
    assert report(feedback).notes == ()
    add("2026-01-01", [1.0], user="ann")
    assert "ratings of one user are more alike" in report(feedback).notes[0]


def test_tallies_of_any_order_are_together_the_same() -> None:
    """To the last bit."""
    parts = [Tally(interactions=1, rated=1, total=value, squares=value**2) for value in (0.1, 0.2, 0.3, 0.7)]
    assert together(parts) == together(reversed(parts))
    assert adjusted([]) is None


def test_ratings_that_arrive_while_others_are_counted_do_not_matter(feedback: FeedbackStore, add: Adding) -> None:
    """What was counted a moment later is not what the tally counted: its sums make the interval."""
    add("2026-01-01", [1.0, 0.5, 0.0])
    numbers = FeedbackNumbers(feedback, NoRuns(), Asked())
    assert sum(numbers.mapping().values()) == 3
    add("2026-01-02", [0.0])
    overall = numbers.overall()
    assert (overall.tally.rated, overall.value, overall.method) == (3, 0.5, BY_SUMS)
    ((group,), _) = numbers.groups("scenario")
    assert group.estimate.tally.rated == 3
    assert overall.low is not None
    assert overall.low < 0.5
