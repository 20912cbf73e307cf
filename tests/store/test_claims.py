"""Claims: one process and one thread carries a run out at a time, and whoever dies lets it go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from peel.errors import ResumeError

HOLD = """
import sys
from pathlib import Path
from peel.store.store import Store

with Store(sys.argv[1], root=Path(sys.argv[2])).claimed("run-1"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_is_claimed_once(store, store_url, open_store):
    """A second one, here or on another connection, is refused with who has it; other runs are free."""
    other = open_store(store_url)
    with store.claimed("run-1"):
        assert other.is_claimed("run-1")
        assert not other.is_claimed("run-2")
        for one in (store, other):
            with pytest.raises(ResumeError, match="is being carried out by another process"), one.claimed("run-1"):
                pass
        with other.claimed("run-2"):
            assert store.is_claimed("run-2")
        assert other.is_claimed("run-1")
    assert not other.is_claimed("run-1")
    with other.claimed("run-1"):
        assert store.is_claimed("run-1")


def test_looking_leaves_nothing_behind(store_url, open_store, tmp_path):
    """A store that nobody claims anything in has no file for it, and a claim takes its own away."""
    store = open_store(store_url)
    assert not store.is_claimed("run-1")
    with store.claimed("run-1"):
        pass
    assert list(tmp_path.rglob("*.lock")) == []


@pytest.mark.parametrize("end", ["kill", "ends"])
def test_whoever_ends_lets_go_however_it_ends(store, store_url, tmp_path, end):
    """Another process that is killed holds nothing any more, and the run can be claimed again."""
    command = [sys.executable, "-c", HOLD, store_url, str(tmp_path)]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
    assert other.stdout.readline() == "held\n"
    assert store.is_claimed("run-1")
    with pytest.raises(ResumeError), store.claimed("run-1"):
        pass
    if end == "kill":
        other.kill()
    other.communicate(timeout=30)
    # PostgreSQL hears of the lost connection a moment later; asking again is what it takes.
    assert any(not store.is_claimed("run-1") for _ in range(10_000))
    with store.claimed("run-1"):
        assert store.is_claimed("run-1")


def test_earlier_runs_of_a_run_that_is_not_stored_are_found(store, make):
    """On every database: what a run will take is told by them before it starts."""
    earlier = make.run("run-1", started=1.0)
    store.create(earlier)
    store.set_status("run-1", "finished")
    found = store.earlier(make.run("run-2", started=2.0), "telco")
    assert [one.run.id for one in found] == ["run-1"]
