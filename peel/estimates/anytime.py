"""Gates and intervals that hold whenever one looks, after any complete sweep: what `--until` ends a run by.

PASS once the e-value against "the value is on the wrong side of the bar, less the tolerance" is 20 or more, FAIL once
that against "the value is on the right side of the bar" is. Both are asked of all complete sweeps, so a verdict depends
on their scores and not on their order.

An execution that errored, and one without a score, has no value. It counts as the worst for what is to be shown: as 0
where a pass of `at_least` is, as 1 where a failure is. So nothing is assumed of why it is missing, and what is shown
is shown of all executions and not only of those that went well.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from peel.estimates.sweeps import Sweeps
from peel.records import PASSES_AT, GateDefinition, Scope
from peel.statistics.arrays import Booleans, Floats, Integers
from peel.statistics.intervals import Interval
from peel.statistics.sweeps import Bar, OfCaseMeans, anytime_bounds

UNDECIDED, PASS, FAIL = 0, 1, 2
"""The codes of verdicts, sweep by sweep."""

Codes: TypeAlias = NDArray[np.int8]
LowHigh: TypeAlias = tuple[Floats, Floats]
"""The lowest and the highest that each value can be, each of shape (S, m)."""


class BoundedGate:
    """The verdict on a mean of values in [0, 1], after each complete sweep. `cases` are those with the gate's tag."""

    def __init__(self, gate: GateDefinition, cases: Integers) -> None:
        self._gate, self._cases = gate, cases
        self._blocks = _Blocks(gate, cases)
        bar = _required(gate)
        self._above = _bar(bar - gate.tolerance, gate.scope, cases.size)
        self._below = _bar(1 - bar, gate.scope, cases.size)
        self._last: int = UNDECIDED
        self._imperfect = False

    def add(self, sweeps: Sweeps) -> Codes:
        """The verdict after each of S more sweeps, shape (S,)."""
        ends, (low, high) = self._blocks.add(sweeps)
        if self._gate.at_least is None:
            low, high = 1 - high, 1 - low
        passes = self._above.shown(low)
        fails = self._refuted(high) if _required(self._gate) >= 1 else self._below.shown(1 - high)
        return self._spread(ends, np.where(passes, PASS, np.where(fails, FAIL, UNDECIDED)).astype(np.int8))

    def _refuted(self, high: Floats) -> Booleans:
        """One value below 1 refutes a mean of 1, whatever else comes."""
        seen = np.logical_or.accumulate(np.append(self._imperfect, (high < 1).any(axis=1)))
        self._imperfect = bool(seen[-1])
        refuted: Booleans = seen[1:]
        return refuted

    def _spread(self, ends: Booleans, codes: Codes) -> Codes:
        """Between the ends of two blocks the verdict stays."""
        every = np.concatenate([np.array([self._last], dtype=np.int8), codes])[np.cumsum(ends)]
        self._last = int(every[-1]) if every.size else self._last
        return every


class EachCase:
    """The verdict of a gate on each case: exactly that of all repetitions, once these can change it no more."""

    def __init__(self, gate: GateDefinition, cases: Integers, *, repetitions: int) -> None:
        assert gate.rule is not None  # noqa: S101  # what makes it a gate on each case
        self._gate, self._cases = gate, cases
        self._needed = gate.rule.needed(repetitions)
        self._may_fail = repetitions - self._needed
        self._passed = self._failed = np.zeros((1, cases.size), dtype=np.int64)

    def add(self, sweeps: Sweeps) -> Codes:
        """The verdict after each of S more sweeps, shape (S,)."""
        low, high = _passes(self._gate, sweeps, self._cases)
        passed = np.cumsum(np.concatenate([self._passed, low.astype(np.int64)]), axis=0)[1:]
        failed = np.cumsum(np.concatenate([self._failed, (1 - high).astype(np.int64)]), axis=0)[1:]
        self._passed, self._failed = passed[-1:], failed[-1:]
        failing = (failed > self._may_fail).any(axis=1)
        passing = (passed >= self._needed).all(axis=1) & (self._cases.size > 0)
        return np.where(failing, FAIL, np.where(passing, PASS, UNDECIDED)).astype(np.int8)


def gate_interval(gate: GateDefinition, sweeps: Sweeps, cases: Integers) -> tuple[float | None, Interval]:
    """The value of a gate over complete sweeps, and both one-sided bounds: the bars that 20 to 1 has refuted.

    The value is that of the executions that have one: None where none has.
    """
    _, bounds = _Blocks(gate, cases).add(sweeps)
    return _mean(bounds), _interval(bounds, gate.scope, level=0.9)


def score_interval(values: Floats, scope: Scope, *, level: float = 0.95) -> Interval:
    """The anytime-valid interval of one evaluator's mean, given its values, shape (S, m), NaN without a score."""
    return _interval(_known(values), scope, level=level)


def _interval(bounds: LowHigh, scope: Scope, *, level: float) -> Interval:
    low, high = bounds
    if scope == "cases-like-these" and low.size:
        low, high = low.mean(axis=0), high.mean(axis=0)
    return anytime_bounds(low, high, level)


def _mean(bounds: LowHigh) -> float | None:
    low, high = bounds
    known = low == high
    counts = known.sum(axis=0)
    if not counts.any():
        return None
    sums = np.where(known, low, 0.0).sum(axis=0)[counts > 0]
    return float((sums / counts[counts > 0]).mean())


class _Blocks:
    """The values that a gate's mean is of: one for each execution, but of pass^k one for each k repetitions in a row,
    which is 1 where all of them pass: its expectation is the case's chance of just that."""

    def __init__(self, gate: GateDefinition, cases: Integers) -> None:
        self._gate, self._cases = gate, cases
        self._size = gate.k or 1 if gate.statistic == "pass-hat" else 1
        self._begun = (np.empty((0, cases.size)), np.empty((0, cases.size)))

    def add(self, sweeps: Sweeps) -> tuple[Booleans, LowHigh]:
        """Which of S more sweeps end a block, shape (S,), and the values of the blocks that ended."""
        bounds = _values(self._gate, sweeps, self._cases)
        if self._size == 1:
            return np.ones(len(sweeps), dtype=np.bool_), bounds
        begun = len(self._begun[0])
        ends = (np.arange(1, len(sweeps) + 1) + begun) % self._size == 0
        both = [np.concatenate([old, new]) for old, new in zip(self._begun, bounds, strict=True)]
        whole = len(both[0]) - len(both[0]) % self._size
        self._begun = (both[0][whole:], both[1][whole:])
        shape = whole // self._size, self._size, self._cases.size
        low, high = (one[:whole].reshape(shape).min(axis=1) for one in both)
        return ends, (low, high)


def _values(gate: GateDefinition, sweeps: Sweeps, cases: Integers) -> LowHigh:
    if gate.subject == "error_rate" and gate.kind == "measure":
        errored = (~sweeps.ok[:, cases]).astype(np.float64)
        return errored, errored
    if gate.statistic == "pass-hat":
        return _passes(gate, sweeps, cases)
    values = sweeps.values[gate.subject][:, cases]
    if gate.statistic == "share-below":
        values = np.where(np.isnan(values), np.nan, values < (gate.threshold or 0.0))
    return _known(values)


def _passes(gate: GateDefinition, sweeps: Sweeps, cases: Integers) -> LowHigh:
    values = sweeps.values[gate.subject][:, cases]
    passes_at = PASSES_AT if gate.threshold is None else gate.threshold
    return _known(np.where(np.isnan(values), np.nan, values >= passes_at))


def _known(values: Floats) -> LowHigh:
    return np.nan_to_num(values, nan=0.0), np.nan_to_num(values, nan=1.0)


def _required(gate: GateDefinition) -> float:
    """The bar, turned round for `at_most`."""
    return gate.at_least if gate.at_least is not None else 1 - (gate.at_most or 0.0)


def _bar(bar: float, scope: Scope, cases: int) -> Bar:
    return Bar(bar, evidence=OfCaseMeans(bar, cases=cases) if scope == "cases-like-these" else None)
