"""Gates: requirements held against one-sided 95 % bounds; `undecided` where the data allow neither verdict.

Several gates of one run fail together with at most 5 % error: a failure is corrected by Holm's method over all gates of
the run whose verdict rests on a bound. A run passes only where every gate is shown to hold, which needs no correction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from peel.counting import counted
from peel.estimates.gate_bounds import Held, Inference, hold_evaluator, hold_measure
from peel.estimates.gate_cases import hold_each_case, left_out_drafts, tagged
from peel.estimates.pairing import Part, restricted
from peel.estimates.values import LEVEL
from peel.records import Case, GateDefinition, GateResult
from peel.statistics.gates import failure_p, holm, more_to_decide
from peel.store.reading import PENDING, UNSCORED, Columns

ERROR = 1 - LEVEL
"""How often a run whose gates all hold may have one that fails, at most."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the gates of one scenario variant are held against.

    `part` is the scenario variant in its stored run, which a gate against a baseline needs; `repetitions` are planned
    of each of `cases`.
    """

    columns: Columns
    cases: Sequence[Case] = ()
    repetitions: int = 1
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class HeldGate:
    """A gate with what it alone comes to, and what is not in it, in words."""

    gate: GateDefinition
    held: Held
    left_out: str
    draft: bool = False
    """Whether all its cases are drafts: it decides nothing then."""


def hold(gate: GateDefinition, evidence: Evidence) -> HeldGate:
    """One gate held against its executions alone. `gate_results` makes results of all those of a run.

    What its result says as `reason`: what would decide an undecided gate, what a verdict rests on where that is not its
    interval alone, and which executions are not in it.
    """
    if evidence.cases and all(case.draft for case in _asked(gate, evidence)):
        return _of_drafts(gate, evidence)
    if gate.statistic == "each-case":
        held = hold_each_case(gate, evidence.columns, evidence.cases, repetitions=evidence.repetitions)
        return HeldGate(gate, held, left_out_drafts(gate, evidence.cases))
    columns = _deciding(gate, evidence)
    if gate.tag is not None and not columns.ok.size:
        return HeldGate(gate, Held.unknown(f"no case with the tag {gate.tag} was executed"), "")
    left_out = [left_out_drafts(gate, evidence.cases), _left_out(gate, columns)]
    return HeldGate(gate, _held(gate, columns, evidence), "; ".join(filter(None, left_out)))


def _of_drafts(gate: GateDefinition, evidence: Evidence) -> HeldGate:
    if not _asked(gate, evidence):
        return HeldGate(gate, Held.unknown(f"no case with the tag {gate.tag} was executed"), "")
    count = counted(len(_asked(gate, evidence)), "draft case")
    return HeldGate(gate, Held.unknown(f"not deciding: it has only {count}"), "", draft=True)


def _asked(gate: GateDefinition, evidence: Evidence) -> list[Case]:
    """The cases that a gate is about, drafts among them."""
    return [case for case in evidence.cases if gate.tag is None or gate.tag in case.tags]


def _difference(gate: GateDefinition, evidence: Evidence) -> Held:
    if evidence.part is None:
        return Held.unknown("there is no baseline")
    from peel.estimates.gate_baselines import hold_difference  # most runs compare nothing

    return hold_difference(gate, evidence.part)


def _held(gate: GateDefinition, columns: Columns, evidence: Evidence) -> Held:
    if gate.statistic == "difference":
        return _difference(gate, evidence)
    return hold_evaluator(gate, columns) if gate.kind == "evaluator" else hold_measure(gate, columns)


def _deciding(gate: GateDefinition, evidence: Evidence) -> Columns:
    """The executions of the cases that a gate is decided by."""
    if gate.tag is None and not any(case.draft for case in evidence.cases):
        return evidence.columns
    places = tagged(gate, evidence.cases)
    return restricted(evidence.columns, np.isin(evidence.columns.case, places))


def gate_results(gates: Sequence[HeldGate]) -> list[GateResult]:
    """The results of all gates of one run, in the order given, failures corrected for their number.

    Passing needs no correction: the run passes only where every gate passes (an intersection-union test). Failing does,
    since one gate is enough for it: Holm (1979), over the gates whose verdict rests on a bound. The others cannot err.
    """
    family = [one for one in gates if one.held.inference is not None]
    corrected = dict(zip(map(id, family), _corrected([one.held for one in family]), strict=True))
    return [_result(one, corrected.get(id(one), one.held)) for one in gates]


def _corrected(family: Sequence[Held]) -> Iterator[Held]:
    """The same with failures that do not stand beside the other gates made undecided.

    A gate that does not fail alone has no p to be corrected, and counts as 1: it is only one of the family.
    """
    alone = [_failure_p(one.inference) if one.verdict == "fail" and len(family) > 1 else 1.0 for one in family]
    together = holm(alone)
    for held, before, after in zip(family, alone, together, strict=True):
        stands = held.verdict != "fail" or len(family) == 1 or after <= ERROR
        yield held if stands else _undone(held, before, after, family=len(family))


def _failure_p(inference: Inference | None) -> float:
    assert inference is not None  # noqa: S101  # what makes it one of the family
    return failure_p(inference.bounds, at_least=inference.at_least, at_most=inference.at_most)


def _undone(held: Held, before: float, after: float, *, family: int) -> Held:
    why = (
        f"alone it would fail (p = {before:.2g}), but with {family} gates in this run one may fail by chance: "
        f"p = {after:.2g} after Holm's correction, above {ERROR:.2g}"
    )
    return replace(held.noting(why), verdict="undecided", level=1 - ERROR / family)


def _result(one: HeldGate, held: Held) -> GateResult:
    gate = one.gate
    undecided = held.verdict == "undecided" and not one.draft
    to_decide = (held.to_decide or _to_decide(gate, held)) if undecided else ""
    return GateResult(
        requirement=gate.requirement,
        subject=gate.subject,
        scope=gate.scope,
        verdict="draft" if one.draft else held.verdict,
        value=held.value,
        low=held.low,
        high=held.high,
        reason="; ".join(filter(None, [held.note, to_decide, one.left_out])),
        statistic=gate.statistic,
        tag=gate.tag,
        baseline=gate.baseline,
        short=held.short,
    )


def _to_decide(gate: GateDefinition, held: Held) -> str:
    """About how many more would decide an undecided gate, at the level that it is held against."""
    asked = held.inference
    if asked is None:
        return ""
    bounds = asked.bounds(held.level)
    if None in bounds:
        return ""
    more = more_to_decide(
        asked.value, bounds, n=asked.n, at_least=asked.at_least, at_most=asked.at_most, tolerance=asked.tolerance
    )
    if more is None:
        allowance = "a larger 'by'" if gate.statistic == "difference" else "a tolerance"
        return f"the value lies on the bar: no number of executions would decide it; {allowance} would"
    if not more:
        return ""  # the verdict waits for an interval that there is none of, as the note says
    word = "execution" if gate.scope == "these-cases" else "case"
    both = " in both runs" if gate.statistic == "difference" else ""
    return f"about {more} more {word}{'s' if more != 1 else ''}{both} would decide it"


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
