"""The execution of one case: the order of its steps, what is recorded of each, and what a failure leaves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from peel.errors import StepError, TransportError
from peel.orchestrations.execution import LONGEST_MESSAGE, CompiledOrchestration, execute_steps, fault_of
from peel.orchestrations.outputs import LARGEST_OUTPUT
from peel.orchestrations.step import StepCall, StepOutcome
from peel.records import Attempt, Fault, StepResult, Usage


class Does:
    """A step made of an async function."""

    def __init__(self, does: Callable[[StepCall], Any], *, timeout_s: float | None = None) -> None:
        self._does = does
        self.timeout_s = timeout_s
        self.calls = 0
        self.closed = 0

    async def run(self, call: StepCall) -> Any:
        self.calls += 1
        returned = self._does(call)
        return await returned if asyncio.iscoroutine(returned) else returned

    async def aclose(self) -> None:
        self.closed += 1


class DoesPlainly:
    """A step whose `run` is a plain function."""

    def __init__(self, does: Callable[[StepCall], Any]) -> None:
        self._does = does

    def run(self, call: StepCall) -> Any:
        return self._does(call)


def fails(error: BaseException) -> Callable[[StepCall], Any]:
    def fail(call: StepCall) -> Any:
        raise error

    return fail


def run(
    steps: dict[str, Any], *, done: Sequence[StepResult] = (), told: list[StepResult] | None = None, **inputs: Any
) -> tuple[StepResult, ...]:
    orchestration = CompiledOrchestration(tuple(steps.items()), list(steps)[-1])
    finished = (told if told is not None else []).append
    return asyncio.run(
        execute_steps(orchestration, inputs=inputs, case="c1", repetition=2, done=done, finished=finished)
    )


def test_each_step_sees_the_inputs_and_the_outputs_of_the_steps_before_it() -> None:
    """Names are the inputs, then one more name a step."""
    seen: list[dict[str, Any]] = []

    def look(output: str) -> Does:
        return Does(lambda call: seen.append(dict(call.names)) or output)

    run({"question": look("why?"), "answer": look("because")}, email="Hello")
    assert seen == [{"email": "Hello"}, {"email": "Hello", "question": "why?"}]


def test_a_step_is_told_its_case_and_repetition() -> None:
    """A step may vary by repetition, which counts from 1."""
    (result,) = run({"only": Does(lambda call: [call.case, call.repetition])})
    assert result.output == ["c1", 2]


def test_each_result_is_told_the_moment_its_step_ends() -> None:
    """The result of the first step is handed on before the second begins."""
    told: list[StepResult] = []
    run({"first": Does(lambda call: "a"), "second": Does(lambda call: [r.step for r in told])}, told=told)
    assert [(r.step, r.output) for r in told] == [("first", "a"), ("second", ["first"])]


def test_an_outcome_brings_all_that_is_recorded_of_a_step() -> None:
    """Marks, model, usage, attempts and details of an outcome stand in the result."""
    outcome = StepOutcome(
        "text",
        marks=("truncated",),
        model="m-1",
        usage=Usage(calls=1, tokens_in=2, tokens_out=3, cost_usd=None),
        attempts=(Attempt(problem="reset"),),
        details={"finish_reason": "length"},
    )

    def does(call: StepCall) -> StepOutcome:
        call.request = {"asked": "this"}
        return outcome

    (result,) = run({"only": Does(does)})
    assert (result.status, result.output, result.request) == ("ok", "text", {"asked": "this"})
    assert (result.marks, result.model, result.usage) == (("truncated",), "m-1", outcome.usage)
    assert (result.attempts, result.details) == (outcome.attempts, {"finish_reason": "length"})


def test_the_first_failing_step_ends_the_case_with_its_fault() -> None:
    """Steps after a failed one do not run; the fault names type, message and step."""
    after = Does(lambda call: "never")
    results = run({"a": Does(lambda call: 1), "b": Does(fails(StepError("no luck"))), "c": after})
    assert [r.status for r in results] == ["ok", "error"]
    assert results[1].fault == Fault(type="StepError", message="no luck", step="b")
    assert results[1].output is None
    assert after.calls == 0


def test_a_failed_step_keeps_what_it_asked_and_what_it_spent() -> None:
    """Request, usage and details set before the failure are recorded with it."""

    def does(call: StepCall) -> Any:
        call.request = {"asked": 1}
        call.so_far = StepOutcome(None, usage=Usage(calls=1, tokens_in=5), details={"reply": "gibberish"})
        raise StepError("not JSON")

    (result,) = run({"only": Does(does)})
    assert (result.status, result.request, result.details) == ("error", {"asked": 1}, {"reply": "gibberish"})
    assert result.usage.tokens_in == 5


def test_the_attempts_of_a_failed_call_are_recorded() -> None:
    """The attempts an error of transport carries stand in the result."""
    attempts = (Attempt(problem="status 503", status=503, waited_s=0.5), Attempt(problem="status 503", status=503))
    (result,) = run({"only": Does(fails(TransportError("gave up", attempts=attempts)))})
    assert result.attempts == attempts
    assert result.fault is not None
    assert result.fault.type == "TransportError"


def test_stored_results_are_taken_over_and_their_steps_not_run_again() -> None:
    """A case that died in its second step goes on with its second."""
    first, second = Does(lambda call: "fresh"), Does(lambda call: call.names["first"])
    stored = StepResult(step="first", output="stored")
    told: list[StepResult] = []
    results = run({"first": first, "second": second}, done=[stored], told=told)
    assert first.calls == 0
    assert results[0] is stored
    assert results[1].output == "stored"
    assert [r.step for r in told] == ["second"]


def test_a_stored_failure_is_run_again() -> None:
    """Only results that are ok count as done."""
    failed = StepResult(step="only", status="error", fault=Fault(type="X", message="x", step="only"))
    (result,) = run({"only": Does(lambda call: "now")}, done=[failed])
    assert result.output == "now"


def test_a_stored_result_behind_a_missing_one_is_not_used() -> None:
    """What was made from another output than the one there is now is made again."""
    results = run(
        {"first": Does(lambda call: "new"), "second": Does(lambda call: f"from {call.names['first']}")},
        done=[StepResult(step="second", output="from old")],
    )
    assert results[1].output == "from new"


def test_a_plain_step_runs_in_a_thread_of_its_own() -> None:
    """A plain `run` blocks nobody else."""
    (result,) = run({"only": DoesPlainly(lambda call: threading.current_thread() is threading.main_thread())})
    assert result.output is False


def test_a_plain_step_may_return_an_awaitable() -> None:
    """What it returns is awaited on the event loop."""

    async def later() -> str:
        return "later"

    (result,) = run({"only": DoesPlainly(lambda call: later())})
    assert result.output == "later"


@pytest.mark.parametrize("kind", [Does, DoesPlainly])
@pytest.mark.parametrize("error", [ValueError("bad"), SystemExit(3), KeyError("x"), StopIteration("s")])
def test_whatever_a_step_raises_costs_its_own_case_only(kind: Any, error: BaseException) -> None:
    """Every exception, an exit among them, becomes a recorded fault."""
    (result,) = run({"only": kind(fails(error))})
    assert result.status == "error"
    assert result.fault is not None
    assert result.fault.step == "only"


def test_a_step_that_takes_too_long_is_ended_and_says_so() -> None:
    """The step's own time-out becomes a fault that names it."""
    (result,) = run({"only": Does(lambda call: asyncio.Event().wait(), timeout_s=0.01)})
    assert result.fault == Fault(type="StepError", message="no output within 0.01 s, the step's timeout_s", step="only")


def test_a_hanging_plain_step_holds_up_nobody() -> None:
    """A thread that never ends is left behind when its time is over."""
    never = threading.Event()

    class Hangs(DoesPlainly):
        timeout_s = 0.01

    (result,) = run({"only": Hangs(lambda call: never.wait(20))})
    never.set()
    assert result.status == "error"


def test_a_time_out_inside_a_step_is_not_taken_for_the_steps_own() -> None:
    """A TimeoutError that a step raises itself keeps its message."""
    (result,) = run({"only": Does(fails(TimeoutError("the database is slow")), timeout_s=60)})
    assert result.fault is not None
    assert result.fault.type == "TimeoutError"
    assert result.fault.message.startswith("the database is slow")


def test_cancelling_passes_through_and_records_nothing() -> None:
    """An interrupted run stores no half step as failed."""
    told: list[StepResult] = []

    async def interrupted() -> None:
        begun = asyncio.Event()

        async def hang(call: StepCall) -> None:
            begun.set()
            await asyncio.Event().wait()

        orchestration = CompiledOrchestration((("only", Does(hang)),), "only")
        task = asyncio.create_task(
            execute_steps(orchestration, inputs={}, case="c", repetition=1, done=(), finished=told.append)
        )
        await begun.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert told == []


def test_a_step_that_cancels_itself_fails_and_the_run_goes_on() -> None:
    """A CancelledError nobody outside asked for is a fault of the step."""
    (result,) = run({"only": Does(fails(asyncio.CancelledError()))})
    assert result.fault is not None
    assert result.fault.message == "the step cancelled itself"


def test_what_the_listener_raises_is_no_fault_of_the_step() -> None:
    """A full disk ends the run; it is not recorded as a failed step."""

    def full(result: StepResult) -> None:
        raise OSError("disk full")

    orchestration = CompiledOrchestration((("only", Does(lambda call: 1)),), "only")
    with pytest.raises(OSError, match="disk full"):
        asyncio.run(execute_steps(orchestration, inputs={}, case="c", repetition=1, done=(), finished=full))


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (float("nan"), "the output holds the number nan, which JSON does not have"),
        ({"a": [1, float("inf")]}, "the output holds the number inf, which JSON does not have (at a[1])"),
        ({"a": None, "b": float("nan")}, "the output holds the number nan, which JSON does not have (at b)"),
        ({"price": 1j}, "the output holds a value of type complex, which JSON cannot hold (at price)"),
        (object(), "the output holds a value of type object, which JSON cannot hold"),
        ({1: "a"}, "the output has a key of type int, where JSON has only text"),
        ({"n": 2**70}, "the output holds an integer of more than 64 bits (at n)"),
        ("\ud800", "the output is not valid text: half a surrogate pair at character 0"),
        ("x" * (LARGEST_OUTPUT + 1), f"the output is {LARGEST_OUTPUT + 1} bytes long, more than the 4000000 allowed"),
        (["é" * LARGEST_OUTPUT], f"the output is {2 * LARGEST_OUTPUT + 4} bytes long, more than the 4000000 allowed"),
    ],
    ids=["nan", "inf inside", "nan beside null", "complex", "object", "key", "integer", "surrogate", "long", "large"],
)
def test_an_output_that_json_cannot_hold_is_a_fault_that_names_it(output: Any, message: str) -> None:
    """Nothing is turned into null, cut or guessed."""
    (result,) = run({"only": Does(lambda call: output)})
    assert result.fault == Fault(type="StepError", message=message, step="only")


@pytest.mark.parametrize("turns", [1_000, 100_000])
def test_an_output_nested_without_end_is_a_fault(turns: int) -> None:
    """Depth does not crash the process."""
    nested: list[Any] = []
    for _ in range(turns):
        nested = [nested]
    (result,) = run({"only": Does(lambda call: nested)})
    assert result.fault is not None
    assert result.fault.message.startswith("the output has more than 250 levels")


def test_an_output_that_holds_itself_is_a_fault() -> None:
    """A cycle ends, too."""
    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    (result,) = run({"only": Does(lambda call: cycle)})
    assert result.status == "error"


def test_the_next_step_sees_an_output_as_it_would_be_read_from_the_store() -> None:
    """Tuples are lists at once, so that a resumed case computes with the same values."""
    results = run({"a": Does(lambda call: {"pair": (1, 2)}), "b": Does(lambda call: repr(call.names["a"]))})
    assert results[1].output == "{'pair': [1, 2]}"


def test_an_output_is_a_copy_that_its_maker_cannot_change_later() -> None:
    """What a step still holds is no longer what was recorded."""
    kept: list[int] = [1]
    results = run({"a": Does(lambda call: kept), "b": Does(lambda call: kept.append(2) or call.names["a"])})
    assert results[0].output == results[1].output == [1]


@pytest.mark.parametrize("unfit", [float("nan"), object()])
def test_a_request_or_details_unfit_to_store_fail_the_step(unfit: Any) -> None:
    """The fault alone is recorded then."""

    def asks(call: StepCall) -> str:
        call.request = {"value": unfit}
        return "fine"

    for does in (asks, lambda call: StepOutcome("fine", details={"value": unfit})):
        (result,) = run({"only": Does(does)})
        assert result.status == "error"
        assert result.request is None
        assert result.fault is not None
        assert "value" in result.fault.message


def test_an_outcome_with_a_mark_that_does_not_exist_fails_its_step() -> None:
    """A plugin's mistake is a fault, not a crash of the run."""
    (result,) = run({"only": Does(lambda call: StepOutcome("x", marks=("odd",)))})  # type: ignore[arg-type]
    assert result.status == "error"


def test_closing_asks_every_step_and_tells_the_first_error() -> None:
    """One step that fails to close keeps no other open."""

    class FailsToClose(Does):
        async def aclose(self) -> None:
            raise OSError("stuck")

    last = Does(lambda call: 1)
    orchestration = CompiledOrchestration((("a", FailsToClose(last.run)), ("b", DoesPlainly(repr)), ("c", last)), "c")
    with pytest.raises(OSError, match="stuck"):
        asyncio.run(orchestration.aclose())
    assert last.closed == 1


def test_a_huge_message_is_cut_in_the_fault() -> None:
    """A record of a failure stays small."""
    fault = fault_of(StepError("x" * 1_000_000), "s")
    assert len(fault.message) == LONGEST_MESSAGE
    assert fault.message.endswith("...")


def test_an_error_of_foreign_code_is_told_with_its_line() -> None:
    """Whoever wrote the function finds the place."""
    (result,) = run({"only": Does(fails(KeyError("customer")))})
    assert result.fault is not None
    assert result.fault.message.startswith("'customer' (test_execution.py, line ")


def test_an_error_that_cannot_even_be_printed_is_recorded() -> None:
    """An exception whose text raises, or is no valid text, does not crash the record."""

    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert fault_of(Odd(), None) == Fault(type="Odd", message="no message", step=None)
    assert fault_of(StepError("a\ud800"), None).message == "a\\ud800"


def test_a_group_of_one_error_is_told_as_that_error() -> None:
    """A task group inside a step does not hide the cause."""
    assert fault_of(ExceptionGroup("tasks", [StepError("inner")]), "s").message == "inner"
