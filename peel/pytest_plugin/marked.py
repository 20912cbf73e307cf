"""`@pytest.mark.peel(repetitions=20)`: one test function called many times, and judged by all of its calls.

A call gives a score: what the function returns (a bool, a number in [0, 1], a pair with a reason), or what `evaluate`
makes of the output that it returns. A call that returns nothing passed its own assertions: 1; a failed assertion: 0.
With `evaluators`, written as in a scenario, a call gives one score of each, and the test holds what each of them holds.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from peel.errors import StepError, Unscored
from peel.evaluators.scoring import verdict_of
from peel.orchestrations.outputs import as_json
from peel.plugins import nearest
from peel.pytest_plugin.deciding import Decision, Scores
from peel.pytest_plugin.fixture import ExecutionsErrored, Peel
from peel.pytest_plugin.loop import Loop
from peel.pytest_plugin.options import Options
from peel.records import Json, Score, Verdict
from peel.reports.text import one_line
from peel.reports.wording import interval, number
from peel.statistics.cases import group

REPETITIONS = 10
"""How often a test is called whose mark does not say."""

RIGHT_FROM = 0.5
"""From which score a call counts as right, where nothing is required of the mean."""

AT_ONCE = 16
"""How many calls of an `async` test are under way at once."""

OWN = ""
"""Stands for the test itself where others are named by their evaluator."""

_KEYS = ("repetitions", "at_least", "evaluate", "evaluators")

_WORST_FIRST = ("failed", "undecided", "flaky", "passed")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The mark's arguments."""

    repetitions: int
    at_least: float | None = None
    evaluate: Callable[[Any], Any] | None = None
    evaluators: Sequence[Mapping[str, Any]] = ()


@dataclass(slots=True)
class _Calls:
    """What the calls gave so far: values by what gave them (the test itself, or an evaluator), or the outputs that are
    still to be scored."""

    values: dict[str, list[float]] = field(default_factory=dict)
    outputs: list[Any] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    errors: list[Exception] = field(default_factory=list)

    def take(self, giver: str, value: float, reason: str = "") -> None:
        """One call's value; the reason is kept where the value is less than all."""
        self.values.setdefault(giver, []).append(value)
        if reason and value < 1:
            self.reasons[one_line(reason)] += 1


def is_to_be_repeated(item: pytest.Function) -> bool:
    """Whether a test function has the mark."""
    return item.get_closest_marker("peel") is not None


def call_repeatedly(item: pytest.Function, options: Options, loop: Loop, *, peel: Callable[[], Peel]) -> None:
    """Call the test, and fail it as the calls together say. Raises ExecutionsErrored where one raised.

    `peel` gives the fixture, which scores outputs by evaluators.
    """
    __tracebackhide__ = True
    asked = _asked(item, options)
    arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}  # as pytest itself calls a test
    calls = _Calls()
    if inspect.iscoroutinefunction(item.obj):
        loop.wait_for(_call_side_by_side(item.obj, arguments, asked, calls))
    else:
        for _ in range(asked.repetitions):
            _call(item.obj, arguments, asked, calls)
    if asked.evaluators and calls.outputs:
        _score(item, asked, calls, peel=peel())
    if calls.errors:
        message = f"{len(calls.errors)} of {asked.repetitions} calls raised; the first is above"
        raise ExecutionsErrored(message) from calls.errors[0]
    _judge(item, asked, calls, options)


def _asked(item: pytest.Function, options: Options) -> _Asked:
    __tracebackhide__ = True
    mark = item.get_closest_marker("peel")
    given: Mapping[str, Any] = mark.kwargs if mark else {}
    wrong = _wrong(given, mark.args if mark else ())
    if wrong:
        raise pytest.UsageError(f"{item.nodeid}: the mark peel {wrong}")
    asked = _Asked(**{"repetitions": REPETITIONS, **given})
    return replace(asked, repetitions=options.repetitions or asked.repetitions)


def _wrong(given: Mapping[str, Any], unnamed: Sequence[Any]) -> str | None:
    """What is wrong with a mark's arguments, as the end of a sentence."""
    unknown = next((key for key in given if key not in _KEYS), None)
    if unknown is not None:
        return f"has no argument {unknown!r}; {nearest(unknown, _KEYS)}"
    if unnamed:
        return "takes its arguments by name, such as repetitions=20"
    if given.get("evaluate") is not None and given.get("evaluators"):
        return "takes 'evaluate' or 'evaluators', not both"
    evaluators = given.get("evaluators", ())
    if not isinstance(evaluators, list | tuple) or not all(isinstance(one, Mapping) for one in evaluators):
        return "takes 'evaluators' as a list of mappings, such as [{'use': 'regex', 'all': ['reset button']}]"
    return None


async def _call_side_by_side(
    function: Callable[..., Any], arguments: Mapping[str, Any], asked: _Asked, calls: _Calls
) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with room:
            try:
                returned = await function(**arguments)
            except BaseException as error:
                _take_error(error, calls)
            else:
                _take(returned, asked, calls)

    async with asyncio.TaskGroup() as group_of_calls:
        for _ in range(asked.repetitions):
            group_of_calls.create_task(one())


def _call(function: Callable[..., Any], arguments: Mapping[str, Any], asked: _Asked, calls: _Calls) -> None:
    __tracebackhide__ = True
    try:
        returned = function(**arguments)
    except BaseException as error:
        _take_error(error, calls)
    else:
        _take(returned, asked, calls)


def _take_error(error: BaseException, calls: _Calls) -> None:
    """A failed assertion is a wrong call; a skip, an xfail and Ctrl-C end the test; all else is an error."""
    if isinstance(error, AssertionError | pytest.fail.Exception):
        calls.take(OWN, 0.0, str(error) or "an assertion failed")
    elif isinstance(error, Exception) and not isinstance(error, pytest.skip.Exception):
        calls.errors.append(error)
    else:
        raise error


def _take(returned: Any, asked: _Asked, calls: _Calls) -> None:
    if asked.evaluators:
        calls.outputs.append(returned)
        calls.take(OWN, 1.0)
        return
    try:
        verdict = verdict_of(_judged(returned, asked))
    except Unscored as error:
        hint = (
            ""
            if asked.evaluate
            else "; name a function that judges the output, or evaluators: @pytest.mark.peel(evaluate=…)"
        )
        calls.errors.append(ValueError(f"a call gave no score: {error}{hint}"))
    except Exception as error:
        calls.errors.append(error)
    else:
        _take_verdict(OWN, verdict, calls)


def _take_verdict(giver: str, verdict: Verdict | Score, calls: _Calls) -> None:
    if verdict.value is None:
        why = verdict.reason or "it waits for a person's score"
        calls.errors.append(ValueError(f"{giver or 'a call'} gave no score: {why}"))
    else:
        calls.take(giver, verdict.value, f"{giver}: {verdict.reason}" if giver and verdict.reason else verdict.reason)


def _score(item: pytest.Function, asked: _Asked, calls: _Calls, *, peel: Peel) -> None:
    """Score the outputs. Assertions of the test itself are told beside the evaluators only where one failed."""
    if min(calls.values[OWN]) == 1:
        del calls.values[OWN]
    for scores in peel.scores_of(calls.outputs, asked.evaluators, inputs=_parameters(item)):
        for score in scores:
            _take_verdict(score.evaluator, score, calls)
    if not calls.values and not calls.errors:
        calls.errors.append(ValueError("no evaluator gave a score: none asks anything of these outputs"))


def _parameters(item: pytest.Function) -> dict[str, Json]:
    """What the test is parametrized with, as far as templates can be given it."""
    given = item.callspec.params if hasattr(item, "callspec") else {}
    found = {}
    for name, value in given.items():
        with suppress(StepError):
            found[name] = as_json(value, name)
    return found


def _judged(returned: Any, asked: _Asked) -> Any:
    if asked.evaluate is not None:
        return asked.evaluate(returned)
    return True if returned is None else returned


def _judge(item: pytest.Function, asked: _Asked, calls: _Calls, options: Options) -> None:
    held = [_held(item.name, giver, asked, values, options) for giver, values in calls.values.items()]
    worst = min(held, key=lambda one: _WORST_FIRST.index(one.word))
    item.user_properties += [("peel.outcome", worst.word), ("peel.estimate", "; ".join(one.numbers for one in held))]
    if worst.word == "undecided":
        bool(worst.decision)
    if worst.word == "failed":
        told = [one.numbers if one.decision is None else str(one.decision) for one in held if one.word == "failed"]
        raise pytest.fail.Exception("\n".join([*told, *_reasons(calls)]), pytrace=False)


@dataclass(frozen=True, slots=True)
class _Held:
    """The values of one giver held against what is asked."""

    word: str
    numbers: str
    decision: Decision | None


def _held(test: str, giver: str, asked: _Asked, values: Sequence[float], options: Options) -> _Held:
    scores = Scores(giver or test, group([0] * len(values), values), options.undecided)
    low, high = scores.interval()
    bar = RIGHT_FROM if asked.at_least is None else asked.at_least
    right = sum(value >= bar for value in values)
    name = f"{giver} " if giver else ""
    numbers = f"{name}{number(scores.value)} {interval(low, high)} over {len(values)} calls, {right} reach {bar:g}"
    decision = None if asked.at_least is None else scores.at_least(asked.at_least)
    return _Held(_word(decision, right=right, of=len(values)), numbers, decision)


def _word(decision: Decision | None, *, right: int, of: int) -> str:
    if decision is not None:
        return {"pass": "passed", "fail": "failed", "undecided": "undecided"}[decision.verdict]
    return "failed" if not right else "passed" if right == of else "flaky"


def _reasons(calls: _Calls) -> Iterator[str]:
    yield from (f"  {count} times: {reason}" for reason, count in calls.reasons.most_common(5))
