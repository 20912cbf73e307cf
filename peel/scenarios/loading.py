"""Definitions files to records: what is right is loaded, and all that is wrong is told, not only the first.

A wrong evaluator, gate, variant, step or case is left out of the record, so that the rest can still be compiled and
every problem of a file be reported together. Nothing may be executed while there is any problem.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from peel.plugins import nearest
from peel.records import (
    PASSES_AT,
    Case,
    EstimateSettings,
    EvaluatorDefinition,
    GateDefinition,
    Json,
    Orchestration,
    Problem,
    Scenario,
    StepDefinition,
)
from peel.scenarios.cases import LoadedCases, cases_path, inline_cases, load_cases
from peel.scenarios.checking import Findings, Part, checked, found, shortened
from peel.scenarios.documents import Drafts, Unreadable
from peel.scenarios.entries import Kept, read_evaluators, read_steps
from peel.scenarios.file_format import EstimatesEntry, OrchestrationFile, ScenarioFile
from peel.scenarios.finding import find_orchestrations
from peel.scenarios.gates import Known, read_gates
from peel.scenarios.inputs import read_inputs
from peel.scenarios.opening import open_definitions, told
from peel.scenarios.origin import Origin, Place, absolute, shown
from peel.scenarios.variants import Variants, read_variants
from peel.scenarios.workspace_file import LoadedWorkspace, load_workspace

__all__ = [
    "LoadedOrchestration",
    "LoadedScenario",
    "LoadedWorkspace",
    "conflicting_names",
    "load_given_scenario",
    "load_orchestration",
    "load_scenario",
    "load_workspace",
]


@dataclass(frozen=True, slots=True)
class LoadedScenario:
    """A scenario file as far as it is right.

    `scenario` is None where the file gives none at all. Paths in `origin` follow the record: `("evaluators", 2)` is
    the third evaluator of `scenario.evaluators`; `cases_origin` finds case N under `(N,)`, in whichever file it is.
    `names_known` is False where cases or shared inputs could not be read, so that a template's unknown name is no
    problem of its own. `orchestration_path` is None where no file has that name (which is among the problems).
    """

    path: Path
    origin: Origin
    cases_origin: Origin
    scenario: Scenario | None = None
    orchestration_path: Path | None = None
    names_known: bool = False
    left_out: frozenset[str] = frozenset()
    """The ids of evaluators that were left out."""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadedOrchestration:
    """An orchestration file as far as it is right; `left_out` are the ids of steps that were left out."""

    path: Path
    origin: Origin
    orchestration: Orchestration | None = None
    left_out: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


def load_scenario(path: Path, *, root: Path, drafts: Drafts | None = None) -> LoadedScenario:
    """Load one scenario file of the workspace `root`, with its cases. Never raises for what the files hold."""
    path = absolute(path)
    findings, value = open_definitions(path, "a scenario begins with 'scenario: NAME'", drafts=drafts)
    origin = findings.origin
    if value is None:
        return LoadedScenario(path, origin, origin, problems=told(findings.problems))
    return _loaded(path, value, findings, root=root, drafts=drafts)


def load_given_scenario(value: dict[str, Json], *, name: str, root: Path) -> LoadedScenario:
    """A scenario that stands in no file but is given as a mapping. `name` is what messages call its file; its paths are
    relative to the workspace `root`."""
    origin = Origin(file=name, directory=absolute(root), place=Place(0))
    return _loaded(absolute(root) / name, value, Findings(origin), root=root)


def _loaded(
    path: Path, value: dict[str, Json], findings: Findings, *, root: Path, drafts: Drafts | None = None
) -> LoadedScenario:
    fields = checked(ScenarioFile, Part(value, (), "the scenario"), findings)
    parts = _parts(fields, findings, root=root, drafts=drafts)
    orchestration = fields.get("orchestration")
    known = isinstance(orchestration, str)
    return LoadedScenario(
        path,
        _kept_origin(findings.origin, parts),
        parts.cases.origin,
        scenario=_scenario(fields, parts, path) if known else None,
        orchestration_path=_orchestration_path(str(orchestration), findings, root) if known else None,
        names_known=bool(parts.cases.cases) and ("inputs" in fields or "inputs" not in value),
        left_out=frozenset(parts.evaluators.left_out),
        problems=told(findings.problems, parts.cases.problems),
    )


def load_orchestration(path: Path, *, root: Path) -> LoadedOrchestration:
    """Load one orchestration file of the workspace `root`. Never raises for what the file holds."""
    path = absolute(path)
    findings, value = open_definitions(path, "an orchestration begins with 'orchestration: NAME'")
    if value is None:
        return LoadedOrchestration(path, findings.origin, problems=told(findings.problems))
    fields = checked(OrchestrationFile, Part(value, (), "the orchestration"), findings)
    steps = read_steps(fields.get("steps"), findings)
    output = _output(fields.get("output"), steps, findings)
    record = {
        "orchestration": fields.get("orchestration", path.stem),
        "description": fields.get("description", ""),
        "steps": tuple(steps.records),
        "output": output,
    }
    return LoadedOrchestration(
        path,
        replace(findings.origin, place=findings.origin.place.holding("steps", steps.places)),
        Orchestration.model_validate(record) if steps.records else None,
        left_out=frozenset(steps.left_out),
        problems=told(findings.problems),
    )


def conflicting_names(scenario: LoadedScenario, orchestration: LoadedOrchestration) -> tuple[Problem, ...]:
    """Inputs and steps that have the same name, where a template could not tell which is meant.

    The last step may be called like an input (an email is answered by an email): no step after it could mean either.
    """
    if scenario.scenario is None or orchestration.orchestration is None:
        return ()
    steps = frozenset(step.id for step in orchestration.orchestration.steps[:-1])
    shared = scenario.scenario.inputs.keys()
    of_shared = [
        scenario.origin.problem(_called_like("shared input", name, "a step that others follow"), ("inputs", name))
        for name in shared & steps
    ]
    cases = scenario.scenario.cases
    first = {name: place for place in range(len(cases) - 1, -1, -1) for name in cases[place].inputs}
    of_cases = [
        scenario.cases_origin.problem(
            _called_like("case input", name, "a shared input" if name in shared else "a step that others follow"),
            (first[name], "inputs", name),
        )
        for name in sorted(first.keys() & (shared | steps))
    ]
    return told(of_shared, of_cases)


def _called_like(what: str, name: str, other: str) -> str:
    return f"the {what} {name!r} is called like {other}, so that templates could not tell them apart; rename one"


def _cases(fields: dict[str, Json], findings: Findings, *, root: Path, drafts: Drafts | None) -> LoadedCases:
    value = fields.get("cases")
    nothing = LoadedCases((), findings.origin.at("cases"))
    if isinstance(value, list):
        return inline_cases(value, findings.origin.at("cases"))
    if not isinstance(value, str):
        if "cases" in fields:
            allowed = "a path to a .csv, .yaml, .yml or .jsonl file, or a list of cases"
            findings.add(f"'cases' of the scenario must be {allowed}, not {found(value)}", ("cases",))
        return nothing
    try:
        path = cases_path(value, findings.origin.directory, root=root, drafts=drafts)
        return load_cases(path, drafts=drafts)
    except Unreadable as error:
        findings.add(str(error), ("cases",))
        return nothing


def _orchestration_path(name: str, findings: Findings, root: Path) -> Path | None:
    """The file of an orchestration; that there is none, or more than one, is reported."""
    known = find_orchestrations(root)
    paths = known.paths.get(name, ())
    if len(paths) == 1:
        return paths[0]
    if paths:
        files = ", ".join(shown(path) for path in paths)
        findings.add(
            f"the orchestration {name!r} stands in several files: {files}; rename all but one", ("orchestration",)
        )
        return None
    unreadable = "".join(f"; {shown(path)} cannot be read" for path in known.unreadable)
    where = f"in {shown(root / 'orchestrations')!r}"
    meant = nearest(name, known.paths) if known.paths else "no file there has an 'orchestration: NAME'"
    findings.add(f"unknown orchestration {shortened(name)!r} {where}; {meant}{unreadable}", ("orchestration",))
    return None


def _output(value: Json, steps: Kept[StepDefinition], findings: Findings) -> str:
    """The step whose output is the orchestration's: the one named, else the last."""
    last = steps.records[-1].id if steps.records else ""
    if not isinstance(value, str):
        return last
    if any(step.id == value for step in steps.records):
        return value
    if value not in steps.ids:
        findings.add(f"'output' names the unknown step {shortened(value)!r}; {nearest(value, steps.ids)}", ("output",))
    return last


@dataclass(frozen=True, slots=True)
class _Parts:
    inputs: dict[str, Json]
    variants: Variants
    evaluators: Kept[EvaluatorDefinition]
    gates: list[tuple[int, GateDefinition]]
    cases: LoadedCases
    estimates: EstimateSettings


def _parts(fields: dict[str, Json], findings: Findings, *, root: Path, drafts: Drafts | None) -> _Parts:
    evaluators = read_evaluators(fields.get("evaluators"), findings)
    inputs = read_inputs(fields.get("inputs"), findings)
    variants = read_variants(fields.get("variants"), fields.get("matrix"), findings)
    cases = _cases(fields, findings, root=root, drafts=drafts)
    gates = read_gates(fields.get("gates"), _known_to_gates(fields, evaluators.ids, cases, findings.origin), findings)
    return _Parts(inputs, variants, evaluators, gates, cases, _estimates(fields, findings))


def _estimates(fields: dict[str, Json], findings: Findings) -> EstimateSettings:
    """How estimates are made; what is wrong in it is reported, and the default taken."""
    if "estimates" not in fields:
        return EstimateSettings()
    part = Part(fields["estimates"], ("estimates",), "'estimates' of the scenario")
    return EstimateSettings.model_validate(checked(EstimatesEntry, part, findings))


def _known_to_gates(fields: dict[str, Json], evaluators: set[str], cases: LoadedCases, origin: Origin) -> Known:
    repetitions = fields.get("repetitions", 1 if origin.place.get("repetitions") is None else None)
    below, estimates = fields.get("below"), fields.get("estimates")
    passes_at = estimates.get("passes_at") if isinstance(estimates, dict) else None
    return Known(
        evaluators,
        tags=None if cases.problems or not cases.cases else {tag for case in cases.cases for tag in case.tags},
        repetitions=repetitions if isinstance(repetitions, int) else None,
        below=float(below) if isinstance(below, int | float) else ScenarioFile.model_fields["below"].default,
        passes_at=float(passes_at) if isinstance(passes_at, int | float) else PASSES_AT,
    )


def _scenario(fields: dict[str, Json], parts: _Parts, path: Path) -> Scenario:
    """The record of what is right; a scenario whose name is wrong is called like its file."""
    plain = ("description", "orchestration", "repetitions", "below", "draft")
    record: dict[str, Any] = {key: fields[key] for key in plain if key in fields}
    return Scenario(
        **record,
        scenario=str(fields.get("scenario", path.stem)),
        inputs=parts.inputs,
        cases=_all_drafts(parts.cases.cases) if record.get("draft") else parts.cases.cases,
        variants=tuple(parts.variants.records),
        evaluators=tuple(parts.evaluators.records),
        gates=tuple(gate for _, gate in parts.gates),
        estimates=parts.estimates,
    )


def _all_drafts(cases: tuple[Case, ...]) -> tuple[Case, ...]:
    return tuple(case.model_copy(update={"draft": True}) for case in cases)


def _kept_origin(origin: Origin, parts: _Parts) -> Origin:
    """The origin with the places of what was kept, so that paths into the record find their lines."""
    gates = [origin.place.nearest(("gates", number)) for number, _ in parts.gates]
    place = origin.place.holding("evaluators", parts.evaluators.places).holding("gates", gates)
    return replace(origin, place=place.holding("variants", parts.variants.places))
