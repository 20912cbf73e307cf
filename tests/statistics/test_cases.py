"""Repetitions nested in cases."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peel.statistics import cases
from peel.statistics.cases import Cases

flat = st.lists(st.tuples(st.integers(0, 5), st.floats(-1e3, 1e3)), min_size=1, max_size=40)


def test_counts_and_means_of_the_reference(nested: Cases, vectors: dict[str, Any]) -> None:
    """Case means, pooled mean and counts are those of the reference."""
    expected = vectors["nested_balanced"]["expected"]
    assert nested.mean == pytest.approx(expected["mean_of_case_means"], abs=1e-6)
    assert nested.pooled_mean == pytest.approx(expected["pooled_mean"], abs=1e-6)
    assert (nested.size, nested.executions) == (expected["n_cases"], expected["n_executions"])


def test_standard_errors_of_the_reference(nested: Cases, vectors: dict[str, Any]) -> None:
    """Clustered by case the error is the case means'; pooling the executions makes it look smaller."""
    expected, m = vectors["nested_balanced"]["expected"], nested.size
    by_case = nested.means.std(ddof=1) / np.sqrt(m)
    for name in ("se_case_means", "se_cluster_CR1_statsmodels", "se_cluster_C_over_Cminus1_inspect"):
        assert by_case == pytest.approx(expected[name], abs=1e-6)
    assert by_case * np.sqrt((m - 1) / m) == pytest.approx(expected["se_cluster_CR0_pooled"], abs=1e-6)
    assert nested.total_variance is not None
    naive = np.sqrt(nested.total_variance / nested.executions)
    assert naive == pytest.approx(expected["se_naive_pooled"], abs=1e-6)


@given(flat)
def test_grouping_agrees_with_numpy_case_by_case(pairs: list[tuple[int, float]]) -> None:
    """One pass gives what a loop over the cases gives, in whatever order the executions come."""
    index, values = (np.array(column) for column in zip(*pairs, strict=True))
    grouped = cases.group(index, values)
    assert grouped.index.tolist() == sorted(set(index.tolist()))
    for place, case in enumerate(grouped.index):
        own = values[index == case]
        assert grouped.counts[place] == own.size
        assert grouped.means[place] == pytest.approx(own.mean(), abs=1e-9)
        assert grouped.deviations[place] == pytest.approx(own.var() * own.size, abs=1e-6)
    if values.size > 1:
        assert grouped.total_variance == pytest.approx(values.var(ddof=1), abs=1e-6)


def test_each_case_weighs_the_same() -> None:
    """A case with many repetitions does not outweigh one with few."""
    grouped = cases.group([0, 0, 0, 1], [1.0, 1.0, 1.0, 0.0])
    assert grouped.mean == 0.5
    assert grouped.pooled_mean == 0.75


def test_no_values_have_no_mean() -> None:
    """Undefined is None, not 0 and not NaN."""
    nothing = cases.group([], [])
    assert (nothing.size, nothing.executions) == (0, 0)
    assert nothing.mean is nothing.pooled_mean is nothing.within_variance is None
    assert nothing.variances is None
    assert nothing.total_variance is None


def test_single_repetitions_have_no_variance_within() -> None:
    """It is unknown, which is not 0; among repeated cases a single one borrows the pooled variance."""
    assert cases.group([0, 1], [1.0, 0.0]).variances is None
    variances = cases.group([0, 0, 1], [1.0, 0.0, 1.0]).variances
    assert variances is not None
    assert variances.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("value", [0.1, 0.3, 0.7])
def test_rounding_is_not_variance(value: float) -> None:
    """Equal scores whose mean is off by a rounding error count as equal."""
    grouped = cases.group([0, 0, 0, 1, 1, 1, 1, 1, 1], [value] * 9)
    assert grouped.within_variance == grouped.total_variance == 0.0


def test_values_without_a_case_are_an_error() -> None:
    """Arrays of different length are a mistake of the caller."""
    with pytest.raises(ValueError, match="each value needs its case"):
        cases.group([0, 1], [1.0])


def test_below_is_strict() -> None:
    """A score on the threshold is not below it."""
    assert cases.below([0.29, 0.3, 0.31], 0.3).tolist() == [1.0, 0.0, 0.0]


def test_pass_at_k_and_pass_hat_k_of_the_reference(vectors: dict[str, Any]) -> None:
    """Both agree with the hypergeometric distribution."""
    vector = vectors["pass_at_k_and_pass_hat_k"]
    for given_, expected in zip(vector["input"], vector["expected"], strict=True):
        at, hat = (f([given_["n"]], [given_["c"]], k=given_["k"]) for f in (cases.pass_at_k, cases.pass_hat_k))
        assert at == pytest.approx([expected["pass_at_k"]], abs=1e-6)
        assert hat == pytest.approx([expected["pass_hat_k"]], abs=1e-6)


def test_pass_hat_k_needs_k_executions_of_every_case() -> None:
    """With fewer it is undefined, also if only one case has too few."""
    assert cases.pass_hat_k([5, 2], [5, 2], k=3) is None
    assert cases.pass_at_k([], [], k=1) is None
    with pytest.raises(ValueError, match="from 1 up"):
        cases.pass_at_k([5], [5], k=0)


def test_more_passes_than_executions_are_an_error() -> None:
    """Counts that contradict each other are refused."""
    with pytest.raises(ValueError, match="at most as many passes"):
        cases.flaky([2], [3])


def test_flaky_is_not_broken() -> None:
    """Sometimes right is flaky, never right is broken, always right is neither."""
    executions, passes = [4, 4, 4], [0, 2, 4]
    assert cases.flaky(executions, passes).tolist() == [False, True, False]
    assert cases.broken(executions, passes).tolist() == [True, False, False]


def test_disagreement_is_the_chance_that_two_executions_differ() -> None:
    """Of 4 executions with 2 passes, 4 of 6 pairs differ; cases with one execution say nothing."""
    assert cases.disagreement([4, 4, 1], [2, 4, 1]) == pytest.approx((4 / 6 + 0) / 2)
    assert cases.disagreement([1, 1], [0, 1]) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.25, 0.6, 1.0])), min_size=1, max_size=20))
def test_gini_mean_difference_is_the_mean_over_pairs(pairs: list[tuple[int, float]]) -> None:
    """The formula by ranks equals the plain mean of |x - y| over the pairs of each case."""
    index, values = (np.array(column) for column in zip(*pairs, strict=True))
    per_case = [values[index == case] for case in np.unique(index)]
    expected = [np.abs(x[:, None] - x).sum() / (x.size * (x.size - 1)) for x in per_case if x.size > 1]
    found = cases.gini_mean_difference(index, values)
    assert found == (pytest.approx(np.mean(expected), abs=1e-12) if expected else None)


def test_gini_mean_difference_of_passes_is_disagreement() -> None:
    """On passes and failures both measure the same."""
    assert cases.gini_mean_difference([0, 0, 0, 1, 1], [1, 0, 1, 1, 1]) == cases.disagreement([3, 2], [2, 2])
    assert cases.gini_mean_difference([], []) is None


@pytest.mark.parametrize(("flake", "repetitions"), [(0.5, 5), (0.2, 14), (0.1, 29), (1.0, 1)])
def test_rare_flakes_need_many_repetitions(flake: float, repetitions: int) -> None:
    """So many repetitions, and no fewer, show a flake with a chance of 95 %."""
    assert cases.repetitions_to_see(flake) == repetitions
    assert cases.chance_to_see(flake, repetitions) >= 0.95
    assert cases.chance_to_see(flake, repetitions - 1) < 0.95


def test_a_flake_that_never_happens_cannot_be_seen() -> None:
    """A chance of 0 has no answer."""
    with pytest.raises(ValueError, match="chance lies in"):
        cases.repetitions_to_see(0.0)


def test_a_hundred_thousand_executions_take_milliseconds() -> None:
    """Grouping is one pass, not a loop over cases."""
    index = np.arange(100_000) % 2000
    values = np.sin(np.arange(100_000)) ** 2
    start = time.process_time()
    cases.group(index, values)
    cases.gini_mean_difference(index, values)
    assert time.process_time() - start < 0.5


def test_passes_as_cases_are_what_grouping_the_executions_gives() -> None:
    """Counts, means and squared deviations from c of n alone."""
    made = cases.of_passes([0, 2], [4, 3], [1, 3])
    grouped = cases.group([0, 0, 0, 0, 2, 2, 2], [1, 0, 0, 0, 1, 1, 1])
    for name in ("index", "counts", "means", "deviations"):
        assert getattr(made, name) == pytest.approx(getattr(grouped, name))


def test_what_repetitions_show_is_the_inverse_of_what_a_flake_takes() -> None:
    """The rarest flake that k show takes k; one execution shows none."""
    for k in (2, 5, 14, 29):
        rarest = cases.flake_visible(k)
        assert rarest is not None
        assert cases.repetitions_to_see(rarest) == k
    assert cases.flake_visible(1) is None


def test_only_the_cases_asked_for_are_kept() -> None:
    """All their numbers, in order."""
    kept = cases.group([0, 1, 1, 4], [1.0, 0.0, 1.0, 0.5]).within(np.array([False, True, True]))
    assert (list(kept.index), list(kept.counts), list(kept.means)) == ([1, 4], [2, 1], [0.5, 0.5])
