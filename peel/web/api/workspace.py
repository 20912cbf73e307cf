"""What there is to choose from, and who asks."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, Request
from fastapi.responses import Response

from peel.records import Orchestration
from peel.records.listing import OrchestrationEntry, VisitorEntry, WorkspaceEntry
from peel.web.api.answering import answer, name_of, reads
from peel.web.downloads import FORMATS
from peel.web.security.visitors import Viewer
from peel.web.server import server_of

router = APIRouter(prefix="/api", tags=["workspace"])


@router.get("/workspace", response_model=WorkspaceEntry, **reads("viewer"))
def workspace(request: Request, visitor: Viewer) -> Response:
    """The orchestrations, model roles and report formats of the workspace."""
    found = server_of(request).workspace
    entry = WorkspaceEntry(
        peel=version("peel-testbed"),
        orchestrations=tuple(_entry(one) for one in found.scenario_files.orchestrations()),
        model_roles=tuple(found.definition.models),
        report_formats=tuple(FORMATS),
    )
    return answer(entry)


@router.get("/me", response_model=VisitorEntry, **reads("viewer"))
def me(visitor: Viewer) -> Response:
    """Who this request is made by, and what they may do."""
    return answer(VisitorEntry(name=name_of(visitor), role=visitor.role or "viewer", via=visitor.via))


def _entry(one: Orchestration) -> OrchestrationEntry:
    steps = tuple(step.id for step in one.steps)
    return OrchestrationEntry(name=one.orchestration, description=one.description, steps=steps)
