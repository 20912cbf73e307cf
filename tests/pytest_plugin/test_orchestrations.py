"""The fixture `peel` on an orchestration by itself, without a scenario: what is given to it, and what it returns."""

from __future__ import annotations

import sys

import pytest

pytest_plugins = ("pytester",)

ALONE = """
def test_records_are_returned(peel):
    result = peel.run("reply", inputs={"email": "I move"}, repetitions=5)
    assert len(result.records) == 5
    assert {record.case.inputs["email"] for record in result.records} == {"I move"}
    assert set(result.outputs) == {"Press the reset button for 3 seconds."}
    assert [step.step for step in result.records[0].execution.steps] == ["answer"]
    assert [record.execution.repetition for record in result.records] == [1, 2, 3, 4, 5]

def test_evaluators_are_held_against_it(peel):
    result = peel.run(
        "reply",
        inputs={"email": "I move"},
        evaluators=[
            {"use": "regex", "all": ["reset button"]},
            {"id": "echo", "use": "regex", "all": "{{ email }}"},
            {"use": "checks.py:short"},
        ],
        repetitions=20,
    )
    assert result["regex"].at_least(0.8)
    assert not result["echo"].at_least(0.5)
    assert result["short"].value == 1.0
"""

KNOWING = """orchestration: knowing
steps:
  - {id: passages, use: retrieve, request: {from: manuals, query: "{{ email }}"}, parameters: {top_k: 1}}
"""


@pytest.fixture
def alone(project):
    """The project with a test file that runs its orchestration by itself."""
    project.write("checks.py", "def short(output, **_):\n    return len(output) < 100\n")
    project.write("tests/test_alone.py", ALONE)
    return project


def test_an_orchestration_is_run_by_its_name(alone, server):
    """Its records come back, its evaluators can be required of, and nothing of a scenario is executed."""
    alone.run("--peel", "tests/test_alone.py").assert_outcomes(passed=2)
    assert set(server.prompts) == {"Answer I move"}
    assert len(server.prompts) == 25


def test_the_options_of_the_session_hold_for_it(alone, server):
    """Repetitions and models are the session's, where it names them."""
    alone.run("--peel", "--peel-repetitions", "2", "--peel-model", "default=other", "tests/test_alone.py", "-k", "held")
    assert [one["model"] for one in server.requests] == ["other", "other"]


def test_its_run_is_in_the_store_and_can_be_shown_and_rescored(alone):
    """The commands for runs take it as any other."""
    alone.run("--peel", "tests/test_alone.py", "-k", "held")
    shown = alone.pytester.run(sys.executable, "-m", "peel.cli", "show", "last", "given#1")
    assert "Press the reset button" in shown.stdout.str()
    rescored = alone.pytester.run(sys.executable, "-m", "peel.cli", "rescore", "last", "--evaluator", "echo")
    assert rescored.ret in (0, 3, 4)


def test_knowledge_is_given_with_paths_from_the_workspace(project):
    """A glob that matches nothing is told as in a scenario file, without a line that does not exist."""
    project.write("orchestrations/knowing.yaml", KNOWING)
    project.write(
        "tests/test_knowing.py",
        "def test_knowing(peel):\n"
        '    peel.run("knowing", inputs={"email": "x", "manuals": {"knowledge": "none/*.md"}})\n',
    )
    text = project.run("--peel", "tests/test_knowing.py").stdout.str()
    assert "DefinitionError: peel.run: " in text
    assert "none/*.md" in text


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ('"replay", inputs={}', "no scenario and no orchestration 'replay'; did you mean 'reply'"),
        ('"support", inputs={"email": "x"}', "'support' is a scenario, which has inputs and evaluators of its own"),
        ('"reply", case="moving"', "'reply' is an orchestration, which has no cases and no variants"),
        ('"reply", inputs={}', "orchestrations/reply.yaml:3: the template names 'email', which does not exist here"),
        ('"reply", inputs={"email": object()}', "peel: the input 'email' "),
        ('"reply", inputs={"email": "x"}, evaluators=[{"use": "regx"}]', "did you mean 'regex'"),
        ('"reply", inputs={"email": "x"}, evaluators=[{}]', "has no 'use'"),
    ],
)
def test_what_is_wrong_in_a_call_is_told(project, server, call, told):
    """In a sentence that names the nearest right thing; no model is asked."""
    project.write("tests/test_wrong.py", f"def test_wrong(peel):\n    peel.run({call})\n")
    text = project.run("--peel", "tests/test_wrong.py").stdout.str()
    assert told in text
    assert server.prompts == []
