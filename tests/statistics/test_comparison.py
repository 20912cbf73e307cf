"""Two runs of the same cases."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from peel.statistics import comparison, gates
from peel.statistics.agreement import pearson
from peel.statistics.cases import group
from peel.statistics.distributions import t_two_sided
from peel.statistics.intervals import Interval, t_on_cases


def test_paired_tests_of_the_reference(vectors: dict[str, Any]) -> None:
    """The sign-flip p is exact, ties kept; t and Wilcoxon stand beside it as what we do not print."""
    a, b = (np.array(vectors["paired_case_means"]["input"][run]) for run in "AB")
    expected, d = vectors["paired_case_means"]["expected"], b - a
    error = d.std(ddof=1) / math.sqrt(d.size)
    assert d.mean() == pytest.approx(expected["mean_diff"], abs=1e-6)
    assert error == pytest.approx(expected["se"], abs=1e-6)
    assert d.mean() / error == pytest.approx(expected["t"], abs=1e-5)
    assert t_two_sided(d.mean() / error, d.size - 1) == pytest.approx(expected["p_t"], abs=1e-6)
    interval = t_on_cases(d)
    assert (interval.low, interval.high) == pytest.approx(expected["ci95_t"], abs=1e-6)
    assert comparison.sign_flip_p(d) == pytest.approx(expected["p_signflip_exact"], abs=1e-6)
    assert pearson(a, b) == pytest.approx(expected["corr_AB"], abs=1e-6)
    wilcoxon = stats.wilcoxon(np.round(d[np.abs(d) > 1e-9], 9), method="exact")
    assert wilcoxon.pvalue == pytest.approx(expected["p_wilcoxon"], abs=1e-6)
    assert wilcoxon.statistic == expected["wilcoxon_W"]
    assert stats.ttest_ind(b, a, equal_var=False).pvalue == pytest.approx(expected["unpaired_welch_p"], abs=1e-6)


def test_differences_for_new_cases_of_the_reference(vectors: dict[str, Any]) -> None:
    """The anchored bootstrap and Gaffke's bounds between -1 and 1."""
    d, expected = vectors["abb_diff"]["input"]["d"], vectors["abb_diff"]["expected"]
    interval = comparison.difference_cases_like_these(d)
    assert (interval.low, interval.high) == pytest.approx(expected["abb95"], abs=1e-6)
    assert comparison.bounds_cases_like_these(d) == pytest.approx(expected["gaffke_onesided95"], abs=1e-6)


def test_single_repetitions_of_the_reference(vectors: dict[str, Any]) -> None:
    """With one repetition the exact test is McNemar's, and its normal limit the uncorrected chi-square."""
    counts, expected = vectors["mcnemar_k1"]["input"], vectors["mcnemar_k1"]["expected"]
    cells = [("both_pass", 1, 1), ("A_only", 1, 0), ("B_only", 0, 1), ("both_fail", 0, 0)]
    base = [a for name, a, _ in cells for _ in range(counts[name])]
    candidate = [b for name, _, b in cells for _ in range(counts[name])]
    index = np.arange(len(base))
    exact = comparison.within_case_p(index, base, candidate_case=index, candidate=candidate)
    assert exact == pytest.approx(expected["p_exact"], abs=1e-6)
    assert exact == pytest.approx(expected["p_binomtest"], abs=1e-6)
    graded = comparison.within_case_p(
        index, np.array(base) / 2, candidate_case=index, candidate=np.array(candidate) / 2
    )
    assert graded == pytest.approx(expected["p_uncorrected"], abs=1e-6)
    assert stats.chi2.isf(graded, 1) == pytest.approx(expected["chi2_uncorrected"], abs=1e-5)


def test_verdict_words_of_the_reference(vectors: dict[str, Any]) -> None:
    """Six situations, six wordings, in the order of the table."""
    vector = vectors["verdicts"]
    for situation, expected in zip(vector["input"], vector["expected"], strict=True):
        wide = Interval(situation["ci95"][0], situation["ci95"][1], 0.95, "")
        narrow = Interval(situation["ci90"][0], situation["ci90"][1], 0.90, "")
        assert comparison.verdict(wide, narrow, margin=situation["margin"]) == expected


def test_worse_by_less_than_the_margin_has_its_own_words() -> None:
    """The mirror image of "better, but by less than M"."""
    wide, narrow = Interval(-0.03, -0.005, 0.95, ""), Interval(-0.028, -0.007, 0.9, "")
    assert comparison.verdict(wide, narrow, margin=0.05) == "worse, but by less than 0.05"
    with pytest.raises(ValueError, match="greater than 0"):
        comparison.verdict(wide, narrow, margin=0)


def flat(rows: list[list[float]]) -> tuple[list[int], list[float]]:
    """Case indices and values from a list of repetitions each."""
    return [i for i, row in enumerate(rows) for _ in row], [value for row in rows for value in row]


def test_a_run_compared_with_itself_is_never_called_the_same() -> None:
    """Few executions are no evidence, many are equivalence within the margin; "no difference" is never said."""
    few, many = (group(*flat([[1.0] * k, [1.0, 0.0] * (k // 2)] * 5)) for k in (2, 400))
    unsure = comparison.compare_these_cases(few, few)
    assert unsure.verdict == "no evidence either way"
    assert unsure.needed is not None
    assert unsure.needed > unsure.executions == 40
    sure = comparison.compare_these_cases(many, many)
    assert sure.verdict == "equivalent within 0.05"
    assert sure.needed is None
    assert sure.difference == 0.0


def test_the_scope_changes_the_answer() -> None:
    """Three cases repaired, two broken: certain for these cases, unknown for new ones."""
    base = group(*flat([[1.0] * 30] * 3 + [[0.0] * 30] * 4))
    candidate = group(*flat([[0.0] * 30] * 2 + [[1.0] * 30] * 4 + [[0.0] * 30]))
    these = comparison.compare_these_cases(base, candidate)
    new = comparison.compare_cases_like_these(base, candidate)
    assert these.scope == "these-cases"
    assert these.verdict == "better"
    assert new.scope == "cases-like-these"
    assert new.verdict == "no evidence either way"
    assert these.difference == new.difference == pytest.approx(1 / 7)
    assert new.p == 1.0


def test_with_few_cases_there_is_a_sentence_instead_of_a_p() -> None:
    """Five cases cannot reach 5 %."""
    cases = group(*flat([[1.0, 0.0]] * 5))
    found = comparison.compare_cases_like_these(cases, cases)
    assert found.p is None
    assert found.note == "With 5 cases no sign-flip test can reach 5 %; it takes 6."


def test_one_case_is_comparable_for_these_cases_only() -> None:
    """For new cases there is no interval, and no evidence."""
    base, candidate = group(*flat([[0.0] * 20])), group(*flat([[1.0] * 20]))
    assert comparison.compare_these_cases(base, candidate).verdict == "better"
    new = comparison.compare_cases_like_these(base, candidate)
    assert new.interval.low is None
    assert new.verdict == "no evidence either way"
    assert new.needed is None


def test_different_cases_are_not_paired() -> None:
    """The caller must say which cases are common; nothing at all is an error too."""
    one, other, nothing = group([0, 1], [1, 1]), group([0, 2], [1, 1]), group([], [])
    for compare in (comparison.compare_these_cases, comparison.compare_cases_like_these):
        with pytest.raises(ValueError, match="2 cases have a value in only one"):
            compare(one, other)
        with pytest.raises(ValueError, match="no case to compare"):
            compare(nothing, nothing)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([-0.5, -0.25, 0.0, 0.25, 1.0]), min_size=6, max_size=9))
def test_sign_flip_agrees_with_scipy(differences: list[float]) -> None:
    """Exact over all signs, zeros and ties kept."""
    d = np.array(differences)
    expected = stats.permutation_test(
        (d,),
        lambda x, axis: np.abs(x.sum(axis=axis)),
        permutation_type="samples",
        alternative="greater",
        n_resamples=np.inf,
        vectorized=True,
    )
    assert comparison.sign_flip_p(d) == pytest.approx(expected.pvalue)


def test_sign_flip_of_many_cases_repeats_itself() -> None:
    """The draws are seeded; the result is near the exact one."""
    d = np.r_[np.full(10, 0.1), np.full(6, -0.1)]
    found = comparison.sign_flip_p(d)
    assert found == comparison.sign_flip_p(d)
    assert found == pytest.approx(stats.binomtest(10, 16).pvalue, abs=0.02)
    assert comparison.sign_flip_p(np.zeros(20)) == 1.0
    assert comparison.sign_flip_p(np.zeros(8)) == 1.0


@pytest.mark.parametrize("cases", [16, 17, 250, 4_001])
def test_sign_flip_of_many_cases_counts_the_signs_of_its_seed(cases: int) -> None:
    """However it adds them up: the same count as one draw of all signs, multiplied out."""
    d = np.round(np.random.default_rng(7).normal(0.02, 0.3, cases), 1)
    moved = d[d != 0]
    flipped = np.random.default_rng(0).integers(0, 2, (2_000, moved.size), dtype=np.int8)
    sums = np.abs((1.0 - 2.0 * flipped) @ moved)
    expected = (1 + int((sums >= abs(d.sum()) - 1e-9).sum())) / 2_001
    assert comparison.sign_flip_p(d, draws=2_000) == expected


def test_within_case_p_is_cochran_mantel_haenszel() -> None:
    """Unequal repetitions of the two runs, equal over the cases: z^2 as from the 2 x 2 tables."""
    base, candidate = [[1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 0]], [[1, 1], [1, 0], [1, 1]]
    scaled = [[[value / 2 for value in row] for row in run] for run in (base, candidate)]
    (case, values), (other, others) = flat(scaled[0]), flat(scaled[1])
    found = comparison.within_case_p(case, values, candidate_case=other, candidate=others)
    gap, variance = 0.0, 0.0
    for a, b in zip(base, candidate, strict=True):
        n, passes = len(a) + len(b), sum(a) + sum(b)
        gap += sum(b) - passes * len(b) / n
        variance += passes * (n - passes) * len(a) * len(b) / (n**2 * (n - 1))
    assert found == pytest.approx(stats.chi2.sf(gap**2 / variance, 1))


def test_exact_and_normal_within_case_p_agree_for_many_executions() -> None:
    """The exact convolution and its limit tell the same story."""
    base, candidate = [[1.0] * 30 + [0.0] * 10] * 8, [[1.0] * 33 + [0.0] * 7] * 8
    (case, values), (_, others) = flat(base), flat(candidate)
    exact = comparison.within_case_p(case, values, candidate_case=case, candidate=others)
    limit = comparison.within_case_p(case, np.array(values) / 2, candidate_case=case, candidate=np.array(others) / 2)
    assert exact is not None
    assert limit is not None
    assert limit < exact == pytest.approx(limit, abs=0.02)


def test_where_nothing_varies_there_is_no_p() -> None:
    """Constant cases cannot tell the runs apart; nor can none."""
    for value in (1.0, 0.5):
        assert comparison.within_case_p([0, 1], [value] * 2, candidate_case=[0, 1], candidate=[value] * 2) is None
    assert comparison.within_case_p([], [], candidate_case=[], candidate=[]) is None


@pytest.mark.parametrize(("cases", "margin"), [(29, 0.10), (59, 0.05)])
def test_non_inferiority_for_new_cases_needs_many(cases: int, margin: float) -> None:
    """Even without a single difference, so many cases are the fewest that show "not worse"."""
    enough, fewer = (comparison.bounds_cases_like_these(np.zeros(n)) for n in (cases, cases - 1))
    assert gates.non_inferior(*enough, margin=margin) == "pass"
    assert gates.non_inferior(*fewer, margin=margin) == "undecided"


def test_non_inferiority_for_these_cases() -> None:
    """Many repetitions show that a candidate did not get worse, or that it did."""
    base = group(*flat([[1.0] * 90 + [0.0] * 10] * 10))
    worse = group(*flat([[1.0] * 70 + [0.0] * 30] * 10))
    assert gates.non_inferior(*comparison.bounds_these_cases(base, base), margin=0.05) == "pass"
    assert gates.non_inferior(*comparison.bounds_these_cases(base, worse), margin=0.05) == "fail"


def test_needed_executions_scale_with_the_square() -> None:
    """Twice the half-width takes four times the executions."""
    assert comparison.executions_for_evidence(Interval(-0.1, 0.1, 0.95, ""), 100, margin=0.05) == 400
    assert comparison.executions_for_evidence(Interval.unknown(0.95, "", note=""), 100, margin=0.05) is None
