"""The plan: every execution once, in sweeps, always the same."""

from __future__ import annotations

import tracemalloc
from itertools import islice

from peel.records import Case, Orchestration, Scenario, ScenarioVariant, StepDefinition, Variant
from peel.runs.plan import Plan, PlannedExecution


def scenario_variants(name: str, *variants: str, repetitions: int) -> list[ScenarioVariant]:
    """A scenario under some variants."""
    orchestration = Orchestration(orchestration="o", steps=(StepDefinition(id="a", use="llm"),), output="a")
    scenario = Scenario(scenario=name, orchestration="o", cases=(), repetitions=repetitions)
    return [
        ScenarioVariant(scenario=scenario, variant=Variant(name=variant), orchestration=orchestration)
        for variant in variants
    ]


def cases(count: int) -> tuple[Case, ...]:
    """Cases c0, c1, ..."""
    return tuple(Case(id=f"c{place}") for place in range(count))


def test_executions_come_in_sweeps_with_variants_beside_each_other() -> None:
    """Every case under every variant once, then all again; numbers count from 0, repetitions from 1."""
    plan = Plan(scenario_variants("s", "base", "cold", repetitions=2), {"s": cases(2)})
    order = [(one.number, one.repetition, one.case, one.scenario_variant) for one in plan]
    assert order == [
        (0, 1, 0, 0),
        (1, 1, 0, 1),
        (2, 1, 1, 0),
        (3, 1, 1, 1),
        (4, 2, 0, 0),
        (5, 2, 0, 1),
        (6, 2, 1, 0),
        (7, 2, 1, 1),
    ]


def test_scenarios_of_different_size_share_the_sweeps_until_one_is_done() -> None:
    """A scenario with more repetitions goes on alone; no execution is planned twice or left out."""
    both = [*scenario_variants("s", "base", repetitions=3), *scenario_variants("t", "base", "cold", repetitions=1)]
    plan = Plan(both, {"s": cases(2), "t": cases(3)})
    planned = list(plan)
    assert len(plan) == len(planned) == 12
    assert len({(one.scenario_variant, one.case, one.repetition) for one in planned}) == 12
    assert [one.number for one in planned] == list(range(12))
    assert {one.scenario_variant for one in planned[8:]} == {0}


def test_the_same_definitions_give_the_same_plan() -> None:
    """A resumed run finds its executions under the same numbers, each time it reads the plan."""
    plan = Plan(scenario_variants("s", "base", repetitions=2), {"s": cases(3)})
    again = Plan(scenario_variants("s", "base", repetitions=2), {"s": cases(3)})
    assert list(plan) == list(plan) == list(again)


def test_a_plan_without_cases_or_scenarios_is_empty() -> None:
    """Nothing to execute is no error here."""
    assert list(Plan([], {})) == []
    assert len(Plan(scenario_variants("s", "base", repetitions=5), {"s": ()})) == 0


def test_a_large_plan_takes_no_memory() -> None:
    """It is made as it is read: a hundred million executions may be planned."""
    items = scenario_variants("s", "base", repetitions=1_000_000)
    some = cases(100)
    tracemalloc.start()
    plan = Plan(items, {"s": some})
    first = list(islice(plan, 3))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(plan) == 100_000_000
    assert first[2] == PlannedExecution(number=2, scenario_variant=0, case=2, repetition=1)
    assert peak < 100_000


def test_the_number_of_an_execution_is_found_without_reading_the_plan() -> None:
    """By its place in the run's lists; what the plan does not have has none."""
    both = [*scenario_variants("s", "base", repetitions=3), *scenario_variants("t", "base", "cold", repetitions=1)]
    plan = Plan(both, {"s": cases(2), "t": cases(3)})
    for one in plan:
        assert plan.number_of(one.scenario_variant, case=one.case, repetition=one.repetition) == one.number
    assert plan.number_of(0, case=2, repetition=1) is None
    assert plan.number_of(1, case=0, repetition=2) is None
    assert plan.number_of(0, case=-1, repetition=1) is None
    assert plan.number_of(9, case=0, repetition=1) is None
