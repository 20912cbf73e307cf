"""Intervals for means in [0, 1]."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peel.statistics import intervals
from peel.statistics.cases import Cases, group
from peel.statistics.distributions import matched_beta_quantile
from peel.statistics.intervals import Interval

shares = st.lists(st.integers(0, 1000).map(lambda thousandths: thousandths / 1000), min_size=2, max_size=15)
runs = st.lists(st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=1, max_size=4), min_size=1, max_size=6)


def as_cases(rows: list[list[float]]) -> Cases:
    """Cases from a list of repetitions each."""
    return group([i for i, row in enumerate(rows) for _ in row], [value for row in rows for value in row])


def ends(interval: Interval) -> list[float]:
    """Both ends, which must be known."""
    assert interval.low is not None
    assert interval.high is not None
    return [interval.low, interval.high]


def test_share_intervals_of_the_reference(vectors: dict[str, Any]) -> None:
    """Wilson, Clopper-Pearson, Jeffreys and Agresti-Coull agree with statsmodels."""
    vector = vectors["proportion_intervals"]
    for counts, expected in zip(vector["input"], vector["expected"], strict=True):
        x, n = counts["x"], counts["n"]
        assert ends(intervals.wilson(x / n, n)) == pytest.approx(expected["wilson"], abs=1e-6)
        assert ends(intervals.clopper_pearson(x, n)) == pytest.approx(expected["clopper_pearson"], abs=1e-6)
        assert ends(intervals.jeffreys(x, n)) == pytest.approx(expected["jeffreys"], abs=1e-6)
        assert ends(intervals.agresti_coull(x, n)) == pytest.approx(expected["agresti_coull"], abs=1e-6)


@pytest.mark.parametrize("name", ["abb_binary_k1", "abb_graded_distinct", "abb_all_pass"])
def test_anchored_bootstrap_and_gaffke_of_the_reference(name: str, vectors: dict[str, Any]) -> None:
    """Two-sided intervals and one-sided bounds, on passes, on graded scores and on all passes."""
    means, expected = vectors[name]["input"], vectors[name]["expected"]
    assert np.mean(means) == pytest.approx(expected["mean"], abs=1e-6)
    assert ends(intervals.anchored_bootstrap(means)) == pytest.approx(expected["abb95"], abs=1e-6)
    assert ends(intervals.gaffke(means)) == pytest.approx(expected["gaffke95"], abs=1e-6)
    assert intervals.gaffke_lower(means) == pytest.approx(expected["gaffke_lower_onesided95"], abs=1e-6)
    assert intervals.gaffke_upper(means) == pytest.approx(expected["gaffke_upper_onesided95"], abs=1e-6)


@pytest.mark.parametrize("name", ["abb_binary_k1", "abb_graded_distinct", "abb_all_pass"])
def test_the_matched_beta_of_the_reference(name: str, vectors: dict[str, Any]) -> None:
    """The approximation for many cases, here on few, where the reference gives its values too."""
    points, expected = vectors[name]["input"], vectors[name]["expected"]["abb95_moment_matched_beta"]
    values, weights = np.r_[0.0, points, 1.0], np.r_[0.5, np.ones(len(points)), 0.5]
    assert matched_beta_quantile(0.025, values, weights=weights) == pytest.approx(expected[0], abs=1e-6)
    if name != "abb_all_pass":
        assert matched_beta_quantile(0.975, values, weights=weights) == pytest.approx(expected[1], abs=1e-6)


def test_these_cases_of_the_reference(nested: Cases, vectors: dict[str, Any]) -> None:
    """The effective number of executions and the interval from it, narrower than the pooled one."""
    expected = vectors["fixed_suite_mean"]["expected"]
    assert nested.mean == pytest.approx(expected["mean"], abs=1e-6)
    assert nested.variances is not None
    within = float((nested.variances / nested.counts).sum()) / nested.size**2
    assert within == pytest.approx(expected["within_var"], abs=1e-6)
    assert intervals.effective_executions(nested) == pytest.approx(expected["n_eff"], abs=1e-5)
    assert ends(intervals.these_cases(nested)) == pytest.approx(expected["ci95"], abs=1e-6)
    assert ends(intervals.wilson_pooled(nested)) == pytest.approx(expected["wilson_pooled95"], abs=1e-6)


def test_t_on_case_means_of_the_reference(nested: Cases, vectors: dict[str, Any]) -> None:
    """It is not clipped: beyond 1 it shows that it is the wrong method there."""
    expected = vectors["nested_balanced"]["expected"]["t_ci95_case_means"]
    assert ends(intervals.t_on_cases(nested.means)) == pytest.approx(expected, abs=1e-6)


def test_several_scenarios_of_the_reference(vectors: dict[str, Any]) -> None:
    """The interval of a weighted sum keeps the asymmetry of its parts."""
    given_, expected = (vectors["mover_weighted_scenarios"][key] for key in ("input", "expected"))
    parts = [Interval(low, high, 0.95, "") for low, high in zip(given_["lo"], given_["hi"], strict=True)]
    overall = intervals.mover(given_["theta"], parts, weights=given_["w"])
    assert np.dot(given_["w"], given_["theta"]) == pytest.approx(expected["theta"], abs=1e-6)
    assert ends(overall) == pytest.approx(expected["ci"], abs=1e-6)


def test_low_ratings_of_the_reference(vectors: dict[str, Any]) -> None:
    """The share of one or two stars has a Jeffreys interval."""
    counts, expected = vectors["stars"]["input"]["counts"], vectors["stars"]["expected"]
    low = counts[0] + counts[1]
    assert low / sum(counts) == pytest.approx(expected["share_1_2_stars"])
    assert ends(intervals.jeffreys(low, sum(counts))) == pytest.approx(expected["jeffreys_share_1_2"], abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(shares)
def test_intervals_for_new_cases_hold_the_mean_and_have_width(means: list[float]) -> None:
    """Whatever the scores: within [0, 1], around the bulk of the mean, never of zero width."""
    for interval in (intervals.anchored_bootstrap(means), intervals.gaffke(means)):
        low, high = ends(interval)
        assert 0 <= low < high <= 1
    low, high = ends(intervals.gaffke(means))
    assert low - 1e-9 <= np.mean(means) <= high + 1e-9


@settings(max_examples=25, deadline=None)
@given(shares)
def test_intervals_mirror(means: list[float]) -> None:
    """Counting failures instead of passes mirrors the interval and says nothing else."""
    mirrored = [1 - mean for mean in means]
    low, high = ends(intervals.anchored_bootstrap(means))
    assert ends(intervals.anchored_bootstrap(mirrored)) == pytest.approx([1 - high, 1 - low], abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(runs)
def test_these_cases_always_have_an_interval(rows: list[list[float]]) -> None:
    """Constant, single, all pass, none pass, unequal repetitions: ends around the mean, never of zero width."""
    cases = as_cases(rows)
    low, high = ends(intervals.these_cases(cases))
    assert cases.mean is not None
    assert 0 <= low <= cases.mean + 1e-12
    assert cases.mean - 1e-12 <= high <= 1
    assert high - low > 1e-3


@pytest.mark.parametrize("cases", [3, 20, 250])
def test_all_pass_and_none_pass_leave_uncertainty_on_one_side(cases: int) -> None:
    """The end at the boundary is exact, the other end is not at it."""
    low, high = ends(intervals.anchored_bootstrap(np.ones(cases)))
    assert high == 1.0
    assert low < 1.0
    assert ends(intervals.anchored_bootstrap(np.zeros(cases))) == pytest.approx([0.0, 1 - low], abs=1e-9)


def test_one_case_says_nothing_about_new_cases() -> None:
    """Instead of an interval there is a sentence; two cases get both; these cases keep their interval."""
    one = intervals.anchored_bootstrap([0.5])
    assert (one.low, one.high, one.width) == (None, None, None)
    assert one.note == "One case says nothing about new cases: read the interval for these cases."
    assert intervals.anchored_bootstrap([0.5, 0.7]).note == "Two cases are too few to generalise."
    assert ends(intervals.these_cases(as_cases([[1.0, 1.0, 0.0]])))[0] > 0


def test_without_cases_there_is_a_sentence() -> None:
    """No method crashes or invents a number for nothing."""
    empty = group([], [])
    found = [intervals.anchored_bootstrap([]), intervals.gaffke([]), intervals.these_cases(empty)]
    found += [intervals.wilson_pooled(empty), intervals.jeffreys(0, 0), intervals.clopper_pearson(0, 0)]
    found += [intervals.agresti_coull(0, 0), intervals.t_on_cases([]), intervals.cluster_bootstrap([])]
    found += [intervals.mover([], [], weights=[])]
    assert {(interval.low, interval.high) for interval in found} == {(None, None)}
    assert {interval.note for interval in found} == {"No case has a score yet, so there is nothing to estimate."}
    assert intervals.effective_executions(empty) is None
    assert intervals.gaffke_lower([]) is intervals.gaffke_upper([]) is None


@pytest.mark.parametrize("method", [intervals.t_on_cases, intervals.cluster_bootstrap])
def test_a_sentence_instead_of_zero_width(method: Any) -> None:
    """Methods that would print [1, 1] for all passes say that they cannot know."""
    assert method([1.0, 1.0, 1.0]).note.startswith("All 3 cases have the same mean")


def test_rounding_does_not_make_an_interval() -> None:
    """Means that differ by a rounding error are equal: a sentence, and no interval of width 10^-17."""
    assert intervals.t_on_cases([0.3, 0.1 + 0.2]).width is None
    assert intervals.effective_executions(as_cases([[0.3] * 3, [0.3] * 4])) == 7.0


def test_seconds_are_not_shares() -> None:
    """A mean outside [0, 1] has no share's interval."""
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        intervals.these_cases(as_cases([[2.0, 3.0]]))


def test_constant_graded_scores_count_as_so_many_executions() -> None:
    """Where all scores are equal, each counts as one execution, not as infinitely many."""
    assert intervals.effective_executions(as_cases([[0.5, 0.5], [0.5, 0.5]])) == 4.0


def test_a_case_with_very_many_repetitions_does_not_speak_for_the_others() -> None:
    """The floor of the effective number is what equal weights leave of lopsided repetitions."""
    lopsided = as_cases([[1.0, 0.0] * 500, [1.0, 0.0]])
    n = intervals.effective_executions(lopsided)
    assert n is not None
    assert n < 20


def test_repeating_the_same_cases_narrows_these_cases_only() -> None:
    """Ten times the repetitions leave the interval for new cases, and shrink the one for these."""
    few, many = (as_cases([[1.0] * k, [0.0] * k, [1.0, 0.0] * (k // 2)]) for k in (2, 20))
    assert intervals.anchored_bootstrap(few.means) == intervals.anchored_bootstrap(many.means)
    narrow, wide = intervals.these_cases(many).width, intervals.these_cases(few).width
    assert narrow is not None
    assert wide is not None
    assert narrow < wide / 2


def test_cluster_bootstrap_repeats_itself() -> None:
    """The same seed gives the same interval, near that of the t method for many cases."""
    means = np.linspace(0.2, 0.9, 60)
    first = intervals.cluster_bootstrap(means)
    assert first == intervals.cluster_bootstrap(means)
    assert ends(first) == pytest.approx(ends(intervals.t_on_cases(means)), abs=0.02)


def test_one_sided_bounds_are_ends_of_a_narrower_interval() -> None:
    """A one-sided 95 % bound is an end of the 90 % interval."""
    assert intervals.one_sided(0.95) == pytest.approx(0.90)


def test_a_negative_weight_swaps_the_ends() -> None:
    """A difference is low where the first is high: Newcombe's interval."""
    parts = [Interval(0.4, 0.7, 0.95, ""), Interval(0.5, 0.9, 0.95, "")]
    low, high = ends(intervals.mover([0.5, 0.8], parts, weights=[-1, 1]))
    assert low == pytest.approx(0.3 - np.hypot(0.2, 0.3))
    assert high == pytest.approx(0.3 + np.hypot(0.1, 0.1))


def test_an_unknown_part_makes_the_whole_unknown() -> None:
    """Its sentence is passed on; different levels and missing weights are errors."""
    unknown = Interval.unknown(0.95, "t", note="Why.")
    assert intervals.mover([0.5], [unknown], weights=[1]).note == "Why."
    with pytest.raises(ValueError, match="different levels"):
        intervals.mover([0.5, 0.5], [Interval(0, 1, 0.9, ""), Interval(0, 1, 0.95, "")], weights=[1, 1])
    with pytest.raises(ValueError, match="its interval and its weight"):
        intervals.mover([0.5], [unknown], weights=[1, 1])


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_outside_zero_to_one_is_an_error(level: float) -> None:
    """95 is not 0.95."""
    with pytest.raises(ValueError, match="confidence level"):
        intervals.anchored_bootstrap([0.5, 0.6], level)


def test_a_higher_level_is_wider() -> None:
    """For every method that takes case means."""
    means = [0.4, 0.9, 0.7, 0.95, 1.0]
    for method in (intervals.anchored_bootstrap, intervals.gaffke, intervals.t_on_cases):
        widths = [method(means, level).width or 0.0 for level in (0.8, 0.9, 0.95, 0.99)]
        assert all(a < b for a, b in itertools.pairwise(widths))


def test_pass_hat_for_these_cases_counts_n_over_k_executions() -> None:
    """For k = 1 it is the pooled interval; a larger k widens it; all right is never certain."""
    one = intervals.pass_hat_these_cases([10, 10], [0.9, 0.7], k=1)
    assert (one.low, one.high) == (intervals.wilson(0.8, 20).low, intervals.wilson(0.8, 20).high)
    three = intervals.pass_hat_these_cases([10, 10], [0.9, 0.7], k=3)
    assert (three.low, three.high) == (intervals.wilson(0.8, 20 / 3).low, intervals.wilson(0.8, 20 / 3).high)
    certain = intervals.pass_hat_these_cases([5], [1.0], k=5)
    assert certain.high == 1
    assert certain.low is not None
    assert certain.low < 0.5
    assert intervals.pass_hat_these_cases([], [], k=2).low is None
