"""What a run can show, said before it starts."""

from __future__ import annotations

import pytest

from peel.estimates.foresight import visible_difference, what_a_run_can_show


@pytest.mark.parametrize(
    ("cases", "repetitions", "said"),
    [
        (6, 3, "with 6 cases and 3 repetitions you will see differences of about ±0.3"),
        (100, 5, "with 100 cases and 5 repetitions you will see differences of about ±0.06"),
        (1, 1, "with 1 case and 1 repetition you will see no difference, however large"),
    ],
)
def test_the_line_says_which_differences_will_be_seen(make, cases, repetitions, said):
    """Cases, repetitions and the half-width of a difference at worst."""
    run = make.stored(make.columns([1.0]), cases=cases, repetitions=repetitions).run
    assert what_a_run_can_show(run) == said


def test_more_executions_show_smaller_differences():
    """Four times as many: half the half-width; none: nothing."""
    assert visible_difference(4, 5) == pytest.approx(2 * visible_difference(16, 5))
    assert visible_difference(0, 5) == float("inf")


def test_a_run_without_cases_says_nothing(make):
    """No case, no line."""
    assert what_a_run_can_show(make.stored(make.columns([1.0]), cases=0, repetitions=3).run) == ""
