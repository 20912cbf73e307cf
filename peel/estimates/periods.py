"""Days, weeks and months that ratings are counted by, in UTC. A day is a number of days since 1970-01-01."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from peel.records.production import Period

MOST_DAYS = 62
"""Over how many days ratings are shown by day where nobody says otherwise."""

MOST_WEEKS = 53
"""Over how many weeks they are shown by week; over more time, by month."""

MOST_PERIODS = 1500
"""How many periods one report may show; of more, it shows longer ones."""

_PERIODS: tuple[Period, ...] = ("day", "week", "month")
_EPOCH = date(1970, 1, 1)


def period_for(days: Iterable[int], asked: Period | None) -> Period:
    """The period to show some days by: the one that was asked for, or one that suits their span; a longer one where
    there would be too many."""
    known = list(days)
    span = max(known) - min(known) + 1 if known else 1
    first = asked or ("day" if span <= MOST_DAYS else "week" if span <= 7 * MOST_WEEKS else "month")
    longer = _PERIODS[_PERIODS.index(first) :]
    return next((one for one in longer if span / _DAYS[one] <= MOST_PERIODS), "month")


_DAYS: dict[Period, int] = {"day": 1, "week": 7, "month": 28}


def first_day(day: int, period: Period) -> int:
    """The first day of the period that a day lies in; a week begins on Monday, as in ISO 8601."""
    if period == "day":
        return day
    moment = date_of(day)
    if period == "week":
        return day - moment.weekday()
    return day - moment.day + 1


def periods(first: int, last: int, *, period: Period) -> list[tuple[int, int]]:
    """All periods from the one of the day `first` to that of the day `last`: their first day, and the one behind their
    last."""
    found, start = [], first_day(first, period)
    while start <= last:
        # 31 days on from the first of a month lie in the next one.
        behind = first_day(start + {"day": 1, "week": 7, "month": 31}[period], period)
        found.append((start, behind))
        start = behind
    return found


def date_of(day: int) -> date:
    """A day as a date."""
    return _EPOCH + timedelta(days=day)
