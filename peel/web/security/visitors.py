"""Who makes a request, by session, by API token or because the server is this machine's own; and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, NoReturn

from fastapi import Depends, HTTPException, Request

from peel.environment import system_user
from peel.records.accounts import Role, Scope, covers
from peel.web.security.origins import is_from_page
from peel.web.server import Server, server_of

Via = Literal["page", "token", "widget"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who makes a request. `name` is None before the login; `role` is None where nothing may be read.

    `session` is the id of the browser's session, a new one where `is_new`; `address` where the request comes from.
    """

    name: str | None
    role: Role | None
    via: Via
    session: str
    is_new: bool
    address: str
    needs_login: bool = True

    def may(self, needed: Role) -> bool:
        """Whether the visitor's role covers what another one needs."""
        return self.role is not None and covers(self.role, needed)

    @property
    def may_hand_in(self) -> bool:
        """Whether the visitor may hand interactions and ratings in: editors, and tokens that are for nothing else."""
        return self.may("editor") or (self.via == "token" and self.role is None)


def identify(request: Request) -> Visitor:
    """Who makes this request. Raises HTTPException 401 for a token that is worth nothing."""
    server, address = server_of(request), request.client.host if request.client else ""
    header = request.headers.get("authorization")
    if header is not None:
        return _by_token(server, header, address)
    if is_from_page(request):
        return Visitor(None, None, "widget", "", False, address)
    known = server.sessions.read(request)
    session, is_new = known or server.sessions.new(), known is None
    user = server.accounts.session_user(known) if known else None
    if user is not None:
        return Visitor(user.name, user.role, "page", session, is_new, address)
    if server.is_open() and not _is_passed_on(request):
        return Visitor(system_user() or "local", "admin", "page", session, is_new, address, needs_login=False)
    return Visitor(None, None, "page", session, is_new, address)


def needs(role: Role) -> Callable[[Visitor], Visitor]:
    """A dependency that lets only those in who may do what this role may."""

    def checked(visitor: Annotated[Visitor, Depends(identify)]) -> Visitor:
        if visitor.name is None:
            not_logged_in()
        if not visitor.may(role):
            raise HTTPException(403, f"this needs the role {role}; {_has(visitor)}. Ask an admin")
        return visitor

    return checked


async def hands_in(visitor: Annotated[Visitor, Depends(identify)]) -> Visitor:
    """A dependency that lets those in who may hand interactions and ratings in."""
    if visitor.name is None:
        not_logged_in()
    if not visitor.may_hand_in:
        raise HTTPException(403, f"this needs the role editor, or a token of the scope ingest; {_has(visitor)}")
    return visitor


async def sends_rating(visitor: Annotated[Visitor, Depends(identify)]) -> Visitor:
    """A dependency that lets in who may hand ratings in, and pages of the allowed origins."""
    return visitor if visitor.via == "widget" else await hands_in(visitor)


def not_logged_in() -> NoReturn:
    """Refuse who is not known."""
    raise HTTPException(401, "log in first, or send an API token", headers={"WWW-Authenticate": "Bearer"})


Anybody = Annotated[Visitor, Depends(identify)]
Viewer = Annotated[Visitor, Depends(needs("viewer"))]
Rater = Annotated[Visitor, Depends(needs("rater"))]
Editor = Annotated[Visitor, Depends(needs("editor"))]
Admin = Annotated[Visitor, Depends(needs("admin"))]
Ingest = Annotated[Visitor, Depends(hands_in)]
RatingSender = Annotated[Visitor, Depends(sends_rating)]


def _by_token(server: Server, header: str, address: str) -> Visitor:
    kind, _, text = header.partition(" ")
    found = server.accounts.token_user(text.strip()) if kind.lower() == "bearer" else None
    if found is None:
        raise HTTPException(
            401,
            "the API token is unknown or revoked; send `Authorization: Bearer TOKEN`",
            headers={"WWW-Authenticate": "Bearer"},
        )
    user, scope = found
    return Visitor(user.name, _within(user.role, scope), "token", "", False, address)


def _within(role: Role, scope: Scope) -> Role | None:
    """What a token may: what its user may, and not more than its scope."""
    if scope == "ingest":
        return None
    return scope if covers(role, scope) else role


def _has(visitor: Visitor) -> str:
    if visitor.role is None:
        return "this token is for handing data in only"
    return f"{visitor.name} has the role {visitor.role} here"


def _is_passed_on(request: Request) -> bool:
    """Whether a proxy says that the request comes from elsewhere: then it is not this machine's own, whatever the
    connection is."""
    return any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"))
