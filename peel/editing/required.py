"""Which columns the cases of a scenario need: the inputs and parts of the expected output that templates name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from peel.records import Json, Orchestration, Scenario, StepDefinition
from peel.templates import Names, Templates, Unknown

_INPUTS, _EXPECTED = "inputs.", "expected."


@dataclass(frozen=True, slots=True)
class Required:
    """The names of case inputs that steps and evaluators use, and of parts of the expected output that evaluators do,
    in the order they are named."""

    inputs: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()


def required_of(scenario: Scenario | None, orchestration: Orchestration | None) -> Required:
    """What the templates of a scenario as loaded, and of an orchestration, need of the cases."""
    steps = orchestration.steps if orchestration else ()
    shared = frozenset(scenario.inputs) if scenario else frozenset()
    judged: list[Json] = [dict(evaluator.settings) for evaluator in scenario.evaluators] if scenario else []
    none: frozenset[str] = frozenset()
    named = _named(judged, {"expected": none, "inputs": none, "output": None, "steps": None, "case": None})
    expected = [one.name.removeprefix(_EXPECTED) for one in named if one.root == "expected"]
    inputs = [name for place, step in enumerate(steps) for name in _asked(step, steps[:place], shared)]
    if orchestration:  # else a name that an evaluator uses may be a step's
        known = shared | {step.id for step in steps}
        inputs += [one.name.removeprefix(_INPUTS) for one in named if one.root != "expected" and one.name not in known]
    return Required(_once(inputs), _once(expected))


def _asked(step: StepDefinition, before: Sequence[StepDefinition], shared: frozenset[str]) -> list[str]:
    """The case inputs that a step uses; a step of the same name counts only once it has run."""
    known = shared | {one.id for one in before}
    named = _named([step.prompt, step.request], {"inputs": frozenset()})
    return [name for one in named if (name := one.name.removeprefix(_INPUTS)) not in known]


def _named(values: Iterable[Json], names: Names) -> list[Unknown]:
    """The names that templates use beside those given: what they ask for of a known one without keys, too."""
    templates = Templates()
    wrong = [what for value in values for _, what in templates.compile(value, names)[1]]
    return [what for what in wrong if isinstance(what, Unknown)]


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
