"""Who uses a server of PEEL: users with their roles, API tokens with their scopes, and the log of what they changed."""

from __future__ import annotations

from typing import Literal, get_args

from peel.records.base import Record

Role = Literal["viewer", "rater", "editor", "admin"]
"""What a user may do, each what the one before may and more: read; score; start and stop runs; manage."""

ROLES: tuple[Role, ...] = get_args(Role)

Scope = Literal["viewer", "rater", "editor", "admin", "ingest"]
"""What a token may do at most: what a role may, or with `ingest` nothing but hand data in."""

SCOPES: tuple[Scope, ...] = get_args(Scope)

LONGEST_NAME = 100
"""The longest name of a user, in characters: that of a rater."""


def covers(role: Role, needed: Role) -> bool:
    """Whether a role may do what another one needs."""
    return ROLES.index(role) >= ROLES.index(needed)


class User(Record):
    """Somebody who may log in. `created` is seconds since the epoch."""

    name: str
    role: Role
    created: float


class Token(Record):
    """A key for programs that act as a user, never beyond its scope. `id` names it; what it is, only its holder knows.

    `used` is when it was last shown, to the hour, None where it never was.
    """

    id: str
    user: str
    scope: Scope
    created: float
    used: float | None = None


class AuditEntry(Record):
    """One change: when, by whom (`via` page, API token or terminal), from which address, what was done to what."""

    key: int
    at: float
    actor: str
    via: str
    address: str
    action: str
    subject: str
