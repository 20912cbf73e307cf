"""What the numbers of a run say to do next: where the variance comes from, and which step to work on first."""

from __future__ import annotations

from peel.records.base import Record


class Narrowing(Record):
    """By which share the interval for new cases like these would become narrower with twice as much of one thing, the
    rest as it is; None where it is not known. A rule of thumb: the interval's ends are not drawn anew.

    `repetitions_surely` is what twice the repetitions do even if cases differ as much as they well may (`case_high`).
    """

    cases: float | None
    repetitions: float | None
    votes: float | None
    repetitions_surely: float | None = None


class VarianceFigures(Record):
    """Where the variance of one evaluator's scores comes from.

    `total` is the variance of the score of one execution of one case. `case`, `execution` and `judge` are shares of it
    in [0, 1]: that cases differ, that repetitions of a case differ, that the judge says something else of the same
    output. None is unknown, and `note` says why. `case_low` and `case_high` are the 95 % interval of `case`: with few
    cases and repetitions it is wide. Where no judge was measured (`judge` is None), `execution` includes
    what the judge adds; where a judge was asked, `judge_note` then says how to measure it. `n_judged_again` executions
    were judged more than once, `n_judgements` times together.
    """

    n_cases: int
    n_executions: int
    n_judged_again: int
    n_judgements: int
    total: float | None
    case: float | None
    case_low: float | None
    case_high: float | None
    execution: float | None
    judge: float | None
    narrower: Narrowing
    note: str = ""
    judge_note: str = ""


class StepGroup(Record):
    """The final scores where a step was right, or where it was wrong: the mean of the cases' means, for new cases."""

    n_executions: int
    n_cases: int
    mean: float | None
    low: float | None
    high: float | None


class StepEffectFigures(Record):
    """How one evaluator's score of the final output differs when one step was right or wrong.

    `judged_by` says whether the `step` was right: it scored `threshold` or more. `difference` is the mean where it was
    right less the mean where it was wrong; where most cases have both (`n_mixed` cases) it is held within these
    (`within_cases`), which takes how hard a case is out of it. `low`, `high` are its interval for new cases like these
    at `level`, which is raised for the number of differences that were looked through, so that all of them hold
    together at 95 %. `shown`: the interval lies above 0. `lost` is the share of executions with the step wrong times
    the difference. All of it is association, not proof.
    """

    step: str
    judged_by: str
    evaluator: str
    threshold: float
    n_executions: int
    n_cases: int
    right: StepGroup
    wrong: StepGroup
    n_mixed: int
    within_cases: bool
    difference: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    shown: bool
    lost: float | None
    note: str = ""


class StepErrors(Record):
    """How many executions ended in one step with an error, of all that were executed."""

    step: str
    n_errored: int
    n_executions: int
    share: float


class StepFindings(Record):
    """What is known of the steps, and the one to work on first.

    `first` is None where the data show none. `because` is what it rests on: the place in `effects` of the effect, or
    None where it is the executions that ended in the step with an error.
    """

    effects: tuple[StepEffectFigures, ...] = ()
    errors: tuple[StepErrors, ...] = ()
    first: str | None = None
    because: int | None = None
