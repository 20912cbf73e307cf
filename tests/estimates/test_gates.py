"""Gates: when they pass, when they fail, when they say that the data decide nothing, and what they say then."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from peel.estimates.gates import Evidence, gate_results, hold
from peel.records import GateDefinition, GateResult
from peel.statistics.intervals import clopper_pearson, wilson

LIKE_THESE = "cases-like-these"


def only(gate: GateDefinition, columns: Any) -> GateResult:
    """The result of a gate that is the only one of its run."""
    return gate_results([hold(gate, Evidence(columns))])[0]


def core_terms(columns: Any, **gate: Any) -> GateResult:
    """The result of a gate on core-terms."""
    return only(GateDefinition(kind="evaluator", subject="core-terms", **gate), columns)


def measure(subject: str, columns: Any, **gate: Any) -> GateResult:
    """The result of a gate on a measure of the executions."""
    return only(GateDefinition(kind="measure", subject=subject, **gate), columns)


def test_these_cases_are_bounded_by_wilsons_one_sided_95_percent(make: Any) -> None:
    """Of 40 single executions 30 passed: each bound is an end of the 90 % interval."""
    result = core_terms(make.columns(*[[1.0]] * 30, *[[0.0]] * 10), at_least=0.9)
    interval = wilson(0.75, 40, level=0.9)
    assert (result.low, result.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert (result.value, result.scope, result.requirement) == (0.75, "these-cases", "core-terms at least 0.9")
    assert result.verdict == "fail"


def test_cases_like_these_are_bounded_by_the_exact_one_sided_95_percent(make: Any) -> None:
    """For passes and failures Gaffke's bounds are Clopper and Pearson's."""
    result = core_terms(make.columns(*[[1.0]] * 30, *[[0.0]] * 10), at_least=0.6, scope=LIKE_THESE)
    interval = clopper_pearson(30, 40, level=0.9)
    assert (result.low, result.high) == (pytest.approx(interval.low, abs=1e-4), pytest.approx(interval.high, abs=1e-4))
    assert result.verdict == "pass"


@pytest.mark.parametrize(
    ("passes", "bar", "verdict"),
    [(100, 0.9, "pass"), (93, 0.9, "undecided"), (90, 0.9, "undecided"), (80, 0.9, "fail")],
)
def test_a_gate_is_held_against_the_bounds_and_not_the_mean(make: Any, passes: int, bar: float, verdict: str) -> None:
    """93 of 100 do not show more than 0.9, and 90 of 100 do not show less."""
    columns = make.columns(*[[1.0]] * passes, *[[0.0]] * (100 - passes))
    assert core_terms(columns, at_least=bar).verdict == verdict


def test_a_tolerance_lets_a_gate_pass_below_its_bar(make: Any) -> None:
    """93 of 100 do not show more than 0.9, and do show more than 0.85."""
    columns = make.columns(*[[1.0]] * 93, *[[0.0]] * 7)
    assert core_terms(columns, at_least=0.9).verdict == "undecided"
    assert core_terms(columns, at_least=0.9, tolerance=0.05).verdict == "pass"


def test_an_undecided_gate_says_how_many_more_executions_would_decide_it(make: Any) -> None:
    """Executions for these cases, cases for new ones."""
    columns = make.columns(*[[1.0]] * 19, [0.0])
    assert "more executions would decide it" in core_terms(columns, at_least=0.9).reason
    assert "more cases would decide it" in core_terms(columns, at_least=0.9, scope=LIKE_THESE).reason


def test_a_value_on_the_bar_is_told_to_need_a_tolerance(make: Any) -> None:
    """No number of executions decides it."""
    result = core_terms(make.columns(*[[1.0]] * 9, [0.0]), at_least=0.9)
    assert result.verdict == "undecided"
    assert result.reason == "the value lies on the bar: no number of executions would decide it; a tolerance would"


@pytest.mark.parametrize("scope", ["these-cases", LIKE_THESE])
@pytest.mark.parametrize("cases", [[], [["errored"]], [["pending"]], [["unscored"]], [["not asked"]]], ids=str)
def test_a_gate_without_a_score_is_undecided_with_a_sentence(make: Any, cases: Any, scope: str) -> None:
    """Not a pass for want of evidence, and no value."""
    result = core_terms(make.columns(*cases), at_least=0.0, scope=scope)
    assert (result.verdict, result.value, result.low, result.high) == ("undecided", None, None, None)
    assert result.reason.startswith("nothing is scored yet")


@pytest.mark.parametrize("scope", ["these-cases", LIKE_THESE])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_one_execution_bounds_a_gate_widely(make: Any, value: float, scope: str) -> None:
    """It neither passes nor fails a bar near its value."""
    result = core_terms(make.columns([value]), at_least=0.5, scope=scope)
    assert result.verdict == "undecided"
    assert result.low is not None
    assert result.high is not None
    assert result.high - result.low > 0.5


def test_a_verdict_does_not_hide_the_executions_it_is_made_without(make: Any) -> None:
    """Who averages the survivors says so."""
    columns = make.columns(*[[1.0, 1.0, "errored"]] * 20, ["unscored", "pending", "errored"])
    result = core_terms(columns, at_least=0.5)
    assert result.verdict == "pass"
    assert result.reason == "without 21 errored and 1 unscored and 1 pending of 63 executions"


def test_what_an_evaluator_was_not_asked_is_not_missing(make: Any) -> None:
    """A share of the executions is drawn for people: the others are no gap."""
    assert core_terms(make.columns(*[[1.0, "not asked"]] * 40), at_least=0.5).reason == ""


@pytest.mark.parametrize(("bar", "verdict"), [(0.01, "pass"), (0.001, "pass"), (0.0005, "fail")])
def test_a_fixed_price_decides_a_cost_gate_and_says_so(make: Any, bar: float, verdict: str) -> None:
    """Executions that all cost the same have no spread to be unsure of."""
    result = measure("cost_usd", make.columns([1.0, 1.0], [1.0, 1.0], cost=0.001), at_most=bar)
    assert (result.verdict, result.value, result.low, result.high) == (verdict, 0.001, 0.001, 0.001)
    assert result.reason == "all 4 executions cost the same: a fixed price"


def test_an_application_without_prices_passes_a_cost_gate(make: Any) -> None:
    """A model in process costs nothing, known after one execution."""
    result = measure("cost_usd", make.columns([1.0], cost=0.0), at_most=0.01)
    assert (result.verdict, result.reason) == ("pass", "nothing used has a price")


def test_one_execution_that_cost_something_decides_nothing(make: Any) -> None:
    """A single price shows no spread, so no bound."""
    result = measure("cost_usd", make.columns([1.0], cost=0.001), at_most=0.01)
    assert (result.verdict, result.value, result.low, result.high) == ("undecided", 0.001, None, None)
    assert result.reason == "one execution shows no spread"


def test_an_unknown_cost_makes_a_cost_gate_undecided_however_many_are_known(make: Any) -> None:
    """The known ones are not taken for all."""
    result = measure("cost_usd", make.columns([1.0] * 3, [1.0] * 3, cost=[0, 0, 0, 0, 0, np.nan]), at_most=1.0)
    assert (result.verdict, result.value, result.low) == ("undecided", None, None)
    assert result.reason == "the cost of 1 of 6 executions is unknown"


def test_the_cost_of_errored_executions_counts(make: Any) -> None:
    """Calls that led nowhere were paid for."""
    costs = [0.1, 0.2, 9.0, 9.1]
    result = measure("cost_usd", make.columns([1.0, 1.0], ["errored", "errored"], cost=costs), at_most=1.0)
    assert result.value == pytest.approx(4.6)


def test_costs_that_differ_only_between_cases_are_bounded_by_the_spread_between_them(make: Any) -> None:
    """Repetitions that all cost alike leave no spread within a case; the wider bound is used, not none."""
    columns = make.columns(*[[1.0, 1.0]] * 4, cost=np.repeat([0.001, 0.002, 0.003, 0.004], 2))
    result = measure("cost_usd", columns, at_most=0.01)
    assert result.verdict == "pass"
    assert result.low is not None
    assert result.low < 0.0025 < (result.high or 0) < 0.01


def test_latency_is_of_completed_executions(make: Any) -> None:
    """An execution that failed at once does not make the application fast."""
    latency = [2.0, 2.2, 2.1, 0.001]
    result = measure("latency_s", make.columns([1.0, 1.0], [1.0, "errored"], latency=latency), at_most=1.0)
    assert result.value == pytest.approx(2.1)
    assert result.reason.endswith("without 1 errored of 4 executions")


def test_equal_latencies_decide_nothing(make: Any) -> None:
    """A time is not a price: that all were equal shows nothing about the next."""
    result = measure("latency_s", make.columns([1.0, 1.0], [1.0, 1.0], latency=2.0), at_most=10.0)
    assert (result.verdict, result.low, result.high) == ("undecided", None, None)
    assert result.reason == "all are equal, which does not show how much others would differ"


@pytest.mark.parametrize("subject", ["cost_usd", "latency_s", "error_rate"])
@pytest.mark.parametrize("scope", ["these-cases", LIKE_THESE])
def test_a_measure_of_no_executions_is_undecided(make: Any, subject: str, scope: str) -> None:
    """Nothing was executed: nothing passes."""
    result = measure(subject, make.columns(), at_most=0.5, scope=scope)
    assert (result.verdict, result.value) == ("undecided", None)
    assert result.reason in ("nothing was executed", "no execution completed")


def test_latency_without_a_completed_execution_is_undecided(make: Any) -> None:
    """All errored: there is no latency."""
    result = measure("latency_s", make.columns(["errored"], ["errored"]), at_most=10.0)
    assert (result.verdict, result.value) == ("undecided", None)
    assert result.reason == "no execution completed; without 2 errored of 2 executions"


def test_the_error_rate_counts_every_execution(make: Any) -> None:
    """Errored ones are its subject, so none is left out."""
    result = measure("error_rate", make.columns(*[[1.0]] * 50, *[["errored"]] * 50), at_most=0.1)
    assert (result.verdict, result.value, result.reason) == ("fail", 0.5, "")


def test_one_case_says_nothing_of_the_cost_of_new_cases(make: Any) -> None:
    """However often it was repeated."""
    columns = make.columns([1.0] * 3, cost=[0.001, 0.002, 0.003])
    result = measure("cost_usd", columns, at_most=0.1, scope=LIKE_THESE)
    assert (result.verdict, result.reason) == ("undecided", "one case says nothing about new cases")


@pytest.mark.parametrize("bar", [1.0, 4.0])
def test_a_quantile_without_bounds_never_asks_for_no_more_executions(make: Any, bar: float) -> None:
    """So many equal latencies bound no quantile: the sentence says that, and not that 0 more would decide it."""
    columns = make.columns(*[[1.0] * 4] * 30, latency=np.repeat([1.0, 2.0, 3.0], 40))
    result = measure("latency_s", columns, statistic="p50", at_most=bar)
    assert result.verdict == "undecided"
    assert result.reason == "Too many of the 120 executions are equal to bound this quantile"
