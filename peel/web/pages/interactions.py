"""The interactions of production: in rows, one whole with its mapping corrected by hand, as files, as draft cases."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from peel.records.feedback import LONGEST_ID, StoredInteraction
from peel.reports.text import as_text, messages_of
from peel.store.feedback_reading import PageRequest, Sort
from peel.web.feedback_files import as_csv, as_json_lines
from peel.web.pages.feedback import SORTS, scenario_names
from peel.web.rendering import page
from peel.web.security.noting import note
from peel.web.security.visitors import Editor, Viewer, Visitor
from peel.web.selecting import MAPPING_NAMES, Selected, place_of, written_place
from peel.web.server import server_of

router = APIRouter(prefix="/feedback", include_in_schema=False)

A_PAGE = 50
"""How many interactions a page of rows has."""

SORT_NAMES: tuple[Sort, ...] = ("newest", "oldest", "lowest", "highest")
_SAID = {
    "mapped": "The mapping was changed by hand.",
    "again": "It will be mapped by meaning again.",
}

Name = Annotated[str, Form(max_length=200)]
Id = Annotated[str, Form(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00]+$")]
Ids = Annotated[list[Id], Form(max_length=A_PAGE)]


@router.get("/rows")
def show_rows(
    request: Request,
    visitor: Viewer,
    selected: Selected,
    sort: Annotated[str, Query(max_length=10)] = "newest",
    behind: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """Some of the interactions in an order."""
    server = server_of(request)
    wanted = PageRequest(sort_of(sort), place_of(behind), A_PAGE)
    found = server.workspace.feedback.reader.page(selected.wanted, request=wanted)
    editable = visitor.may("editor")
    return page(
        request,
        visitor,
        "feedback_rows.html",
        entries=found.entries,
        is_first=not behind,
        sort=sort,
        sorts=SORTS,
        next=None if found.next is None else written_place(found.next),
        query=selected.query,
        scenarios=scenario_names(server.workspace) if editable else [],
        states=MAPPING_NAMES,
        editable=editable,
        as_text=as_text,
        url=url_of,
    )


@router.get("/interactions.csv")
def download_csv(request: Request, visitor: Viewer, selected: Selected) -> Response:
    """The selected interactions as a sheet."""
    return as_csv(server_of(request).workspace.feedback.reader.entries(selected.wanted))


@router.get("/interactions.json")
def download_json(request: Request, visitor: Viewer, selected: Selected) -> Response:
    """The selected interactions whole, a line each."""
    return as_json_lines(server_of(request).workspace.feedback.reader.entries(selected.wanted))


@router.get("/interactions/{interaction:path}")
def show_one(request: Request, visitor: Viewer, interaction: str, said: str = "") -> Response:
    """One interaction whole."""
    return _shown(request, visitor, interaction, said=_SAID.get(said, ""))


@router.post("/mapping")
def correct(request: Request, visitor: Editor, interaction: Id, choice: Name, scenario: Name = "") -> Response:
    """Say by hand which scenario an interaction counts for, that it fits none, or that it is to be mapped again."""
    workspace = server_of(request).workspace
    if choice == "again":
        workspace.map_by_meaning_again(interaction)
        done = "again"
    elif choice in ("scenario", "none"):
        if choice == "scenario" and not scenario:
            raise HTTPException(422, "no scenario is chosen; choose one, or that it fits none")
        workspace.map_by_hand(interaction, scenario if choice == "scenario" else None, by=visitor.name or "")
        done = "mapped"
    else:
        raise HTTPException(422, f"there is no choice {choice[:40]!r}; there are scenario, none, again")
    note(request, visitor, "map interaction", f"{interaction} {scenario if choice == 'scenario' else choice}")
    return RedirectResponse(f"{url_of(interaction)}?said={done}", status_code=303)


@router.post("/cases")
def draft(request: Request, visitor: Editor, scenario: Name, interaction: Ids = []) -> Response:  # noqa: B006  # FastAPI copies it
    """Make interactions draft cases of a scenario."""
    if not interaction:
        raise HTTPException(422, "no interaction is chosen; mark some first")
    if not scenario:
        raise HTTPException(422, "no scenario is chosen; choose the one that they become cases of")
    server_of(request).workspace.draft_cases(interaction, scenario=scenario)
    note(request, visitor, "draft cases", f"{scenario} {' '.join(interaction)}"[:2000])
    return RedirectResponse(f"/scenarios/{quote(scenario, safe='')}/cases", status_code=303)


def sort_of(written: str) -> Sort:
    """An order by its name. Raises HTTPException 422."""
    for known in SORT_NAMES:
        if written == known:
            return known
    raise HTTPException(422, f"there is no order {written[:40]!r}; there are {', '.join(SORT_NAMES)}")


def url_of(interaction: str) -> str:
    """Where the page of an interaction is."""
    return f"/feedback/interactions/{quote(interaction, safe='')}"


def _shown(request: Request, visitor: Visitor, interaction: str, *, said: str) -> Response:
    workspace = server_of(request).workspace
    may_be = len(interaction) <= LONGEST_ID and "\0" not in interaction
    found = workspace.feedback.reader.interaction(interaction) if may_be else None
    if found is None:
        raise HTTPException(404, f"there is no interaction {interaction[:LONGEST_ID]!r}; it may have been deleted")
    return page(
        request,
        visitor,
        "feedback_interaction.html",
        found=found,
        one=found.interaction,
        asked=_messages(found),
        said=said,
        scenarios=scenario_names(workspace),
        states=MAPPING_NAMES,
        editable=visitor.may("editor"),
        as_text=as_text,
    )


def _messages(found: StoredInteraction) -> list[tuple[str, str]]:
    """What was asked, as messages with the role of each."""
    one = found.interaction
    if one.input is not None:
        return [("user", one.input)]
    return messages_of([message.model_dump() for message in one.messages or ()]) or [("user", one.asked)]
