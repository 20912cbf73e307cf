"""Verdicts from bounds."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peel.statistics import gates, intervals
from peel.statistics.gates import Bounds


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (0.9, 1.0, "pass"),
        (0.5, 0.89, "fail"),
        (0.85, 0.95, "undecided"),
        (0.5, 0.9, "undecided"),
        (None, None, "undecided"),
    ],
)
def test_at_least(lower: float | None, upper: float | None, verdict: str) -> None:
    """Passes if the lower bound reaches the bar, fails if the upper bound does not."""
    assert gates.decide(lower, upper, at_least=0.9) == verdict


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"), [(0.0, 0.2, "pass"), (0.3, 0.5, "fail"), (0.1, 0.3, "undecided")]
)
def test_at_most(lower: float, upper: float, verdict: str) -> None:
    """The mirror image, in any unit."""
    assert gates.decide(lower, upper, at_most=0.2) == verdict


def test_both_requirements_hold_together() -> None:
    """One failure fails; a pass needs both."""
    assert gates.decide(0.4, 0.5, at_least=0.3, at_most=0.6) == "pass"
    assert gates.decide(0.4, 0.7, at_least=0.3, at_most=0.6) == "undecided"
    assert gates.decide(0.7, 0.8, at_least=0.3, at_most=0.6) == "fail"


def test_tolerance_lowers_the_bar_to_pass_only() -> None:
    """What fails without it fails with it, unless it passes."""
    assert gates.decide(0.86, 0.95, at_least=0.9, tolerance=0.05) == "pass"
    assert gates.decide(0.80, 0.89, at_least=0.9, tolerance=0.05) == "fail"


def test_a_gate_without_a_requirement_is_an_error() -> None:
    """So is a negative tolerance."""
    with pytest.raises(ValueError, match="needs at_least or at_most"):
        gates.decide(0.1, 0.2)
    with pytest.raises(ValueError, match="tolerance is 0 or more"):
        gates.decide(0.1, 0.2, at_least=0.5, tolerance=-0.1)


@pytest.mark.parametrize(
    ("lower", "upper", "verdict"),
    [
        (-0.04, 0.03, "pass"),
        (-0.04, -0.01, "pass"),
        (-0.2, -0.01, "fail"),
        (-0.2, 0.1, "undecided"),
        (None, None, "undecided"),
    ],
)
def test_non_inferiority(lower: float | None, upper: float | None, verdict: str) -> None:
    """Passes if shown to be within the margin, fails if shown worse and not shown to be within it."""
    assert gates.non_inferior(lower, upper, margin=0.05) == verdict


def test_a_margin_of_zero_is_an_error() -> None:
    """Nobody can show "not worse at all"."""
    with pytest.raises(ValueError, match="greater than 0"):
        gates.non_inferior(-0.1, 0.1, margin=0.0)


def test_an_undecided_gate_says_how_many_more_executions_decide_it() -> None:
    """After about so many more at the same share, it is decided, and not after half of them."""

    def bounds(n: float) -> Bounds:
        interval = intervals.wilson(0.95, n, level=0.9)
        return interval.low, interval.high

    more = gates.more_to_decide(0.95, bounds(60), n=60, at_least=0.9)
    assert more is not None
    assert gates.decide(*bounds(60 + 1.3 * more), at_least=0.9) == "pass"
    assert gates.decide(*bounds(60 + 0.5 * more), at_least=0.9) == "undecided"


def test_all_passes_close_in_faster() -> None:
    """At a share of exactly 1 the bound moves like 1/n: 10 of 10 need about 17 more for 0.9, not 70."""
    interval = intervals.wilson(1.0, 10, level=0.9)
    more = gates.more_to_decide(1.0, (interval.low, interval.high), n=10, at_least=0.9)
    assert more is not None
    assert 10 <= more <= 20


def test_a_decided_gate_needs_no_more() -> None:
    """0 if decided; None if the value lies on the bar, or nothing is known."""
    assert gates.more_to_decide(0.95, (0.92, 0.99), n=50, at_least=0.9) == 0
    assert gates.more_to_decide(0.9, (0.8, 0.95), n=50, at_least=0.9) is None
    assert gates.more_to_decide(0.9, (None, None), n=50, at_least=0.9) is None


def test_a_failing_value_counts_towards_failure() -> None:
    """Below the bar it is the upper bound that must come down; for costs it is mirrored."""
    assert gates.more_to_decide(0.8, (0.7, 0.95), n=20, at_least=0.9) == 25
    assert gates.more_to_decide(0.2, (0.05, 0.3), n=20, at_most=0.1) == 25
    assert gates.more_to_decide(0.88, (0.8, 0.94), n=20, at_least=0.9, tolerance=0.05) == 123


def test_failure_p_is_the_error_at_which_a_gate_fails() -> None:
    """At this error the bound lies on the bar; a gate that is met has 1."""

    def at(share: float) -> Callable[[float], Bounds]:
        def bounds(level: float) -> Bounds:
            interval = intervals.wilson(share, 100, level=intervals.one_sided(level))
            return interval.low, interval.high

        return bounds

    p = gates.failure_p(at(0.8), at_least=0.9)
    assert at(0.8)(1 - p)[1] == pytest.approx(0.9, abs=1e-6)
    assert gates.failure_p(at(0.95), at_least=0.9) == 1.0
    assert gates.failure_p(at(0.1), at_least=0.9) == 1e-9


def test_holm_steps_down() -> None:
    """The least p is multiplied by their number, the next by one less, and the order never turns."""
    assert gates.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert gates.holm([]).size == 0


def test_benjamini_hochberg_of_the_reference(vectors: dict[str, Any]) -> None:
    """As `scipy.stats.false_discovery_control`."""
    expected = vectors["conformal_novelty"]["expected"]
    assert gates.benjamini_hochberg(expected["p"]) == pytest.approx(expected["bh"], abs=1e-5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_corrections_never_lower_a_p(p: list[float]) -> None:
    """Holm is the stricter of the two, and both keep the order."""
    holm, bh = gates.holm(p), gates.benjamini_hochberg(p)
    assert (holm >= bh - 1e-12).all()
    assert (bh >= np.array(p) - 1e-12).all()
    assert (np.diff(holm[np.argsort(p)]) >= -1e-12).all()
