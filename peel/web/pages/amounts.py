"""Numbers as people write them into forms."""

from __future__ import annotations

import re

from peel.errors import PeelError

MOST = 100_000
"""The largest whole number that a form takes."""


def dollars(written: str) -> float | None:
    """A budget in US dollars; None where nothing is written. Raises PeelError where it is no amount."""
    text = written.strip().removeprefix("$").strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,6})?", text):
        raise PeelError(f"the budget {written[:40]!r} is no amount of US dollars; write a number such as 0.50")
    return float(text)


def whole_number(written: str, what: str) -> int | None:
    """A number from 1 on; None where nothing is written. Raises PeelError, which names `what`, for anything else."""
    text = written.strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= MOST:
        raise PeelError(f"{what}: {written[:20]!r} is no whole number from 1 to {MOST:,}")
    return int(text)
