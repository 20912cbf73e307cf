"""Verdict and Score: what an evaluator returns, and the stored record of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from peel.records.base import Json, Record
from peel.records.executions import Usage

ScoreStatus = Literal["scored", "unscored", "pending"]


class Verdict(Record):
    """What an evaluator says of one output: a value in [0, 1] with the reason, or why there is none yet.

    `details` is what a kind adds (each vote, each missing pattern); `usage` what the judge's calls cost.
    """

    status: ScoreStatus = "scored"
    value: float | None = Field(default=None, ge=0.0, le=1.0, allow_inf_nan=False)
    reason: str = ""
    usage: Usage = Usage()
    details: dict[str, Json] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _value_exactly_when_scored(self) -> Verdict:
        if (self.status == "scored") != (self.value is not None):
            raise ValueError(f"a verdict has a value exactly when it is scored, not {self.value!r} when {self.status}")
        return self


class Score(Record):
    """The stored record of a verdict on one execution. Scores are appended; the latest of an evaluator counts
    (for a person's: the latest of each rater). `at` is seconds since the epoch; `rater` is set for people only."""

    execution: int
    evaluator: str
    status: ScoreStatus
    value: float | None = Field(default=None, ge=0.0, le=1.0, allow_inf_nan=False)
    reason: str = ""
    usage: Usage = Usage()
    details: dict[str, Json] = Field(default_factory=dict)
    rater: str | None = None
    at: float = 0.0

    @model_validator(mode="after")
    def _value_exactly_when_scored(self) -> Score:
        if (self.status == "scored") != (self.value is not None):
            raise ValueError(f"a score has a value exactly when it is scored, not {self.value!r} when {self.status}")
        return self
