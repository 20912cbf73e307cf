"""Which columns the cases of a scenario need: the inputs and parts of the expected output that templates name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from peel.records import Json, Orchestration, Scenario
from peel.templates import Names, Templates, Unknown


@dataclass(frozen=True, slots=True)
class Required:
    """The names of case inputs that steps and evaluators use, and of parts of the expected output that evaluators do,
    in the order they are named."""

    inputs: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()


def required_of(scenario: Scenario | None, orchestration: Orchestration | None) -> Required:
    """What the templates of a scenario as loaded need of its cases."""
    if scenario is None:
        return Required()
    steps = orchestration.steps if orchestration else ()
    asked: list[Json] = [item for step in steps for item in (step.prompt, step.request)]
    judged: list[Json] = [dict(evaluator.settings) for evaluator in scenario.evaluators]
    elsewhere = {step.id for step in steps} | scenario.inputs.keys()
    of_steps = _named(asked, {"inputs": frozenset()})
    none: frozenset[str] = frozenset()
    of_evaluators = _named(judged, {"expected": none, "inputs": none, "output": None, "steps": None, "case": None})
    expected = [one.name.removeprefix("expected.") for one in of_evaluators if one.root == "expected"]
    inputs = [one.name.removeprefix("inputs.") for one in (*of_steps, *of_evaluators) if one.root != "expected"]
    # Without the orchestration a name that an evaluator uses may be a step's.
    known = inputs if orchestration else [one.name for one in of_steps]
    return Required(_once(name for name in known if name not in elsewhere), _once(expected))


def _named(values: Iterable[Json], names: Names) -> list[Unknown]:
    """The names that templates use beside those given: what they ask for of a known one without keys, too."""
    templates = Templates()
    wrong = [what for value in values for _, what in templates.compile(value, names)[1]]
    return [what for what in wrong if isinstance(what, Unknown)]


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
