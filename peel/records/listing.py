"""Runs in a list: what can be said of many at once, without their definitions."""

from __future__ import annotations

from peel.records.base import Record
from peel.records.runs import RunStatus


class RunEntry(Record):
    """One run of a list. Times are seconds since the epoch. `stored` counts the executions in the store, `errored`
    those of them that ended in an error; `planned` the executions of the plan."""

    id: str
    started: float
    finished: float | None
    status: RunStatus
    planned: int
    stored: int
    errored: int
    scenarios: tuple[str, ...]


class RunList(Record):
    """Some runs, newest first; `next` is the id to go on behind, None at the end."""

    runs: tuple[RunEntry, ...]
    next: str | None
