"""The API: what the pages do, for programs. JSON in and out, described by its own OpenAPI document."""

from __future__ import annotations

from fastapi import APIRouter


def routes() -> tuple[APIRouter, ...]:
    """The routers of the API."""
    return ()
