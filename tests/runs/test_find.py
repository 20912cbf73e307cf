"""Finding stored executions by the name that people give them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from peel.errors import DefinitionError
from peel.records import (
    Case,
    Execution,
    Orchestration,
    Provenance,
    Run,
    Scenario,
    ScenarioVariant,
    Selection,
    StepDefinition,
    Variant,
)
from peel.runs.find import find_executions
from peel.runs.plan import Plan
from peel.store.store import Store
from peel.store.stored import SqlStoredRun

CASES = {"telco": (Case(id="a"), Case(id="a#1"), Case(id="b")), "other": (Case(id="z"),)}


def scenario_variant(scenario: str, variant: str) -> ScenarioVariant:
    """One of the run's."""
    return ScenarioVariant(
        scenario=Scenario(scenario=scenario, orchestration="o", cases=(), repetitions=2),
        variant=Variant(name=variant),
        orchestration=Orchestration(orchestration="o", steps=(StepDefinition(id="s", use="llm"),), output="s"),
    )


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[SqlStoredRun]:
    """A run of two scenarios, one of them under two variants, all executed but the last case's second repetition."""
    run = Run(
        id="r1",
        started=1.0,
        provenance=Provenance(peel="0", python="3", selection=Selection(scenarios=())),
        scenario_variants=(
            scenario_variant("telco", "base"),
            scenario_variant("telco", "cold"),
            scenario_variant("other", "base"),
        ),
        cases=CASES,
    )
    store = Store("sqlite:///peel.db", root=tmp_path)
    store.create(run)
    asyncio.run(_execute(store, run))
    yield store.run("r1")
    store.close()


async def _execute(store: Store, run: Run) -> None:
    async with store.writer(run.id) as writer:
        for planned in list(Plan(run.scenario_variants, run.cases))[:-1]:
            item = run.scenario_variants[planned.scenario_variant]
            name = item.scenario.scenario
            execution = Execution(
                number=planned.number,
                scenario=name,
                variant=item.variant.name,
                case=run.cases[name][planned.case].id,
                repetition=planned.repetition,
                status="ok",
            )
            writer.execution(execution, scenario_variant=planned.scenario_variant, case=planned.case, scores=[])


def found(stored: SqlStoredRun, address: str, **narrowing: str) -> list[tuple[str, str, str, int]]:
    """What is found, as (scenario, variant, case, repetition)."""
    return [
        (execution.scenario, execution.variant, case.id, execution.repetition)
        for execution, _, case in find_executions(stored, address, **narrowing)
    ]


def test_a_case_is_found_in_all_its_repetitions_under_all_variants(stored: SqlStoredRun) -> None:
    """In the order of the plan."""
    assert found(stored, "b") == [
        ("telco", "base", "b", 1),
        ("telco", "cold", "b", 1),
        ("telco", "base", "b", 2),
        ("telco", "cold", "b", 2),
    ]


def test_one_repetition_of_one_variant_is_one_execution(stored: SqlStoredRun) -> None:
    """Repetitions count from 1."""
    assert found(stored, "b#2", variant="cold") == [("telco", "cold", "b", 2)]
    assert found(stored, "z#1", scenario="other") == [("other", "base", "z", 1)]


def test_a_case_whose_id_looks_like_a_repetition_is_found_by_its_id(stored: SqlStoredRun) -> None:
    """The id `a#1` stands for the case of that id; its repetitions are `a#1#N`."""
    assert {case for _, _, case, _ in found(stored, "a#1")} == {"a#1"}
    assert found(stored, "a#1#2", variant="base") == [("telco", "base", "a#1", 2)]


@pytest.mark.parametrize(
    ("address", "narrowing", "message"),
    [
        ("bb", {}, "the run r1 has no case 'bb'; did you mean 'b'?"),
        ("b", {"variant": "colt"}, "the run r1 has no variant 'colt'; did you mean 'cold'?"),
        ("b", {"scenario": "telko"}, "the run r1 has no scenario 'telko'; did you mean 'telco'?"),
        ("b#0", {}, "'b#0' is not CASE#N: '0' is no repetition, which count from 1"),
        ("b#two", {}, "'b#two' is not CASE#N: 'two' is no repetition"),
        ("b#3", {}, "the run r1 has no stored execution 'b#3'; N counts repetitions from 1"),
        ("z#2", {}, "the run r1 has no stored execution 'z#2'"),
        ("z", {"variant": "cold"}, "the run r1 has no stored execution 'z'"),
    ],
)
def test_what_the_run_does_not_have_is_told_with_the_nearest(
    stored: SqlStoredRun, address: str, narrowing: dict[str, str], message: str
) -> None:
    """A case, a variant, a scenario, a repetition, or one that was planned and not executed."""
    with pytest.raises(DefinitionError) as caught:
        found(stored, address, **narrowing)
    assert str(caught.value).startswith(message)
