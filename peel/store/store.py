"""The store: the runs of a workspace, in SQLite by default or in PostgreSQL by URL."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from peel.errors import UnknownRun
from peel.records import Run, RunStatus
from peel.records.listing import RunList
from peel.store import schema
from peel.store.accounts import Accounts
from peel.store.auditing import AuditLog
from peel.store.database import LOCK_TIMEOUT_S, open_engine, told
from peel.store.listing import list_runs
from peel.store.people import People
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

    def set_status(self, run_id: str, status: RunStatus, *, planned: int | None = None) -> None:
        """Record how a run stands; any status but `running` also records when it ended. `planned` replaces the number
        of its executions, where it ended early."""
        finished = None if status == "running" else time.time()
        values = {"status": status, "finished": finished, **({} if planned is None else {"planned": planned})}
        change = update(schema.runs).where(schema.runs.c.id == run_id).values(values)
        with told(self._engine.url), self._engine.begin() as connection:
            connection.execute(change)

    def redefine(self, run: Run) -> None:
        """Replace a stored run's definitions and provenance, when its outputs are scored by others than it was made
        with."""
        row = run_row(run)
        changed = {name: row[name] for name in ("definitions", "provenance")}
        change = update(schema.runs).where(schema.runs.c.id == run.id).values(changed)
        with told(self._engine.url), self._engine.begin() as connection:
            connection.execute(change)

    def run(self, run_id: str) -> SqlStoredRun:
        """A run by id, by a unique prefix of one, or `last`. Raises StoreError where there is none or several."""
        row = self._row(self._resolve(run_id))
        return SqlStoredRun(self._engine, run_of(row), key=row.key)

    def earlier(self, run: Run, scenario: str) -> Iterator[SqlStoredRun]:
        """The finished runs of a scenario that began before a run that is not stored yet, newest first."""
        return SqlStoredRun(self._engine, run, key=sys.maxsize).earlier(scenario)

    def people(self, run_id: str) -> People:
        """What people were asked of a run, by its id, and what they answered."""
        return People(self._engine, key=self._row(run_id).key)

    def runs(self, *, limit: int = 50) -> list[tuple[Run, int]]:
        """The latest runs, newest first, each with the number of its stored executions."""
        executions, runs = schema.executions.c, schema.runs.c
        stored = select(func.count()).where(executions.run == runs.key).scalar_subquery().label("stored")
        query = select(schema.runs, stored).order_by(*_NEWEST_FIRST).limit(limit)
        with told(self._engine.url), self._engine.connect() as connection:
            return [(run_of(row), row.stored) for row in connection.execute(query)]

    def listed(self, *, limit: int, before: str | None = None) -> RunList:
        """Some runs, newest first, without their definitions; `before` is the id of the run to go on behind.

        Raises UnknownRun where there is none of this id.
        """
        behind = None if before is None else (self._row(before).started, before)
        return list_runs(self._engine, limit=limit, behind=behind)

    def accounts(self) -> Accounts:
        """Who may use a server of this store."""
        return Accounts(self._engine)

    def audit(self) -> AuditLog:
        """What was changed through servers of this store."""
        return AuditLog(self._engine)

    def _row(self, run_id: str) -> Any:
        with told(self._engine.url), self._engine.connect() as connection:
            row = connection.execute(select(schema.runs).where(schema.runs.c.id == run_id)).one_or_none()
        if row is None:
            raise _no_run(run_id)
        return row

    def _resolve(self, given: str) -> str:
        found = self._matching(given)
        if not found:
            raise _no_run(given)
        if len(found) == 1 or given in ("last", found[0]):
            return found[0]
        raise UnknownRun(f"{given!r} stands for several runs, such as {', '.join(found[:5])}; write more of the id")

    def _matching(self, given: str) -> Sequence[str]:
        """Ids that `given` may stand for, the very same one first, then the newest."""
        ids = schema.runs.c.id
        query = select(ids).order_by((ids == given).desc(), *_NEWEST_FIRST).limit(6)
        if given != "last":
            query = query.where(ids.startswith(given, autoescape=True))
        with told(self._engine.url), self._engine.connect() as connection:
            return connection.scalars(query).all()


_NEWEST_FIRST = (schema.runs.c.started.desc(), schema.runs.c.key.desc())


def _no_run(given: str) -> UnknownRun:
    return UnknownRun(f"no run {given!r} in the store; `peel runs` lists them")
