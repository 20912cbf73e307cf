"""How many cases, how many repetitions."""

from typing import Any

import numpy as np
import pytest

from peel.statistics import planning
from peel.statistics.cases import Cases, group


def test_proofs_of_a_pass_rate_of_the_reference(vectors: dict[str, Any]) -> None:
    """The smallest exact test, its passes and its power."""
    vector = vectors["binomial_planning"]
    for rates, expected in zip(vector["input"], vector["expected"], strict=True):
        found = planning.proof(rates["p0"], rates["p1"])
        assert found is not None
        assert (found.executions, found.passes) == (expected["n"], expected["r"])
        assert found.power == pytest.approx(expected["power"], abs=1e-6)


def test_the_rule_of_three_of_the_reference(vectors: dict[str, Any]) -> None:
    """What n passes in a row show, and how many passes in a row show a rate."""
    given, expected = vectors["rule_of_three"]["input"], vectors["rule_of_three"]["expected"]
    assert [planning.all_pass_lower(n) for n in given["n"]] == pytest.approx(expected["lower"], abs=1e-6)
    assert [planning.all_pass_executions(p) for p in given["p0"]] == expected["n_needed"]
    assert planning.all_pass_lower(0) == 0.0


def test_what_cannot_be_proven_is_none_or_an_error() -> None:
    """Too few executions allowed, or rates in the wrong order."""
    assert planning.proof(0.9, 0.91, most=100) is None
    with pytest.raises(ValueError, match="must lie above the bar"):
        planning.proof(0.9, 0.9)
    with pytest.raises(ValueError, match="pass rate to be shown"):
        planning.all_pass_executions(1.0)


@pytest.mark.parametrize(("repetitions", "cases"), [(1, 233), (5, 110), (20, 87)])
def test_more_cases_beat_more_repetitions(repetitions: int, cases: int) -> None:
    """For a half-width of 0.05 with variances 0.05 and 0.10: 233, 550 or 1740 executions."""
    found = planning.cases_for_half_width(0.05, repetitions, between=0.05, within=0.10)
    assert found == cases
    width = planning.half_width(cases, repetitions, between=0.05, within=0.10)
    wider = planning.half_width(cases - 1, repetitions, between=0.05, within=0.10)
    assert width is not None
    assert wider is not None
    assert width <= 0.05 < wider


def test_extremes_of_a_half_width() -> None:
    """One case has none; no variance needs two cases; the unreachable is None; a target of 0 is an error."""
    assert planning.half_width(1, 5, between=0.05, within=0.1) is None
    assert planning.cases_for_half_width(0.05, 1, between=0.0, within=0.0) == 2
    assert planning.cases_for_half_width(1e-6, 1, between=1.0, within=0.0) is None
    with pytest.raises(ValueError, match="greater than 0"):
        planning.cases_for_half_width(0.0, 1, between=1.0, within=0.0)


def test_repetitions_narrow_these_cases_like_a_square_root() -> None:
    """Four times the repetitions halve it; the cases' differences do not matter."""
    k = planning.repetitions_for_half_width(0.05, 10, within=0.2)
    assert k is not None
    assert planning.half_width_these_cases(10, k, within=0.2) <= 0.05
    assert planning.half_width_these_cases(10, k - 1, within=0.2) > 0.05
    assert planning.repetitions_for_half_width(1e-200, 10, within=0.2) is None
    with pytest.raises(ValueError, match="greater than 0"):
        planning.repetitions_for_half_width(0.0, 10, within=0.2)
    one, four = (planning.half_width_these_cases(10, k, within=0.2) for k in (5, 20))
    assert four == pytest.approx(one / 2)


@pytest.mark.parametrize(("icc", "repetitions"), [(0.05, 14), (0.3, 5), (0.5, 3)])
def test_the_best_split_for_a_cost_ratio_of_ten(icc: float, repetitions: int) -> None:
    """The more cases differ, the fewer repetitions pay."""
    assert planning.best_repetitions(icc, 1 - icc, cost_case=10, cost_execution=1) == repetitions


def test_free_cases_need_one_repetition() -> None:
    """And cases that do not differ need no more of them."""
    assert planning.best_repetitions(0.1, 0.1, cost_case=0, cost_execution=1) == 1
    assert planning.best_repetitions(0.0, 0.1, cost_case=1, cost_execution=1) is None


def test_judging_again_pays_for_a_noisy_and_cheap_judge_only() -> None:
    """Usually once is enough."""
    assert planning.judge_repetitions(0.05, 0.01, cost_execution=1, cost_judge=1) == 1
    assert planning.judge_repetitions(0.01, 0.09, cost_execution=1, cost_judge=1) == 3


def test_millers_example_of_a_difference() -> None:
    """A difference of 0.03 at a power of 80 % takes 969 cases."""
    assert planning.cases_for_difference(0.03, 1 / 9) == 969
    assert planning.cases_for_difference(-0.03, 1 / 9) == 969
    assert planning.cases_for_difference(1e-5, 1 / 9) is None
    assert planning.cases_for_difference(5e-324, 0.0) == 1
    with pytest.raises(ValueError, match="difference of 0"):
        planning.cases_for_difference(0.0, 1 / 9)


def test_what_a_run_can_show_inverts_what_it_needs() -> None:
    """The detectable difference of the cases needed is the difference asked for."""
    cases = planning.cases_for_difference(0.1, 0.05, within=(0.1, 0.12), repetitions=3)
    found = planning.detectable_difference(cases, 3, difference_variance=0.05, within=(0.1, 0.12))
    assert found == pytest.approx(0.1, rel=0.01)


def test_six_cases_and_three_repetitions_show_differences_of_about_a_third() -> None:
    """What the terminal says before a small run of a moderately flaky application."""
    found = planning.detectable_difference(6, 3, difference_variance=0.0, within=(0.15, 0.15))
    assert 0.3 < found < 0.4


def test_a_pilot_gives_a_range(nested: Cases) -> None:
    """The safe variances are larger than the estimated ones, so the plan is a range of cases."""
    found = planning.pilot_variances(nested)
    assert found is not None
    (between, within), (safe_between, safe_within) = found
    assert between < safe_between
    assert within < safe_within
    low, high = (planning.cases_for_half_width(0.1, 4, between=b, within=w) for b, w in found)
    assert low is not None
    assert high is not None
    assert low < high


def test_a_pilot_without_a_failure_still_plans_for_some() -> None:
    """All pass is not "no variance": half a case at 0 and at 1 keep the plan honest."""
    found = planning.pilot_variances(group(np.repeat(np.arange(8), 3), np.ones(24)))
    assert found is not None
    assert found[0] == (0.0, 0.0)
    assert found[1][0] > 0
    assert found[1][1] > 0
    assert planning.pilot_variances(group([0, 1], [1.0, 1.0])) is None
