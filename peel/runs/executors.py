"""Executors: how the executions of a plan are carried out. The built-in one keeps them in flight in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from peel.runs.plan import PlannedExecution


class Executor(Protocol):
    """Carries out executions, at most `concurrency` at once.

    `plan` yields the executions to start, and may wait before it yields; `perform` carries out one and stores it.
    What `perform` raises ends the run: a failed execution is a record, not an exception.
    """

    async def execute(
        self,
        plan: AsyncIterator[PlannedExecution],
        perform: Callable[[PlannedExecution], Awaitable[None]],
        *,
        concurrency: int,
    ) -> None: ...


class LocalExecutor:
    """Keeps executions in flight in one event loop: one task for each place, drawing from the plan as it gets free."""

    async def execute(
        self,
        plan: AsyncIterator[PlannedExecution],
        perform: Callable[[PlannedExecution], Awaitable[None]],
        *,
        concurrency: int,
    ) -> None:
        """Carry out the whole plan. Cancelling it cancels what is in flight."""
        turn = asyncio.Lock()

        async def work() -> None:
            while True:
                async with turn:
                    planned = await anext(plan, None)
                if planned is None:
                    return
                await perform(planned)

        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
