"""Executions in pages: by key, with the scores that count, without reading a single step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, false, or_, select

from peel.records import Fault, Run
from peel.records.listing import ExecutionEntry, ExecutionList, ListedScore
from peel.store import schema
from peel.store.database import told
from peel.store.rows import STATUS_WORDS, marks_of


@dataclass(frozen=True, slots=True)
class WantedExecutions:
    """Which executions a list shows: of one scenario, variant, case, and only those that are `ok` or not; None: all."""

    scenario: str | None = None
    variant: str | None = None
    case: str | None = None
    ok: bool | None = None


def list_executions(
    engine: Engine, key: int, *, run: Run, wanted: WantedExecutions, after: int | None, limit: int
) -> ExecutionList:
    """Some stored executions of a run, whose key in the table `runs` is `key`, in the order of its plan."""
    executions = schema.executions.c
    query = select(schema.executions).where(executions.run == key, *_conditions(run, wanted))
    if after is not None:
        query = query.where(executions.number > after)
    with told(engine.url), engine.connect() as connection:
        rows = connection.execute(query.order_by(executions.number).limit(limit + 1)).all()
        scores = _scores(connection, key, [row.number for row in rows[:limit]])
    entries = tuple(_entry(row, scores[row.number], run=run) for row in rows[:limit])
    return ExecutionList(executions=entries, next=entries[-1].number if len(rows) > limit else None)


def _conditions(run: Run, wanted: WantedExecutions) -> Iterator[ColumnElement[bool]]:
    executions = schema.executions.c
    if wanted.ok is not None:
        yield executions.ok == int(wanted.ok)
    if wanted.scenario is None and wanted.variant is None and wanted.case is None:
        return
    # With no alternative at all, `or_` needs one that never holds.
    yield or_(false(), *_places(run, wanted))


def _places(run: Run, wanted: WantedExecutions) -> Iterator[ColumnElement[bool]]:
    executions = schema.executions.c
    for place, item in enumerate(run.scenario_variants):
        name = item.scenario.scenario
        if wanted.scenario not in (None, name) or wanted.variant not in (None, item.variant.name):
            continue
        if wanted.case is None:
            yield executions.scenario_variant == place
            continue
        case = next((at for at, one in enumerate(run.cases[name]) if one.id == wanted.case), None)
        if case is not None:
            yield and_(executions.scenario_variant == place, executions.case == case)


def _scores(connection: Connection, key: int, numbers: Sequence[int]) -> dict[int, list[ListedScore]]:
    """The scores that count: of each evaluator and rater the latest, and no question that was answered."""
    scores = schema.scores.c
    wanted = (scores.execution, scores.evaluator, scores.rater, scores.status, scores.value)
    query = select(*wanted).where(scores.run == key, scores.execution.in_(numbers)).order_by(scores.key)
    latest: dict[int, dict[tuple[str, str | None], Any]] = defaultdict(dict)
    for row in connection.execute(query):
        latest[row.execution][row.evaluator, row.rater] = row
    return defaultdict(list, {number: _counting(rows.values()) for number, rows in latest.items()})


def _counting(rows: Any) -> list[ListedScore]:
    answered = {row.evaluator for row in rows if row.rater is not None}
    return [
        ListedScore(evaluator=row.evaluator, status=STATUS_WORDS[row.status], value=row.value, rater=row.rater)
        for row in rows
        if row.rater is not None or row.evaluator not in answered
    ]


def _entry(row: Any, scores: Sequence[ListedScore], *, run: Run) -> ExecutionEntry:
    item = run.scenario_variants[row.scenario_variant]
    name = item.scenario.scenario
    return ExecutionEntry(
        number=row.number,
        scenario=name,
        variant=item.variant.name,
        case=run.cases[name][row.case].id,
        repetition=row.repetition,
        status="ok" if row.ok else "error",
        started=row.started,
        latency_s=row.latency_s,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        cost_usd=row.cost_usd,
        marks=marks_of(row.marks),
        fault=Fault.model_validate_json(row.fault) if row.fault else None,
        scores=tuple(scores),
    )
