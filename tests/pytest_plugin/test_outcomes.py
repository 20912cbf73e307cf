"""What becomes of cases and gates: passed, flaky, failed, undecided, error; on the terminal and in JUnit XML."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

pytest_plugins = ("pytester",)

RIGHT = "Press the reset button for 3 seconds."


def test_a_case_passes_and_a_gate_passes_when_every_execution_is_right(project, server):
    """Each case of each variant is executed as often as the scenario says, once."""
    done = project.run("--peel")
    done.assert_outcomes(passed=7)
    assert (server.asked("I move"), server.asked("A red light")) == (8, 8)
    done.stdout.fnmatch_lines(
        ["*= PEEL =*", "run *: 16 of 16 executions completed", "*passed: support core-terms at least 0.5*"]
    )


def test_a_broken_case_fails_with_what_was_expected_its_worst_execution_and_a_command_that_works(project, server):
    """The failure shows each step with what was asked and answered; the command shows the same execution whole."""
    server.reply = lambda prompt: "Unplug it." if "A red light" in prompt else RIGHT
    done = project.run("--peel", "-k", "light and not cold")
    done.assert_outcomes(failed=1, deselected=6)
    done.stdout.fnmatch_lines(
        [
            "broken: 0 of 4 reach core-terms at least 0.5 (case light)",
            'expected terms: ["reset"]',
            "input email: A red light",
            "worst execution, #1:",
            "*step 1 answer",
            "*asked: Answer A red light",
            "*output: Unplug it.",
            "*core-terms 0.00: missing 'reset'",
            "look further: peel show * --scenario support --variant base",
        ]
    )
    command = re.search(r"look further: peel (show \S+ \S+ --scenario .*)", done.stdout.str())
    assert command
    arguments = command[1].replace("'", "").split()
    shown = subprocess.run(
        [sys.executable, "-m", "peel.cli", *arguments], cwd=project.root, capture_output=True, text=True, check=True
    )
    assert "Unplug it." in shown.stdout


def test_a_case_that_is_right_sometimes_passes_as_flaky(project, server, sometimes):
    """A flaky model makes no flaky session: it is counted and listed, and the exit code is 0."""
    server.reply = sometimes("A red light", RIGHT, "Unplug it.")
    done = project.run("--peel", "-v", "-k", "not cold and not gate", "tests", "scenarios")
    assert done.ret == 0
    assert done.parseoutcomes() == {"passed": 2, "flaky": 1, "deselected": 4}
    done.stdout.fnmatch_lines(
        [
            "*support::light FLAKY*",
            "flaky: scenarios/support.yaml::support::light: 2 of 4 reach core-terms at least 0.5",
        ]
    )


def test_a_fault_of_transport_is_an_error_and_no_failure(project, server):
    """The server is down for one case: its test says ERROR with the fault; the other passes."""
    server.reply = lambda prompt: 500 if "A red light" in prompt else RIGHT
    done = project.run("--peel", "-k", "not cold and not gate", "scenarios")
    done.assert_outcomes(errors=1, passed=1, deselected=4)
    done.stdout.fnmatch_lines(
        ["*ERROR at setup of support: light*", "could not be judged*", "*#1 errored in step answer*500*"]
    )


def test_junit_xml_tells_failed_flaky_undecided_and_errored_apart(project, server, sometimes):
    """By its elements, and by the property `peel.outcome` where JUnit has no word of its own."""
    cases = "  - {id: down, inputs: {email: no power}, expected: {terms: [reset]}}\n"
    cases += "  - {id: off, inputs: {email: off topic}, expected: {terms: [reset]}}\nrepetitions"
    project.change("scenarios/support.yaml", "repetitions", cases)
    flaky = sometimes("A red light", RIGHT, "Unplug it.")
    server.reply = lambda prompt: 500 if "no power" in prompt else "No." if "off topic" in prompt else flaky(prompt)
    found = project.junit("--peel", "--peel-variant", "base", "scenarios")
    assert {name: (kind, properties["peel.outcome"]) for name, (kind, properties) in found.items()} == {
        "moving": ("passed", "passed"),
        "light": ("passed", "flaky"),
        "down": ("error", "error"),
        "off": ("failure", "failed"),
        "gate core-terms at least 0.5": ("failure", "undecided"),
    }
    properties = found["light"][1]
    assert (properties["peel.executions"], properties["peel.reached"]) == ("4", "2 of 4 reach core-terms at least 0.5")


@pytest.mark.parametrize(("how", "outcome"), [("fail", "failed"), ("xfail", "xfailed"), ("skip", "skipped")])
def test_an_undecided_gate_is_what_the_configuration_says(project, how, outcome):
    """Two executions cannot show a mean of at least 0.9, and the test says how many more would."""
    project.write("pytest.ini", f"[pytest]\npeel_undecided = {how}\n")
    project.change("scenarios/support.yaml", "at_least: 0.5", "at_least: 0.9")
    done = project.run("--peel", "--peel-repetitions", "1", "-k", "gate and not cold", "-rxs", "scenarios")
    done.assert_outcomes(**{outcome: 1}, deselected=5)
    assert re.search(r"undecided: value 1.00, bounds .*about \d+ more executions would decide it", done.stdout.str())


def test_a_wrong_word_for_undecided_gates_is_told(project):
    """The nearest word that exists."""
    project.write("pytest.ini", "[pytest]\npeel_undecided = xfial\n")
    done = project.run("--peel")
    assert "did you mean 'xfail'" in done.stderr.str()


def test_a_gate_alone_is_decided_on_all_cases_of_its_scenario(project, server):
    """Selecting the gate executes what it is about, and no other variant."""
    project.run("--peel", "-k", "gate and not cold").assert_outcomes(passed=1, deselected=6)
    assert len(server.prompts) == 8


def test_lf_executes_only_what_failed(project, server):
    """Only the case that failed is asked for again."""
    server.reply = lambda prompt: "Unplug it." if "A red light" in prompt else RIGHT
    selected = ("--peel", "--peel-variant", "base", "-k", "not gate")
    project.run_with_cache(*selected).assert_outcomes(failed=1, passed=2, deselected=1)
    server.prompts.clear()
    project.run_with_cache(*selected, "--lf").assert_outcomes(failed=1)
    assert (server.asked("A red light"), server.asked("I move")) == (4, 0)


def test_x_stops_the_run_which_can_be_resumed(project, server):
    """After the first failure no more is asked than was in flight, and the summary says how to go on."""
    project.change("peel.yaml", "retries: 0", "retries: 0, concurrency: 1")
    server.reply = lambda prompt: "Unplug it."
    done = project.run("--peel", "-x", "--peel-repetitions", "20", "scenarios")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*complete it with: peel run --resume *"])
    assert len(server.prompts) < 80


def test_reports_are_written_in_every_format(project):
    """`--peel-reports` names a folder; the summary says where each is."""
    done = project.run("--peel", "--peel-reports", "out", "scenarios")
    assert {path.suffix for path in (project.root / "out").iterdir()} == {".html", ".json", ".csv", ".xml", ".md"}
    done.stdout.fnmatch_lines(["*markdown report: *out*.md"])


def test_hostile_output_acts_on_no_terminal(project, server):
    """Escape codes and line breaks of a model become visible marks."""
    server.reply = lambda prompt: "\x1b[31mred\x1b[0m\u202e"
    text = project.run("--peel", "-k", "light and not cold").stdout.str()
    assert "‹U+001B›[31mred" in text
    assert "\x1b[31mred" not in text


def test_two_scenarios_share_one_run(project):
    """All that is selected is in flight together, and its estimates stand in one place."""
    text = (project.root / "scenarios/support.yaml").read_text()
    project.write("scenarios/other.yaml", text.replace("scenario: support", "scenario: other"))
    done = project.run("--peel", "scenarios")
    done.assert_outcomes(passed=12)
    assert done.stdout.str().count("executions completed") == 1
