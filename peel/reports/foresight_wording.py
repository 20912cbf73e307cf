"""What a planned run will take, in one line for before it starts."""

from __future__ import annotations

from peel.estimates.foresight import Expected
from peel.reports.text import one_line
from peel.reports.wording import money, seconds

MOST_NAMES = 3


def what_a_run_will_take(expected: Expected) -> str:
    """Such as `about 54 calls of models and 18 of judges; about $0.05, by the run X: 1.3 s an execution`."""
    latency = f", {seconds(expected.latency_s)} an execution" if expected.latency_s is not None else ""
    by = f" (by the run {_some(expected.by)}{latency})" if expected.by and not expected.first else ""
    return f"{_calls(expected)}; {_cost(expected)}{by}"


def _calls(expected: Expected) -> str:
    judges = f" and {expected.judge_calls:,} of judges" if expected.judge_calls else ""
    if not expected.calls and not judges:
        return "no calls of models"
    return f"about {expected.calls:,} calls of models{judges}"


def _cost(expected: Expected) -> str:
    if expected.cost_usd is None:
        first = f" before the first run of {_some(expected.first)}" if expected.first else ": a price is unknown"
        return f"cost unknown{first}"
    return "it costs nothing" if expected.cost_usd == 0 else f"it will cost about {money(expected.cost_usd)}"


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(map(one_line, names[:MOST_NAMES])) + more
