"""From files to compiled scenario variants: load, select, compile, and report everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from peel.errors import DefinitionError
from peel.records import Case, Problem, ScenarioVariant, Selection
from peel.runs.compile import Source, compile_variant
from peel.runs.compiled import CompiledScenarioVariant
from peel.runs.provenance import content_hash
from peel.runs.resources import Resources
from peel.runs.scope import Problems
from peel.runs.select import narrowed, problems_of
from peel.scenarios.finding import find_scenarios
from peel.scenarios.loading import LoadedOrchestration, LoadedScenario, load_orchestration, load_scenario
from peel.scenarios.origin import absolute, shown


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a selection of scenarios compiles to; `parts` maps each part of the definitions to its content's hash."""

    variants: tuple[CompiledScenarioVariant, ...]
    cases: dict[str, tuple[Case, ...]]
    parts: dict[str, str]

    @property
    def records(self) -> tuple[ScenarioVariant, ...]:
        """The definitions, as a run records them."""
        return tuple(one.record for one in self.variants)


def scenario_paths(root: Path, given: Sequence[str]) -> list[Path]:
    """The scenario files that paths stand for; no path stands for all of the workspace's.

    Raises DefinitionError where a path does not exist or holds no scenario.
    """
    problems: list[Problem] = []
    paths: list[Path] = []
    for path in (absolute(Path(one)) for one in given):
        found = _below(path) if path.is_dir() else [path]
        if not path.exists():
            problems.append(Problem(message="there is no such scenario file or folder", file=shown(path)))
        elif not found:
            problems.append(Problem(message="the folder holds no scenario file (*.yaml)", file=shown(path)))
        paths += [one for one in found if one not in paths]
    if not given:
        paths = find_scenarios(root)
        if not paths:
            problems.append(Problem(message="holds no scenario file (*.yaml)", file=shown(root / "scenarios")))
    if problems:
        raise DefinitionError(problems)
    return paths


def _below(folder: Path) -> list[Path]:
    if (folder / "scenarios").is_dir():
        return find_scenarios(folder)
    return sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml") and path.is_file())


def compile_selection(root: Path, selection: Selection, *, resources: Resources) -> Compiled:
    """Load and compile what a selection takes. Executes nothing.

    Raises DefinitionError with every problem of every file.
    """
    loaded = [load_scenario(root / path, root=root) for path in selection.scenarios]
    orchestrations = _orchestrations(loaded, root)
    problems = Problems()
    for found in (
        *(one.problems for one in loaded),
        *(one.problems for one in orchestrations.values()),
        _same_names(loaded),
        problems_of(selection, [one.scenario for one in loaded if one.scenario]),
    ):
        for problem in found:
            problems.add(problem)
    compiled: list[CompiledScenarioVariant] = []
    for source in _sources(loaded, orchestrations, selection):
        for variant in source.scenario.variants:
            one = compile_variant(source, variant, resources=resources, problems=problems)
            compiled += [] if one is None else [one]
    if problems.found:
        raise DefinitionError(list(problems.found))
    cases = {one.record.scenario.scenario: tuple(one.cases) for one in compiled}
    return Compiled(tuple(compiled), cases, _parts(compiled, cases, resources))


def _orchestrations(loaded: Sequence[LoadedScenario], root: Path) -> dict[Path, LoadedOrchestration]:
    paths = dict.fromkeys(one.orchestration_path for one in loaded if one.orchestration_path)
    return {path: load_orchestration(path, root=root) for path in paths}


def _same_names(loaded: Sequence[LoadedScenario]) -> list[Problem]:
    first: dict[str, LoadedScenario] = {}
    problems = []
    for one in loaded:
        if one.scenario is None:
            continue
        name = one.scenario.scenario
        if name in first:
            message = f"the scenario {name!r} is also defined in {first[name].origin.file}; names must be unique"
            problems.append(one.origin.problem(message, ("scenario",)))
        first.setdefault(name, one)
    return problems


def _sources(
    loaded: Sequence[LoadedScenario], orchestrations: dict[Path, LoadedOrchestration], selection: Selection
) -> list[Source]:
    sources = []
    for one in loaded:
        found = orchestrations.get(one.orchestration_path) if one.orchestration_path else None
        if one.scenario is None or found is None or found.orchestration is None:
            continue
        scenario = narrowed(one.scenario, selection)
        broken = bool(one.problems or found.problems)
        if broken or (scenario.cases and scenario.variants):
            sources.append(Source(one, found, one.scenario if broken else scenario))
    return sources


def _parts(
    compiled: Sequence[CompiledScenarioVariant], cases: dict[str, tuple[Case, ...]], resources: Resources
) -> dict[str, str]:
    parts = {f"cases of {name}": content_hash([case.model_dump() for case in some]) for name, some in cases.items()}
    for one in compiled:
        scenario, variant = one.record.scenario, one.record.variant.name
        parts[f"scenario {scenario.scenario}"] = content_hash(scenario.model_dump(exclude={"variants"}))
        parts[
            f"orchestration {one.record.orchestration.orchestration} under {scenario.scenario}, variant {variant}"
        ] = content_hash([one.record.orchestration.model_dump(), one.record.inputs])
    return {**parts, **resources.code, **resources.model_parts(), **resources.knowledge_parts()}
