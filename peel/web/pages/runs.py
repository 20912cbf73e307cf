"""Runs: the list of them, and of each how it goes and what it gave."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from peel.records import Run, RunStatus
from peel.reports.html_summary import models
from peel.store.listing import Wanted
from peel.web.downloads import FORMATS, report_file
from peel.web.numbers import SMALL
from peel.web.pages.amounts import dollars
from peel.web.rendering import page
from peel.web.security.noting import note
from peel.web.security.visitors import Editor, Viewer
from peel.web.server import Server, server_of
from peel.workspace import RunRequest

router = APIRouter(prefix="/runs", include_in_schema=False)

A_PAGE = 50
"""How many runs a page of the list has."""

Name = Annotated[str, Query(max_length=200)]


@router.get("")
def show_all(request: Request, visitor: Viewer, scenario: Name = "", status: Name = "", before: Name = "") -> Response:
    """The runs, newest first, some at a time."""
    server = server_of(request)
    wanted = Wanted(scenario=scenario or None, status=_status(status))
    found = server.workspace.store.listed(limit=A_PAGE, before=before or None, wanted=wanted)
    names = [one.name for one in server.workspace.overview.scenarios()]
    return page(
        request,
        visitor,
        "runs.html",
        runs=found,
        scenarios=names,
        scenario=scenario,
        state=status,
        is_first=not before,
    )


@router.get("/{run_id}")
def show(request: Request, visitor: Viewer, run_id: str) -> Response:
    """One run: how it goes, then all that its report says."""
    server = server_of(request)
    stored = server.workspace.store.run(run_id)
    run = stored.run
    if run.id != run_id:
        return RedirectResponse(f"/runs/{run.id}", status_code=303)
    standing = server.running.standing(run.id)
    earlier = [
        one for name in list(run.cases)[:1] for one in server.workspace.store.finished(name, limit=1, before=run.id)
    ]
    is_kept = standing.status != "running" and server.numbers.has_report(run)
    return page(
        request,
        visitor,
        "run.html",
        run=run,
        standing=standing,
        models=Markup(models(run)),  # noqa: S704  # the report's own HTML, which escapes all texts
        report=_report(server, run) if is_kept else None,
        is_large=run.planned > SMALL,
        previous=earlier[0] if earlier else None,
        formats=sorted(FORMATS, key=lambda one: one != "html"),
    )


@router.get("/{run_id}/progress")
def show_progress(request: Request, visitor: Viewer, run_id: str) -> Response:
    """How a run goes. When it ended the whole page is asked for, which then shows what it gave."""
    standing = server_of(request).running.standing(run_id)
    response = page(request, visitor, "run_progress.html", standing=standing)
    if standing.status != "running":
        response.headers["hx-refresh"] = "true"
    return response


@router.get("/{run_id}/report")
def show_report(request: Request, visitor: Viewer, run_id: str) -> Response:
    """What the report says, as a part of the run's page."""
    server = server_of(request)
    return Response(_report(server, server.workspace.store.run(run_id).run), media_type="text/html")


@router.get("/{run_id}/report.{report_format}")
def download(request: Request, visitor: Viewer, run_id: str, report_format: str) -> Response:
    """The report as a file."""
    for known in FORMATS:
        if known == report_format:
            return report_file(server_of(request).workspace, run_id, known)
    raise HTTPException(404, f"there is no report format {report_format!r}; there are {', '.join(FORMATS)}")


@router.post("/{run_id}/cancel")
def cancel(request: Request, visitor: Editor, run_id: str) -> Response:
    """End a run that this server carries out; it can be resumed."""
    server_of(request).running.cancel(run_id)
    note(request, visitor, "cancel run", run_id)
    return RedirectResponse(f"/runs/{run_id}", status_code=303)


@router.post("/{run_id}/resume")
def resume(
    request: Request, visitor: Editor, run_id: str, budget: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """Complete a run that ended too early."""
    found = server_of(request).running.start(RunRequest(resume=run_id, budget_usd=dollars(budget)))
    note(request, visitor, "resume run", found)
    return RedirectResponse(f"/runs/{found}", status_code=303)


def _report(server: Server, run: Run) -> str:
    return Markup(server.numbers.report(run).decode())  # noqa: S704  # the report's own HTML, which escapes all texts


def _status(written: str) -> RunStatus | None:
    known: dict[str, RunStatus] = {one: one for one in ("running", "finished", "interrupted", "over-budget")}
    if written and written not in known:
        raise HTTPException(422, f"there is no status {written[:40]!r}; there are {', '.join(known)}")
    return known.get(written)
