"""Run: one invocation of `peel run`, a plan of executions with its provenance."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from peel.records.base import Json, Record
from peel.records.definitions import BASE_VARIANT, Case, Orchestration, Scenario, Variant

RunStatus = Literal["running", "finished", "interrupted", "over-budget"]
"""`running` may also be a run whose process was killed; all but `finished` can be resumed."""


class Selection(Record):
    """What a run was asked to run: scenario files relative to the workspace, and what narrows or changes them.

    `cases` and `tags` keep the cases that have one of them (empty: all), `variants` likewise; `models` maps a role to
    the model it names instead. `given` is a scenario that stands in no file: a mapping with the keys of one. `until` is
    what the run may end early by, as it was written.
    """

    scenarios: tuple[str, ...]
    given: dict[str, Json] | None = None
    repetitions: int | None = None
    cases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    models: dict[str, str] = Field(default_factory=dict)
    until: str | None = None


class Provenance(Record):
    """What made a run: enough to tell whether two runs can be compared, without any secret.

    `parts` maps each part of the definitions (a scenario, its cases, an orchestration, a file of code, a knowledge
    input, a model) to a hash of its content; `definition_hash` is the hash of them all. `by` is who started it: the
    system's user, or the user of the server; None where nobody said.
    """

    peel: str
    python: str
    packages: dict[str, str] = Field(default_factory=dict)
    git_commit: str | None = None
    git_dirty: bool | None = None
    models: dict[str, dict[str, Json]] = Field(default_factory=dict)
    parts: dict[str, str] = Field(default_factory=dict)
    definition_hash: str = ""
    selection: Selection
    by: str | None = None


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
    """One invocation of `peel run`. Times are seconds since the epoch; `finished` is None while it runs.

    `planned` counts the executions of the plan; of a run that ended early, those it came to.
    """

    id: str
    started: float
    finished: float | None = None
    status: RunStatus = "running"
    planned: int = 0
    provenance: Provenance
    scenario_variants: tuple[ScenarioVariant, ...] = ()
    cases: dict[str, tuple[Case, ...]] = Field(default_factory=dict)
    """The selected cases by scenario name."""

    def baseline_of(self, scenario: str, variant: str) -> ScenarioVariant | None:
        """What a variant of a later run is held against: that of its name, else `base`; None where neither is here."""
        names = {one.variant.name: one for one in self.scenario_variants if one.scenario.scenario == scenario}
        return names.get(variant, names.get(BASE_VARIANT))

    @property
    def planned_at_most(self) -> int:
        """The executions of the whole plan, before `until` ended it."""
        return sum(
            item.scenario.repetitions * len(self.cases[item.scenario.scenario]) for item in self.scenario_variants
        )

    @property
    def stopped_early(self) -> bool:
        """Whether what it waited for came before the end of its plan."""
        waited = self.provenance.selection.until is not None
        return waited and self.status == "finished" and self.planned < self.planned_at_most
