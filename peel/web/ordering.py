"""What a run is ordered by over the web: bounded, and naming nothing but scenarios and models of the workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from peel.editing.places import existing, scenario_file, scenario_files
from peel.errors import DefinitionError
from peel.estimates.foresight import what_a_run_can_show
from peel.models.opening import provider_of
from peel.plugins import nearest
from peel.records import ModelDefinition, Problem, Record, Run
from peel.records.foresight import Foresight, ScenarioPlan
from peel.scenarios.origin import absolute
from peel.web.running import Running
from peel.workspace import RunRequest, Workspace

MOST_NAMES, LONGEST_NAME = 1_000, 200
MOST_REPETITIONS, MOST_CONCURRENCY, MOST_USD = 10_000, 10_000, 1_000_000.0
MOST_EXECUTIONS = 10_000_000
"""How many executions a run that is started over the web may have."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)]
Names = Annotated[tuple[Name, ...], Field(max_length=MOST_NAMES)]


class RunLimits(Record):
    """What bounds a run: executions in flight at most (None: adapts), and US dollars that it may cost (None: any)."""

    concurrency: int | None = Field(default=None, ge=1, le=MOST_CONCURRENCY)
    budget_usd: float | None = Field(default=None, ge=0.0, le=MOST_USD, allow_inf_nan=False)


class RunOrder(RunLimits):
    """A run as it is asked for. `scenarios` are names (none: all of the workspace); `cases`, `tags`, `variants` narrow
    them (none: all); `models` maps a role of peel.yaml to another role, or to a model of the same server. `until` ends
    the run early: `decided`, `width<0.05` or `ID:width<0.05`."""

    scenarios: Names = ()
    repetitions: int | None = Field(default=None, ge=1, le=MOST_REPETITIONS)
    cases: Names = ()
    tags: Names = ()
    variants: Names = ()
    models: dict[Name, Name] = Field(default_factory=dict, max_length=100)
    until: Name | None = None


def request_of(workspace: Workspace, order: RunOrder, *, by: str | None) -> RunRequest:
    """The request that an order stands for, started by `by`.

    Raises UnknownScenario, and DefinitionError for a scenario or a model that is not the workspace's own.
    """
    check_models(workspace.definition.models, order.models)
    return RunRequest(
        paths=paths_of(workspace, order.scenarios),
        repetitions=order.repetitions,
        cases=order.cases,
        tags=order.tags,
        variants=order.variants,
        models=order.models,
        concurrency=order.concurrency,
        budget_usd=order.budget_usd,
        until=order.until,
        by=by,
    )


def start(running: Running, order: RunOrder, *, by: str | None) -> str:
    """Start a run as ordered; its id. Not to be called in an event loop.

    Raises Busy, UnknownScenario, DefinitionError with everything that is wrong, StoreError.
    """
    with running.opened() as workspace:
        request = request_of(workspace, order, by=by)
        planned(workspace, request)
    return running.start(request)


def paths_of(workspace: Workspace, names: Sequence[str]) -> tuple[str, ...]:
    """The files of scenarios by their names, of all where none is named: no path comes from a browser.

    Raises UnknownScenario, DefinitionError where one leads out of the workspace.
    """
    root = workspace.root
    every = scenario_files(root).values() if not names else ()
    found = [scenario_file(root, name) for name in names] or [path for paths in every for path in paths]
    for path in found:
        existing(root, absolute(path))
    return tuple(str(absolute(path)) for path in found)


def planned(workspace: Workspace, request: RunRequest) -> Run:
    """The run that a request would make; executes nothing. Not to be called in an event loop.

    Raises DefinitionError with everything that is wrong, also where the run would be too large.
    """
    run = asyncio.run(workspace.preview(request))
    if run.planned > MOST_EXECUTIONS:
        _fail(f"the run would have {run.planned:,} executions; {MOST_EXECUTIONS:,} are allowed here: take fewer cases")
    return run


def foresee(workspace: Workspace, request: RunRequest) -> Foresight:
    """What a request will take. Called and raises as `planned`."""
    run = planned(workspace, request)
    told = workspace.foresight(run)
    return Foresight(
        planned=run.planned,
        calls=told.calls,
        judge_calls=told.judge_calls,
        cost_usd=told.cost_usd,
        latency_s=told.latency_s,
        by=told.by,
        first=told.first,
        can_show=what_a_run_can_show(run),
        scenarios=_plans(run),
    )


def check_models(roles: Mapping[str, ModelDefinition], wanted: Mapping[str, str]) -> None:
    """Let a role stand for another role, or for another model of the same server, and for nothing else: what runs in
    the process is named by a path, and `${NAME}` would be filled from the server's environment.

    Raises DefinitionError.
    """
    for role, name in wanted.items():
        if role not in roles:
            _fail(f"unknown model role {role!r}; {nearest(role, roles)}")
        if name not in roles and not _is_served(roles[role], name):
            named = ", ".join(roles)
            _fail(
                f"the model {name!r} cannot stand for the role {role!r} here; name another role of peel.yaml: {named}"
            )


def _is_served(role: ModelDefinition, name: str) -> bool:
    changed = role.model_copy(update={"model": name})
    by_server = provider_of(role) == provider_of(changed) == "openai"
    return by_server and "$" not in name and name.isprintable()


def _plans(run: Run) -> tuple[ScenarioPlan, ...]:
    return tuple(
        ScenarioPlan(
            scenario=item.scenario.scenario,
            variant=item.variant.name,
            cases=len(run.cases[item.scenario.scenario]),
            repetitions=item.scenario.repetitions,
        )
        for item in run.scenario_variants
    )


def _fail(message: str) -> None:
    raise DefinitionError([Problem(message=message)])
