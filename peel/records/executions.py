"""Execution and what it is made of: one case, one variant, one repetition, executed once."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Literal

from pydantic import Field, SkipValidation

from peel.records.base import Json, Record

Mark = Literal["empty", "truncated", "refused", "fallback"]
"""What an output is, so that it is not taken for a wrong answer: an empty completion, one cut off by the token
limit, a refusal, or the result of a fallback (a reranking that was no valid order)."""


class Passage(Record):
    """A piece of a document, with where it comes from. `score` is the similarity to the query in [-1, 1].

    `page` counts from 1 and is None where the document has no pages; `section` is the number and title of the
    nearest heading above, such as `6.2 Moving to a different apartment`.
    """

    id: str
    text: str
    document: str
    page: int | None = None
    section: str | None = None
    score: float | None = None


class Fault(Record):
    """Why an execution or a step has no output: the type of error, its message, the step."""

    type: str
    message: str
    step: str | None = None


class Attempt(Record):
    """One try of one call that failed in transport: what happened and how long PEEL waited before the next, seconds."""

    problem: str
    status: int | None = None
    waited_s: float = 0.0


class Usage(Record):
    """What calls cost. None is unknown, never 0. `calls` counts completed model calls."""

    calls: int = 0
    tokens_in: int | None = 0
    tokens_out: int | None = 0
    cost_usd: float | None = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            calls=self.calls + other.calls,
            tokens_in=_sum(self.tokens_in, other.tokens_in),
            tokens_out=_sum(self.tokens_out, other.tokens_out),
            cost_usd=_sum(self.cost_usd, other.cost_usd),
        )


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


class StepResult(Record):
    """One step of one execution: what was asked, what came back, how it went.

    `started` is seconds since the epoch, `latency_s` the seconds the step took with all its attempts, without the time
    its calls waited for a place in PEEL's own queue, `details` what a kind of step adds (finish reason, time to first
    token, order before reranking).
    `request`, `output` and `details` are JSON already when a result is made: they are not validated once more.
    """

    step: str
    status: Literal["ok", "error"] = "ok"
    request: SkipValidation[Json] = None
    output: SkipValidation[Json] = None
    fault: Fault | None = None
    marks: tuple[Mark, ...] = ()
    model: str | None = None
    started: float = 0.0
    latency_s: float = 0.0
    usage: Usage = Usage()
    attempts: tuple[Attempt, ...] = ()
    details: dict[str, SkipValidation[Json]] = Field(default_factory=dict)


class Execution(Record):
    """One case, one variant, one repetition, executed once. `number` is its place in the run's plan, from 0;
    `repetition` counts from 1. `status` is `ok` exactly when every step gave an output. `latency_s` is the sum over the
    steps."""

    number: int
    scenario: str
    variant: str
    case: str
    repetition: int
    status: Literal["ok", "error"]
    output: SkipValidation[Json] = None
    fault: Fault | None = None
    steps: tuple[StepResult, ...] = ()
    started: float = 0.0
    latency_s: float = 0.0

    @property
    def usage(self) -> Usage:
        """The sum over the steps."""
        return reduce(add, (step.usage for step in self.steps)) if self.steps else Usage()
