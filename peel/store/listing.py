"""Runs and executions in pages: bounded, by key instead of offset, without unpacking what a list does not show."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json
from sqlalchemy import Engine, and_, func, or_, select

from peel.records.listing import RunEntry, RunList
from peel.store import schema
from peel.store.database import told

_SCENARIO = "scenario "
"""What the part of a run's provenance begins with that stands for a scenario."""


def list_runs(engine: Engine, *, limit: int, behind: tuple[float, str] | None = None) -> RunList:
    """Some runs, newest first. `behind` is when the run to go on behind began, and its id."""
    runs, executions = schema.runs.c, schema.executions.c
    of_run = executions.run == runs.key
    stored = select(func.count()).where(of_run).scalar_subquery().label("stored")
    errored = select(func.count()).where(of_run, executions.ok == 0).scalar_subquery().label("errored")
    shown = (runs.id, runs.started, runs.finished, runs.status, runs.planned, runs.provenance)
    query = select(*shown, stored, errored).order_by(runs.started.desc(), runs.id.desc()).limit(limit + 1)
    if behind is not None:
        started, run_id = behind
        query = query.where(or_(runs.started < started, and_(runs.started == started, runs.id < run_id)))
    with told(engine.url), engine.connect() as connection:
        entries = [_entry(row) for row in connection.execute(query)]
    more = len(entries) > limit
    return RunList(runs=tuple(entries[:limit]), next=entries[limit - 1].id if more else None)


def count_executions(engine: Engine, key: int) -> tuple[int, int]:
    """How many executions of a run are stored, and how many of them errored; `key` is the run's in the table `runs`."""
    executions = schema.executions.c
    query = select(func.count(), func.count().filter(executions.ok == 0)).where(executions.run == key)
    with told(engine.url), engine.connect() as connection:
        stored, errored = connection.execute(query).one()
    return stored, errored


def _entry(row: Any) -> RunEntry:
    parts = from_json(row.provenance).get("parts", {})
    return RunEntry(
        id=row.id,
        started=row.started,
        finished=row.finished,
        status=row.status,
        planned=row.planned,
        stored=row.stored,
        errored=row.errored,
        scenarios=tuple(sorted(part.removeprefix(_SCENARIO) for part in parts if part.startswith(_SCENARIO))),
    )
