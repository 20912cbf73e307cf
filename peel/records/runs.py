"""Run: one invocation of `peel run`, a plan of executions with its provenance."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from peel.records.base import Json, Record
from peel.records.definitions import Case, Orchestration, Scenario, Variant

RunStatus = Literal["running", "finished", "interrupted", "over-budget"]


class Provenance(Record):
    """What made a run: enough to tell whether two runs can be compared, without any secret."""

    peel: str
    python: str
    packages: dict[str, str] = Field(default_factory=dict)
    git_commit: str | None = None
    git_dirty: bool | None = None
    models: dict[str, dict[str, Json]] = Field(default_factory=dict)
    knowledge: dict[str, str] = Field(default_factory=dict)
    definition_hash: str = ""
    command: tuple[str, ...] = ()


class ScenarioVariant(Record):
    """One scenario under one variant inside a run, with everything resolved: what a report speaks of.

    `scenario` holds the definitions without their cases, which all variants share; `inputs` are the shared inputs
    and `orchestration` the steps after the variant's changes.
    """

    scenario: Scenario
    variant: Variant
    orchestration: Orchestration
    inputs: dict[str, Json] = Field(default_factory=dict)


class Run(Record):
    """One invocation of `peel run`. Times are seconds since the epoch; `finished` is None while it runs."""

    id: str
    started: float
    finished: float | None = None
    status: RunStatus = "running"
    planned: int = 0
    provenance: Provenance
    scenario_variants: tuple[ScenarioVariant, ...] = ()
    cases: dict[str, tuple[Case, ...]] = Field(default_factory=dict)
    """The selected cases by scenario name."""
