"""The store: runs by name, round trips of every record, what counts in columns."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from peel.errors import StoreError
from peel.records import Case, Execution, Fault, Score, StepResult, Usage
from peel.store.reading import MISSING, PENDING, SCORED, UNSCORED
from peel.store.store import Store
from peel.store.stored import READ_AT_ONCE


def write(store: Store, run: Any, executions: list[Execution], scores: list[Score], *, place: int = 0) -> None:
    """Create the run where it is new, and store executions with their scores."""

    async def writing() -> None:
        async with store.writer(run.id) as writer:
            for execution in executions:
                for position, step in enumerate(execution.steps):
                    writer.step(execution.number, position, result=step)
                case = [case.id for case in run.cases["telco"]].index(execution.case)
                mine = [score for score in scores if score.execution == execution.number]
                writer.execution(execution, scenario_variant=place, case=case, scores=mine)

    asyncio.run(writing())


def append(store: Store, run: Any, *scores: Score) -> None:
    """Append scores to a stored run, one commit each."""

    async def writing() -> None:
        async with store.writer(run.id) as writer:
            for score in scores:
                writer.scores([score])
                await writer.committed()

    asyncio.run(writing())


def test_a_run_comes_back_as_it_was_stored(store: Store, make: Any) -> None:
    """Every field of a run survives, whatever JSON its definitions hold."""
    run = make.run(variants=("base", "cold"))
    odd = Case(
        id="c#1",
        tags=("a", "b"),
        inputs={"n": 123456789012345678901234567890, "t": "\x00 ☎ </script>", "deep": [{"a": [1.5, None, True]}]},
        expected={"terms": ["reset button", "3 seconds"]},
    )
    run = run.model_copy(update={"cases": {"telco": (odd,)}})
    store.create(run)
    assert store.run(run.id).run == run


def test_an_execution_comes_back_with_its_steps_and_scores(store: Store, make: Any) -> None:
    """Every field of an execution, its steps, attempts, marks, usage and scores survives."""
    run = make.run()
    store.create(run)
    steps = (
        make.step("question", {"a": [1, None, "é\x00"], "b": 1e-300}, attempts=(make.attempt,), marks=("truncated",)),
        make.step(output="", marks=("empty",), usage=Usage(calls=1, tokens_in=None, tokens_out=0, cost_usd=None)),
    )
    execution = make.execution(4, run, steps=steps)
    scores = [
        make.score(
            4, 0.25, usage=Usage(calls=3, tokens_in=9, tokens_out=None, cost_usd=0.1), details={"votes": [0, 1]}
        ),
        make.score(4, None, evaluator="meaning", reason="the judge's reply is no JSON"),
        make.score(4, None, evaluator="would-send", status="pending"),
        make.score(4, 1.0, evaluator="would-send", rater="Änne", reason="as I would"),
    ]
    write(store, run, [execution], scores)
    assert list(store.run(run.id).executions([4])) == [(execution, tuple(scores))]


def test_an_errored_execution_comes_back_with_its_fault_and_the_step_that_failed(store: Store, make: Any) -> None:
    """The failed step is stored with its execution, with what it had asked."""
    run = make.run()
    store.create(run)
    failed = make.step(output=None, status="error", fault=make.fault)
    execution = make.execution(0, run, steps=(make.step("question"), failed), status="error", fault=make.fault)
    write(store, run, [execution], [])
    assert [one for one, _ in store.run(run.id).executions([0])] == [execution]


def test_executions_come_in_the_order_asked_for_and_unknown_numbers_are_left_out(store: Store, make: Any) -> None:
    """Also when more are asked for than are read at once."""
    run = make.run(cases=READ_AT_ONCE + 10, repetitions=1)
    store.create(run)
    asyncio.run(make.stored(store, run, range(READ_AT_ONCE + 10)))
    asked = [*range(READ_AT_ONCE + 9, -1, -1), 7, 99_999]
    assert [one.number for one, _ in store.run(run.id).executions(asked)] == asked[:-1]


def test_columns_hold_each_execution_in_order_of_its_number(store: Store, make: Any) -> None:
    """Executions that end in any order are read by number; unknown usage is NaN; marks of all steps count."""
    run = make.run()
    store.create(run)
    unknown = make.step(usage=Usage(calls=1, tokens_in=None, tokens_out=3, cost_usd=None), marks=("refused",))
    executions = [
        make.execution(5, run, steps=(make.step("question", marks=("empty",)), unknown)),
        make.execution(1, run, status="error", fault=make.fault, steps=()),
        make.execution(0, run),
    ]
    write(store, run, executions, [make.score(5, 0.5)])
    columns = store.run(run.id).columns("telco", "base")
    assert columns.planned == 6
    assert columns.number.tolist() == [0, 1, 5]
    assert columns.case.tolist() == [0, 1, 2]
    assert columns.repetition.tolist() == [1, 1, 2]
    assert columns.ok.tolist() == [True, False, True]
    assert columns.marks.tolist() == [0, 0, 1 | 4]
    np.testing.assert_equal(columns.tokens_in, [100.0, 0.0, np.nan])
    np.testing.assert_equal(columns.cost_usd, [0.001, 0.0, np.nan])
    assert columns.scores["core-terms"].status.tolist() == [MISSING, MISSING, SCORED]
    np.testing.assert_equal(columns.scores["core-terms"].value, [np.nan, np.nan, 0.5])
    assert columns.faults == {"TransportError in answer: no answer within 120 s": 1}


def test_columns_of_one_variant_hold_nothing_of_another(store: Store, make: Any) -> None:
    """Executions, scores, faults and judges' usage are kept apart."""
    run = make.run(variants=("base", "cold"))
    store.create(run)
    judged = Usage(calls=1, tokens_in=5, tokens_out=5, cost_usd=0.5)
    write(store, run, [make.execution(0, run)], [make.score(0, 0.0, usage=judged)])
    cold = make.execution(1, run, variant="cold", status="error", fault=make.fault, steps=())
    write(store, run, [cold], [], place=1)
    base, other = (store.run(run.id).columns("telco", name) for name in ("base", "cold"))
    assert (base.number.tolist(), other.number.tolist()) == ([0], [1])
    assert (base.faults, list(other.faults.values())) == ({}, [1])
    assert other.scores["core-terms"].status.tolist() == [MISSING]
    assert store.run(run.id).judge_usage("telco", "base") == judged
    assert store.run(run.id).judge_usage("telco", "cold") == Usage()


def test_columns_of_a_run_without_executions_are_empty(store: Store, make: Any) -> None:
    """A run that was killed before its first execution ended has empty arrays, not an error."""
    run = make.run()
    store.create(run)
    columns = store.run(run.id).columns("telco", "base")
    assert (columns.planned, columns.number.size, columns.scores["meaning"].status.size) == (6, 0, 0)


def test_a_scenario_variant_that_the_run_does_not_have_is_a_key_error(store: Store, make: Any) -> None:
    """Nothing is made up for a variant that was not run."""
    store.create(make.run())
    with pytest.raises(KeyError):
        store.run("last").columns("telco", "cold")


@pytest.mark.parametrize(
    ("second", "status", "value"),
    [
        ({"value": 0.0}, SCORED, 0.0),
        ({"value": None, "reason": "the judge did not answer"}, UNSCORED, np.nan),
    ],
)
def test_the_latest_score_of_an_evaluator_counts(
    store: Store, make: Any, second: dict[str, Any], status: int, value: float
) -> None:
    """Scoring again replaces what counts and keeps what was; a later failure to score is not hidden by it."""
    run = make.run()
    store.create(run)
    write(store, run, [make.execution(0, run)], [make.score(0, 1.0)])
    append(store, run, make.score(0, **second))
    stored = store.run(run.id)
    column = stored.columns("telco", "base").scores["core-terms"]
    assert column.status.tolist() == [status]
    np.testing.assert_equal(column.value, [value])
    assert len(next(stored.executions([0]))[1]) == 2


def test_a_reason_that_a_later_score_replaced_is_not_counted(store: Store, make: Any) -> None:
    """Only executions that are unscored now have a reason."""
    run = make.run()
    store.create(run)
    first = [make.score(number, None, reason="time-out") for number in range(3)]
    write(store, run, [make.execution(number, run) for number in range(3)], first)
    append(store, run, make.score(0, 0.5), make.score(1, None, reason="no JSON"))
    column = store.run(run.id).columns("telco", "base").scores["core-terms"]
    assert column.reasons == {"no JSON": 1, "time-out": 1}


def test_people_are_averaged_over_the_latest_of_each(store: Store, make: Any) -> None:
    """A person who changes their mind counts once, with what they said last."""
    run = make.run()
    store.create(run)
    pending = make.score(0, None, evaluator="would-send", status="pending")
    write(store, run, [make.execution(0, run)], [pending])
    said = [("ann", 0.0), ("bob", 0.5), ("ann", 1.0)]
    append(store, run, *(make.score(0, value, evaluator="would-send", rater=rater) for rater, value in said))
    column = store.run(run.id).columns("telco", "base").scores["would-send"]
    assert (column.status.tolist(), column.value.tolist()) == ([SCORED], [0.75])


def test_who_has_not_answered_or_cannot_tell_is_not_a_number(store: Store, make: Any) -> None:
    """Pending stays pending; a person who withdraws a score takes it out; the others still count."""
    run = make.run()
    store.create(run)
    pending = [make.score(number, None, evaluator="would-send", status="pending") for number in range(3)]
    write(store, run, [make.execution(number, run) for number in range(3)], pending)
    cannot = {"evaluator": "would-send", "reason": "not my product"}
    append(
        store,
        run,
        make.score(1, 1.0, evaluator="would-send", rater="ann"),
        make.score(1, None, rater="ann", **cannot),
        make.score(2, 0.5, evaluator="would-send", rater="ann"),
        make.score(2, None, rater="bob", **cannot),
    )
    column = store.run(run.id).columns("telco", "base").scores["would-send"]
    assert column.status.tolist() == [PENDING, UNSCORED, SCORED]
    np.testing.assert_equal(column.value, [np.nan, np.nan, 0.5])
    assert column.reasons == {"not my product": 1}


def test_a_persons_score_of_what_a_judge_scored_is_stored_beside_it_and_changes_nothing(
    store: Store, make: Any
) -> None:
    """Judges and people are never mixed in one number, whoever came last."""
    run = make.run()
    store.create(run)
    judged = make.score(0, 0.25, evaluator="meaning")
    write(store, run, [make.execution(0, run)], [judged])
    append(store, run, make.score(0, 1.0, evaluator="meaning", rater="ann"))
    stored = store.run(run.id)
    assert stored.columns("telco", "base").scores["meaning"].value.tolist() == [0.25]
    assert [score.rater for score in next(stored.executions([0]))[1]] == [None, "ann"]


def test_rare_faults_and_reasons_are_counted_together(store: Store, make: Any) -> None:
    """A message that differs every time does not make a report as long as the run; no execution is lost from it."""
    run = make.run(cases=60, repetitions=1)
    store.create(run)
    faults = [Fault(type="E", message=f"request {number}") for number in range(30)] + [
        Fault(type="E", message="same")
    ] * 2
    errored = [make.execution(n, run, status="error", steps=(), fault=fault) for n, fault in enumerate(faults)]
    unscored = [make.score(number, None, reason=f"why {number}") for number in range(32, 60)]
    write(store, run, [*errored, *(make.execution(number, run) for number in range(32, 60))], unscored)
    columns = store.run(run.id).columns("telco", "base")
    assert len(columns.faults) == 20
    assert (next(iter(columns.faults.items())), sum(columns.faults.values())) == (("E: same", 2), 32)
    assert columns.faults["other faults"] == 12
    assert sum(columns.scores["core-terms"].reasons.values()) == 28


def test_the_same_store_is_read_the_same_whatever_the_order_it_was_written_in(store: Store, make: Any) -> None:
    """Two runs with the same results, finished in opposite order, give equal columns."""
    for run_id, numbers in (("a", range(6)), ("b", range(5, -1, -1))):
        run = make.run(run_id)
        store.create(run)
        scores = [make.score(number, number / 7) for number in numbers]
        write(store, run, [make.execution(number, run) for number in numbers], scores)
    first, second = (store.run(run_id).columns("telco", "base") for run_id in ("a", "b"))
    assert first.number.tobytes() == second.number.tobytes()
    assert first.scores["core-terms"].value.tobytes() == second.scores["core-terms"].value.tobytes()


def test_unfinished_steps_are_those_of_executions_that_did_not_end(store: Store, make: Any) -> None:
    """What a resumed run goes on from: ok steps only, in their order, without those of finished executions."""
    run = make.run()
    store.create(run)
    question, answer = make.step("question", "q"), make.step("answer", "a")

    async def killed() -> None:
        async with store.writer(run.id) as writer:
            writer.step(0, 0, result=question)
            writer.execution(make.execution(0, run), scenario_variant=0, case=0, scores=[])
            writer.step(1, 0, result=question)
            writer.step(1, 1, result=answer)
            writer.step(2, 0, result=StepResult(step="question", status="error", fault=make.fault))

    asyncio.run(killed())
    stored = store.run(run.id)
    assert stored.unfinished_steps() == {1: [question, answer]}
    assert stored.finished_numbers() == {0}


def test_what_was_spent_is_the_application_and_its_judges(store: Store, make: Any) -> None:
    """The known costs of a run, for a budget that goes on after a resume."""
    run = make.run()
    store.create(run)
    assert store.run(run.id).spent_usd() == 0.0
    judged = Usage(calls=1, tokens_in=1, tokens_out=1, cost_usd=0.25)
    write(store, run, [make.execution(0, run)], [make.score(0, 1.0, usage=judged)])
    assert store.run(run.id).spent_usd() == pytest.approx(0.251)


def test_the_cost_of_judges_is_unknown_where_one_call_of_them_is(store: Store, make: Any) -> None:
    """An unknown cost is never counted as nothing; evaluators that asked no judge do not make it unknown."""
    run = make.run()
    store.create(run)
    known, unknown = Usage(calls=1, tokens_in=1, tokens_out=1, cost_usd=0.5), Usage(calls=1, tokens_in=1, cost_usd=None)
    write(store, run, [make.execution(0, run)], [make.score(0), make.score(0, 1.0, evaluator="meaning", usage=known)])
    assert store.run(run.id).judge_usage("telco", "base") == known
    append(store, run, make.score(0, 1.0, evaluator="meaning", usage=unknown))
    assert store.run(run.id).judge_usage("telco", "base") == Usage(calls=2, tokens_in=2, tokens_out=1, cost_usd=None)


def test_a_run_is_named_by_its_id_a_unique_prefix_or_last(store: Store, make: Any) -> None:
    """`last` is the run that started last, whatever was stored last."""
    for run_id, started in (("20260102-bbbb", 20.0), ("20260102-bbcc", 10.0), ("20260101-aaaa", 30.0)):
        store.create(make.run(run_id, started=started))
    assert store.run("20260102-bbcc").run.id == "20260102-bbcc"
    assert store.run("20260101").run.id == "20260101-aaaa"
    assert store.run("last").run.id == "20260101-aaaa"


def test_a_prefix_of_several_runs_is_refused_with_their_ids(store: Store, make: Any) -> None:
    """The message names runs that it may stand for."""
    for number in range(8):
        store.create(make.run(f"20260102-{number}", started=float(number)))
    with pytest.raises(StoreError, match="'2026' stands for several runs, such as 20260102-7, 20260102-6"):
        store.run("2026")


def test_an_id_that_begins_other_ids_still_names_its_run(store: Store, make: Any) -> None:
    """A whole id is never ambiguous, however many newer ones begin with it."""
    for number in range(8):
        store.create(make.run("r" + "x" * number, started=float(number)))
    assert store.run("r").run.id == "r"


@pytest.mark.parametrize("name", ["nothing", "%", "_", "last"])
def test_an_unknown_run_is_refused(store: Store, make: Any, name: str) -> None:
    """Wildcards of the database are letters like others; `last` needs a run."""
    if name != "last":
        store.create(make.run())
    with pytest.raises(StoreError, match=f"no run '{name}' in the store; `peel runs` lists them"):
        store.run(name)


def test_the_writer_of_an_unknown_run_is_refused(store: Store) -> None:
    """Nothing can be written to a run that was not created."""
    with pytest.raises(StoreError, match="no run 'r9'"):
        store.writer("r9")


def test_runs_are_listed_newest_first_with_the_number_of_their_executions(store: Store, make: Any) -> None:
    """As many as are asked for."""
    for run_id, started in (("a", 1.0), ("b", 3.0), ("c", 2.0)):
        store.create(make.run(run_id, started=started))
    asyncio.run(make.stored(store, make.run("b"), range(4)))
    assert [(run.id, stored) for run, stored in store.runs()] == [("b", 4), ("c", 0), ("a", 0)]
    assert [run.id for run, _ in store.runs(limit=1)] == ["b"]


def test_a_status_but_running_records_when_the_run_ended(store: Store, make: Any) -> None:
    """A resumed run that is running again has no end."""
    store.create(make.run("a"))
    store.set_status("a", "interrupted")
    ended = store.run("a").run
    assert ended.status == "interrupted"
    assert ended.finished is not None
    store.set_status("a", "running")
    assert store.run("a").run.finished is None


def test_redefining_changes_the_definitions_and_nothing_else(store: Store, make: Any) -> None:
    """After scoring again, the run has the evaluators that its scores are of; its executions stay."""
    run = make.run()
    store.create(run)
    asyncio.run(make.stored(store, run, range(2)))
    item = run.scenario_variants[0]
    scenario = item.scenario.model_copy(update={"evaluators": item.scenario.evaluators[:1]})
    changed = run.model_copy(update={"scenario_variants": (item.model_copy(update={"scenario": scenario}),)})
    store.redefine(changed)
    assert store.run(run.id).run == changed
    assert list(store.run(run.id).columns("telco", "base").scores) == ["core-terms"]
    assert store.run(run.id).finished_numbers() == {0, 1}


def test_a_run_id_cannot_be_stored_twice(store: Store, make: Any) -> None:
    """The first stays as it is."""
    store.create(make.run("a"))
    with pytest.raises(StoreError, match="holds this result already"):
        store.create(make.run("a", cases=1))
    assert len(store.run("a").run.cases["telco"]) == 3


def test_token_counts_of_any_size_a_server_may_claim_are_stored(store: Store, make: Any) -> None:
    """A count beyond 32 bits is kept as it is."""
    run = make.run()
    store.create(run)
    steps = (make.step(usage=Usage(calls=1, tokens_in=2**40, tokens_out=1, cost_usd=0.0)),)
    write(store, run, [make.execution(0, run, steps=steps)], [])
    assert store.run(run.id).columns("telco", "base").tokens_in.tolist() == [2**40]


def test_earlier_runs_are_the_finished_ones_of_a_scenario_newest_first(store: Store, make: Any) -> None:
    """None that began later, none of another scenario, none that is unfinished; of two at once the older by key."""
    for run_id, started in (("a", 1.0), ("b", 3.0), ("c", 2.0), ("d", 3.0), ("e", 9.0)):
        store.create(make.run(run_id, started=started))
        store.set_status(run_id, "finished")
    store.set_status("c", "interrupted")
    assert [earlier.run.id for earlier in store.run("d").earlier("telco")] == ["b", "a"]
    assert list(store.run("d").earlier("tel")) == []
    assert list(store.run("d").earlier("100%_")) == []
    assert list(store.run("a").earlier("telco")) == []
