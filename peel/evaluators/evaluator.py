"""The seam of evaluators: a kind is a class with `compile` and `evaluate`, an entry point of `peel.evaluators`."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeAlias

from peel.compiling import CompileScope
from peel.records import Case, EvaluatorDefinition, Json, Verdict

Judgement: TypeAlias = Verdict | bool | float | tuple[bool | float, str] | None
"""What an evaluator may return: a verdict, or a bare value in [0, 1], alone or with its reason.

None is no score at all: the evaluator does not apply to this case (there is nothing to find), or this execution was
not drawn for it. What should have been scored and could not be is never None: raise, or return an unscored verdict.
"""


@dataclass(frozen=True, slots=True)
class EvaluationContext:
    """What an evaluator sees of one execution.

    `output` is what it judges (the orchestration's output, or that of the step named by `on`); `inputs` are the case
    inputs and shared inputs; `expected` the case's expected output; `steps` the outputs by step id; `execution` the
    place in the run's plan and `run` its id, for reproducible draws.
    """

    output: Json
    inputs: Mapping[str, Json]
    expected: Mapping[str, Json]
    steps: Mapping[str, Json]
    case: Case
    run: str = ""
    execution: int = 0
    repetition: int = 1

    @property
    def names(self) -> dict[str, Any]:
        """The names a template of an evaluator may use."""
        return {
            **self.inputs,
            **self.steps,
            "output": self.output,
            "inputs": self.inputs,
            "expected": self.expected,
            "steps": self.steps,
            "case": {"id": self.case.id, "tags": list(self.case.tags)},
        }


class Evaluator(Protocol):
    """A compiled evaluator. `evaluate` may be `async def` or plain; a plain one runs in a worker thread.

    To raise costs this evaluator's score of this execution and nothing else: the score is stored as unscored with the
    reason. peel.errors.Unscored carries a reason of its own.

    Three more attributes are optional. `Settings` is a pydantic model of the keys beside `id`, `use` and `on`: the
    JSON Schema shows it to editors. `quick = True` says that a plain `evaluate` only computes, in well under a
    millisecond: it is called without a thread and without a time-out, and may return an awaitable for the rare call
    that takes longer. `timeout_s` bounds one `evaluate` in seconds: None for a kind that bounds itself, and
    peel.evaluators.scoring.TIMEOUT_S where the attribute is missing.
    """

    @classmethod
    def compile(cls, definition: EvaluatorDefinition, scope: CompileScope) -> Self: ...

    def evaluate(self, context: EvaluationContext) -> Judgement | Awaitable[Judgement]: ...
