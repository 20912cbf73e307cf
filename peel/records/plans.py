"""Plan: how many cases and repetitions a question needs, from a pilot run or without one."""

from __future__ import annotations

from pydantic import Field

from peel.records.base import Record
from peel.records.definitions import Scope


class CountRange(Record):
    """A number as the pilot estimates it (`plug_in`) and to be safe against the pilot's own noise (`safe`).

    None: more than can be planned for.
    """

    plug_in: int | None
    safe: int | None


class PlanRow(Record):
    """One way to reach a target: so many cases with so many repetitions each, and what that costs at the costs seen.

    `executions` counts one side (one variant, one run); `cost_usd` and `seconds` (executed one after the other) are
    (plug-in, safe) for all sides. None is unknown.
    """

    repetitions: CountRange
    cases: CountRange
    executions: CountRange
    cost_usd: tuple[float | None, float | None]
    seconds: tuple[float | None, float | None]


class PlanTarget(Record):
    """What is to be reached and the ways to it: a half-width of one mean, or a difference of two with `power`."""

    scope: Scope
    half_width: float | None = None
    difference: float | None = None
    power: float | None = None
    sides: int = 1
    rows: tuple[PlanRow, ...] = ()
    assumption: str = ""


class EvaluatorPlan(Record):
    """One evaluator of the pilot: what varied, what the pilot itself can show, and the plans.

    `between`, `within` are variances of the values between and within cases, each (plug-in, safe); `icc` is the share
    between cases. `best_repetitions` is the best split where a new case costs `Plan.case_cost` executions (None: new
    cases add nothing that repetitions do not). `trouble` says why nothing can be planned, and then the rest is empty.
    """

    scenario: str
    variant: str
    id: str
    on: str | None = None
    n_cases: int
    n_scored: int
    value: float | None
    cost_usd_per_execution: float | None = None
    seconds_per_execution: float | None = None
    between: tuple[float, float] | None = None
    within: tuple[float, float] | None = None
    icc: float | None = None
    half_width_now: float | None = None
    half_width_these_cases_now: float | None = None
    best_repetitions: CountRange | None = None
    targets: tuple[PlanTarget, ...] = ()
    trouble: str = ""


class PassRateProof(Record):
    """What shows a pass rate of at least `bar` at 95 %: `passes` or more of `executions`, reached with chance `power`
    if the true rate is `truth`. None where it takes more than PEEL plans for."""

    bar: float
    truth: float
    power: float
    executions: int | None
    passes: int | None


class Plan(Record):
    """The answer of `peel plan`."""

    run: str | None = None
    case_cost: float | None = None
    evaluators: tuple[EvaluatorPlan, ...] = ()
    all_pass: dict[str, int] = Field(default_factory=dict)
    """By pass rate to be shown: how many executions must all pass."""
    proofs: tuple[PassRateProof, ...] = ()
