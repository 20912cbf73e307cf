"""Runs that ask people something, and their questions as they are kept between two calls: never behind the store."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from peel.errors import UnknownRun
from peel.records import EvaluatorDefinition
from peel.runs.manual import Answer, ManualScoring, pace
from peel.runs.questions import Kept, StoreQuestions
from peel.runs.scoring_queue import scored_runs, scoring_queue
from peel.store.database import open_engine
from peel.store.store import Store


@pytest.fixture
def asked(store: Store, make: Any) -> Any:
    """Stores a run of three executions with a question to people about each; its id."""

    def stored(run_id: str = "r1", *, started: float = 1.0) -> str:
        run = make.run(run_id, started=started)
        store.create(run)

        async def writing() -> None:
            async with store.writer(run.id) as writer:
                for number in range(3):
                    pending = make.score(number, None, evaluator="would-send", status="pending")
                    execution = make.execution(number, run)
                    writer.execution(execution, scenario_variant=0, case=number, scores=[pending])

        asyncio.run(writing())
        return run_id

    return stored


@pytest.fixture
def questions(store: Store) -> StoreQuestions:
    return StoreQuestions(store)


def scoring(questions: StoreQuestions, run: str = "r1", rater: str = "ann") -> ManualScoring:
    return ManualScoring(questions.of(run), rater=rater)


def test_what_another_process_stores_counts_at_the_next_call(asked, store, questions):
    """Answers are read on, not kept from before."""
    asked()
    mine = scoring(questions)
    first = mine.next()
    assert first is not None
    elsewhere = scoring(StoreQuestions(store))
    elsewhere.submit([Answer(first.id, 0.5)])
    following = mine.next()
    assert following is not None
    assert following.id != first.id
    assert mine.progress().answered == 1


def test_a_row_that_is_committed_late_is_not_missed(asked, store, questions, make, store_url, tmp_path):
    """Its key is below one that was read already, as PostgreSQL gives them: the number of rows tells."""
    people, engine = store.people(asked()), open_engine(store_url, root=tmp_path)
    mine = scoring(questions)
    for number, (rater, key, left) in enumerate((("bob", 1000, 2), ("cid", 500, 1))):
        people.add([(make.score(number, 0.5, evaluator="would-send", rater=rater), None)])
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE scores SET key = {key} WHERE rater = '{rater}'"))  # noqa: S608  # our own
        assert mine.progress().asked == left
    engine.dispose()


def test_other_definitions_are_read_anew(asked, store, questions):
    """`peel rescore` replaces them: how many raters are asked counts at once."""
    run = asked()
    first = scoring(questions).next()
    assert first is not None
    scoring(questions, rater="bob").submit([Answer(first.id, 0.5)])
    assert scoring(questions).progress().asked == 2
    stored = store.run(run).run
    item = stored.scenario_variants[0]
    two = EvaluatorDefinition(id="would-send", use="manual", settings={"ask": "Would you send it?", "raters": 2})
    scenario = item.scenario.model_copy(update={"evaluators": (two,)})
    made = item.model_copy(update={"scenario": scenario})
    store.redefine(stored.model_copy(update={"scenario_variants": (made,)}))
    assert scoring(questions).progress().asked == 3


def test_upcoming_turns_round_and_gives_each_once(asked, questions):
    """Behind the last one come those before; answered ones do not."""
    asked()
    mine = scoring(questions)
    first, second, third = mine.upcoming(limit=10)
    assert [one.id for one in mine.upcoming(second.id, limit=10)] == [third.id, first.id, second.id]
    mine.submit([Answer(third.id, 1.0)])
    assert [one.id for one in mine.upcoming(second.id, limit=1)] == [first.id]


def test_the_queue_counts_for_each_rater(asked, store, questions):
    """Answered and open ones of the rater; what others answered is nobody's any more."""
    asked()
    items = scoring(questions).upcoming(limit=3)
    scoring(questions).submit([Answer(items[0].id, 0.5)])
    (mine,) = scoring_queue(store, questions, rater="ann").waiting
    assert (mine.progress.answered, mine.progress.asked, mine.questions) == (1, 3, ("Would you send it?",))
    (others,) = scoring_queue(store, questions, rater="bob").waiting
    assert (others.progress.answered, others.progress.asked) == (0, 2)
    scoring(questions).submit([Answer(one.id, 0.5) for one in items[1:]])
    done = scoring_queue(store, questions, rater="ann")
    assert (done.waiting, done.done) == ((), 1)
    assert scoring_queue(store, questions, rater="bob").done == 0


def test_a_session_leads_to_its_run_for_its_rater_alone(asked, store, questions):
    """Its name tells neither run nor rater."""
    asked()
    session = scoring_queue(store, questions, rater="ann").waiting[0].session
    assert session == scoring(questions).session
    assert StoreQuestions(store).run_of_session(session, rater="ann") == "r1"
    with pytest.raises(UnknownRun):
        questions.run_of_session(session, rater="bob")


def test_runs_that_ask_people_are_listed_newest_first_in_pages(asked, store, questions):
    """Twenty at once; those that ask nobody are not among them."""
    for place in range(22):
        asked(f"r{place}", started=float(place))
    first = scored_runs(store, questions)
    assert [one.run for one in first.runs] == [f"r{place}" for place in range(21, 1, -1)]
    second = scored_runs(store, questions, before=first.next)
    assert ([one.run for one in second.runs], second.next) == (["r1", "r0"], None)
    assert (first.runs[0].answered, first.runs[0].asked, first.runs[0].raters) == (0, 3, 0)
    with pytest.raises(UnknownRun):
        scored_runs(store, questions, before="gone")


@pytest.mark.parametrize(
    ("answered", "seconds"),
    [
        ([], None),
        ([0.0, 5.0, 10.0], None),
        ([0.0, 5.0, 10.0, 15.0], 5.0),
        ([0.0, 4.0, 10.0, 4_000.0, 4_005.0], 5.0),
        ([10.0, 0.0, 15.0, 5.0], 5.0),
    ],
)
def test_a_pace_needs_a_few_answers_and_leaves_breaks_out(answered, seconds):
    """The median of the times between two."""
    assert pace(answered) == seconds


def test_what_is_kept_is_bounded():
    """The least used goes first."""
    made: list[str] = []
    kept: Kept[str, str] = Kept(2)
    for key in ("a", "b", "a", "c", "a", "b"):
        kept.get(key, lambda key=key: made.append(key) or key)  # type: ignore[misc]  # a key of its own each time
    assert made == ["a", "b", "c", "b"]
