"""The audit log of a server: what visitors change, by page and by API alike."""

from __future__ import annotations

from fastapi import Request

from peel.web.security.visitors import Visitor
from peel.web.server import server_of


def note(request: Request, visitor: Visitor, action: str, subject: str) -> None:
    """Append what a visitor did, `action` in words, to `subject`."""
    audit = server_of(request).audit
    audit.add(action, subject, actor=visitor.name or "", via=visitor.via, address=visitor.address)
