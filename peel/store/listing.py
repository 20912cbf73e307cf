"""Runs and executions in pages: bounded, by key instead of offset, without unpacking what a list does not show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import orjson
from pydantic_core import from_json
from sqlalchemy import ColumnElement, Engine, Select, and_, func, or_, select

from peel.records.listing import RunEntry, RunList
from peel.records.runs import RunStatus
from peel.store import schema
from peel.store.database import told

_SCENARIO = "scenario "
"""What the part of a run's provenance begins with that stands for a scenario."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs a list shows: those with one scenario, those of one status; None: all."""

    scenario: str | None = None
    status: RunStatus | None = None


EVERY = Wanted()


def list_runs(
    engine: Engine, *, limit: int, behind: tuple[float, str] | None = None, wanted: Wanted = EVERY
) -> RunList:
    """Some runs, newest first. `behind` is when the run to go on behind began, and its id."""
    runs = schema.runs.c
    query = _entries().order_by(runs.started.desc(), runs.id.desc()).limit(limit + 1)
    if behind is not None:
        query = query.where(_is_behind(*behind))
    if wanted.scenario is not None:
        query = query.where(runs.provenance.contains(scenario_part(wanted.scenario), autoescape=True))
    if wanted.status is not None:
        query = query.where(runs.status == wanted.status)
    with told(engine.url), engine.connect() as connection:
        entries = [_entry(row) for row in connection.execute(query)]
    more = len(entries) > limit
    return RunList(runs=tuple(entries[:limit]), next=entries[limit - 1].id if more else None)


def run_entry(engine: Engine, run_id: str) -> RunEntry | None:
    """One run as a list shows it, by its id; None where there is none."""
    with told(engine.url), engine.connect() as connection:
        row = connection.execute(_entries().where(schema.runs.c.id == run_id)).one_or_none()
    return None if row is None else _entry(row)


def scenario_part(scenario: str) -> str:
    """How a stored provenance names one of its run's scenarios."""
    return orjson.dumps(f"{_SCENARIO}{scenario}").decode()


def finished_ids(engine: Engine, scenario: str, *, limit: int, behind: tuple[float, str] | None = None) -> list[str]:
    """The ids of the finished runs with a scenario, newest first; `behind` as for `list_runs`."""
    runs = schema.runs.c
    query = select(runs.id).where(
        runs.status == "finished", runs.provenance.contains(scenario_part(scenario), autoescape=True)
    )
    if behind is not None:
        query = query.where(_is_behind(*behind))
    with told(engine.url), engine.connect() as connection:
        return list(connection.scalars(query.order_by(runs.started.desc(), runs.id.desc()).limit(limit)))


def _is_behind(started: float, run_id: str) -> ColumnElement[bool]:
    runs = schema.runs.c
    return or_(runs.started < started, and_(runs.started == started, runs.id < run_id))


def run_marks(engine: Engine, ids: Sequence[str]) -> dict[str, str]:
    """For each run a mark that changes whenever its numbers may: with its status, its definitions, its newest score."""
    runs, scores = schema.runs.c, schema.scores.c
    # The sum keeps PostgreSQL from walking back through the scores of all later runs for the largest key.
    newest = select(func.max(scores.key + 0)).where(scores.run == runs.key).scalar_subquery()
    shown = (runs.id, runs.status, runs.finished, runs.planned, runs.provenance, newest.label("newest"))
    with told(engine.url), engine.connect() as connection:
        rows = connection.execute(select(*shown).where(runs.id.in_(ids)))
        return {row.id: " ".join(map(str, (*row[1:4], crc32(row.provenance.encode()), row.newest))) for row in rows}


def count_executions(engine: Engine, key: int) -> tuple[int, int]:
    """How many executions of a run are stored, and how many of them errored; `key` is the run's in the table `runs`."""
    executions = schema.executions.c
    query = select(func.count(), func.count().filter(executions.ok == 0)).where(executions.run == key)
    with told(engine.url), engine.connect() as connection:
        stored, errored = connection.execute(query).one()
    return stored, errored


def _entries() -> Select[Any]:
    """What an entry is made of, of all runs."""
    runs, executions = schema.runs.c, schema.executions.c
    of_run = executions.run == runs.key
    stored = select(func.count()).where(of_run).scalar_subquery().label("stored")
    errored = select(func.count()).where(of_run, executions.ok == 0).scalar_subquery().label("errored")
    return select(runs.id, runs.started, runs.finished, runs.status, runs.planned, runs.provenance, stored, errored)


def _entry(row: Any) -> RunEntry:
    made = from_json(row.provenance)
    parts = made.get("parts", {})
    return RunEntry(
        id=row.id,
        started=row.started,
        finished=row.finished,
        status=row.status,
        planned=row.planned,
        stored=row.stored,
        errored=row.errored,
        scenarios=tuple(sorted(part.removeprefix(_SCENARIO) for part in parts if part.startswith(_SCENARIO))),
        by=made.get("by"),
    )
