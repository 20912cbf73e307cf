"""History: a run beside earlier runs of the same scenario, from a real store, and from nothing that began later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from peel.estimates.history import MOST_EXECUTIONS, MOST_RUNS, histories
from peel.estimates.summary import summarise
from peel.records import (
    Case,
    EvaluatorDefinition,
    Execution,
    Orchestration,
    Provenance,
    Run,
    Scenario,
    ScenarioVariant,
    Score,
    Selection,
    StepDefinition,
    StepResult,
    Variant,
)
from peel.records.history import History
from peel.store.store import Store

Add = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A real store in a file."""
    opened = Store("sqlite:///peel.db", root=tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def add(store: Store) -> Add:
    """Stores a finished run of the scenario telco; each case is executed once for each of its scores."""

    def adding(run: str, at: float, scores: Sequence[Sequence[float]] = ((1, 0), (1, 1)), **changes: object) -> str:
        made = _run(run, at, scores).model_copy(update={"status": "running", **changes})
        store.create(made)
        asyncio.run(_write(store, made, scores))
        store.set_status(run, changes.get("status", "finished"))  # type: ignore[arg-type]
        return run

    return adding


def _run(run: str, at: float, scores: Sequence[Sequence[float]], **provenance: object) -> Run:
    steps = (StepDefinition(id="answer", use="llm"),)
    scenario = Scenario(
        scenario="telco",
        orchestration="o",
        cases=(),
        repetitions=len(scores[0]),
        evaluators=(EvaluatorDefinition(id="terms", use="regex"),),
    )
    return Run(
        id=run,
        started=at,
        planned=sum(map(len, scores)),
        provenance=Provenance(
            peel="0", python="3", parts={"scenario telco": "1"}, selection=Selection(scenarios=("a.yaml",))
        ),
        scenario_variants=(
            ScenarioVariant(
                scenario=scenario,
                variant=Variant(name="base"),
                orchestration=Orchestration(orchestration="o", steps=steps, output="answer"),
            ),
        ),
        cases={"telco": tuple(Case(id=f"c{n}", inputs={"email": f"mail {n}"}) for n in range(len(scores)))},
    )


async def _write(store: Store, run: Run, scores: Sequence[Sequence[float]]) -> None:
    numbered = [(place, k, value) for place, some in enumerate(scores) for k, value in enumerate(some)]
    async with store.writer(run.id) as writer:
        for number, (place, k, value) in enumerate(numbered):
            step = StepResult(step="answer", output="words", started=1.0, latency_s=1.0)
            execution = Execution(
                number=number,
                scenario="telco",
                variant="base",
                case=f"c{place}",
                repetition=k + 1,
                status="ok",
                output="words",
                steps=(step,),
                started=1.0,
                latency_s=1.0,
            )
            writer.step(number, 0, result=step)
            score = Score(execution=number, evaluator="terms", status="scored", value=value, at=1.0)
            writer.execution(execution, scenario_variant=0, case=place, scores=[score])


def history(store: Store, run: str) -> History:
    stored = store.run(run)
    (only,) = histories(stored, summarise(stored))
    return only


def test_the_runs_before_stand_oldest_first_and_the_run_itself_last(store: Store, add: Add) -> None:
    """Each with its mean and the interval for exactly its cases."""
    add("one", 1.0, [(0, 0), (1, 0)])
    add("two", 2.0, [(1, 1), (1, 0)])
    add("three", 3.0)
    runs = history(store, "three").runs
    assert [run.run for run in runs] == ["one", "two", "three"]
    assert [run.values["terms"].value for run in runs] == [0.25, 0.75, 0.75]
    bounds = runs[0].values["terms"].these_cases
    assert bounds.low < 0.25 < bounds.high
    assert runs[0].values["terms"].n_scored == 4
    assert runs[-1].values["terms"].these_cases == runs[1].values["terms"].these_cases


def test_what_began_later_changes_nothing(store: Store, add: Add) -> None:
    """The history of a run is the same before and after later runs were made."""
    add("one", 1.0)
    add("two", 2.0, [(1, 1), (1, 0)])
    before = history(store, "two")
    add("three", 3.0, [(0, 0), (0, 0)])
    assert history(store, "two") == before
    assert [run.run for run in before.runs] == ["one", "two"]


def test_the_last_finished_run_is_what_it_is_compared_with(store: Store, add: Add) -> None:
    """One that was interrupted is neither compared nor in the trend."""
    add("one", 1.0, [(0, 0)] * 8)
    add("two", 2.0, [(0, 0)] * 8, status="interrupted")
    add("three", 3.0, [(1, 1)] * 8)
    found = history(store, "three")
    assert found.previous is not None
    assert found.previous.pairs[0].base.run == "one"
    assert found.previous.pairs[0].differences[0].verdict.startswith("better")
    assert [run.run for run in found.runs] == ["one", "three"]


def test_a_first_run_says_that_there_is_none_before(store: Store, add: Add) -> None:
    """No comparison, one point, a sentence."""
    add("one", 1.0)
    found = history(store, "one")
    assert found.previous is None
    assert found.why == "no finished run of it began before this one"
    assert len(found.runs) == 1


def test_runs_on_other_cases_are_told_apart_and_not_paired(store: Store, add: Add) -> None:
    """No common case: the reason is a sentence, and the point is marked."""
    other = (Case(id="x", inputs={"email": "else"}), Case(id="y", inputs={"email": "else again"}))
    add("one", 1.0, cases={"telco": other})
    add("two", 2.0)
    found = history(store, "two")
    assert found.previous is None
    assert found.why.startswith("the run before it, one, cannot be compared: ")
    assert [run.same_cases for run in found.runs] == [False, True]


def test_what_changed_in_the_definitions_is_named(store: Store, add: Add) -> None:
    """Only parts of this scenario variant: those of others are no reason here."""
    provenance = _run("x", 1.0, [(1,)]).provenance
    changed = {"scenario telco": "2", "scenario billing": "9", "orchestration o under billing, variant base": "9"}
    add("one", 1.0)
    add("two", 2.0, provenance=provenance.model_copy(update={"parts": changed}))
    assert [run.changed for run in history(store, "two").runs] == [(), ("scenario telco",)]


def test_a_run_whose_scores_decided_its_length_has_a_value_and_no_interval_of_fixed_length(
    store: Store, add: Add
) -> None:
    """Such an interval would be too narrow; the note says why there is none."""
    provenance = _run("x", 1.0, [(1,)]).provenance
    until = provenance.selection.model_copy(update={"until": "decided"})
    add("one", 1.0, provenance=provenance.model_copy(update={"selection": until}))
    add("two", 2.0)
    past = history(store, "two").runs[0].values["terms"]
    assert past.value == 0.75
    assert (past.these_cases.low, past.these_cases.high) == (None, None)
    assert past.these_cases.note == "its scores decided when it ended"


def test_a_trend_is_bounded_in_runs_and_in_executions(store: Store, add: Add) -> None:
    """The latest runs only; a giant one among them ends it, save where it is the one just before."""
    for place in range(MOST_RUNS + 2):
        add(f"run-{place:02d}", float(place), [(1,)])
    last = history(store, f"run-{MOST_RUNS + 1:02d}")
    assert len(last.runs) == MOST_RUNS
    assert last.runs[0].run == "run-02"
    add("giant", 100.0, planned=MOST_EXECUTIONS + 1)
    add("after", 101.0)
    assert [run.run for run in history(store, "after").runs] == ["giant", "after"]
