"""How long calls have waited for a place: in PEEL's own queue, where no user of the application stands.

An execution's latency is what the application takes. How many calls PEEL lets a server answer at once is the test bed's
affair, so the wait for a place is measured and taken off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Queued:
    """The seconds that the calls of one step have waited, in sum."""

    seconds: float = 0.0


_QUEUED: ContextVar[Queued | None] = ContextVar("peel_queued", default=None)


@contextmanager
def counting_queued() -> Iterator[Queued]:
    """Count the waits of all calls made inside, in this task and those it starts."""
    queued = Queued()
    token = _QUEUED.set(queued)
    try:
        yield queued
    finally:
        _QUEUED.reset(token)


def add_queued(seconds: float) -> None:
    """Add a wait of the call that is being made."""
    queued = _QUEUED.get()
    if queued is not None:
        queued.seconds += seconds
