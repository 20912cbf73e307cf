"""Evidence sweep by sweep: the same as from all scores at once, and wrong no more often than it says."""

import numpy as np
import pytest

from peel.statistics.sequential import anytime_interval, log_e_at_most
from peel.statistics.sweeps import Bar, OfCaseMeans, OfExecutions, anytime_bounds

RUNS = 400
"""Simulated runs; each is looked at after every sweep, and 1 in 20 may be wrong."""


@pytest.fixture
def scores() -> np.ndarray:
    """30 sweeps over 7 cases, graded."""
    return np.random.default_rng(3).integers(0, 5, (30, 7)) / 4


def test_executions_give_the_e_value_of_all_scores_so_far(scores: np.ndarray) -> None:
    """After every sweep."""
    found = OfExecutions(0.4).add(scores)
    assert found == pytest.approx([log_e_at_most(scores[:end], 0.4) for end in range(1, 31)])


def test_case_means_bet_once_a_case(scores: np.ndarray) -> None:
    """After every sweep the e-value is that of the cases' means."""
    found = OfCaseMeans(0.4, cases=7).add(scores)
    assert found == pytest.approx([log_e_at_most(scores[:end].mean(axis=0), 0.4) for end in range(1, 31)])


@pytest.mark.parametrize("make", [lambda: OfExecutions(0.4), lambda: OfCaseMeans(0.4, cases=7)])
def test_one_by_one_or_all_at_once_is_the_same_to_the_last_bit(scores: np.ndarray, make) -> None:
    """What ended a run is found again in its store."""
    whole, parts = make(), make()
    assert whole.add(scores).tolist() == [float(parts.add(scores[at : at + 1])[0]) for at in range(30)]


def test_the_order_within_a_sweep_and_of_sweeps_does_not_matter(scores: np.ndarray) -> None:
    """Executions end in any order."""
    assert OfExecutions(0.4).add(scores)[-1] == pytest.approx(OfExecutions(0.4).add(scores[::-1, ::-1])[-1])


@pytest.mark.parametrize(("bar", "shown"), [(0.0, True), (-0.2, True), (1.0, False), (1.3, False)])
def test_bars_at_the_ends_of_the_scale(scores: np.ndarray, bar: float, shown: bool) -> None:
    """Any score lies above nothing, and no mean above everything."""
    assert Bar(bar).shown(scores).tolist() == [shown] * 30


def test_without_cases_nothing_is_shown() -> None:
    """Not even that a mean lies above 0."""
    assert Bar(0.0).shown(np.empty((3, 0))).tolist() == [False] * 3
    assert Bar(0.5).shown(np.empty((0, 4))).tolist() == []


def test_the_interval_without_gaps_is_the_anytime_interval(scores: np.ndarray) -> None:
    """And with gaps it is wider, on the side that the gap leaves open."""
    known, gaps = anytime_interval(scores.ravel()), np.zeros_like(scores)
    gaps[:2] = 1
    both = anytime_bounds(scores, scores)
    assert (both.low, both.high) == (known.low, known.high)
    wider = anytime_bounds(np.where(gaps, 0.0, scores), np.where(gaps, 1.0, scores))
    assert wider.low < known.low < known.high < wider.high


def test_thousands_of_different_scores_are_rounded_outwards() -> None:
    """By one part in 4096 at most."""
    x = np.random.default_rng(5).random(6000)
    exact, rounded = anytime_interval(x), anytime_bounds(x, x)
    assert exact.low - 1 / 4000 < rounded.low <= exact.low
    assert exact.high <= rounded.high < exact.high + 1 / 4000


@pytest.mark.parametrize("side", ["above", "below"])
def test_unlike_cases_whose_mean_lies_on_the_bar_are_rarely_shown_on_a_side_of_it(side: str) -> None:
    """Executions of 10 cases, half of them always right and half at 0.6: looked at after each of 80 sweeps."""
    rng = np.random.default_rng(11)
    rates, bar = np.array([1.0] * 5 + [0.6] * 5), 0.8
    x = (rng.random((RUNS, 80, 10)) < rates).astype(np.float64)
    wrong = sum(bool((Bar(bar).shown(one) if side == "above" else Bar(1 - bar).shown(1 - one)).any()) for one in x)
    assert wrong <= RUNS / 20


@pytest.mark.parametrize("side", ["above", "below"])
def test_new_cases_are_rarely_shown_on_a_side_of_a_bar_they_lie_on(side: str) -> None:
    """Cases are drawn anew for each run, right always, never or half of the time; 40 looks at 30 case means."""
    rng = np.random.default_rng(12)
    rates = rng.choice([0.0, 0.5, 1.0], (RUNS, 1, 30))
    x = (rng.random((RUNS, 40, 30)) < rates).astype(np.float64)
    values = x if side == "above" else 1 - x
    wrong = sum(bool(Bar(0.5, evidence=OfCaseMeans(0.5, cases=30)).shown(one).any()) for one in values)
    assert wrong <= RUNS / 20
    by_execution = sum(bool(Bar(0.5).shown(one).any()) for one in values)
    assert by_execution > RUNS / 10
