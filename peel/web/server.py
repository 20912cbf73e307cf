"""What all pages and the API of one server share: the workspace, who may use it, and the runs it carries out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request

from peel.store.accounts import Accounts
from peel.store.auditing import AuditLog
from peel.web.security.addresses import Address
from peel.web.security.sessions import Sessions
from peel.workspace import Workspace

if TYPE_CHECKING:
    from peel.web.feedback_views import FeedbackViews
    from peel.web.kept import Kept
    from peel.web.numbers import Numbers
    from peel.web.rendering import Renderer
    from peel.web.running import Running
    from peel.web.scenario_numbers import Shown
    from peel.web.security.logins import Logins
    from peel.web.taking import Taking
    from peel.web.working import Working


@dataclass(frozen=True, slots=True)
class Server:
    """One server. Safe to use from several threads."""

    workspace: Workspace
    address: Address
    accounts: Accounts
    audit: AuditLog
    sessions: Sessions
    logins: Logins
    running: Running
    taking: Taking
    numbers: Numbers
    shown: Kept[Shown]
    feedback: FeedbackViews
    working: Working
    renderer: Renderer

    def is_open(self) -> bool:
        """Whether nobody has to log in: only this machine is to reach it, and there is no user."""
        return self.address.is_private and not self.accounts.any()


def server_of(request: Request) -> Server:
    """The server that a request came to."""
    server: Server = request.app.state.server
    return server
