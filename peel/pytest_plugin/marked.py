"""`@pytest.mark.peel(repetitions=20)`: one test function called many times, and judged by all of its calls.

A call gives a score: what the function returns (a bool, a number in [0, 1], a pair with a reason), or what `evaluate`
makes of the output that it returns. A call that returns nothing passed its own assertions: 1; a failed assertion: 0.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from peel.errors import Unscored
from peel.evaluators.scoring import verdict_of
from peel.plugins import nearest
from peel.pytest_plugin.deciding import Decision, Scores
from peel.pytest_plugin.fixture import ExecutionsErrored
from peel.pytest_plugin.loop import Loop
from peel.pytest_plugin.options import Options
from peel.reports.text import one_line
from peel.reports.wording import interval, number
from peel.statistics.cases import group

REPETITIONS = 10
"""How often a test is called whose mark does not say."""

RIGHT_FROM = 0.5
"""From which score a call counts as right, where nothing is required of the mean."""

AT_ONCE = 16
"""How many calls of an `async` test are under way at once."""

_KEYS = ("repetitions", "at_least", "evaluate")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The mark's arguments."""

    repetitions: int
    at_least: float | None = None
    evaluate: Callable[[Any], Any] | None = None


@dataclass(slots=True)
class _Calls:
    """What the calls gave so far."""

    values: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    errors: list[Exception] = field(default_factory=list)


def is_to_be_repeated(item: pytest.Function) -> bool:
    """Whether a test function has the mark."""
    return item.get_closest_marker("peel") is not None


def call_repeatedly(item: pytest.Function, options: Options, loop: Loop) -> None:
    """Call the test, and fail it as the calls together say. Raises ExecutionsErrored where one raised."""
    asked = _asked(item, options)
    arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}  # as pytest itself calls a test
    calls = _Calls()
    if inspect.iscoroutinefunction(item.obj):
        loop.wait_for(_call_side_by_side(item.obj, arguments, asked, calls))
    else:
        for _ in range(asked.repetitions):
            _call(item.obj, arguments, asked, calls)
    if calls.errors:
        message = f"{len(calls.errors)} of {asked.repetitions} calls raised; the first is above"
        raise ExecutionsErrored(message) from calls.errors[0]
    _judge(item, asked, calls, options)


def _asked(item: pytest.Function, options: Options) -> _Asked:
    mark = item.get_closest_marker("peel")
    given: Mapping[str, Any] = mark.kwargs if mark else {}
    unknown = next((key for key in given if key not in _KEYS), None)
    if unknown is not None:
        raise pytest.UsageError(f"{item.nodeid}: the mark peel has no argument {unknown!r}; {nearest(unknown, _KEYS)}")
    if mark and mark.args:
        raise pytest.UsageError(f"{item.nodeid}: the mark peel takes its arguments by name, such as repetitions=20")
    asked = _Asked(**{"repetitions": REPETITIONS, **given})
    return _Asked(options.repetitions or asked.repetitions, asked.at_least, asked.evaluate)


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
    try:
        returned = function(**arguments)
    except BaseException as error:
        _take_error(error, calls)
    else:
        _take(returned, asked, calls)


def _take_error(error: BaseException, calls: _Calls) -> None:
    """A failed assertion is a wrong call; a skip, an xfail and Ctrl-C end the test; all else is an error."""
    if isinstance(error, AssertionError | pytest.fail.Exception):
        calls.values.append(0.0)
        calls.reasons[one_line(str(error) or "an assertion failed")] += 1
    elif isinstance(error, Exception) and not isinstance(error, pytest.skip.Exception):
        calls.errors.append(error)
    else:
        raise error


def _take(returned: Any, asked: _Asked, calls: _Calls) -> None:
    try:
        verdict = verdict_of(_judged(returned, asked))
    except Unscored as error:
        hint = "" if asked.evaluate else "; name a function that judges the output: @pytest.mark.peel(evaluate=…)"
        calls.errors.append(ValueError(f"a call gave no score: {error}{hint}"))
        return
    except Exception as error:
        calls.errors.append(error)
        return
    if verdict.value is None:
        calls.errors.append(ValueError(f"a call gave no score: {verdict.reason}"))
        return
    calls.values.append(verdict.value)
    if verdict.reason and verdict.value < 1:
        calls.reasons[one_line(verdict.reason)] += 1


def _judged(returned: Any, asked: _Asked) -> Any:
    if asked.evaluate is not None:
        return asked.evaluate(returned)
    return True if returned is None else returned


def _judge(item: pytest.Function, asked: _Asked, calls: _Calls, options: Options) -> None:
    scores = Scores(item.name, group([0] * len(calls.values), calls.values), options.undecided)
    low, high = scores.interval()
    bar = RIGHT_FROM if asked.at_least is None else asked.at_least
    right = sum(value >= bar for value in calls.values)
    numbers = f"{number(scores.value)} {interval(low, high)} over {len(calls.values)} calls, {right} reach {bar:g}"
    decision = None if asked.at_least is None else scores.at_least(asked.at_least)
    word = _word(decision, right=right, of=len(calls.values))
    item.user_properties += [("peel.outcome", word), ("peel.estimate", numbers)]
    if decision is not None and decision.verdict == "undecided":
        bool(decision)
    if word == "failed":
        raise pytest.fail.Exception(_told(str(decision or numbers), calls), pytrace=False)


def _word(decision: Decision | None, *, right: int, of: int) -> str:
    if decision is not None:
        return {"pass": "passed", "fail": "failed", "undecided": "undecided"}[decision.verdict]
    return "failed" if not right else "passed" if right == of else "flaky"


def _told(headline: str, calls: _Calls) -> str:
    return "\n".join([headline, *(f"  {count} times: {reason}" for reason, count in calls.reasons.most_common(5))])
