"""Draft cases and draft scenarios inside pytest: executed, told, and never a failure."""

from __future__ import annotations

pytest_plugins = ("pytester",)


def test_draft_cases_and_the_gates_of_drafts_fail_no_session(project, server):
    """A draft case that is always wrong is skipped as a draft, and decides neither the gate nor the exit code."""
    server.reply = lambda prompt: "Unplug it." if "A red light" in prompt else "Press the reset button for 3 seconds."
    text = (project.root / "scenarios/support.yaml").read_text()
    project.write("scenarios/support.yaml", text.replace("{id: light, ", "{id: light, draft: true, "))
    project.write("scenarios/all.yaml", text.replace("scenario: support", "scenario: all\ndraft: true"))
    done = project.run("--peel", "-rs", "-k", "not cold and not plain")
    assert done.ret == 0
    done.assert_outcomes(passed=2, skipped=4, deselected=7)
    done.stdout.fnmatch_lines(["*a draft, which decides nothing: broken: 0 of 4 reach*(case light)*"])
    done.stdout.fnmatch_lines(["*draft: all core-terms at least 0.5: not deciding: it has only 2 draft cases*"])


IN_PYTHON = """
import pytest

def test_the_only_case_is_a_draft(peel):
    assert peel.run("support", case="light", repetitions=2)["core-terms"].at_least(0.9)

def test_a_scenario_is_a_draft(peel):
    assert peel.run("all", repetitions=2)["core-terms"].at_least(0.9)

def test_a_draft_stands_beside_a_case(peel):
    result = peel.run("support", repetitions=12)
    assert result["core-terms"].at_least(0.5)
    assert len(result.outputs) == 12 and None not in result.outputs
    assert [record.case.id for record in result.records if record.draft] == ["light"] * 12
    assert len(result.records) == 24

def test_a_case_beside_a_draft_fails(peel):
    assert peel.run("support", case="moving", repetitions=12)["core-terms"].at_most(0.5)
"""


def test_drafts_decide_no_test_in_python(project, server):
    """A draft that errs skips the test that runs nothing else; beside a case it is in no output and no score, and what
    the case says stays."""
    server.reply = lambda prompt: 400 if "A red light" in prompt else "Press the reset button for 3 seconds."
    text = (project.root / "scenarios/support.yaml").read_text()
    project.write("scenarios/support.yaml", text.replace("{id: light, ", "{id: light, draft: true, "))
    project.write("scenarios/all.yaml", text.replace("scenario: support", "scenario: all\ndraft: true"))
    project.write("test_python.py", IN_PYTHON)
    done = project.run("--peel", "-rs", "test_python.py")
    done.assert_outcomes(passed=1, skipped=2, failed=1)
    done.stdout.fnmatch_lines(["*support was run on 1 draft case alone, and drafts decide nothing: peel show *"])
    done.stdout.fnmatch_lines(["*all was run on 2 draft cases alone, and drafts decide nothing: peel show *"])
