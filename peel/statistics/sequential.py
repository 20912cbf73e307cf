"""Evidence that may be looked at any time: e-values for a mean in [0, 1] by betting on each score.

A bet against "the mean is at most t" multiplies its stake by 1 + lambda (x - t) at each score x. If the statement is
true, the stake never grows in expectation, so a stake of 20 happens with chance 1/20 at most, whenever one stops
(Ville, 1939). The mixture over 24 fixed bets does not depend on the order of the scores: the stored scores give the
same answer.

For *these cases*, feed executions and look only after complete sweeps (every case once): the mean of the cases' rates
bounds their product. For *cases like these*, feed case means, in random order of cases; executions case by case would
be wrong. Source: Waudby-Smith & Ramdas (2023), JRSS B 86, arXiv:2010.09686.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import Floats, as_integers, as_shares
from peel.statistics.distributions import root
from peel.statistics.gates import Verdict
from peel.statistics.intervals import Interval

__all__ = [
    "BETS",
    "SequentialTest",
    "anytime_interval",
    "complete_sweeps",
    "curtailed",
    "decide",
    "log_e_at_least",
    "log_e_at_most",
    "sequential_test",
]

BETS: Floats = np.geomspace(0.01, 0.99, 24)
"""The shares of its stake that the mixture bets, each as a share of the most that cannot ruin it; shape (24,)."""
_EDGE = 1e-9


def log_e_at_most(scores: npt.ArrayLike, bar: float) -> float:
    """The log of the e-value against "the mean is at most `bar`", 0 < bar <= 1; high means the mean is above.

    Scores in [0, 1], shape (n,); 0 for no scores (no evidence), and for a bar of 1, which no mean exceeds.
    """
    return _log_mixture(as_shares(scores), bar, lambda at: BETS / at) if bar < 1 else 0.0


def log_e_at_least(scores: npt.ArrayLike, bar: float) -> float:
    """The log of the e-value against "the mean is at least `bar`", 0 <= bar < 1; high means the mean is below.

    Scores in [0, 1], shape (n,); 0 for no scores, and for a bar of 0, below which no mean lies. With a bar of 1 see
    `decide`: any score below 1 refutes it.
    """
    return _log_mixture(as_shares(scores), bar, lambda at: -BETS / (1 - at)) if bar > 0 else 0.0


def _log_mixture(scores: Floats, bar: float, bets: Callable[[float], Floats]) -> float:
    inside = min(max(bar, _EDGE), 1 - _EDGE)
    values, counts = np.unique(scores, return_counts=True)
    stakes = np.log1p(bets(inside)[:, None] * (values - inside)) @ counts
    return float(np.logaddexp.reduce(stakes)) - math.log(BETS.size)


def decide(
    scores: npt.ArrayLike,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    tolerance: float = 0.0,
    error: float = 0.05,
) -> Verdict:
    """The verdict on a mean, to be asked after any complete sweep, wrong with chance `error` at most on each side.

    `at_least`: pass when e against "mean <= bar - tolerance" reaches 1 / error, fail when e against "mean >= bar" does.
    `at_most` is its mirror image; exactly one of the two is given. Scores in [0, 1], shape (n,).
    """
    if (at_least is None) == (at_most is None):
        raise ValueError("a sequential gate needs exactly one of at_least and at_most")
    x = as_shares(scores)
    x, bar = (x, at_least) if at_least is not None else (1 - x, 1 - (at_most or 0.0))
    needed = math.log(1 / error) - 1e-12
    passing = x.size > 0 if bar - tolerance <= 0 else log_e_at_most(x, bar - tolerance) >= needed
    if passing:
        return "pass"
    refuted = bool((x < 1).any()) if bar >= 1 else log_e_at_least(x, bar) >= needed
    return "fail" if refuted else "undecided"


def anytime_interval(scores: npt.ArrayLike, level: float = 0.95) -> Interval:
    """The interval of a mean that holds at every sweep at once: the bars that neither e-value has refuted.

    Each side has half of the error. Wider than an interval for a fixed number, by 1.6 to 1.9 times. Scores in [0, 1],
    shape (n,); unknown without scores.
    """
    x, method = as_shares(scores), "anytime-valid betting"
    if not x.size:
        return Interval.unknown(level, method, note="There is no score yet.")
    low = _refuted_up_to(x, level)
    return Interval(low, 1 - _refuted_up_to(1 - x, level), level, method)


def _refuted_up_to(x: Floats, level: float) -> float:
    limit, mean = math.log(2 / (1 - level)), float(x.mean())
    if mean <= _EDGE or log_e_at_most(x, _EDGE) < limit:
        return 0.0
    return root(lambda bar: log_e_at_most(x, bar) - limit, _EDGE, high=min(mean, 1 - _EDGE))


def complete_sweeps(case: npt.ArrayLike, repetition: npt.ArrayLike, *, cases: int) -> npt.NDArray[np.bool_]:
    """Which executions, shape (N,), belong to complete sweeps: repetition 0, 1, ... as long as all cases have it.

    `case` counts from 0 to cases - 1 and `repetition` from 0; each pair occurs once.
    """
    index, number = as_integers(case), as_integers(repetition)
    if not index.size:
        return np.zeros(0, dtype=np.bool_)
    done = np.bincount(number) >= cases
    swept = int(np.argmin(done)) if not done.all() else done.size
    return np.asarray(number < swept, dtype=np.bool_)


def curtailed(passes: int, failures: int, *, executions: int, needed: int) -> Verdict:
    """A fixed plan that may end early: pass once `needed` passes are in, fail once they cannot be reached, exactly."""
    if passes >= needed:
        return "pass"
    return "fail" if failures > executions - needed else "undecided"


@dataclass(frozen=True, slots=True)
class SequentialTest:
    """Wald's test of two rates fixed in advance: add `on_pass` or `on_failure`, stop at or beyond a threshold."""

    on_pass: float
    on_failure: float
    upper: float
    lower: float

    @property
    def all_pass_executions(self) -> int:
        """How many passes in a row end it in favour of the higher rate."""
        return math.ceil(self.upper / self.on_pass - 1e-12)


def sequential_test(low: float, high: float, *, alpha: float = 0.05, beta: float = 0.05) -> SequentialTest:
    """Wald's sequential probability ratio test of pass rate `low` against `high`, 0 < low < high < 1.

    For who has fixed both rates: it is quicker than `decide`, but between the two it tosses a coin. Source: Wald
    (1945), Annals of Mathematical Statistics 16.
    """
    if not 0 < low < high < 1:
        raise ValueError(f"two rates in (0, 1), the lower one first, not {low} and {high}")
    return SequentialTest(
        on_pass=math.log(high / low),
        on_failure=math.log((1 - high) / (1 - low)),
        upper=math.log((1 - beta) / alpha),
        lower=math.log(beta / (1 - alpha)),
    )
