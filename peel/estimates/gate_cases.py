"""Gates on each case: every case must pass by its own rule, counted and not estimated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from peel.counting import counted
from peel.estimates.gate_bounds import Held
from peel.records import Case, CaseRule, GateDefinition
from peel.statistics.gates import Verdict
from peel.store.reading import MISSING, Columns, ScoreColumn

MOST_NAMED = 5
"""How many cases a reason names."""

Integers = NDArray[np.int64]


def is_asked(gate: GateDefinition, case: Case) -> bool:
    """Whether a case has a part in deciding a gate: it has its tag, and is no draft."""
    return not case.draft and (gate.tag is None or gate.tag in case.tags)


def tagged(gate: GateDefinition, cases: Sequence[Case]) -> Integers:
    """The positions of the cases that a gate is decided by."""
    return np.array([place for place, case in enumerate(cases) if is_asked(gate, case)], np.int64)


def left_out_drafts(gate: GateDefinition, cases: Sequence[Case]) -> str:
    """The drafts that would have a part in deciding a gate, in words; nothing where there are none."""
    drafts = sum(case.draft and (gate.tag is None or gate.tag in case.tags) for case in cases)
    return f"without {counted(drafts, 'draft case')}" if drafts else ""


def case_verdict(rule: CaseRule, *, passed: int, failed: int, repetitions: int) -> Verdict:
    """Whether one case passes: what is missing of its repetitions (errored, unscored, not executed) may be either."""
    needed = rule.needed(repetitions)
    if passed >= needed:
        return "pass"
    return "fail" if failed > repetitions - needed else "undecided"


@dataclass(frozen=True, slots=True)
class _Counts:
    """Each case in executions, shape (m,): those that passed, those that did not, and all that it should have."""

    passed: Integers
    failed: Integers
    repetitions: Integers

    def verdict(self, place: int, rule: CaseRule) -> Verdict:
        return case_verdict(
            rule,
            passed=int(self.passed[place]),
            failed=int(self.failed[place]),
            repetitions=int(self.repetitions[place]),
        )

    def told(self, place: int, case: Case) -> str:
        missing = int(self.repetitions[place] - self.passed[place] - self.failed[place])
        without = f", {missing} without a score" if missing else ""
        return f"{case.id} ({self.passed[place]} of {self.repetitions[place]}{without})"


def hold_each_case(gate: GateDefinition, columns: Columns, cases: Sequence[Case], *, repetitions: int) -> Held:
    """A gate on each of `cases`, of which each is planned `repetitions` times."""
    rule = gate.rule
    assert rule is not None  # noqa: S101  # what makes it a gate on each case
    counts = _counts(columns.scores[gate.subject], columns, gate.threshold or 0.0, planned=(len(cases), repetitions))
    places = [place for place, case in enumerate(cases) if counts.repetitions[place] and is_asked(gate, case)]
    if not places:
        return Held.unknown("no case has a score to count")
    found = {place: counts.verdict(place, rule) for place in places}
    short = [place for place in places if found[place] == "fail"]
    unclear = [place for place in places if found[place] == "undecided"]
    passing = len(places) - len(short) - len(unclear)
    note = f"{passing} of {len(places)} cases pass {rule.written}"
    for word, some in (("short", short), ("not decided", unclear)):
        note += f"; {word}: {_listed(counts, cases, some)}" if some else ""
    return Held(
        None if unclear else passing / len(places),
        passing / len(places),
        (passing + len(unclear)) / len(places),
        "fail" if short else "undecided" if unclear else "pass",
        note=note,
        to_decide="" if short or not unclear else "what has no score would decide it: more repetitions do not",
        short=tuple(cases[place].id for place in short),
    )


def _listed(counts: _Counts, cases: Sequence[Case], places: Sequence[int]) -> str:
    listed = ", ".join(counts.told(place, cases[place]) for place in places[:MOST_NAMED])
    return listed + (f" and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else "")


def _counts(column: ScoreColumn, columns: Columns, threshold: float, *, planned: tuple[int, int]) -> _Counts:
    """What was executed and not asked for (a share is drawn for people) is no repetition that counts."""
    size, repetitions = planned
    known = ~np.isnan(column.value)
    passed = known & (np.nan_to_num(column.value, nan=-1.0) >= threshold)
    unasked = columns.ok & (column.status == MISSING)
    return _Counts(
        _by_case(columns, passed, size),
        _by_case(columns, known & ~passed, size),
        np.full(size, repetitions, dtype=np.int64) - _by_case(columns, unasked, size),
    )


def _by_case(columns: Columns, which: NDArray[np.bool_], size: int) -> Integers:
    return np.bincount(columns.case[which], minlength=size).astype(np.int64)
