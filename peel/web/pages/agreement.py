"""Agreement: raters with each other, and judges with the people who checked them, run by run."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from peel.errors import DefinitionError
from peel.reports.html_people import agreement
from peel.web.rendering import page
from peel.web.security.visitors import Viewer, Visitor
from peel.web.server import Server, server_of

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Query(max_length=100)]


@router.get("/agreement")
def runs(request: Request, visitor: Viewer, before: Id | None = None) -> Response:
    """The runs that people are asked about."""
    found = server_of(request).workspace.scored_runs(before=before)
    return page(request, visitor, "agreement.html", found=found, before=before)


@router.get("/agreement/{run}")
def of_run(request: Request, visitor: Viewer, run: str) -> Response:
    """How far people and judges of one run agree."""
    server = server_of(request)
    found = server.workspace.agreement(run)
    if found.run != run:
        return RedirectResponse(f"/agreement/{quote(found.run)}", status_code=303)
    # What the reports' code made is HTML, with everything from outside escaped.
    compared = Markup(agreement(found, lambda number: f"/runs/{quote(run)}/executions/{number}"))  # noqa: S704
    left = _left(server, visitor, run)
    return page(request, visitor, "agreement_run.html", run=run, found=found, compared=compared, left=left)


def _left(server: Server, visitor: Visitor, run: str) -> int:
    """How many outputs wait for the visitor."""
    if visitor.name is None or not visitor.may("rater"):
        return 0
    try:
        return server.workspace.scoring(run, rater=visitor.name).progress().left
    except DefinitionError:
        return 0
