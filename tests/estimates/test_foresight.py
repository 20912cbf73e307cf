"""What a run can show, said before it starts."""

from __future__ import annotations

import pytest

from peel.estimates.foresight import Spent, expected, visible_difference, what_a_run_can_show
from peel.records import EvaluatorDefinition, Orchestration, StepDefinition
from peel.reports.foresight_wording import what_a_run_will_take


@pytest.mark.parametrize(
    ("cases", "repetitions", "said"),
    [
        (6, 3, "with 6 cases and 3 repetitions you will see differences of about ±0.3"),
        (100, 5, "with 100 cases and 5 repetitions you will see differences of about ±0.06"),
        (1, 1, "with 1 case and 1 repetition you will see no difference, however large"),
    ],
)
def test_the_line_says_which_differences_will_be_seen(make, cases, repetitions, said):
    """Cases, repetitions and the half-width of a difference at worst."""
    run = make.stored(make.columns([1.0]), cases=cases, repetitions=repetitions).run
    assert what_a_run_can_show(run) == said


def test_more_executions_show_smaller_differences():
    """Four times as many: half the half-width; none: nothing."""
    assert visible_difference(4, 5) == pytest.approx(2 * visible_difference(16, 5))
    assert visible_difference(0, 5) == float("inf")


def test_a_run_without_cases_says_nothing(make):
    """No case, no line."""
    assert what_a_run_can_show(make.stored(make.columns([1.0]), cases=0, repetitions=3).run) == ""


def _planned(make, **changes):
    """A run of 6 cases with 3 repetitions: two steps of three ask a model, and a judge votes twice."""
    run = make.stored(make.columns([1.0]), cases=6, repetitions=3).run
    (item,) = run.scenario_variants
    steps = tuple(StepDefinition(id=use, use=use) for use in ("llm", "retrieve", "rerank"))
    judge = EvaluatorDefinition(id="meaning", use="semantic", settings={"votes": 2})
    item = item.model_copy(
        update={
            "orchestration": Orchestration(orchestration="o", steps=steps, output="llm"),
            "scenario": item.scenario.model_copy(update={"evaluators": (judge,)}),
        }
    )
    provenance = run.provenance.model_copy(update=changes)
    return run.model_copy(update={"scenario_variants": (item,), "provenance": provenance})


@pytest.mark.parametrize(
    ("cost_usd", "said"),
    [
        (0.01, "it will cost about $0.18 (by the run before, 1.5 s an execution)"),
        (0.0, "it costs nothing (by the run before, 1.5 s an execution)"),
        (None, "cost unknown: a price is unknown (by the run before, 1.5 s an execution)"),
    ],
)
def test_what_a_run_will_take_is_told_by_the_run_before(make, cost_usd, said):
    """18 executions with two calls each, and two of judges; a price of 0 is told apart from an unknown one."""
    run = _planned(make)
    earlier = {name: Spent("before", cost_usd, 1.5) for name in run.cases}
    assert what_a_run_will_take(expected(run, earlier)) == f"about 36 calls of models and 36 of judges; {said}"


def test_before_the_first_run_the_cost_is_unknown_unless_every_model_is_embedded(make):
    """The scenario is named; what runs in this process costs nothing, which needs no earlier run."""
    run = _planned(make)
    (name,) = run.cases
    assert what_a_run_will_take(expected(run, {})).endswith(f"; cost unknown before the first run of {name}")
    embedded = _planned(make, models={"default": {"model": "embedded", "base_url": None, "provider": None}})
    assert what_a_run_will_take(expected(embedded, {})).endswith("; it costs nothing")


@pytest.mark.parametrize(
    ("drafts", "said"),
    [
        (2, "with 6 cases (and 2 draft cases) and 3 repetitions you will see differences of about ±0.3"),
        (8, "with nothing but 8 draft cases, which decide nothing"),
    ],
)
def test_drafts_are_told_and_show_nothing(make, drafts, said):
    """Eight cases, some of them drafts: what can be seen is what the others show."""
    run = make.stored(make.columns([1.0]), cases=8, repetitions=3).run
    cases = {name: tuple(one.model_copy(update={"draft": n < drafts}) for n, one in enumerate(some))
             for name, some in run.cases.items()}  # fmt: skip
    assert what_a_run_can_show(run.model_copy(update={"cases": cases})) == said
