"""The store: the runs of a workspace, in SQLite by default or in PostgreSQL by URL."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import func, select, update

from peel.errors import UnknownRun
from peel.records import Run, RunStatus
from peel.records.listing import RunEntry, RunList
from peel.store import schema
from peel.store.accounts import Accounts
from peel.store.auditing import AuditLog
from peel.store.claims import claimed, is_claimed
from peel.store.database import LOCK_TIMEOUT_S, open_engine, told
from peel.store.feedback import FeedbackStore
from peel.store.listing import EVERY, Wanted, finished_ids, list_runs, run_entry, run_marks
from peel.store.people import People
from peel.store.people_listing import AskingRuns, list_asking, mark_of
from peel.store.rows import run_of, run_row
from peel.store.stored import SqlStoredRun
from peel.store.writing import RunWriter

_LARGEST_KEY = 2**31 - 1
"""Of a run that is not stored yet: later than all, and within PostgreSQL's integers."""


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

    def claimed(self, run_id: str) -> AbstractContextManager[None]:
        """Hold the claim to carry a run out, by its id: one process and one thread of it has it at a time.

        Raises ResumeError where somebody else has it, StoreError.
        """
        return claimed(self._engine, run_id)

    def is_claimed(self, run_id: str) -> bool:
        """Whether somebody carries the run of this id out just now. Raises StoreError."""
        return is_claimed(self._engine, run_id)

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
        return SqlStoredRun(self._engine, run, key=_LARGEST_KEY).earlier(scenario)

    def people(self, run_id: str) -> People:
        """What people were asked of a run, by its id, and what they answered."""
        return People(self._engine, key=self._row(run_id).key)

    def edition(self, run_id: str) -> tuple[str, str]:
        """The id of a run, given as to `run`, and a mark that changes when its definitions do, without reading them.

        Raises StoreError where there is none or several.
        """
        runs = schema.runs.c
        query = select(runs.id, runs.provenance, func.length(runs.definitions)).where(runs.id == self._resolve(run_id))
        with told(self._engine.url), self._engine.connect() as connection:
            found, provenance, size = connection.execute(query).one()
        return found, mark_of(provenance, size)

    def asking(self, *, limit: int, before: str | None = None, rater: str | None = None) -> AskingRuns:
        """Some runs that ask people something, newest first, as one rater sees them; `before` is the id of the run to
        go on behind. Raises UnknownRun where there is none of this id."""
        behind = None if before is None else self._row(before).key
        return list_asking(self._engine, limit=limit, before=behind, rater=rater)

    def blindings(self) -> list[tuple[str, str]]:
        """The id of each run that raters were shown outputs of, with its secret."""
        runs = schema.runs.c
        query = select(runs.id, runs.blinding).where(runs.blinding.is_not(None)).order_by(runs.key.desc())
        with told(self._engine.url), self._engine.connect() as connection:
            return [(row.id, row.blinding) for row in connection.execute(query)]

    def runs(self, *, limit: int = 50) -> list[tuple[Run, int]]:
        """The latest runs, newest first, each with the number of its stored executions."""
        executions, runs = schema.executions.c, schema.runs.c
        stored = select(func.count()).where(executions.run == runs.key).scalar_subquery().label("stored")
        query = select(schema.runs, stored).order_by(*_NEWEST_FIRST).limit(limit)
        with told(self._engine.url), self._engine.connect() as connection:
            return [(run_of(row), row.stored) for row in connection.execute(query)]

    def listed(self, *, limit: int, before: str | None = None, wanted: Wanted = EVERY) -> RunList:
        """Some runs, newest first, without their definitions; `before` is the id of the run to go on behind, `wanted`
        which are listed.

        Raises UnknownRun where there is none of this id.
        """
        behind = None if before is None else (self._row(before).started, before)
        return list_runs(self._engine, limit=limit, behind=behind, wanted=wanted)

    def entry(self, run_id: str) -> RunEntry:
        """A run as a list shows it, given as to `run`, without reading its definitions. Raises as `run`."""
        found = self._resolve(run_id)
        return run_entry(self._engine, found) or _raise_no_run(found)

    def finished(self, scenario: str, *, limit: int, before: str | None = None) -> list[str]:
        """The ids of the finished runs with a scenario, newest first; `before` is the id of the run to go on behind.

        Raises UnknownRun where there is none of this id.
        """
        behind = None if before is None else (self._row(before).started, before)
        return finished_ids(self._engine, scenario, limit=limit, behind=behind)

    def marks(self, ids: Sequence[str]) -> dict[str, str]:
        """By id of a run a mark that changes whenever its numbers may: what was computed of it is good until then."""
        return run_marks(self._engine, ids)

    def accounts(self) -> Accounts:
        """Who may use a server of this store."""
        return Accounts(self._engine)

    def audit(self) -> AuditLog:
        """What was changed through servers of this store."""
        return AuditLog(self._engine)

    def feedback(self) -> FeedbackStore:
        """The interactions and ratings of production."""
        return FeedbackStore(self._engine)

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


def _raise_no_run(given: str) -> NoReturn:
    raise _no_run(given)
