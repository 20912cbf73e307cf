"""Gates: a requirement held against one-sided 95 % bounds; `undecided` where the data allow neither verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peel.estimates.values import cases_of
from peel.records import GateDefinition, GateResult, Scope
from peel.statistics.cases import Cases
from peel.statistics.gates import decide, more_to_decide
from peel.statistics.intervals import gaffke_lower, gaffke_upper, one_sided, these_cases
from peel.statistics.unbounded import mean_cases_like_these, mean_these_cases
from peel.store.reading import Columns

LEVEL = 0.95
"""The confidence of each one-sided bound."""


@dataclass(frozen=True, slots=True)
class _Bounded:
    value: float | None
    low: float | None
    high: float | None
    cases: Cases
    note: str = ""


def gate_result(gate: GateDefinition, columns: Columns) -> GateResult:
    """Whether the executions of one scenario variant meet a gate."""
    bounded = _bounded(gate, columns)
    verdict = decide(bounded.low, bounded.high, at_least=gate.at_least, at_most=gate.at_most, tolerance=gate.tolerance)
    return GateResult(
        requirement=gate.requirement,
        subject=gate.subject,
        scope=gate.scope,
        verdict=verdict,
        value=bounded.value,
        low=bounded.low,
        high=bounded.high,
        reason=_reason(gate, bounded) if verdict == "undecided" else "",
    )


def _bounded(gate: GateDefinition, columns: Columns) -> _Bounded:
    if gate.kind == "evaluator":
        return _share(cases_of(columns, columns.scores[gate.subject].value), gate.scope)
    if gate.subject == "error_rate":
        return _share(cases_of(columns, (~columns.ok).astype(np.float64)), gate.scope)
    values = columns.cost_usd if gate.subject == "cost_usd" else np.where(columns.ok, columns.latency_s, np.nan)
    if gate.subject == "cost_usd" and np.isnan(values).any():
        return _Bounded(None, None, None, cases_of(columns, values), "the cost of some executions is unknown")
    return _amount(cases_of(columns, values), values, gate.scope)


def _share(cases: Cases, scope: Scope) -> _Bounded:
    """Bounds of a mean in [0, 1]: Wilson's with effective n for these cases, Gaffke's for cases like these."""
    if scope == "these-cases":
        interval = these_cases(cases, one_sided(LEVEL))
        return _Bounded(cases.mean, interval.low, interval.high, cases, interval.note)
    low, high = gaffke_lower(cases.means, LEVEL), gaffke_upper(cases.means, LEVEL)
    return _Bounded(cases.mean, low, high, cases, "" if cases.size else "nothing is scored yet")


def _amount(cases: Cases, values: NDArray[np.float64], scope: Scope) -> _Bounded:
    """Bounds of a mean without an upper limit, by Student's t; without repetitions all executions count as one group,
    which is conservative for these cases."""
    known = values[~np.isnan(values)]
    if known.size and np.ptp(known) == 0 and (known.size > 1 or known[0] == 0):
        return _Bounded(cases.mean, float(known[0]), float(known[0]), cases, "all executions are equal")
    repeated = cases.executions > cases.size
    if scope == "these-cases" and repeated:
        interval = mean_these_cases(cases, one_sided(LEVEL))
    else:
        interval = mean_cases_like_these(cases.means, one_sided(LEVEL))
    return _Bounded(cases.mean, interval.low, interval.high, cases, interval.note)


def _reason(gate: GateDefinition, bounded: _Bounded) -> str:
    if bounded.value is None or bounded.low is None or bounded.high is None:
        return bounded.note or "there is no value to hold against the gate"
    counted = bounded.cases.executions if gate.scope == "these-cases" else bounded.cases.size
    more = more_to_decide(
        bounded.value,
        (bounded.low, bounded.high),
        n=counted,
        at_least=gate.at_least,
        at_most=gate.at_most,
        tolerance=gate.tolerance,
    )
    if more is None:
        return "the value lies on the bar: no number of executions would decide it; a tolerance would"
    word = "executions" if gate.scope == "these-cases" else "cases"
    return f"about {more} more {word} would decide it"
