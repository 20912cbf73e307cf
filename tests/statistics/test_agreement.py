"""How far a judge can be trusted."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peel.statistics import agreement

levels = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30)


@pytest.fixture
def pair(vectors: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """Human scores, judge scores, and what is expected of them."""
    vector = vectors["judge_vs_human"]
    return np.array(vector["input"]["human"]), np.array(vector["input"]["judge"]), vector["expected"]


def test_correlations_of_the_reference(pair: tuple[Any, Any, dict[str, Any]]) -> None:
    """Pearson, Spearman, Kendall's tau-b and Lin's concordance."""
    human, judge, expected = pair
    assert agreement.pearson(human, judge) == pytest.approx(expected["pearson"], abs=1e-6)
    assert agreement.spearman(human, judge) == pytest.approx(expected["spearman"], abs=1e-6)
    assert agreement.kendall(human, judge) == pytest.approx(expected["kendall_tau_b"], abs=1e-6)
    assert agreement.concordance(human, judge) == pytest.approx(expected["lin_ccc"], abs=1e-6)


def test_bias_of_the_reference(pair: tuple[Any, Any, dict[str, Any]]) -> None:
    """The mean difference, its interval and the limits of agreement."""
    human, judge, expected = pair
    found = agreement.bias(human, judge)
    assert found is not None
    assert found.mean == pytest.approx(expected["bias_judge_minus_human"], abs=1e-6)
    assert (found.interval.low, found.interval.high) == pytest.approx(expected["bias_ci95_t"], abs=1e-6)
    assert (found.limits.low, found.limits.high) == pytest.approx(expected["loa95"], abs=1e-5)


def test_distances_of_the_reference(pair: tuple[Any, Any, dict[str, Any]]) -> None:
    """Mean absolute difference, share within 0.1, agreement at the pass threshold."""
    human, judge, expected = pair
    assert agreement.mean_absolute_difference(human, judge) == pytest.approx(expected["mae"], abs=1e-6)
    assert agreement.agreement_within(human, judge, distance=0.1) == pytest.approx(
        expected["agree_within_0_1"], abs=1e-6
    )
    assert agreement.agreement_at(human, judge, threshold=0.5) == expected["pass_agreement_at_0_5"]


def test_kappa_of_the_reference(pair: tuple[Any, Any, dict[str, Any]]) -> None:
    """On five levels, weighted by the square, the distance, and not at all."""
    human, judge, expected = pair
    a, b = (np.digitize(scores, [0.125, 0.375, 0.625, 0.875]) for scores in (human, judge))
    assert agreement.kappa(a, b) == pytest.approx(expected["kappa_quadratic"], abs=1e-6)
    assert agreement.kappa(a, b, weighting="linear") == pytest.approx(expected["kappa_linear"], abs=1e-6)
    assert agreement.kappa(a, b, weighting="none") == pytest.approx(expected["kappa_unweighted"], abs=1e-6)


def test_intraclass_correlation_of_the_reference(pair: tuple[Any, Any, dict[str, Any]]) -> None:
    """One-way, absolute agreement, consistency."""
    human, judge, expected = pair
    found = agreement.intraclass_correlation(np.column_stack((human, judge)))
    assert found is not None
    assert found.one_way == pytest.approx(expected["icc_1"], abs=1e-6)
    assert found.agreement == pytest.approx(expected["icc_A1"], abs=1e-6)
    assert found.consistency == pytest.approx(expected["icc_C1"], abs=1e-6)


def test_krippendorff_of_the_reference(pair: tuple[Any, Any, dict[str, Any]]) -> None:
    """Interval alpha from flat arrays; an execution that one rater left out changes nothing."""
    human, judge, expected = pair
    execution, scores = np.tile(np.arange(12), 2), np.concatenate((human, judge))
    assert agreement.krippendorff(execution, scores) == pytest.approx(expected["krippendorff_interval"], abs=1e-6)
    more = agreement.krippendorff(np.append(execution, 99), np.append(scores, 0.3))
    assert more == pytest.approx(expected["krippendorff_interval"], abs=1e-6)


def test_position_bias_of_the_reference(vectors: dict[str, Any]) -> None:
    """Consistency, bias with its exact p, and a win rate that counts inconsistent pairs half."""
    given_, expected = vectors["position_bias"]["input"], vectors["position_bias"]["expected"]
    found = agreement.position_bias(
        given_["A_wins_both"],
        given_["B_wins_both"],
        first_wins=given_["first_wins_both"],
        second_wins=given_["second_wins_both"],
    )
    assert found is not None
    assert (found.consistency, found.bias) == pytest.approx((expected["consistency"], expected["position_bias_rate"]))
    assert found.p == pytest.approx(expected["p_exact"], abs=1e-6)
    assert found.win_rate == pytest.approx(expected["winrate_A_order_averaged"])
    ends = (found.consistency_interval.low, found.consistency_interval.high)
    assert ends == pytest.approx(expected["consistency_wilson95"], abs=1e-6)
    assert agreement.position_bias(0, 0, first_wins=0, second_wins=0) is None


def test_correlation_hides_a_bias_that_agreement_shows() -> None:
    """A judge 0.3 too kind correlates perfectly, and agrees badly."""
    human = np.array([0.1, 0.3, 0.5, 0.7])
    assert agreement.pearson(human, human + 0.3) == pytest.approx(1.0)
    found = agreement.intraclass_correlation(np.column_stack((human, human + 0.3)))
    assert found is not None
    assert found.consistency == pytest.approx(1.0)
    assert found.agreement < 0.67
    assert agreement.judge_words(found.agreement) == "do not gate on this judge"


@given(levels)
def test_perfect_agreement_is_one(pairs: list[tuple[int, int]]) -> None:
    """For every measure, unless nothing varies, where it is undefined."""
    a = [one for one, _ in pairs]
    expected = pytest.approx(1.0) if len(set(a)) > 1 else None
    assert agreement.kappa(a, a) == expected
    assert agreement.pearson(a, a) == expected
    assert agreement.kendall(a, a) == expected
    assert agreement.concordance(a, a) == expected
    assert agreement.krippendorff(list(range(len(a))) * 2, a + a) == expected
    found = agreement.intraclass_correlation(np.column_stack((a, a)))
    assert (found.agreement if found else None) == expected


@given(levels)
def test_agreement_is_symmetric_and_at_most_one(pairs: list[tuple[int, int]]) -> None:
    """It does not matter who is called the judge."""
    a, b = (list(column) for column in zip(*pairs, strict=True))
    for measure in (agreement.kappa, agreement.spearman, agreement.kendall, agreement.concordance):
        found, swapped = measure(a, b), measure(b, a)
        assert (found is None) == (swapped is None)
        if found is not None:
            assert found == pytest.approx(swapped)
            assert found <= 1 + 1e-9


def test_without_pairs_nothing_is_defined() -> None:
    """None, not 0 and not NaN."""
    assert agreement.pearson([], []) is agreement.spearman([], []) is agreement.kendall([], []) is None
    assert agreement.concordance([], []) is agreement.kappa([], []) is None
    assert agreement.bias([], []) is None
    assert agreement.mean_absolute_difference([], []) is agreement.agreement_within([], [], distance=0.1) is None
    assert agreement.agreement_at([], [], threshold=0.5) is agreement.krippendorff([], []) is None
    assert agreement.intraclass_correlation(np.empty((0, 2))) is agreement.intraclass_correlation([[1.0, 2.0]]) is None
    assert agreement.judge_words(None) == "agreement is unknown"


def test_raters_with_different_numbers_of_scores_are_an_error() -> None:
    """A pair needs both."""
    for measure in (agreement.pearson, agreement.kappa):
        with pytest.raises(ValueError, match="a pair needs both"):
            measure([1, 0], [1])


def test_a_constant_difference_has_no_interval() -> None:
    """There is a mean, and a sentence."""
    found = agreement.bias([0.0, 0.5], [0.25, 0.75])
    assert found is not None
    assert found.mean == 0.25
    assert found.limits.note == "The differences do not vary."


@pytest.mark.parametrize(
    ("value", "words"), [(0.8, "usable"), (0.67, "tentative"), (0.66, "do not gate on this judge")]
)
def test_words_for_a_judge(value: float, words: str) -> None:
    """Krippendorff's customary cut-offs."""
    assert agreement.judge_words(value) == words


def test_noise_lowers_a_correlation() -> None:
    """Corrected for both reliabilities it is higher, and at most 1."""
    assert agreement.corrected_for_reliability(0.6, 0.8, judge=0.9) == pytest.approx(0.6 / np.sqrt(0.72))
    assert agreement.corrected_for_reliability(0.9, 0.5, judge=0.5) == 1.0
    assert agreement.corrected_for_reliability(0.9, 0.0, judge=0.5) is None


def test_the_bootstrap_draws_whole_cases() -> None:
    """Repeating every execution does not narrow it; the same seed repeats it; few cases have none."""
    generator = np.random.default_rng(2)
    human = generator.random(30)
    judge = np.clip(human + 0.2 * generator.standard_normal(30), 0, 1)
    once = agreement.bootstrap_over_cases(np.arange(30), lambda at: agreement.pearson(human[at], judge[at]), draws=300)
    human, judge = np.repeat(human, 5), np.repeat(judge, 5)
    case = np.repeat(np.arange(30), 5)
    again = agreement.bootstrap_over_cases(case, lambda at: agreement.pearson(human[at], judge[at]), draws=300)
    assert (once.low, once.high) == pytest.approx((again.low, again.high))
    assert "Fewer than 10 cases" in agreement.bootstrap_over_cases([0, 1], lambda at: 1.0).note
    assert "does not vary" in agreement.bootstrap_over_cases(case, lambda at: None, draws=5).note
