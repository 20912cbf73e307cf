"""What people were asked of one run and what they answered: read without the scores of judges, appended, never changed.

An answer may carry a submission, a name that its sender gave it: the same rater's same submission for the same output
is stored once, however often it arrives and from how many processes.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, TextClause, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from peel.records import Score
from peel.store import schema
from peel.store.database import told
from peel.store.rows import STATUS_WORDS, score_row


@dataclass(frozen=True, slots=True)
class PeopleRow:
    """A question that waits for people (`rater` None, `status` pending), or a rater's answer to it.

    `scenario_variant` is the place of the execution's scenario variant in the run, `case` that of its case; `at` is
    when it was said, in seconds since the epoch; `key` grows with each row of the store.
    """

    evaluator: str
    execution: int
    scenario_variant: int
    case: int
    rater: str | None
    status: str
    value: float | None
    comment: str
    at: float = 0.0
    key: int = 0


class People:
    """People's part of one run; `key` is its key in the table `runs`. Safe to use from several threads."""

    def __init__(self, engine: Engine, *, key: int) -> None:
        self._engine = engine
        self._key = key

    def rows(self, evaluator: str) -> list[PeopleRow]:
        """What one evaluator asked and what was answered, by execution, of each the oldest first."""
        query = self._query().where(schema.scores.c.evaluator == evaluator)
        with told(self._engine.url), self._engine.connect() as connection:
            return _rows(connection, query.order_by(schema.scores.c.execution, schema.scores.c.key))

    def since(self, key: int) -> tuple[list[PeopleRow], int]:
        """What was asked and answered behind a row's key (0: everything), the oldest first, and how many rows there are
        in all: another process may commit a row late, whose key is below some that were read already."""
        scores = schema.scores.c
        count = select(func.count()).where(scores.run == self._key, _of_people())
        with told(self._engine.url), self._engine.connect() as connection:
            rows = _rows(connection, self._query().where(scores.key > key).order_by(scores.key))
            return rows, connection.scalar(count) or 0

    def _query(self) -> Select[Any]:
        scores, executions = schema.scores.c, schema.executions.c
        of = (scores.evaluator, scores.execution, executions.scenario_variant, executions.case)
        joined = (executions.run == scores.run) & (executions.number == scores.execution)
        return (
            select(*of, scores.rater, scores.status, scores.value, scores.reason, scores.at, scores.key)
            .select_from(schema.scores.join(schema.executions, joined))
            .where(scores.run == self._key, _of_people())
        )

    def add(self, scores: Sequence[tuple[Score, str | None]]) -> int:
        """Append scores, each with its submission or None: all of them or, where that fails, none.

        How many were new: a submission that is stored already is not stored again.
        """
        with told(self._engine.url), self._engine.begin() as connection:
            statement = _insert(connection)
            rows = (score_row(self._key, score, submission=submission) for score, submission in scores)
            return sum(len(connection.execute(statement, row).all()) for row in rows)

    def blinding(self) -> str:
        """The secret of the run by which its outputs are named and shuffled for raters; made when first asked for."""
        runs = schema.runs.c
        query = select(runs.blinding).where(runs.key == self._key)
        with told(self._engine.url), self._engine.connect() as connection:
            found = connection.scalar(query)
        if found is not None:
            return str(found)
        new = update(schema.runs).where(runs.key == self._key, runs.blinding.is_(None))
        with told(self._engine.url), self._engine.begin() as connection:
            # Of two processes that are first at once, one makes it and both use it.
            connection.execute(new.values(blinding=secrets.token_hex(32)))
            return str(connection.scalar(query))


def _of_people() -> TextClause:
    return text(f"({schema.OF_PEOPLE})")


def _rows(connection: Connection, query: Select[Any]) -> list[PeopleRow]:
    words = STATUS_WORDS
    return [
        PeopleRow(evaluator, execution, place, case, rater, words[status], value, reason, at, key)
        for evaluator, execution, place, case, rater, status, value, reason, at, key in connection.execute(query)
    ]


def _insert(connection: Connection) -> Any:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    # The count of rows is not told by every driver; the keys of those that are new are.
    return insert(schema.scores).on_conflict_do_nothing().returning(schema.scores.c.key)
