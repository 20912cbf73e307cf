"""`@pytest.mark.peel(evaluators=[…])`: evaluators, written as in a scenario, on the output that a test returns."""

from __future__ import annotations

pytest_plugins = ("pytester",)

MARKED = """
import itertools
import pytest

calls = itertools.count()
TERMS = {"use": "regex", "all": ["reset button"]}

@pytest.mark.peel(repetitions=20, at_least=0.8, evaluators=[TERMS, {"use": "checks.py:short"}])
def test_all_hold():
    return "Press the reset button."

@pytest.mark.peel(repetitions=20, evaluators=[TERMS, {"id": "never", "use": "regex", "none": ["button"]}])
async def test_one_never_holds():
    return "Press the reset button."

@pytest.mark.peel(repetitions=4, evaluators=[TERMS])
def test_holds_sometimes():
    return "Press the reset button." if next(calls) % 2 else "No."

@pytest.mark.peel(repetitions=3, evaluators=[TERMS])
def test_an_assertion_of_its_own_fails():
    assert False, "no reply"

@pytest.mark.parametrize("terms", [["reset"], ["3 seconds"]])
@pytest.mark.peel(repetitions=4, evaluators=[{"id": "core-terms", "use": "regex", "all": "{{ terms }}"}])
def test_sees_parameters(terms):
    return "Press the reset button."

@pytest.mark.peel(repetitions=3, evaluators=[{"use": "semantic", "expected": "Press it."}])
def test_is_judged():
    return "Press the reset button."

@pytest.mark.peel(repetitions=3, evaluators=[{"use": "manual", "ask": "Good?", "share": 1}])
def test_waits_for_a_person():
    return "Press the reset button."

@pytest.mark.peel(repetitions=3, evaluators=[{"use": "regx"}])
def test_a_slip_in_a_kind():
    return "Press the reset button."

@pytest.mark.peel(repetitions=3, evaluators=[{**TERMS, "on": "answer"}])
def test_names_a_step():
    return "Press the reset button."

@pytest.mark.peel(repetitions=3, evaluators=TERMS)
def test_no_list():
    return "Press the reset button."

@pytest.mark.peel(repetitions=3, evaluators=[TERMS], evaluate=bool)
def test_two_judges():
    return "Press the reset button."

@pytest.mark.peel(repetitions=3, evaluators=[TERMS])
def test_an_output_that_json_cannot_hold():
    return object()
"""


def _written(project, server):
    project.write("checks.py", "def short(output, **_):\n    return len(output) < 100\n")
    project.write("tests/test_marked.py", MARKED)
    judge = '  judge: {base_url: "%s", model: scripted, retries: 0}\n' % server.url  # noqa: UP031  # braces of YAML
    project.write("peel.yaml", (project.root / "peel.yaml").read_text() + judge)
    server.reply = lambda prompt: '{"reason": "it does", "score": 1.0}'


def test_outputs_are_held_against_each_evaluator(project, server):
    """Each must hold what the mark asks; what has no score is an error and no failure."""
    _written(project, server)
    found = project.junit("--peel", "tests/test_marked.py")
    assert {name: (kind, properties.get("peel.outcome")) for name, (kind, properties) in found.items()} == {
        "test_all_hold": ("passed", "passed"),
        "test_one_never_holds": ("failure", "failed"),
        "test_holds_sometimes": ("passed", "flaky"),
        "test_an_assertion_of_its_own_fails": ("failure", "failed"),
        "test_sees_parameters[terms0]": ("passed", "passed"),
        "test_sees_parameters[terms1]": ("failure", "failed"),
        "test_is_judged": ("passed", "passed"),
        "test_waits_for_a_person": ("error", "error"),
        "test_a_slip_in_a_kind": ("error", "error"),
        "test_names_a_step": ("error", "error"),
        "test_no_list": ("failure", None),
        "test_two_judges": ("failure", None),
        "test_an_output_that_json_cannot_hold": ("failure", None),
    }


def test_evaluators_say_what_they_found(project, server):
    """Estimates by evaluator, reasons by how often, mistakes as sentences."""
    _written(project, server)
    text = project.run("--peel", "tests/test_marked.py").stdout.str()
    for told in (
        "test_all_hold: regex 1.00 [",
        "short 1.00 [",
        "20 times: never: forbidden 'button'",
        "3 times: no reply",
        "evaluators: unknown evaluator 'regx'; did you mean 'regex'",
        "has 'on', but the output comes from no step",
        "takes 'evaluators' as a list of mappings",
        "takes 'evaluate' or 'evaluators', not both",
        "peel: the output of a call ",
    ):
        assert told in text
