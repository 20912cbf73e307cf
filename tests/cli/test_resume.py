"""Ctrl-C, kill -9 and `--resume`: what finished is kept, and nothing that is stored is done again."""

from __future__ import annotations

import signal
import sqlite3
import threading
from contextlib import closing

import pytest


def _stop_after(folder, server, count, how):
    """Start a run, send a signal once the server was asked `count` times, and wait for the end."""
    seen = threading.Event()
    reply = server.reply

    def counting(request):
        if len(server.requests) >= count:
            seen.set()
        return reply(request)

    server.reply, server.delay_s = counting, 0.02
    process = folder.start("run", "-n", "50", "-j", "4")
    assert seen.wait(60)
    process.send_signal(how)
    out, err = process.communicate(timeout=60)
    server.reply, server.delay_s = reply, 0.0
    return process.returncode, out, err


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_is_completed_without_repeating_a_stored_call(folder, server, how):
    """After any way to end it, the resumed run asks only for what was in flight or not begun."""
    code, _, err = _stop_after(folder, server, 40, how)
    if how != signal.SIGKILL:
        assert code == 130
        assert "--resume" in err
    asked = len(server.requests)
    stored_steps = _stored(folder, "steps")
    # At most what was in flight is lost: four executions at once, one call each.
    assert asked - stored_steps <= 4
    done = folder.peel("run", "--resume", "last")
    assert done.returncode == 0, done.stderr
    assert len(server.requests) - asked == 200 - stored_steps
    (scenario,) = folder.report()["scenarios"]
    assert (scenario["planned"], scenario["completed"]) == (100, 100)


def _stored(folder, table):
    """How many rows of a table are committed; 0 while the store is not made yet."""
    path = folder.root / ".peel/peel.db"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as store:
        if not store.execute("select 1 from sqlite_master where name = ?", (table,)).fetchone():
            return 0
        return store.execute(f"select count(*) from {table}").fetchone()[0]  # noqa: S608  # a fixed name


def test_an_execution_goes_on_with_the_step_in_which_it_died(folder, server):
    """The first step is stored when the second hangs; after a kill, the resumed run asks for the second only."""
    release = threading.Event()
    server.reply = lambda request: release.wait(60) and "late" if "Answer" in str(request) else "a question"
    process = folder.start("run", "-n", "1", "--case", "moving")
    while not _stored(folder, "steps"):
        assert process.poll() is None
    process.kill()
    process.communicate()
    release.set()
    server.reply = lambda request: "reset button, 3 seconds"
    assert folder.peel("run", "--resume", "last").returncode in (0, 4)
    assert server.asked("Question of") == 1
    assert server.asked("Answer a question") == 2


@pytest.mark.parametrize(
    ("path", "old", "new", "part"),
    [
        ("scenarios/support.yaml", "reset button", "reset knob", "cases of support"),
        ("scenarios/support.yaml", "at_least: 0.3", "at_least: 0.2", "scenario support"),
        ("orchestrations/reply.yaml", "Answer", "Reply to", "orchestration reply"),
        ("peel.yaml", "model: scripted,", "model: other,", "model default"),
    ],
)
def test_a_run_whose_definitions_changed_is_not_resumed_and_says_what_changed(folder, server, path, old, new, part):
    """Two halves of different definitions are no run."""
    _stop_after(folder, server, 20, signal.SIGINT)
    folder.write(path, (folder.root / path).read_text().replace(old, new))
    asked = len(server.requests)
    done = folder.peel("run", "--resume", "last")
    assert done.returncode == 2
    assert f"{part}" in done.stderr
    assert "changed" in done.stderr
    assert len(server.requests) == asked


def test_resume_takes_no_other_selection(folder, server):
    """The plan of a run is fixed; `--resume` with `-n` says so."""
    folder.peel("run", "-n", "1")
    done = folder.peel("run", "--resume", "last", "-n", "2")
    assert done.returncode == 2
    assert "--repetitions" in done.stderr


def test_a_finished_run_resumed_repeats_nothing(folder, server):
    """It asks nobody and reports the same to the last byte, the time at which the run finished among it."""
    first = folder.peel("run", "--json")
    asked = len(server.requests)
    again = folder.peel("run", "--resume", "last", "--json")
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert len(server.requests) == asked


def test_of_two_processes_that_complete_the_same_run_one_does_and_the_other_says_why_not(folder, server):
    """Who comes second executes nothing: no call is paid for twice, and the first ends as if it were alone."""
    _stop_after(folder, server, 20, signal.SIGINT)
    server.delay_s, asked, stored_steps = 0.05, len(server.requests), _stored(folder, "steps")
    both = [folder.start("run", "--resume", "last", "-j", "4") for _ in range(2)]
    ends = [(process, *process.communicate(timeout=60)) for process in both]
    (refused,) = [err for process, _, err in ends if process.returncode == 2]
    assert "is being carried out by another process or server" in refused
    assert "Traceback" not in refused
    assert len(server.requests) - asked == 200 - stored_steps
    server.delay_s = 0.0
    assert folder.peel("run", "--resume", "last").returncode == 0
    (scenario,) = folder.report()["scenarios"]
    assert (scenario["planned"], scenario["completed"], scenario["errored"]) == (100, 100, 0)
