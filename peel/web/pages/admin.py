"""The admin's page: who may log in, the API tokens, and what was changed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from peel.errors import AccountError
from peel.records.accounts import ROLES, SCOPES
from peel.web.rendering import page
from peel.web.security.administration import Administration
from peel.web.security.visitors import Admin, Visitor
from peel.web.server import server_of

router = APIRouter(prefix="/admin", include_in_schema=False)

ENTRIES = 50
"""How many entries of the audit log a page shows."""

Word = Annotated[str, Form(max_length=200)]


@router.get("")
def show(request: Request, visitor: Admin, before: Annotated[int | None, Query(ge=1, le=2**53)] = None) -> Response:
    """Users, tokens and the newest entries of the audit log, or those behind one."""
    return _page(request, visitor, before=before)


@router.post("/users")
def add_user(request: Request, visitor: Admin, name: Word, role: Word, password: Word) -> Response:
    """A new user."""
    return _changed(request, visitor, "users", lambda admin: admin.add(name, role, password=password))


@router.post("/users/role")
def set_role(request: Request, visitor: Admin, name: Word, role: Word) -> Response:
    """Another role for another user: whoever could take their own away might leave nobody to give it back."""
    _check_other(visitor, name)
    return _changed(request, visitor, "users", lambda admin: admin.set_role(name, role))


@router.post("/users/password")
def set_password(request: Request, visitor: Admin, name: Word, password: Word) -> Response:
    """Another password for a user, who is logged out everywhere."""
    return _changed(request, visitor, "users", lambda admin: admin.set_password(name, password))


@router.post("/users/remove")
def remove_user(request: Request, visitor: Admin, name: Word) -> Response:
    """Remove another user."""
    _check_other(visitor, name)
    return _changed(request, visitor, "users", lambda admin: admin.remove(name))


@router.post("/tokens")
def add_token(request: Request, visitor: Admin, name: Word, scope: Word) -> Response:
    """A new token. This answer is the only place where it is ever shown."""
    try:
        text, token = _administration(request, visitor).add_token(name, scope)
    except AccountError as error:
        return _page(request, visitor, status=409, sentence=str(error))
    return _page(request, visitor, status=201, token=token, token_text=text)


@router.post("/tokens/revoke")
def revoke_token(request: Request, visitor: Admin, token: Word) -> Response:
    """Make a token worthless."""
    return _changed(request, visitor, "tokens", lambda admin: admin.revoke_token(token))


def _changed(request: Request, visitor: Visitor, part: str, change: Any) -> Response:
    try:
        change(_administration(request, visitor))
    except AccountError as error:
        return _page(request, visitor, status=409, sentence=str(error))
    return RedirectResponse(f"/admin#{part}", status_code=303)


def _administration(request: Request, visitor: Visitor) -> Administration:
    server = server_of(request)
    return Administration(
        server.accounts, server.audit, actor=visitor.name or "", via=visitor.via, address=visitor.address
    )


def _check_other(visitor: Visitor, name: str) -> None:
    if name == visitor.name and visitor.needs_login:
        raise AccountError("nobody changes their own role or removes themselves; another admin can")


def _page(
    request: Request,
    visitor: Visitor,
    *,
    status: int = 200,
    before: int | None = None,
    sentence: str = "",
    token: Any = None,
    token_text: str = "",
) -> Response:
    server = server_of(request)
    entries = server.audit.entries(limit=ENTRIES + 1, before=before)
    return page(
        request,
        visitor,
        "admin.html",
        status=status,
        users=server.accounts.users(),
        tokens=server.accounts.tokens(),
        entries=entries[:ENTRIES],
        older=entries[ENTRIES - 1].key if len(entries) > ENTRIES else None,
        before=before,
        roles=ROLES,
        scopes=SCOPES,
        sentence=sentence,
        token=token,
        token_text=token_text,
    )
