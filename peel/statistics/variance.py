"""Where the variance comes from: the case, the execution, the judge; and which step takes how much of the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import Floats, as_floats, as_integers
from peel.statistics.cases import Cases, group
from peel.statistics.comparison import difference_cases_like_these
from peel.statistics.distributions import beta_quantile
from peel.statistics.intervals import Interval, anchored_bootstrap, mover

__all__ = [
    "Components",
    "JudgeComponents",
    "StepEffect",
    "components",
    "icc_interval",
    "judge_components",
    "step_effect",
]


@dataclass(frozen=True, slots=True)
class Components:
    """Variance between cases and within cases, in the squared unit of the values, and what follows from them."""

    between: float
    within: float
    mean_square_between: float
    mean_square_within: float
    repetitions: float
    """k0, the repetitions per case that count; their mean where all cases have as many."""
    executions: int

    @property
    def icc(self) -> float | None:
        """The share of the variance that lies between cases, in [0, 1]. None where nothing varies."""
        total = self.between + self.within
        return self.between / total if total > 0 else None

    @property
    def design_effect(self) -> float | None:
        """1 + (k0 - 1) ICC: how many times more executions are needed than if all were independent."""
        return None if self.icc is None else 1 + (self.repetitions - 1) * self.icc

    @property
    def effective_executions(self) -> float | None:
        """N / design effect: how many independent executions these are worth, for new cases."""
        return None if self.design_effect is None else self.executions / self.design_effect


def components(cases: Cases) -> Components | None:
    """One-way random-effects analysis of variance of m cases with k_i repetitions.

    within = MSW, between = max(0, (MSB - MSW) / k0), k0 = (N - sum k_i^2 / N) / (m - 1). None for fewer than two cases
    or no repeated case. Source: Searle, Casella & McCulloch (1992), Variance Components, ch. 3.
    """
    within = cases.within_variance
    if within is None or cases.size < 2:
        return None
    n, m = cases.executions, cases.size
    between = cases.between_squares / (m - 1)
    k0 = (n - float((cases.counts**2).sum()) / n) / (m - 1)
    return Components(max(0.0, (between - within) / k0), within, between, within, k0, n)


def icc_interval(found: Components, cases: Cases, *, level: float = 0.95) -> Interval:
    """The interval of the share of the variance that lies between cases, from what `components` found of `cases`.

    F = MSB / MSW is distributed as F times 1 + k0 ICC / (1 - ICC), so each end is (F / F_q - 1) / (k0 + F / F_q - 1),
    within [0, 1]. Exact for normal scores and as many repetitions of every case, else a guide. Source: Searle,
    Casella & McCulloch (1992), Variance Components, sec. 3.6. Unknown where no case varies within itself, and where
    cases are so alike that no share fits.
    """
    method = "F of the mean squares"
    if found.mean_square_within <= 0:
        note = "No case varies within itself, so it is not known how much of the variance is between cases."
        return Interval.unknown(level, method, note=note)
    ratio, tail = found.mean_square_between / found.mean_square_within, (1 - level) / 2
    above, below = cases.size - 1, cases.executions - cases.size
    ends = [ratio / _f_quantile(q, above, below=below) - 1 for q in (1 - tail, tail)]
    if ends[1] <= 0:
        note = "Cases are more alike than chance would have them, so their share of the variance has no interval."
        return Interval.unknown(level, method, note=note)
    shares = [max(0.0, end) / (found.repetitions + max(0.0, end)) for end in ends]
    return Interval(shares[0], shares[1], level, method)


def _f_quantile(probability: float, above: int, *, below: int) -> float:
    """Of the F distribution with (above, below) degrees of freedom, through its Beta."""
    x = beta_quantile(probability, above / 2, b=below / 2)
    return below * x / (above * (1 - x))


@dataclass(frozen=True, slots=True)
class JudgeComponents:
    """Variance from the case, the execution within it, and the judge's own repetition; each 0 or more."""

    case: float
    execution: float
    judge: float

    @property
    def shares(self) -> tuple[float, float, float] | None:
        """(case, execution, judge) as shares of their sum. None where nothing varies."""
        total = self.case + self.execution + self.judge
        return (self.case / total, self.execution / total, self.judge / total) if total > 0 else None


def judge_components(case: npt.ArrayLike, execution: npt.ArrayLike, *, scores: npt.ArrayLike) -> JudgeComponents | None:
    """Nested analysis of variance of repeated judging, from flat arrays, shape (N,), with a score per judging.

    `execution` numbers executions over all cases: one number belongs to one case. Balanced: var_judge = MS_judge,
    var_execution = (MS_execution - MS_judge) / R, var_case = (MS_case - MS_execution) / (k R); unbalanced by the
    expected mean squares of Searle, Casella & McCulloch (1992), sec. 3.8, and negative estimates become 0. None unless
    some case has two executions, some execution two judgings, and there are two cases.
    """
    judged, per_case = group(execution, scores), group(case, scores)
    owner = _owner(case, execution)
    n, executions, m = judged.executions, judged.size, per_case.size
    if min(n - executions, executions - m, m - 1) < 1:
        return None
    case_of = np.searchsorted(per_case.index, owner)
    squares = judged.counts.astype(np.float64) ** 2
    in_case = float((np.bincount(case_of, weights=squares) / per_case.counts).sum())
    judge = float(judged.deviations.sum()) / (n - executions)
    between = float((judged.counts * (judged.means - per_case.means[case_of]) ** 2).sum()) / (executions - m)
    among = per_case.between_squares / (m - 1)
    execution_variance = max(0.0, (between - judge) * (executions - m) / (n - in_case))
    weight = (n - float((per_case.counts**2).sum()) / n) / (m - 1)
    explained = judge + (in_case - float(squares.sum()) / n) / (m - 1) * execution_variance
    return JudgeComponents(max(0.0, (among - explained) / weight), execution_variance, judge)


def _owner(case: npt.ArrayLike, execution: npt.ArrayLike) -> npt.NDArray[np.int64]:
    cases, executions = as_integers(case), as_integers(execution)
    numbers, first = np.unique(executions, return_index=True)
    owner = cases[first]
    if (owner[np.searchsorted(numbers, executions)] != cases).any():
        raise ValueError("an execution number occurs in two cases; number executions over all cases")
    return owner


@dataclass(frozen=True, slots=True)
class StepEffect:
    """How the final score differs when one step was right or wrong; what cannot be known is None."""

    right: int
    """Executions where the step was right."""
    wrong: int
    cases_right: int
    """Cases with an execution where the step was right."""
    cases_wrong: int
    mean_right: float | None
    """Mean of the cases' means over the executions where the step was right."""
    mean_wrong: float | None
    interval_right: Interval
    """Of `mean_right`, for cases like these."""
    interval_wrong: Interval
    within_case: float | None
    """Mean over the cases with both of (mean when right - mean when wrong): the step's effect at equal difficulty."""
    mixed_cases: int
    interval: Interval
    """Of `within_case`, for cases like these."""
    held: bool
    """Whether at least half of the cases (and three) have both."""
    difference: float | None
    """`within_case` where `held`, else mean_right - mean_wrong."""
    difference_interval: Interval
    """Of `difference`, for cases like these."""

    @property
    def lost(self) -> float | None:
        """Share wrong x difference: about what the mean would gain if the step were always right.

        An association, not a proof: hard cases may fail at this step and at others for one reason. None without both.
        """
        return None if self.difference is None else self.wrong / (self.right + self.wrong) * self.difference


_FEWEST_MIXED = 3


def step_effect(
    case: npt.ArrayLike, scores: npt.ArrayLike, *, right: npt.ArrayLike, level: float = 0.95, looks: int = 1
) -> StepEffect:
    """Final scores in [0, 1], shape (N,), split by whether one step was right in the same execution (booleans, (N,)).

    Repetitions stay nested in their case: every mean is one of cases' means, every interval the anchored bootstrap's
    over cases. Where cases have both (a step that is right sometimes), the case is held fixed: `within_case`. Else the
    difference lies between cases, and its interval comes from both groups' by square-and-add (Newcombe 1998), which
    takes the groups as independent; cases that are in both, hard in both, make it wider than need be, not narrower.
    The intervals of the differences are at 1 - (1 - level) / looks, Bonferroni's correction for the number of effects
    looked through. Sort steps by `StepEffect.lost` to see which to work on first.
    """
    index, values, good = as_integers(case), as_floats(scores), np.asarray(right, dtype=np.bool_).ravel()
    yes, no = group(index[good], values[good]), group(index[~good], values[~good])
    both, at_yes, at_no = np.intersect1d(yes.index, no.index, return_indices=True)
    gaps: Floats = yes.means[at_yes] - no.means[at_no]
    strict = 1 - (1 - level) / looks
    inside = difference_cases_like_these(gaps, strict)
    within = float(gaps.mean()) if both.size else None
    total = yes.size + no.size - both.size
    held = bool(both.size >= max(_FEWEST_MIXED, total / 2))
    return StepEffect(
        right=yes.executions,
        wrong=no.executions,
        cases_right=yes.size,
        cases_wrong=no.size,
        mean_right=yes.mean,
        mean_wrong=no.mean,
        interval_right=anchored_bootstrap(yes.means, level),
        interval_wrong=anchored_bootstrap(no.means, level),
        within_case=within,
        mixed_cases=int(both.size),
        interval=inside,
        held=held,
        difference=within if held else _apart(yes, no),
        difference_interval=inside if held else _interval_apart(yes, no, strict),
    )


def _apart(yes: Cases, no: Cases) -> float | None:
    return None if yes.mean is None or no.mean is None else yes.mean - no.mean


def _interval_apart(yes: Cases, no: Cases, level: float) -> Interval:
    method = "square-and-add of anchored Bayesian bootstraps"
    if min(yes.size, no.size) < 2:
        note = "It takes two cases where the step was right and two where it was wrong to tell how far apart they are."
        return Interval.unknown(level, method, note=note)
    intervals = [anchored_bootstrap(side.means, level) for side in (yes, no)]
    inner = mover([yes.mean or 0.0, no.mean or 0.0], intervals, weights=[1.0, -1.0])
    return Interval(inner.low, inner.high, level, method)
