"""Stopping: how far a run with `until` went, and what of it counts."""

from __future__ import annotations

from peel.records.base import Record


class Stopping(Record):
    """A run that was to end early. `until` is the rule as it was written.

    The first `sweeps` of `sweeps_planned` sweeps (each case under each variant once) count for verdicts and intervals;
    they are `executions` of `executions_planned`. `executions_beyond` were in flight when the rule was met, or belong
    to a sweep that is not complete: they are stored, and part of every other number.
    """

    until: str
    stopped_early: bool
    sweeps: int
    sweeps_planned: int
    executions: int
    executions_planned: int
    executions_beyond: int
