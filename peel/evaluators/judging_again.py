"""Which few executions a judge judges several times, so that its own part in the variance of the scores is known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from peel.evaluators.evaluator import EvaluationContext
from peel.records import Case


class JudgeAgain(BaseModel):
    """How many executions are judged several times, and how often."""

    model_config = ConfigDict(extra="forbid")

    executions: int = Field(
        default=20, ge=2, le=10_000, description="how many executions of each variant are judged several times"
    )
    times: int = Field(default=3, ge=2, le=100, description="how often each of them is judged, the first time included")


class AgainDraw:
    """How often an execution is judged beyond the first time.

    Drawn are the first repetitions of cases in an order that looks random: the next repetition only when all cases are
    in. So different cases have a part in it, and the same executions are drawn after a resume, under every variant and
    in every run of the same cases.
    """

    def __init__(self, settings: JudgeAgain, *, evaluator: str, cases: Iterable[Case]) -> None:
        """`cases` are those that the run executes."""
        names = sorted((case.id for case in cases), key=lambda name: _place(evaluator, name))
        self._rank = {name: rank for rank, name in enumerate(names)}
        self._settings = settings

    def further(self, context: EvaluationContext) -> int:
        """The further judgements of one execution: 0 for those that are not drawn."""
        rank = self._rank.get(context.case.id)
        if rank is None:
            return 0
        before = (context.repetition - 1) * len(self._rank) + rank
        return self._settings.times - 1 if before < self._settings.executions else 0


def _place(evaluator: str, case: str) -> bytes:
    return hashlib.sha256(f"{evaluator}\0{case}".encode(errors="replace")).digest()
