"""`peel rescore`: today's evaluators on stored outputs. The application is never called, what people said stays."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from peel.cli import app

SCENARIO = "scenarios/support.yaml"
OPINION = json.dumps({"reason": "It names the button.", "score": 0.5})


@pytest.fixture
def peel(folder, server, monkeypatch):
    """The command line in this process, with a judge that gives one half."""
    server.reply = lambda request: OPINION if request["model"] == "scripted-judge" else "reset button, 3 seconds"
    monkeypatch.chdir(folder.root)

    def call(*arguments):
        return CliRunner().invoke(app, list(arguments))

    return call


def edit(folder, old, new, file=SCENARIO):
    text = (folder.root / file).read_text()
    assert old in text
    folder.write(file, text.replace(old, new))


def judged(folder):
    """Add a judge and a person to the scenario."""
    edit(
        folder,
        "gates:",
        '  - {id: meaning, use: semantic, criteria: "It names the button."}\n'
        "  - {id: would-send, use: manual, ask: Would you send this?}\ngates:",
    )


def report(peel):
    return json.loads(peel("report", "last", "--format", "json").stdout)


def estimates(peel):
    (scenario,) = report(peel)["scenarios"]
    return {one["id"]: one for one in scenario["evaluators"]}


def asked(server, model="scripted"):
    return sum(request["model"] == model for request in server.requests)


def test_the_judge_is_asked_again_and_its_calls_are_counted_apart_from_the_application(peel, folder, server):
    """Three executions of two calls; two rounds of three judgements; what the application used stays as it was."""
    judged(folder)
    peel("run", "--case", "moving")
    before = report(peel)["scenarios"][0]["usage"]
    peel("rescore", "last")
    assert (asked(server), asked(server, "scripted-judge")) == (6, 6)
    assert report(peel)["scenarios"][0]["usage"] == before
    assert estimates(peel)["meaning"]["value"] == 0.5
    assert estimates(peel)["meaning"]["n_scored"] == 3
    # Six judgements of 15 tokens each, at 10 x 1 and 5 x 2 millionths of a dollar.
    shown = peel("show", "last").stdout
    assert "90" in shown.split()
    assert "$0.00012" in shown


def test_a_question_to_people_stays_open_and_is_not_asked_twice(peel, folder):
    """Pending before, pending after, once for each execution; to name it is a mistake that is told."""
    judged(folder)
    peel("run", "-n", "1")
    peel("rescore", "last")
    assert estimates(peel)["would-send"]["n_pending"] == 2
    done = peel("rescore", "last", "--evaluator", "would-send")
    assert done.exit_code == 2
    assert done.stderr == (
        "--evaluator: the evaluator 'would-send' is answered by people, whose scores stay as they are; leave it out\n"
    )


def test_a_question_to_people_that_is_new_is_asked(peel, folder):
    """An evaluator that the run did not have yet becomes pending scores."""
    peel("run", "-n", "1")
    judged(folder)
    peel("rescore", "last")
    assert estimates(peel)["would-send"]["n_pending"] == 2


def test_a_run_of_some_cases_is_scored_as_far_as_it_went(peel, folder):
    """The other case was not executed, and is not made up."""
    peel("run", "--case", "light")
    edit(folder, '["reset"]', '["unplug"]')
    peel("rescore", "last")
    (scenario,) = report(peel)["scenarios"]
    assert (scenario["planned"], scenario["completed"]) == (3, 3)
    assert estimates(peel)["core-terms"]["value"] == 0.0


def test_the_stored_inputs_and_outputs_are_scored_not_those_of_todays_file(peel, folder):
    """An evaluator that looks at the input sees the one that was sent."""
    peel("run", "-n", "1")
    edit(folder, "email: I move", "email: Something else")
    edit(folder, 'use: regex, all: "{{ expected.terms }}"', "use: ../evaluators/sent.py:sent")
    folder.write("evaluators/sent.py", "def sent(inputs): return inputs['email'] in ('I move', 'A red light')\n")
    assert peel("rescore", "last").exit_code in (0, 4)
    assert estimates(peel)["core-terms"]["value"] == 1.0


def test_neither_the_applications_model_nor_its_documents_are_needed(peel, folder, server, monkeypatch):
    """Its key is gone from the environment and its server too; the outputs are in the store."""
    monkeypatch.setenv("PEEL_TEST_KEY", "sk-123456")
    edit(folder, "model: scripted,", 'model: scripted, api_key: "${PEEL_TEST_KEY}",', "peel.yaml")
    peel("run", "-n", "1")
    monkeypatch.delenv("PEEL_TEST_KEY")
    count = len(server.requests)
    assert peel("rescore", "last").exit_code in (0, 4)
    assert len(server.requests) == count


def test_only_the_evaluators_that_are_named_change(peel, folder):
    """The other keeps its scores and the definition that made them."""
    judged(folder)
    peel("run", "-n", "1")
    edit(folder, '"{{ expected.terms }}"', '["nowhere in the output"]')
    peel("rescore", "last", "--evaluator", "meaning")
    assert estimates(peel)["core-terms"]["value"] == 1.0
    peel("rescore", "last", "--evaluator", "core-terms")
    assert estimates(peel)["core-terms"]["value"] == 0.0


def test_the_report_names_the_judge_that_judged_last(peel, folder, server):
    """Another judge in peel.yaml judges the stored outputs; the application's model stays as recorded."""
    judged(folder)
    peel("run", "-n", "1")
    server.reply = lambda request: OPINION
    edit(folder, "model: scripted-judge", "model: other-judge", "peel.yaml")
    edit(folder, "model: scripted,", "model: other-application,", "peel.yaml")
    peel("rescore", "last")
    models = report(peel)["run"]["provenance"]["models"]
    assert (models["judge"]["model"], models["default"]["model"]) == ("other-judge", "scripted")


def test_scenario_files_that_are_gone_are_told(peel, folder):
    """The store has the outputs, and the evaluators stood in the file."""
    peel("run", "-n", "1")
    (folder.root / SCENARIO).unlink()
    done = peel("rescore", "last")
    assert done.exit_code == 2
    assert done.stderr == "scenarios/support.yaml: there is no such file\n"
    shutil.rmtree(folder.root / "orchestrations")
    assert peel("show", "last").exit_code == 0


def test_a_case_that_is_gone_is_told(peel, folder):
    """The run took one case, and today's file does not have it."""
    peel("run", "-n", "1", "--case", "light")
    edit(folder, "id: light", "id: lamp")
    done = peel("rescore", "last")
    assert done.exit_code == 2
    assert "no scenario has the case 'light'" in done.stderr


def test_wrong_files_leave_the_scores_as_they_were(peel, folder):
    """Everything is compiled before anything is scored or redefined."""
    peel("run", "-n", "1")
    before = report(peel)
    edit(folder, "use: regex", "use: regx")
    assert peel("rescore", "last").exit_code == 2
    assert report(peel) == before
