"""How many cases and repetitions: for a half-width, for a difference, for proof of a pass rate; and what they cost.

`between` and `within` are the variance components of a pilot (see `variance.components`), in the squared unit of the
value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from peel.statistics.cases import Cases
from peel.statistics.distributions import (
    binomial_at_least,
    chi_square_quantile,
    normal_quantile,
    t_quantile,
)
from peel.statistics.variance import components

__all__ = [
    "Proof",
    "all_pass_executions",
    "all_pass_lower",
    "best_repetitions",
    "cases_for_difference",
    "cases_for_half_width",
    "detectable_difference",
    "half_width",
    "half_width_these_cases",
    "judge_repetitions",
    "pilot_variances",
    "proof",
    "repetitions_for_half_width",
]

_MOST_CASES = 10_000_000


def half_width(cases: int, repetitions: int, *, between: float, within: float, level: float = 0.95) -> float | None:
    """New cases like these: half the width of the interval of a mean, t_{m-1} sqrt((between + within / k) / m).

    In the value's unit. None for fewer than two cases.
    """
    if cases < 2:
        return None
    return t_quantile((1 + level) / 2, cases - 1) * math.sqrt((between + within / repetitions) / cases)


def half_width_these_cases(cases: int, repetitions: int, *, within: float, level: float = 0.95) -> float:
    """These cases: half the width of the interval of a mean, about z sqrt(within / (m k))."""
    return normal_quantile((1 + level) / 2) * math.sqrt(within / (cases * repetitions))


def cases_for_half_width(
    target: float, repetitions: int, *, between: float, within: float, level: float = 0.95
) -> int | None:
    """New cases like these: the smallest m whose `half_width` is at most `target` > 0.

    None if more than ten million would be needed. Raises ValueError for a target of 0 or less.
    """
    if target <= 0:
        raise ValueError(f"a half-width is greater than 0, not {target}")

    def enough(m: int) -> bool:
        return (half_width(m, repetitions, between=between, within=within, level=level) or 0.0) <= target

    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
        if high > _MOST_CASES:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def best_repetitions(between: float, within: float, *, cost_case: float, cost_execution: float) -> int | None:
    """The repetitions per case that buy most precision: sqrt(cost_case / cost_execution * within / between).

    New cases like these; costs in one unit, `cost_execution` > 0; at least 1. None where between is 0: then new cases
    add nothing that repetitions do not. Source: Cochran (1977), Sampling Techniques, sec. 10.6.
    """
    if between <= 0:
        return None
    return max(1, round(math.sqrt(cost_case / cost_execution * within / between)))


def judge_repetitions(execution: float, judge: float, *, cost_execution: float, cost_judge: float) -> int | None:
    """How often to judge each execution: sqrt(var_judge/var_execution * cost_execution/cost_judge), at least 1.

    `execution` and `judge` are the components of `variance.judge_components`. None where executions do not differ.
    """
    return best_repetitions(execution, judge, cost_case=cost_execution, cost_execution=cost_judge)


def cases_for_difference(
    delta: float,
    difference_variance: float,
    *,
    within: tuple[float, float] = (0.0, 0.0),
    repetitions: int = 1,
    power: float = 0.8,
    level: float = 0.95,
) -> int | None:
    """Cases that show a true difference of `delta` between two runs with probability `power`, two-sided.

    (z_{a/2} + z_b)^2 (omega^2 + (s_A^2 + s_B^2) / k) / delta^2; `difference_variance` is omega^2, the variance of the
    true differences of cases (0 for these cases), `within` the variances within cases of both runs. Source: Miller
    (2024), arXiv:2411.00640. None if more than ten million would be needed. Raises ValueError for a delta of 0.
    """
    if delta == 0:
        raise ValueError("a difference of 0 cannot be shown by any number of cases")
    return _whole(_z(power, level) * math.sqrt(difference_variance + sum(within) / repetitions), abs(delta))


def repetitions_for_half_width(target: float, cases: int, *, within: float, level: float = 0.95) -> int | None:
    """These cases: the smallest k whose `half_width_these_cases` is at most `target` > 0.

    None if more than ten million would be needed. Raises ValueError for a target of 0 or less.
    """
    if target <= 0:
        raise ValueError(f"a half-width is greater than 0, not {target}")
    return _whole(half_width_these_cases(cases, 1, within=within, level=level), target)


def _whole(spread: float, target: float) -> int | None:
    """(spread / target)^2, rounded up to 1 or more; None above ten million."""
    if spread > target * math.sqrt(_MOST_CASES):
        return None
    return max(1, math.ceil((spread / target) ** 2 - 1e-9))


def detectable_difference(
    cases: int,
    repetitions: int,
    *,
    difference_variance: float,
    within: tuple[float, float],
    power: float = 0.8,
    level: float = 0.95,
) -> float:
    """The smallest true difference that m cases with k repetitions show with probability `power`."""
    return _z(power, level) * math.sqrt((difference_variance + sum(within) / repetitions) / cases)


def _z(power: float, level: float) -> float:
    return normal_quantile((1 + level) / 2) + normal_quantile(power)


def pilot_variances(cases: Cases, *, confidence: float = 0.8) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """((between, within) as estimated, (between, within) to be safe) from a pilot with values in [0, 1].

    A small pilot is noisy, so plan with both and print the cases needed as a range. The safe between is the larger of
    the one with half a case added at 0 and at 1, and the upper chi-square limit at `confidence`. None as for
    `components`.
    """
    plain, mean = components(cases), cases.mean
    if plain is None or mean is None:
        return None
    m = cases.size
    centre = (m * mean + 0.5) / (m + 1)
    anchored = float(((cases.means - centre) ** 2).sum() + centre**2 / 2 + (1 - centre) ** 2 / 2) / m
    scale = (m - 1) / chi_square_quantile(1 - confidence, m - 1)
    noise = plain.within / plain.repetitions
    safe = max(plain.between, anchored - noise, scale * float(cases.means.var(ddof=1)) - noise)
    return (plain.between, plain.within), (safe, max(plain.within, _anchored_within(plain.within, cases)))


def _anchored_within(within: float, cases: Cases) -> float:
    """MSW with one pass and one failure added in one more case: above 0 even if no repetition differed."""
    degrees = cases.executions - cases.size
    return (degrees * within + 0.5) / (degrees + 1)


@dataclass(frozen=True, slots=True)
class Proof:
    """A test of a pass rate planned in advance: `passes` or more of `executions` show it, with chance `power`."""

    executions: int
    passes: int
    power: float


def proof(bar: float, truth: float, *, error: float = 0.05, power: float = 0.9, most: int = 100_000) -> Proof | None:
    """The smallest exact one-sided test that shows a pass rate above `bar` with chance `power` if it is `truth`.

    Exact binomial, executions independent. None if `most` executions are not enough. Raises ValueError unless
    0 < bar < truth <= 1.
    """
    if not 0 < bar < truth <= 1:
        raise ValueError(f"the true rate ({truth}) must lie above the bar ({bar}), both in (0, 1]")
    for start in range(1, most + 1, 512):
        n = np.arange(start, min(start + 512, most + 1))
        passes = np.array([_critical(int(size), bar, error) for size in n])
        reached = np.where(passes <= n, binomial_at_least(passes, n, rate=truth), 0.0)
        if (reached >= power).any():
            first = int(np.argmax(reached >= power))
            return Proof(int(n[first]), int(passes[first]), float(reached[first]))
    return None


def _critical(n: int, bar: float, error: float) -> int:
    """The smallest number of passes in n that a rate of at most `bar` reaches with a chance of at most `error`."""
    chances = binomial_at_least(np.arange(n + 2), np.full(n + 2, n), rate=bar)
    return int(np.argmax(chances <= error))


def all_pass_lower(n: int, level: float = 0.95) -> float:
    """The one-sided lower bound of a pass rate when all n executions passed: (1 - level)^(1/n); 0 for n = 0."""
    return float((1 - level) ** (1 / n)) if n else 0.0


def all_pass_executions(bar: float, level: float = 0.95) -> int:
    """How many executions must all pass to show a pass rate of at least `bar`: ceil(ln(1 - level) / ln(bar))."""
    if not 0 < bar < 1:
        raise ValueError(f"a pass rate to be shown lies in (0, 1), not {bar}")
    return math.ceil(math.log(1 - level) / math.log(bar) - 1e-9)
