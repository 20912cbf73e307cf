"""One writer for a run: rows are queued as steps and executions finish, and committed in batches by one thread.

The event loop never waits for the disk. Who must know that an execution is durable awaits `committed`; a fault of
the store stops the run with a StoreError at the next write. All state belongs to the event loop: the thread is handed
one batch at a time and knows nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, TypeAlias, cast

from sqlalchemy import Connection, Engine, Table

from peel.errors import StoreError
from peel.records import Execution, Score, StepResult
from peel.store import schema
from peel.store.database import told
from peel.store.rows import execution_row, score_row, step_row

LINGER_S = 0.002
"""How long the writer waits for more rows before it commits, in seconds: a commit costs more than a row."""

_Row: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class _Batch:
    """What one transaction stores, and who waits for it."""

    rows: dict[Table, list[_Row]] = field(default_factory=dict)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.rows or self.waiting)


class RunWriter:
    """Writes what a run yields. An async context manager; leaving it commits everything that is queued.

    For one event loop: its methods are called in the loop's thread, between entering and leaving.
    """

    def __init__(self, engine: Engine, run: int) -> None:
        self._run = run
        self._inserts = _Inserts(engine)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="peel-store")
        self._batch = _Batch()
        self._writing: asyncio.Task[None] | None = None
        self._failure: StoreError | None = None
        self._open = False
        self._failed_steps: dict[int, _Row] = {}

    async def __aenter__(self) -> RunWriter:
        self._open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open = False
        cancelled = await _finished(asyncio.create_task(self._end(), name="peel-store-end"))
        if self._failure is not None:
            raise self._failure
        if cancelled:
            raise asyncio.CancelledError

    def step(self, execution: int, place: int, *, result: StepResult) -> None:
        """Queue one finished step. Raises StoreError where an earlier write failed.

        A failed step waits for its execution: were it stored alone, a resumed run would find its place taken.
        """
        row = step_row(self._run, execution, place=place, result=result)
        if result.status == "error":
            self._failed_steps[execution] = row
        else:
            self._queue({schema.steps: [row]})

    def execution(self, execution: Execution, *, scenario_variant: int, case: int, scores: Sequence[Score]) -> None:
        """Queue one finished execution with its scores; they are stored together or not at all."""
        failed = self._failed_steps.pop(execution.number, None)
        self._queue(
            {
                schema.steps: [failed] if failed else [],
                schema.executions: [execution_row(self._run, execution, scenario_variant=scenario_variant, case=case)],
                schema.scores: [score_row(self._run, score) for score in scores],
            }
        )

    def scores(self, scores: Sequence[Score]) -> None:
        """Queue scores, to be appended. Raises StoreError where an earlier write failed."""
        self._queue({schema.scores: [score_row(self._run, score) for score in scores]})

    async def committed(self) -> None:
        """Wait until everything queued so far is durable. Raises StoreError where it could not be written."""
        self._check()
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._batch.waiting.append(durable)
        self._wake()
        await durable
        if self._failure is not None:
            raise self._failure

    def _queue(self, rows: Mapping[Table, list[_Row]]) -> None:
        self._check()
        for table, some in rows.items():
            if some:
                self._batch.rows.setdefault(table, []).extend(some)
        self._wake()

    def _check(self) -> None:
        if not self._open:
            raise StoreError("the writer of the run is not open: enter it, and store nothing after it was left")
        if self._failure is not None:
            raise self._failure

    def _wake(self) -> None:
        if self._writing is None and self._batch:
            self._writing = asyncio.get_running_loop().create_task(self._write(), name="peel-store")

    async def _write(self) -> None:
        """Commit batch after batch until nothing is left; while one is written the next one gathers."""
        loop = asyncio.get_running_loop()
        while self._batch:
            await asyncio.sleep(LINGER_S)
            batch, self._batch = self._batch, _Batch()
            if batch.rows and self._failure is None:
                self._failure = await loop.run_in_executor(self._thread, self._inserts.commit, batch.rows)
            for durable in batch.waiting:
                if not durable.done():
                    durable.set_result(None)
        self._writing = None

    async def _end(self) -> None:
        if self._writing is not None:
            await self._writing
        await asyncio.get_running_loop().run_in_executor(self._thread, self._inserts.close)
        self._thread.shutdown(wait=False)


async def _finished(task: asyncio.Task[None]) -> bool:
    """Wait for the end of `task`, whatever is cancelled meanwhile: what is queued must reach the store.

    Whether the waiting task was cancelled.
    """
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


class _Inserts:
    """Inserts rows on one connection of its own; for one thread. Each statement is compiled once: at a few rows a
    batch SQLAlchemy would spend more time on preparing the statements than SQLite on carrying them out."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._statements = {
            table: _statement(engine, table) for table in (schema.steps, schema.executions, schema.scores)
        }

    def commit(self, rows: Mapping[Table, Sequence[_Row]]) -> StoreError | None:
        """Store all rows in one transaction, or none. Whatever fails is returned: the event loop must hear of it."""
        try:
            with told(self._engine.url):
                self._commit(rows)
        except StoreError as error:
            return error
        except Exception as error:
            return StoreError(f"the results could not be stored: {type(error).__name__}: {error}")
        return None

    def _commit(self, rows: Mapping[Table, Sequence[_Row]]) -> None:
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            for table, some in rows.items():
                statement, parameters = self._statements[table]
                self._connection.exec_driver_sql(statement, [parameters(row) for row in some])

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()


def _statement(engine: Engine, table: Table) -> tuple[str, Callable[[_Row], Any]]:
    """The INSERT of a table in the dialect's words, and what makes its parameters of a row."""
    given = [column.name for column in table.columns if column is not table.autoincrement_column]
    compiled = table.insert().compile(dialect=engine.dialect, column_keys=given)
    if not compiled.positional:
        return str(compiled), dict
    return str(compiled), itemgetter(*cast("list[str]", compiled.positiontup))
