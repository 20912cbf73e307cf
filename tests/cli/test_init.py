"""`peel init`: a small workspace that checks and runs as it is, and never overwrites anything."""

from __future__ import annotations

import json


def files(folder):
    return {path.relative_to(folder.root).as_posix() for path in folder.root.rglob("*") if path.is_file()}


WRITTEN = {
    "peel.yaml",
    "scenarios/shop.yaml",
    "orchestrations/reply.yaml",
    "evaluators/short.py",
}


def test_the_starter_is_written_and_checks_as_it_is(empty_folder):
    """Four files, told on standard error with what to do next; `peel check` finds nothing wrong and writes nothing."""
    done = empty_folder.peel("init")
    assert (done.returncode, done.stdout) == (0, "")
    assert files(empty_folder) == WRITTEN
    assert done.stderr.splitlines()[-1] == "next: peel run"
    checked = empty_folder.peel("check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "shop (base): 4 cases × 3 repetitions, 1 step, 3 evaluators, 1 gate\n"
    assert files(empty_folder) == WRITTEN


def test_the_starter_is_written_into_a_folder_that_does_not_exist_yet(empty_folder):
    """`peel init new/shop` makes it."""
    done = empty_folder.peel("init", "new/shop")
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == "next: cd new/shop && peel run"
    assert files(empty_folder) == {f"new/shop/{name}" for name in WRITTEN}


def test_nothing_is_overwritten_and_nothing_is_written_beside_what_is_there(empty_folder):
    """One file in the way is enough to leave all as it was."""
    mine = "scenario: mine\n"
    empty_folder.write("scenarios/shop.yaml", mine)
    done = empty_folder.peel("init")
    assert done.returncode == 2
    assert done.stderr == "scenarios/shop.yaml: exists already; name another folder, or move it away\n"
    assert files(empty_folder) == {"scenarios/shop.yaml"}
    assert (empty_folder.root / "scenarios/shop.yaml").read_text() == mine


def test_a_folder_that_cannot_be_made_is_told(empty_folder):
    """A file stands where the folder should be."""
    empty_folder.write("taken", "text")
    done = empty_folder.peel("init", "taken/shop")
    assert done.returncode == 2
    assert done.stderr.startswith("taken")
    assert "Traceback" not in done.stderr


def test_the_starter_runs_with_a_model_of_ones_own(empty_folder, server):
    """With the roles named in peel.yaml, as its comments show: twelve executions, three evaluators, one gate."""
    empty_folder.peel("init")
    empty_folder.write(
        "peel.yaml",
        f'models:\n  default: {{base_url: "{server.url}", model: mine}}\n'
        f'  judge: {{base_url: "{server.url}", model: my-judge}}\n',
    )
    opinion = json.dumps({"reason": "It says so.", "score": 1.0})
    server.reply = lambda request: opinion if request["model"] == "my-judge" else "Yes, no: Tuesday, Saturday, 49, 12."
    done = empty_folder.peel("run", "--json")
    assert done.returncode in (0, 4), done.stderr
    (scenario,) = json.loads(done.stdout)["scenarios"]
    assert (scenario["planned"], scenario["completed"], scenario["errored"]) == (12, 12, 0)
    assert {one["id"]: one["value"] for one in scenario["evaluators"]} == {
        "facts-right": 1.0,
        "meaning": 1.0,
        "short": 1.0,
    }
    assert len(server.requests) == 24
