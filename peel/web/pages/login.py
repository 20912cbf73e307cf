"""Logging in and out."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from peel.store.auditing import LOGIN
from peel.web.rendering import page
from peel.web.security.sessions import LASTS_S
from peel.web.security.visitors import Anybody
from peel.web.server import server_of

router = APIRouter(include_in_schema=False)

Word = Annotated[str, Form(max_length=200)]
Next = Annotated[str, Form(max_length=4000)]


@router.get("/login")
def ask(request: Request, visitor: Anybody, next: str = "/") -> Response:  # noqa: A002  # the name in the address
    """The form; who is known already has no need of it."""
    if visitor.name is not None:
        return RedirectResponse(_within(next), status_code=303)
    return page(request, visitor, "login.html", name="", next=_within(next), sentence="")


@router.post("/login")
def log_in(request: Request, visitor: Anybody, name: Word, password: Word, next: Next = "/") -> Response:  # noqa: A002  # as above
    """Check a password. The session gets a new id, so that one which somebody planted is worth nothing."""
    server = server_of(request)
    try:
        sentence = (
            "" if server.logins.check(name, password, address=visitor.address) else "The name or the password is wrong."
        )
        status = 401
    except HTTPException as error:
        sentence, status = str(error.detail), error.status_code
    if sentence:
        return page(request, visitor, "login.html", status=status, name=name, next=_within(next), sentence=sentence)
    session = server.sessions.new()
    server.accounts.close_session(visitor.session)
    server.accounts.open_session(session, name, expires=time.time() + LASTS_S)
    server.audit.add(LOGIN, actor=name, via="page", address=visitor.address)
    response = RedirectResponse(_within(next), status_code=303)
    server.sessions.write(response, session, secure=request.url.scheme == "https")
    return response


@router.post("/logout")
def log_out(request: Request, visitor: Anybody) -> Response:
    """End the session, in the store too."""
    server = server_of(request)
    server.accounts.close_session(visitor.session)
    response = RedirectResponse("/login", status_code=303)
    server.sessions.forget(response)
    return response


def _within(url: str) -> str:
    """An address of this server, whatever was asked for: a login must not lead elsewhere."""
    is_own = url.startswith("/") and not url.startswith("//") and "\\" not in url and url.isprintable()
    return url if is_own else "/"
