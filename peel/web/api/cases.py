"""The cases of a scenario as a table: read in pages, checked, changed, exported, and taken back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from peel.editing.case_cells import CaseRow, CasesView, TableChange
from peel.records import Problem, Record
from peel.web.api.answering import Limit, ScenarioName, Seen, answer, changes, reads
from peel.web.api.scenarios import Undo
from peel.web.security.noting import note
from peel.web.security.visitors import Editor, Viewer
from peel.web.server import server_of

router = APIRouter(prefix="/api/scenarios/{scenario}", tags=["cases"])

MOST_PROBLEMS = 200


class CasesPage(Record):
    """Some rows of the table of cases. `path` is the file that holds them, `seen` the hash of what it held, `count` how
    many rows it has; `next` is the row to go on with, counted from 0, None at the end.

    `headers` are the columns, `required` those that templates need. `problems` are the first of those that `peel check`
    finds. `undo` is how many writes can be taken back.
    """

    scenario: str
    path: str
    format: str
    seen: str
    headers: tuple[str, ...]
    required: tuple[str, ...]
    count: int
    rows: tuple[CaseRow, ...]
    problems: tuple[Problem, ...]
    undo: int
    next: int | None


class CasesChange(Record):
    """A change of the table; `seen` is that of the page it was made from."""

    change: TableChange
    seen: Seen


From = Annotated[int, Query(ge=0, le=2**31 - 1, alias="from", description="The first row, counted from 0.")]

_SHEET = reads("viewer", 404)
_SHEET["responses"][200] = {
    "description": "The cases as a sheet; no cell of it can become a formula.",
    "content": {"text/csv": {"schema": {"type": "string"}}},
}


@router.get("/cases", response_model=CasesPage, **reads("viewer", 404))
def read_cases(
    request: Request, visitor: Viewer, scenario: ScenarioName, limit: Limit = 50, first: From = 0
) -> Response:
    """The cases of a scenario, row by row. Go on with `from`, the last answer's `next`."""
    return answer(_page(server_of(request).workspace.case_files.view(scenario), first, limit))


@router.patch("/cases", response_model=CasesPage, **changes("editor", 404, 409))
def change_cases(
    request: Request, visitor: Editor, scenario: ScenarioName, new: CasesChange, limit: Limit = 50, first: From = 0
) -> Response:
    """Change, add and remove rows and columns, all at once or not at all; 409 where the file was changed meanwhile."""
    view = server_of(request).workspace.case_files.save(scenario, new.change, seen=new.seen)
    note(request, visitor, "save cases", scenario)
    return answer(_page(view, first, limit))


@router.post("/cases/check", response_model=CasesPage, **changes("editor", 404, 409))
def check_cases(
    request: Request, visitor: Editor, scenario: ScenarioName, new: CasesChange, limit: Limit = 50, first: From = 0
) -> Response:
    """The cases as they would be after a change; nothing is written."""
    return answer(
        _page(server_of(request).workspace.case_files.attempt(scenario, new.change, seen=new.seen), first, limit)
    )


@router.post("/cases/undo", response_model=CasesPage, **changes("editor", 404, 409))
def undo_cases(
    request: Request, visitor: Editor, scenario: ScenarioName, last: Undo, limit: Limit = 50, first: From = 0
) -> Response:
    """Take the last write of the cases back."""
    view = server_of(request).workspace.case_files.undo(scenario, seen=last.seen)
    note(request, visitor, "undo cases", scenario)
    return answer(_page(view, first, limit))


@router.get("/cases.csv", response_class=Response, **_SHEET)
def export_cases(request: Request, visitor: Viewer, scenario: ScenarioName) -> Response:
    """All cases as a CSV file."""
    text = server_of(request).workspace.case_files.export(scenario)
    return Response(text.encode(errors="replace"), media_type="text/csv")


def _page(view: CasesView, first: int, limit: int) -> CasesPage:
    return CasesPage(
        scenario=view.scenario,
        path=view.path,
        format=view.format,
        seen=view.seen,
        headers=view.headers,
        required=view.required,
        count=len(view.rows),
        rows=view.rows[first : first + limit],
        problems=view.problems[:MOST_PROBLEMS],
        undo=view.undo,
        next=first + limit if len(view.rows) > first + limit else None,
    )
