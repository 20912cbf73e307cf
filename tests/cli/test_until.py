"""`peel run --until`: a run ends once its gates are decided or its intervals narrow, and its report says so."""

from __future__ import annotations

import json
import signal
import threading

import pytest
from aiohttp import web

GOOD = "Press the reset button for 3 seconds."


def _scenario(folder, old, new):
    """The scenario with some of its text replaced."""
    text = (folder.root / "scenarios/support.yaml").read_text()
    assert old in text
    folder.write("scenarios/support.yaml", text.replace(old, new))


def _gate(folder, gate):
    _scenario(folder, "{evaluator: core-terms, at_least: 0.3}", gate)


def _run(folder, *arguments, until="decided", n=50):
    """A run to its end, with its report."""
    done = folder.peel("run", "--json", "--until", until, "-n", str(n), *arguments)
    assert done.stdout, done.stderr
    return done, json.loads(done.stdout)


def _wrong_every(period):
    """Every so many final answers are wrong, whatever the case."""
    count = iter(range(1_000_000))
    return lambda request: "no" if "Answer" in str(request) and next(count) % period == 0 else GOOD


def test_a_clear_pass_stops_early_and_says_so_everywhere(folder, server):
    """A few sweeps show 0.3; the plan, the verdict, its bounds and the sweeps agree in JSON, terminal and Markdown."""
    done, report = _run(folder)
    assert done.returncode == 0, done.stderr
    stopping = report["stopping"]
    assert stopping["stopped_early"] is True
    assert stopping["until"] == report["run"]["provenance"]["selection"]["until"] == "decided"
    assert report["run"]["status"] == "finished"
    assert 1 <= stopping["sweeps"] < stopping["sweeps_planned"] == 50
    assert (stopping["executions"], stopping["executions_planned"]) == (2 * stopping["sweeps"], 100)
    (scenario,) = report["scenarios"]
    executed = stopping["executions"] + stopping["executions_beyond"]
    assert scenario["planned"] == scenario["completed"] + scenario["errored"] == executed < 20
    assert len(server.requests) == 2 * executed
    assert scenario["planned_at_most"] == 100
    (gate,) = scenario["gates"]
    assert (gate["verdict"], gate["method"], gate["value"]) == ("pass", "anytime-valid betting", 1.0)
    assert 0.3 <= gate["low"] < gate["high"] == 1.0
    (estimate,) = scenario["evaluators"]
    assert estimate["these_cases"]["method"] == "anytime-valid betting"
    assert sum(case["planned"] for case in scenario["cases"]) == executed
    shown = folder.peel("show", "last").stdout
    assert f"stopped early, after {stopping['sweeps']} of 50 sweeps" in " ".join(shown.split())
    assert "stopped early" in folder.peel("report", "last", "--format", "markdown").stdout


def test_the_report_finds_the_stop_again_in_the_store_byte_for_byte(folder, server):
    """What the run printed at its end is what the store says ever after."""
    done, _ = _run(folder)
    assert folder.peel("report", "last", "--format", "json").stdout == done.stdout


def test_a_clear_fail_stops_early(folder, server):
    """Wrong answers only; exit code 1."""
    server.reply = lambda request: "no idea"
    _gate(folder, "{evaluator: core-terms, at_least: 0.9}")
    done, report = _run(folder)
    assert done.returncode == 1
    assert report["stopping"]["stopped_early"]
    assert report["scenarios"][0]["gates"][0]["verdict"] == "fail"
    assert report["scenarios"][0]["planned"] < 20


def test_near_the_bar_it_goes_to_the_limit_and_stays_undecided(folder, server):
    """Every second answer right, and a bar of a half: all planned repetitions are executed."""
    server.reply = _wrong_every(2)
    _gate(folder, "{evaluator: core-terms, at_least: 0.5}")
    done, report = _run(folder, n=20)
    assert done.returncode == 4
    stopping = report["stopping"]
    assert (stopping["stopped_early"], stopping["sweeps"]) == (False, 20)
    (scenario,) = report["scenarios"]
    assert (scenario["planned"], scenario["completed"]) == (40, 40)
    assert scenario["gates"][0]["verdict"] == "undecided"
    assert "did not stop early" in " ".join(folder.peel("show", "last").stdout.split())


def test_the_budget_binds_first(folder, server):
    """It is spent before anything is decided: the run is over budget, and the plan stays what it was."""
    server.reply = _wrong_every(2)
    _gate(folder, "{evaluator: core-terms, at_least: 0.5}")
    done, report = _run(folder, "--budget", "0.0004")
    assert done.returncode == 130
    assert report["run"]["status"] == "over-budget"
    assert report["stopping"]["stopped_early"] is False
    assert report["scenarios"][0]["planned"] == 100
    assert report["scenarios"][0]["completed"] <= 10


def test_a_generous_budget_does_not_keep_it_from_stopping(folder, server):
    """Both limits are there, and the rule is met first."""
    done, report = _run(folder, "--budget", "1")
    assert done.returncode == 0, done.stderr
    assert report["stopping"]["stopped_early"]


def test_every_variant_must_be_decided(folder, server):
    """The variant that answers half right keeps the clear one going: all are executed under the same conditions."""
    _scenario(folder, "evaluators:", "variants:\n  cold: {answer.temperature: 0}\nevaluators:")
    count = iter(range(1_000_000))
    server.reply = lambda request: (
        "no" if request.get("temperature") == 0 and next(count) % 2 == 0 and "Answer" in str(request) else GOOD
    )
    _gate(folder, "{evaluator: core-terms, at_least: 0.5}")
    done, report = _run(folder, n=12)
    base, cold = report["scenarios"]
    assert (base["completed"], cold["completed"]) == (24, 24)
    assert [one["gates"][0]["verdict"] for one in (base, cold)] == ["pass", "undecided"]
    server.reply = lambda request: GOOD
    done, report = _run(folder)
    assert done.returncode == 0
    assert report["stopping"]["stopped_early"]
    assert {one["gates"][0]["verdict"] for one in report["scenarios"]} == {"pass"}


def test_an_execution_that_errored_counts_as_the_worst(folder, server):
    """One of two cases never answers: what is right of the other shows no 0.6 over both, so nothing passes."""
    server.reply = lambda request: (
        web.json_response({"error": {"message": "too long"}}, status=400) if "red light" in str(request) else GOOD
    )
    _gate(folder, "{evaluator: core-terms, at_least: 0.6}")
    done, report = _run(folder, n=30)
    assert done.returncode == 3
    (scenario,) = report["scenarios"]
    assert (scenario["planned"], scenario["completed"], scenario["errored"]) == (60, 30, 30)
    (gate,) = scenario["gates"]
    assert (gate["verdict"], gate["value"]) == ("undecided", 1.0)
    assert gate["low"] < 0.5
    assert "30 of 60 executions without a score count as the worst" in gate["reason"]


def test_errors_that_cannot_change_the_verdict_do_not_hold_it_up(folder, server):
    """The same half of executions missing, and a bar that the other half alone reaches."""
    server.reply = lambda request: (
        web.json_response({"error": {"message": "too long"}}, status=400) if "red light" in str(request) else GOOD
    )
    _gate(folder, "{evaluator: core-terms, at_least: 0.1}")
    _, report = _run(folder)
    assert report["stopping"]["stopped_early"]
    assert report["scenarios"][0]["gates"][0]["verdict"] == "pass"


def test_a_gate_without_a_rule_is_named_at_the_start_and_holds_nothing_up(folder, server):
    """Dollars have no upper limit: the run ends with the gate that can be decided."""
    _gate(folder, "{evaluator: core-terms, at_least: 0.3}\n  - {latency_s: {at_most: 100}}")
    done, report = _run(folder)
    assert "not waited for: latency_s at most 100" in done.stderr
    assert report["stopping"]["stopped_early"]
    assert "fixed in advance" in report["scenarios"][0]["gates"][1]["reason"]


def test_each_case_is_decided_once_more_repetitions_cannot_change_it(folder, server):
    """With 8 of 10 planned, 8 passes are enough; the verdict is exactly that of all ten."""
    _gate(folder, "{evaluator: core-terms, each_case: {at_least: 8 of 10}}")
    done, report = _run(folder, "-j", "1", n=10)
    assert done.returncode == 0
    assert report["stopping"]["sweeps"] == 8
    assert report["scenarios"][0]["gates"][0]["verdict"] == "pass"
    server.reply = lambda request: "no"
    done, report = _run(folder, "-j", "1", n=10)
    assert done.returncode == 1
    assert report["stopping"]["sweeps"] == 3


def test_new_cases_are_never_shown_by_repetitions(folder, server):
    """Two cases, right a hundred times: 0.9 of new cases stays open, and the run goes to its limit."""
    _gate(folder, "{evaluator: core-terms, at_least: 0.9, scope: cases-like-these}")
    done, report = _run(folder, n=50)
    assert done.returncode == 4
    assert report["stopping"]["sweeps"] == 50


@pytest.mark.parametrize("until", ["width<0.3", "core-terms:width<0.3"])
def test_a_narrow_interval_stops_it(folder, server, until):
    """Right answers only: the interval is narrow after a while, and one sweep before it is not."""
    _, report = _run(folder, until=until, n=100)
    stopping = report["stopping"]
    assert stopping["stopped_early"]
    these = report["scenarios"][0]["evaluators"][0]["these_cases"]
    assert 0.2 < these["high"] - these["low"] < 0.3


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ("soon", "write decided, width<0.05 or ID:width<0.05"),
        ("width<0", "above 0 and is at most 1"),
        ("width<1.5", "above 0 and is at most 1"),
        ("width>0.05", "write decided, width<0.05 or ID:width<0.05"),
        ("core-term:width<0.05", "did you mean"),
        ("", "write decided, width<0.05 or ID:width<0.05"),
    ],
)
def test_what_cannot_be_waited_for_is_exit_code_2(folder, server, until, told):
    """Nothing is executed, and the sentence says what is allowed."""
    done = folder.peel("run", "--until", until)
    assert done.returncode == 2
    assert "--until" in done.stderr
    assert told in done.stderr
    assert not server.requests


def test_without_a_gate_there_is_nothing_to_decide(folder, server):
    """An empty list of gates would be decided at once: that is an error instead."""
    _gate(folder, "{latency_s: {at_most: 100}}")
    done = folder.peel("run", "--until", "decided")
    assert done.returncode == 2
    assert "no gate can be decided while the run goes on" in done.stderr
    assert not server.requests


def test_the_environment_sets_it(folder, server):
    """As every flag."""
    done = folder.peel("run", "--json", "-n", "50", PEEL_RUN_UNTIL="decided")
    assert json.loads(done.stdout)["stopping"]["stopped_early"]


def test_a_stopped_run_goes_on_under_the_same_rule(folder, server):
    """Killed before it is decided, it is completed by the rule it began with, far from its whole plan."""
    seen = threading.Event()

    def reply(request):
        if len(server.requests) >= 6:
            seen.set()
        return GOOD

    server.reply, server.delay_s = reply, 0.05
    _gate(folder, "{evaluator: core-terms, at_least: 0.5}")
    process = folder.start("run", "--until", "decided", "-n", "200", "-j", "2")
    assert seen.wait(60)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert folder.report()["scenarios"][0]["planned"] == 400
    server.delay_s = 0.0
    done = folder.peel("run", "--resume", "last", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["stopping"]["stopped_early"]
    (scenario,) = report["scenarios"]
    assert scenario["planned"] == scenario["completed"] < 50
    asked = len(server.requests)
    again = folder.peel("run", "--resume", "last", "--json")
    assert (again.returncode, len(server.requests)) == (0, asked)
    assert json.loads(again.stdout)["scenarios"] == report["scenarios"]


def test_resume_takes_no_other_rule(folder, server):
    """The run has its own."""
    folder.peel("run", "-n", "1")
    done = folder.peel("run", "--resume", "last", "--until", "decided")
    assert done.returncode == 2
    assert "--until" in done.stderr


def test_a_run_without_it_is_told_nothing_of_it(folder, server):
    """Its plan is fixed, and so are its intervals."""
    done = folder.peel("run", "--json")
    report = json.loads(done.stdout)
    assert report["stopping"] is None
    assert report["scenarios"][0]["planned_at_most"] is None
    assert report["scenarios"][0]["gates"][0]["method"] == ""


def test_a_gate_on_a_tag_that_the_run_leaves_out_holds_nothing_up(folder, server):
    """`--case` leaves no case with the tag: the gate is named at the start, not waited for, and undecided."""
    tagged = "{evaluator: core-terms, pass_hat: {k: 3, at_least: 0.3, tag: demo}}"
    _gate(folder, f"{{evaluator: core-terms, at_least: 0.3}}\n  - {tagged}")
    done, report = _run(folder, "--case", "light")
    assert (
        "not waited for: core-terms pass^3 at least 0.3 (tag demo) (no case of the run has the tag demo)" in done.stderr
    )
    assert done.returncode == 4
    assert report["stopping"]["stopped_early"]
    first, second = report["scenarios"][0]["gates"]
    assert (first["verdict"], second["verdict"], second["value"]) == ("pass", "undecided", None)
    assert second["reason"] == "no case with the tag demo was executed"


def test_where_every_gate_is_on_a_tag_that_is_left_out_nothing_is_executed(folder, server):
    """There would be nothing to wait for."""
    _gate(folder, "{evaluator: core-terms, at_least: 0.3, tag: demo}")
    done = folder.peel("run", "--until", "decided", "--case", "light")
    assert done.returncode == 2
    assert "no case of the run has the tag demo" in done.stderr
    assert not server.requests


def test_a_comparison_counts_a_stopped_run_as_what_it_came_to(folder, server):
    """No execution of it is missing, and the comparison says that its scores decided its length."""
    _, report = _run(folder)
    _gate(folder, "{evaluator: core-terms, not_worse_than: last, by: 0.2}")
    held = json.loads(folder.peel("run", "--json").stdout)
    assert "that run stopped early by its own scores" in held["scenarios"][0]["gates"][0]["reason"]
    done = folder.peel("compare", report["run"]["id"], "last", "--format", "json")
    assert done.returncode == 0, done.stderr
    comparison = json.loads(done.stdout)
    (pair,) = comparison["pairs"]
    base = pair["base"]
    assert base["planned"] == base["completed"] + base["errored"] < 20
    assert not any("not executed" in note for note in pair["notes"])
    assert any("stopped early by its own scores (--until)" in note for note in comparison["notes"])
