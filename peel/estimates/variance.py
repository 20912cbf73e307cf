"""Where the variance of an evaluator's scores comes from: the case, the execution, the judge; and what would narrow it.

Which judgements are of the same output, by the same judge: the votes of one score, and those that `judge_again` made
beside it. Scores that a later one replaced (`peel rescore`) are not: between the two, the judge, its criteria or the
expected output may have changed, and that is no noise of the judge.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from peel.estimates.values import LEVEL, cases_of
from peel.records import EvaluatorDefinition
from peel.records.findings import Narrowing, VarianceFigures
from peel.statistics.arrays import Integers, is_constant
from peel.statistics.cases import Cases, group
from peel.statistics.intervals import Interval
from peel.statistics.variance import components, icc_interval, judge_components
from peel.store.reading import SCORED, Columns, Judgements

MEASURE_JUDGE = "`judge_again: {{executions: 20, times: 3}}` in {name}, then `peel rescore RUN --evaluator {name}`"
"""How to find out what the judge adds, without executing the application again."""


def asks_judge(definition: EvaluatorDefinition) -> bool:
    """Whether a language model judges, so that the same output may get another score."""
    return definition.use == "semantic" or "judge" in definition.settings


def judges_again(definition: EvaluatorDefinition) -> bool:
    """Whether an evaluator judges executions several times, by its settings: only then its details are read."""
    votes = definition.settings.get("votes")
    return definition.settings.get("judge_again") is not None or (isinstance(votes, int) and votes > 1)


_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class _Parts:
    """Variances of one execution's score; None is unknown. `execution` includes the judge's where that is None."""

    total: float | None
    case: float | None
    execution: float | None
    judge: float | None

    def share(self, part: float | None) -> float | None:
        """A part as a share of the total; None where either is unknown, or nothing varies."""
        if part is None or not self.total:
            return None
        share = min(1.0, part / self.total)
        return share if share > _ROUNDING else 0.0


@dataclass(frozen=True, slots=True)
class _Judged:
    """Judgements grouped by execution: the judge's own variance in one score, and what it is known from."""

    again: int
    judgements: int
    variance: float | None
    arrays: tuple[Integers, Judgements] | None
    per_score: float
    """Mean over the executions of 1 / votes: the part of one judgement's variance that a score keeps."""


_NOT_JUDGED = _Judged(0, 0, None, None, 1.0)


def variance_figures(
    definition: EvaluatorDefinition, columns: Columns, judgements: Judgements | None = None
) -> VarianceFigures:
    """The shares of case, execution and judge in the variance of one evaluator's scores.

    Case and execution by one-way analysis of variance over all scores; with `judgements` of executions judged several
    times, all three by nested analysis of variance (see peel.statistics.variance). Unbalanced data are allowed: a few
    executions judged again tell the judge's part, all others help with the other two.
    """
    column = columns.scores[definition.id]
    cases = cases_of(columns, np.where(column.status == SCORED, column.value, np.nan))
    judged = _NOT_JUDGED if judgements is None else _judged(columns, judgements)
    parts = _parts(cases, judged)
    between = _between(cases)
    return VarianceFigures(
        n_cases=cases.size,
        n_executions=cases.executions,
        n_judged_again=judged.again,
        n_judgements=judged.judgements,
        total=parts.total,
        case=parts.share(parts.case),
        case_low=_end(between.low, parts, min),
        case_high=_end(between.high, parts, max),
        execution=parts.share(parts.execution),
        judge=parts.share(parts.judge),
        narrower=_narrower(cases, parts, votes=asks_judge(definition), most_between=between.high),
        note=_note(cases, parts),
        judge_note=_judge_note(definition, judged, by_people=column.by_people),
    )


def _judged(columns: Columns, judgements: Judgements) -> _Judged:
    """Executions stored since the columns were read are left out."""
    places = np.searchsorted(columns.number, judgements.execution)
    known = places < columns.number.size
    known[known] = columns.number[places[known]] == judgements.execution[known]
    kept = Judgements(judgements.execution[known], judgements.value[known], judgements.counts[known])
    if not kept.execution.size:
        return _NOT_JUDGED
    by_execution = group(kept.execution, kept.value)
    repeated = by_execution.counts > 1
    votes = np.bincount(kept.execution, weights=kept.counts)[by_execution.index]
    return _Judged(
        again=int(repeated.sum()),
        judgements=int(by_execution.counts[repeated].sum()),
        variance=by_execution.within_variance,
        arrays=(columns.case[places[known]], kept),
        per_score=float((1 / votes).mean()),
    )


def _parts(cases: Cases, judged: _Judged) -> _Parts:
    judge = None if judged.variance is None else judged.variance * judged.per_score
    if cases.size < 2:
        return _Parts(None, None, None, judge)
    nested = None
    if judged.arrays is not None and judge is not None:
        case, made = judged.arrays
        nested = judge_components(case, made.execution, scores=made.value)
    if nested is not None and judge is not None:
        return _Parts(nested.case + nested.execution + judge, nested.case, nested.execution, judge)
    flat = components(cases)
    if flat is not None:
        return _Parts(flat.between + flat.within, flat.between, flat.within, None)
    return _Parts(cases.total_variance, None, None, judge)


def _between(cases: Cases) -> Interval:
    """The interval of the share that lies between cases."""
    flat = components(cases)
    return Interval.unknown(LEVEL, "", note="") if flat is None else icc_interval(flat, cases, level=LEVEL)


def _narrower(cases: Cases, parts: _Parts, *, votes: bool, most_between: float | None) -> Narrowing:
    """From Var(mean) = case / m + (execution + judge) / (m k), with 1 / k the mean over the cases."""
    nothing = Narrowing(cases=None, repetitions=None, votes=None)
    if not parts.total or parts.case is None or parts.execution is None:
        return nothing
    each = float((1 / cases.counts).mean())
    repeated = (parts.execution + (parts.judge or 0.0)) * each
    all_of_it = parts.case + repeated
    if all_of_it <= 0:
        return nothing
    judged = None if parts.judge is None or not votes else parts.judge * each
    return Narrowing(
        cases=1 - math.sqrt(0.5),
        repetitions=_halved(repeated / all_of_it),
        votes=None if judged is None else _halved(judged / all_of_it),
        repetitions_surely=None if most_between is None else _halved(_within(most_between, each)),
    )


def _end(end: float | None, parts: _Parts, outer: Callable[[float, float], float]) -> float | None:
    """An end of the interval of the cases' share; it encloses the share, which may rest on more judgements."""
    share = parts.share(parts.case)
    return None if end is None or share is None else outer(end, share)


def _halved(part: float) -> float:
    """How much narrower an interval becomes when this part of the mean's variance is halved."""
    return 1 - math.sqrt(1 - part / 2)


def _within(between: float, each: float) -> float:
    """The part of the mean's variance that repetitions make, where this share of a score's lies between cases."""
    return (1 - between) * each / (between + (1 - between) * each)


def _note(cases: Cases, parts: _Parts) -> str:
    if not cases.size:
        return "Nothing is scored yet."
    if cases.executions == 1:
        return "One score does not vary: it takes more cases and more repetitions."
    if cases.size == 1:
        return "With one case, what differs between cases cannot be seen."
    if is_constant(cases.means) and not cases.deviations.any() and not parts.judge:
        return f"All {cases.executions} scores are equal: there is no variance to divide."
    if parts.case is None:
        return "Each case has one score, so cases and executions cannot be told apart: run two repetitions or more."
    return ""


def _judge_note(definition: EvaluatorDefinition, judged: _Judged, *, by_people: bool) -> str:
    if by_people:
        return "what differs between people is part of the executions' share"
    if not asks_judge(definition) or judged.variance is not None:
        return ""
    if judges_again(definition):
        return "not measured: of no execution two judgements could be read"
    return f"not measured: no execution was judged twice; {MEASURE_JUDGE.format(name=definition.id)} measures it"
