"""Runs in a list: what can be said of many at once, without their definitions."""

from __future__ import annotations

from typing import Literal

from peel.records.accounts import Role
from peel.records.base import Record
from peel.records.definitions import Case
from peel.records.executions import Execution, Fault, Mark
from peel.records.runs import RunStatus
from peel.records.scores import Score, ScoreStatus


class RunEntry(Record):
    """One run of a list. Times are seconds since the epoch. `stored` counts the executions in the store, `errored`
    those of them that ended in an error; `planned` the executions of the plan. `by` is who started it, where that is
    known."""

    id: str
    started: float
    finished: float | None
    status: RunStatus
    planned: int
    stored: int
    errored: int
    scenarios: tuple[str, ...]
    by: str | None = None


class RunList(Record):
    """Some runs, newest first; `next` is the id to go on behind, None at the end."""

    runs: tuple[RunEntry, ...]
    next: str | None


class RunStanding(RunEntry):
    """How a run stands just now. `carried` says who carries it out: this server (`here`), another process or server
    (`elsewhere`), or nobody (None): one that is `running` and that nobody carries out was killed, and can be resumed.
    `problem` is why it ended too early, where this server saw that."""

    carried: Literal["here", "elsewhere"] | None
    problem: str | None


class ListedScore(Record):
    """A score that counts, of one evaluator; of a person's, the latest of the rater."""

    evaluator: str
    status: ScoreStatus
    value: float | None
    rater: str | None


class ExecutionEntry(Record):
    """One execution of a list, without its steps and output. `number` is its place in the run's plan, from 0; times are
    seconds, `started` since the epoch. What is unknown is None."""

    number: int
    scenario: str
    variant: str
    case: str
    repetition: int
    status: Literal["ok", "error"]
    started: float
    latency_s: float
    tokens_in: int | None
    tokens_out: int | None
    cost_usd: float | None
    marks: tuple[Mark, ...]
    fault: Fault | None
    scores: tuple[ListedScore, ...]


class ExecutionList(Record):
    """Some executions in the order of the plan; `next` is the number to go on behind, None at the end."""

    executions: tuple[ExecutionEntry, ...]
    next: int | None


class StoredExecution(Record):
    """One execution whole, with its case and every score it ever got, the oldest first."""

    execution: Execution
    case: Case
    scores: tuple[Score, ...]


class ScenarioEntry(Record):
    """One scenario of a list, with its latest run; None where it has none."""

    name: str
    last_run: RunEntry | None


class ScenarioList(Record):
    """Some scenarios by name; `next` is the name to go on behind, None at the end."""

    scenarios: tuple[ScenarioEntry, ...]
    next: str | None


class OrchestrationEntry(Record):
    """An orchestration that scenarios may name, with the ids of its steps."""

    name: str
    description: str
    steps: tuple[str, ...]


class WorkspaceEntry(Record):
    """What a workspace has to choose from: orchestrations, the roles of its models, and the formats of reports."""

    peel: str
    orchestrations: tuple[OrchestrationEntry, ...]
    model_roles: tuple[str, ...]
    report_formats: tuple[str, ...]


class VisitorEntry(Record):
    """Who a request is made by, and what they may do; `via` is `page` or `token`."""

    name: str
    role: Role
    via: Literal["page", "token"]
