"""The API: what the pages do, for programs. JSON in and out, described by its own OpenAPI document."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from peel.web.api import (
    cases,
    document,
    executions,
    feedback,
    intake,
    reports,
    runs,
    scenarios,
    scoring,
    weighing,
    workspace,
)
from peel.web.api.answering import json_only


def routes() -> tuple[APIRouter, ...]:
    """The routers of the API."""
    api = APIRouter(dependencies=[Depends(json_only)])
    for module in (workspace, scenarios, cases, runs, executions, reports, scoring, weighing, feedback):
        api.include_router(module.router)
    # What takes JSON Lines as well checks by itself what is sent; first, because nothing is asked for as often.
    return (intake.router, api, document.router)
