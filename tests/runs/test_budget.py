"""The budget: never passed by what is known, never waited for without end."""

from __future__ import annotations

import pytest

from peel.errors import StepError
from peel.runs.budget import Budget


def test_the_first_execution_goes_alone() -> None:
    """There is nothing to count it by; the next waits for its price."""
    budget = Budget(1.0)
    assert budget.may_start() is True
    budget.start()
    assert budget.may_start() is None
    budget.end(0.1)
    assert budget.may_start() is True


def test_executions_under_way_are_counted_as_the_dearest_seen() -> None:
    """0.1 is spent and each may cost 0.1 again: four fit beside it into 0.5."""
    budget = Budget(0.5)
    budget.start()
    budget.end(0.1)
    for _ in range(4):
        assert budget.may_start() is True
        budget.start()
    assert budget.may_start() is None


def test_cheaper_executions_make_room_again() -> None:
    """Who was held back may start when those under way cost less than the dearest."""
    budget = Budget(0.4)
    budget.start()
    budget.end(0.1)
    for _ in range(3):
        budget.start()
    assert budget.may_start() is None
    budget.end(0.01)
    assert budget.may_start() is None
    budget.end(0.01)
    assert budget.may_start() is True


def test_the_run_is_over_where_the_next_might_pass_the_budget_and_nothing_is_under_way() -> None:
    """Not None: nobody would ever ask again."""
    budget = Budget(0.25)
    for _ in range(2):
        assert budget.may_start() is True
        budget.start()
        budget.end(0.1)
    assert budget.may_start() is False
    assert budget.spent_usd <= budget.limit_usd


def test_a_resumed_run_counts_what_was_spent_before() -> None:
    """With nothing left, nothing starts; with something left, the first goes alone again."""
    assert Budget(1.0, spent_usd=1.0).may_start() is False
    resumed = Budget(1.0, spent_usd=0.9)
    assert resumed.may_start() is True
    resumed.start()
    resumed.end(0.09)
    assert resumed.may_start() is False


def test_executions_that_cost_nothing_are_never_held_back() -> None:
    """A model in process has no price; the budget does not bind it."""
    budget = Budget(0.01)
    budget.start()
    budget.end(0.0)
    for _ in range(1000):
        assert budget.may_start() is True
        budget.start()


def test_a_budget_of_nothing_starts_nothing() -> None:
    """0 dollars is 0 executions that might cost something."""
    assert Budget(0.0).may_start() is False


def test_an_unknown_cost_ends_the_run_with_a_sentence() -> None:
    """Taken for nothing, it would let the budget be passed without a sign."""
    budget = Budget(1.0)
    budget.start()
    with pytest.raises(StepError, match=r"--budget cannot be kept: .* run without --budget"):
        budget.end(None)
