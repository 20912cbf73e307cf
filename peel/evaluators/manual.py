"""The evaluator `manual`: a question to a person, on a share of the executions that is drawn the same way each time."""

from __future__ import annotations

import hashlib
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from peel.compiling import CompileScope
from peel.evaluators.evaluator import EvaluationContext
from peel.records import EvaluatorDefinition, Verdict
from peel.records.manual import ScaleName


class ManualSettings(BaseModel):
    """The question, how many executions it is asked of, and how it is answered."""

    model_config = ConfigDict(extra="forbid")

    ask: str = Field(min_length=1, description="the question that the person answers")
    share: float = Field(default=1.0, gt=0, le=1, description="the share of the executions that are shown to a person")
    scale: ScaleName = Field(default="slider", description="how the person answers: slider, faces or stars")
    raters: int = Field(default=1, ge=1, le=100, description="how many people are to answer for each execution")
    checks: str | None = Field(
        default=None,
        min_length=1,
        description="the evaluator whose scores the answers check; left out: every semantic one of the same output",
    )


class ManualEvaluator:
    """A pending score on each execution that is drawn, none on the others.

    The draw depends on the run, the evaluator's id and the execution's number alone: the same after a resume.
    """

    Settings = ManualSettings
    quick = True

    def __init__(self, evaluator_id: str, settings: ManualSettings) -> None:
        self._id = evaluator_id
        self.settings = settings

    @classmethod
    def compile(cls, definition: EvaluatorDefinition, scope: CompileScope) -> Self:
        return cls(definition.id, scope.settings(ManualSettings, definition.settings, ()))

    def evaluate(self, context: EvaluationContext) -> Verdict | None:
        if self.settings.share < 1 and _draw(context.run, self._id, context.execution) >= self.settings.share:
            return None
        return Verdict(status="pending", reason="waits for a person")


def _draw(run: str, evaluator: str, execution: int) -> float:
    """A number in [0, 1) that looks random and is always the same for the same three."""
    digest = hashlib.sha256(f"{run}\0{evaluator}\0{execution}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
