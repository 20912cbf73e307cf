"""The workspace as Python code uses it: check, run, summary, report, with an application that is a plain function."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest

from peel.errors import DefinitionError, StoreError
from peel.workspace import RunRequest, Workspace, run_blocking

SCENARIO = """scenario: greetings
orchestration: greet
inputs: {greeting: Hello}
cases:
  - {id: ada, inputs: {name: Ada}, expected: {text: "Hello, Ada"}}
  - {id: bob, inputs: {name: Bob}, expected: {text: "Hello, Bob"}}
repetitions: 2
variants:
  loud: {greeting: HELLO}
evaluators:
  - {id: same, use: exact, expected: "{{ expected.text }}"}
"""
ORCHESTRATION = """orchestration: greet
steps:
  - {id: text, use: "../steps/greet.py:greet", request: {greeting: "{{ greeting }}", name: "{{ name }}"}}
"""
CODE = """from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Greeting:
    words: tuple[str, ...]


def greet(greeting, name):
    return ", ".join(Greeting((greeting, name)).words)
"""


class Told:
    """A progress that keeps what it is told."""

    def __init__(self):
        self.planned = self.already = None
        self.finished_executions = []

    def preparing(self, what):
        pass

    def started(self, run, *, already):
        self.planned, self.already = run.planned, already

    @property
    def executions(self):
        return self

    def finished(self, execution, scores):
        self.finished_executions.append((execution, scores))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace that asks no model."""
    for path, text in {
        "scenarios/greetings.yaml": SCENARIO,
        "orchestrations/greet.yaml": ORCHESTRATION,
        "steps/greet.py": CODE,
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def files(root):
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


def test_a_check_compiles_every_variant_and_leaves_the_folder_as_it_was(root):
    """Not even compiled Python is left beside the workspace's code."""
    before = files(root)
    with Workspace(root) as workspace:
        compiled = asyncio.run(workspace.check())
    assert [one.record.variant.name for one in compiled.variants] == ["base", "loud"]
    assert files(root) == before


def test_a_run_executes_the_plan_and_is_in_the_store_when_it_returns(root):
    """Two cases, two variants, two repetitions; the progress is told of each when it is stored."""
    told = Told()
    with Workspace(root) as workspace:
        run = run_blocking(workspace, RunRequest(), told)
        stored, summary = workspace.summary(run.id)
        out = io.BytesIO()
        workspace.write_report(workspace.source("last"), "json", out)
    assert (run.status, told.planned, told.already) == ("finished", 8, 0)
    assert len(told.finished_executions) == 8
    assert stored.run == run
    values = {one.variant: one.evaluators[0].value for one in summary.scenarios}
    assert values == {"base": 1.0, "loud": 0.0}
    assert json.loads(out.getvalue())["run"]["id"] == run.id


def test_a_run_that_is_resumed_without_anything_left_executes_nothing(root):
    """Its progress begins where it ended."""
    with Workspace(root) as workspace:
        run = run_blocking(workspace, RunRequest(), Told())
        told = Told()
        again = run_blocking(workspace, RunRequest(resume=run.id), told)
    assert (told.planned, told.already, told.finished_executions) == (8, 8, [])
    assert again.status == "finished"


def test_a_workspace_is_found_from_any_folder_inside_it(root, monkeypatch):
    """From the current folder, or from the first path that is named."""
    monkeypatch.chdir(root / "steps")
    assert Workspace.find().root == root.resolve()
    monkeypatch.chdir(root.parent)
    assert Workspace.find([str(root / "scenarios/greetings.yaml")]).root == root.resolve()


def test_everything_wrong_in_peel_yaml_and_in_the_other_files_is_raised_at_once(root):
    """And neither a store nor a folder is made."""
    (root / "peel.yaml").write_text("modles: {}\n")
    (root / "scenarios/greetings.yaml").write_text(SCENARIO.replace("use: exact", "use: exat"))
    before = files(root)
    with Workspace(root) as workspace, pytest.raises(DefinitionError) as raised:
        run_blocking(workspace, RunRequest(), Told())
    assert [problem.line for problem in raised.value.problems] == [1, 11]
    assert files(root) == before


def test_a_store_is_not_opened_by_a_peel_yaml_that_is_wrong(root):
    """Its `store` may be what is wrong: the runs of another store would be shown."""
    (root / "peel.yaml").write_text("stor: sqlite:///mine.db\n")
    with Workspace(root) as workspace, pytest.raises(DefinitionError, match="unknown key 'stor'"):
        workspace.summary("last")
    assert not (root / ".peel").exists()


def test_another_store_may_be_named_for_one_call(root):
    """What is in it is not in the workspace's own."""
    with Workspace(root, store="sqlite:///elsewhere.db") as workspace:
        run = run_blocking(workspace, RunRequest(cases=("ada",)), Told())
    assert (root / "elsewhere.db").exists()
    with Workspace(root) as workspace, pytest.raises(StoreError, match="no run"):
        workspace.summary(run.id)


def test_code_of_the_workspace_is_read_anew_for_each_run(root):
    """A change within the same second and of the same length is seen, and changes the run's provenance."""
    with Workspace(root) as workspace:
        first = run_blocking(workspace, RunRequest(variants=("base",)), Told())
        (root / "steps/greet.py").write_text(CODE.replace('", "', '"; "'))
        second = run_blocking(workspace, RunRequest(variants=("base",)), Told())
        _, summary = workspace.summary(second.id)
    assert summary.scenarios[0].evaluators[0].value == 0.0
    assert first.provenance.parts["code steps/greet.py"] != second.provenance.parts["code steps/greet.py"]
    assert first.provenance.definition_hash != second.provenance.definition_hash


def test_a_function_that_raises_is_a_fault_of_its_execution_only(root):
    """The other case is executed and scored."""
    broken = CODE + "\n\ndef greet(greeting, name):\n    return greeting + ', ' + {'Ada': 'Ada'}[name]\n"
    (root / "steps/greet.py").write_text(broken)
    with Workspace(root) as workspace:
        run = run_blocking(workspace, RunRequest(variants=("base",)), Told())
        _, summary = workspace.summary(run.id)
    (scenario,) = summary.scenarios
    assert (scenario.planned, scenario.completed, scenario.errored) == (4, 2, 2)
    assert scenario.evaluators[0].value == 1.0
