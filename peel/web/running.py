"""The runs that this server carries out: each in a thread with an event loop of its own, so that what a run blocks (a
model in the process, a function of the workspace) does not hold up any page.

Each has its own workspace, so that it goes by the files as they are when it starts, and its own connections.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Literal, Self

from peel.errors import PeelError, ResumeError
from peel.records import Execution, Run, Score
from peel.records.listing import RunEntry, RunStanding
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
        self._carried: set[_CarriedRun] = set()
        self._is_closed = False
        self._problems: dict[str, str] = {}

    def start(self, request: RunRequest) -> str:
        """Start or resume a run; its id, as soon as it is in the store.

        Raises Busy, and whatever keeps a run from starting: DefinitionError, ResumeError, StoreError.
        """
        if request.resume is not None:
            request = replace(request, resume=self._resumable(request.resume))
        carried = _CarriedRun(request, self.opened, self._ended)
        with self._guard:
            self._check_room(request)
            self._carried.add(carried)
        carried.thread.start()
        return carried.run_id.result()

    def cancel(self, run_id: str) -> None:
        """End a run cleanly, resumable: soon, not at once. Raises ResumeError where this server does not carry it out,
        UnknownRun where there is none."""
        with self._guard:
            found = [one for one in self._carried if one.known_id == run_id]
        if not found:
            raise ResumeError(self._not_here(self._workspace.store.entry(run_id)))
        found[0].cancel()

    def standing(self, run_id: str) -> RunStanding:
        """How a run stands, whoever carries it out, by what can stand for its id. Raises UnknownRun, StoreError."""
        entry = self._workspace.store.entry(run_id)
        carried = self._carrier(entry)
        if carried is None and entry.status == "running":
            # It may have ended between the two looks.
            entry = self._workspace.store.entry(entry.id)
        problem = None if entry.status == "finished" else self.problem(entry.id)
        return RunStanding(**dict(entry), carried=carried, problem=problem)

    def ids(self) -> frozenset[str]:
        """The runs that are being carried out by this server."""
        with self._guard:
            return frozenset(one.known_id for one in self._carried if one.known_id is not None)

    def wait(self, run_id: str, *, timeout_s: float = 60.0) -> None:
        """Wait for the end of a run that this server carries out; at once where it carries it out no more."""
        with self._guard:
            found = [one for one in self._carried if one.known_id == run_id]
        for one in found:
            one.thread.join(timeout_s)

    def problem(self, run_id: str) -> str | None:
        """Why a run ended too early, where it did."""
        with self._guard:
            return self._problems.get(run_id)

    def close(self) -> None:
        """End all runs cleanly, and wait for them."""
        with self._guard:
            self._is_closed = True
            carried = list(self._carried)
        for one in carried:
            one.cancel()
        until = time.monotonic() + ENDS_WITHIN_S
        for one in carried:
            one.thread.join(max(0.0, until - time.monotonic()))

    def _resumable(self, given: str) -> str:
        """The id of a run to be completed. Raises ResumeError where nothing is left of it, UnknownRun."""
        entry = self._workspace.store.entry(given)
        if entry.status == "finished":
            raise ResumeError(f"the run {entry.id} has finished: nothing is left to resume; start a new run")
        return entry.id

    def _carrier(self, entry: RunEntry) -> Literal["here", "elsewhere"] | None:
        if entry.id in self.ids():
            return "here"
        return "elsewhere" if self._workspace.store.is_claimed(entry.id) else None

    def _not_here(self, entry: RunEntry) -> str:
        """Why a run that this server does not carry out cannot be cancelled by it."""
        if self._carrier(entry) is not None:
            return (
                f"the run {entry.id} is being carried out by another process or server, which this one cannot end; "
                "end it there: Ctrl-C in its terminal, or cancel it on its server"
            )
        if entry.status == "running":
            return f"the run {entry.id} is not being carried out: its process ended without a word; resume it instead"
        return f"the run {entry.id} is {entry.status}, so there is nothing to cancel"

    def opened(self) -> Workspace:
        """The workspace as its files are now, to be used as a context manager and not kept."""
        return Workspace(self._workspace.root, store=self._workspace.store_url)

    def _check_room(self, request: RunRequest) -> None:
        """One thread a run, and not too many: other processes are kept off by the store."""
        if self._is_closed:
            raise Busy("the server is ending; start the run when it is up again")
        if request.resume is not None and any(one.known_id == request.resume for one in self._carried):
            raise Busy(f"the run {request.resume} is being carried out already")
        if len(self._carried) >= MOST_AT_ONCE:
            raise Busy(f"{MOST_AT_ONCE} runs are being carried out; wait for one to end, or cancel one")
        if request.resume is not None:
            self._problems.pop(request.resume, None)

    def _ended(self, carried: _CarriedRun, problem: str | None) -> None:
        with self._guard:
            self._carried.discard(carried)
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
        """End it, now or as soon as it begins. Only once: a second time would cut off how the first ends it."""
        with self._guard:
            if not self._is_cancelled:
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
