"""The writer of a run: what is promised of it when processes die, disks fill and locks are held."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from peel.errors import StoreError
from peel.store.store import Store

PROGRAM = Path(__file__).with_name("write_until_killed.py")
ENDLESS = 10_000_000


@contextmanager
def writing_process(url: str, root: Path, run: str, *, executions: int) -> Iterator[subprocess.Popen[str]]:
    """A process that writes the run; killed at the end."""
    command = [sys.executable, str(PROGRAM), url, str(root), run, str(executions)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def committed_before(process: subprocess.Popen[str], *, lines: int) -> list[int]:
    """The numbers that the process has reported, at least `lines` of them."""
    assert process.stdout is not None
    return [int(process.stdout.readline()) for _ in range(lines)]


def test_a_killed_process_leaves_everything_committed_and_nothing_half(
    store: Store, store_url: str, make: Any, tmp_path: Path
) -> None:
    """SIGKILL while writing: what `committed` returned for is there; each execution has all steps and its score."""
    run = make.run(cases=1, repetitions=ENDLESS)
    store.create(run)
    with writing_process(store_url, tmp_path, run.id, executions=ENDLESS) as process:
        reported = committed_before(process, lines=40)
        os.kill(process.pid, signal.SIGKILL)
        rest, _ = process.communicate(timeout=30)
        # The last line may be cut in half by the kill.
        reported += [int(line) for line in rest.split("\n")[:-1]]
    stored = store.run(run.id)
    numbers = stored.finished_numbers()
    assert numbers >= set(reported)
    for execution, scores in stored.executions(sorted(numbers)):
        assert [step.step for step in execution.steps] == ["question", "answer"]
        assert len(scores) == 1
    half = stored.unfinished_steps()
    assert all([step.step for step in steps] in (["question"], ["question", "answer"]) for steps in half.values())
    assert not numbers & set(half)


def test_a_killed_run_is_completed_by_another_process(store: Store, store_url: str, make: Any, tmp_path: Path) -> None:
    """After a kill the store takes new rows at once: no lock, no journal stands in the way."""
    run = make.run()
    store.create(run)
    with writing_process(store_url, tmp_path, run.id, executions=ENDLESS) as process:
        committed_before(process, lines=1)
        process.kill()
        process.wait(timeout=30)
    before = store.run(run.id).finished_numbers()
    more = range(ENDLESS, ENDLESS + 3)
    asyncio.run(make.stored(store, run, more))
    assert store.run(run.id).finished_numbers() == before | set(more)


def test_what_is_committed_is_seen_by_another_process(store: Store, store_url: str, make: Any, tmp_path: Path) -> None:
    """While the writer is still open, a second process reads what `committed` returned for, with its score."""
    run = make.run()
    store.create(run)
    program = (
        "import sys; from pathlib import Path; from peel.store.store import Store;"
        "stored = Store(sys.argv[1], root=Path(sys.argv[2])).run('last');"
        "print([(e.number, len(e.steps), len(s)) for e, s in stored.executions(stored.finished_numbers())])"
    )

    async def writing() -> str:
        async with store.writer(run.id) as writer:
            execution = make.execution(0, run)
            for place, step in enumerate(execution.steps):
                writer.step(0, place, result=step)
            writer.execution(execution, scenario_variant=0, case=0, scores=[make.score(0)])
            await writer.committed()
            reading = await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, store_url, str(tmp_path), stdout=subprocess.PIPE
            )
            return (await reading.communicate())[0].decode()

    assert asyncio.run(writing()).strip() == "[(0, 2, 1)]"


def test_two_processes_write_different_runs_at_once(store: Store, store_url: str, make: Any, tmp_path: Path) -> None:
    """Each gets all its rows, and none of the other's."""
    for run_id in ("a", "b"):
        store.create(make.run(run_id, cases=1, repetitions=60))
    with (
        writing_process(store_url, tmp_path, "a", executions=60) as first,
        writing_process(store_url, tmp_path, "b", executions=60) as second,
    ):
        assert [process.wait(timeout=60) for process in (first, second)] == [0, 0]
    for run_id in ("a", "b"):
        assert store.run(run_id).columns("telco", "base").number.tolist() == list(range(60))


def test_leaving_the_writer_commits_what_is_queued(store: Store, make: Any) -> None:
    """Nobody has to await `committed` before the end."""
    run = make.run()
    store.create(run)
    asyncio.run(make.stored(store, run, range(5)))
    assert store.run(run.id).finished_numbers() == set(range(5))


def test_an_error_in_the_body_still_commits_what_is_queued(store: Store, make: Any) -> None:
    """A run that dies of a fault of its own keeps what had finished."""
    run = make.run()
    store.create(run)

    async def dying() -> None:
        async with store.writer(run.id) as writer:
            writer.execution(make.execution(3, run), scenario_variant=0, case=0, scores=[])
            raise LookupError("a fault of the runner")

    with pytest.raises(LookupError):
        asyncio.run(dying())
    assert store.run(run.id).finished_numbers() == {3}


def test_a_cancelled_wait_neither_loses_rows_nor_disturbs_the_others(store: Store, make: Any) -> None:
    """Whoever stops waiting for `committed`, the rows are stored and the others are told."""
    run = make.run()
    store.create(run)

    async def cancelling() -> None:
        async with store.writer(run.id) as writer:
            writer.execution(make.execution(0, run), scenario_variant=0, case=0, scores=[])
            impatient, patient = (asyncio.create_task(writer.committed()) for _ in range(2))
            await asyncio.sleep(0)
            impatient.cancel()
            await patient
            assert impatient.cancelled()
            assert store.run(run.id).finished_numbers() == {0}

    asyncio.run(asyncio.wait_for(cancelling(), 30))


def test_a_run_cancelled_again_while_the_writer_ends_still_stores_what_is_queued(store: Store, make: Any) -> None:
    """An impatient second Ctrl-C does not cost results that were paid for; the cancellation arrives all the same."""
    run = make.run()
    store.create(run)
    ending = asyncio.Event()

    async def writing() -> None:
        async with store.writer(run.id) as writer:
            writer.execution(make.execution(0, run), scenario_variant=0, case=0, scores=[])
            ending.set()

    async def cancelling() -> None:
        task = asyncio.create_task(writing())
        await ending.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(cancelling(), 30))
    assert store.run(run.id).finished_numbers() == {0}


def test_committed_returns_where_nothing_was_queued(store: Store, make: Any) -> None:
    """An empty wait ends."""
    run = make.run()
    store.create(run)

    async def waiting() -> None:
        async with store.writer(run.id) as writer:
            await writer.committed()
            await writer.committed()

    asyncio.run(asyncio.wait_for(waiting(), 30))


def test_a_writer_that_is_not_open_refuses_rather_than_waits(store: Store, make: Any) -> None:
    """After the end nobody would commit: to wait for it would hang for ever."""
    run = make.run()
    store.create(run)

    async def late() -> None:
        writer = store.writer(run.id)
        with pytest.raises(StoreError, match="not open"):
            writer.scores([make.score(0)])
        async with writer:
            pass
        with pytest.raises(StoreError, match="not open"):
            await writer.committed()
        with pytest.raises(StoreError, match="not open"):
            writer.execution(make.execution(0, run), scenario_variant=0, case=0, scores=[])

    asyncio.run(asyncio.wait_for(late(), 30))
    assert store.run(run.id).finished_numbers() == set()


def test_a_failed_write_reaches_everybody_and_stops_all_further_ones(store: Store, make: Any) -> None:
    """An execution that is stored already (by another process) ends the run with a sentence; nothing of its batch is
    stored, and nothing hangs."""
    run = make.run()
    store.create(run)
    asyncio.run(make.stored(store, run, range(1)))

    async def second() -> None:
        async with store.writer(run.id) as writer:
            for number in (0, 1):
                writer.execution(make.execution(number, run), scenario_variant=0, case=0, scores=[make.score(number)])
            outcomes = await asyncio.gather(writer.committed(), writer.committed(), return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [StoreError, StoreError]
            with pytest.raises(StoreError):
                writer.scores([make.score(1)])
            with pytest.raises(StoreError):
                await writer.committed()

    with pytest.raises(StoreError, match="holds this result already; is another process completing the same run"):
        asyncio.run(asyncio.wait_for(second(), 30))
    stored = store.run(run.id)
    assert stored.finished_numbers() == {0}
    assert len(next(stored.executions([0]))[1]) == 1


def test_a_failed_step_can_be_tried_again_after_a_kill(store: Store, make: Any) -> None:
    """A failed step whose execution was not stored leaves its place free for the next try."""
    run = make.run()
    store.create(run)

    async def trying(status: str, *, ended: bool) -> None:
        fault = make.fault if status == "error" else None
        step = make.step("question", status=status, fault=fault)
        async with store.writer(run.id) as writer:
            writer.step(0, 0, result=step)
            if ended:
                execution = make.execution(0, run, steps=(step,))
                writer.execution(execution, scenario_variant=0, case=0, scores=[])

    asyncio.run(trying("error", ended=False))
    assert store.run(run.id).unfinished_steps() == {}
    asyncio.run(trying("ok", ended=True))
    assert store.run(run.id).finished_numbers() == {0}


def test_a_locked_store_is_a_sentence_and_what_was_stored_stays_readable(
    open_store: Any, make: Any, tmp_path: Path
) -> None:
    """Another program holds SQLite's lock for longer than PEEL waits."""
    store = open_store(lock_timeout_s=0.05)
    run = make.run()
    store.create(run)
    asyncio.run(make.stored(store, run, range(2)))
    other = sqlite3.connect(tmp_path / ".peel/peel.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"peel\.db is locked by another process; wait for it to end"):
        asyncio.run(asyncio.wait_for(make.stored(store, run, range(2, 4)), 30))
    with pytest.raises(StoreError, match="is locked by another process"):
        store.set_status(run.id, "interrupted")
    assert store.run(run.id).finished_numbers() == {0, 1}
    other.execute("ROLLBACK")
    asyncio.run(make.stored(store, run, range(2, 4)))
    assert store.run(run.id).finished_numbers() == {0, 1, 2, 3}
    other.close()


@contextmanager
def bounded_disk(pages: int) -> Iterator[None]:
    """Every SQLite file opened inside may have this many pages: SQLite then answers as on a full disk."""

    def bound(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(Engine, "connect", bound)
    try:
        yield
    finally:
        event.remove(Engine, "connect", bound)


def test_a_full_disk_is_a_sentence_and_what_was_stored_stays_readable(open_store: Any, make: Any) -> None:
    """Whole batches fail, never parts of one; with room again the run goes on."""
    run = make.run(cases=1, repetitions=1000)
    with bounded_disk(pages=120):
        store = open_store()
        store.create(run)

        async def filling() -> None:
            async with store.writer(run.id) as writer:
                for number in range(1000):
                    execution = make.execution(number, run)
                    for place, step in enumerate(execution.steps):
                        writer.step(number, place, result=step)
                    writer.execution(execution, scenario_variant=0, case=0, scores=[make.score(number)])
                    await writer.committed()

        with pytest.raises(StoreError, match="the disk is full; what was stored stays readable"):
            asyncio.run(asyncio.wait_for(filling(), 60))
        stored = store.run(run.id)
        done = stored.finished_numbers()
        assert len(done) > 10
        assert all(len(e.steps) == 2 and len(scores) == 1 for e, scores in stored.executions(sorted(done)))
        store.close()
    again = open_store()
    asyncio.run(make.stored(again, run, range(len(done), len(done) + 5)))
    assert len(again.run(run.id).finished_numbers()) == len(done) + 5


def size_of(folder: Path) -> int:
    """The bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.iterdir())


def test_a_thousand_executions_take_less_than_a_kilobyte_each(open_store: Any, make: Any, tmp_path: Path) -> None:
    """One step with a prompt and an output of 200 characters each, and one score."""
    store = open_store()
    run = make.run(cases=10, repetitions=100)
    store.create(run)
    store.close()
    empty = size_of(tmp_path / ".peel")
    store = open_store()

    async def writing() -> None:
        async with store.writer(run.id) as writer:
            for number in range(1000):
                request = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "p" * 200}]}
                step = make.step(output="o" * 200, request=request, latency_s=0.0512345678)
                writer.step(number, 0, result=step)
                execution = make.execution(number, run, steps=(step,))
                score = make.score(number, reason="all 2 patterns match")
                writer.execution(execution, scenario_variant=0, case=number % 10, scores=[score])

    asyncio.run(writing())
    store.close()
    assert (size_of(tmp_path / ".peel") - empty) / 1000 < 1024
