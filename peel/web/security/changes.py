"""Changes: none is made because another site's page made a browser ask for it.

A page's change carries its session's token. Without a session there is nothing a browser could be made to send along,
save where nobody has to log in: there a change has to be JSON, which another site's page cannot send without asking
first, and it is never told that it may.
"""

from __future__ import annotations

from fastapi import HTTPException, Request

from peel.web.security.visitors import Anybody, Visitor, not_logged_in
from peel.web.server import server_of

HEADER = "x-csrf-token"
FIELD = "csrf"
LOGIN = "/login"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM = "application/x-www-form-urlencoded"

JSON_LINES = ("application/jsonl", "application/x-ndjson")
"""What JSON Lines are sent as."""

_OF_API = ("application/json", *JSON_LINES)


async def only_own_changes(request: Request, visitor: Anybody) -> None:
    """A dependency of the whole application. Raises HTTPException 401, 403 or 415."""
    if request.method in _SAFE or visitor.via in ("token", "widget"):
        return
    if visitor.name is None and request.url.path != LOGIN:
        not_logged_in()
    _check_origin(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = _OF_API if request.url.path.startswith("/api/") else (_FORM,)
    if kind not in wanted:
        raise HTTPException(415, f"a change here is sent as {wanted[0]}")
    if visitor.is_new and not visitor.needs_login and wanted is _OF_API and "cookie" not in request.headers:
        return
    await _check_token(request, visitor)


def _check_origin(request: Request) -> None:
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if (origin is not None and origin.lower() != own.lower()) or request.headers.get(
        "sec-fetch-site", "same-origin"
    ) not in ("same-origin", "none"):
        raise HTTPException(403, "this change comes from another site's page; nothing was changed")


async def _check_token(request: Request, visitor: Visitor) -> None:
    token = request.headers.get(HEADER)
    if token is None and not request.url.path.startswith("/api/"):
        given = (await request.form()).get(FIELD)
        token = given if isinstance(given, str) else None
    if visitor.is_new or token is None or not server_of(request).sessions.is_change_token(visitor.session, token):
        raise HTTPException(403, "the page was out of date, and nothing was changed; load it again and repeat")
