"""Estimates: what a number is made of, and what is said where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from peel.estimates.tallies import tally
from peel.estimates.usage import judge_figures, usage_figures
from peel.estimates.values import estimate
from peel.records import Estimate, EvaluatorDefinition, Scenario, Usage
from peel.reports.wording import notes_of
from peel.statistics.cases import group
from peel.statistics.intervals import anchored_bootstrap, these_cases

CORE_TERMS = EvaluatorDefinition(id="core-terms", use="regex", on="answer")


def estimated(columns: Any) -> Estimate:
    """The estimate of core-terms, with the share below 0.3."""
    scenario = Scenario(scenario="telco", orchestration="support", cases=(), evaluators=(CORE_TERMS,), below=0.3)
    return estimate(CORE_TERMS, tally("core-terms", columns, scenario), method="anchored-bootstrap")


def test_the_value_is_the_mean_of_the_cases_means(make: Any) -> None:
    """A case with more scored repetitions weighs no more than another."""
    one = estimated(make.columns([1.0, 1.0, 1.0, 1.0], [0.0, "unscored", "unscored", "unscored"]))
    assert one.value == 0.5
    assert (one.n_cases, one.n_executions, one.n_scored, one.n_unscored) == (2, 8, 5, 3)


def test_the_intervals_are_those_of_the_two_questions(make: Any) -> None:
    """`low` and `high` are of cases like these, `these_cases` of exactly these, both at 95 %."""
    values = [[1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.5, 0.25, 1.0]]
    cases = group(np.repeat(np.arange(4), 3), np.ravel(values))
    like_these, again = anchored_bootstrap(cases.means), these_cases(cases)
    one = estimated(make.columns(*values))
    assert (one.low, one.high, one.method) == (like_these.low, like_these.high, "anchored Bayesian bootstrap")
    bounds = one.these_cases
    assert (bounds.low, bounds.high, bounds.method) == (again.low, again.high, "Wilson, effective n")
    assert one.level == 0.95


def test_every_state_of_a_score_is_counted_and_none_is_a_number(make: Any) -> None:
    """Errored, unscored, pending and not asked for are four things, and none of them is 0."""
    one = estimated(make.columns([1.0, "errored"], ["pending", "unscored"], ["not asked", 0.5]))
    assert (one.n_cases, one.n_executions, one.n_scored, one.n_unscored, one.n_pending) == (2, 5, 2, 1, 1)
    assert one.value == 0.75
    assert one.below.share == 0.0


def test_the_share_below_is_strict_and_over_scored_executions(make: Any) -> None:
    """A score at the threshold is not below it; what has no score is in neither number."""
    below = estimated(make.columns([0.29, 0.3, 0.31], [0.0, "unscored", "errored"])).below
    assert (below.threshold, below.count, below.share) == (0.3, 2, 0.5)


@pytest.mark.parametrize(
    "cases",
    [[], [["errored"]], [["pending", "pending"]], [["unscored"], ["unscored"]], [["not asked"]]],
    ids=["no execution", "all errored", "all pending", "all unscored", "none asked for"],
)
def test_without_a_score_there_is_no_value_and_no_interval_but_a_sentence(make: Any, cases: Any) -> None:
    """Nothing known is None with the reason, never 0, never NaN."""
    one = estimated(make.columns(*cases))
    assert [one.value, one.low, one.high, one.below.share] == [None] * 4
    assert (one.these_cases.low, one.these_cases.high) == (None, None)
    assert one.note.startswith("No case has a score yet, so there is nothing to estimate.")
    assert one.these_cases.note == "No case has a score yet, so there is nothing to estimate."


def test_one_case_says_nothing_about_new_cases(make: Any) -> None:
    """The interval for these cases stands; the other is a sentence."""
    one = estimated(make.columns([1.0, 0.0, 1.0, 1.0]))
    assert (one.low, one.high) == (None, None)
    assert one.note == "One case says nothing about new cases: read the interval for these cases."
    assert one.these_cases.low is not None
    assert one.these_cases.low < 0.75 < (one.these_cases.high or 0)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 1), (3, 5), (300, 1)])
def test_constant_scores_never_give_an_interval_of_no_width(make: Any, value: float, shape: tuple[int, int]) -> None:
    """However alike the scores are, more executions could differ; the value lies inside its interval."""
    one = estimated(make.columns(*([[value] * shape[1]] * shape[0])))
    intervals = [(one.these_cases.low, one.these_cases.high)]
    intervals += [(one.low, one.high)] if shape[0] > 1 else []
    for low, high in intervals:
        assert low is not None
        assert high is not None
        assert high - low > 0.001
        assert low <= value <= high


def test_the_note_tells_why_scores_could_not_be_made(make: Any) -> None:
    """With how often, after what is said of the interval."""
    one = estimated(make.columns([1.0, "unscored"], [1.0, "unscored"], [0.0, 1.0]))
    assert one.note == "2 unscored: the judge's reply is no JSON."


def test_what_is_said_of_an_estimate_is_said_once(make: Any) -> None:
    """Nothing is scored: that holds for both intervals, and stands once before the reason."""
    one = estimated(make.columns(["unscored", "unscored"]))
    assert notes_of(one) == (
        "No case has a score yet, so there is nothing to estimate. 2 unscored: the judge's reply is no JSON."
    )


def test_usage_is_summed_over_all_executions_and_latency_over_completed_ones(make: Any) -> None:
    """A failed execution has cost something; how fast it failed says nothing of the application."""
    usage = usage_figures(make.columns([1.0, "errored"], [1.0, 1.0], latency=[1.0, 100.0, 2.0, 3.0]))
    assert (usage.tokens_in, usage.tokens_out, usage.cost_usd) == (200, 40, pytest.approx(0.004))
    assert (usage.latency_s.mean, usage.latency_s.p50, usage.latency_s.p95) == (2.0, 2.0, pytest.approx(2.9))


def test_a_cost_is_unknown_where_that_of_one_execution_is(make: Any) -> None:
    """None, not the sum of the others; the tokens stay known."""
    usage = usage_figures(make.columns([1.0, 1.0], cost=[0.5, np.nan]))
    assert (usage.cost_usd, usage.tokens_in) == (None, 100)


def test_without_completed_executions_there_is_no_latency(make: Any) -> None:
    """None in all three figures."""
    latency = usage_figures(make.columns(["errored", "errored"])).latency_s
    assert (latency.mean, latency.p50, latency.p95) == (None, None, None)


def test_judges_are_counted_apart_and_only_where_they_were_asked() -> None:
    """No judge: no figures, rather than figures of 0."""
    figures = judge_figures(Usage(calls=2, tokens_in=5, tokens_out=6, cost_usd=None))
    assert judge_figures(Usage()) is None
    assert figures is not None
    assert (figures.tokens_in, figures.tokens_out, figures.cost_usd) == (5, 6, None)
