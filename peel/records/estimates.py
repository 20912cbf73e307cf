"""Estimate and GateResult: values over cases with their intervals and their counts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from peel.records.base import Record
from peel.records.definitions import Scope

GateVerdict = Literal["pass", "fail", "undecided"]


class Bounds(Record):
    """An interval and the method that made it; both ends None where it is undefined, with the reason in `note`."""

    low: float | None
    high: float | None
    method: str
    note: str = ""


class Below(Record):
    """How many scored executions lie strictly below a threshold."""

    threshold: float
    count: int
    share: float | None


class Estimate(Record):
    """One evaluator's value over cases: the mean of the cases' means.

    `low`, `high` answer "for new cases like these", `these_cases` answers "for exactly these cases, run again".
    """

    id: str
    on: str | None
    use: str
    n_cases: int
    n_executions: int
    n_scored: int
    n_unscored: int
    n_pending: int
    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    these_cases: Bounds
    below: Below
    note: str = ""


class LatencyFigures(Record):
    """Latency of completed executions in seconds."""

    mean: float | None
    p50: float | None
    p95: float | None


class UsageFigures(Record):
    """What the application used over a scenario's executions; None is unknown."""

    tokens_in: int | None
    tokens_out: int | None
    cost_usd: float | None
    latency_s: LatencyFigures


class GateResult(Record):
    """A gate's requirement held against its estimate: `low` and `high` are one-sided 95 % bounds."""

    requirement: str
    subject: str
    scope: Scope
    verdict: GateVerdict
    value: float | None
    low: float | None
    high: float | None
    reason: str = ""


class CaseFigures(Record):
    """One case under one scenario variant: mean value by evaluator, and how often it was right."""

    case: str
    tags: tuple[str, ...] = ()
    planned: int
    completed: int
    errored: int
    values: dict[str, float | None] = Field(default_factory=dict)


class ScenarioSummary(Record):
    """Everything a report says of one scenario under one variant."""

    scenario: str
    variant: str
    planned: int
    completed: int
    errored: int
    evaluators: tuple[Estimate, ...] = ()
    usage: UsageFigures
    judge_usage: UsageFigures | None = None
    gates: tuple[GateResult, ...] = ()
    marks: dict[str, int] = Field(default_factory=dict)
    """How many executions have an output that is empty, truncated, refused, or came by a fallback."""
    faults: dict[str, int] = Field(default_factory=dict)
    """How many executions errored, by type and message."""
    cases: tuple[CaseFigures, ...] = ()


class RunSummary(Record):
    """A run in numbers."""

    run: str
    scenarios: tuple[ScenarioSummary, ...]
