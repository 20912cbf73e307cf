"""Intervals of ratings from their counts and sums."""

from __future__ import annotations

import numpy as np
import pytest

from peel.statistics.intervals import anchored_bootstrap, jeffreys
from peel.statistics.ratings import bootstrap_of_counts, bootstrap_of_sums

STARS = np.array([0, 0.25, 0.5, 0.75, 1])


@pytest.mark.parametrize("counts", [(1, 0, 0, 1, 1), (3, 1, 0, 4, 12), (40, 0, 0, 0, 0), (0, 0, 30, 0, 0)])
def test_counts_give_the_interval_of_the_ratings_one_by_one(counts: tuple[int, ...]) -> None:
    """To the last digits, also where all are the same."""
    whole = anchored_bootstrap(np.repeat(STARS, counts))
    counted = bootstrap_of_counts(STARS, counts)
    assert (counted.low, counted.high) == pytest.approx((whole.low, whole.high), abs=1e-9)


def test_the_interval_of_passes_from_sums_is_that_of_jeffreys() -> None:
    """Its Beta has the very mean and variance."""
    made, known = bootstrap_of_sums(1000, 800, squares=800), jeffreys(800, 1000)
    assert (made.low, made.high) == pytest.approx((known.low, known.high), abs=1e-9)


def test_sums_of_many_ratings_come_near_the_exact_interval() -> None:
    """Within 0.001 for skewed ratings from 200 on."""
    counts = np.array([30, 10, 20, 40, 100])
    made = bootstrap_of_sums(200, float(counts @ STARS), squares=float(counts @ STARS**2))
    exact = bootstrap_of_counts(STARS, counts)
    assert (made.low, made.high) == pytest.approx((exact.low, exact.high), abs=0.001)


@pytest.mark.parametrize(("n", "note"), [(0, "Nothing is rated"), (1, "One rating")])
def test_too_few_ratings_have_no_interval_but_a_sentence(n: int, note: str) -> None:
    """Nothing of zero width."""
    for made in (bootstrap_of_counts([0.5], [n]), bootstrap_of_sums(n, 0.5 * n, squares=0.25 * n)):
        assert (made.low, made.high) == (None, None)
        assert made.note.startswith(note)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_thousand_equal_ratings_still_have_an_interval(value: float) -> None:
    """It holds the value and is not a point."""
    made = bootstrap_of_sums(1000, 1000 * value, squares=1000 * value**2)
    assert made.low is not None
    assert made.high is not None
    assert made.low <= value <= made.high
    assert made.high - made.low > 0.001
