"""The audit log: every change that came through a server, logins, and changes of users. Appended, never changed."""

from __future__ import annotations

import time

from sqlalchemy import Engine, func, or_, select

from peel.records.accounts import AuditEntry
from peel.store import schema
from peel.store.database import told

LONGEST = 200
"""How much of a name that somebody wrote is kept, in characters."""

LOGIN, LOGIN_FAILED = "login", "login failed"
"""The actions that this log is asked for."""


class AuditLog:
    """The log of one store. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, action: str, subject: str = "", *, actor: str, via: str, address: str = "") -> None:
        """Append an entry: `action` in words, done to `subject`."""
        row = {
            "at": time.time(),
            "actor": _kept(actor),
            "via": via,
            "address": address[:64],
            "action": action[:32],
            "subject": _kept(subject),
        }
        with told(self._engine.url), self._engine.begin() as connection:
            connection.execute(schema.audit.insert(), row)

    def entries(self, *, limit: int, before: int | None = None) -> list[AuditEntry]:
        """Some entries, the newest first; `before` is the key of the one to go on behind."""
        audit = schema.audit.c
        query = select(schema.audit).order_by(audit.key.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.key < before)
        with told(self._engine.url), self._engine.connect() as connection:
            return [AuditEntry.model_validate(row._asdict()) for row in connection.execute(query)]

    def failed_logins(self, *, name: str, address: str, since: float) -> tuple[int, int, int]:
        """How many logins failed since a moment: of this name from this address, from this address, of this name."""
        audit = schema.audit.c
        is_name, is_address = audit.actor == _kept(name), audit.address == address[:64]
        counts = [func.count().filter(one) for one in (is_name & is_address, is_address, is_name)]
        query = select(*counts).where(audit.action == LOGIN_FAILED, audit.at > since, or_(is_name, is_address))
        with told(self._engine.url), self._engine.connect() as connection:
            row = connection.execute(query).one()
        return row[0], row[1], row[2]


def _kept(text: str) -> str:
    """A name as it is stored: bounded, without what a database refuses."""
    return text[:LONGEST].replace("\x00", "").encode(errors="replace").decode()
