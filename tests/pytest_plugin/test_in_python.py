"""Tests written in Python: the mark `peel`, which repeats, and the fixture `peel`, which runs a scenario."""

from __future__ import annotations

pytest_plugins = ("pytester",)

MARKED = """
import itertools
import pytest

calls = itertools.count()

@pytest.mark.peel(repetitions=40, at_least=0.5)
def test_scores_are_enough():
    return next(calls) % 8 != 0

@pytest.mark.peel(repetitions=20, at_least=0.9)
def test_scores_are_too_few():
    return 0.25, "too short"

@pytest.mark.peel(repetitions=3, at_least=0.9)
def test_calls_are_too_few_to_tell():
    return True

@pytest.mark.peel(repetitions=4)
def test_assertions_hold_sometimes():
    assert next(calls) % 2

@pytest.mark.peel(repetitions=4)
def test_assertions_hold_never():
    assert 1 == 2, "never so"

@pytest.mark.peel(repetitions=4, evaluate=lambda output: "reset" in output)
async def test_an_output_is_evaluated():
    return "press reset"

@pytest.mark.peel(repetitions=4)
def test_the_application_is_down():
    raise ConnectionError("no route")

@pytest.mark.peel(repetitions=4)
def test_an_output_without_a_judge():
    return "press reset"

@pytest.mark.peel(repetitons=4)
def test_a_slip_in_the_mark():
    return True
"""

WITH_FIXTURE = """
import pytest

def test_a_scenario_is_run(peel):
    result = peel.run("support", case="moving", repetitions=12)
    assert [record.case.id for record in result.records] == ["moving"] * 12
    assert set(result.outputs) == {"Press the reset button for 3 seconds."}
    assert result["core-terms"].value == 1.0
    assert result["core-terms"].at_least(0.8)
    assert result.summary.scenarios[0].completed == 12

def test_a_requirement_that_is_not_met(peel):
    assert peel.run("support", case="light", repetitions=12)["core-terms"].at_least(0.5)

def test_a_requirement_that_is_undecided(peel):
    assert not peel.run("support", case="moving", repetitions=2)["core-terms"].at_least(0.9)

def test_a_server_that_is_down(peel):
    peel.run("support", case="down")

def test_an_unknown_evaluator(peel):
    with pytest.raises(KeyError, match="did you mean 'core-terms'"):
        peel.run("support", case="moving", repetitions=1)["core-term"]
"""


def test_a_marked_test_is_judged_by_all_of_its_calls(project):
    """By the bar of its mark, three-valued; without a bar by the rule of cases; what raises is an error."""
    project.write("tests/test_marked.py", MARKED)
    found = project.junit("--peel", "tests/test_marked.py")
    assert {name: (kind, properties.get("peel.outcome")) for name, (kind, properties) in found.items()} == {
        "test_scores_are_enough": ("passed", "passed"),
        "test_scores_are_too_few": ("failure", "failed"),
        "test_calls_are_too_few_to_tell": ("failure", "undecided"),
        "test_assertions_hold_sometimes": ("passed", "flaky"),
        "test_assertions_hold_never": ("failure", "failed"),
        "test_an_output_is_evaluated": ("passed", "passed"),
        "test_the_application_is_down": ("error", "error"),
        "test_an_output_without_a_judge": ("error", "error"),
        "test_a_slip_in_the_mark": ("failure", None),
    }


def test_a_marked_test_says_what_its_calls_gave(project):
    """The reasons by how often, the estimate in the summary, and what to do about an output without a judge."""
    project.write("tests/test_marked.py", MARKED)
    text = project.run("--peel", "tests/test_marked.py").stdout.str()
    for told in (
        "20 times: too short",
        "no route",
        "name a function that judges the output",
        "the mark peel has no argument 'repetitons'",
        "did you mean 'repetitions'",
        "test_scores_are_enough: 0.88 [",
    ):
        assert told in text


def test_marked_tests_and_those_that_use_the_fixture_are_skipped_without_the_option(project, server):
    """A plain session asks no model, and says what it left out."""
    project.write("tests/test_marked.py", MARKED)
    project.write("tests/test_fixture.py", WITH_FIXTURE)
    project.run("-rs", "--strict-markers").assert_outcomes(passed=1, skipped=14)
    assert server.prompts == []


def test_the_fixture_runs_a_scenario_and_its_requirements_are_three_valued(project, server):
    """Met is true, not met false; undecided is neither, also behind a `not`; what errored is an error."""
    project.write("tests/test_fixture.py", WITH_FIXTURE)
    cases = "  - {id: down, inputs: {email: no power}, expected: {terms: [reset]}}\nrepetitions"
    project.change("scenarios/support.yaml", "repetitions", cases)
    server.reply = lambda prompt: (
        500 if "no power" in prompt else "no" if "light" in prompt else "Press the reset button for 3 seconds."
    )
    found = project.junit("--peel", "tests/test_fixture.py")
    assert {name: (kind, properties.get("peel.outcome")) for name, (kind, properties) in found.items()} == {
        "test_a_scenario_is_run": ("passed", None),
        "test_a_requirement_that_is_not_met": ("failure", None),
        "test_a_requirement_that_is_undecided": ("failure", "undecided"),
        "test_a_server_that_is_down": ("error", "error"),
        "test_an_unknown_evaluator": ("passed", None),
    }


def test_an_unmet_requirement_shows_its_numbers(project, server):
    """The assertion says value, bounds, what they are made of, and where to look further."""
    project.write("tests/test_fixture.py", WITH_FIXTURE)
    server.reply = lambda prompt: "no"
    done = project.run("--peel", "tests/test_fixture.py", "-k", "not_met")
    done.stdout.fnmatch_lines(
        ["*core-terms at least 0.5 is not met: 0.00, bounds *, 12 executions of 1 case; look further: peel show *"]
    )


def test_the_fixture_names_the_scenarios_that_exist(project):
    """A slip in a name is answered with the nearest."""
    project.write("tests/test_fixture.py", 'def test_it(peel):\n    peel.run("suport")\n')
    assert "did you mean 'support'" in project.run("--peel", "tests/test_fixture.py").stdout.str()


def test_what_is_wrong_is_told_without_peels_own_code(project, server):
    """A trace ends in the test: a slip in a mark, an unknown name, an execution that errored, a call that raised."""
    project.write("tests/test_marked.py", MARKED)
    project.write("tests/test_fixture.py", WITH_FIXTURE)
    project.write("tests/test_slip.py", 'def test_it(peel):\n    peel.run("suport")\n')
    server.reply = lambda prompt: 500
    out = project.run("--peel", "tests").stdout.str()
    assert "calls raised; the first is above" in out
    assert "executions errored" in out
    assert "def test_the_application_is_down" in out
    for inner in ("def call_repeatedly", "def _asked", "def pytest_pyfunc_call", "def asked_for", "def _check"):
        assert inner not in out, inner
