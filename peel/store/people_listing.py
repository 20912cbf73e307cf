"""Which runs ask people something, and how far that is: in pages, without unpacking the runs' definitions."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Select, TextClause, case, func, select, text

from peel.store import schema
from peel.store.database import told

MOST_GAPS = 100
"""From how many of a rater's latest answers their pace is told."""


@dataclass(frozen=True, slots=True)
class AskedCount:
    """How many executions of a scenario variant (its place in the run) one evaluator asks people about that `raters`
    people have answered, and that the rater who looks has answered or not (`mine`)."""

    scenario_variant: int
    evaluator: str
    raters: int
    mine: bool
    executions: int


@dataclass(frozen=True, slots=True)
class AskingRun:
    """A run that asks people something. `mark` changes whenever its definitions do; `raters` is how many people have
    answered."""

    id: str
    started: float
    mark: str
    counts: tuple[AskedCount, ...]
    raters: int


@dataclass(frozen=True, slots=True)
class AskingRuns:
    """Some runs that ask people something, newest first; `next` is the id to go on behind, None at the end. `answered`
    is when the rater who looks gave their latest answers to them, in seconds since the epoch, ascending."""

    runs: tuple[AskingRun, ...]
    next: str | None
    answered: tuple[float, ...]


def list_asking(engine: Engine, *, limit: int, before: int | None, rater: str | None) -> AskingRuns:
    """Some runs that ask people something, newest first; `before` is the key of the run to go on behind."""
    scores, runs = schema.scores.c, schema.runs.c
    asking = select(scores.run).where(_of_people()).distinct().order_by(scores.run.desc()).limit(limit + 1)
    if before is not None:
        asking = asking.where(scores.run < before)
    with told(engine.url), engine.connect() as connection:
        keys = list(connection.scalars(asking))
        shown = keys[:limit]
        of_these = scores.run.in_(shown) & _of_people()
        counts: dict[int, list[AskedCount]] = defaultdict(list)
        for run, *rest in connection.execute(_counts(shown, rater)):
            counts[run].append(AskedCount(rest[0], rest[1], rest[2], bool(rest[3]), rest[4]))
        people = select(scores.run, func.count(scores.rater.distinct())).where(of_these).group_by(scores.run)
        raters = {run: count for run, count in connection.execute(people)}  # noqa: C416  # rows are no pairs to mypy
        own = select(scores.at).where(of_these, scores.rater == rater).order_by(scores.key.desc()).limit(MOST_GAPS)
        answered = sorted(connection.scalars(own)) if rater is not None else []
        size = func.length(runs.definitions).label("size")
        named = select(runs.key, runs.id, runs.started, runs.provenance, size).where(runs.key.in_(shown))
        found = {row.key: row for row in connection.execute(named)}
    listed = [
        AskingRun(
            found[key].id,
            found[key].started,
            mark_of(found[key].provenance, found[key].size),
            tuple(counts[key]),
            raters.get(key, 0),
        )
        for key in shown
    ]
    return AskingRuns(tuple(listed), listed[-1].id if len(keys) > limit else None, tuple(answered))


def mark_of(provenance: str, size: int) -> str:
    """What changes whenever a run's definitions do, which need not be read for it; `size` is theirs in bytes."""
    return f"{size} {hashlib.blake2b(provenance.encode(), digest_size=16).hexdigest()}"


def _counts(runs: Sequence[int], rater: str | None) -> Select[Any]:
    """Rows of run, scenario variant, evaluator, raters, mine, executions."""
    scores, executions = schema.scores.c, schema.executions.c
    of = (scores.run, scores.execution, scores.evaluator)
    mine = func.max(case((scores.rater == rater, 1), else_=0)).label("mine")
    each = (
        select(*of, func.count(scores.rater.distinct()).label("raters"), mine)
        .where(scores.run.in_(runs), _of_people())
        .group_by(*of)
        .subquery()
        .c
    )
    joined = (executions.run == each.run) & (executions.number == each.execution)
    groups = (each.run, executions.scenario_variant, each.evaluator, each.raters, each.mine)
    return select(*groups, func.count()).where(joined).group_by(*groups).order_by(*groups)


def _of_people() -> TextClause:
    return text(f"({schema.OF_PEOPLE})")
