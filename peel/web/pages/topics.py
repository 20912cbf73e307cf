"""Topics: what no scenario covers or users rate low, found by meaning; drafted from here, and mapped again."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from peel.editing.places import scenario_files
from peel.web.feedback_work import discover_now, mapping_of
from peel.web.pages.feedback import scenario_names
from peel.web.pages.interactions import Ids, Name, url_of
from peel.web.rendering import page
from peel.web.security.noting import note
from peel.web.security.visitors import Editor, Viewer
from peel.web.selecting import MAPPING_NAMES
from peel.web.server import server_of
from peel.web.working import Kind
from peel.workspace import Workspace

router = APIRouter(prefix="/feedback/topics", include_in_schema=False)

LONGEST_SLUG = 50
"""The longest name that is proposed for a scenario, in characters."""

Key = Annotated[int, Form(ge=0, le=2**31 - 1)]


@router.get("")
def show(request: Request, visitor: Viewer) -> Response:
    """The last discovery, and how interactions are mapped."""
    server = server_of(request)
    counts = server.feedback.mapping()
    return page(
        request,
        visitor,
        "feedback_topics.html",
        discovery=server.workspace.topics(),
        counts={said: counts.get(state, 0) for state, said in MAPPING_NAMES.items()},
        total=sum(counts.values()),
        slug=slug,
        scenario_at=scenario_at(server.workspace),
        works={kind: server.working.standing(kind) for kind in ("discover", "map")},
        scenarios=scenario_names(server.workspace),
        editable=visitor.may("editor"),
        url=url_of,
    )


@router.get("/progress/{kind}")
def show_progress(request: Request, visitor: Viewer, kind: str) -> Response:
    """How work goes. When it ended the whole page is asked for, which then shows what it gave."""
    standing = server_of(request).working.standing(kind_of(kind))
    response = page(request, visitor, "feedback_work.html", work=standing, kind=kind)
    if standing is None or not standing.is_going:
        response.headers["hx-refresh"] = "true"
    return response


@router.post("/discover")
def discover(request: Request, visitor: Editor) -> Response:
    """Look for topics again, in the background."""
    server_of(request).working.start("discover", discover_now)
    note(request, visitor, "discover topics", "")
    return RedirectResponse("/feedback/topics", status_code=303)


@router.post("/map")
def map_again(request: Request, visitor: Editor, again: Annotated[str, Form(max_length=10)] = "") -> Response:
    """Map what is not mapped yet, or everything that was not mapped by name or by hand, in the background."""
    server_of(request).working.start("map", mapping_of(again=bool(again)))
    note(request, visitor, "map interactions", "again" if again else "")
    return RedirectResponse("/feedback/topics#mapping", status_code=303)


@router.post("/scenario")
def draft_scenario(request: Request, visitor: Editor, topic: Key, name: Name, like: Name = "") -> Response:
    """Turn a topic into a draft scenario."""
    server_of(request).workspace.draft_scenario(topic, name=name.strip(), like=like or None)
    note(request, visitor, "draft scenario", name.strip())
    return RedirectResponse(f"/scenarios/{quote(name.strip(), safe='')}", status_code=303)


@router.post("/cases")
def draft_cases(request: Request, visitor: Editor, scenario: Name, interaction: Ids = []) -> Response:  # noqa: B006  # FastAPI copies it
    """Add chosen interactions of a topic to a scenario."""
    if not interaction or not scenario:
        raise HTTPException(422, "choose interactions and the scenario that they become cases of")
    server_of(request).workspace.draft_cases(interaction, scenario=scenario)
    note(request, visitor, "draft cases", f"{scenario} {' '.join(interaction)}"[:2000])
    return RedirectResponse(f"/scenarios/{quote(scenario, safe='')}/cases", status_code=303)


def scenario_at(workspace: Workspace) -> dict[str, str]:
    """The scenarios by their files, relative to the workspace."""
    files = scenario_files(workspace.root)
    return {path.relative_to(workspace.root).as_posix(): name for name, paths in files.items() for path in paths}


def slug(name: str) -> str:
    """A topic's name as one that a scenario may have."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:LONGEST_SLUG].strip("-")


def kind_of(written: str) -> Kind:
    """A kind of work by its name. Raises HTTPException 404."""
    if written == "discover":
        return "discover"
    if written == "map":
        return "map"
    raise HTTPException(404, "there is no such work")
