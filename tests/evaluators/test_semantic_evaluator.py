"""The evaluator `semantic`."""

from __future__ import annotations

import asyncio

import pytest

from peel.errors import ProtocolError, RefusedError, TransportError
from peel.evaluators.scoring import score
from peel.evaluators.semantic import LARGEST_TEXT, SemanticEvaluator
from peel.models.chat import ChatReply
from peel.records import Case, Usage

EXPECTED = {"answer": "Hold the reset button for 3 seconds."}
GOOD = '{"reason": "Says the same.", "score": 0.9}'


@pytest.fixture
def semantic(scope, compiled, judged):
    """Scores one output with a scripted judge."""

    def run(judge, output="Hold it three seconds.", **settings):
        evaluator = compiled(SemanticEvaluator, scope(expected=EXPECTED, models={"judge": judge}), **settings)
        return asyncio.run(score("e1", evaluator, judged(output, expected=EXPECTED), execution=0, at=0))

    return run


def test_the_judge_gives_a_value_and_a_reason(judge, semantic):
    """One call, counted apart, with the judge's name."""
    got = semantic(judge(GOOD))
    assert (got.status, got.value, got.reason) == ("scored", 0.9, "Says the same.")
    assert got.usage == Usage(calls=1, tokens_in=100, tokens_out=10, cost_usd=0.001)
    assert got.details == {"judge": "scripted"}


def test_what_the_judge_is_asked(judge, semantic):
    """It sees both texts, a schema for its reply, and answers without chance."""
    scripted = judge(GOOD)
    semantic(scripted)
    (request,) = scripted.asked
    asked = request.messages[-1].content
    assert "Hold it three seconds." in asked
    assert EXPECTED["answer"] in asked
    assert list(request.response_schema["properties"]) == ["reason", "score"]
    assert request.parameters["temperature"] == 0


def test_parameters_can_be_set_and_left_to_the_model(judge, semantic):
    """A parameter that is null is not sent at all."""
    scripted = judge(GOOD)
    semantic(scripted, parameters={"temperature": None, "max_tokens": 900, "top_p": 0.5})
    assert scripted.asked[0].parameters == {"max_tokens": 900, "top_p": 0.5}


@pytest.mark.parametrize("broken", ["I like it.", '{"reason": "Out.", "score": 7}', "85%", ProtocolError("no JSON")])
def test_a_reply_that_cannot_be_read_is_asked_for_again_twice(broken, judge, semantic):
    """The third reply still counts; every call is counted, and what was unreadable is kept."""
    scripted = judge(broken, broken, GOOD)
    got = semantic(scripted)
    assert (got.status, got.value) == ("scored", 0.9)
    assert len(scripted.asked) == 3
    assert got.usage.calls == (1 if isinstance(broken, Exception) else 3)
    assert len(got.details["votes"][0]["unread"]) == 2
    assert scripted.asked[0].messages != scripted.asked[1].messages


def test_after_three_unreadable_replies_there_is_no_score(judge, semantic):
    """The execution is unscored with the last reason, never 0; the calls are paid for all the same."""
    scripted = judge("Nice.", "Nice.", '{"reason": "Out.", "score": 7}', GOOD)
    got = semantic(scripted)
    assert (got.status, got.value) == ("unscored", None)
    assert got.reason == "no usable reply of the judge in 3 calls; the last: its score '7' is not from 0 to 1"
    assert (got.usage.calls, len(scripted.asked)) == (3, 3)


def test_a_truncated_reply_is_unreadable(judge, semantic):
    """A reply cut off by the token limit does not count, and the reason says what to do."""
    cut = ChatReply(text=GOOD, model="m", marks=("truncated",), usage=Usage(calls=1))
    got = semantic(judge(cut, cut, cut))
    assert got.status == "unscored"
    assert "max_tokens" in got.reason


@pytest.mark.parametrize("error", [TransportError("connection refused"), RefusedError("401")])
def test_a_call_that_fails_in_transport_is_not_repeated(error, judge, semantic):
    """The model has done its retries by then; the reason is its message."""
    scripted = judge(error, GOOD)
    got = semantic(scripted)
    assert (got.status, len(scripted.asked)) == ("unscored", 1)
    assert str(error) in got.reason


def test_a_bad_score_is_not_asked_for_again(judge, semantic):
    """A low score is a score."""
    scripted = judge('{"reason": "Wrong.", "score": 0}', GOOD)
    assert semantic(scripted).value == 0.0
    assert len(scripted.asked) == 1


def test_the_value_of_several_votes_is_their_mean(judge, semantic):
    """The votes are kept one by one; several votes are asked for with chance, each with its own seed."""
    scripted = judge(*(f'{{"reason": "for {value}", "score": {value}}}' for value in (1, 0.5, 0)))
    got = semantic(scripted, votes=3, parameters={"seed": 5})
    assert got.value == pytest.approx(0.5)
    assert [vote["value"] for vote in got.details["votes"]] == [1.0, 0.5, 0.0]
    assert got.reason == "mean of 3 votes; nearest to it: for 0.5"
    assert got.usage.calls == 3
    assert {request.parameters["temperature"] for request in scripted.asked} == {0.7}
    assert len({request.parameters["seed"] for request in scripted.asked}) == 3


class ByVote:
    """A judge whose replies depend on which vote is asked, known by its seed."""

    name = "by-vote"

    def __init__(self, readable):
        self.readable = readable

    async def complete(self, request):
        text = GOOD if request.parameters["seed"] // 3 < self.readable else "no idea"
        return ChatReply(text=text, model=self.name, usage=Usage(calls=1))


@pytest.mark.parametrize(("readable", "status"), [(3, "scored"), (2, "scored"), (1, "unscored"), (0, "unscored")])
def test_more_than_half_of_the_votes_must_be_readable(readable, status, semantic):
    """A minority of unreadable votes is shown and left out; a majority leaves no score."""
    got = semantic(ByVote(readable), votes=3, parameters={"seed": 0})
    assert got.status == status
    assert got.usage.calls == readable + 3 * (3 - readable)
    assert [vote["value"] for vote in got.details["votes"]] == [0.9] * readable + [None] * (3 - readable)
    if readable == 2:
        assert got.reason.startswith("mean of 2 readable of 3 votes")
    if status == "unscored":
        assert got.reason.startswith(f"only {readable} of 3 votes")


def test_an_empty_output_is_judged_as_such(judge, semantic):
    """The judge is asked, and told that the answer is empty."""
    scripted = judge('{"reason": "Empty.", "score": 0}')
    assert semantic(scripted, output="").value == 0.0
    assert "The answer is empty" in scripted.asked[0].messages[-1].content


def test_the_output_is_not_rendered(judge, semantic):
    """A template in the judged text reaches the judge as it is."""
    scripted = judge(GOOD)
    semantic(scripted, output="{{ expected.answer }} {% raw %}")
    assert "{{ expected.answer }} {% raw %}" in scripted.asked[0].messages[-1].content


def test_a_huge_output_is_not_judged(judge, semantic):
    """Beyond the bound the judge is not asked, rather than asked about a part."""
    scripted = judge(GOOD)
    got = semantic(scripted, output="x" * (LARGEST_TEXT + 1))
    assert (got.status, scripted.asked) == ("unscored", [])


def test_criteria_alone_do(judge, semantic):
    """With criteria and without `expected`, only the criteria are shown; they may be a template."""
    scripted = judge(GOOD)
    semantic(scripted, criteria="Polite, and answers: {{ email }}")
    asked = scripted.asked[0].messages[-1].content
    assert "Polite, and answers: Help!" in asked
    assert EXPECTED["answer"] not in asked


@pytest.mark.parametrize("answer", [None, "", "  "])
def test_a_case_without_an_expected_answer_gets_no_score(answer, judge, scope, compiled, judged):
    """There is nothing to compare with: the judge is not asked, and nothing counts as wrong."""
    scripted = judge(GOOD)
    cases = Case(id="c1", expected=EXPECTED), Case(id="c2", expected={"answer": answer})
    evaluator = compiled(SemanticEvaluator, scope(*cases, models={"judge": scripted}))
    context = judged("x", expected={"answer": answer})
    assert asyncio.run(score("e1", evaluator, context, execution=0, at=0)) is None
    assert scripted.asked == []


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"judge": "jugde"}, ("judge",)),
        ({"expected": "{{ expected.anwser }}"}, ("expected",)),
        ({"criteria": "{{ nothing }}"}, ("criteria",)),
        ({"criteria": ""}, ("criteria",)),
        ({"votes": 0}, ("votes",)),
        ({"scale": 5}, ("scale",)),
        ({"expected": ""}, ("expected",)),
    ],
)
def test_wrong_settings_are_problems_at_their_path(settings, path, judge, scope, problems):
    """An unknown role, a name that does not exist or a wrong value is found before the judge is paid."""
    scripted = judge()
    assert path in problems(SemanticEvaluator, scope(expected=EXPECTED, models={"judge": scripted}), **settings)
    assert scripted.asked == []
