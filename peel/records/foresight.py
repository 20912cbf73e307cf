"""Foresight: what a run that is not started yet will take."""

from __future__ import annotations

from peel.records.base import Record


class ScenarioPlan(Record):
    """One scenario of a planned run, under one variant: so many cases, each with so many repetitions."""

    scenario: str
    variant: str
    cases: int
    repetitions: int


class Foresight(Record):
    """What a run will take: its executions, about how many calls of models and of judges, the cost in US dollars and
    the mean seconds of an execution, by the earlier runs `by`; None where they are unknown.

    `first` are the scenarios that no earlier run tells about. `can_show` says in words which differences such a run can
    show.
    """

    planned: int
    calls: int
    judge_calls: int
    cost_usd: float | None
    latency_s: float | None
    by: tuple[str, ...]
    first: tuple[str, ...]
    can_show: str
    scenarios: tuple[ScenarioPlan, ...]
