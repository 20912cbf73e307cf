"""Drafts: texts that are checked in place of files, before anything is written."""

from __future__ import annotations

from peel.scenarios.documents import read_text
from peel.scenarios.loading import load_scenario

SCENARIO = "scenario: support\norchestration: app\ncases: support.csv\n"


def test_a_draft_is_read_in_place_of_the_file(workspace):
    """The scenario is that of the draft, with the lines of the draft; the file is as it was."""
    path = workspace / "scenarios" / "support.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    (workspace / "scenarios/support.csv").write_text("id,email\na,b\n", encoding="utf-8")
    loaded = load_scenario(path, root=workspace, drafts={path: "\n" + SCENARIO + "repetitions: 0\n"})
    assert [(problem.line, "'repetitions'" in problem.message) for problem in loaded.problems] == [(5, True)]
    assert load_scenario(path, root=workspace).problems == ()
    assert read_text(path) == SCENARIO


def test_a_draft_of_cases_needs_no_file(workspace):
    """Cases that were never written are those of the scenario; what is wrong in them has their line."""
    path, cases = workspace / "scenarios" / "support.yaml", workspace / "scenarios" / "support.csv"
    path.write_text(SCENARIO, encoding="utf-8")
    loaded = load_scenario(path, root=workspace, drafts={cases: "id,email\na,b\nc,d\n"})
    assert loaded.scenario is not None
    assert [case.id for case in loaded.scenario.cases] == ["a", "c"]
    loaded = load_scenario(path, root=workspace, drafts={cases: "id,email\na,b\na,d\n"})
    assert [(problem.file, problem.line) for problem in loaded.problems] == [("scenarios/support.csv", 3)]
    assert not cases.exists()


def test_a_draft_of_another_file_changes_nothing(workspace):
    """A draft stands for its own path alone, and makes no file outside the workspace readable."""
    path = workspace / "scenarios" / "support.yaml"
    path.write_text(SCENARIO.replace("support.csv", "../../outside.csv"), encoding="utf-8")
    outside = workspace.parent / "outside.csv"
    loaded = load_scenario(path, root=workspace, drafts={outside: "id,email\na,b\n"})
    assert "lies outside the workspace" in loaded.problems[0].message
