"""Comparison: two runs, or two variants, held against each other on the cases they share.

Every difference is candidate - base.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from peel.records.base import Record
from peel.records.definitions import Scope

ShownKind = Literal["typical", "worst"]
"""Why an execution is shown: its value lies nearest to its case's mean, or is the lowest of its case."""

MeasureName = Literal["cost_usd", "latency_s", "error_rate"]


class SideFigures(Record):
    """One side of a difference: its value on the compared cases with the interval of the scope, and what it is made of.

    `n_executions` counts completed executions of the cases both sides have; `n_used` those of them that are in the
    value, over all the cases both sides have a score for. `k_low`, `k_high`: how many of each case are.
    """

    value: float | None
    low: float | None
    high: float | None
    n_executions: int
    n_used: int
    n_unscored: int
    n_pending: int
    k_low: int
    k_high: int


class Difference(Record):
    """One evaluator (or `overall`: the mean of several, `of`) on both sides, and what the difference is worth.

    `low`, `high` at `level`, and `low90`, `high90` for the equivalence tests, answer the question of `scope`.
    `verdict` says it in words with the margin that matters. `p` is two-sided, `p_adjusted` after Benjamini and Hochberg
    over the table; None where none can be given, and `note` says why. `needed` is about how many executions would
    give evidence, set where there is none.
    """

    id: str
    on: str | None = None
    use: str | None = None
    of: tuple[str, ...] = ()
    base: SideFigures
    candidate: SideFigures
    n_cases: int
    difference: float | None
    low: float | None
    high: float | None
    level: float
    low90: float | None
    high90: float | None
    method: str
    scope: Scope
    margin: float
    verdict: str
    p: float | None = None
    p_adjusted: float | None = None
    needed: int | None = None
    note: str = ""


class MeasureDifference(Record):
    """Cost in US dollars, latency in seconds (both the mean per execution) or share of errored executions, on both
    sides. `ratio` is candidate / base; what is unknown is None, and `note` says why."""

    measure: MeasureName
    base: float | None
    candidate: float | None
    difference: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    n_cases: int
    n_base: int
    n_candidate: int
    note: str = ""


class ShownExecution(Record):
    """One execution of one side, shown beside one of the other. `output` is text, cut to a length."""

    number: int
    repetition: int
    kind: ShownKind
    value: float | None
    output: str


class CaseChange(Record):
    """One case that got better or worse: `base`, `candidate` are means over evaluators; `evaluators` maps each to its
    means on both sides."""

    case: str
    base: float
    candidate: float
    evaluators: dict[str, tuple[float | None, float | None]] = Field(default_factory=dict)
    base_executions: tuple[ShownExecution, ...] = ()
    candidate_executions: tuple[ShownExecution, ...] = ()


class ComparedSide(Record):
    """One scenario variant of one run, as far as it is compared: executions of the cases both sides have."""

    run: str
    started: float
    scenario: str
    variant: str
    planned: int
    completed: int
    errored: int


class PairedCases(Record):
    """Which cases both sides have, and which are left out: a case is the same only with the same inputs and the same
    expected output. `drafts` are draft cases on one side or on both, which are part of nothing else."""

    n_common: int
    only_base: tuple[str, ...] = ()
    only_candidate: tuple[str, ...] = ()
    inputs_differ: tuple[str, ...] = ()
    expected_differ: tuple[str, ...] = ()
    drafts: tuple[str, ...] = ()


class PairComparison(Record):
    """One scenario variant against another. `better` and `worse` hold the cases that changed most, with outputs;
    `n_better`, `n_worse`, `n_unchanged` count all compared ones."""

    base: ComparedSide
    candidate: ComparedSide
    cases: PairedCases
    differences: tuple[Difference, ...] = ()
    overall: Difference | None = None
    measures: tuple[MeasureDifference, ...] = ()
    n_better: int = 0
    n_worse: int = 0
    n_unchanged: int = 0
    better: tuple[CaseChange, ...] = ()
    worse: tuple[CaseChange, ...] = ()
    notes: tuple[str, ...] = ()


class Comparison(Record):
    """Base and candidate, pair by pair. `overall` is over all pairs where there are several; `notes` say what was not
    compared and what else differs."""

    scope: Scope
    margin: float
    level: float
    pairs: tuple[PairComparison, ...]
    overall: Difference | None = None
    notes: tuple[str, ...] = ()
