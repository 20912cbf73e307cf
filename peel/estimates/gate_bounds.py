"""What gates are decided by: the value of what they require with its one-sided bounds at any level of confidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from peel.estimates.values import LEVEL, cases_of
from peel.records import GateDefinition, Scope
from peel.statistics.arrays import is_constant
from peel.statistics.cases import Cases, below, group, pass_hat_k
from peel.statistics.gates import Bounds, Verdict, decide
from peel.statistics.intervals import (
    Interval,
    clopper_pearson,
    gaffke_lower,
    gaffke_upper,
    one_sided,
    pass_hat_these_cases,
    these_cases,
)
from peel.statistics.unbounded import (
    mean_cases_like_these,
    mean_these_cases,
    quantile,
    quantile_bounds_cases_like_these,
    quantile_interval,
)
from peel.store.reading import Columns

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Inference:
    """A number held against a bar: `bounds` gives its one-sided bounds at a level, `n` is what more of would narrow."""

    value: float
    bounds: Callable[[float], Bounds]
    n: int
    at_least: float | None = None
    at_most: float | None = None
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """One gate held against its executions, before the other gates of the run are looked at.

    `low` and `high` are bounds at 95 %, `verdict` rests on them. `inference` is what can fail by chance: None where
    nothing can (nothing is known, a price is fixed, each case is counted). `short` are the cases short of a rule.
    `level` is the confidence that a failure needs; beside other gates it is higher.
    """

    value: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    inference: Inference | None = None
    note: str = ""
    to_decide: str = ""
    short: tuple[str, ...] = ()
    level: float = LEVEL

    @classmethod
    def unknown(cls, note: str, *, value: float | None = None) -> Held:
        """Nothing to decide on, and why."""
        return cls(value, None, None, "undecided", note=note)

    def noting(self, note: str) -> Held:
        """The same with one more thing to be said."""
        return replace(self, note="; ".join(filter(None, [self.note, note])))


def hold_evaluator(gate: GateDefinition, columns: Columns) -> Held:
    """A gate on the scores of an evaluator: their mean, the share below a threshold, or pass^k."""
    values = columns.scores[gate.subject].value
    known = ~np.isnan(values)
    if not known.any():
        return Held.unknown("nothing is scored yet")
    if gate.statistic == "pass-hat":
        return _pass_hat(gate, columns.case[known], values[known])
    if gate.statistic == "share-below":
        return _share(gate, group(columns.case[known], below(values[known], gate.threshold or 0.0)))
    return _share(gate, group(columns.case[known], values[known]))


def hold_measure(gate: GateDefinition, columns: Columns) -> Held:
    """A gate on the executions themselves: what they cost, how long they took, how many errored."""
    if not columns.ok.size:
        return Held.unknown("no execution completed" if gate.subject == "latency_s" else "nothing was executed")
    if gate.subject == "error_rate":
        return _share(gate, cases_of(columns, (~columns.ok).astype(np.float64)))
    if gate.subject == "cost_usd":
        return _cost(gate, columns)
    if not columns.ok.any():
        return Held.unknown("no execution completed")
    if gate.statistic != "mean":
        return _quantile(gate, columns.case[columns.ok], columns.latency_s[columns.ok])
    return _amount(gate, cases_of(columns, np.where(columns.ok, columns.latency_s, np.nan)))


def _held(gate: GateDefinition, value: float, bounds: Callable[[float], Bounds], *, n: int) -> Held:
    inference = Inference(value, bounds, n, gate.at_least, gate.at_most, gate.tolerance)
    low, high = bounds(LEVEL)
    return Held(value, low, high, _verdict(gate, (low, high)), inference)


def _verdict(gate: GateDefinition, bounds: Bounds) -> Verdict:
    return decide(*bounds, at_least=gate.at_least, at_most=gate.at_most, tolerance=gate.tolerance)


def _counted(scope: Scope, cases: Cases) -> int:
    return cases.executions if scope == "these-cases" else cases.size


def _share(gate: GateDefinition, cases: Cases) -> Held:
    """A mean in [0, 1]: Wilson's bounds with effective n for these cases, Gaffke's for cases like these."""

    def bounds(level: float) -> Bounds:
        if gate.scope == "these-cases":
            interval = these_cases(cases, one_sided(level))
            return interval.low, interval.high
        return gaffke_lower(cases.means, level), gaffke_upper(cases.means, level)

    return _held(gate, cases.mean or 0.0, bounds, n=_counted(gate.scope, cases))


def _pass_hat(gate: GateDefinition, case: NDArray[np.int64], values: Floats) -> Held:
    """pass^k: Wilson's bounds with n/k for these cases, Gaffke's on the cases' values for cases like these."""
    k = gate.k or 1
    cases = group(case, (values >= (gate.threshold or 0.0)).astype(np.float64))
    enough = cases.counts >= k
    few = f"{int((~enough).sum())} of {cases.size} cases have fewer than {k} scored executions"
    executions = cases.counts[enough]
    found = pass_hat_k(executions, np.rint(cases.means[enough] * executions).astype(np.int64), k=k)
    if found is None:
        return Held.unknown(f"no case has {k} scored executions")
    shares = found

    def bounds(level: float) -> Bounds:
        if gate.scope == "these-cases":
            interval = pass_hat_these_cases(executions, shares, k=k, level=one_sided(level))
            return interval.low, interval.high
        return gaffke_lower(shares, level), gaffke_upper(shares, level)

    n = int(executions.sum()) if gate.scope == "these-cases" else int(executions.size)
    held = _held(gate, float(shares.mean()), bounds, n=n)
    return held if enough.all() else held.noting(f"{few} and are left out")


def _cost(gate: GateDefinition, columns: Columns) -> Held:
    values = columns.cost_usd
    unknown = int(np.isnan(values).sum())
    if unknown:
        return Held.unknown(f"the cost of {unknown} of {values.size} executions is unknown")
    if _is_fixed(values):
        price = float(values[0])
        note = f"all {values.size} executions cost the same: a fixed price" if price else "nothing used has a price"
        return Held(price, price, price, _verdict(gate, (price, price)), note=note)
    return _amount(gate, cases_of(columns, values))


def _is_fixed(values: Floats) -> bool:
    """Whether the executions show a fixed price. A single one does not, save where it cost nothing: it used nothing
    that has a price."""
    return bool(values.size and is_constant(values) and (values.size > 1 or values[0] == 0))


def _amount(gate: GateDefinition, cases: Cases) -> Held:
    """A mean without an upper limit: bounds by Student's t.

    Without a spread within cases (no repetitions, or all of a case alike) the cases' means stand in for it, which is
    conservative for these cases.
    """
    interval = _by_t(gate.scope, cases, LEVEL)
    if interval.low is None:
        return Held.unknown(_why_unknown(cases, gate.scope), value=cases.mean)

    def bounds(level: float) -> Bounds:
        at = _by_t(gate.scope, cases, level)
        return at.low, at.high

    return _held(gate, cases.mean or 0.0, bounds, n=_counted(gate.scope, cases))


def _by_t(scope: Scope, cases: Cases, level: float) -> Interval:
    within = mean_these_cases(cases, one_sided(level)) if scope == "these-cases" else None
    return within if within and within.low is not None else mean_cases_like_these(cases.means, one_sided(level))


def _why_unknown(cases: Cases, scope: Scope) -> str:
    if cases.size > 1 or (scope == "these-cases" and cases.executions > 1):
        return "all are equal, which does not show how much others would differ"
    return "one case says nothing about new cases" if scope == "cases-like-these" else "one execution shows no spread"


def _quantile(gate: GateDefinition, case: NDArray[np.int64], values: Floats) -> Held:
    """A quantile of the executions: bounds that rest on order alone, whatever the distribution.

    The inference is on the share of executions beyond the bar, which says the same: the p95 is at most 8 s where at
    most one execution in twenty takes longer.
    """
    probability = {"p50": 0.5, "p95": 0.95}[gate.statistic]
    if gate.scope == "these-cases":
        interval = quantile_interval(values, probability, level=one_sided(LEVEL))
        low, high, note = interval.low, interval.high, interval.note.removesuffix(".")
    else:
        low, high = quantile_bounds_cases_like_these(case, values, probability, level=LEVEL)
        few = f"{np.unique(case).size} cases are too few for an upper bound of this quantile"
        note = few if high is None else ""
    inference = _beyond(gate, case, values, probability=probability)
    return Held(quantile(values, probability), low, high, _verdict(gate, (low, high)), inference, note)


def _beyond(gate: GateDefinition, case: NDArray[np.int64], values: Floats, *, probability: float) -> Inference:
    if gate.at_most is not None:
        beyond, most = values > gate.at_most, 1 - probability
    else:
        beyond, most = values < (gate.at_least or 0.0), probability
    cases = group(case, beyond.astype(np.float64))

    def bounds(level: float) -> Bounds:
        if gate.scope == "these-cases":
            interval = clopper_pearson(int(beyond.sum()), beyond.size, level=one_sided(level))
            return interval.low, interval.high
        return gaffke_lower(cases.means, level), gaffke_upper(cases.means, level)

    return Inference(cases.mean or 0.0, bounds, _counted(gate.scope, cases), at_most=most)
