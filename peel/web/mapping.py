"""Mapping in the background of a server: interactions that wait are mapped by meaning, a few at a time.

One thread, and one server of a store at a time. The embedding model is loaded when there is first something to map and
stays; a server without the extra `rag` leaves mapping to `peel ratings map`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from contextlib import suppress

from peel.editing.overview import file_states
from peel.errors import MissingExtra, PeelError
from peel.feedback.mapping import Mapper
from peel.feedback.matching import Reference
from peel.workspace import Workspace

PAUSE_S = 2.0
"""How long after a look at the store the next one comes, in seconds."""

READ_AGAIN_S = 60.0
"""How long it maps by the scenario files as it read them, in seconds: cases may lie where no change is seen."""

AFTER_FAULT_S = 60.0
"""How long it waits after a fault, and where nothing can be mapped yet."""

AT_ONCE = 64
"""How many interactions are mapped before the end of the server is looked for again."""

ENDS_WITHIN_S = 10.0
"""How long the end of the server waits for those that are being mapped, in seconds."""

_NICENESS = 10
_LOG = logging.getLogger(__name__)


class BackgroundMapping:
    """Maps what waits in a workspace's store until it is closed."""

    def __init__(self, workspace: Workspace, *, pause_s: float = PAUSE_S) -> None:
        self._workspace = workspace
        self._pause_s = pause_s
        self._is_closed = threading.Event()
        self._told = ""
        self._thread = threading.Thread(target=self._work, name="peel-mapping", daemon=True)

    def start(self) -> None:
        """Begin to look for what waits."""
        self._thread.start()

    def close(self) -> None:
        """End, and wait for what is being mapped."""
        self._is_closed.set()
        if self._thread.is_alive():
            self._thread.join(ENDS_WITHIN_S)

    def look(self) -> float:
        """Map what waits, and what comes while it does; how long to wait before the next look, in seconds.

        Raises MissingExtra, DefinitionError where a scenario file is wrong, ModelError, StoreError.
        """
        if not self._has_work():
            return self._pause_s
        asyncio.run(self._map())
        return AFTER_FAULT_S

    def _work(self) -> None:
        _be_nice()
        pause = self._pause_s
        while not self._is_closed.wait(pause):
            try:
                pause = self.look()
            except MissingExtra as error:
                _LOG.info("interactions wait for `peel ratings map`: %s", error)
                return
            except Exception as error:
                if self._is_closed.is_set():
                    return  # what is being loaded while a server ends fails in many ways
                self._tell(error)
                pause = AFTER_FAULT_S

    def _tell(self, error: Exception) -> None:
        """In the log, once as long as it stays the same."""
        if str(error) != self._told:
            trace = None if isinstance(error, PeelError) else error
            _LOG.warning("interactions are not mapped: %s", error, exc_info=trace)
        self._told = str(error)

    def _has_work(self) -> bool:
        return self._workspace.mapping.is_waiting()

    async def _map(self) -> None:
        """With one open model map what waits, whenever something does; returns where nothing can be mapped.

        Nothing else runs in this event loop: it may be held up.
        """
        async with self._workspace.mapper() as mapper:
            reading = _Reading(self._workspace, mapper)
            while await self._map_some(mapper, reading):
                while not self._has_work():
                    if self._is_closed.wait(self._pause_s):
                        return

    async def _map_some(self, mapper: Mapper, reading: _Reading) -> bool:
        """Map for a while by the files as they are now; False where that is somebody else's work, nothing can be
        mapped, or the server ends."""
        with self._workspace.mapping.claiming() as is_ours:
            if not is_ours:
                return False
            reference = await reading.reference()
            if reference.is_empty:
                return False
            until = time.monotonic() + READ_AGAIN_S
            while not self._is_closed.is_set() and time.monotonic() < until:
                if await mapper.step(reference, most=AT_ONCE) is None:
                    break
        return not self._is_closed.is_set()


class _Reading:
    """What interactions are compared with, read again when a file of the scenarios changed, and now and then."""

    def __init__(self, workspace: Workspace, mapper: Mapper) -> None:
        self._workspace, self._mapper = workspace, mapper
        self._reference: Reference | None = None
        self._seen: object = None
        self._until = 0.0

    async def reference(self) -> Reference:
        """As the files are now. Raises DefinitionError where one is wrong, ModelError."""
        seen, now = file_states(self._workspace.root), time.monotonic()
        if self._reference is None or seen != self._seen or now >= self._until:
            self._reference = await self._mapper.reference(self._workspace.mapped_scenarios())
            self._seen, self._until = seen, now + READ_AGAIN_S
        return self._reference


def _be_nice() -> None:
    """Let pages go first: the thread, and those that it starts, get what time is left."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
