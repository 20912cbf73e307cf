"""Where the variance comes from."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from peel.statistics import variance
from peel.statistics.cases import Cases, group


def test_components_of_the_reference(nested: Cases, vectors: dict[str, Any]) -> None:
    """Balanced, they are those of a mixed model (REML)."""
    expected, found = vectors["variance_components_balanced"]["expected"], variance.components(nested)
    assert found is not None
    assert found.mean_square_between == pytest.approx(expected["ms_between"], abs=1e-6)
    assert found.mean_square_within == pytest.approx(expected["ms_within"], abs=1e-6)
    assert found.repetitions == expected["k0"]
    assert (found.between, found.within) == pytest.approx((expected["var_between"], expected["var_within"]), abs=1e-6)
    assert found.icc == pytest.approx(expected["icc"], abs=1e-6)
    assert found.design_effect == pytest.approx(expected["deff"], abs=1e-6)
    assert found.effective_executions == pytest.approx(expected["n_effective"], abs=1e-5)


def test_components_need_two_cases_and_a_repetition() -> None:
    """Otherwise they are unknown; where nothing varies, the shares are."""
    assert variance.components(group([0, 0], [0.0, 1.0])) is None
    assert variance.components(group([0, 1], [0.0, 1.0])) is None
    assert variance.components(group([], [])) is None
    constant = variance.components(group([0, 0, 1], [0.5] * 3))
    assert constant is not None
    assert constant.icc is constant.design_effect is constant.effective_executions is None


def nested_scores(repetitions: int, judgings: int) -> tuple[Any, Any, Any]:
    """Forty cases with known variances 0.04, 0.02 and 0.01 of case, execution and judge."""
    generator = np.random.default_rng(11)
    case = np.repeat(np.arange(40), repetitions * judgings)
    execution = np.repeat(np.arange(40 * repetitions), judgings)
    scores = 0.2 * generator.standard_normal(40)[case]
    scores = scores + np.sqrt(0.02) * generator.standard_normal(40 * repetitions)[execution]
    return case, execution, scores + 0.1 * generator.standard_normal(case.size)


def test_judge_components_follow_from_the_balanced_mean_squares() -> None:
    """var_judge = MS_j, var_execution = (MS_x - MS_j) / R, var_case = (MS_c - MS_x) / (k R)."""
    case, execution, scores = nested_scores(repetitions=5, judgings=3)
    cube = scores.reshape(40, 5, 3)
    ms_judge = cube.var(axis=2, ddof=1).mean()
    ms_execution = 3 * cube.mean(axis=2).var(axis=1, ddof=1).mean()
    ms_case = 15 * cube.mean(axis=(1, 2)).var(ddof=1)
    found = variance.judge_components(case, execution, scores=scores)
    assert found is not None
    assert found.judge == pytest.approx(ms_judge)
    assert found.execution == pytest.approx((ms_execution - ms_judge) / 3)
    assert found.case == pytest.approx((ms_case - ms_execution) / 15)
    assert found.shares is not None
    assert sum(found.shares) == pytest.approx(1)


def test_judge_components_survive_missing_judgings() -> None:
    """Unbalanced, they stay near those of the full data."""
    case, execution, scores = nested_scores(repetitions=10, judgings=4)
    kept = np.arange(scores.size) % 7 > 1
    found = variance.judge_components(case[kept], execution[kept], scores=scores[kept])
    full = variance.judge_components(case, execution, scores=scores)
    assert found is not None
    assert full is not None
    assert (found.case, found.execution, found.judge) == pytest.approx((full.case, full.execution, full.judge), rel=0.1)


def test_judge_components_need_repeats_of_everything() -> None:
    """One judging each, or one execution each, cannot be told apart; constant scores have no shares."""
    assert variance.judge_components([0, 0, 1, 1], [0, 1, 2, 3], scores=[0, 1, 1, 1]) is None
    assert variance.judge_components([0, 0, 1, 1], [0, 0, 1, 1], scores=[0, 1, 1, 1]) is None
    assert variance.judge_components([], [], scores=[]) is None
    constant = variance.judge_components([0, 0, 0, 1], [0, 0, 1, 2], scores=[0.5] * 4)
    assert constant is not None
    assert constant.shares is None
    with pytest.raises(ValueError, match="occurs in two cases"):
        variance.judge_components([0, 1], [0, 0], scores=[0, 1])


def test_step_effect_compares_within_cases() -> None:
    """The case is held fixed: a step that is right on easy cases only does not look good for that."""
    case = [0, 0, 0, 0, 1, 1, 2, 2]
    scores = [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    right = [True, True, False, False, True, True, False, False]
    found = variance.step_effect(case, scores, right=right)
    assert (found.right, found.wrong, found.mixed_cases) == (4, 4, 1)
    assert (found.mean_right, found.mean_wrong, found.within_case) == (1.0, 0.0, 1.0)
    assert found.lost == 0.5


def test_a_step_that_is_always_right_loses_nothing_known() -> None:
    """Without a wrong execution there is nothing to compare."""
    found = variance.step_effect([0, 1], [1.0, 0.0], right=[True, True])
    assert (found.mean_wrong, found.within_case, found.lost, found.interval.low) == (None, None, None, None)
    assert variance.step_effect([], [], right=[]).lost is None


def test_step_effect_between_cases_has_an_interval_from_both_groups() -> None:
    """A step that is right on some cases and wrong on others: no case is held fixed, and the interval says it."""
    case = np.repeat(np.arange(12), 3)
    right = case < 6
    found = variance.step_effect(case, np.where(right, 1.0, 0.0), right=right)
    assert (found.held, found.mixed_cases, found.cases_right, found.cases_wrong) == (False, 0, 6, 6)
    assert (found.mean_right, found.mean_wrong, found.difference, found.lost) == (1.0, 0.0, 1.0, 0.5)
    low, high = found.difference_interval.low, found.difference_interval.high
    assert low is not None
    assert high is not None
    assert 0 < low < 1 <= high
    assert found.within_case is None


def test_step_effect_does_not_count_repetitions_as_cases() -> None:
    """Fifty repetitions of the same cases say no more about new cases than three."""
    few = variance.step_effect(
        np.repeat(np.arange(8), 3), np.repeat(np.arange(8) % 2, 3), right=[True] * 12 + [False] * 12
    )
    many = variance.step_effect(
        np.repeat(np.arange(8), 50), np.repeat(np.arange(8) % 2, 50), right=[True] * 200 + [False] * 200
    )
    assert few.difference_interval.low == pytest.approx(many.difference_interval.low)
    assert few.interval_right.low == pytest.approx(many.interval_right.low)


def test_step_effect_holds_the_case_fixed_where_most_cases_have_both() -> None:
    """Cases differ wildly, the step costs each the same: only within cases it shows."""
    ease = np.linspace(0.1, 0.9, 10)
    case = np.tile(np.arange(10), 4)
    right = np.repeat([True, False, True, False], 10)
    scores = np.clip(ease[case] + np.where(right, 0.1, -0.1), 0, 1)
    found = variance.step_effect(case, scores, right=right)
    assert (found.held, found.mixed_cases) == (True, 10)
    assert found.difference == pytest.approx(0.2)
    assert found.difference_interval == found.interval


def test_step_effect_is_wider_where_more_is_looked_through() -> None:
    """Bonferroni's correction: all differences hold together."""
    case, right = np.arange(12), np.arange(12) < 6
    one = variance.step_effect(case, right.astype(float), right=right)
    ten = variance.step_effect(case, right.astype(float), right=right, looks=10)
    assert ten.difference_interval.level == pytest.approx(0.995)
    assert ten.difference_interval.width is not None
    assert one.difference_interval.width is not None
    assert ten.difference_interval.width > one.difference_interval.width
    assert ten.interval_right == one.interval_right


def test_step_effect_of_one_case_on_a_side_has_no_interval() -> None:
    """And a sentence that says what it takes."""
    found = variance.step_effect([0, 1, 2], [1.0, 0.0, 0.0], right=[True, False, False])
    assert (found.difference, found.difference_interval.low) == (1.0, None)
    assert "two cases" in found.difference_interval.note


def test_the_share_between_cases_has_an_interval(nested: Cases) -> None:
    """By F: the ends follow from its quantiles with (5, 18) degrees of freedom, and enclose the share."""
    found = variance.components(nested)
    assert found is not None
    assert found.icc is not None
    interval = variance.icc_interval(found, nested)
    ratio = found.mean_square_between / found.mean_square_within
    low, high = (ratio / stats.f.ppf(q, 5, 18) - 1 for q in (0.975, 0.025))
    assert interval.low == pytest.approx(max(0, low) / (4 + max(0, low)))
    assert interval.high == pytest.approx(high / (4 + high))
    assert interval.low <= found.icc <= interval.high


@pytest.mark.parametrize("rows", [[[1.0, 1.0], [0.0, 0.0]], [[1.0, 0.0]] * 20])
def test_the_share_between_cases_is_never_of_zero_width(rows: list[list[float]]) -> None:
    """Where nothing varies within cases, or nothing between many of them, there is a sentence instead."""
    cases = group(np.repeat(np.arange(len(rows)), 2), np.ravel(rows))
    found = variance.components(cases)
    assert found is not None
    interval = variance.icc_interval(found, cases)
    assert (interval.low, interval.high) == (None, None)
    assert interval.note
