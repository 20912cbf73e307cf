"""The evaluator that is a function of the workspace."""

from __future__ import annotations

import asyncio
import threading

import pytest

from peel.evaluators.function import FunctionEvaluator
from peel.evaluators.scoring import score
from peel.records import EvaluatorDefinition

USE = "../evaluators/tone.py:formal"


@pytest.fixture
def called(scope, judged):
    """Compiles a function as an evaluator and scores one output with it."""

    def run(function, output="text", expected=None, **settings):
        made = scope(expected=expected or {}, functions={USE: function})
        evaluator = FunctionEvaluator.compile(EvaluatorDefinition(id="e1", use=USE, settings=settings), made)
        assert made.problems == []
        return asyncio.run(score("e1", evaluator, judged(output, expected=expected), execution=0, at=0))

    return run


def test_a_function_gets_what_its_signature_names(called):
    """By name, in any order, and nothing else."""

    def formal(expected, output):
        return output == expected["answer"], "compared"

    got = called(formal, output="42", expected={"answer": "42"})
    assert (got.value, got.reason) == (1.0, "compared")


def test_a_function_may_ask_for_everything(called):
    """With `**kwargs` it gets the whole context."""
    seen = {}

    def formal(**context):
        seen.update(context)
        return 0.5

    assert called(formal).value == 0.5
    assert sorted(seen) == ["case", "expected", "inputs", "output", "steps"]
    assert (seen["case"].id, seen["inputs"], seen["steps"]) == ("c1", {"email": "Help!"}, {"reply": "text"})


def test_further_keys_are_arguments(called):
    """They keep their types, and may be templates."""

    def formal(output, words, limit=3):
        return f"{words} {limit}" == output

    assert called(formal, output="['a'] 2", expected={"w": ["a"]}, words="{{ expected.w }}", limit=2).value == 1.0


def test_a_plain_function_runs_in_a_thread_and_an_async_one_on_the_loop(called):
    """A plain function holds nobody up."""
    threads = {}

    def plain(output):
        threads["plain"] = threading.current_thread()
        return True

    async def waiting(output):
        await asyncio.sleep(0)
        threads["async"] = threading.current_thread()
        return 0.25, "waited"

    assert called(plain).value == 1.0
    assert called(waiting).value == 0.25
    assert threads["plain"] is not threading.main_thread()
    assert threads["async"] is threading.main_thread()


def test_a_function_cannot_change_what_is_stored(scope, judged):
    """It works on copies."""

    def formal(output):
        output.clear()
        return True

    made = scope(functions={USE: formal})
    evaluator = FunctionEvaluator.compile(EvaluatorDefinition(id="e1", use=USE), made)
    context = judged([1, 2])
    asyncio.run(score("e1", evaluator, context, execution=0, at=0))
    assert context.output == [1, 2]


@pytest.mark.parametrize("returned", [None, 2.0, float("nan"), "good", (0.5,), {"value": 1}])
@pytest.mark.parametrize("is_async", [True, False])
def test_what_is_no_score_is_unscored(returned, is_async, called):
    """A forgotten return is not a score, nor is anything out of range."""

    def plain(output):
        return returned

    async def waiting(output):
        return returned

    got = called(waiting if is_async else plain)
    assert (got.status, got.value) == ("unscored", None)


def test_a_function_that_raises_or_hangs_costs_its_own_score(called):
    """The reason says which."""

    def broken(output):
        raise ZeroDivisionError("by zero")

    never = threading.Event()
    assert called(broken).reason == "ZeroDivisionError: by zero"
    assert called(lambda output: never.wait(), timeout_s=0.02).reason == "the evaluator took longer than 0.02 s"


def tone(output, level, *, strict=False):
    return True


def position_only(output, /):
    return True


@pytest.mark.parametrize(
    ("function", "settings", "path", "message"),
    [
        (tone, {}, ("use",), "the function needs 'level'"),
        (tone, {"level": 1, "stric": True}, ("stric",), "did you mean 'strict'?"),
        (tone, {"level": 1, "output": "x"}, ("output",), "given to the function by PEEL"),
        (tone, {"level": "{{ nothing }}"}, ("level",), "unknown name nothing"),
        (tone, {"level": 1, "timeout_s": 0}, ("timeout_s",), "greater than 0"),
        (position_only, {}, ("use",), "by position only"),
        (None, {}, ("use",), "there is no"),
    ],
)
def test_arguments_that_do_not_fit_are_problems(function, settings, path, message, scope, problems):
    """Found before anything runs, with the nearest name."""
    made = scope(functions={USE: function} if function else {})
    assert message in problems(FunctionEvaluator, made, use=USE, **settings)[path]
