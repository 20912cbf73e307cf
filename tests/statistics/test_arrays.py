"""What is refused at the door."""

import pytest

from peel.statistics import arrays


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_an_error(bad: float) -> None:
    """NaN never enters a mean, where it would be dropped or spread in silence."""
    with pytest.raises(ValueError, match="leave out what has no value"):
        arrays.as_floats([0.5, bad])


def test_a_score_outside_zero_to_one_is_an_error() -> None:
    """A score of 1.2 is a mistake of its evaluator, and rounding noise is not."""
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        arrays.as_shares([0.5, 1.2])
    assert arrays.as_shares([1 + 1e-15]).max() == 1.0


@pytest.mark.parametrize("bad", [[-1], [0.5]])
def test_a_count_is_a_whole_number_from_zero(bad: list[float]) -> None:
    """Negative and fractional counts are errors."""
    with pytest.raises(ValueError, match="integers from 0 up"):
        arrays.as_integers(bad)
