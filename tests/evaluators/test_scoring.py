"""Scoring isolates evaluators: whatever one does, it costs its own score and nothing else."""

from __future__ import annotations

import asyncio
import threading
from fractions import Fraction

import numpy as np
import pytest

from peel.errors import Unscored
from peel.evaluators.scoring import CompiledEvaluator, context_for, score, score_execution
from peel.records import Case, Execution, Fault, StepResult, Usage, Verdict


class Returns:
    """A quick evaluator that returns one value."""

    quick = True

    def __init__(self, value):
        self.value = value

    def evaluate(self, context):
        return self.value


class Calls:
    """A plain evaluator that calls a function."""

    def __init__(self, function, *, quick=False, timeout_s=5.0):
        self.function = function
        self.quick = quick
        self.timeout_s = timeout_s

    def evaluate(self, context):
        return self.function()


class Awaits:
    """An asynchronous evaluator that awaits what a function gives."""

    def __init__(self, function, *, timeout_s=5.0):
        self.function = function
        self.timeout_s = timeout_s

    async def evaluate(self, context):
        return await self.function()


def raised(error):
    def function():
        raise error

    return function


def scored(evaluator, context):
    return asyncio.run(score("e1", evaluator, context, execution=7, at=12.5))


@pytest.mark.parametrize(
    ("returned", "value", "reason"),
    [
        (True, 1.0, ""),
        (False, 0.0, ""),
        (0.25, 0.25, ""),
        (1, 1.0, ""),
        (Fraction(4, 5), 0.8, ""),
        (np.float32(0.5), 0.5, ""),
        (np.bool_(True), 1.0, ""),
        (np.array(0.5), 0.5, ""),
        ((0.5, "half"), 0.5, "half"),
        ((True, "formal"), 1.0, "formal"),
        (Verdict(value=0.3, reason="so so"), 0.3, "so so"),
    ],
)
def test_a_bare_value_becomes_a_score(returned, value, reason, judged):
    """A bool, a number in [0, 1], a pair with a reason and a verdict are all scores."""
    got = scored(Returns(returned), judged("text"))
    assert (got.status, got.value, got.reason) == ("scored", value, reason)
    assert (got.execution, got.evaluator, got.at, got.rater) == (7, "e1", 12.5, None)


@pytest.mark.parametrize(
    "returned",
    [2.0, -0.1, float("nan"), float("inf"), 2, 10**400, "0.5", [0.5], {}, (0.5,), (0.5, 1), (2.0, "much"), object()],
)
@pytest.mark.parametrize("quick", [True, False])
def test_what_is_no_score_is_unscored_with_the_reason(returned, quick, judged):
    """A value out of range, no number, or of another type is never turned into a score."""
    got = scored(Calls(lambda: returned, quick=quick), judged("text"))
    assert (got.status, got.value) == ("unscored", None)
    assert "from 0 to 1" in got.reason or "OverflowError" in got.reason


def test_none_is_no_score_at_all(judged):
    """An evaluator that does not apply leaves no record."""
    assert scored(Returns(None), judged("text")) is None


@pytest.mark.parametrize("kind", ["quick", "thread", "async"])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("no such tone"), "ValueError: no such tone"),
        (KeyError(), "KeyError"),
        (Unscored("nothing to judge"), "nothing to judge"),
        (SystemExit(3), "SystemExit: 3"),
        (TimeoutError("of its own"), "TimeoutError: of its own"),
        (asyncio.CancelledError(), "the evaluator cancelled itself"),
        (RecursionError("too deep"), "RecursionError: too deep"),
    ],
)
def test_an_evaluator_that_raises_costs_its_own_score(kind, error, reason, judged):
    """The reason names the type and the message; a sentence of PEEL's own stands for itself."""

    async def fail():
        raise error

    evaluator = Awaits(fail) if kind == "async" else Calls(raised(error), quick=kind == "quick")
    got = scored(evaluator, judged("text"))
    assert (got.status, got.value, got.reason) == ("unscored", None, reason)


def test_stop_iteration_does_not_hang_the_run(judged):
    """Even the exception that a future refuses becomes a reason."""
    assert "StopIteration" in scored(Calls(raised(StopIteration())), judged("text")).reason


def test_an_error_that_cannot_be_shown_is_still_a_reason(judged):
    """A message that raises when it is read takes nothing down with it."""

    class Hostile(Exception):
        def __str__(self):
            raise RuntimeError("no")

    assert scored(Calls(raised(Hostile())), judged("text")).reason == "Hostile: (its message cannot be shown)"


def test_reasons_are_bounded_and_storable(judged):
    """A long reason is cut, and what no store takes is replaced."""
    got = scored(Returns((0.5, "a\x00b\ud800" + "x" * 100_000)), judged("text"))
    assert len(got.reason) == 2_000
    assert got.reason.startswith("a\N{REPLACEMENT CHARACTER}b?x")
    assert len(scored(Calls(raised(ValueError("y" * 100_000))), judged("text")).reason) == 2_000


@pytest.mark.parametrize("details", [{"much": "x" * 200_000}, {"surrogate": "\ud800"}])
def test_details_that_cannot_be_stored_make_it_unscored_and_keep_the_cost(details, judged):
    """What the judge's calls cost is not lost with the details."""
    verdict = Verdict(value=1.0, details=details, usage=Usage(calls=2))
    got = scored(Returns(verdict), judged("text"))
    assert (got.status, got.value, got.details, got.usage.calls) == ("unscored", None, {}, 2)
    assert "details" in got.reason


def test_a_hanging_thread_is_cut_off(judged):
    """A plain evaluator that never returns is abandoned after its time-out."""
    never = threading.Event()
    got = scored(Calls(never.wait, timeout_s=0.02), judged("text"))
    assert (got.status, got.reason) == ("unscored", "the evaluator took longer than 0.02 s")


def test_a_hanging_coroutine_is_cut_off_and_cancelled(judged):
    """An asynchronous evaluator that never returns is cancelled after its time-out."""
    ended = []

    async def hang():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    got = scored(Awaits(hang, timeout_s=0.02), judged("text"))
    assert (got.status, got.reason) == ("unscored", "the evaluator took longer than 0.02 s")
    assert ended == [True]


def test_hanging_threads_leave_room_for_others(judged):
    """However many plain evaluators hang, the next one still runs."""
    never = threading.Event()

    async def many():
        hanging = [score("e1", Calls(never.wait, timeout_s=0.05), judged("x"), execution=n, at=0) for n in range(40)]
        await asyncio.gather(*hanging)
        return await score("e2", Calls(lambda: True), judged("x"), execution=0, at=0)

    assert asyncio.run(many()).value == 1.0


def test_the_cancellation_of_the_run_passes_through(judged):
    """Ctrl-C is no reason for an unscored execution: the task ends as cancelled."""

    async def cancelled():
        began = asyncio.Event()

        async def hang():
            began.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(score("e1", Awaits(hang), judged("text"), execution=0, at=0))
        await began.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


def test_keyboard_interrupt_passes_through(judged):
    """The user's interrupt is not an evaluator's error."""
    with pytest.raises(KeyboardInterrupt):
        scored(Calls(raised(KeyboardInterrupt()), quick=True), judged("text"))


CASE = Case(id="c1", inputs={"email": "Help!"}, expected={"answer": "42"})


def executed(**changes):
    steps = (StepResult(step="question", output="Q"), StepResult(step="email", output="E"))
    fields = {"number": 3, "scenario": "s", "variant": "base", "case": "c1", "repetition": 2, "status": "ok"}
    return Execution(**{**fields, "output": "E", "steps": steps, **changes})


class Sees:
    """An evaluator that keeps its context."""

    quick = True

    def evaluate(self, context):
        self.context = context
        return True


def scores(evaluators, execution):
    made = score_execution(evaluators, execution, case=CASE, inputs={"tone": "formal"}, run="r1", at=1.0)
    return asyncio.run(made)


def test_the_context_holds_the_output_or_that_of_the_step_named_by_on():
    """Without `on` the orchestration's output is judged; shared and case inputs are merged."""
    whole, step = Sees(), Sees()
    scores([CompiledEvaluator("a", None, "x", whole), CompiledEvaluator("b", "question", "x", step)], executed())
    assert (whole.context.output, step.context.output) == ("E", "Q")
    assert step.context.inputs == {"tone": "formal", "email": "Help!"}
    assert (step.context.run, step.context.execution, step.context.repetition) == ("r1", 3, 2)
    assert step.context.names["steps"] == {"question": "Q", "email": "E"}
    assert step.context.names["case"] == {"id": "c1", "tags": []}


def test_an_execution_that_errored_is_not_scored():
    """There is no output to judge, and no evaluator is asked."""
    fault = Fault(type="StepError", message="no")
    evaluator = Sees()
    assert scores([CompiledEvaluator("a", None, "x", evaluator)], executed(status="error", fault=fault)) == []
    assert not hasattr(evaluator, "context")


def test_a_step_that_is_not_there_is_a_reason_and_not_an_output():
    """An evaluator on a step that the stored execution lacks is unscored; the others are not touched."""
    evaluators = [CompiledEvaluator("a", "rerank", "x", Sees()), CompiledEvaluator("b", None, "x", Sees())]
    first, second = scores(evaluators, executed())
    assert (first.status, first.reason) == ("unscored", "the execution has no step 'rerank'; it has question, email")
    assert second.value == 1.0
    with pytest.raises(Unscored):
        context_for(evaluators[0], executed(), case=CASE, inputs={}, run="r1")


def test_evaluators_that_wait_do_so_side_by_side_and_keep_their_order():
    """Two evaluators that wait for each other both finish; the scores come in the order of the definitions."""

    async def run():
        first, second = asyncio.Event(), asyncio.Event()

        async def one():
            first.set()
            await second.wait()
            return 0.1

        async def other():
            second.set()
            await first.wait()
            return 0.2

        evaluators = [
            CompiledEvaluator("one", None, "x", Awaits(one)),
            CompiledEvaluator("none", None, "x", Returns(None)),
            CompiledEvaluator("broken", None, "x", Calls(raised(ValueError("no")))),
            CompiledEvaluator("other", None, "x", Awaits(other)),
        ]
        return await score_execution(evaluators, executed(), case=CASE, inputs={}, run="r1", at=1.0)

    made = asyncio.run(run())
    assert [(each.evaluator, each.value) for each in made] == [("one", 0.1), ("broken", None), ("other", 0.2)]
