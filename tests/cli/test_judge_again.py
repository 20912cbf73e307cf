"""A judge's own part in the variance, from the command line: a run, and the same measured afterwards."""

from __future__ import annotations

import itertools
import json

import pytest
from typer.testing import CliRunner

from peel.cli import app

SCENARIO = "scenarios/support.yaml"
MEANING = '  - {id: meaning, use: semantic, criteria: "It names the button."%s}\ngates:'


@pytest.fixture
def peel(folder, server, monkeypatch):
    """The command line in this process, with a judge whose score is another one each time."""
    scores = itertools.cycle((0.2, 0.9, 0.4, 0.7, 0.5))

    def reply(request):
        if request["model"] != "scripted-judge":
            return "reset button, 3 seconds"
        return json.dumps({"reason": "So it seems.", "score": next(scores)})

    server.reply = reply
    monkeypatch.chdir(folder.root)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def judged(folder, more, *, after="gates:"):
    """Have the scenario judged, with more settings."""
    text = (folder.root / SCENARIO).read_text()
    assert after in text
    folder.write(SCENARIO, text.replace(after, MEANING % more))


def meaning(peel):
    """The judge's estimate in the JSON report."""
    (scenario,) = json.loads(peel("report", "last", "--format", "json").stdout)["scenarios"]
    return scenario, next(one for one in scenario["evaluators"] if one["id"] == "meaning")


def calls(server):
    """How often the judge was asked."""
    return sum(request["model"] == "scripted-judge" for request in server.requests)


def test_a_run_measures_its_judge_on_a_few_executions(peel, folder, server):
    """Six executions, four of them judged three times: fourteen calls, and a share for each of the three."""
    judged(folder, ", judge_again: {executions: 4, times: 3}")
    peel("run")
    scenario, estimate = meaning(peel)
    assert calls(server) == 14
    assert scenario["judge_usage"]["tokens_in"] == 140
    assert scenario["usage"]["tokens_in"] == 120
    assert (estimate["n_executions"], estimate["n_scored"]) == (6, 6)
    variance = estimate["variance"]
    assert (variance["n_judged_again"], variance["n_judgements"]) == (4, 12)
    assert variance["judge"] > 0
    assert variance["case"] + variance["execution"] + variance["judge"] == pytest.approx(1)


def test_it_can_be_measured_afterwards_without_the_application(peel, folder, server):
    """What the report says to do is done, and the application is not called."""
    judged(folder, "")
    peel("run")
    assert meaning(peel)[1]["variance"]["judge"] is None
    assert "not measured: no execution was judged twice" in " ".join(peel("show", "last").stdout.split())
    asked = len(server.requests) - calls(server)
    text = (folder.root / SCENARIO).read_text()
    folder.write(SCENARIO, text.replace('button."}', 'button.", judge_again: {executions: 4, times: 3}}'))
    done = peel("rescore", "last", "--evaluator", "meaning")
    assert "meaning" in done.stdout
    assert len(server.requests) - calls(server) == asked
    assert meaning(peel)[1]["variance"]["n_judgements"] == 12


def test_a_selection_of_one_case_is_drawn_from(peel, folder, server):
    """The draw is among what is executed: three repetitions of one case, all judged twice."""
    judged(folder, ", judge_again: {executions: 20, times: 2}")
    peel("run", "--case", "light")
    assert calls(server) == 6


def test_votes_and_judge_again_do_not_go_together(peel, folder, server):
    """Told with file and line, before anything is paid for."""
    judged(folder, ", votes: 3, judge_again: {}")
    done = peel("run")
    assert done.exit_code == 2
    assert "scenarios/support.yaml:" in done.stderr
    assert "its 3 votes already show how much the judge varies; leave out judge_again or votes" in done.stderr
    assert server.requests == []


def test_a_question_that_a_judge_answered_before_is_put_to_people(peel, folder):
    """The evaluator changes its kind under its name: what the judge said is in no estimate, all of it is pending."""
    judged(folder, "")
    peel("run", "-n", "1")
    text = (folder.root / SCENARIO).read_text()
    folder.write(SCENARIO, text.replace('use: semantic, criteria: "It names the button."', "use: manual, ask: Good?"))
    peel("rescore", "last")
    _, estimate = meaning(peel)
    assert (estimate["value"], estimate["n_scored"], estimate["n_pending"]) == (None, 0, 2)
