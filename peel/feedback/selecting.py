"""Which interactions are meant, as people write it: days, times, how long ago, and values of labels that exist."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from peel.errors import FeedbackError
from peel.plugins import nearest
from peel.records.feedback import LABELS, LATEST, FeedbackFilter, FeedbackLimits
from peel.store.feedback_reading import MOST_LABELS

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ].+")
_SPAN = re.compile(r"(\d{1,5})(h|d|w)")
_DAY_S = 86400.0
_HOURS = {"h": 1, "d": 24, "w": 168}
_NAMES = {"app_version": "--app-version"}


def since_of(written: str) -> float:
    """The moment a selection begins at: the beginning of a day (UTC), or a time. Raises FeedbackError."""
    return _moment(written, "--since").timestamp()


def until_of(written: str) -> float:
    """The moment a selection ends before: the end of a day (UTC), or a time. Raises FeedbackError."""
    moment = _moment(written, "--until").timestamp()
    return moment + _DAY_S if _DAY.fullmatch(written.strip()) else moment


def last_of(written: str, now: float) -> float:
    """The moment that lies so long before `now`: `12h`, `7d`, `4w`. Raises FeedbackError."""
    found = _SPAN.fullmatch(written.strip())
    if found is None or int(found[1]) == 0:
        raise FeedbackError(f"--last must be hours, days or weeks such as 12h, 7d or 4w, not {written!r}")
    return max(0.0, now - 3600.0 * int(found[1]) * _HOURS[found[2]])


def _moment(written: str, flag: str) -> datetime:
    text = written.strip()
    try:
        if _DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        if not _TIME.fullmatch(text):
            # Without dashes, or as a week, it would be read as the beginning of a day, also where its end is meant.
            raise ValueError("neither a day nor a time as they are written here")
        found = datetime.fromisoformat(text)
        moment = found if found.tzinfo else found.replace(tzinfo=UTC)
        if not 0 <= moment.timestamp() < LATEST:
            raise ValueError("a time that no interaction has")
    except (ValueError, OverflowError) as error:
        allowed = "a day such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z"
        raise FeedbackError(f"{flag} must be {allowed}, not {written[:40]!r}") from error
    return moment


def check_selection(wanted: FeedbackFilter, limits: FeedbackLimits) -> None:
    """Raises FeedbackError where a value of a label is none that any interaction has, or the time range is empty.

    With no interaction at all, or with more values than are listed, any is taken.
    """
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise FeedbackError("the time range is empty: --since must lie before --until")
    if not limits.interactions:
        return
    problems = [
        _unknown(label, value, limits)
        for label in LABELS
        if len(limits.labels[label]) < MOST_LABELS
        for value in getattr(wanted, label)
        if value not in limits.labels[label]
    ]
    if problems:
        raise FeedbackError("\n".join(problems))


def _unknown(label: str, value: str | None, limits: FeedbackLimits) -> str:
    flag = _NAMES.get(label, f"--{label}")
    if value is None:
        return f"{flag} '': every interaction names one"
    known = [one for one in limits.labels[label] if one is not None]
    return f"{flag}: no interaction has {value[:100]!r}; {nearest(value, known)}"
