"""Scoring: one evaluator's judgement of one execution becomes a Score, whatever the evaluator does.

This is the only place that calls `evaluate`. A bare value is wrapped, a broken one refused, and an evaluator that
raises or hangs costs its own score and nothing else.
"""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import orjson

from peel.errors import PeelError, Unscored
from peel.evaluators.evaluator import EvaluationContext, Evaluator
from peel.evaluators.wording import shown, storable
from peel.records import Case, EvaluatorDefinition, Execution, Json, Score, Usage, Verdict
from peel.threads import in_thread

TIMEOUT_S = 60.0
"""How long one `evaluate` may take, in seconds, where its kind does not say otherwise."""

LARGEST_DETAILS = 100_000
"""The most bytes of JSON that a verdict's details may come to."""

ALLOWED = "a bool, a number from 0 to 1, a pair (value, reason) or a Verdict"


@dataclass(frozen=True, slots=True)
class CompiledEvaluator:
    """One evaluator of a scenario, ready: its definition's `id`, `on` and `use`, and the evaluator itself."""

    id: str
    on: str | None
    use: str
    evaluator: Evaluator


def context_for(
    definition: EvaluatorDefinition | CompiledEvaluator,
    execution: Execution,
    *,
    case: Case,
    inputs: Mapping[str, Json],
    run: str,
) -> EvaluationContext:
    """What `definition` sees of a completed execution; `inputs` are the shared inputs (case inputs are added).

    Raises Unscored where the execution has no step that `on` names.
    """
    steps = {step.step: step.output for step in execution.steps}
    if definition.on is not None and definition.on not in steps:
        raise Unscored(f"the execution has no step {definition.on!r}; it has {', '.join(steps) or 'none'}")
    return EvaluationContext(
        output=execution.output if definition.on is None else steps[definition.on],
        inputs={**inputs, **case.inputs},
        expected=case.expected,
        steps=steps,
        case=case,
        run=run,
        execution=execution.number,
        repetition=execution.repetition,
    )


async def score_execution(
    evaluators: Sequence[CompiledEvaluator],
    execution: Execution,
    *,
    case: Case,
    inputs: Mapping[str, Json],
    run: str,
    at: float,
) -> list[Score]:
    """All scores of one execution, in the evaluators' order; the evaluators that wait do so side by side.

    An execution that errored has no output to judge: it gets no scores, and reports count it as errored.
    """
    if execution.status != "ok":
        return []

    async def one(compiled: CompiledEvaluator) -> Score | None:
        try:
            context = context_for(compiled, execution, case=case, inputs=inputs, run=run)
        except Unscored as error:
            return _score(_unscored(str(error)), execution=execution.number, evaluator=compiled.id, at=at)
        return await score(compiled.id, compiled.evaluator, context, execution=execution.number, at=at)

    waiting = [compiled for compiled in evaluators if not _is_quick(compiled.evaluator)]
    if len(waiting) < 2:
        made = [await one(compiled) for compiled in evaluators]
    else:
        made = await asyncio.gather(*map(one, evaluators))
    return [each for each in made if each is not None]


async def score(
    evaluator_id: str, evaluator: Evaluator, context: EvaluationContext, *, execution: int, at: float
) -> Score | None:
    """The score of one evaluator; None where it gives none (see Judgement). `at` is seconds since the epoch.

    Raises nothing but the cancellation of the task that awaits it, and KeyboardInterrupt.
    """
    try:
        judgement = await _judged(evaluator, context)
        if judgement is None:
            return None
        verdict = verdict_of(judgement)
    except asyncio.CancelledError:
        if _being_cancelled():
            raise
        verdict = _unscored("the evaluator cancelled itself")
    except (Exception, SystemExit) as error:
        verdict = _unscored(_reason(error))
    return _score(verdict, execution=execution, evaluator=evaluator_id, at=at)


def verdict_of(judgement: object) -> Verdict:
    """A judgement as a verdict. Raises Unscored where it is nothing an evaluator may return."""
    if isinstance(judgement, Verdict):
        return judgement
    if isinstance(judgement, tuple):
        if len(judgement) != 2 or not isinstance(judgement[1], str):
            raise Unscored(f"the evaluator returned {shown(repr(judgement))}; allowed is {ALLOWED}")
        return Verdict(value=_number(judgement[0]), reason=judgement[1])
    return Verdict(value=_number(judgement))


def _number(value: Any) -> float:
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if not isinstance(value, Real):
        raise Unscored(f"the evaluator returned {shown(repr(value))}; allowed is {ALLOWED}")
    number = float(value)
    if not math.isfinite(number) or not 0.0 <= number <= 1.0:
        raise Unscored(f"the evaluator returned {number:g}, which is not from 0 to 1")
    return number


async def _judged(evaluator: Evaluator, context: EvaluationContext) -> object:
    """What the evaluator returns, waited for within its time-out. Raises what it raises."""
    if _is_quick(evaluator):
        judgement: object = evaluator.evaluate(context)
        if isinstance(judgement, Verdict) or not inspect.isawaitable(judgement):
            return judgement
        return await _within(judgement, _timeout(evaluator))
    return await _within(_called(evaluator, context), _timeout(evaluator))


async def _called(evaluator: Evaluator, context: EvaluationContext) -> object:
    if inspect.iscoroutinefunction(evaluator.evaluate):
        return await evaluator.evaluate(context)
    judgement: object = await in_thread(lambda: evaluator.evaluate(context))
    return await judgement if inspect.isawaitable(judgement) else judgement


async def _within(judgement: Awaitable[object], limit: float | None) -> object:
    try:
        async with asyncio.timeout(limit) as deadline:
            return await judgement
    except TimeoutError:
        if deadline.expired():
            raise Unscored(f"the evaluator took longer than {limit:g} s") from None
        raise


def _is_quick(evaluator: Evaluator) -> bool:
    return getattr(evaluator, "quick", False) is True


def _timeout(evaluator: Evaluator) -> float | None:
    limit: float | None = getattr(evaluator, "timeout_s", TIMEOUT_S)
    return limit


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _reason(error: BaseException) -> str:
    """Why there is no score. What PEEL raises on purpose is a sentence already; all else is named by its type."""
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be shown)"
    if isinstance(error, PeelError) and message:
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _unscored(reason: str, usage: Usage | None = None) -> Verdict:
    return Verdict(status="unscored", reason=storable(reason), usage=usage or Usage())


def _score(verdict: Verdict, *, execution: int, evaluator: str, at: float) -> Score:
    if verdict.details and not _fits(verdict.details):
        verdict = _unscored(
            f"the evaluator's details are no JSON that can be stored in {LARGEST_DETAILS} bytes", verdict.usage
        )
    return Score(
        execution=execution,
        evaluator=evaluator,
        status=verdict.status,
        value=verdict.value,
        reason=storable(verdict.reason),
        usage=verdict.usage,
        details=verdict.details,
        at=at,
    )


def _fits(details: Mapping[str, Json]) -> bool:
    try:
        return len(orjson.dumps(details)) <= LARGEST_DETAILS
    except (orjson.JSONEncodeError, RecursionError):
        return False
