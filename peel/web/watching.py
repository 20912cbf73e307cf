"""Watching ratings while the server runs: every minute, in a thread of its own, so that no page waits for it."""

from __future__ import annotations

import logging
import threading

from peel.errors import PeelError
from peel.workspace import Workspace

EVERY_S = 60.0
"""How long it rests between two looks, in seconds."""

ENDS_WITHIN_S = 15.0
"""How long the end of the server waits for a look to be done, in seconds."""

_LOG = logging.getLogger(__name__)


class Watching:
    """Looks at the ratings that arrived, raises alarms and tells the webhook, from `start` to `close`."""

    def __init__(self, workspace: Workspace, *, every_s: float = EVERY_S) -> None:
        self._workspace = workspace
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peel-watching", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """Watch no more; what was seen so far is stored."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(ENDS_WITHIN_S)

    def _watch(self) -> None:
        while not self._ended.is_set():
            self._look()
            self._ended.wait(self._every_s)

    def _look(self) -> None:
        """One look; whatever goes wrong with it, the next one comes."""
        try:
            for alarm in self._workspace.watch_ratings():
                _LOG.warning("ratings shifted: alarm %d, a %s", alarm.key, alarm.direction)
            problem = self._workspace.tell_alarms()
            if problem is not None:
                _LOG.warning("%s", problem)
        except PeelError as error:
            _LOG.warning("ratings could not be watched: %s", error)
        except Exception:
            _LOG.exception("ratings could not be watched")
