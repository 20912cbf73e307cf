"""Scenarios: listed, read, checked, made, changed, and what was written taken back."""

from __future__ import annotations

from bisect import bisect_right

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field

from peel.editing.scenario_form import ScenarioView
from peel.records import Json, Record
from peel.records.listing import RunEntry, ScenarioEntry, ScenarioList
from peel.store.listing import Wanted
from peel.web.api.answering import Limit, ScenarioName, Seen, Word, answer, changes, reads
from peel.web.security.noting import note
from peel.web.security.visitors import Editor, Viewer
from peel.web.server import server_of
from peel.workspace import Workspace

router = APIRouter(prefix="/api/scenarios", tags=["scenarios"])

LONGEST_TEXT, MOST_FIELDS = 1_000_000, 50


class NewScenario(Record):
    """A new scenario by the keys of its file, `scenario` (its name) among them; its cases are changed as a table."""

    fields: dict[str, Json] = Field(max_length=MOST_FIELDS)


class ScenarioText(Record):
    """A scenario's whole file; `seen` is that of the view it was made from."""

    text: str = Field(max_length=LONGEST_TEXT)
    seen: Seen


class ScenarioFields(Record):
    """Keys of a scenario's file with their new values, null to take one out; `seen` is that of the view."""

    fields: dict[str, Json] = Field(max_length=MOST_FIELDS)
    seen: Seen


class ScenarioAttempt(Record):
    """A text to be checked in place of the file's (null: the file's), and fields to be put into it."""

    text: str | None = Field(default=None, max_length=LONGEST_TEXT)
    fields: dict[str, Json] = Field(default_factory=dict, max_length=MOST_FIELDS)


class Undo(Record):
    """Which state of the file the last write is taken back from: the `seen` of the view."""

    seen: Seen


@router.get("", response_model=ScenarioList, **reads("viewer"))
def list_scenarios(request: Request, visitor: Viewer, limit: Limit = 50, after: Word | None = None) -> Response:
    """The scenarios by name, each with its latest run. Go on with `after`, the last answer's `next`."""
    workspace = server_of(request).workspace
    names = sorted(workspace.scenario_files.names())
    begin = 0 if after is None else bisect_right(names, after)
    page = names[begin : begin + limit]
    entries = tuple(ScenarioEntry(name=name, last_run=_last_run(workspace, name)) for name in page)
    return answer(ScenarioList(scenarios=entries, next=page[-1] if len(names) > begin + limit else None))


@router.post("", status_code=201, response_model=ScenarioView, **changes("editor"))
def create_scenario(request: Request, visitor: Editor, new: NewScenario) -> Response:
    """Make a scenario and an empty sheet for its cases."""
    view = server_of(request).workspace.scenario_files.create(new.fields)
    note(request, visitor, "create scenario", view.path)
    return answer(view, status=201)


@router.get("/{scenario}", response_model=ScenarioView, **reads("viewer", 404))
def read_scenario(request: Request, visitor: Viewer, scenario: ScenarioName) -> Response:
    """A scenario's file as text and as fields, with what `peel check` says of it."""
    return answer(server_of(request).workspace.scenario_files.view(scenario))


@router.put("/{scenario}", response_model=ScenarioView, **changes("editor", 404, 409))
def write_scenario(request: Request, visitor: Editor, scenario: ScenarioName, new: ScenarioText) -> Response:
    """Write a scenario's file as text; 409 where it is not the one that was seen."""
    view = server_of(request).workspace.scenario_files.save(scenario, new.text, seen=new.seen)
    note(request, visitor, "save scenario", view.path)
    return answer(view)


@router.patch("/{scenario}", response_model=ScenarioView, **changes("editor", 404, 409))
def change_scenario(request: Request, visitor: Editor, scenario: ScenarioName, new: ScenarioFields) -> Response:
    """Change keys of a scenario's file; comments and order of the rest stay. 409 as for PUT."""
    view = server_of(request).workspace.scenario_files.change(scenario, new.fields, seen=new.seen)
    note(request, visitor, "save scenario", view.path)
    return answer(view)


@router.post("/{scenario}/check", response_model=ScenarioView, **changes("editor", 404))
def check_scenario(request: Request, visitor: Editor, scenario: ScenarioName, given: ScenarioAttempt) -> Response:
    """A scenario as it would be after a change, with what `peel check` would say; nothing is written or executed."""
    files = server_of(request).workspace.scenario_files
    text = files.view(scenario).text if given.text is None else given.text
    return answer(files.attempt(scenario, text, given.fields))


@router.post("/{scenario}/undo", response_model=ScenarioView, **changes("editor", 404, 409))
def undo_scenario(request: Request, visitor: Editor, scenario: ScenarioName, last: Undo) -> Response:
    """Take the last write of a scenario's file back."""
    view = server_of(request).workspace.scenario_files.undo(scenario, seen=last.seen)
    note(request, visitor, "undo scenario", view.path)
    return answer(view)


def _last_run(workspace: Workspace, name: str) -> RunEntry | None:
    return next(iter(workspace.store.listed(limit=1, wanted=Wanted(scenario=name)).runs), None)
