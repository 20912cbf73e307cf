"""Plain functions in worker threads that can be abandoned: one that hangs holds up neither the run nor the exit.

`asyncio.to_thread` will not do: its few threads are shared by everybody, and the interpreter waits for them at its end.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

Returned = TypeVar("Returned")


async def in_thread(function: Callable[[], Returned]) -> Returned:
    """Call `function` in a daemon thread of its own and wait for it. When the waiting is cancelled, the thread is left
    alone. Raises what the function raises; StopIteration, which would end the waiting coroutine, as RuntimeError."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Returned] = loop.create_future()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            returned = context.run(function)
        except BaseException as error:
            _tell(loop, _fail, future, error)
        else:
            _tell(loop, _succeed, future, returned)

    threading.Thread(target=work, name="peel-worker", daemon=True).start()
    return await future


def within(seconds: float, function: Callable[[], Returned]) -> Returned:
    """Call `function` in a daemon thread and wait for it, without an event loop. Raises TimeoutError after `seconds`,
    and leaves the thread alone then; raises what the function raises."""
    future: Future[Returned] = Future()

    def work() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="peel-worker", daemon=True).start()
    return future.result(timeout=seconds)


def _tell(loop: asyncio.AbstractEventLoop, settle: Callable[..., None], *arguments: Any) -> None:
    with suppress(RuntimeError):  # the loop was closed: nobody waits any more
        loop.call_soon_threadsafe(settle, *arguments)


def _succeed(future: asyncio.Future[Any], returned: object) -> None:
    if not future.done():
        future.set_result(returned)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if future.done():
        return
    if isinstance(error, StopIteration):
        error = RuntimeError(f"the function raised StopIteration: {error}")
    future.set_exception(error)
