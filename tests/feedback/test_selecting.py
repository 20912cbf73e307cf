"""What people write for a selection, and what they meant."""

from __future__ import annotations

import pytest

from peel.errors import FeedbackError
from peel.feedback.selecting import check_selection, last_of, since_of, until_of
from peel.records.feedback import LABELS, FeedbackFilter, FeedbackLimits

DAY = 86400.0
FIRST = 20_454 * DAY
"""2026-01-01, UTC."""
LIMITS = FeedbackLimits(
    interactions=9,
    first=FIRST,
    last=FIRST + DAY,
    labels={**dict.fromkeys(LABELS, (None,)), "scenario": (None, "telco")},
)


def test_a_day_is_meant_whole_and_a_time_exactly() -> None:
    """In UTC where no offset is given."""
    assert since_of("2026-01-01") == FIRST
    assert until_of("2026-01-01") == FIRST + DAY
    assert until_of("9999-12-31") == 253_402_300_800
    assert until_of("2026-01-01T06:00:00") == FIRST + DAY / 4
    assert since_of("2026-01-01T06:00:00+06:00") == FIRST


def test_a_span_is_as_long_as_it_says() -> None:
    """Hours, days, weeks; never before 1970."""
    assert [last_of(span, FIRST) for span in ("12h", "7d", "4w")] == [
        FIRST - DAY / 2,
        FIRST - 7 * DAY,
        FIRST - 28 * DAY,
    ]
    assert last_of("99999w", FIRST) == 0


@pytest.mark.parametrize(
    "written", ["", "yesterday", "2026-02-30", "0001-01-01T00:00:00+14:00", "1", "20260131", "2026-W05"]
)
def test_what_is_no_time_is_told_with_what_is(written: str) -> None:
    """One sentence."""
    with pytest.raises(FeedbackError, match="--since must be a day such as 2026-01-31, or a time such as"):
        since_of(written)


@pytest.mark.parametrize("written", ["", "7", "0d", "d", "1y", "-1d"])
def test_what_is_no_span_is_told_with_what_is(written: str) -> None:
    """One sentence."""
    with pytest.raises(FeedbackError, match="--last must be hours, days or weeks such as 12h, 7d or 4w"):
        last_of(written, FIRST)


def test_values_that_no_interaction_has_are_told_with_the_nearest() -> None:
    """Each of them; those that exist, none among them, are fine, and so is any where there is nothing yet."""
    check_selection(FeedbackFilter(scenario=("telco", None), channel=(None,)), LIMITS)
    with pytest.raises(FeedbackError) as error:
        check_selection(FeedbackFilter(scenario=("telko",), app_version=("1.2",)), LIMITS)
    assert str(error.value) == (
        "--scenario: no interaction has 'telko'; did you mean 'telco'? Allowed: telco\n"
        "--app-version: no interaction has '1.2'; none exist here"
    )
    check_selection(
        FeedbackFilter(scenario=("telko",)), FeedbackLimits(interactions=0, first=None, last=None, labels={})
    )


def test_a_time_range_that_is_empty_is_told() -> None:
    """It would select nothing for another reason than people think."""
    with pytest.raises(FeedbackError, match="--since must lie before --until"):
        check_selection(FeedbackFilter(since=FIRST, until=FIRST), LIMITS)
