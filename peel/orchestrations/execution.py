"""The execution of one case: its steps in sequence, each becoming a StepResult the moment it ends, well or badly."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peel.errors import ModelError, PeelError, StepError
from peel.models.queueing import Queued, counting_queued
from peel.orchestrations.outputs import as_json
from peel.orchestrations.step import Step, StepCall, StepOutcome
from peel.records import Fault, Json, StepResult
from peel.threads import in_thread

TIMEOUT_S = 300.0
"""Seconds one run of a step may take where its kind sets no `timeout_s` of its own."""

LONGEST_MESSAGE = 1_000
"""The longest message of a fault, in characters."""


@dataclass(frozen=True, slots=True)
class CompiledOrchestration:
    """The steps by id, ready to run; `output` is the id of the step whose output is the application's."""

    steps: tuple[tuple[str, Step], ...]
    output: str

    async def aclose(self) -> None:
        """Give back what the steps hold. Every step is asked, also after one failed; the first error is raised."""
        closers = [step.aclose() for _, step in self.steps if hasattr(step, "aclose")]
        for outcome in await asyncio.gather(*closers, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome


async def execute_steps(
    orchestration: CompiledOrchestration,
    *,
    inputs: Mapping[str, Json],
    case: str,
    repetition: int,
    done: Sequence[StepResult],
    finished: Callable[[StepResult], None],
) -> tuple[StepResult, ...]:
    """Run the steps of one case in order and stop at the first that fails.

    `inputs` are the shared and the case inputs. Of `done`, the stored results, the leading `ok` ones are taken over
    and their steps not run again; from the first missing on every step runs. `finished` is told each new result at
    once, and what it raises is not caught. Cancelling the task cancels the step; nothing is recorded of it.
    """
    names = dict(inputs)
    results: list[StepResult] = []
    stored = {result.step: result for result in done if result.status == "ok"}
    for step_id, step in orchestration.steps:
        result = stored.get(step_id)
        if result is None:
            stored = {}
            result = await _run(step_id, step, StepCall(names=names, case=case, repetition=repetition))
            finished(result)
        results.append(result)
        if result.status == "error":
            break
        names[step_id] = result.output
    return tuple(results)


def fault_of(error: BaseException, step: str | None) -> Fault:
    """What is recorded of an exception: its type, its message within LONGEST_MESSAGE characters, the step.

    An error that is not PEEL's own is told with the line of code that raised it.
    """
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    place = "" if isinstance(error, PeelError) else _place(error)
    return Fault(type=type(error).__name__, message=_message(error, LONGEST_MESSAGE - len(place)) + place, step=step)


def _message(error: BaseException, longest: int) -> str:
    try:
        text = str(error).strip()
    except Exception:
        text = ""
    text = text.encode("utf-8", "backslashreplace").decode() or "no message"
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    file = trace.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f" ({file[-80:]}, line {trace.tb_lineno})"


async def _run(step_id: str, step: Step, call: StepCall) -> StepResult:
    started, clock = time.time(), time.perf_counter()
    with counting_queued() as queued:
        try:
            outcome = await _outcome(step, call)
            latency_s = _latency(clock, queued)
            output = as_json(outcome.output, "the output")
            return _result(step_id, call, outcome, output=output, started=started, latency_s=latency_s)
        except asyncio.CancelledError:
            if _cancelled_from_outside():
                raise
            failure: BaseException = StepError("the step cancelled itself")
        except (Exception, SystemExit) as error:
            failure = error
    return _failed(step_id, call, failure, started=started, latency_s=_latency(clock, queued))


def _latency(clock: float, queued: Queued) -> float:
    """The seconds since `clock` without those in PEEL's own queue. Calls side by side may have waited longer in sum."""
    return max(0.0, time.perf_counter() - clock - queued.seconds)


def _cancelled_from_outside() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def _outcome(step: Step, call: StepCall) -> StepOutcome:
    timeout_s = getattr(step, "timeout_s", TIMEOUT_S)
    returned = await (_called(step, call) if timeout_s is None else _called_within(timeout_s, step, call))
    return returned if isinstance(returned, StepOutcome) else StepOutcome(returned)


async def _called(step: Step, call: StepCall) -> Any:
    if inspect.iscoroutinefunction(step.run):
        return await step.run(call)
    returned = await in_thread(lambda: step.run(call))
    return await returned if inspect.isawaitable(returned) else returned


async def _called_within(timeout_s: float, step: Step, call: StepCall) -> Any:
    try:
        async with asyncio.timeout(timeout_s) as deadline:
            return await _called(step, call)
    except TimeoutError as error:
        if not deadline.expired():
            raise
        raise StepError(f"no output within {timeout_s:g} s, the step's timeout_s") from error


def _result(step_id: str, call: StepCall, outcome: StepOutcome, **more: Any) -> StepResult:
    return StepResult(
        step=step_id,
        request=as_json(call.request, "the request"),
        marks=outcome.marks,
        model=outcome.model,
        usage=outcome.usage,
        attempts=outcome.attempts,
        details=as_json(outcome.details, "what the step tells in details") if outcome.details else {},
        **more,
    )


def _failed(step_id: str, call: StepCall, error: BaseException, **times: float) -> StepResult:
    """The result of a failed step. What a plugin has set may be unfit to store; then the fault alone is kept."""
    fault = fault_of(error, step_id)
    spent = call.so_far or StepOutcome(None, attempts=error.attempts if isinstance(error, ModelError) else ())
    try:
        return _result(step_id, call, spent, status="error", fault=fault, **times)
    except (StepError, ValueError):
        return StepResult(step=step_id, status="error", fault=fault, **times)
