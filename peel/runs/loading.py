"""From files to compiled scenario variants: load, select, compile, and report everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from peel.errors import DefinitionError
from peel.records import Case, Json, Problem, Scenario, ScenarioVariant, Selection
from peel.runs.baselines import Baselines
from peel.runs.compile import Source, compile_variant
from peel.runs.compiled import CompiledScenarioVariant
from peel.runs.inputs import CaseInputs
from peel.runs.provenance import content_hash
from peel.runs.resources import Resources
from peel.runs.scope import Problems
from peel.runs.select import narrowed, problems_of
from peel.scenarios.documents import Drafts
from peel.scenarios.finding import find_scenarios, is_inside, scenarios_below
from peel.scenarios.loading import (
    LoadedOrchestration,
    LoadedScenario,
    conflicting_names,
    load_given_scenario,
    load_orchestration,
    load_scenario,
)
from peel.scenarios.opening import told
from peel.scenarios.origin import absolute, shown

GIVEN = "peel.run"
"""What messages call the file of a scenario that stands in none: the call that gave it."""

CompileOne: TypeAlias = Callable[..., CompiledScenarioVariant | None]
"""`compile_variant`, or what compiles less of a scenario variant."""


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

    Raises DefinitionError where a path does not exist, leads outside the workspace or holds no scenario.
    """
    if not given:
        found = find_scenarios(root)
        if not found:
            message = "the folder holds no scenario file (*.yaml); a scenario begins with 'scenario: NAME'"
            raise DefinitionError([Problem(message=message, file=shown(root / "scenarios"))])
        return found
    paths: dict[Path, None] = {}
    problems: list[Problem] = []
    for path in (absolute(Path(one)) for one in given):
        found = _scenarios_at(path)
        wrong = _wrong_path(path, found, root)
        problems += [Problem(message=wrong, file=shown(path))] if wrong else []
        paths.update(dict.fromkeys(found))
    if problems:
        raise DefinitionError(problems)
    return list(paths)


def _scenarios_at(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return find_scenarios(path) if (path / "scenarios").is_dir() else scenarios_below(path)


def _wrong_path(path: Path, found: Sequence[Path], root: Path) -> str | None:
    if not path.exists():
        return "there is no such scenario file or folder"
    if not is_inside(path, root):
        return f"the path lies outside the workspace {shown(root)!r}; a run takes scenarios of one workspace"
    if not found:
        return "the folder holds no scenario file (*.yaml)"
    if path.is_file() and path.suffix.lower() not in (".yaml", ".yml"):
        return "this is no scenario file; name the *.yaml file that begins with 'scenario: NAME'"
    return None


def compile_selection(
    root: Path,
    selection: Selection,
    *,
    resources: Resources,
    found: Sequence[Problem] = (),
    compile_one: CompileOne = compile_variant,
    baselines: Baselines | None = None,
    drafts: Drafts | None = None,
) -> Compiled:
    """Load and compile what a selection takes. Executes nothing.

    `found` are problems found before, of peel.yaml or the call; `compile_one` says how much of a scenario variant is
    compiled; `baselines` finds the runs that gates name; `drafts` are texts in place of files. Raises DefinitionError
    with every problem of every file, sorted by file and line.
    """
    loaded = [load_scenario(root / path, root=root, drafts=drafts) for path in selection.scenarios]
    if selection.given is not None:
        loaded.append(load_given_scenario(selection.given, name=GIVEN, root=root))
    orchestrations = _orchestrations(loaded, root)
    problems = Problems(dict.fromkeys((*found, *_of_files(loaded, orchestrations, selection))))
    compiled: list[CompiledScenarioVariant] = []
    for source in _sources(loaded, orchestrations, selection):
        for variant in source.scenario.variants:
            one = compile_one(source, variant, resources=resources, problems=problems)
            compiled += [] if one is None else [one]
        for problem in source.cases.lacking():
            problems.add(problem)
        for problem in baselines.problems(source.loaded, source.scenario) if baselines else ():
            problems.add(problem)
    if problems.found:
        raise DefinitionError(told(sorted(problems.found, key=_place)))
    cases = {one.record.scenario.scenario: tuple(one.cases) for one in compiled}
    return Compiled(tuple(compiled), cases, _parts(compiled, cases, resources))


def _place(problem: Problem) -> tuple[str, int]:
    return problem.file or "", problem.line or 0


def _of_files(
    loaded: Sequence[LoadedScenario], orchestrations: Mapping[Path, LoadedOrchestration], selection: Selection
) -> Iterator[Problem]:
    """What is wrong in the files themselves, between them, and with the selection of what is in them."""
    for orchestration in orchestrations.values():
        yield from orchestration.problems
    for one in loaded:
        yield from one.problems
        if one.orchestration_path is not None:
            yield from conflicting_names(one, orchestrations[one.orchestration_path])
    yield from same_names(loaded)
    if not any(one.problems for one in loaded):
        yield from problems_of(selection, [one.scenario for one in loaded if one.scenario])


def _orchestrations(loaded: Sequence[LoadedScenario], root: Path) -> dict[Path, LoadedOrchestration]:
    paths = dict.fromkeys(one.orchestration_path for one in loaded if one.orchestration_path)
    return {path: load_orchestration(path, root=root) for path in paths}


def same_names(loaded: Sequence[LoadedScenario]) -> list[Problem]:
    """That scenarios have the name of another one."""
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
            sources.append(Source(one, found, CaseInputs(one), one.scenario if broken else scenario))
    return sources


def _parts(
    compiled: Sequence[CompiledScenarioVariant], cases: dict[str, tuple[Case, ...]], resources: Resources
) -> dict[str, str]:
    parts = {f"cases of {name}": content_hash([_described(case) for case in some]) for name, some in cases.items()}
    for one in compiled:
        scenario, variant = one.record.scenario, one.record.variant.name
        parts[f"scenario {scenario.scenario}"] = content_hash(_described(scenario, leave_out=("variants",)))
        parts[
            f"orchestration {one.record.orchestration.orchestration} under {scenario.scenario}, variant {variant}"
        ] = content_hash([one.record.orchestration.model_dump(), one.record.inputs])
    return {**parts, **resources.code, **resources.model_parts(), **resources.knowledge_parts()}


def _described(one: Scenario | Case, *, leave_out: Sequence[str] = ()) -> dict[str, Json]:
    """What the hash of a part is made of. Whoever is no draft is described as before there were any."""
    return one.model_dump(exclude={*leave_out, *(() if one.draft else ("draft",))})
