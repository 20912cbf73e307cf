"""What a run used: tokens, cost and latency; the means with both intervals, the quantiles with one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from peel.estimates.methods import LEVEL, as_bounds
from peel.estimates.values import cases_of
from peel.records import Figure, LatencyFigures, Usage, UsageFigures
from peel.statistics.cases import Cases
from peel.statistics.intervals import Interval
from peel.statistics.unbounded import mean_cases_like_these, mean_these_cases, quantile_interval
from peel.store.reading import Columns


def usage_figures(columns: Columns) -> UsageFigures:
    """What the application used: sums over all executions, None where one is unknown; latency of the ok ones."""
    return UsageFigures(
        tokens_in=_whole(_total(columns.tokens_in)),
        tokens_out=_whole(_total(columns.tokens_out)),
        cost_usd=_total(columns.cost_usd),
        latency_s=_latency(columns),
        cost_per_execution=_cost(columns),
    )


def judge_figures(usage: Usage) -> UsageFigures | None:
    """What the judges used; None where no judge was asked."""
    if not usage.calls:
        return None
    return UsageFigures(
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cost_usd=usage.cost_usd,
        latency_s=LatencyFigures(mean=None, p50=None, p95=None),
    )


def _total(values: NDArray[np.float64]) -> float | None:
    return None if np.isnan(values).any() else float(values.sum())


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _latency(columns: Columns) -> LatencyFigures:
    values = columns.latency_s[columns.ok]
    figure = _mean(cases_of(columns, np.where(columns.ok, columns.latency_s, np.nan)))
    if not values.size:
        return LatencyFigures(mean=None, p50=None, p95=None, mean_of_cases=figure)
    p50, p95 = np.quantile(values, [0.5, 0.95])
    return LatencyFigures(
        mean=float(values.mean()),
        p50=float(p50),
        p95=float(p95),
        mean_of_cases=figure,
        p50_bounds=as_bounds(quantile_interval(values, 0.5, level=LEVEL)),
        p95_bounds=as_bounds(quantile_interval(values, 0.95, level=LEVEL)),
    )


def _cost(columns: Columns) -> Figure:
    """The mean cost of an execution: undefined where the cost of any is unknown, as their sum is."""
    cases = cases_of(columns, columns.cost_usd)
    unknown = int(np.isnan(columns.cost_usd).sum())
    if unknown:
        return _mean(cases, unknown=f"The cost of {unknown} of {columns.cost_usd.size} executions is unknown.")
    if cases.size and not cases.means.any():
        return _mean(cases).model_copy(update={"note": "Nothing used has a price."})
    return _mean(cases)


def _mean(cases: Cases, *, unknown: str = "") -> Figure:
    new = _undefined(unknown) if unknown else mean_cases_like_these(cases.means, LEVEL)
    these = _undefined(unknown) if unknown else mean_these_cases(cases, LEVEL)
    return Figure(
        value=None if unknown else cases.mean,
        low=new.low,
        high=new.high,
        method=new.method,
        these_cases=as_bounds(these),
        n_cases=cases.size,
        n_executions=cases.executions,
        note=new.note,
    )


def _undefined(note: str) -> Interval:
    return Interval.unknown(LEVEL, "", note=note)
