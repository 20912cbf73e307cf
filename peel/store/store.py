"""The store: the runs of a workspace, in SQLite by default or in PostgreSQL by URL."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from peel.errors import StoreError
from peel.records import Run, RunStatus
from peel.store import schema
from peel.store.database import LOCK_TIMEOUT_S, open_engine, told
from peel.store.rows import run_of, run_row
from peel.store.stored import SqlStoredRun
from peel.store.writing import RunWriter


class Store:
    """An open store. Safe to use from several threads and beside other processes."""

    def __init__(self, url: str, *, root: Path, lock_timeout_s: float = LOCK_TIMEOUT_S) -> None:
        """Open `url`; a relative SQLite path counts from `root`. Raises StoreError, MissingExtra.

        `lock_timeout_s` is how long to wait for another process that holds the store's lock, in seconds.
        """
        self._engine = open_engine(url, root=root, lock_timeout_s=lock_timeout_s)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def create(self, run: Run) -> None:
        """Store a new run. Raises StoreError where it cannot be written."""
        with told(self._engine.url), self._engine.begin() as connection:
            connection.execute(schema.runs.insert(), run_row(run))

    def writer(self, run_id: str) -> RunWriter:
        """The writer of a run that `create` stored."""
        return RunWriter(self._engine, self._row(run_id).key)

    def set_status(self, run_id: str, status: RunStatus) -> None:
        """Record how a run stands; any status but `running` also records when it ended."""
        finished = None if status == "running" else time.time()
        change = update(schema.runs).where(schema.runs.c.id == run_id).values(status=status, finished=finished)
        with told(self._engine.url), self._engine.begin() as connection:
            connection.execute(change)

    def redefine(self, run: Run) -> None:
        """Replace a stored run's definitions, after its outputs were scored by others than it was made with."""
        change = update(schema.runs).where(schema.runs.c.id == run.id).values(definitions=run_row(run)["definitions"])
        with told(self._engine.url), self._engine.begin() as connection:
            connection.execute(change)

    def run(self, run_id: str) -> SqlStoredRun:
        """A run by id, by a unique prefix of one, or `last`. Raises StoreError where there is none or several."""
        row = self._row(self._resolve(run_id))
        return SqlStoredRun(self._engine, run_of(row), key=row.key)

    def runs(self, *, limit: int = 50) -> list[tuple[Run, int]]:
        """The latest runs, newest first, each with the number of its stored executions."""
        counted = (
            select(schema.executions.c.run, func.count().label("stored")).group_by(schema.executions.c.run).subquery()
        )
        query = (
            select(schema.runs, func.coalesce(counted.c.stored, 0).label("stored"))
            .outerjoin(counted, counted.c.run == schema.runs.c.key)
            .order_by(schema.runs.c.started.desc(), schema.runs.c.key.desc())
            .limit(limit)
        )
        with told(self._engine.url), self._engine.connect() as connection:
            return [(run_of(row), row.stored) for row in connection.execute(query)]

    def _row(self, run_id: str) -> Any:
        with told(self._engine.url), self._engine.connect() as connection:
            return connection.execute(select(schema.runs).where(schema.runs.c.id == run_id)).one()

    def _resolve(self, given: str) -> str:
        found = self._matching(given)
        if len(found) == 1:
            return found[0]
        if not found:
            raise StoreError(f"no run {given!r} in the store; `peel runs` lists them")
        raise StoreError(f"{given!r} stands for {len(found)} runs: {', '.join(found[:5])}; write more of the id")

    def _matching(self, given: str) -> Sequence[str]:
        ids = schema.runs.c.id
        newest_first = select(ids).order_by(schema.runs.c.started.desc(), schema.runs.c.key.desc())
        if given == "last":
            query = newest_first.limit(1)
        else:
            query = newest_first.where(ids.startswith(given, autoescape=True)).limit(6)
        with told(self._engine.url), self._engine.connect() as connection:
            found = connection.scalars(query).all()
        return [given] if given in found else found
