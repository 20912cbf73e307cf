"""Ratings from pages of other origins: which pages may send them, and what their browsers are told.

A page has no secret, so a rating needs none. What is given away is the right to say something about an interaction
whose id one knows: nothing is read, and neither cookies nor sessions count.
"""

from __future__ import annotations

from collections.abc import Collection

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from peel.web.server import server_of

RATINGS = "/api/ratings"
"""The one address that other pages may send something to."""

_KEPT_S = 600
"""How long a browser may keep what it was allowed, in seconds."""


def is_from_page(request: Request) -> bool:
    """Whether this is a rating that a page of an allowed origin sends without a token."""
    if request.method != "POST" or request.url.path != RATINGS or "authorization" in request.headers:
        return False
    origins = server_of(request).workspace.definition.feedback.origins
    return request.headers.get("origin", "").lower() in {one.lower() for one in origins}


class CrossOrigin:
    """Tells browsers that pages of some origins may send ratings and read the answer; without cookies."""

    def __init__(self, app: ASGIApp, *, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(one.lower() for one in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != RATINGS:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        told = {"vary": "Origin"}
        if origin.lower() in self._origins:
            told |= {"access-control-allow-origin": origin, "access-control-expose-headers": "Retry-After"}
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(_with(send, told), is_allowed="access-control-allow-origin" in told)
        else:
            await self._app(scope, receive, _with(send, told))


async def _preflight(send: Send, *, is_allowed: bool) -> None:
    allowed = {
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": str(_KEPT_S),
    }
    headers = [(name.encode(), value.encode()) for name, value in (allowed if is_allowed else {}).items()]
    await send({"type": "http.response.start", "status": 204 if is_allowed else 403, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _with(send: Send, told: dict[str, str]) -> Send:
    async def answered(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(told)
        await send(message)

    return answered
