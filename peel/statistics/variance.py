"""Where the variance comes from: the case, the execution, the judge; and which step takes how much of the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import Floats, as_floats, as_integers
from peel.statistics.cases import Cases, group
from peel.statistics.comparison import difference_cases_like_these
from peel.statistics.intervals import Interval

__all__ = ["Components", "JudgeComponents", "StepEffect", "components", "judge_components", "step_effect"]


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
    mean_right: float | None
    mean_wrong: float | None
    within_case: float | None
    """Mean over the cases with both of (mean when right - mean when wrong): the step's effect at equal difficulty."""
    mixed_cases: int
    interval: Interval
    """Of `within_case`, for cases like these."""

    @property
    def lost(self) -> float | None:
        """Share wrong x (mean right - mean wrong): about what the mean would gain if the step were always right.

        An association, not a proof: hard cases may fail at this step and at others for one reason. None without both.
        """
        if self.mean_right is None or self.mean_wrong is None:
            return None
        return self.wrong / (self.right + self.wrong) * (self.mean_right - self.mean_wrong)


def step_effect(case: npt.ArrayLike, scores: npt.ArrayLike, *, right: npt.ArrayLike, level: float = 0.95) -> StepEffect:
    """Final scores in [0, 1], shape (N,), split by whether one step was right in the same execution (booleans, (N,)).

    Sort steps by `StepEffect.lost` to see which to work on first.
    """
    index, values, good = as_integers(case), as_floats(scores), np.asarray(right, dtype=np.bool_).ravel()
    yes, no = group(index[good], values[good]), group(index[~good], values[~good])
    both, at_yes, at_no = np.intersect1d(yes.index, no.index, return_indices=True)
    gaps: Floats = yes.means[at_yes] - no.means[at_no]
    inside = float(gaps.mean()) if both.size else None
    interval = difference_cases_like_these(gaps, level)
    return StepEffect(yes.executions, no.executions, yes.pooled_mean, no.pooled_mean, inside, int(both.size), interval)
