"""The pages: HTML made on the server, one module a page."""

from __future__ import annotations

from fastapi import APIRouter

from peel.web.pages import (
    admin,
    agreement,
    cases,
    comparing,
    executions,
    feedback,
    interactions,
    login,
    runs,
    scenario,
    scenarios,
    scoring,
    starting,
    topics,
)

_FEEDBACK = (topics.router, interactions.router, feedback.router)
# In this order: what is started has an address that a run could have, too.
_RUNS = (starting.router, executions.router, runs.router, comparing.router, scenarios.router)


def routes() -> tuple[APIRouter, ...]:
    """The routers of the pages."""
    return (
        login.router,
        scenario.router,
        cases.router,
        admin.router,
        scoring.router,
        agreement.router,
        *_FEEDBACK,
        *_RUNS,
    )
