"""One writer for a run: rows are queued as steps and executions finish, and committed in batches by one thread.

The event loop never waits for the disk. Who must know that an execution is durable awaits `committed`; a fault of
the store stops the run with a StoreError at the next write.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Engine, Table

from peel.errors import StoreError
from peel.records import Execution, Score, StepResult
from peel.store import schema
from peel.store.database import told
from peel.store.rows import execution_row, score_row, step_row

LINGER_S = 0.002
"""How long the writer waits for more rows before it commits, in seconds: a commit costs more than a row."""

_Write: TypeAlias = tuple[Table, list[dict[str, Any]]]
_Item: TypeAlias = "_Write | Callable[[], object] | None"


class RunWriter:
    """Writes what a run yields. An async context manager; leaving it commits everything that is queued."""

    def __init__(self, engine: Engine, run: int) -> None:
        self._engine = engine
        self._run = run
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._failure: StoreError | None = None
        self._thread = threading.Thread(target=self._work, name="peel-store", daemon=True)

    async def __aenter__(self) -> RunWriter:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self._check()

    def step(self, execution: int, place: int, *, result: StepResult) -> None:
        """Queue one finished step. Raises StoreError where an earlier write failed."""
        self._check()
        self._queue.put((schema.steps, [step_row(self._run, execution, place=place, result=result)]))

    def execution(self, execution: Execution, *, scenario_variant: int, case: int, scores: Sequence[Score]) -> None:
        """Queue one finished execution with its scores; they are stored together or not at all."""
        self._check()
        self.scores(scores)
        row = execution_row(self._run, execution, scenario_variant=scenario_variant, case=case)
        self._queue.put((schema.executions, [row]))

    def scores(self, scores: Sequence[Score]) -> None:
        """Queue scores, to be appended."""
        if scores:
            self._queue.put((schema.scores, [score_row(self._run, score) for score in scores]))

    async def committed(self) -> None:
        """Wait until everything queued so far is durable. Raises StoreError where it could not be written."""
        durable: asyncio.Future[None] = self._loop.create_future()
        self._queue.put(lambda: self._loop.call_soon_threadsafe(_resolve, durable))
        await durable
        self._check()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        going_on = True
        while going_on:
            batch = self._next_batch()
            going_on = None not in batch
            self._commit([item for item in batch if isinstance(item, tuple)])
            for item in batch:
                if callable(item):
                    item()

    def _next_batch(self) -> list[_Item]:
        batch = [self._queue.get()]
        time.sleep(LINGER_S)
        while not self._queue.empty():
            batch.append(self._queue.get())
        return batch

    def _commit(self, writes: list[_Write]) -> None:
        if not writes or self._failure is not None:
            return
        rows: dict[Table, list[dict[str, Any]]] = {}
        for table, some in writes:
            rows.setdefault(table, []).extend(some)
        try:
            with told(self._engine.url), self._engine.begin() as connection:
                for table, some in rows.items():
                    connection.execute(table.insert(), some)
        except StoreError as error:
            self._failure = error
        except Exception as error:
            # Whatever it is, the waiting event loop must hear of it: a dead writer would hang the run.
            self._failure = StoreError(f"the store could not be written: {type(error).__name__}: {error}")


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
