"""What compiling gives: one scenario under one variant, every name resolved, ready to execute and score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from peel.evaluators.scoring import CompiledEvaluator
from peel.orchestrations.execution import CompiledOrchestration
from peel.records import Case, Json, ScenarioVariant


@dataclass(frozen=True, slots=True)
class CompiledScenarioVariant:
    """One scenario under one variant. `inputs` are the shared inputs that templates see; `places` maps each step to
    its position in the orchestration."""

    record: ScenarioVariant
    cases: Sequence[Case]
    inputs: dict[str, Json]
    orchestration: CompiledOrchestration
    evaluators: tuple[CompiledEvaluator, ...]
    places: dict[str, int] = field(default_factory=dict)
