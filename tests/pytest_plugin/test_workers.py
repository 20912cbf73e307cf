"""Under xdist: one run for all workers, each test told by the worker that has it."""

from __future__ import annotations

pytest_plugins = ("pytester",)


def test_the_workers_share_one_run_and_nothing_is_executed_twice(project, server):
    """Four workers, one run; cases and gates as without them."""
    done = project.run("--peel", "-n", "2")
    done.assert_outcomes(passed=7)
    assert len(server.prompts) == 16
    done.stdout.fnmatch_lines(["run *: 16 of 16 executions completed"])


def test_outcomes_and_properties_come_through_the_workers(project, server, sometimes):
    """JUnit XML is the controller's, and knows what is flaky and what errored."""
    flaky = sometimes("A red light", "reset", "no")
    server.reply = lambda prompt: 500 if "I move" in prompt else flaky(prompt)
    found = project.junit("--peel", "--peel-variant", "base", "-k", "not gate", "-n", "2", "scenarios")
    assert {name: (kind, properties["peel.outcome"]) for name, (kind, properties) in found.items()} == {
        "moving": ("error", "error"),
        "light": ("passed", "flaky"),
    }


def test_x_ends_the_session_while_tests_still_wait(project, server):
    """The workers that wait are let go."""
    server.reply = lambda prompt: "no"
    done = project.run("--peel", "-n", "2", "-x", "scenarios")
    assert done.ret == 2
    assert done.parseoutcomes()["failed"] >= 1


def test_a_slip_in_an_option_ends_the_session_with_a_sentence(project, server):
    """What a worker finds wrong while it collects is told as in a session without workers."""
    done = project.run("--peel", "-n", "2", "--peel-variant", "colt", "scenarios")
    text = done.stdout.str()
    assert "did you mean 'cold'" in text
    assert "INTERNALERROR" not in text
    assert server.prompts == []
