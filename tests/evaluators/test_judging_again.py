"""`judge_again` of the evaluator `semantic`: a few executions are judged several times, and scored like all others."""

from __future__ import annotations

import asyncio

import pytest

from peel.evaluators.evaluator import EvaluationContext
from peel.evaluators.scoring import score
from peel.evaluators.semantic import SemanticEvaluator
from peel.models.chat import ChatReply
from peel.records import Case, Usage

EXPECTED = {"answer": "Hold the reset button for 3 seconds."}
CASES = tuple(Case(id=f"c{n}", inputs={"email": "Help!"}, expected=EXPECTED) for n in range(10))


def opinion(value):
    """A reply of a judge."""
    return f'{{"reason": "for {value}", "score": {value}}}'


def context_of(case, repetition):
    """An execution of one case."""
    return EvaluationContext(
        output="Hold it.", inputs=case.inputs, expected=EXPECTED, steps={}, case=case, repetition=repetition
    )


@pytest.fixture
def drawn(scope, compiled):
    """Which (case, repetition) of a run are judged more than once."""

    def find(cases=CASES, *, executed=None, repetitions=5, **again):
        judge = Counting()
        its_scope = Narrowed(scope(*cases, models={"judge": judge}), executed or cases)
        evaluator = compiled(SemanticEvaluator, its_scope, judge_again=again)
        found = []
        for repetition in range(1, repetitions + 1):
            for case in executed or cases:
                judge.calls = 0
                asyncio.run(score("e1", evaluator, context_of(case, repetition), execution=0, at=0))
                found += [(case.id, repetition)] if judge.calls > 1 else []
        return found

    return find


class Counting:
    """A judge that counts how often it is asked."""

    name = "counting"
    calls = 0

    async def complete(self, request):
        self.calls += 1
        return ChatReply(text=opinion(1), model=self.name, usage=Usage(calls=1))


class Narrowed:
    """A scope of a run that executes only some of the cases."""

    def __init__(self, scope, executed):
        self._scope, self.executed = scope, executed

    def __getattr__(self, name):
        return getattr(self._scope, name)


def test_the_value_is_the_first_judgement_as_of_every_other_execution(judge, scope, compiled):
    """The others are kept beside it, value and reason, and their calls are counted with the judge's."""
    scripted = judge(opinion(0.9), opinion(0.1), opinion(0.2))
    evaluator = compiled(
        SemanticEvaluator, scope(*CASES, models={"judge": scripted}), judge_again={"executions": 10, "times": 3}
    )
    got = asyncio.run(score("e1", evaluator, context_of(CASES[0], 1), execution=0, at=0))
    assert (got.value, got.reason) == (0.9, "for 0.9")
    assert [one["value"] for one in got.details["again"]] == [0.1, 0.2]
    assert "votes" not in got.details
    assert (got.usage.calls, got.usage.tokens_in) == (3, 300)
    assert {request.parameters["temperature"] for request in scripted.asked} == {0}


def test_a_further_judgement_that_cannot_be_read_leaves_the_score_as_it_is(judge, scope, compiled):
    """And is kept as unread, without a value."""
    scripted = judge(opinion(0.5), "well", "well", "well")
    evaluator = compiled(
        SemanticEvaluator, scope(*CASES, models={"judge": scripted}), judge_again={"executions": 10, "times": 2}
    )
    got = asyncio.run(score("e1", evaluator, context_of(CASES[0], 1), execution=0, at=0))
    assert (got.status, got.value) == ("scored", 0.5)
    assert got.details["again"][0]["value"] is None
    assert len(got.details["again"][0]["unread"]) == 3


def test_so_many_executions_are_drawn_each_of_another_case_first(drawn):
    """The second repetition of a case has its turn when every case has had its first."""
    assert len(drawn(executions=4)) == 4
    assert {repetition for _, repetition in drawn(executions=4)} == {1}
    found = drawn(executions=13)
    assert [repetition for _, repetition in found] == [1] * 10 + [2] * 3


def test_the_same_executions_are_drawn_each_time_and_not_the_first_of_the_file(drawn):
    """Whatever the order of the cases."""
    found = drawn(executions=4)
    assert sorted(drawn(executions=4)) == sorted(found)
    assert sorted(drawn(tuple(reversed(CASES)), executions=4)) == sorted(found)
    assert {name for name, _ in found} != {"c0", "c1", "c2", "c3"}


def test_a_run_of_a_few_cases_draws_from_these(drawn):
    """A selection of two cases is judged again as often as is asked for, or all of it."""
    assert len(drawn(executed=CASES[:2], executions=4)) == 4
    assert len(drawn(executed=CASES[:2], repetitions=1, executions=4)) == 2


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"judge_again": {"executions": 1}}, ("judge_again", "executions")),
        ({"judge_again": {"times": 1}}, ("judge_again", "times")),
        ({"judge_again": {"share": 0.1}}, ("judge_again", "share")),
        ({"judge_again": 20}, ("judge_again",)),
        ({"judge_again": {}, "votes": 3}, ("judge_again",)),
    ],
)
def test_wrong_settings_are_problems_at_their_path(settings, path, judge, scope, problems):
    """One execution or one judgement shows nothing; several votes show it already."""
    found = problems(SemanticEvaluator, scope(*CASES, models={"judge": judge()}), **settings)
    assert path in found
    if "votes" in settings:
        assert found[path] == "its 3 votes already show how much the judge varies; leave out judge_again or votes"


def test_without_the_setting_each_execution_is_judged_once(judge, scope, compiled):
    """Nothing is kept beside the score."""
    scripted = judge(opinion(1))
    evaluator = compiled(SemanticEvaluator, scope(*CASES, models={"judge": scripted}))
    got = asyncio.run(score("e1", evaluator, context_of(CASES[0], 1), execution=0, at=0))
    assert (len(scripted.asked), got.details) == (1, {"judge": "scripted"})
