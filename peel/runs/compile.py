"""Compiling: definitions become steps and evaluators, each name resolved, each problem collected, nothing paid for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peel.compiling import Retriever
from peel.errors import Incomplete, PeelError
from peel.evaluators.function import FunctionEvaluator
from peel.evaluators.scoring import CompiledEvaluator
from peel.knowledge.opening import KnowledgeSettings, Place
from peel.orchestrations.execution import CompiledOrchestration
from peel.orchestrations.step import Step
from peel.orchestrations.steps.function import FunctionStep
from peel.plugins import Registry, nearest
from peel.records import EvaluatorDefinition, Json, Path, Scenario, ScenarioVariant, StepDefinition, Variant
from peel.runs.compiled import CompiledScenarioVariant
from peel.runs.resources import Resources
from peel.runs.scope import Problems, Scope
from peel.runs.settings import validated
from peel.runs.variants import Changed, apply
from peel.scenarios.loading import LoadedOrchestration, LoadedScenario
from peel.scenarios.origin import Origin
from peel.templates import Names

STEPS = Registry("peel.steps", word="step kind")
EVALUATORS = Registry("peel.evaluators", word="evaluator")
OWN_NAMES = ("output", "inputs", "expected", "steps", "case")
"""What templates of evaluators may name beside inputs and steps."""


@dataclass(frozen=True, slots=True)
class Source:
    """A scenario file and its orchestration's as loaded, and the scenario with only what is selected of it."""

    loaded: LoadedScenario
    orchestration: LoadedOrchestration
    scenario: Scenario


def compile_variant(
    source: Source, variant: Variant, *, resources: Resources, problems: Problems
) -> CompiledScenarioVariant | None:
    """One scenario under one variant; None where something is wrong, which `problems` then holds."""
    return _Compiler(source, variant, resources, problems).compile()


class _Compiler:
    def __init__(self, source: Source, variant: Variant, resources: Resources, problems: Problems) -> None:
        assert source.orchestration.orchestration is not None  # noqa: S101  # what has none is not compiled
        self._scenario = source.scenario
        self._cases = source.scenario.cases
        self._names_known = source.loaded.names_known and not source.orchestration.left_out
        self._origin = source.loaded.origin
        self._steps_origin = source.orchestration.origin
        self._variant = variant
        self._resources = resources
        self._problems = problems
        self._changed: Changed = apply(variant, self._scenario, source.orchestration.orchestration)
        self._before = len(problems.found)

    def compile(self) -> CompiledScenarioVariant | None:
        for key, message in self._changed.problems:
            self._problems.add(self._origin.problem(message, self._path_of(key)))
        knowledge = self._knowledge()
        steps = self._steps(knowledge)
        evaluators = self._evaluators(knowledge)
        if len(self._problems.found) > self._before or None in steps or None in evaluators:
            return None
        orchestration = self._changed.orchestration
        return CompiledScenarioVariant(
            record=ScenarioVariant(
                scenario=self._scenario.model_copy(update={"cases": ()}),
                variant=self._variant,
                orchestration=orchestration,
                inputs=self._changed.inputs,
            ),
            cases=self._cases,
            inputs=self._literals,
            orchestration=CompiledOrchestration(
                steps=tuple((name, step) for name, step in steps if step is not None), output=orchestration.output
            ),
            evaluators=tuple(one for one in evaluators if one is not None),
            places={step.id: place for place, step in enumerate(orchestration.steps)},
        )

    def _path_of(self, key: str) -> Path:
        named: Path = ("variants", self._variant.name, key)
        return named if key in self._scenario_keys(named[:2]) else ("matrix", key)

    def _scenario_keys(self, path: Path) -> Sequence[str]:
        inside = self._origin.place.nearest(path).inside
        return list(inside) if isinstance(inside, dict) else []

    @property
    def _literals(self) -> dict[str, Json]:
        return {name: value for name, value in self._changed.inputs.items() if not _is_knowledge(value)}

    def _knowledge(self) -> dict[str, Retriever | None]:
        return {
            name: self._open_knowledge(name, value)
            for name, value in self._changed.inputs.items()
            if isinstance(value, dict) and _is_knowledge(value)
        }

    def _open_knowledge(self, name: str, value: dict[str, Json]) -> Retriever | None:
        path = self._changed.shared.get((name,))
        place: Path = self._path_of(path) if path else ("inputs", name)
        settings, wrong = validated(KnowledgeSettings, value)
        for inside, message in wrong:
            self._problems.add(self._origin.problem(message, place if path else (*place, *inside)))
        if settings is None:
            return None
        try:
            where = Place(name, self._origin.directory, self._resources.root)
            return self._resources.knowledge(settings, where)
        except PeelError as error:
            for message in str(error).splitlines():
                self._problems.add(self._origin.problem(message, place))
            return None

    def _steps(self, knowledge: Mapping[str, Retriever | None]) -> list[tuple[str, Step | None]]:
        definitions = self._changed.orchestration.steps
        names = self._input_names()
        compiled: list[tuple[str, Step | None]] = []
        for place, definition in enumerate(definitions):
            scope = Scope(
                origin=self._steps_origin.at("steps", place),
                names=dict(names),
                cases=self._cases,
                resources=self._resources,
                problems=self._problems,
                knowledge=knowledge,
                later=frozenset(step.id for step in definitions[place:]),
                names_known=self._names_known,
                moved=self._moved(place),
            )
            compiled.append((definition.id, _compiled_step(definition, scope)))
            names[definition.id] = None
        return compiled

    def _moved(self, place: int) -> dict[Path, tuple[Origin, Path]]:
        """Where the values stand that the variant changed in one step."""
        return {
            path[2:]: (self._origin, self._path_of(key))
            for path, key in self._changed.steps.items()
            if path[1] == place
        }

    def _input_names(self) -> dict[str, frozenset[str] | None]:
        names: dict[str, frozenset[str] | None] = dict.fromkeys(self._literals)
        for case in self._cases:
            names.update(dict.fromkeys(case.inputs))
        return names

    def _evaluators(self, knowledge: Mapping[str, Retriever | None]) -> list[CompiledEvaluator | None]:
        names = self._evaluator_names()
        step_ids = [step.id for step in self._changed.orchestration.steps]
        compiled = []
        for place, definition in enumerate(self._scenario.evaluators):
            scope = Scope(
                origin=self._origin.at("evaluators", place),
                names=names,
                cases=self._cases,
                resources=self._resources,
                problems=self._problems,
                knowledge=knowledge,
                names_known=self._names_known,
            )
            if definition.on is not None and self._names_known and definition.on not in step_ids:
                scope.problem(f"unknown step {definition.on!r}; {nearest(definition.on, step_ids)}", ("on",))
            compiled.append(_compiled_evaluator(definition, scope))
        return compiled

    def _evaluator_names(self) -> Names:
        expected = {key for case in self._cases for key in case.expected}
        inputs = self._input_names()
        steps = [step.id for step in self._changed.orchestration.steps]
        return {
            **inputs,
            **dict.fromkeys(steps),
            "output": None,
            "inputs": frozenset(inputs),
            "expected": frozenset(expected),
            "steps": frozenset(steps),
            "case": frozenset({"id", "tags"}),
        }


def _is_knowledge(value: Json) -> bool:
    return isinstance(value, dict) and "knowledge" in value


def _compiled_step(definition: StepDefinition, scope: Scope) -> Step | None:
    kind = _kind(definition.use, scope, registry=STEPS, own=FunctionStep)
    if kind is None:
        return None
    try:
        return kind.compile(definition, scope)  # type: ignore[no-any-return]  # what an entry point names is a Step kind
    except Incomplete:
        return None


def _compiled_evaluator(definition: EvaluatorDefinition, scope: Scope) -> CompiledEvaluator | None:
    kind = _kind(definition.use, scope, registry=EVALUATORS, own=FunctionEvaluator)
    if kind is None:
        return None
    try:
        evaluator = kind.compile(definition, scope)
    except Incomplete:
        return None
    return CompiledEvaluator(id=definition.id, on=definition.on, use=definition.use, evaluator=evaluator)


def _kind(use: str, scope: Scope, *, registry: Registry, own: Any) -> Any:
    """The class a `use:` names: a plugin by name, or the one for the workspace's own functions by path."""
    if ".py:" in use:
        return own
    try:
        return registry.resolve(use)
    except PeelError as error:
        scope.problem(str(error), ("use",))
        return None
