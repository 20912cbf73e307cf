"""Plain functions in worker threads that can be abandoned: one that hangs holds up neither the run nor the exit.

`asyncio.to_thread` will not do: its few threads are shared by everybody, and the interpreter waits for them at its end.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

Returned = TypeVar("Returned")


async def in_thread(function: Callable[[], Returned]) -> Returned:
    """Call `function` in a thread of its own and wait. When the waiting is cancelled, the thread is left alone."""
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

    threading.Thread(target=work, name="peel-step", daemon=True).start()
    return await future


def _tell(loop: asyncio.AbstractEventLoop, settle: Callable[..., None], *arguments: object) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle, *arguments)


def _succeed(future: asyncio.Future[Returned], returned: Returned) -> None:
    if not future.done():
        future.set_result(returned)


def _fail(future: asyncio.Future[Returned], error: BaseException) -> None:
    if future.done():
        return
    if isinstance(error, StopIteration):
        # A future refuses StopIteration, which would end the coroutine that awaits it.
        error = RuntimeError(f"the function raised StopIteration: {error}")
    future.set_exception(error)
