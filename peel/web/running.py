"""The runs that this server carries out: each in a thread with an event loop of its own, so that what a run blocks (a
model in the process, a function of the workspace) does not hold up any page.

Each has its own workspace, so that it goes by the files as they are when it starts, and its own connections.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Self

from peel.errors import PeelError, ResumeError
from peel.records import Execution, Run, Score
from peel.workspace import RunRequest, Workspace

MOST_AT_ONCE = 4
"""How many runs one server carries out at once."""

MOST_PROBLEMS = 100
"""Of how many runs it is remembered why they ended too early."""

ENDS_WITHIN_S = 15.0
"""How long the end of the server waits for its runs to be stored as interrupted, in seconds."""

_LOG = logging.getLogger(__name__)


class Busy(PeelError):
    """As many runs are carried out as may be, or this one already."""


class Running:
    """The runs that one server carries out. Safe to use from several threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._guard = threading.Lock()
        self._carried: dict[object, _CarriedRun] = {}
        self._problems: dict[str, str] = {}

    def start(self, request: RunRequest) -> str:
        """Start or resume a run; its id, as soon as it is in the store.

        Raises Busy, and whatever keeps a run from starting: DefinitionError, ResumeError, StoreError.
        """
        if request.resume is not None:
            request = replace(request, resume=self._workspace.store.run(request.resume).run.id)
        carried = _CarriedRun(request, self._open, self._ended)
        with self._guard:
            self._check_room(request)
            self._carried[carried] = carried
        carried.thread.start()
        return carried.run_id.result()

    def cancel(self, run_id: str) -> None:
        """End a run cleanly, resumable. Raises ResumeError where this server does not carry it out."""
        with self._guard:
            found = [one for one in self._carried.values() if one.known_id == run_id]
        if not found:
            raise ResumeError(
                f"the run {run_id} is not being carried out by this server, so there is nothing to cancel"
            )
        found[0].cancel()

    def ids(self) -> frozenset[str]:
        """The runs that are being carried out."""
        with self._guard:
            return frozenset(one.known_id for one in self._carried.values() if one.known_id is not None)

    def problem(self, run_id: str) -> str | None:
        """Why a run ended too early, where it did."""
        with self._guard:
            return self._problems.get(run_id)

    def close(self) -> None:
        """End all runs cleanly, and wait for them."""
        with self._guard:
            carried = list(self._carried.values())
        for one in carried:
            one.cancel()
        for one in carried:
            one.thread.join(ENDS_WITHIN_S)

    def _open(self) -> Workspace:
        return Workspace(self._workspace.root, store=self._workspace.store_url)

    def _check_room(self, request: RunRequest) -> None:
        """One writer a run: two would both carry out what is left of it."""
        if request.resume is not None and any(one.known_id == request.resume for one in self._carried.values()):
            raise Busy(f"the run {request.resume} is being carried out already")
        if len(self._carried) >= MOST_AT_ONCE:
            raise Busy(f"{MOST_AT_ONCE} runs are being carried out; wait for one to end, or cancel one")
        if request.resume is not None:
            self._problems.pop(request.resume, None)

    def _ended(self, carried: _CarriedRun, problem: str | None) -> None:
        with self._guard:
            del self._carried[carried]
            if problem is not None and carried.known_id is not None:
                self._problems[carried.known_id] = problem
                while len(self._problems) > MOST_PROBLEMS:
                    del self._problems[next(iter(self._problems))]


@dataclass(eq=False)
class _CarriedRun:
    """One run in its thread. It is also the progress that the workspace tells."""

    request: RunRequest
    open_workspace: Callable[[], Workspace]
    ended: Callable[[_CarriedRun, str | None], None]

    def __post_init__(self) -> None:
        self.run_id: Future[str] = Future()
        self.known_id = self.request.resume
        self.thread = threading.Thread(target=self._carry_out, name="peel-run", daemon=True)
        self._guard = threading.Lock()
        self._is_cancelled = False
        self._cancel: Callable[[], object] = lambda: None

    def cancel(self) -> None:
        """End it, now or as soon as it begins."""
        with self._guard:
            self._is_cancelled = True
            self._cancel()

    def preparing(self, what: str) -> None:
        """Nothing waits to be told."""

    def started(self, run: Run, *, already: int) -> None:
        """The run is in the store."""
        self.known_id = run.id
        self.run_id.set_result(run.id)

    @property
    def executions(self) -> Self:
        """What is told of each execution."""
        return self

    def finished(self, execution: Execution, scores: Sequence[Score]) -> None:
        """Nothing: how far a run is, the store says to every process."""

    def _carry_out(self) -> None:
        problem: BaseException | None = None
        try:
            with self.open_workspace() as workspace:
                asyncio.run(self._run(workspace))
        except asyncio.CancelledError:
            problem = ResumeError("the run was cancelled before it began") if not self.run_id.done() else None
        except BaseException as error:
            problem = error
        self.ended(self, _sentence(problem))
        if not self.run_id.done():
            self.run_id.set_exception(problem or ResumeError("the run ended before it began"))

    async def _run(self, workspace: Workspace) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        with self._guard:
            if self._is_cancelled or task is None:
                raise asyncio.CancelledError
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        try:
            await workspace.run(self.request, self)
        finally:
            with self._guard:
                self._cancel = lambda: None


def _sentence(problem: BaseException | None) -> str | None:
    if problem is None:
        return None
    if isinstance(problem, PeelError):
        return str(problem)
    _LOG.error("a run ended by a fault of PEEL or of a plugin", exc_info=problem)
    return f"the run ended by a fault of PEEL or of a plugin ({type(problem).__name__}); the server's log has its trace"
