"""How far raters agree with each other, and a judge with people: what must be known before a gate rests on a judge."""

from __future__ import annotations

from peel.records.base import Record
from peel.records.estimates import Bounds


class MeanDifference(Record):
    """`other` minus `one`: the mean of the cases' mean differences with its interval, and the limits between which 95 %
    of the single differences lie."""

    mean: float
    low: float | None
    high: float | None
    limits_low: float | None
    limits_high: float | None


class Disagreement(Record):
    """An execution on which two scores lie far apart. `execution` is its number in the plan."""

    case: str
    variant: str
    repetition: int
    execution: int
    one: float
    other: float


class Agreement(Record):
    """Two who scored the same executions; `n_executions` and `n_cases` count those that both scored.

    `alpha` is Krippendorff's for interval data, between the bounds of `interval`; `icc` the intraclass correlation of
    absolute agreement, ICC(A,1); `kappa` Cohen's with quadratic weights on the levels of a discrete scale, None on
    others; `same_side` the share of executions that both let pass or both do not, by scores of `threshold` or more.
    What is undefined is None.
    """

    one: str
    other: str
    n_executions: int
    n_cases: int
    pearson: float | None
    spearman: float | None
    kappa: float | None
    alpha: float | None
    interval: Bounds
    icc: float | None
    difference: MeanDifference | None
    threshold: float
    same_side: float | None
    points: tuple[tuple[float, float], ...] = ()
    """The scores of `one` and `other`, execution by execution, for a chart; at most some hundreds."""
    disagreements: tuple[Disagreement, ...] = ()
    """The largest first."""


class RatersAgreement(Record):
    """The people who answered one evaluator of a scenario: `raters` counts the answers of each.

    `alpha` is over all of them, on the `n_executions` in `n_cases` that two or more scored.
    """

    scenario: str
    evaluator: str
    raters: dict[str, int]
    n_executions: int
    n_cases: int
    alpha: float | None
    interval: Bounds
    pairs: tuple[Agreement, ...] = ()
    sentence: str


class JudgeAgreement(Record):
    """A judge (`agreement.other`) held against people's answers to one evaluator (`agreement.one`).

    `verdict` is `usable`, `tentative` or `do not gate on this judge`, None where the scores say too little; `settled`,
    whether the interval allows no other verdict; `more` about how many further manual scores would settle it, None
    where that is settled or cannot be said. `sentence` says it plainly.
    """

    scenario: str
    agreement: Agreement
    verdict: str | None
    settled: bool
    more: int | None
    sentence: str


class RunAgreement(Record):
    """All that people and judges of a run can be compared by."""

    run: str
    raters: tuple[RatersAgreement, ...] = ()
    judges: tuple[JudgeAgreement, ...] = ()
