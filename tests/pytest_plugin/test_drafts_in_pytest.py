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
