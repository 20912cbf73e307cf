"""An event loop in a thread: PEEL's work goes on there while pytest runs its tests in the main thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

Returned = TypeVar("Returned")

STOP_WITHIN_S = 30.0
"""How long to wait for what was cancelled to store its end, in seconds."""

LOOK_EVERY_S = 1.0
"""How long one wait of the main thread lasts, in seconds: on some systems Ctrl-C is only seen between two."""


class Work(Generic[Returned]):
    """Something that goes on in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Returned]) -> None:
        self._loop = loop
        self._ended = threading.Event()
        loop.call_soon_threadsafe(self._begin, work)

    def _begin(self, work: Coroutine[Any, Any, Returned]) -> None:
        self._task = self._loop.create_task(work)
        self._task.add_done_callback(lambda _: self._ended.set())

    def _cancel(self) -> None:
        self._task.cancel()

    def result(self) -> Returned:
        """Wait for the end. Raises what the work raises; an exception in the waiting (Ctrl-C) stops the work."""
        try:
            while not self._ended.wait(LOOK_EVERY_S):
                pass
        except BaseException:
            self.stop()
            raise
        return self._task.result()

    def wait(self) -> None:
        """Let the work come to its end, where that does not take long."""
        self._ended.wait(STOP_WITHIN_S)

    def stop(self) -> None:
        """Cancel the work and wait until it has come to its end."""
        self._loop.call_soon_threadsafe(self._cancel)
        self._ended.wait(STOP_WITHIN_S)


class Loop:
    """Started on first use. pytest's thread may have a loop of its own (a notebook, an async test)."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self, work: Coroutine[Any, Any, Returned]) -> Work[Returned]:
        """Begin some work."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="peel-pytest", daemon=True)
            self._thread.start()
        return Work(self._loop, work)

    def wait_for(self, work: Coroutine[Any, Any, Returned]) -> Returned:
        """Do some work and wait for its end. Raises what it raises."""
        return self.start(work).result()

    def close(self) -> None:
        """Stop the loop; what still runs in it is abandoned."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(STOP_WITHIN_S)
            self._loop.close()
            self._loop = self._thread = None
