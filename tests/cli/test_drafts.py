"""Drafts run, are scored and reported, and decide nothing: no gate, no exit code, no red test."""

from __future__ import annotations

import json

import pytest
from aiohttp import web
from typer.testing import CliRunner

from peel.cli import app

ORCHESTRATION = 'orchestration: reply\nsteps:\n  - {id: answer, use: llm, prompt: [{user: "Answer {{ email }}"}]}\n'
CASES = "\n".join(
    f"  - {{id: c{n}, tags: [demo], inputs: {{email: mail {n}.}}, expected: {{t: [reset]}}}}" for n in range(8)
)
EVALUATORS = """evaluators: [{id: core, use: regex, all: "{{ expected.t }}"}]
gates:
  - {evaluator: core, at_least: 0.8}
  - {evaluator: core, each_case: {at_least: 4 of 4, tag: demo}}
  - {error_rate: {at_most: 0.2}}
"""
DRAFTS = """\
  - {id: broken, tags: [demo], inputs: {email: never}, expected: {t: [reset]}, draft: true}
  - {id: errs, inputs: {email: fault}, expected: {t: [reset]}, draft: true}
"""


@pytest.fixture
def peel(folder, monkeypatch):
    """The command in this process, where its start costs nothing: exit code, standard output and standard error."""
    monkeypatch.chdir(folder.root)
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments):
        return CliRunner().invoke(app, arguments)

    return run


def scenario(more=""):
    """The text of a scenario of eight cases and further ones."""
    return f"scenario: support\norchestration: reply\nrepetitions: 4\ncases:\n{CASES}\n{more}{EVALUATORS}"


def reply(request):
    """Right, save that one mail is answered wrongly and another makes the server fail."""
    asked = json.dumps(request)
    if "fault" in asked:
        return web.json_response({"error": {"message": "no"}}, status=400)
    return "No idea." if "never" in asked else "Press reset."


def run(folder, peel, server, text):
    """Write a scenario, run it, and give back the exit code and its part of the report."""
    server.reply = reply
    folder.write("orchestrations/reply.yaml", ORCHESTRATION)
    folder.write("scenarios/support.yaml", text)
    done = peel("run", "--json")
    assert done.stdout, done.stderr
    return done.exit_code, json.loads(done.stdout)["scenarios"][0]


def test_draft_cases_move_no_gate(folder, peel, server):
    """Beside drafts that fail and err, each gate has the verdict and the bounds that it has without them."""
    code, alone = run(folder, peel, server, scenario())
    assert (code, [gate["verdict"] for gate in alone["gates"]]) == (0, ["pass"] * 3)
    code, beside = run(folder, peel, server, scenario(DRAFTS))
    assert code == 0
    for with_drafts, without in zip(beside["gates"], alone["gates"], strict=True):
        same = ("verdict", "value", "low", "high")
        assert {key: with_drafts[key] for key in same} == {key: without[key] for key in same}
        assert "without" in with_drafts["reason"]
        assert "draft case" in with_drafts["reason"]
    assert (beside["planned"], beside["completed"], beside["errored"]) == (40, 36, 4)
    assert beside["drafts"] == {"n_cases": 2, "n_executions": 8, "errored": 4, "n_unscored": {"core": 0}}
    assert {one["case"]: one["draft"] for one in beside["cases"]}["broken"] is True
    assert {one["case"]: one["values"]["core"] for one in beside["cases"]}["broken"] == 0
    shown = peel("show", "last").stdout
    assert "2 of 10 cases are drafts" in shown
    junit = peel("report", "last", "--format", "junit").stdout
    assert 'failures="0" errors="0" skipped="2"' in junit


def test_a_draft_scenario_decides_nothing(folder, peel, server):
    """All that it requires fails, an execution errs, and the exit code is 0: its gates are told as drafts."""
    text = scenario(DRAFTS).replace("[reset]", "[never said]") + "draft: true\n"
    code, made = run(folder, peel, server, text)
    assert code == 0
    assert made["draft"] is True
    assert [(gate["verdict"], gate["value"]) for gate in made["gates"]] == [("draft", None)] * 3
    assert made["gates"][0]["reason"] == "not deciding: it has only 10 draft cases"
    assert made["evaluators"][0]["value"] == 0
    assert "◌ draft" in peel("show", "last").stdout
    for report_format in ("html", "markdown", "junit"):
        done = peel("report", "last", "--format", report_format)
        assert "draft" in done.stdout, done.stderr
    assert 'failures="0" errors="0"' in done.stdout


def test_a_case_that_is_no_draft_still_counts(folder, peel, server):
    """What the drafts beside it do not do, a failing case does."""
    more = DRAFTS + "  - {id: fails, tags: [demo], inputs: {email: never}, expected: {t: [reset]}}\n"
    code, made = run(folder, peel, server, scenario(more))
    assert code == 1
    assert made["gates"][1]["short"] == ["fails"]


def test_a_run_of_drafts_alone_is_no_baseline(folder, peel, server):
    """`last` goes past it to the run before, which has cases that decide."""
    gate = "gates: [{evaluator: core, not_worse_than: last, by: 0.3}]\n"
    text = scenario(DRAFTS).partition("gates:")[0] + gate
    run(folder, peel, server, text)
    base = json.loads(peel("report", "last", "--format", "json").stdout)["run"]["id"]
    assert peel("run", "--case", "broken").exit_code == 0
    code, made = run(folder, peel, server, text)
    assert (code, made["gates"][0]["verdict"], made["gates"][0]["baseline"]) == (0, "pass", base)


def test_draft_cases_end_no_run_early(folder, peel, server):
    """`--until decided` waits for gates, and for none that only drafts could decide."""
    server.reply = reply
    folder.write("orchestrations/reply.yaml", ORCHESTRATION)
    folder.write("scenarios/support.yaml", scenario() + "draft: true\n")
    done = peel("run", "--until", "decided")
    assert done.exit_code == 2
    assert "its cases are drafts" in done.stderr


def test_what_is_no_draft_is_told_by_line(folder, peel):
    """A word that says neither is refused, in a sheet and in a scenario."""
    folder.write("scenarios/sheet.csv", "id,email,draft\na,x,TRUE\nb,y,perhaps\n")
    text = "scenario: sheet\norchestration: reply\ncases: sheet.csv\ndraft: 3\nevaluators: []\n"
    folder.write("scenarios/sheet.yaml", text)
    done = peel("check")
    assert done.exit_code == 2
    assert "sheet.csv:3: row 3, column 'draft': a case is a draft (true) or none" in done.stderr
    assert "sheet.yaml:4: 'draft' of the scenario must be true or false, not the number 3" in done.stderr


def test_drafts_are_counted_before_a_run_and_left_out_of_a_comparison(folder, peel, server):
    """`check` and the line before a run name them; two runs are compared without them, also where all are drafts."""
    run(folder, peel, server, scenario(DRAFTS))
    base = json.loads(peel("report", "last", "--format", "json").stdout)["run"]["id"]
    assert "support (base): 10 cases (2 drafts) × 4 repetitions" in peel("check").stdout
    done = peel("run")
    assert "with 8 cases (and 2 draft cases) and 4 repetitions you will see" in done.stderr
    note = "2 draft cases are left out, since drafts decide nothing: broken, errs"
    for report_format in ("terminal", "markdown", "html", "json"):
        shown = peel("compare", base, "last", "--format", report_format)
        assert note in " ".join(shown.stdout.split()), shown.stderr


def test_a_case_that_was_a_draft_before_is_in_no_difference_of_a_gate(folder, peel, server):
    """Promoted between two runs, it has nothing to be held against, and the gate says so."""
    gate = "gates: [{evaluator: core, not_worse_than: last, by: 0.3}]\n"
    text = scenario(DRAFTS.partition("\n")[0] + "\n").partition("gates:")[0] + gate
    run(folder, peel, server, text)
    _, made = run(folder, peel, server, text.replace(", draft: true", ""))
    (found,) = made["gates"]
    assert "without 1 case that was a draft in that run" in found["reason"]
    assert (found["verdict"], found["value"]) == ("pass", 0.0)
