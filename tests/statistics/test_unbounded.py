"""Seconds, dollars, tokens."""

import numpy as np
import pytest
from scipy import stats

from peel.statistics import unbounded
from peel.statistics.cases import group


def test_without_repetition_structure_it_is_welch() -> None:
    """The difference of two runs of one case, repeated, is Welch's t interval."""
    a, b = [1.0, 1.4, 0.8, 1.1], [2.0, 2.9, 1.7]
    found = unbounded.difference_these_cases(group([0] * 4, a), group([0] * 3, b))
    expected = stats.ttest_ind(b, a, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_one_case_repeated_is_the_plain_t() -> None:
    """For these cases, one case suffices if it is repeated."""
    x = [1.0, 1.4, 0.8, 1.1]
    found = unbounded.mean_these_cases(group([7] * 4, x))
    expected = stats.ttest_1samp(x, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_slow_cases_widen_new_cases_only() -> None:
    """Cases that differ much but repeat well: wide for new cases, narrow for these."""
    cases = group([0, 0, 1, 1, 2, 2], [1.0, 1.1, 5.0, 5.1, 9.0, 9.1])
    new, same = unbounded.mean_cases_like_these(cases.means), unbounded.mean_these_cases(cases)
    assert new.width is not None
    assert same.width is not None
    assert new.width > 20 * same.width
    assert new.low == 0.0


def test_what_cannot_be_known_is_a_sentence() -> None:
    """No repetition, no spread, nothing at all."""
    single, constant, nothing = group([0, 1], [1.0, 2.0]), group([0, 0, 1, 1], [1.0, 1.0, 2.0, 2.0]), group([], [])
    assert "No case was repeated" in unbounded.mean_these_cases(single).note
    assert "cannot say how sure" in unbounded.mean_these_cases(constant).note
    assert "nothing to estimate" in unbounded.mean_these_cases(nothing).note
    assert "same mean" in unbounded.mean_cases_like_these([2.0, 2.0]).note
    assert "No case was repeated" in unbounded.difference_these_cases(single, single).note
    assert "cannot say how sure" in unbounded.difference_these_cases(constant, constant).note
    assert "nothing to estimate" in unbounded.difference_these_cases(nothing, nothing).note


def test_a_ratio_is_the_same_in_every_unit() -> None:
    """Milliseconds or seconds, the candidate takes so many times as long; and swapping the runs inverts it."""
    base, candidate = np.array([1.0, 2.0, 3.0, 2.5]), np.array([1.4, 2.2, 3.9, 2.9])
    seconds = unbounded.ratio_cases_like_these(base, candidate)
    milliseconds = unbounded.ratio_cases_like_these(1000 * base, 1000 * candidate)
    swapped = unbounded.ratio_cases_like_these(candidate, base)
    assert seconds.low is not None
    assert seconds.high is not None
    assert seconds.low < candidate.mean() / base.mean() < seconds.high
    assert (milliseconds.low, milliseconds.high) == pytest.approx((seconds.low, seconds.high))
    assert (swapped.low, swapped.high) == pytest.approx((1 / seconds.high, 1 / seconds.low))


def test_a_ratio_for_these_cases_uses_the_spread_within() -> None:
    """A large difference between cases does not blur it."""
    base = group([0, 0, 1, 1], [1.0, 1.1, 50.0, 51.0])
    candidate = group([0, 0, 1, 1], [2.0, 2.2, 101.0, 99.0])
    found = unbounded.ratio_these_cases(base, candidate)
    assert found.low is not None
    assert found.high is not None
    assert 1.8 < found.low < 2 < found.high < 2.2


def test_there_is_no_ratio_to_nothing() -> None:
    """A free base has no ratio; nor have proportional cases an interval."""
    free, paid = group([0, 0, 1, 1], [0.0] * 4), group([0, 0, 1, 1], [1.0, 2.0, 1.0, 3.0])
    constant = group([0, 0], [1.0, 1.0])
    assert "no ratio" in unbounded.ratio_these_cases(free, paid).note
    assert "no ratio" in unbounded.ratio_cases_like_these([0.0, 0.0], [1.0, 2.0]).note
    assert "same ratio" in unbounded.ratio_cases_like_these([1.0, 2.0], [2.0, 4.0]).note
    assert "two cases" in unbounded.ratio_cases_like_these([1.0], [2.0]).note
    assert "No case was repeated" in unbounded.ratio_these_cases(group([0], [1.0]), paid).note
    assert "cannot say how sure" in unbounded.ratio_these_cases(constant, constant).note
    with pytest.raises(ValueError, match="a pair needs both"):
        unbounded.ratio_cases_like_these([1.0, 2.0], [1.0])


def test_quantiles_are_numpys() -> None:
    """p95 of executions, interpolated; none of nothing."""
    x = np.arange(101.0)
    assert unbounded.quantile(x, 0.95) == 95.0
    assert unbounded.quantile([], 0.5) is None


def test_a_median_lies_between_executions() -> None:
    """Of 10 executions, the 2nd and the 9th hold the median with 97.9 %, the 3rd and the 8th with 89.1 %."""
    found = unbounded.quantile_interval(np.arange(1.0, 11.0), 0.5)
    assert (found.low, found.high) == (2.0, 9.0)


def test_the_p95_of_few_executions_has_no_upper_end() -> None:
    """20 executions often miss the slowest 5 % altogether; 100 do not."""
    few, many = (unbounded.quantile_interval(np.arange(1.0, n + 1), 0.95) for n in (20, 100))
    assert few.high is None
    assert few.note == "20 executions are too few for the upper end of this quantile."
    assert many.low is not None
    assert many.high is not None
    assert many.low < 95 < many.high
    assert not many.note
    assert "nothing to estimate" in unbounded.quantile_interval([], 0.5).note
    assert "are equal" in unbounded.quantile_interval([2.0] * 50, 0.5).note


def test_quantile_intervals_cover() -> None:
    """At least 95 % of 400 seeded runs of 80 exponential latencies hold the true p90."""
    generator, truth = np.random.default_rng(3), np.log(10)
    found = [unbounded.quantile_interval(generator.exponential(size=80), 0.9) for _ in range(400)]
    covered = [i.low is not None and i.high is not None and i.low <= truth <= i.high for i in found]
    assert np.mean(covered) >= 0.95


def test_a_p95_for_new_cases_has_an_upper_bound_from_59_cases_on() -> None:
    """Each case once: the largest is the bound, since all 59 lie below the p95 with a chance of less than 5 %."""
    assert unbounded.quantile_bounds_cases_like_these(range(58), range(58), 0.95)[1] is None
    assert unbounded.quantile_bounds_cases_like_these(range(59), range(59), 0.95)[1] == 58
    assert unbounded.quantile_bounds_cases_like_these([], [], 0.95) == (None, None)


def test_repetitions_of_a_few_cases_bound_no_p95_of_new_ones() -> None:
    """Five cases stay five, however often they are repeated."""
    low, high = unbounded.quantile_bounds_cases_like_these([n % 5 for n in range(1000)], range(1000), 0.95)
    assert high is None
    assert low is not None
