"""The rule that ends a run early, fed with complete sweeps: while the run goes on, and again from what is stored.

A run ends after the first complete sweep at which nothing is open any more. What cannot change any more, because its
scenario has no further repetitions, holds nothing up. Fed with one sweep at a time or with all at once the rule gives
the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from peel.estimates.anytime import UNDECIDED, BoundedGate, EachCase, score_interval
from peel.estimates.gate_cases import tagged
from peel.estimates.sweeps import Sweeps, SweepTable
from peel.estimates.until import Until, waits_for, why_not_decided
from peel.records import GateDefinition, Run, ScenarioVariant
from peel.statistics.arrays import Booleans, Floats, Integers

NARROWEST = 5.0
"""An anytime-valid 95 % interval of n scores with standard deviation s is wider than this times s / sqrt(n): even the
best bet alone needs 2 sqrt(2 log 40) = 5.4 of it. So the costly look is spared until it may succeed."""

LOOKS, LOOKS_AT_SCORES = 64, 16
"""A look is one at the evidence, or at every score: from so many sweeps on it is taken when one part of so many has
come in addition. To look less often is as valid, and costs a long run little."""


class Awaited(Protocol):
    """One thing that a run waits for: is told of sweeps, says after which of them it is still open."""

    def still_open(self, sweeps: Sweeps) -> Booleans: ...


class _Decided:
    """Waits for a gate's verdict."""

    def __init__(self, evidence: BoundedGate | EachCase) -> None:
        self._evidence = evidence

    def still_open(self, sweeps: Sweeps) -> Booleans:
        open_: Booleans = self._evidence.add(sweeps) == UNDECIDED
        return open_


class _Narrow:
    """Waits for the interval of an evaluator, for exactly these cases, to be narrower than `width`."""

    def __init__(self, evaluator: str, width: float) -> None:
        self._evaluator, self._width = evaluator, width
        self._values: list[Floats] = []
        self._sweeps = 0
        self._open = True

    def still_open(self, sweeps: Sweeps) -> Booleans:
        begun, self._sweeps = self._sweeps, self._sweeps + len(sweeps)
        self._values.append(sweeps.values[self._evaluator])
        looks = np.flatnonzero(_is_looked_at(begun, self._sweeps, every=LOOKS_AT_SCORES))
        still_open = np.full(len(sweeps), self._open)
        if looks.size:
            self._values = [np.concatenate(self._values)]
        for at in looks:
            self._open = not self._is_narrow(self._values[0][: begun + at + 1])
            still_open[at:] = self._open
        return still_open

    def _is_narrow(self, values: Floats) -> bool:
        known = values[~np.isnan(values)]
        if not known.size or NARROWEST * known.std() / np.sqrt(known.size) >= self._width:
            return False
        width = score_interval(values, "these-cases").width
        return width is not None and width < self._width


def _is_looked_at(begun: int, end: int, *, every: int) -> Booleans:
    """Whether one looks after each of the sweeps `begun` + 1 to `end`: always at first, later whenever as much as one
    part of `every` (a power of two) has come in addition."""
    sweep = np.arange(begun + 1, end + 1)
    bits = np.frexp(sweep)[1]
    looked: Booleans = sweep % (1 << np.maximum(0, bits - every.bit_length())) == 0
    return looked


class EarlyStop:
    """The rule `until` for a run."""

    def __init__(self, run: Run, until: Until) -> None:
        self.sizes = sweep_sizes(run)
        self._last = [item.scenario.repetitions for item in run.scenario_variants]
        self._awaited = [list(_awaited(run, item, until)) for item in run.scenario_variants]
        self._sweeps = 0

    def add(self, sweeps: Sequence[Sweeps]) -> int | None:
        """More complete sweeps, as many of each scenario variant (fewer where that has no more repetitions). The number
        of the first sweep, from 1, after which nothing is open; None where something still is."""
        count = max(map(len, sweeps), default=0)
        is_open = np.zeros(count, dtype=np.bool_)
        for its, last, awaited in zip(sweeps, self._last, self._awaited, strict=True):
            changes = np.arange(self._sweeps + 1, self._sweeps + len(its) + 1) < last
            for one in awaited:
                is_open[: len(its)] |= one.still_open(its) & changes
        is_open |= ~self.looked_at(count)
        begun, self._sweeps = self._sweeps, self._sweeps + count
        return begun + int(np.argmin(is_open)) + 1 if not is_open.all() else None

    def looked_at(self, count: int) -> Booleans:
        """After which of so many more sweeps, shape (count,), the rule is asked: always after the last of the plan."""
        looked = _is_looked_at(self._sweeps, self._sweeps + count, every=LOOKS)
        looked[len(self.sizes) - self._sweeps - 1 :] = True
        return looked


def sweep_sizes(run: Run) -> Integers:
    """The executions of each sweep of the whole plan, shape (sweeps,)."""
    sizes = np.zeros(max((item.scenario.repetitions for item in run.scenario_variants), default=0), dtype=np.int64)
    for item in run.scenario_variants:
        sizes[: item.scenario.repetitions] += len(run.cases[item.scenario.scenario])
    return sizes


def tables_of(run: Run) -> list[SweepTable]:
    """An empty table for each scenario variant."""
    return [
        SweepTable(
            len(run.cases[item.scenario.scenario]),
            repetitions=item.scenario.repetitions,
            evaluators=[one.id for one in item.scenario.evaluators],
        )
        for item in run.scenario_variants
    ]


def missing_executions(tables: Sequence[SweepTable], sizes: Integers) -> Integers:
    """How many executions each sweep still lacks over all tables, shape (sweeps,)."""
    missing = sizes.copy()
    for table in tables:
        missing[: len(table.executed)] -= table.executed
    return missing


def complete_sweeps(missing: Integers) -> int:
    """How many sweeps, from the first on, lack nothing."""
    lacking = np.flatnonzero(missing)
    return int(lacking[0]) if lacking.size else len(missing)


def _awaited(run: Run, item: ScenarioVariant, until: Until) -> Iterator[Awaited]:
    scenario = item.scenario
    if until.width is not None:
        yield from (_Narrow(name, until.width) for name in waits_for(until, scenario))
        return
    cases = run.cases[scenario.scenario]
    for gate in scenario.gates:
        if why_not_decided(gate, scenario, cases) is None:
            yield _Decided(_evidence(gate, tagged(gate, cases), scenario.repetitions))


def _evidence(gate: GateDefinition, cases: Integers, repetitions: int) -> BoundedGate | EachCase:
    if gate.statistic == "each-case":
        return EachCase(gate, cases, repetitions=repetitions)
    return BoundedGate(gate, cases)
