"""Variants applied: the definitions with a variant's changes in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from peel.plugins import nearest
from peel.records import Json, Orchestration, Path, Scenario, Variant


@dataclass(frozen=True, slots=True)
class Changed:
    """The definitions under one variant. `steps` maps the path of each changed value inside the orchestration to the
    change's key, `inputs` each changed input likewise; `problems` are pairs of a change's key and a sentence."""

    orchestration: Orchestration
    inputs: dict[str, Json]
    steps: dict[Path, str] = field(default_factory=dict)
    shared: dict[Path, str] = field(default_factory=dict)
    problems: tuple[tuple[str, str], ...] = ()


def apply(variant: Variant, scenario: Scenario, orchestration: Orchestration) -> Changed:
    """The orchestration and the shared inputs of a scenario under a variant. Wrong changes are collected."""
    parameters = {step.id: dict(step.parameters) for step in orchestration.steps}
    positions = {step.id: place for place, step in enumerate(orchestration.steps)}
    inputs = dict(scenario.inputs)
    steps: dict[Path, str] = {}
    shared: dict[Path, str] = {}
    problems: list[tuple[str, str]] = []
    for key, value in variant.changes.items():
        name, _, rest = key.partition(".")
        if name in parameters and rest:
            parameters[name][rest] = value
            steps["steps", positions[name], "parameters", rest] = key
        elif name in inputs:
            trouble = _set_input(inputs, (name, *rest.split(".")) if rest else (name,), value)
            problems += [(key, trouble)] if trouble else []
            shared[name,] = key
        else:
            problems.append((key, _unknown(key, parameters, inputs)))
    changed_steps = tuple(step.model_copy(update={"parameters": parameters[step.id]}) for step in orchestration.steps)
    changed = orchestration.model_copy(update={"steps": changed_steps})
    return Changed(changed, inputs, steps, shared, tuple(problems))


def _set_input(inputs: dict[str, Json], path: tuple[str, ...], value: Json) -> str | None:
    """Change one value inside a shared input, on copies. Returns what is wrong."""
    inside: dict[str, Json] = inputs
    for place, key in enumerate(path[:-1]):
        inner = inside.get(key, {})
        if not isinstance(inner, dict):
            return f"the input {'.'.join(path[: place + 1])} is not a mapping, so it has no key {path[place + 1]!r}"
        inside[key] = dict(inner)
        inside = inside[key]  # type: ignore[assignment]  # a dict, as just made
    inside[path[-1]] = value
    return None


def _unknown(key: str, parameters: Mapping[str, object], inputs: Mapping[str, object]) -> str:
    name = key.partition(".")[0]
    if name in parameters:
        return f"the change {key!r} names a step, not a parameter; write {name}.PARAMETER, such as {name}.temperature"
    return (
        f"the change {key!r} names neither a step nor a shared input; write STEP.PARAMETER or INPUT.KEY: "
        f"{nearest(name, [*parameters, *inputs])}"
    )
