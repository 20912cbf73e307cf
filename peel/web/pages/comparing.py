"""Two sides held against each other, runs or variants: what their difference is worth, and the outputs."""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from markupsafe import Markup

from peel.errors import PeelError
from peel.estimates.differences import Question, checked_scope
from peel.records.comparisons import Comparison
from peel.records.definitions import Scope
from peel.reports import comparison_wording as words
from peel.reports.comparison_html import sections
from peel.reports.wording import SCOPES
from peel.store.listing import Wanted
from peel.web.pages.outputs import both_sides
from peel.web.rendering import page
from peel.web.security.visitors import Viewer
from peel.web.server import Server, server_of

router = APIRouter(prefix="/compare", include_in_schema=False)

OFFERED = 100
"""How many of the latest runs are offered to choose from; any other may be named by its id."""

Side = Annotated[str, Query(max_length=300)]


@router.get("")
def show(
    request: Request,
    visitor: Viewer,
    base: Side = "",
    candidate: Side = "",
    scenario: Side = "",
    scope: Side = "these-cases",
    margin: Annotated[float, Query(gt=0, lt=1)] = Question().margin,
) -> Response:
    """The choice of two sides and, once both are chosen, what there is to say of them."""
    server = server_of(request)
    told, made, status = "", None, 200
    if base and candidate:
        try:
            made = _compared(server, base, candidate, question=Question(checked_scope(scope), margin))
        except PeelError as error:
            told, status = str(error), 422
    offered = server.workspace.store.listed(limit=OFFERED, wanted=Wanted(scenario=scenario or None)).runs
    if not base and not candidate and len(offered) > 1:
        base, candidate = offered[1].id, offered[0].id
    return page(
        request,
        visitor,
        "compare.html",
        status=status,
        offered=offered,
        base=base,
        candidate=candidate,
        scenario=scenario,
        scopes={one: SCOPES[one] for one in get_args(Scope)},
        scope=scope,
        margin=margin,
        told=told,
        made=made,
        question=words.question(made) if made else "",
        sections=Markup(sections(made)) if made else "",  # noqa: S704  # the report's own HTML, which escapes all texts
    )


@router.get("/outputs")
def show_outputs(
    request: Request, visitor: Viewer, base: Side, candidate: Side, case: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    """The outputs of one case on both sides, every repetition beside its like, what differs marked."""
    server = server_of(request)
    found = both_sides(server.workspace, base, candidate, case)
    return page(request, visitor, "compare_outputs.html", base=base, candidate=candidate, found=found)


def _compared(server: Server, base: str, candidate: str, *, question: Question) -> Comparison:
    return server.workspace.compare(base, candidate, question=question)
