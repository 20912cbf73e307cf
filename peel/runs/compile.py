"""Compiling: definitions become steps and evaluators, each name resolved, each problem collected, nothing paid for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from peel.compiling import Retriever
from peel.errors import Incomplete, PeelError
from peel.evaluators.function import FunctionEvaluator
from peel.evaluators.scoring import CompiledEvaluator
from peel.orchestrations.execution import CompiledOrchestration
from peel.orchestrations.step import Step
from peel.orchestrations.steps.function import FunctionStep
from peel.plugins import Registry, nearest
from peel.records import EvaluatorDefinition, Path, Scenario, ScenarioVariant, StepDefinition, Variant
from peel.records.manual import BY_PEOPLE
from peel.runs.compiled import CompiledScenarioVariant
from peel.runs.inputs import CaseInputs, is_knowledge, literals
from peel.runs.resources import Resources
from peel.runs.scope import Problems, Scope, Visible
from peel.runs.variants import Changed, apply
from peel.scenarios.loading import LoadedOrchestration, LoadedScenario
from peel.scenarios.origin import Origin
from peel.templates import Names

STEPS = Registry("peel.steps", word="step kind")
EVALUATORS = Registry("peel.evaluators", word="evaluator")


@dataclass(frozen=True, slots=True)
class Source:
    """A scenario file and its orchestration's as loaded, the inputs of all its cases, and the scenario with only what
    is selected of it."""

    loaded: LoadedScenario
    orchestration: LoadedOrchestration
    cases: CaseInputs
    scenario: Scenario


def compile_variant(
    source: Source, variant: Variant, *, resources: Resources, problems: Problems
) -> CompiledScenarioVariant | None:
    """One scenario under one variant; None where something is wrong, which `problems` then holds."""
    return _Compiler(source, variant, resources, problems).compile()


def compile_evaluators(
    source: Source, variant: Variant, *, resources: Resources, problems: Problems
) -> CompiledScenarioVariant | None:
    """The same without the application: no step is compiled, so that stored outputs can be scored where its models,
    documents and variables of the environment are not at hand."""
    return _Compiler(source, variant, resources, problems).compile_evaluators()


@dataclass(slots=True)
class _Compiler:
    source: Source
    variant: Variant
    resources: Resources
    problems: Problems
    changed: Changed = field(init=False)
    left_out: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        orchestration = self.source.orchestration.orchestration
        assert orchestration is not None  # noqa: S101  # what has none is not compiled
        self.changed = apply(self.variant, self.source.scenario, orchestration)
        self.left_out = self.source.orchestration.left_out | self.source.cases.doubtful

    @property
    def origin(self) -> Origin:
        return self.source.loaded.origin

    def compile(self) -> CompiledScenarioVariant | None:
        before = len(self.problems.found)
        self._check_changes()
        knowledge = self._knowledge()
        steps = self._steps(knowledge)
        evaluators = self._evaluators(knowledge)
        if len(self.problems.found) > before or None in steps.values() or None in evaluators:
            return None
        return self._compiled(steps, evaluators)

    def compile_evaluators(self) -> CompiledScenarioVariant | None:
        before = len(self.problems.found)
        self._check_changes()
        evaluators = self._evaluators({})
        if len(self.problems.found) > before or None in evaluators:
            return None
        return self._compiled({}, evaluators)

    def _compiled(
        self, steps: Mapping[str, Step | None], evaluators: list[CompiledEvaluator | None]
    ) -> CompiledScenarioVariant:
        orchestration = self.changed.orchestration
        return CompiledScenarioVariant(
            record=ScenarioVariant(
                scenario=self.source.scenario.model_copy(update={"cases": ()}),
                variant=self.variant,
                orchestration=orchestration,
                inputs=self.changed.inputs,
            ),
            cases=self.source.scenario.cases,
            inputs=literals(self.changed.inputs),
            orchestration=CompiledOrchestration(
                steps=tuple((name, step) for name, step in steps.items() if step is not None),
                output=orchestration.output,
            ),
            evaluators=tuple(one for one in evaluators if one is not None),
            places={step.id: place for place, step in enumerate(orchestration.steps)},
        )

    def _check_changes(self) -> None:
        for key, message in self.changed.problems:
            if not self._visible({}).excuses(key.partition(".")[0]):
                self.problems.add(self.origin.problem(message, self._path_of(key)))

    def _path_of(self, key: str) -> Path:
        """Where a change of the variant stands: under its name, or in the matrix that made the variant."""
        named: Path = ("variants", self.variant.name)
        inside = self.origin.place.nearest(named).inside
        return (*named, key) if isinstance(inside, dict) and key in inside else ("matrix", key)

    def _knowledge(self) -> dict[str, Retriever | None]:
        found = {name: value for name, value in self.changed.inputs.items() if is_knowledge(value)}
        if not found:
            return {}
        # Loads numpy, which a run without knowledge needs only for its report.
        from peel.runs.knowledge import open_input

        opened: dict[str, Retriever | None] = {}
        for name, value in found.items():
            key = self.changed.shared.get((name,))
            place = self._path_of(key) if key else None
            opened[name] = open_input(
                name, value, origin=self.origin, changed_at=place, resources=self.resources, problems=self.problems
            )
        return opened

    def _steps(self, knowledge: Mapping[str, Retriever | None]) -> dict[str, Step | None]:
        definitions = self.changed.orchestration.steps
        names = {**dict.fromkeys(literals(self.changed.inputs)), **dict.fromkeys(self.source.cases.of_all)}
        compiled: dict[str, Step | None] = {}
        for place, definition in enumerate(definitions):
            not_yet = {**{step.id: "comes later" for step in definitions[place:]}, definition.id: "is this step"}
            scope = Scope(
                origin=self.source.orchestration.origin.at("steps", place),
                label=f"the step {definition.id!r}",
                visible=self._visible(dict(names), knowledge=knowledge, not_yet=not_yet),
                resources=self.resources,
                problems=self.problems,
                uses=self.source.cases.uses,
                moved=self._moved(place),
            )
            compiled[definition.id] = _compiled_step(definition, scope)
            names[definition.id] = None
        return compiled

    def _moved(self, place: int) -> dict[Path, tuple[Origin, Path]]:
        """Where the values stand that the variant changed in one step."""
        return {
            path[2:]: (self.origin, self._path_of(key)) for path, key in self.changed.steps.items() if path[1] == place
        }

    def _evaluators(self, knowledge: Mapping[str, Retriever | None]) -> list[CompiledEvaluator | None]:
        return [
            self._evaluator(definition, place, knowledge=knowledge)
            for place, definition in enumerate(self.source.scenario.evaluators)
        ]

    def _evaluator(
        self, definition: EvaluatorDefinition, place: int, *, knowledge: Mapping[str, Retriever | None]
    ) -> CompiledEvaluator | None:
        visible = self._visible(self._evaluator_names(), knowledge=knowledge)
        scope = Scope(
            origin=self.origin.at("evaluators", place),
            label=f"the evaluator {definition.id!r}",
            visible=visible,
            resources=self.resources,
            problems=self.problems,
            uses=self.source.cases.uses,
        )
        steps = [step.id for step in self.changed.orchestration.steps]
        if definition.on is not None and definition.on not in steps and not visible.excuses(definition.on):
            scope.problem(f"unknown step {definition.on!r}; {nearest(definition.on, steps)}", ("on",))
        self._check_checks(definition, scope)
        return compiled_evaluator(definition, scope)

    def _check_checks(self, definition: EvaluatorDefinition, scope: Scope) -> None:
        """An evaluator that people answer can only check one of the scenario that does not ask people itself."""
        named = definition.settings.get("checks") if definition.use == BY_PEOPLE else None
        known = [one.id for one in self.source.scenario.evaluators if one.use != BY_PEOPLE]
        if isinstance(named, str) and named not in known:
            scope.problem(f"there is no evaluator {named!r} to check; {nearest(named, known)}", ("checks",))

    def _evaluator_names(self) -> Names:
        inputs = [*literals(self.changed.inputs), *self.source.cases.of_all]
        steps = [step.id for step in self.changed.orchestration.steps]
        return {
            **dict.fromkeys(inputs),
            **dict.fromkeys(steps),
            "output": None,
            "inputs": frozenset(inputs),
            "expected": frozenset(key for case in self.source.cases.cases for key in case.expected),
            "steps": frozenset(steps),
            "case": frozenset({"id", "tags"}),
        }

    def _visible(
        self,
        names: Names,
        *,
        knowledge: Mapping[str, Retriever | None] | None = None,
        not_yet: Mapping[str, str] | None = None,
    ) -> Visible:
        return Visible(
            names=names,
            cases=self.source.cases.cases,
            knowledge=knowledge or {},
            of_some_cases=self.source.cases.of_some,
            not_yet=not_yet or {},
            executed=self.source.scenario.cases,
            left_out=self.left_out,
            complete=self.source.loaded.names_known,
        )


def _compiled_step(definition: StepDefinition, scope: Scope) -> Step | None:
    kind = _kind(definition.use, scope, registry=STEPS, own=FunctionStep)
    if kind is None:
        return None
    try:
        return kind.compile(definition, scope)  # type: ignore[no-any-return]  # what an entry point names is a Step kind
    except Incomplete:
        return None


def compiled_evaluator(definition: EvaluatorDefinition, scope: Scope) -> CompiledEvaluator | None:
    """One evaluator, its kind looked up by name; None where something is wrong, which the scope then holds."""
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
