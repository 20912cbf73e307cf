"""Runs: listed, foreseen, started, watched, cancelled and resumed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from peel.records.foresight import Foresight
from peel.records.listing import RunList, RunStanding
from peel.records.runs import RunStatus
from peel.store.listing import Wanted
from peel.web.api.answering import Limit, Nothing, RunName, Word, answer, changes, name_of, reads
from peel.web.ordering import RunLimits, RunOrder, foresee, request_of, start
from peel.web.security.noting import note
from peel.web.security.visitors import Editor, Viewer
from peel.web.server import server_of
from peel.workspace import RunRequest

router = APIRouter(prefix="/api/runs", tags=["runs"])

Behind = Annotated[str, Query(pattern=r"^[0-9A-Za-z_-]{1,64}$", description="The id of the run to go on behind.")]


@router.get("", response_model=RunList, **reads("viewer", 404))
def list_runs(
    request: Request,
    visitor: Viewer,
    limit: Limit = 50,
    before: Behind | None = None,
    scenario: Word | None = None,
    status: RunStatus | None = None,
) -> Response:
    """The runs, newest first. Go on with `before`, the last answer's `next`."""
    wanted = Wanted(scenario=scenario, status=status)
    return answer(server_of(request).workspace.store.listed(limit=limit, before=before, wanted=wanted))


@router.post("", status_code=201, response_model=RunStanding, **changes("editor", 404, 409))
def start_run(request: Request, visitor: Editor, order: RunOrder) -> Response:
    """Start a run; the answer comes as soon as it is in the store, while it goes on. 409 where too many run already."""
    running = server_of(request).running
    run_id = start(running, order, by=name_of(visitor))
    note(request, visitor, "start run", run_id)
    return answer(running.standing(run_id), status=201)


@router.post("/foresight", response_model=Foresight, **changes("editor", 404))
def foresee_run(request: Request, visitor: Editor, order: RunOrder) -> Response:
    """What such a run would take: executions, calls, cost, time. Nothing is executed or stored."""
    with server_of(request).running.opened() as workspace:
        return answer(foresee(workspace, request_of(workspace, order, by=name_of(visitor))))


@router.get("/{run}", response_model=RunStanding, **reads("viewer", 404))
def read_run(request: Request, visitor: Viewer, run: RunName) -> Response:
    """How a run stands, whichever process carries it out."""
    return answer(server_of(request).running.standing(run))


@router.post("/{run}/cancel", status_code=202, response_model=RunStanding, **changes("editor", 404, 409))
def cancel_run(request: Request, visitor: Editor, run: RunName, body: Nothing = None) -> Response:
    """End a run that this server carries out: soon, cleanly, resumable. 409 where another process does, or nobody."""
    running = server_of(request).running
    run_id = running.standing(run).id
    running.cancel(run_id)
    note(request, visitor, "cancel run", run_id)
    return answer(running.standing(run_id), status=202)


@router.post("/{run}/resume", status_code=202, response_model=RunStanding, **changes("editor", 404, 409))
def resume_run(request: Request, visitor: Editor, run: RunName, limits: RunLimits | None = None) -> Response:
    """Complete a run that was stopped. 409 where it has finished, is being carried out, or its definitions changed."""
    running, wanted = server_of(request).running, limits or RunLimits()
    resumed = RunRequest(resume=run, concurrency=wanted.concurrency, budget_usd=wanted.budget_usd)
    run_id = running.start(resumed)
    note(request, visitor, "resume run", run_id)
    return answer(running.standing(run_id), status=202)
