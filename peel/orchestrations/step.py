"""The seam of steps: a kind is a class with `compile` and `run`, named by an entry point of `peel.steps`."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from peel.compiling import CompileScope
from peel.records import Attempt, Json, Mark, StepDefinition, Usage


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What a step gives beside its bare output; a step may also return the output alone."""

    output: Json
    marks: tuple[Mark, ...] = ()
    model: str | None = None
    usage: Usage = Usage()
    attempts: tuple[Attempt, ...] = ()
    details: dict[str, Json] = field(default_factory=dict)


@dataclass(slots=True)
class StepCall:
    """One running of one step.

    `names` holds the case inputs, the shared inputs and the outputs of the steps before, all of them to be read and
    not changed; `repetition` counts from 1. A step tells what it asks by setting `request` before it asks, and what
    it has spent by setting `so_far` before it may fail: a failed step is stored with both (without the output).
    """

    names: Mapping[str, Any]
    case: str
    repetition: int
    request: Json = None
    so_far: StepOutcome | None = None


class Step(Protocol):
    """A compiled step. `run` may be `async def` or plain; a plain one runs in a worker thread.

    `compile` collects what is wrong in the scope, and may raise peel.errors.Incomplete. `run` raises any exception to
    fail the execution: peel.errors.StepError with a sentence where the cause is known. One compiled step runs many
    calls at once.

    Four more attributes are optional. `Request` and `Parameters` are pydantic models of the keys of `request` and
    `parameters`: the JSON Schema shows them to editors. `timeout_s` bounds one `run` in seconds: None for a step that
    bounds itself, and peel.orchestrations.execution.TIMEOUT_S where the attribute is missing. `async aclose()` gives
    back what the step holds (connections); it is awaited once, when no more calls will come.
    """

    @classmethod
    def compile(cls, definition: StepDefinition, scope: CompileScope) -> Self: ...

    def run(self, call: StepCall) -> StepOutcome | Json | Awaitable[StepOutcome | Json]: ...
