"""The pages: HTML made on the server, one module a page."""

from __future__ import annotations

from fastapi import APIRouter

from peel.web.pages import login


def routes() -> tuple[APIRouter, ...]:
    """The routers of the pages."""
    return (login.router,)
