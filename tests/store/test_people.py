"""People's scores in the store: appended, each submission once, pending until as many answered as were asked."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import inspect, text

from peel.records import EvaluatorDefinition
from peel.store import schema
from peel.store.database import open_engine
from peel.store.reading import PENDING, SCORED, UNSCORED
from peel.store.store import Store


def with_raters(run: Any, raters: int) -> Any:
    """The run with an evaluator that asks so many people."""
    item = run.scenario_variants[0]
    settings = {"ask": "Would you send it?", "raters": raters}
    evaluators = (
        *item.scenario.evaluators[:-1],
        EvaluatorDefinition(id="would-send", use="manual", settings=settings),
    )
    scenario = item.scenario.model_copy(update={"evaluators": evaluators})
    return run.model_copy(update={"scenario_variants": (item.model_copy(update={"scenario": scenario}),)})


@pytest.fixture
def asked(store: Store, make: Any) -> Store:
    """A store with a run of three executions, each with a judge's score and a question to two people."""
    run = with_raters(make.run(), 2)
    store.create(run)

    async def writing() -> None:
        async with store.writer(run.id) as writer:
            for number in range(3):
                pending = make.score(number, None, evaluator="would-send", status="pending")
                scores = [make.score(number, 0.25), pending]
                writer.execution(make.execution(number, run), scenario_variant=0, case=number, scores=scores)

    asyncio.run(writing())
    return store


def said(make: Any, number: int, value: float | None, rater: str, **changes: Any) -> Any:
    """A person's score."""
    return make.score(number, value, evaluator="would-send", rater=rater, **changes)


def column(store: Store) -> Any:
    return store.run("last").columns("telco", "base").scores["would-send"]


def test_a_submission_is_stored_once_however_often_it_arrives(asked: Store, make: Any) -> None:
    """The same rater, output and submission; another rater, output or submission is another answer."""
    people = asked.people(asked.run("last").run.id)
    assert people.add([(said(make, 0, 0.5, "ann"), "s1")]) == 1
    assert people.add([(said(make, 0, 0.5, "ann"), "s1")]) == 0
    others = [
        (said(make, 0, 0.5, "bob"), "s1"),
        (said(make, 1, 0.5, "ann"), "s1"),
        (said(make, 0, 0.75, "ann"), "s2"),
        (said(make, 0, 1.0, "ann"), None),
        (said(make, 0, 1.0, "ann"), None),
    ]
    assert people.add(others) == 5
    assert len([row for row in people.rows("would-send") if row.rater]) == 6


def test_a_double_click_from_several_connections_at_once_is_one_answer(asked: Store, make: Any) -> None:
    """The database decides, not who asked first whether it is there."""
    people = asked.people(asked.run("last").run.id)
    with ThreadPoolExecutor(4) as pool:
        new = list(pool.map(lambda _: people.add([(said(make, 0, 0.5, "ann"), "s1")]), range(8)))
    assert sorted(new) == [0] * 7 + [1]


def test_questions_and_answers_are_read_without_the_scores_of_judges(asked: Store, make: Any) -> None:
    """By execution, of each the oldest first, with what a person wrote."""
    people = asked.people(asked.run("last").run.id)
    people.add([(said(make, 1, 0.5, "Änne", reason="too long ☎"), None)])
    rows = people.rows("would-send")
    assert [(row.execution, row.case, row.rater, row.status) for row in rows] == [
        (0, 0, None, "pending"),
        (1, 1, None, "pending"),
        (1, 1, "Änne", "scored"),
        (2, 2, None, "pending"),
    ]
    assert (rows[2].value, rows[2].comment) == (0.5, "too long ☎")
    assert people.rows("core-terms") == []


def test_an_execution_is_pending_until_as_many_people_answered_as_were_asked(asked: Store, make: Any) -> None:
    """Then it is the mean of the latest of each; who cannot tell has answered too."""
    people = asked.people(asked.run("last").run.id)
    people.add([(said(make, 0, 0.0, "ann"), None), (said(make, 0, 1.0, "ann"), None)])
    assert column(asked).status.tolist() == [PENDING] * 3
    people.add([(said(make, 0, 0.5, "bob"), None)])
    people.add([(said(make, 1, 0.5, "ann"), None), (said(make, 1, None, "bob", reason="not my product"), None)])
    people.add([(said(make, 2, None, name, reason="not my product"), None) for name in ("ann", "bob")])
    assert column(asked).status.tolist() == [SCORED, SCORED, UNSCORED]
    np.testing.assert_equal(column(asked).value, [0.75, 0.5, np.nan])


def test_a_corrected_score_counts_and_the_old_one_is_kept(asked: Store, make: Any) -> None:
    """Nothing that a person said is ever overwritten."""
    people = asked.people(asked.run("last").run.id)
    for value in (0.0, 1.0):
        people.add([(said(make, 0, value, "ann", reason=f"said {value}"), None)])
    people.add([(said(make, 0, 0.5, "bob"), None)])
    assert column(asked).value[0] == 0.75
    scores = next(asked.run("last").executions([0]))[1]
    assert [(one.value, one.reason) for one in scores if one.rater == "ann"] == [(0.0, "said 0.0"), (1.0, "said 1.0")]


def test_a_run_keeps_one_key_to_blind_with(asked: Store) -> None:
    """Several who ask at once get the same; another run has another."""
    people = asked.people(asked.run("last").run.id)
    with ThreadPoolExecutor(4) as pool:
        keys = set(pool.map(lambda _: people.blinding(), range(8)))
    assert len(keys) == 1
    assert len(bytes.fromhex(keys.pop())) == 32


def test_a_store_of_the_first_version_is_brought_up_to_date_with_all_that_is_in_it(
    asked: Store, make: Any, store_url: str, tmp_path: Path
) -> None:
    """Its scores stay, and people's scores can be added."""
    engine = open_engine(store_url, root=tmp_path)
    first = {"runs", "steps", "executions", "scores"}
    with engine.begin() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            if table.name not in first:
                table.drop(connection)
        for statement in (
            "DROP INDEX ix_scores_people",
            "DROP INDEX ix_scores_submission",
            "ALTER TABLE scores DROP COLUMN submission",
            "ALTER TABLE runs DROP COLUMN blinding",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            connection.execute(text(statement))
    engine.dispose()
    opened = Store(store_url, root=tmp_path)
    people = opened.people(opened.run("last").run.id)
    assert people.add([(said(make, 0, 0.5, "ann"), "s1")]) == 1
    assert len(people.rows("would-send")) == 4
    assert opened.run("last").columns("telco", "base").scores["core-terms"].value.tolist() == [0.25] * 3
    opened.close()


def test_people_are_found_by_the_index_of_their_own(asked: Store, store_url: str, tmp_path: Path) -> None:
    """The index's condition is what the query says, letter for letter: else every score of judges would be read."""
    engine = open_engine(store_url, root=tmp_path)
    if engine.dialect.name == "sqlite":
        query = (
            "EXPLAIN QUERY PLAN SELECT value FROM scores WHERE run = 1 AND evaluator = 'would-send' "
            "AND (rater IS NOT NULL OR status = 2) ORDER BY execution"
        )
        with engine.connect() as connection:
            assert "ix_scores_people" in str(connection.execute(text(query)).all())
    assert "ix_scores_people" in {index["name"] for index in inspect(engine).get_indexes("scores")}
    engine.dispose()
