"""Gates against a baseline: not worse than an earlier run on the same cases, by more than a margin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from peel.counting import counted
from peel.errors import StoreError
from peel.estimates.comparing import definition_notes
from peel.estimates.differences import Values
from peel.estimates.gate_bounds import Held, Inference
from peel.estimates.gate_cases import is_asked
from peel.estimates.pairing import Pair, Part, described, paired, unpaired_cases
from peel.estimates.values import LEVEL
from peel.records import EvaluatorDefinition, GateDefinition
from peel.records.manual import BY_PEOPLE
from peel.statistics.comparison import bounds_cases_like_these, bounds_these_cases
from peel.statistics.gates import Bounds, non_inferior
from peel.store.reading import StoredRun


def hold_difference(gate: GateDefinition, part: Part) -> Held:
    """This run less its baseline, paired by case. What cannot be paired is said, the common cases are compared."""
    if gate.baseline is None:
        return Held.unknown(
            f"no finished run of {part.scenario} came before this one, so there is nothing to hold it against"
        )
    try:
        stored: StoredRun = part.stored.other(gate.baseline)
    except StoreError:
        return Held.unknown(f"the run {gate.baseline} is not in the store any more")
    item = stored.run.baseline_of(part.scenario, part.variant)
    if item is None:
        return Held.unknown(f"the run {gate.baseline} has neither {part.scenario}/{part.variant} nor its base")
    base = Part(stored, item)
    why = _not_comparable(gate, base, part)
    if why:
        return Held.unknown(f"against {base.address}: {why}")
    pair = paired(base, part)
    if pair is None:
        cases = unpaired_cases(base, part)
        unpaired = "; ".join((*described(cases), *_drafts_before(gate, cases.drafts, part)))
        return Held.unknown(f"against {base.address}: no case in common ({unpaired})")
    return _held(gate, pair)


def _not_comparable(gate: GateDefinition, base: Part, part: Part) -> str:
    ours, theirs = _definition(gate, base), _definition(gate, part)
    if ours is None:
        return f"it has no evaluator {gate.subject}"
    if theirs is not None and (ours.use == BY_PEOPLE) != (theirs.use == BY_PEOPLE):
        return f"people answer {gate.subject} in one of the runs only"
    return ""


def _definition(gate: GateDefinition, part: Part) -> EvaluatorDefinition | None:
    return next((one for one in part.item.scenario.evaluators if one.id == gate.subject), None)


def _held(gate: GateDefinition, pair: Pair) -> Held:
    base, candidate = _sides(gate, pair)
    shared = np.intersect1d(base.cases.index, candidate.cases.index)
    lost = np.union1d(base.cases.index, candidate.cases.index).size - shared.size
    notes = [f"against {pair.base.address}", *_notes(gate, pair, lost)]
    ours, theirs = base.within(shared).cases, candidate.within(shared).cases
    if not shared.size:
        return Held.unknown("; ".join([*notes, "no case has a score in both runs"]))
    differences, by = theirs.means - ours.means, gate.by or 0.0

    def bounds(level: float) -> Bounds:
        if gate.scope == "these-cases":
            return bounds_these_cases(ours, theirs, level=level)
        return bounds_cases_like_these(differences, level)

    low, high = bounds(LEVEL)
    value = float(differences.mean())
    n = theirs.executions if gate.scope == "these-cases" else theirs.size
    return Held(
        value,
        low,
        high,
        non_inferior(low, high, margin=by),
        # On [0, 1], as for any mean: not worse by M is at least 1/2 with a tolerance of M/2.
        Inference(_onto_unit(value), lambda level: _both_onto_unit(bounds(level)), n, at_least=0.5, tolerance=by / 2),
        note="; ".join(notes),
    )


def _sides(gate: GateDefinition, pair: Pair) -> tuple[Values, Values]:
    cases = {case.id: case for case in pair.candidate.cases}
    wanted = [place for place, name in enumerate(pair.ids) if is_asked(gate, cases[name])]
    sides = (
        Values(columns, columns.scores[gate.subject].value).within(np.asarray(wanted, dtype=np.int64))
        for columns in (pair.base_columns, pair.candidate_columns)
    )
    base, candidate = sides
    return base, candidate


def _notes(gate: GateDefinition, pair: Pair, lost: int) -> Iterator[str]:
    yield from described(pair.cases)
    yield from _drafts_before(gate, pair.cases.drafts, pair.candidate)
    if lost:
        yield f"{lost} cases have a score in one of the runs only and are left out"
    errored = int((~pair.base_columns.ok).sum())
    if errored:
        yield f"{errored} of {pair.base_columns.ok.size} executions of that run errored"
    if pair.base.stored.run.status != "finished":
        yield f"that run is not finished: {pair.base.stored.run.status}"
    if pair.base.stored.run.stopped_early:
        yield "that run stopped early by its own scores, which these bounds do not allow for"
    ours, theirs = _definition(gate, pair.base), _definition(gate, pair.candidate)
    if ours is not None and theirs is not None:
        yield from definition_notes((pair.base.stored.run, pair.candidate.stored.run), ours, theirs)


def _drafts_before(gate: GateDefinition, drafts: Sequence[str], part: Part) -> Iterator[str]:
    """The cases that would decide the gate and were drafts in the earlier run; this run's own are told elsewhere."""
    before = sum(case.id in drafts and is_asked(gate, case) for case in part.cases)
    if before:
        yield f"without {counted(before, 'case')} that {'was a draft' if before == 1 else 'were drafts'} in that run"


def _onto_unit(difference: float) -> float:
    return (difference + 1) / 2


def _both_onto_unit(bounds: Bounds) -> Bounds:
    low, high = bounds
    return None if low is None else _onto_unit(low), None if high is None else _onto_unit(high)
