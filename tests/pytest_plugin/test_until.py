"""`--peel-until`: the runs of scenarios end early, and their tests are told what was executed."""

from __future__ import annotations

import re

pytest_plugins = ("pytester",)


def test_cases_and_gates_of_a_run_that_ends_early_are_told(project, server):
    """A bar of a half is shown by a few of 60 repetitions; every case and gate passes."""
    done = project.run("--peel", "--peel-until", "decided", "--peel-repetitions", "60")
    done.assert_outcomes(passed=7)
    assert len(server.prompts) < 80
    told = re.search(r"run \S+: (\d+) of (\d+) executions completed", done.stdout.str())
    assert told
    assert told[1] == told[2] == str(len(server.prompts))


def test_a_gate_that_failed_early_fails(project, server):
    """Wrong answers only: the gate says by what method."""
    server.reply = lambda prompt: "Unplug it."
    done = project.run("--peel", "--peel-until", "decided", "--peel-repetitions", "60", "-k", "gate")
    assert done.ret == 1
    assert len(server.prompts) < 80
    assert "anytime-valid betting" in " ".join(done.stdout.str().split())


def test_what_cannot_be_waited_for_ends_the_session_before_it_begins(project, server):
    """As a usage error, with what is allowed."""
    done = project.run("--peel", "--peel-until", "soon")
    assert done.ret == 4
    assert "--peel-until: 'soon' is nothing a run can wait for; write decided" in done.stderr.str()
    assert not server.prompts
