"""Starting a run: what of which scenario, after an estimate of the calls and what they cost."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from peel.counting import counted
from peel.editing.places import located
from peel.errors import DefinitionError, PeelError
from peel.estimates.foresight import what_a_run_can_show
from peel.estimates.until import until_in_words
from peel.records import Run, Scenario
from peel.reports.foresight_wording import what_a_run_will_take
from peel.web.ordering import paths_of, planned
from peel.web.pages.amounts import dollars, whole_number
from peel.web.rendering import page
from peel.web.security.noting import note
from peel.web.security.visitors import Editor, Visitor
from peel.web.server import Server, server_of
from peel.workspace import RunRequest

router = APIRouter(prefix="/runs/new", include_in_schema=False)

MOST_TAGS = 100
"""How many tags of the cases are offered to choose from."""


class Start(BaseModel):
    """The form as it was filled in. `cases` are ids, one a line; a scenario without a name stands for all."""

    scenario: str = Field(default="", max_length=200)
    repetitions: str = Field(default="", max_length=20)
    variants: list[Annotated[str, Field(max_length=200)]] = Field(default=[], max_length=1_000)
    tags: list[Annotated[str, Field(max_length=500)]] = Field(default=[], max_length=1_000)
    cases: str = Field(default="", max_length=200_000)
    budget: str = Field(default="", max_length=40)
    until: str = Field(default="", max_length=200)


@router.get("")
def ask(request: Request, visitor: Editor, start: Annotated[Start, Query()]) -> Response:
    """The form."""
    return _form(request, visitor, start)


@router.post("/estimate")
def estimate(request: Request, visitor: Editor, start: Annotated[Start, Form()]) -> Response:
    """What the run would execute, show and cost, or why it cannot be started."""
    server = server_of(request)
    try:
        _, run = _ordered(server, start, by=None)
    except PeelError as error:
        return page(request, visitor, "run_estimate.html", sentences=[], told=_told(server, error))
    return page(request, visitor, "run_estimate.html", sentences=_sentences(server, run), told=[])


@router.post("")
def begin(request: Request, visitor: Editor, start: Annotated[Start, Form()]) -> Response:
    """Start the run, and go to its page."""
    server = server_of(request)
    try:
        run_id = server.running.start(_ordered(server, start, by=visitor.name)[0])
    except PeelError as error:
        return _form(request, visitor, start, told=_told(server, error), status=422)
    note(request, visitor, "start run", run_id)
    return RedirectResponse(f"/runs/{run_id}", status_code=303)


def _form(
    request: Request, visitor: Visitor, start: Start, *, told: list[str] | None = None, status: int = 200
) -> Response:
    server = server_of(request)
    listed = [one for one in server.workspace.overview.scenarios() if one.files]
    chosen = next((one for one in listed if one.name == start.scenario), None)
    if chosen is None and len(listed) == 1:
        chosen = listed[0]
    scenario = chosen.scenario if chosen else None
    return page(
        request,
        visitor,
        "run_new.html",
        status=status,
        listed=listed,
        chosen=chosen.name if chosen else "",
        scenario=scenario,
        tags=_tags(scenario) if scenario else [],
        start=start,
        told=told or [],
    )


def _tags(scenario: Scenario) -> list[str]:
    return sorted({tag for case in scenario.cases for tag in case.tags})[:MOST_TAGS]


def _ordered(server: Server, start: Start, *, by: str | None) -> tuple[RunRequest, Run]:
    """What the form asks for, and the run that it would make by the files as they are now. Raises PeelError."""
    with server.running.opened() as workspace:
        request = RunRequest(
            paths=paths_of(workspace, (start.scenario,) if start.scenario else ()),
            repetitions=whole_number(start.repetitions, "the repetitions"),
            cases=tuple(filter(None, (line.strip() for line in start.cases.splitlines()))),
            tags=tuple(start.tags),
            variants=tuple(start.variants),
            budget_usd=dollars(start.budget),
            until=start.until.strip() or None,
            by=by,
        )
        return request, planned(workspace, request)


def _sentences(server: Server, run: Run) -> list[str]:
    """What `peel run` says when it starts."""
    take = what_a_run_will_take(server.workspace.foresight(run))
    return [
        f"{counted(run.planned, 'execution')}: {_made_of(run)}",
        take,
        what_a_run_can_show(run),
        *until_in_words(run),
    ]


def _made_of(run: Run) -> str:
    parts = []
    for name, cases in run.cases.items():
        items = [one for one in run.scenario_variants if one.scenario.scenario == name]
        counts = f"{len(cases):,} × {items[0].scenario.repetitions:,} × {len(items):,}" if items else "nothing"
        parts.append(f"{name} {counts}")
    shown = ", ".join(parts[:10]) + (f" and {len(parts) - 10} more" if len(parts) > 10 else "")
    return f"{shown} (cases × repetitions × variants)"


def _told(server: Server, error: PeelError) -> list[str]:
    """The problems, with the form's words for what the command calls a flag."""
    if not isinstance(error, DefinitionError):
        return [str(error)]
    problems = [located(one, server.workspace.root) for one in error.problems[:30]]
    return [str(one).replace("--", "", 1) if (one.file or "").startswith("--") else str(one) for one in problems]
