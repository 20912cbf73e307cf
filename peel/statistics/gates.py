"""Three-valued verdicts from one-sided bounds, what it takes to reach one, and corrections for several at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import Floats, as_shares
from peel.statistics.distributions import root

__all__ = [
    "Bounds",
    "Verdict",
    "benjamini_hochberg",
    "decide",
    "failure_p",
    "holm",
    "more_to_decide",
    "non_inferior",
]

Verdict: TypeAlias = Literal["pass", "fail", "undecided"]
Bounds: TypeAlias = tuple[float | None, float | None]
"""A lower and an upper one-sided bound; None where nothing is known."""


def decide(
    lower: float | None,
    upper: float | None,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    tolerance: float = 0.0,
) -> Verdict:
    """Whether a value with these one-sided bounds meets a requirement, in the value's own unit.

    `at_least`: pass if lower >= bar - tolerance, else fail if upper < bar. `at_most`: pass if upper <= bar + tolerance,
    else fail if lower > bar. With both, one failure fails. A bound of None decides nothing. Raises ValueError without a
    requirement or with a negative tolerance.
    """
    if at_least is None and at_most is None:
        raise ValueError("a gate needs at_least or at_most")
    if tolerance < 0:
        raise ValueError(f"a tolerance is 0 or more, not {tolerance}")
    verdicts = []
    if at_least is not None:
        verdicts.append(_at_least(lower, upper, at_least, tolerance))
    if at_most is not None:
        verdicts.append(_at_least(_negated(upper), _negated(lower), -at_most, tolerance))
    return _all_of(verdicts)


def _at_least(lower: float | None, upper: float | None, bar: float, tolerance: float) -> Verdict:
    slack = 1e-12 * max(1.0, abs(bar))
    if lower is not None and lower >= bar - tolerance - slack:
        return "pass"
    return "fail" if upper is not None and upper < bar - slack else "undecided"


def _negated(bound: float | None) -> float | None:
    return None if bound is None else -bound


def _all_of(verdicts: list[Verdict]) -> Verdict:
    if "fail" in verdicts:
        return "fail"
    return "pass" if all(verdict == "pass" for verdict in verdicts) else "undecided"


def non_inferior(lower: float | None, upper: float | None, *, margin: float) -> Verdict:
    """Whether a candidate is not worse than its base by `margin` > 0, from one-sided bounds of candidate - base.

    Pass if lower > -margin; else fail if upper < 0 (shown worse, and not shown to be within the margin). For a cost or
    a latency, where less is better, pass the bounds of base - candidate.
    """
    if margin <= 0:
        raise ValueError(f"a margin is greater than 0, not {margin}")
    if lower is not None and lower > -margin:
        return "pass"
    return "fail" if upper is not None and upper < 0 else "undecided"


def more_to_decide(
    value: float,
    bounds: Bounds,
    *,
    n: int,
    at_least: float | None = None,
    at_most: float | None = None,
    tolerance: float = 0.0,
) -> int | None:
    """About how many more of what n counts (executions for these cases, else cases) would decide an undecided gate.

    An approximation: the value stays where it is, and its bounds close in like 1/sqrt(n), or like 1/n at a value of
    exactly 0 or 1. The nearer of the verdicts it can reach counts; with both requirements, the farther one of the two.
    0 if it is decided already, None if no number decides it (the value lies on the bar) or a bound is unknown.
    """
    lower, upper = bounds
    if decide(lower, upper, at_least=at_least, at_most=at_most, tolerance=tolerance) != "undecided":
        return 0
    if lower is None or upper is None:
        return None
    power = 1 if value in (0.0, 1.0) else 2
    needs = []
    if at_least is not None:
        needs.append(_factor(value - lower, upper - value, value - at_least, tolerance))
    if at_most is not None:
        needs.append(_factor(upper - value, value - lower, at_most - value, tolerance))
    factor = max(needs)
    return None if math.isinf(factor) else max(1, math.ceil(n * (factor**power - 1) - 1e-9))


def _factor(down: float, up: float, spare: float, tolerance: float) -> float:
    """How many times narrower the bounds must be: `spare` is how far the value lies above the bar."""
    passing = down / (spare + tolerance) if spare + tolerance > 1e-12 else math.inf
    failing = up / -spare if spare < -1e-12 else math.inf
    return max(1.0, min(passing, failing))


def failure_p(
    bounds: Callable[[float], Bounds], *, at_least: float | None = None, at_most: float | None = None
) -> float:
    """The p-value of "the requirement is not met": the smallest error at which the one-sided bounds show a failure.

    `bounds(level)` gives the one-sided bounds at a confidence level; errors from 1e-9 to 0.49 are searched, and 1.0 is
    the answer if not even that shows it. This is what `holm` needs to correct the failures of several gates.
    """

    def spare(exponent: float) -> float:
        lower, upper = bounds(1 - 10.0**exponent)
        above = math.inf if at_least is None or upper is None else upper - at_least
        return min(above, math.inf if at_most is None or lower is None else at_most - lower)

    least, most = -9.0, math.log10(0.49)
    if spare(most) >= 0:
        return 1.0
    return float(10.0 ** (root(spare, least, high=most) if spare(least) > 0 else least))


def holm(p_values: npt.ArrayLike) -> Floats:
    """Adjusted p-values, shape (n,), in the order given; those <= 0.05 hold together with at most 5 % error in all.

    For several verdicts of which one failure fails the whole. Source: Holm (1979), Scandinavian Journal of Statistics
    6.
    """
    p = as_shares(p_values)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return _unordered(np.minimum(stepped, 1.0), order)


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Adjusted p-values, shape (n,), in the order given; of those <= q, at most a share q is expected to be false.

    For tables to explore. Source: Benjamini & Hochberg (1995), JRSS B 57.
    """
    p = as_shares(p_values)
    order = np.argsort(p, kind="stable")
    stepped = p[order] * p.size / np.arange(1, p.size + 1)
    return _unordered(np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0), order)


def _unordered(values: Floats, order: npt.NDArray[np.intp]) -> Floats:
    result = np.empty_like(values)
    result[order] = values
    return result
