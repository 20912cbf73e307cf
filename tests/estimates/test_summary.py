"""The summary of a run: its counts add up, it is the same every time, and it is quick."""

from __future__ import annotations

import itertools
import time
from typing import Any

import numpy as np
import pytest

from peel.estimates.summary import summarise
from peel.estimates.verdict import exit_code
from peel.records import GateDefinition, GateVerdict, RunStatus, Usage
from peel.store.reading import MISSING, SCORED, Columns, ScoreColumn

GATES = (
    GateDefinition(kind="evaluator", subject="core-terms", at_least=0.5),
    GateDefinition(kind="evaluator", subject="core-terms", at_least=0.5, scope="cases-like-these"),
    GateDefinition(kind="measure", subject="cost_usd", at_most=0.01),
    GateDefinition(kind="measure", subject="latency_s", at_most=5),
    GateDefinition(kind="measure", subject="error_rate", at_most=0.1, scope="cases-like-these"),
)


def test_planned_completed_and_errored_are_counted(make: Any) -> None:
    """Of a run that ended, what was planned is what completed and what errored."""
    stored = make.stored(make.columns([1.0, "errored"], [0.5, 0.0]), cases=2, repetitions=2)
    one = summarise(stored).scenarios[0]
    assert (one.planned, one.completed, one.errored) == (4, 3, 1)
    assert one.faults == {"TransportError in answer: no answer": 1}


def test_an_interrupted_run_has_planned_more_than_it_has(make: Any) -> None:
    """What was not executed is neither completed nor errored."""
    stored = make.stored(make.columns([1.0], planned=10), cases=5, repetitions=2)
    one = summarise(stored).scenarios[0]
    assert (one.planned, one.completed, one.errored) == (10, 1, 0)
    assert [case.planned for case in one.cases] == [2] * 5
    assert [case.completed for case in one.cases] == [1, 0, 0, 0, 0]


def test_each_case_has_its_own_numbers(make: Any) -> None:
    """The mean of its scored repetitions, None where there is none."""
    stored = make.stored(make.columns([1.0, 0.5], ["errored", "unscored"]), cases=2, repetitions=2)
    first, second = summarise(stored).scenarios[0].cases
    assert (first.case, first.tags, first.completed, first.errored, first.values) == (
        "c0",
        ("demo",),
        2,
        0,
        {"core-terms": 0.75},
    )
    assert (second.completed, second.errored, second.values) == (1, 1, {"core-terms": None})


def test_marks_are_counted_by_execution_and_only_where_there_are_any(make: Any) -> None:
    """An output that is empty and truncated counts as each."""
    columns = make.columns([1.0, 1.0, 1.0])
    columns.marks[:] = [1, 3, 0]
    stored = make.stored(columns, cases=1, repetitions=3)
    assert summarise(stored).scenarios[0].marks == {"empty": 2, "truncated": 1}


@pytest.mark.parametrize(
    "cases",
    [
        [[]],
        [["errored"]],
        [["errored"] * 3] * 3,
        [["pending"] * 3] * 3,
        [["unscored"] * 3] * 3,
        [[1.0]],
        [[0.0] * 4],
        [[0.5]] * 4,
        [[1.0, "errored"], ["pending", "unscored"]],
    ],
    ids=lambda cases: str(cases)[:40],
)
def test_extremes_give_a_summary_without_nan_or_an_interval_of_no_width(make: Any, cases: Any) -> None:
    """Whatever happened, the numbers are finite or None, and bounds enclose their value."""
    stored = make.stored(make.columns(*cases), cases=len(cases), repetitions=len(cases[0]), gates=GATES)
    summary = summarise(stored)
    text = summary.model_dump_json()
    assert "NaN" not in text
    assert "Infinity" not in text
    one = summary.scenarios[0]
    bounds = [(e.low, e.value, e.high) for e in one.evaluators]
    bounds += [(e.these_cases.low, e.value, e.these_cases.high) for e in one.evaluators]
    bounds += [(gate.low, gate.value, gate.high) for gate in one.gates if gate.subject != "cost_usd"]
    for low, value, high in bounds:
        if low is None or high is None:
            assert (low, high) == (None, None)
        else:
            assert value is not None
            assert low <= value <= high
            assert low < high
    assert all(gate.reason for gate in one.gates if gate.verdict == "undecided")


def large(cases: int, repetitions: int) -> Columns:
    """Executions with scores that differ, some errored, of cases that differ."""
    size = cases * repetitions
    chance = np.random.default_rng(7)
    case = np.tile(np.arange(cases), repetitions)
    ok = chance.random(size) > 0.02
    value = np.where(ok, np.clip(chance.normal(0.7, 0.2, size) - case % 7 / 20, 0, 1), np.nan)
    status = np.where(ok, SCORED, MISSING).astype(np.int8)
    return Columns(
        planned=size,
        number=np.arange(size),
        case=case,
        repetition=np.repeat(np.arange(1, repetitions + 1), cases),
        ok=ok,
        latency_s=chance.gamma(2, 0.5, size),
        tokens_in=np.full(size, 10.0),
        tokens_out=np.full(size, 10.0),
        cost_usd=chance.gamma(2, 0.001, size),
        marks=np.zeros(size, dtype=np.uint8),
        scores={"core-terms": ScoreColumn(status, value, {})},
        faults={},
    )


@pytest.mark.parametrize(("cases", "repetitions"), [(100, 1000), (1000, 100), (200, 500), (50_000, 2)])
def test_a_hundred_thousand_executions_are_summarised_within_a_second_of_computing(
    make: Any, cases: int, repetitions: int
) -> None:
    """Processor time, not the clock on the wall, the least of three: what else the machine does only adds to it. The
    code is loaded before."""
    summarise(make.stored(make.columns([1.0, 0.0], [1.0, 1.0], [0.0, 0.0]), cases=3, repetitions=2, gates=GATES))
    stored = make.stored(large(cases, repetitions), cases=cases, repetitions=repetitions, gates=GATES)
    took = []
    for _ in range(3):
        before = time.process_time()
        summarise(stored)
        took.append(time.process_time() - before)
    assert min(took) < 1.0


def test_the_same_store_gives_the_same_bytes(make: Any) -> None:
    """No random numbers, no clock: a gate does not flicker."""
    texts = {
        summarise(make.stored(large(150, 4), cases=150, repetitions=4, gates=GATES)).model_dump_json() for _ in range(3)
    }
    assert len(texts) == 1


def test_judges_usage_is_apart_from_the_applications(make: Any) -> None:
    """Neither is added to the other."""
    judges = Usage(calls=1, tokens_in=7, tokens_out=7, cost_usd=7.0)
    one = summarise(make.stored(make.columns([1.0]), cases=1, repetitions=1, judges=judges)).scenarios[0]
    assert one.judge_usage is not None
    assert (one.usage.cost_usd, one.judge_usage.cost_usd) == (0.001, 7.0)


def verdicts_to_code(make: Any, verdicts: list[GateVerdict], *, last: str | float, status: RunStatus) -> int:
    """The exit code of a run with these verdicts, whose last execution ended in `last`."""
    summary = summarise(make.stored(make.columns([1.0, last]), cases=1, repetitions=2, gates=GATES[: len(verdicts)]))
    one = summary.scenarios[0]
    gates = tuple(
        gate.model_copy(update={"verdict": verdict}) for gate, verdict in zip(one.gates, verdicts, strict=True)
    )
    changed = one.model_copy(update={"gates": gates})
    return exit_code(summary.model_copy(update={"scenarios": (changed,)}), status)


@pytest.mark.parametrize(
    ("verdicts", "last", "status", "code"),
    [
        ([], 1.0, "finished", 0),
        (["pass", "pass"], 1.0, "finished", 0),
        (["pass", "pass"], "pending", "finished", 0),
        (["pass", "fail"], 1.0, "finished", 1),
        (["undecided", "fail"], "errored", "finished", 1),
        (["pass"], "errored", "finished", 3),
        (["pass"], "unscored", "finished", 3),
        (["undecided"], "errored", "finished", 3),
        ([], "errored", "finished", 3),
        (["pass", "undecided"], 1.0, "finished", 4),
        (["fail"], 1.0, "interrupted", 130),
        (["pass"], 1.0, "over-budget", 130),
        ([], 1.0, "running", 130),
    ],
)
def test_the_exit_code_is_the_contracts(
    make: Any, verdicts: list[GateVerdict], last: str | float, status: RunStatus, code: int
) -> None:
    """0 passed, 1 failed, 3 incomplete, 4 undecided, 130 stopped and resumable, in this order of precedence."""
    assert verdicts_to_code(make, verdicts, last=last, status=status) == code


def test_the_order_of_gates_does_not_change_the_exit_code(make: Any) -> None:
    """One failure fails, wherever it stands."""
    for order in itertools.permutations(["pass", "undecided", "fail"]):
        assert verdicts_to_code(make, list(order), last=1.0, status="finished") == 1
