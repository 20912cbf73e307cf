"""Every judgement behind a score, and which errors ended in which step: read back from a real store."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from peel.records import Fault, Score
from peel.store.store import Store


def stored_with(store: Store, make: Any, *scores: Score) -> Any:
    """A run of six executions and these scores, appended in their order."""
    run = make.run()
    store.create(run)

    async def writing() -> None:
        async with store.writer(run.id) as writer:
            for number in range(6):
                writer.execution(make.execution(number, run), scenario_variant=0, case=number % 3, scores=[])
            for score in scores:
                writer.scores([score])
                await writer.committed()

    asyncio.run(writing())
    return store.run(run.id)


def judged(make: Any, number: int, value: float | None, **details: Any) -> Score:
    """A judge's score with details."""
    score: Score = make.score(number, value, evaluator="meaning", details=details)
    return score


def votes(*values: float | None) -> list[dict[str, Any]]:
    """Votes as a score keeps them."""
    return [{"value": value, "reason": "so"} for value in values]


def test_votes_count_and_what_was_judged_again_is_beside_them(store: Store, make: Any) -> None:
    """A score without details is one judgement; a vote that could not be read is none."""
    stored = stored_with(
        store,
        make,
        judged(make, 0, 0.5, votes=votes(0.0, 1.0, None)),
        judged(make, 1, 0.75, again=votes(0.5, None)),
        judged(make, 2, 0.25),
    )
    found = stored.judgements("telco", "base", evaluator="meaning")
    assert found.execution.tolist() == [0, 0, 1, 1, 2]
    assert found.value.tolist() == [0.0, 1.0, 0.75, 0.5, 0.25]
    assert found.counts.tolist() == [True, True, True, False, True]


def test_what_a_later_score_replaced_is_no_judgement_of_the_same_judge(store: Store, make: Any) -> None:
    """Between two scores the criteria may have changed; an execution that is unscored now has no judgement."""
    stored = stored_with(
        store,
        make,
        judged(make, 0, 0.5, again=votes(0.25)),
        judged(make, 1, 0.5, again=votes(0.25)),
        judged(make, 0, 1.0),
        judged(make, 1, None),
    )
    found = stored.judgements("telco", "base", evaluator="meaning")
    assert (found.execution.tolist(), found.value.tolist()) == ([0], [1.0])


def test_people_are_no_judgements(store: Store, make: Any) -> None:
    """Neither of their own evaluator nor of a judge's."""
    stored = stored_with(
        store,
        make,
        judged(make, 0, 0.5),
        make.score(0, 1.0, evaluator="meaning", rater="ann"),
        make.score(1, 1.0, evaluator="would-send", rater="ann"),
    )
    assert stored.judgements("telco", "base", evaluator="meaning").value.tolist() == [0.5]
    assert stored.judgements("telco", "base", evaluator="would-send").value.size == 0


@pytest.mark.parametrize(
    "details",
    [{"votes": "many"}, {"votes": [1, None, "x"]}, {"votes": [{"value": 7}, {"value": True}]}, {"again": {"value": 1}}],
)
def test_details_of_another_shape_are_passed_over(store: Store, make: Any, details: dict[str, Any]) -> None:
    """What an evaluator keeps is its own business: the score itself is then the one judgement."""
    stored = stored_with(store, make, judged(make, 0, 0.5, **details))
    assert stored.judgements("telco", "base", evaluator="meaning").value.tolist() == [0.5]


def test_errors_are_counted_by_the_step_in_which_the_execution_ended(store: Store, make: Any) -> None:
    """Whatever the message; those outside of any step have no name."""
    run = make.run()
    store.create(run)
    faults = [
        Fault(type="TransportError", message="no answer", step="answer"),
        Fault(type="ValueError", message="odd", step="answer"),
        Fault(type="BudgetError", message="spent"),
    ]

    async def writing() -> None:
        async with store.writer(run.id) as writer:
            for number, fault in enumerate(faults):
                errored = make.execution(number, run, status="error", fault=fault, steps=())
                writer.execution(errored, scenario_variant=0, case=number, scores=[])

    asyncio.run(writing())
    columns = store.run(run.id).columns("telco", "base")
    assert columns.errors == {"": 1, "answer": 2}
    assert len(columns.faults) == 3


def column(stored: Any, evaluator: str) -> Any:
    """What is computed with, of one evaluator."""
    return stored.columns("telco", "base").scores[evaluator]


def test_a_judges_scores_from_before_a_question_was_put_to_people_do_not_count(store: Store, make: Any) -> None:
    """The evaluator was another one under the same name: in people's column there are people's answers alone."""
    stored = stored_with(
        store,
        make,
        make.score(0, 0.25, evaluator="would-send"),
        make.score(1, 0.25, evaluator="would-send"),
        make.score(2, None, evaluator="would-send", status="pending"),
        make.score(0, 1.0, evaluator="would-send", rater="ann"),
    )
    found = column(stored, "would-send")
    assert found.by_people
    assert found.value[0] == 1.0
    assert [str(value) for value in found.value[1:]] == ["nan"] * 5


def test_an_evaluator_that_leaves_some_answers_to_people_counts_without_theirs(store: Store, make: Any) -> None:
    """One value of its own, and what people said of the rest is stored beside it: those stay pending."""
    open_question = {"evaluator": "meaning", "status": "pending"}
    stored = stored_with(
        store,
        make,
        make.score(0, 0.25, evaluator="meaning"),
        make.score(1, None, **open_question),
        make.score(1, 1.0, evaluator="meaning", rater="ann"),
    )
    found = column(stored, "meaning")
    assert not found.by_people
    assert found.value[0] == 0.25
    assert (found.status[1], str(found.value[1])) == (2, "nan")


def test_an_evaluator_that_leaves_every_answer_to_people_is_theirs(store: Store, make: Any) -> None:
    """Nothing of its own is mixed in, since there is nothing."""
    stored = stored_with(
        store,
        make,
        make.score(0, None, evaluator="meaning", status="pending"),
        make.score(1, None, evaluator="meaning", reason="time-out"),
        make.score(0, 1.0, evaluator="meaning", rater="ann"),
    )
    found = column(stored, "meaning")
    assert found.by_people
    assert found.value[0] == 1.0
    assert found.reasons == {"time-out": 1}
