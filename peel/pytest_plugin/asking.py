"""What a call of the fixture asks for: a scenario of the workspace, or an orchestration with what it is given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from peel.errors import StepError
from peel.orchestrations.outputs import as_json
from peel.plugins import nearest
from peel.records import BASE_VARIANT, Json
from peel.runs.inputs import is_knowledge
from peel.scenarios.finding import find_orchestrations, find_scenarios
from peel.scenarios.loading import load_scenario
from peel.workspace import RunRequest

CASE = "given"
"""The id of the one case that an orchestration is run on by itself."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a call gives to an orchestration: inputs, of which some are knowledge, and evaluators."""

    inputs: Mapping[str, Any] | None
    evaluators: tuple[Mapping[str, Any], ...]

    @property
    def is_something(self) -> bool:
        return self.inputs is not None or bool(self.evaluators)

    def scenario(self, orchestration: str) -> dict[str, Json]:
        """A scenario of one case, called like its orchestration."""
        inputs = {name: plain(value, f"the input {name!r}") for name, value in (self.inputs or {}).items()}
        knowledge = {name: value for name, value in inputs.items() if is_knowledge(value)}
        of_case: dict[str, Json] = {name: value for name, value in inputs.items() if name not in knowledge}
        return {
            "scenario": orchestration,
            "orchestration": orchestration,
            "inputs": knowledge,
            "cases": [{"id": CASE, "inputs": of_case}],
            "evaluators": written(self.evaluators),
        }


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a call chooses of a scenario: one case or several, and a variant."""

    case: str | Sequence[str]
    variant: str | None

    @property
    def is_something(self) -> bool:
        return bool(self.case or self.variant)


def asked_for(root: Path, name: str, given: Given, *, chosen: Chosen) -> RunRequest:
    """The run that a name stands for in the workspace `root`.

    Raises pytest.UsageError where it stands for none, or for one that takes something else.
    """
    __tracebackhide__ = True
    scenarios, orchestrations = _scenarios(root), find_orchestrations(root).paths
    if name in scenarios and not given.is_something:
        cases = (chosen.case,) if isinstance(chosen.case, str) and chosen.case else tuple(chosen.case)
        return RunRequest(paths=(str(scenarios[name]),), cases=cases, variants=(chosen.variant or BASE_VARIANT,))
    if name in orchestrations and not chosen.is_something:
        return RunRequest(given=given.scenario(name))
    raise pytest.UsageError(f"peel.run: {_wrong(name, scenarios, orchestrations)}")


def written(evaluators: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Evaluators as a scenario file writes them; one without an id is called like its kind, or its function."""
    return [plain({"id": str(one.get("use", "")).rpartition(":")[2], **one}, "an evaluator") for one in evaluators]


def plain(value: Any, what: str) -> Json:
    """A value as JSON gives it back. Raises pytest.UsageError where JSON cannot hold it."""
    try:
        return as_json(value, what)
    except StepError as error:
        raise pytest.UsageError(f"peel: {error}") from error


def _scenarios(root: Path) -> dict[str, Path]:
    """The files of the scenarios, by the name each gives itself."""
    found = {}
    for path in find_scenarios(root):
        loaded = load_scenario(path, root=root).scenario
        found[loaded.scenario if loaded else path.stem] = path
    return found


def _wrong(name: str, scenarios: Collection[str], orchestrations: Collection[str]) -> str:
    if name in scenarios:
        own = "which has inputs and evaluators of its own"
        return f"{name!r} is a scenario, {own}; leave them out, or name an orchestration"
    if name in orchestrations:
        return f"{name!r} is an orchestration, which has no cases and no variants; leave them out, and give inputs"
    meant = nearest(name, [*scenarios, *orchestrations])
    return f"the workspace has no scenario and no orchestration {name!r}; {meant}"
