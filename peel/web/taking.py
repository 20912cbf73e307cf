"""What a server needs to take interactions and ratings in: their checks, one writer, and how much each may hand in."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from fastapi import HTTPException

from peel.errors import FeedbackError
from peel.feedback.gathering import Gathering
from peel.feedback.intake import Feedback
from peel.records.feedback import Added
from peel.store.feedback import Entries
from peel.web.security.throttle import Throttle
from peel.workspace import Workspace

_LOG = logging.getLogger(__name__)
_RETRY_S = 60


class Taking:
    """Takes in for one server. Safe to use from several threads. `clock` gives seconds."""

    def __init__(self, workspace: Workspace, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._workspace = workspace
        limits = workspace.definition.feedback
        self.of_users = Throttle(limits.rate_limit, clock=clock)
        self.of_pages = Throttle(limits.widget_limit, clock=clock)
        self.gathering = Gathering(self._store)

    @property
    def feedback(self) -> Feedback:
        """The way in. Raises HTTPException 503 where `peel.yaml` asks for what is not there, and StoreError."""
        try:
            return self._workspace.feedback
        except FeedbackError as error:
            _LOG.error("nothing can be taken in: %s", error)
            raise HTTPException(
                503,
                "nothing can be taken in just now; the server's log says why",
                headers={"Retry-After": str(_RETRY_S)},
            ) from error

    def _store(self, handed_in: Sequence[Entries]) -> list[Added]:
        return self.feedback.add_each(handed_in)

    def close(self) -> None:
        """Store what was handed in, and end."""
        self.gathering.close()
