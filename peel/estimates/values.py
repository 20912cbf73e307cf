"""Estimates: one evaluator's scores over cases, with both intervals and every count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from peel.records import Below, Bounds, Estimate, EvaluatorDefinition, LatencyFigures, Usage, UsageFigures
from peel.statistics.cases import Cases, group
from peel.statistics.intervals import Interval, anchored_bootstrap, these_cases
from peel.store.reading import PENDING, SCORED, UNSCORED, Columns, ScoreColumn

LEVEL = 0.95
"""The confidence level of the intervals in reports."""

REASONS_TOLD = 3
"""How many different reasons of unscored executions a note tells, the commonest first."""


def estimate(definition: EvaluatorDefinition, columns: Columns, *, below: float) -> Estimate:
    """The estimate of one evaluator under one scenario variant; `below` is the threshold of the share below."""
    column = columns.scores[definition.id]
    scored = column.status == SCORED
    values = column.value[scored]
    cases = group(columns.case[scored], values)
    like_these, again = anchored_bootstrap(cases.means, LEVEL), these_cases(cases, LEVEL)
    return Estimate(
        id=definition.id,
        on=definition.on,
        use=definition.use,
        n_cases=cases.size,
        n_executions=int(columns.ok.sum()),
        n_scored=int(scored.sum()),
        n_unscored=_count(column, UNSCORED),
        n_pending=_count(column, PENDING),
        value=cases.mean,
        low=like_these.low,
        high=like_these.high,
        level=LEVEL,
        method=like_these.method,
        these_cases=Bounds(low=again.low, high=again.high, method=again.method, note=again.note),
        below=_below(values, below),
        note=_note(like_these, column),
    )


def _count(column: ScoreColumn, status: int) -> int:
    return int((column.status == status).sum())


def _below(values: NDArray[np.float64], threshold: float) -> Below:
    count = int((values < threshold).sum())
    return Below(threshold=threshold, count=count, share=count / values.size if values.size else None)


def _note(interval: Interval, column: ScoreColumn) -> str:
    """What is to be said of an estimate: sentences about its interval, then why scores could not be made."""
    told = [f"{count} unscored: {reason}" for reason, count in list(column.reasons.items())[:REASONS_TOLD]]
    return " ".join(filter(None, [interval.note, "; ".join(told)]))


def usage_figures(columns: Columns) -> UsageFigures:
    """What the application used: sums over all executions, None where one is unknown; latency of the ok ones."""
    return UsageFigures(
        tokens_in=_whole(_total(columns.tokens_in)),
        tokens_out=_whole(_total(columns.tokens_out)),
        cost_usd=_total(columns.cost_usd),
        latency_s=_latency(columns.latency_s[columns.ok]),
    )


def judge_figures(usage: Usage) -> UsageFigures | None:
    """What the judges used; None where no judge was asked."""
    if not usage.calls:
        return None
    return UsageFigures(
        tokens_in=usage.tokens_in, tokens_out=usage.tokens_out, cost_usd=usage.cost_usd, latency_s=_latency(np.empty(0))
    )


def _total(values: NDArray[np.float64]) -> float | None:
    return None if np.isnan(values).any() else float(values.sum())


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _latency(values: NDArray[np.float64]) -> LatencyFigures:
    if not values.size:
        return LatencyFigures(mean=None, p50=None, p95=None)
    p50, p95 = np.quantile(values, [0.5, 0.95])
    return LatencyFigures(mean=float(values.mean()), p50=float(p50), p95=float(p95))


def cases_of(columns: Columns, values: NDArray[np.float64]) -> Cases:
    """Known values grouped by case; `values` has one entry an execution, NaN where unknown."""
    known = ~np.isnan(values)
    return group(columns.case[known], values[known])
