"""Gates: a requirement held against one-sided 95 % bounds; `undecided` where the data allow neither verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peel.estimates.values import cases_of
from peel.records import GateDefinition, GateResult, Scope
from peel.statistics.arrays import is_constant
from peel.statistics.cases import Cases
from peel.statistics.gates import decide, more_to_decide
from peel.statistics.intervals import Interval, gaffke_lower, gaffke_upper, one_sided, these_cases
from peel.statistics.unbounded import mean_cases_like_these, mean_these_cases
from peel.store.reading import PENDING, UNSCORED, Columns

LEVEL = 0.95
"""The confidence of each one-sided bound."""


@dataclass(frozen=True, slots=True)
class _Bounded:
    """A value with its one-sided bounds, the cases it is made of, and what is to be said of it."""

    value: float | None
    low: float | None
    high: float | None
    cases: Cases
    note: str = ""


def gate_result(gate: GateDefinition, columns: Columns) -> GateResult:
    """Whether the executions of one scenario variant meet a gate.

    `reason` says what would decide an undecided gate, what a verdict rests on where that is not its interval alone,
    and which executions are not in it.
    """
    bounded = _bounded(gate, columns)
    verdict = decide(bounded.low, bounded.high, at_least=gate.at_least, at_most=gate.at_most, tolerance=gate.tolerance)
    reasons = [bounded.note, _to_decide(gate, bounded) if verdict == "undecided" else "", _left_out(gate, columns)]
    return GateResult(
        requirement=gate.requirement,
        subject=gate.subject,
        scope=gate.scope,
        verdict=verdict,
        value=bounded.value,
        low=bounded.low,
        high=bounded.high,
        reason="; ".join(filter(None, reasons)),
    )


def _bounded(gate: GateDefinition, columns: Columns) -> _Bounded:
    if gate.kind == "evaluator":
        cases = cases_of(columns, columns.scores[gate.subject].value)
        return _share(cases, gate.scope, nothing="nothing is scored yet")
    nothing = "nothing was executed"
    if gate.subject == "error_rate":
        return _share(cases_of(columns, (~columns.ok).astype(np.float64)), gate.scope, nothing=nothing)
    if gate.subject == "cost_usd":
        return _cost(columns, gate.scope, nothing=nothing)
    cases = cases_of(columns, np.where(columns.ok, columns.latency_s, np.nan))
    return _amount(cases, gate.scope, nothing="no execution completed")


def _share(cases: Cases, scope: Scope, *, nothing: str) -> _Bounded:
    """Bounds of a mean in [0, 1]: Wilson's with effective n for these cases, Gaffke's for cases like these."""
    if not cases.size:
        return _Bounded(None, None, None, cases, nothing)
    if scope == "these-cases":
        interval = these_cases(cases, one_sided(LEVEL))
        return _Bounded(cases.mean, interval.low, interval.high, cases)
    return _Bounded(cases.mean, gaffke_lower(cases.means, LEVEL), gaffke_upper(cases.means, LEVEL), cases)


def _cost(columns: Columns, scope: Scope, *, nothing: str) -> _Bounded:
    values = columns.cost_usd
    cases = cases_of(columns, values)
    unknown = int(np.isnan(values).sum())
    if unknown:
        note = f"the cost of {unknown} of {values.size} executions is unknown"
        return _Bounded(None, None, None, cases, note)
    if _is_fixed(values):
        price = float(values[0])
        note = f"all {values.size} executions cost the same: a fixed price" if price else "nothing used has a price"
        return _Bounded(price, price, price, cases, note)
    return _amount(cases, scope, nothing=nothing)


def _is_fixed(values: NDArray[np.float64]) -> bool:
    """Whether the executions show a fixed price. A single one does not, save where it cost nothing: it used nothing
    that has a price."""
    return bool(values.size and is_constant(values) and (values.size > 1 or values[0] == 0))


def _amount(cases: Cases, scope: Scope, *, nothing: str) -> _Bounded:
    """Bounds of a mean without an upper limit, by Student's t.

    Without a spread within cases (no repetitions, or all of a case alike) the cases' means stand in for it, which is
    conservative for these cases.
    """
    if not cases.size:
        return _Bounded(None, None, None, cases, nothing)
    within = mean_these_cases(cases, one_sided(LEVEL)) if scope == "these-cases" else None
    interval = within if within and within.low is not None else mean_cases_like_these(cases.means, one_sided(LEVEL))
    return _Bounded(cases.mean, interval.low, interval.high, cases, _why_unknown(interval, cases, scope))


def _why_unknown(interval: Interval, cases: Cases, scope: Scope) -> str:
    if interval.low is not None:
        return ""
    if cases.size > 1 or (scope == "these-cases" and cases.executions > 1):
        return "all are equal, which does not show how much others would differ"
    return "one case says nothing about new cases" if scope == "cases-like-these" else "one execution shows no spread"


def _to_decide(gate: GateDefinition, bounded: _Bounded) -> str:
    if bounded.value is None or bounded.low is None or bounded.high is None:
        return ""
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
    word = "execution" if gate.scope == "these-cases" else "case"
    return f"about {more} more {word}{'s' if more != 1 else ''} would decide it"


def _left_out(gate: GateDefinition, columns: Columns) -> str:
    """The executions that should have a part in the value and have none: a verdict must not hide them."""
    status = columns.scores[gate.subject].status if gate.kind == "evaluator" else np.empty(0, dtype=np.int8)
    counts = {
        "errored": 0 if gate.subject in ("error_rate", "cost_usd") else int((~columns.ok).sum()),
        "unscored": int((status == UNSCORED).sum()),
        "pending": int((status == PENDING).sum()),
    }
    words = [f"{count} {word}" for word, count in counts.items() if count]
    return f"without {' and '.join(words)} of {columns.ok.size} executions" if words else ""
