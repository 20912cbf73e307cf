"""The clock the model client waits by: the event loop's own, or a faster one that whoever opens the models hands in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Time in seconds: `now` counts from an arbitrary moment, `sleep` waits, `call_later` calls from the event loop."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...

    def call_later(self, seconds: float, call: Callable[[], None]) -> None: ...


class LoopClock:
    """Real time."""

    def now(self) -> float:
        """Seconds on the monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; other work goes on."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call after `seconds`, from the event loop that runs now."""
        asyncio.get_running_loop().call_later(seconds, call)
