"""Evidence that may be looked at any time."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peel.statistics import sequential
from peel.statistics.cases import group
from peel.statistics.intervals import these_cases

scores = st.lists(st.sampled_from([0.0, 0.25, 0.7, 1.0]), min_size=1, max_size=40)


def test_e_values_of_the_reference(vectors: dict[str, Any]) -> None:
    """They are direct products of bets, averaged."""
    vector = vectors["betting_e_values"]
    for given_, expected in zip(vector["input"], vector["expected"]["values"], strict=True):
        against = sequential.log_e_at_most if given_["side"] > 0 else sequential.log_e_at_least
        found = against(given_["x"], given_["m"])
        assert found == pytest.approx(expected["log_e"], abs=1e-5)
        assert math.exp(found) == pytest.approx(expected["e"], rel=1e-5)


def test_stopping_times_of_the_reference(vectors: dict[str, Any]) -> None:
    """So many passes in a row decide, and one fewer does not."""
    expected = vectors["betting_e_values"]["expected"]
    for bar, key in ((0.90, "all_pass_executions_to_PASS_at_0_90"), (0.85, "all_pass_executions_to_PASS_at_0_85")):
        assert sequential.decide(np.ones(expected[key]), at_least=bar) == "pass"
        assert sequential.decide(np.ones(expected[key] - 1), at_least=bar) == "undecided"
    failures = expected["all_fail_executions_to_FAIL_at_0_90"]
    assert sequential.decide(np.zeros(failures), at_least=0.9) == "fail"
    assert sequential.decide(np.zeros(failures - 1), at_least=0.9) == "undecided"


def test_tolerance_stops_earlier() -> None:
    """A bar of 0.90 with a tolerance of 0.05 passes where a bar of 0.85 does."""
    assert sequential.decide(np.ones(35), at_least=0.9, tolerance=0.05) == "pass"


def test_at_most_is_the_mirror_image() -> None:
    """An error rate of at most 0.1 is a success rate of at least 0.9."""
    assert sequential.decide(np.zeros(54), at_most=0.1) == "pass"
    assert sequential.decide(np.zeros(53), at_most=0.1) == "undecided"
    assert sequential.decide(np.ones(3), at_most=0.1) == "fail"


def test_a_bar_at_the_end_of_the_scale() -> None:
    """One failure refutes "always"; nothing proves it; anything meets a bar of 0."""
    assert sequential.decide([1.0] * 10_000, at_least=1.0) == "undecided"
    assert sequential.decide([1.0, 0.0], at_least=1.0) == "fail"
    assert sequential.decide([0.0], at_least=0.0) == "pass"
    assert sequential.log_e_at_most([1.0], 1.0) == sequential.log_e_at_least([0.0], 0.0) == 0.0


def test_without_scores_nothing_is_decided() -> None:
    """No bet, no evidence; and a gate has exactly one bar here."""
    assert sequential.decide([], at_least=0.5) == "undecided"
    assert sequential.log_e_at_most([], 0.5) == pytest.approx(0.0)
    with pytest.raises(ValueError, match="exactly one"):
        sequential.decide([1.0], at_least=0.1, at_most=0.9)


@given(scores, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(x: list[float], shuffler: Any) -> None:
    """The stored scores give the verdict again, however they were stored."""
    shuffled = list(x)
    shuffler.shuffle(shuffled)
    assert sequential.log_e_at_most(shuffled, 0.6) == sequential.log_e_at_most(x, 0.6)


@given(scores)
def test_the_anytime_interval_holds_what_is_not_refuted(x: list[float]) -> None:
    """Its ends are the bars where an e-value reaches 40, and it holds the mean."""
    interval = sequential.anytime_interval(x)
    assert interval.low is not None
    assert interval.high is not None
    assert 0 <= interval.low <= np.mean(x) <= interval.high <= 1
    assert interval.high - interval.low > 0.01
    if interval.low > 1e-6:
        assert sequential.log_e_at_most(x, interval.low) == pytest.approx(math.log(40), abs=1e-5)
    if interval.high < 1 - 1e-6:
        assert sequential.log_e_at_least(x, interval.high) == pytest.approx(math.log(40), abs=1e-5)


def test_the_price_of_looking_any_time() -> None:
    """It is 1.4 to 2.2 times as wide as an interval for a fixed number."""
    x = np.arange(200) % 10 > 1
    anytime, fixed = sequential.anytime_interval(x).width, these_cases(group(np.zeros(200), x)).width
    assert anytime is not None
    assert fixed is not None
    assert 1.4 < anytime / fixed < 2.2
    assert sequential.anytime_interval([]).note == "There is no score yet."


def test_looking_after_every_sweep_keeps_the_error() -> None:
    """On 300 seeded runs of mixed cases at exactly the bar, at most 5 % ever pass, and at most 5 % ever fail."""
    generator, rates = np.random.default_rng(5), np.array([1.0] * 8 + [0.5, 0.5])
    found = []
    for _ in range(300):
        draws = (generator.random((40, 10)) < rates).astype(float)
        looks = (sequential.decide(draws[:sweeps], at_least=0.9) for sweeps in range(1, 41))
        found.append(next((verdict for verdict in looks if verdict != "undecided"), "undecided"))
    assert found.count("pass") <= 15
    assert found.count("fail") <= 15


def test_only_complete_sweeps_count() -> None:
    """A sweep is complete when every case has that repetition."""
    case, repetition = [0, 1, 0, 1, 0], [0, 0, 1, 1, 2]
    assert sequential.complete_sweeps(case, repetition, cases=2).tolist() == [True] * 4 + [False]
    assert sequential.complete_sweeps(case, repetition, cases=3).tolist() == [False] * 5
    assert sequential.complete_sweeps([0, 1], [0, 0], cases=2).all()
    assert sequential.complete_sweeps([], [], cases=2).size == 0


def test_a_fixed_plan_may_end_when_its_result_is_certain() -> None:
    """Passes reached, or no longer reachable."""
    assert sequential.curtailed(8, 0, executions=10, needed=8) == "pass"
    assert sequential.curtailed(5, 3, executions=10, needed=8) == "fail"
    assert sequential.curtailed(5, 2, executions=10, needed=8) == "undecided"


def test_walds_test_of_the_reference(vectors: dict[str, Any]) -> None:
    """Increments, thresholds and the length of an all-pass run."""
    given_, expected = vectors["sprt"]["input"], vectors["sprt"]["expected"]
    found = sequential.sequential_test(given_["p0"], given_["p1"], alpha=given_["alpha"], beta=given_["beta"])
    numbers = (found.on_pass, found.on_failure, found.upper, found.lower)
    assert numbers == pytest.approx([expected[key] for key in ("inc_pass", "inc_fail", "upper", "lower")], abs=1e-6)
    assert found.all_pass_executions == expected["all_pass_n"]
    with pytest.raises(ValueError, match="the lower one first"):
        sequential.sequential_test(0.9, 0.8)
