"""Estimate and GateResult: values over cases with their intervals and their counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pydantic import Field, SkipValidation

from peel.records.base import Record
from peel.records.definitions import GateStatistic, Scope
from peel.records.findings import StepFindings, VarianceFigures
from peel.records.stopping import Stopping

GateVerdict = Literal["pass", "fail", "undecided", "draft"]
"""What becomes of a gate; `draft`: all its cases are drafts, so it decides nothing."""


class Bounds(Record):
    """An interval and the method that made it; both ends None where it is undefined, with the reason in `note`."""

    low: float | None
    high: float | None
    method: str
    note: str = ""


class Below(Record):
    """How many scored executions lie strictly below a threshold."""

    threshold: float
    count: int
    share: float | None


class Figure(Record):
    """A number over cases with both intervals, and what it is made of.

    `n_executions` are those that have a value. `low` and `high` answer "for new cases like these".
    """

    value: float | None
    low: float | None
    high: float | None
    method: str
    these_cases: Bounds
    n_cases: int
    n_executions: int
    note: str = ""


class PassesOfK(Record):
    """The chance that at least one (pass@k), and that all (pass^k), of k executions of a case pass, mean over cases.

    Made of the cases that have k scored executions or more: `n_cases` of each figure says how many.
    """

    k: int
    pass_at_k: Figure
    pass_hat_k: Figure


class CasePasses(Record):
    """One case: how many of its scored executions passed."""

    case: str
    passed: int
    scored: int


class Reliability(Record):
    """How dependably the cases pass under one evaluator: from a score of `passes_at` on an execution passes.

    Of the `n_cases` with a score, those with two or more are `solid` (always right), `flaky` (sometimes) or `broken`
    (never); those with a single one are `once`, since one execution shows none of it. `fewest` and `most` are the
    scored executions of a case. `disagreement` is the chance that two executions of a case differ.

    `flake` is the share of the rarer outcome among the executions of flaky cases (the mean over them): so rare an
    outcome shows in `repetitions_to_see` repetitions with 95 % probability. `visible` is the rarest outcome that
    `fewest` repetitions show with 95 % probability. None where it is undefined.
    """

    passes_at: float
    n_cases: int
    solid: tuple[str, ...] = ()
    flaky: tuple[CasePasses, ...] = ()
    broken: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    fewest: int | None = None
    most: int | None = None
    disagreement: float | None = None
    flake: float | None = None
    repetitions_to_see: int | None = None
    visible: float | None = None
    passes: tuple[PassesOfK, ...] = ()
    note: str = ""


class CorrectedMean(Record):
    """A judge's mean over all executions, corrected by people's scores on some of them (prediction-powered inference).

    `by` is the evaluator that asked people; `n_scored` the executions that both scored, in `n_cases` cases. `value`
    with `low`, `high` answers "for new cases like these"; all are None where the manual scores are too few, which
    `note` says. `people` is the mean of the manual scores alone, between `people_low` and `people_high`; `difference`
    is judge minus people on the executions that both scored; `weight` in [0, 1] how much the judge counts in `value`.
    """

    by: str
    n_scored: int
    n_cases: int
    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    weight: float | None
    people: float | None
    people_low: float | None
    people_high: float | None
    difference: float | None
    note: str = ""


class Estimate(Record):
    """One evaluator's value over cases: the mean of the cases' means.

    `low`, `high` answer "for new cases like these", `these_cases` answers "for exactly these cases, run again".
    """

    id: str
    on: str | None
    use: str
    n_cases: int
    n_executions: int
    n_scored: int
    n_unscored: int
    n_pending: int
    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    these_cases: Bounds
    below: Below
    note: str = ""
    corrected: tuple[CorrectedMean, ...] = ()
    """Of a judge that people checked: its mean corrected by what they said, one for each evaluator that asks them."""
    reliability: Reliability | None = None
    by_people: bool = False
    """People said every score in it; otherwise no person's score is in it."""


class TagEstimates(Record):
    """The estimates over the cases that have one tag; `n_cases` counts them, scored or not."""

    tag: str
    n_cases: int
    evaluators: tuple[Estimate, ...]


class Together(Record):
    """One evaluator over several scenarios under one variant: sum of weight times value.

    `weights` by scenario are equal and sum to 1; `left_out` are scenarios where the evaluator has no value yet.
    """

    variant: str
    id: str
    on: str | None
    use: str
    weights: dict[str, float]
    left_out: tuple[str, ...] = ()
    n_cases: int
    n_executions: int
    n_scored: int
    n_unscored: int
    n_pending: int
    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    these_cases: Bounds
    note: str = ""


class LatencyFigures(Record):
    """Latency of completed executions in seconds.

    `mean` is that of all executions, `mean_of_cases` weighs each case the same. The bounds of the quantiles are for
    exactly these cases; there is no method for new ones.
    """

    mean: float | None
    p50: float | None
    p95: float | None
    mean_of_cases: Figure | None = None
    p50_bounds: Bounds | None = None
    p95_bounds: Bounds | None = None


class UsageFigures(Record):
    """What the application used over a scenario's executions; None is unknown.

    `cost_usd` is the sum, `cost_per_execution` the mean of the cases' means.
    """

    tokens_in: int | None
    tokens_out: int | None
    cost_usd: float | None
    latency_s: LatencyFigures
    cost_per_execution: Figure | None = None


class GateResult(Record):
    """A gate's requirement held against its estimate: `low` and `high` are one-sided 95 % bounds.

    `statistic`, `tag` and `baseline` (the id of the run it is held against) are the gate's. Of a gate on each case
    `value` is the share of cases that pass, between the shares that surely do (`low`) and may (`high`), and `short`
    are the cases that do not. `method` names what made the bounds, where it is not the usual one of the gate.
    """

    requirement: str
    subject: str
    scope: Scope
    verdict: GateVerdict
    value: float | None
    low: float | None
    high: float | None
    reason: str = ""
    statistic: GateStatistic = "mean"
    tag: str | None = None
    baseline: str | None = None
    short: tuple[str, ...] = ()
    method: str = ""


class CaseFigures(NamedTuple):
    """One case under one scenario variant: its executions counted, and its mean value by evaluator.

    A named tuple and no `Record`: a run may have a hundred thousand cases, and so many models take seconds.
    """

    case: str
    tags: tuple[str, ...]
    planned: int
    completed: int
    errored: int
    values: Mapping[str, float | None]
    draft: bool = False


class DraftCounts(Record):
    """How many of a scenario variant's cases are drafts, and of their executions how many there are, errored, and have
    no score by an evaluator that should have given one."""

    n_cases: int
    n_executions: int
    errored: int
    n_unscored: dict[str, int] = Field(default_factory=dict)


class ScenarioSummary(Record):
    """Everything a report says of one scenario under one variant."""

    scenario: str
    variant: str
    planned: int
    completed: int
    errored: int
    evaluators: tuple[Estimate, ...] = ()
    usage: UsageFigures
    judge_usage: UsageFigures | None = None
    gates: tuple[GateResult, ...] = ()
    marks: dict[str, int] = Field(default_factory=dict)
    """How many executions have an output that is empty, truncated, refused, or came by a fallback."""
    faults: dict[str, int] = Field(default_factory=dict)
    """How many executions errored, by type and message."""
    cases: SkipValidation[tuple[CaseFigures, ...]] = ()
    tags: tuple[TagEstimates, ...] = ()
    """The estimates by tag, the tags of most cases first; nothing where no case has one."""
    tags_left_out: int = 0
    """How many further tags there are."""
    variance: dict[str, VarianceFigures] = Field(default_factory=dict)
    """Where each evaluator's variance comes from, by its id."""
    steps: StepFindings = StepFindings()
    """How the steps go together with the final scores, and which to work on first."""
    planned_at_most: int | None = None
    """Of a run that was to end early: the executions of its whole plan."""
    draft: bool = False
    """Whether the scenario is a draft."""
    drafts: DraftCounts | None = None
    """Its cases that are drafts: part of every number but those of gates. None where no case is one."""


class RunSummary(Record):
    """A run in numbers. `together` holds the estimates over several scenarios, for evaluators that these share;
    `stopping` how far a run with `until` went, whose gates and intervals hold at any time it might have ended."""

    run: str
    scenarios: tuple[ScenarioSummary, ...]
    together: tuple[Together, ...] = ()
    stopping: Stopping | None = None
