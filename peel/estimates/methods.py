"""Which method makes an estimate's two intervals: the defaults, and the common alternatives that a scenario names."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from peel.records import Bounds, EstimateMethod
from peel.statistics.cases import Cases
from peel.statistics.intervals import (
    Interval,
    anchored_bootstrap,
    cluster_bootstrap,
    t_on_cases,
    these_cases,
    wilson,
)

LEVEL = 0.95
"""The confidence level of the intervals in reports."""

_POOLED = "Wilson's interval takes all executions as independent: for new cases it is too narrow."


class Both(NamedTuple):
    """The intervals of one value: for new cases like these, and for exactly these cases run again."""

    new: Interval
    these: Interval

    @property
    def bounds(self) -> Bounds:
        """The one for these cases, as a record."""
        return as_bounds(self.these)


def as_bounds(interval: Interval) -> Bounds:
    """An interval as a record."""
    return Bounds(low=interval.low, high=interval.high, method=interval.method, note=interval.note)


def intervals(cases: Cases, method: EstimateMethod) -> Both:
    """Both intervals of the mean of cases whose values lie in [0, 1].

    `method` makes the one for new cases. The one for these cases stays Wilson's with an effective number of
    executions, save for `wilson`, which is one interval whatever the question.
    """
    if method == "wilson":
        return _wilson(cases)
    made = {
        "anchored-bootstrap": anchored_bootstrap,
        "t": t_on_cases,
        "cluster-bootstrap": cluster_bootstrap,
    }[method](cases.means, LEVEL)
    return Both(made.clipped(0.0, 1.0), these_cases(cases, LEVEL))


def _wilson(cases: Cases) -> Both:
    """Wilson's interval around the mean of the cases' means with all executions: repetitions count as new cases."""
    interval = wilson(cases.mean or 0.0, cases.executions, level=LEVEL)
    repeated = cases.executions > cases.size
    return Both(replace(interval, note=_POOLED) if repeated else interval, interval)
