"""The HTML report's usage: tokens, cost and latency, with the intervals of what a single execution costs and takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from peel.counting import counted
from peel.records import Bounds, Figure, RunSummary, ScenarioSummary
from peel.reports.charts import Drawn, amount_chart
from peel.reports.html_figures import wide_table
from peel.reports.html_verdicts import shown
from peel.reports.wording import cost, name_of, seconds, usage_cells

MOST_ROWS = 400
"""How many scenario variants are told of; the JSON report has them all."""

Ends: TypeAlias = tuple[float | None, float | None]
"""The ends of an interval; one that is None is open, both: there is none."""

_UNDEFINED = Bounds(low=None, high=None, method="")


@dataclass(frozen=True, slots=True)
class _Amount:
    """One amount of one execution: its value with both intervals, its unit in words, and what it is made of."""

    name: str
    value: float | None
    these: Bounds
    like: Ends
    told: Callable[[float | None], str]
    made: str
    note: str = ""

    @property
    def top(self) -> float:
        ends = (self.value, self.these.low, self.these.high, *self.like)
        return max((end for end in ends if end is not None), default=0.0)


def usage(summary: RunSummary) -> str:
    """What the application and the judges used in all, then what one execution costs and takes."""
    headings = (
        "", "tokens in:", "tokens out:", "cost:", "latency p50:", "latency p95:", "judge tokens:", "judge cost:"
    )  # fmt: skip
    rows = (
        (shown(name_of(scenario)), *(escape(cell) for cell in usage_cells(scenario)))
        for scenario in summary.scenarios[:MOST_ROWS]
    )
    return wide_table(headings, rows) + _one_execution(summary)


def _one_execution(summary: RunSummary) -> str:
    every = [one for scenario in summary.scenarios[:MOST_ROWS] for one in _amounts(scenario, _about(scenario, summary))]
    if not every:
        return ""
    # One axis for all seconds, one for all dollars: rows can be compared by eye.
    tops: dict[Callable[[float | None], str], float] = {
        told: max((one.top for one in every if one.told is told), default=0.0) for told in (seconds, _dollars)
    }
    rows = (_row(one, top=tops[one.told]) for one in every)
    headings = ("one execution", "value:", "from 0", "exactly these cases:", "new cases like these:", "made of:")
    return f"<h3>One execution</h3>{wide_table(headings, rows)}"


def _row(one: _Amount, *, top: float) -> tuple[str, ...]:
    these, like = _range(one, one.these.low, one.these.high), _range(one, *one.like)
    title = f"{one.name}: {one.told(one.value)}; exactly these cases {these}; new cases like these {like}"
    drawn = Drawn(one.name, one.value, _to_the_ends((one.these.low, one.these.high), top), _to_the_ends(one.like, top))
    note = f'<div class="note">{shown(one.note, limit=600)}</div>' if one.note else ""
    return (
        shown(one.name) + note, escape(one.told(one.value)), amount_chart(title, drawn, top=top), escape(these),
        escape(like), escape(one.made),
    )  # fmt: skip


def _to_the_ends(bounds: Ends, top: float) -> Ends:
    """What is drawn of an interval that is open at one side: up to the axis' end there."""
    low, high = bounds
    if low is None and high is None:
        return bounds
    return (0.0 if low is None else low, top if high is None else high)


def _range(one: _Amount, low: float | None, high: float | None) -> str:
    return "–" if low is None and high is None else f"[{one.told(low)}, {one.told(high)}]"


def _dollars(value: float | None) -> str:
    return "–" if value is None else cost(value)


def _about(scenario: ScenarioSummary, summary: RunSummary) -> str:
    """What a row's name begins with where a run has several scenario variants."""
    return f"{name_of(scenario)}: " if len(summary.scenarios) > 1 else ""


def _amounts(scenario: ScenarioSummary, about: str) -> Iterator[_Amount]:
    latency = scenario.usage.latency_s
    if latency.mean_of_cases is not None:
        yield _of_figure(f"{about}latency, mean of the cases", latency.mean_of_cases, seconds)
    completed = counted(scenario.completed, "execution")
    for word, value, bounds in (("p50", latency.p50, latency.p50_bounds), ("p95", latency.p95, latency.p95_bounds)):
        if bounds is not None:
            yield _Amount(f"{about}latency {word}", value, bounds, (None, None), seconds, completed, bounds.note)
    if scenario.usage.cost_per_execution is not None:
        yield _of_figure(f"{about}cost, mean of the cases", scenario.usage.cost_per_execution, _dollars)


def _of_figure(name: str, figure: Figure, told: Callable[[float | None], str]) -> _Amount:
    made = f"{counted(figure.n_executions, 'execution')}, {counted(figure.n_cases, 'case')}"
    these = figure.these_cases or _UNDEFINED
    return _Amount(name, figure.value, these, (figure.low, figure.high), told, made, figure.note)
