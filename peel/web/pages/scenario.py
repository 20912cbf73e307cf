"""A scenario as a form and as YAML, two views of one file: new, edited, checked while it is written, taken back."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from peel.editing.scenario_form import ScenarioView
from peel.errors import ConflictError, DefinitionError
from peel.records import Json, Problem
from peel.scenarios.case_json import parse_json
from peel.scenarios.file_format import MEASURES, NESTED_FORMS, EvaluatorGateEntry, KnowledgeEntry
from peel.schema import evaluator_schemas
from peel.web.pages.addresses import scenario_url
from peel.web.rendering import page
from peel.web.security.noting import note
from peel.web.security.visitors import Editor, Viewer, Visitor
from peel.web.server import Server, server_of

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form()]
Seen = Annotated[str, Form(max_length=100)]
_SAID = {
    "saved": "Saved: the file in the workspace holds this now.",
    "undone": "The last save was taken back.",
    "new": "The scenario is there. Say what judges its outputs below, and add its cases.",
}


@router.get("/scenarios/new")
def ask_new(request: Request, visitor: Editor) -> Response:
    """The form of a new scenario."""
    return _new(request, visitor, {}, ())


@router.post("/scenarios/new")
def create(
    request: Request, visitor: Editor, name: Text = "", description: Text = "", orchestration: Text = ""
) -> Response:
    """Write a new scenario and an empty sheet for its cases."""
    server = server_of(request)
    given: dict[str, Json] = {"scenario": name.strip(), "orchestration": orchestration}
    if description.strip():
        given["description"] = " ".join(description.split())
    try:
        view = server.workspace.scenario_files.create(given)
    except DefinitionError as error:
        return _new(request, visitor, given, error.problems)
    note(request, visitor, "create scenario", view.path)
    return _to(view, "new")


@router.get("/scenarios/{name}/edit")
def edit(request: Request, visitor: Viewer, name: str, said: str = "") -> Response:
    """A scenario, to be edited by those who may."""
    view = server_of(request).workspace.scenario_files.view(name)
    return _edit(request, visitor, view, said=_SAID.get(said, ""))


@router.post("/scenarios/{name}/edit")
def save(request: Request, visitor: Editor, name: str, text: Text, seen: Seen) -> Response:
    """Write the text over the file, where that is still what was shown."""
    server = server_of(request)
    try:
        view = server.workspace.scenario_files.save(name, text, seen=seen)
    except ConflictError as conflict:
        view = server.workspace.scenario_files.attempt(name, text)
        return _edit(request, visitor, view, status=409, conflict=conflict)
    except DefinitionError as error:
        view = server.workspace.scenario_files.attempt(name, text).model_copy(update={"problems": error.problems})
        return _edit(
            request, visitor, view, status=422, seen=seen, refusal="Nothing was saved. What keeps it from being saved:"
        )
    note(request, visitor, "save scenario", view.path)
    return _to(view, "saved")


@router.post("/scenarios/{name}/attempt")
def attempt(request: Request, visitor: Editor, name: str, text: Text, changes: Text = "{}") -> Response:
    """What a text, with the form's changes put in, would be: nothing is written."""
    files = server_of(request).workspace.scenario_files
    try:
        changed = parse_json(changes)
        view = files.attempt(name, text, changed if isinstance(changed, dict) else {})
    except (DefinitionError, ValueError) as error:
        problems = error.problems if isinstance(error, DefinitionError) else (Problem(message=str(error)),)
        return JSONResponse({"problems": _told(problems, "")}, status_code=422)
    found = view.model_dump(mode="json", include={"text", "fields", "changed"})
    return JSONResponse({**found, "problems": _told(view.problems, view.path)})


@router.post("/scenarios/{name}/undo")
def undo(request: Request, visitor: Editor, name: str, seen: Seen) -> Response:
    """Take the last save back, where the file is still what was shown."""
    server = server_of(request)
    view = server.workspace.scenario_files.undo(name, seen=seen)
    note(request, visitor, "undo scenario", view.path)
    return _to(view, "undone")


def _new(request: Request, visitor: Visitor, given: dict[str, Json], problems: tuple[Problem, ...]) -> Response:
    return page(
        request,
        visitor,
        "scenario_new.html",
        status=422 if problems else 200,
        given=given,
        problems=_told(problems, ""),
        orchestrations=server_of(request).workspace.scenario_files.orchestrations(),
    )


def _edit(
    request: Request,
    visitor: Visitor,
    view: ScenarioView,
    *,
    status: int = 200,
    conflict: ConflictError | None = None,
    seen: str = "",
    said: str = "",
    refusal: str = "",
) -> Response:
    return page(
        request,
        visitor,
        "scenario_edit.html",
        status=status,
        name=request.path_params["name"],
        view=view,
        seen=seen or view.seen,
        conflict=conflict,
        said=said,
        refusal=refusal,
        url=scenario_url(request.path_params["name"]),
        problems=_told(view.problems, view.path),
        known=_known(server_of(request)),
        editable=visitor.may("editor"),
    )


def _told(problems: tuple[Problem, ...], path: str) -> list[dict[str, Any]]:
    """Problems as the page lists them; `here` says whether the line is one of the text that is shown."""
    return [
        {"message": one.message, "file": one.file, "line": one.line, "here": one.file == path and one.line is not None}
        for one in problems
    ]


def _known(server: Server) -> dict[str, Any]:
    """What the form offers: orchestrations with their steps, kinds of evaluators and gates with their settings."""
    orchestrations = server.workspace.scenario_files.orchestrations()
    return {
        **_formats(),
        "orchestrations": {one.orchestration: [step.id for step in one.steps] for one in orchestrations},
        "roles": list(server.workspace.definition.models),
    }


@cache
def _formats() -> dict[str, Any]:
    return {
        "kinds": evaluator_schemas(),
        "gate": EvaluatorGateEntry.model_json_schema()["properties"],
        "forms": {name: model.model_json_schema()["properties"] for name, model in NESTED_FORMS.items()},
        "measures": {name: model.model_json_schema()["properties"] for name, model in MEASURES.items()},
        "knowledge": KnowledgeEntry.model_json_schema()["properties"],
    }


def _to(view: ScenarioView, said: str) -> Response:
    return RedirectResponse(f"{scenario_url(view.name)}/edit?said={said}", status_code=303)
