"""Differences: two columns of values on the same cases, and what lies between them, in the scope that is asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from peel.errors import DefinitionError
from peel.estimates.values import LEVEL, cases_of
from peel.plugins import nearest
from peel.records import Problem, Scope
from peel.records.comparisons import Difference, MeasureDifference, MeasureName, SideFigures
from peel.statistics import unbounded
from peel.statistics.arrays import is_constant
from peel.statistics.cases import Cases
from peel.statistics.comparison import (
    Comparison,
    compare_cases_like_these,
    compare_these_cases,
    difference_cases_like_these,
    difference_these_cases,
    executions_for_evidence,
    verdict,
    within_case_p,
)
from peel.statistics.intervals import Interval, anchored_bootstrap, mover, one_sided, these_cases
from peel.store.reading import PENDING, UNSCORED, Columns

Floats = NDArray[np.float64]
NO_EVIDENCE = "no evidence either way"


@dataclass(frozen=True, slots=True)
class Question:
    """What a comparison is asked: for which cases, and which difference matters."""

    scope: Scope = "these-cases"
    margin: float = 0.05


def checked_scope(scope: str) -> Scope:
    """A scope by its name. Raises DefinitionError for any other word."""
    for known in get_args(Scope):
        if scope == known:
            return cast(Scope, known)
    message = f"unknown scope {scope!r}; {nearest(scope, get_args(Scope))}"
    raise DefinitionError([Problem(message=message, file="--scope")])


@dataclass(frozen=True, slots=True)
class Values:
    """One side: its executions, and a number in [0, 1] for each (NaN where there is none)."""

    columns: Columns
    value: Floats
    status: NDArray[np.int8] | None = None

    def within(self, cases: NDArray[np.int64]) -> Values:
        """Without the values of other cases."""
        known = np.isin(self.columns.case, cases)
        return Values(self.columns, np.where(known, self.value, np.nan), self.status)

    @property
    def cases(self) -> Cases:
        """The values by case."""
        return cases_of(self.columns, self.value)


@dataclass(frozen=True, slots=True)
class Named:
    """What the values are: an evaluator's id, the step it judges, its kind; or the mean `of` several."""

    id: str
    on: str | None = None
    use: str | None = None
    of: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def difference(named: Named, base: Values, candidate: Values, *, question: Question) -> Difference:
    """Candidate - base over the cases that have a value on both sides."""
    shared = np.intersect1d(base.cases.index, candidate.cases.index)
    lost = np.union1d(base.cases.index, candidate.cases.index).size - shared.size
    base, candidate = base.within(shared), candidate.within(shared)
    notes = [*named.notes, *([f"{lost} cases have a score on one side only and are left out"] if lost else [])]
    sides = {"base": _side(base, question.scope), "candidate": _side(candidate, question.scope)}
    if not shared.size:
        return _unknown(named, sides, question, notes=[*notes, "no case has a score on both sides"])
    found, p, why = _compared(base, candidate, question)
    return Difference(
        id=named.id,
        on=named.on,
        use=named.use,
        of=named.of,
        **sides,
        n_cases=found.cases,
        difference=found.difference,
        low=found.interval.low,
        high=found.interval.high,
        level=LEVEL,
        low90=found.interval90.low,
        high90=found.interval90.high,
        method=found.interval.method,
        scope=question.scope,
        margin=question.margin,
        verdict=found.verdict,
        p=p,
        needed=found.needed,
        note="; ".join([*notes, *filter(None, [found.note.removesuffix("."), why])]),
    )


def _compared(base: Values, candidate: Values, question: Question) -> tuple[Comparison, float | None, str]:
    """The comparison with its p, and why there is none."""
    ours, theirs = base.cases, candidate.cases
    if question.scope == "cases-like-these":
        found = compare_cases_like_these(ours, theirs, margin=question.margin, level=LEVEL)
        return found, found.p, ""
    found = compare_these_cases(ours, theirs, margin=question.margin, level=LEVEL)
    known, known_too = ~np.isnan(base.value), ~np.isnan(candidate.value)
    p = within_case_p(
        base.columns.case[known],
        base.value[known],
        candidate_case=candidate.columns.case[known_too],
        candidate=candidate.value[known_too],
    )
    return found, p, "" if p is not None else "nothing varies within any case, so there is no p"


def _side(side: Values, scope: Scope) -> SideFigures:
    cases = side.cases
    interval = these_cases(cases, LEVEL) if scope == "these-cases" else anchored_bootstrap(cases.means, LEVEL)
    return SideFigures(
        value=cases.mean,
        low=interval.low,
        high=interval.high,
        n_executions=int(side.columns.ok.sum()),
        n_used=cases.executions,
        n_unscored=_count(side, UNSCORED),
        n_pending=_count(side, PENDING),
        k_low=int(cases.counts.min(initial=cases.executions)),
        k_high=int(cases.counts.max(initial=0)),
    )


def _count(side: Values, status: int) -> int:
    return 0 if side.status is None else int((side.status == status).sum())


def _unknown(named: Named, sides: dict[str, SideFigures], question: Question, *, notes: Sequence[str]) -> Difference:
    return Difference(
        id=named.id,
        on=named.on,
        use=named.use,
        of=named.of,
        **sides,
        n_cases=0,
        difference=None,
        low=None,
        high=None,
        level=LEVEL,
        low90=None,
        high90=None,
        method="",
        scope=question.scope,
        margin=question.margin,
        verdict=NO_EVIDENCE,
        note="; ".join(notes),
    )


def combined(parts: Sequence[Difference], *, shared_cases: bool) -> Difference:
    """The mean of the differences of several pairs, each with the same weight.

    Square-and-add (Zou & Donner 2008) for independent pairs. For new cases, pairs that share cases are not independent:
    then the half-widths are averaged, which is right or too wide however the pairs go together.
    """
    first = parts[0]
    together = shared_cases and first.scope == "cases-like-these"
    wide = _mean_interval([(p.difference, p.low, p.high) for p in parts], first.level, together=together)
    narrow = _mean_interval(
        [(p.difference, p.low90, p.high90) for p in parts], one_sided(first.level), together=together
    )
    words = verdict(wide, narrow, margin=first.margin)
    base = _mean_side([part.base for part in parts], together=together)
    candidate = _mean_side([part.candidate for part in parts], together=together)
    executions = base.n_used + candidate.n_used
    return first.model_copy(
        update={
            "of": tuple(dict.fromkeys(name for part in parts for name in part.of)),
            "base": base,
            "candidate": candidate,
            "n_cases": sum(part.n_cases for part in parts),
            "difference": _mean([part.difference for part in parts]),
            "low": wide.low,
            "high": wide.high,
            "low90": narrow.low,
            "high90": narrow.high,
            "method": f"{wide.method} over {len(parts)} pairs",
            "verdict": words,
            "p": None,
            "p_adjusted": None,
            "needed": executions_for_evidence(wide, executions, margin=first.margin) if words == NO_EVIDENCE else None,
            "note": "the pairs share cases, so their half-widths are averaged" if together else "",
        }
    )


def _mean_side(sides: Sequence[SideFigures], *, together: bool) -> SideFigures:
    interval = _mean_interval([(side.value, side.low, side.high) for side in sides], LEVEL, together=together)
    return SideFigures(
        value=_mean([side.value for side in sides]),
        low=interval.low,
        high=interval.high,
        n_executions=sum(side.n_executions for side in sides),
        n_used=sum(side.n_used for side in sides),
        n_unscored=sum(side.n_unscored for side in sides),
        n_pending=sum(side.n_pending for side in sides),
        k_low=min(side.k_low for side in sides),
        k_high=max(side.k_high for side in sides),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if len(known) == len(values) else None


Ends = tuple[float | None, float | None, float | None]


def _mean_interval(parts: Sequence[Ends], level: float, *, together: bool) -> Interval:
    """The interval of the mean of values, from each one's (value, low, high)."""
    if any(end is None for part in parts for end in part):
        return Interval.unknown(level, "", note="the interval of a part is unknown")
    if together:
        return Interval(_mean([low for _, low, _ in parts]), _mean([high for _, _, high in parts]), level, "averaged")
    intervals = [Interval(low, high, level, "") for _, low, high in parts]
    weights = np.full(len(parts), 1 / len(parts))
    return mover([value or 0.0 for value, _, _ in parts], intervals, weights=weights)


def measure_difference(name: MeasureName, base: Columns, candidate: Columns, *, scope: Scope) -> MeasureDifference:
    """How cost, latency or the share of errored executions differ on the same cases."""
    sides = Values(base, _measured(name, base)), Values(candidate, _measured(name, candidate))
    note = _unknown_cost(sides) if name == "cost_usd" else ""
    ours, theirs = _common(*sides)
    empty = not ours.size or bool(note)
    interval = Interval.unknown(LEVEL, "", note=note or "no case has a value on both sides")
    ratio = interval
    if not empty:
        interval = _share_interval(ours, theirs, scope) if name == "error_rate" else _amount(ours, theirs, scope)
        ratio = interval if name == "error_rate" else _ratio(ours, theirs, scope)
    before, after = (None, None) if empty else (ours.mean, theirs.mean)
    has_ratio = name != "error_rate" and before is not None and after is not None and before > 0
    return MeasureDifference(
        measure=name,
        base=before,
        candidate=after,
        difference=after - before if before is not None and after is not None else None,
        low=interval.low,
        high=interval.high,
        level=LEVEL,
        method=interval.method,
        ratio=after / before if has_ratio and before and after is not None else None,
        ratio_low=ratio.low if has_ratio else None,
        ratio_high=ratio.high if has_ratio else None,
        n_cases=ours.size,
        n_base=ours.executions,
        n_candidate=theirs.executions,
        note=_fixed(ours, theirs) or interval.note if name == "cost_usd" and not empty else interval.note,
    )


def _measured(name: MeasureName, columns: Columns) -> Floats:
    if name == "cost_usd":
        return columns.cost_usd
    if name == "latency_s":
        return np.where(columns.ok, columns.latency_s, np.nan)
    return (~columns.ok).astype(np.float64)


def _unknown_cost(sides: Sequence[Values]) -> str:
    unknown = sum(int(np.isnan(side.value).sum()) for side in sides)
    total = sum(side.value.size for side in sides)
    return f"the cost of {unknown} of {total} executions is unknown" if unknown else ""


def _fixed(ours: Cases, theirs: Cases) -> str:
    """What is to be said where nothing used has a price."""
    return "nothing used has a price" if not ours.means.any() and not theirs.means.any() else ""


def _common(base: Values, candidate: Values) -> tuple[Cases, Cases]:
    shared = np.intersect1d(base.cases.index, candidate.cases.index)
    return base.within(shared).cases, candidate.within(shared).cases


def _share_interval(base: Cases, candidate: Cases, scope: Scope) -> Interval:
    if scope == "these-cases":
        return difference_these_cases(base, candidate, level=LEVEL)
    return difference_cases_like_these(candidate.means - base.means, LEVEL)


def _amount(base: Cases, candidate: Cases, scope: Scope) -> Interval:
    if scope == "these-cases":
        return unbounded.difference_these_cases(base, candidate, level=LEVEL)
    if base.size > 1 and is_constant(candidate.means - base.means):
        note = "The difference is the same for all cases, so this method cannot say how sure it is."
        return Interval.unknown(LEVEL, "t on case means", note=note)
    return unbounded.difference_cases_like_these(base.means, candidate.means, level=LEVEL)


def _ratio(base: Cases, candidate: Cases, scope: Scope) -> Interval:
    if scope == "these-cases":
        return unbounded.ratio_these_cases(base, candidate, level=LEVEL)
    return unbounded.ratio_cases_like_these(base.means, candidate.means, level=LEVEL)
