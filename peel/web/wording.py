"""Numbers and times in the words of pages."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from peel.counting import counted

_STEPS = ((60, "second"), (60, "minute"), (24, "hour"), (30, "day"))


def when(seconds: float | None) -> str:
    """A moment, given in seconds since the epoch: `21 November 2026, 16:35 UTC`; a dash where there is none."""
    if seconds is None:
        return "–"
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def moment(seconds: float) -> str:
    """A moment to the second, as a log has it: `2026-11-21 16:35:07 UTC`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def minute(seconds: float) -> str:
    """A moment to the minute, as a list has it: `2026-11-21 16:35`, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def ago(seconds: float | None) -> str:
    """How long ago a moment was, in its largest unit; the date where that is more than a month."""
    if seconds is None:
        return "–"
    passed = max(0.0, time.time() - seconds)
    for size, unit in _STEPS:
        if passed < size:
            return f"{counted(int(passed), unit)} ago" if passed >= 1 else "just now"
        passed /= size
    return when(seconds).partition(",")[0]


def lasting(seconds: float) -> str:
    """How long something takes, roughly: `less than a minute`, `12 min`, `1 h 20 min`."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
