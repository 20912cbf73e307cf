"""How interactions are mapped to scenarios by meaning: the thresholds, and what it came to."""

from __future__ import annotations

from typing import Literal, TypeAlias

from peel.records.base import Record
from peel.records.feedback import MappingState

ThresholdBasis: TypeAlias = Literal["own", "shared", "fixed", "none"]
"""What a threshold comes from: the scenario's own cases, those of all scenarios, a fixed value; or there is none."""


class ScenarioThreshold(Record):
    """The similarity that an interaction must reach to count for a scenario, a cosine in [-1, 1].

    `cases` counts the scenario's cases with different texts. Without one nothing is mapped to it, and `threshold` is
    None.
    """

    scenario: str
    cases: int
    threshold: float | None
    basis: ThresholdBasis


class Mapped(Record):
    """What a mapping came to. `mapped` and `unmatched` count what it wrote now, `counts` how all interactions of the
    store stand after it, each state among them. `embedding` is the model that compared them."""

    mapped: int
    unmatched: int
    counts: dict[MappingState, int]
    thresholds: tuple[ScenarioThreshold, ...]
    embedding: str
