"""The local executor: every planned execution once, as many at once as allowed, all stopped by one fault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from peel.runs.executors import LocalExecutor
from peel.runs.plan import PlannedExecution


async def plan(size: int) -> AsyncIterator[PlannedExecution]:
    """Executions 0 to size - 1."""
    for number in range(size):
        yield PlannedExecution(number=number, scenario_variant=0, case=number, repetition=1)


class Performing:
    """Performs executions that wait a few turns of the loop; counts how many are under way."""

    def __init__(self, *, failing: int | None = None) -> None:
        self.failing = failing
        self.started: list[int] = []
        self.done: list[int] = []
        self.most_at_once = 0
        self.ended = asyncio.Event()

    async def __call__(self, planned: PlannedExecution) -> None:
        self.started.append(planned.number)
        self.most_at_once = max(self.most_at_once, len(self.started) - len(self.done))
        for _ in range(3 + planned.number % 3):
            await asyncio.sleep(0)
        if planned.number == self.failing:
            raise OSError("the store is gone")
        self.done.append(planned.number)
        self.ended.set()


@pytest.mark.parametrize(("size", "concurrency"), [(0, 4), (1, 4), (20, 1), (20, 4), (20, 100)])
def test_every_execution_is_performed_once_and_never_more_at_once_than_allowed(size: int, concurrency: int) -> None:
    """In the order of the plan, as places get free; all places are used where there is work for them."""
    performing = Performing()
    asyncio.run(LocalExecutor().execute(plan(size), performing, concurrency=concurrency))
    assert performing.started == list(range(size))
    assert sorted(performing.done) == list(range(size))
    assert performing.most_at_once == min(size, concurrency)


def test_a_fault_of_one_stops_all() -> None:
    """What `perform` raises is raised, and nothing more of the plan is started."""
    performing = Performing(failing=5)
    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(LocalExecutor().execute(plan(1000), performing, concurrency=4))
    assert caught.group_contains(OSError, match="the store is gone")
    assert len(performing.started) < 20


def test_a_plan_that_waits_does_not_stop_what_is_under_way() -> None:
    """A budget holds the next back until one has ended."""
    performing = Performing()

    async def held_back() -> AsyncIterator[PlannedExecution]:
        async for planned in plan(3):
            if planned.number:
                await performing.ended.wait()
                performing.ended.clear()
            yield planned

    asyncio.run(asyncio.wait_for(LocalExecutor().execute(held_back(), performing, concurrency=8), 30))
    assert performing.done == [0, 1, 2]
    assert performing.most_at_once == 1


def test_cancelling_cancels_what_is_in_flight() -> None:
    """Nothing goes on in the background."""
    performing = Performing()

    async def cancelled() -> None:
        task = asyncio.create_task(LocalExecutor().execute(plan(10**9), performing, concurrency=4))
        await performing.ended.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        started = len(performing.started)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(performing.started) == started

    asyncio.run(asyncio.wait_for(cancelled(), 30))
