"""The cases of a scenario as a table: edited, pasted, checked while they are edited, saved, exported, taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from peel.editing.case_cells import CasesView, TableChange
from peel.errors import ConflictError, DefinitionError
from peel.records import Problem
from peel.scenarios.documents import FORBIDDEN
from peel.web.pages.addresses import scenario_url
from peel.web.rendering import page
from peel.web.security.noting import note
from peel.web.security.visitors import Editor, Viewer
from peel.web.server import server_of

router = APIRouter(include_in_schema=False)

Change = Annotated[str, Form()]
Seen = Annotated[str, Form(max_length=100)]


@router.get("/scenarios/{name}/cases")
def show(request: Request, visitor: Viewer, name: str) -> Response:
    """The table, to be edited by those who may."""
    view = server_of(request).workspace.case_files.view(name)
    return page(
        request,
        visitor,
        "cases.html",
        view=view,
        url=scenario_url(name),
        table=_table(view),
        missing=[column for column in view.required if column not in view.headers],
        editable=visitor.may("editor"),
    )


@router.post("/scenarios/{name}/cases/attempt")
def attempt(request: Request, visitor: Editor, name: str, change: Change, seen: Seen) -> Response:
    """What is wrong with the cases as they would be: nothing is written."""
    files = server_of(request).workspace.case_files
    return _answer(lambda: files.attempt(name, _read(change), seen=seen), lambda: files.view(name))


@router.post("/scenarios/{name}/cases")
def save(request: Request, visitor: Editor, name: str, change: Change, seen: Seen) -> Response:
    """Write a change into the file, where that is still what was shown."""
    server = server_of(request)
    files = server.workspace.case_files
    answer = _answer(lambda: files.save(name, _read(change), seen=seen), lambda: files.view(name))
    if answer.status_code == 200:
        note(request, visitor, "save cases", name)
    return answer


@router.post("/scenarios/{name}/cases/undo")
def undo(request: Request, visitor: Editor, name: str, seen: Seen) -> Response:
    """Take the last save back, where the file is still what was shown."""
    server = server_of(request)
    files = server.workspace.case_files
    answer = _answer(lambda: files.undo(name, seen=seen), lambda: files.view(name))
    if answer.status_code == 200:
        note(request, visitor, "undo cases", name)
    return answer


@router.get("/scenarios/{name}/cases.csv")
def export(request: Request, visitor: Viewer, name: str) -> Response:
    """The cases as CSV, safe to open in a spreadsheet."""
    text = server_of(request).workspace.case_files.export(name)
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}-cases.csv"}
    # Spreadsheets take CSV for the local encoding without the mark.
    return Response(f"\ufeff{text}".encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _read(change: str) -> TableChange:
    """A change as the page sends it. Raises DefinitionError."""
    try:
        if FORBIDDEN.search(change):
            raise ValueError("it holds a character that no file can keep")
        return TableChange.model_validate_json(change)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise DefinitionError([Problem(message=f"the change cannot be read: {first['msg']}")]) from error
    except ValueError as error:
        raise DefinitionError([Problem(message=f"the change cannot be read: {error}")]) from error


def _answer(made: Callable[[], CasesView], there: Callable[[], CasesView]) -> Response:
    """What the page is told: the table as it is now, what is wrong with a change, or what the file became meanwhile."""
    try:
        view = made()
    except ConflictError as conflict:
        return JSONResponse({"conflict": str(conflict), "table": _table(there())}, status_code=409)
    except DefinitionError as error:
        return JSONResponse({"problems": [one.model_dump() for one in error.problems]}, status_code=422)
    return JSONResponse(_table(view))


def _table(view: CasesView) -> dict[str, Any]:
    """The table as the page's script takes it."""
    table = view.model_dump(mode="json", include={"seen", "headers", "required", "path", "undo", "changed"})
    lines = [row.line for row in view.rows]
    return {
        **table,
        "rows": [[cell or "" for cell in row.cells] for row in view.rows],
        "problems": [_placed(problem, view, lines) for problem in view.problems],
    }


def _placed(problem: Problem, view: CasesView, lines: list[int]) -> dict[str, Any]:
    """A problem with the row that its line belongs to, and the column that it names."""
    row = None
    if problem.file == view.path and problem.line is not None and lines and problem.line >= lines[0]:
        row = max(place for place, line in enumerate(lines) if line <= problem.line)
        # Below the cases that a scenario's file holds itself stand other things.
        row = row if view.format != "inline" or lines[row] == problem.line else None
    column = next((place for place, name in enumerate(view.headers) if f"column {name!r}" in problem.message), None)
    return {**problem.model_dump(), "row": row, "column": column}
