"""What takes a while and pages ask for: carried out in a thread, one of a kind at a time, its progress told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from peel.errors import PeelError
from peel.records import Record
from peel.web.running import Busy
from peel.workspace import Workspace

Kind: TypeAlias = Literal["discover", "map"]
Tell: TypeAlias = Callable[[str], None]
Work: TypeAlias = Callable[[Workspace, Tell], Sequence[str]]
"""What is done with a workspace: it tells its progress, and gives back what it came to: a sentence, and details."""

_LOG = logging.getLogger(__name__)


class WorkStanding(Record):
    """How work goes: what is being done, since when (in seconds since the epoch), and in the end what it came to or why
    it was not done."""

    kind: Kind
    since: float
    doing: str
    done: str | None = None
    details: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def is_going(self) -> bool:
        """Whether it goes on."""
        return self.done is None and self.problem is None


class Working:
    """The work of one server. Safe to use from several threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._guard = threading.Lock()
        self._standing: dict[Kind, WorkStanding] = {}
        self._threads: dict[Kind, threading.Thread] = {}

    def start(self, kind: Kind, work: Work) -> None:
        """Begin work in the background. Raises Busy where work of this kind goes on already."""
        with self._guard:
            found = self._standing.get(kind)
            if found is not None and found.is_going:
                raise Busy("this is under way already; wait for its end")
            self._standing[kind] = WorkStanding(kind=kind, since=time.time(), doing="starting")
            thread = threading.Thread(target=self._carry_out, args=(kind, work), name=f"peel-{kind}", daemon=True)
            self._threads[kind] = thread
        thread.start()

    def standing(self, kind: Kind) -> WorkStanding | None:
        """How the last work of a kind goes, or went; None where this server did none."""
        with self._guard:
            return self._standing.get(kind)

    def wait(self, kind: Kind, *, timeout_s: float = 60.0) -> None:
        """Wait for its end."""
        with self._guard:
            thread = self._threads.get(kind)
        if thread is not None:
            thread.join(timeout_s)

    def _carry_out(self, kind: Kind, work: Work) -> None:
        try:
            # By the files as they are now, over connections of its own.
            with Workspace(self._workspace.root, store=self._workspace.store_url) as workspace:
                done, *details = work(workspace, lambda doing: self._set(kind, doing=doing))
                self._set(kind, done=done, details=tuple(details))
        except BaseException as error:
            self._set(kind, problem=_sentence(error))

    def _set(self, kind: Kind, **changes: Any) -> None:
        with self._guard:
            self._standing[kind] = self._standing[kind].model_copy(update=changes)


def _sentence(error: BaseException) -> str:
    if isinstance(error, PeelError):
        return str(error)
    _LOG.error("work asked for by a page ended by a fault", exc_info=error)
    return f"it ended by a fault of PEEL ({type(error).__name__}); the server's log has its trace"
