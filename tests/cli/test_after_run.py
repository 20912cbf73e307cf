"""What is done with a stored run: list, show, report, rescore; none of it calls the application."""

from __future__ import annotations

import json


def test_runs_are_listed_newest_first(folder):
    """Two runs, two rows, with how much of each is stored."""
    folder.peel("run", "-n", "1")
    folder.peel("run", "-n", "2")
    rows = [line for line in folder.peel("runs").stdout.splitlines() if "support" in line]
    assert "4/4" in rows[0]
    assert "2/2" in rows[1]


def test_one_execution_is_shown_with_every_step_request_output_and_score(folder):
    """`peel show last moving#2` has the prompts, the outputs and the reason of the score."""
    folder.peel("run")
    shown = folder.peel("show", "last", "moving#2").stdout
    for text in ("Question of I move", "Answer Press the reset button", "core-terms", "1.00"):
        assert text in shown


def test_a_case_a_run_does_not_have_is_told_with_the_nearest(folder):
    """The answer to a slip is the name that was meant."""
    folder.peel("run", "-n", "1")
    done = folder.peel("show", "last", "movin")
    assert done.returncode == 2
    assert "did you mean 'moving'" in done.stderr


def test_the_same_store_gives_the_same_report_byte_for_byte(folder):
    """Every format, twice."""
    folder.peel("run")
    for report_format in ("json", "html", "csv", "junit", "markdown"):
        first = folder.peel("report", "last", "--format", report_format).stdout
        assert first == folder.peel("report", "last", "--format", report_format).stdout
        assert first


def test_an_unknown_report_format_is_told_with_those_that_exist(folder):
    """`--format htm` is answered with `html`."""
    folder.peel("run", "-n", "1")
    done = folder.peel("report", "last", "--format", "htm")
    assert done.returncode == 2
    assert "did you mean 'html'" in done.stderr


def test_rescoring_uses_todays_evaluators_and_never_calls_the_application(folder, server):
    """The gate's evaluator becomes stricter: the same outputs now fail."""
    assert folder.peel("run").returncode == 0
    asked = len(server.requests)
    text = (folder.root / "scenarios/support.yaml").read_text()
    folder.write(
        "scenarios/support.yaml", text.replace('terms: ["reset"]', 'terms: ["unplug"]').replace("0.3}", "0.95}")
    )
    done = folder.peel("rescore", "last")
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(server.requests) == asked
    (scenario,) = folder.report()["scenarios"]
    assert scenario["evaluators"][0]["value"] == 0.5


def test_rescoring_one_evaluator_leaves_the_others_alone_and_an_unknown_one_is_told(folder):
    """`--evaluator` names which."""
    folder.peel("run", "-n", "1")
    assert folder.peel("rescore", "last", "--evaluator", "core-terms").returncode in (0, 4)
    done = folder.peel("rescore", "last", "--evaluator", "core-term")
    assert done.returncode == 2
    assert "did you mean 'core-terms'" in done.stderr


def test_hostile_output_is_inert_in_every_report(folder, server):
    """A model that answers with markup, formulas and escape codes changes no report."""
    server.reply = lambda request: "=cmd()<script>alert(1)</script>\x1b[31m{{ 7*7 }}]]>"
    folder.peel("run", "-n", "1", "--reports", "out")
    files = {path.suffix: path.read_text() for path in (folder.root / "out").iterdir()}
    assert "<script>alert(1)" not in files[".html"]
    assert "\n=cmd" not in files[".csv"]
    assert ",=cmd" not in files[".csv"]
    assert "<script>" not in files[".md"]
    assert json.loads(files[".json"])
    assert "\x1b" not in folder.peel("show", "last", "moving#1").stdout
    assert "49" not in folder.peel("show", "last", "moving#1").stdout.replace("449", "")


def test_a_run_nobody_made_is_told(folder):
    """Without any run, `last` stands for none."""
    done = folder.peel("show", "last")
    assert done.returncode == 2
    assert "no run 'last'" in done.stderr


def test_a_report_of_a_run_nobody_made_leaves_the_file_of_an_earlier_one(folder):
    """A report is there whole or not at all."""
    folder.peel("run", "-n", "1")
    assert folder.peel("report", "last", "--format", "json", "-o", "report.json").returncode == 0
    before = (folder.root / "report.json").read_bytes()
    assert json.loads(before)
    done = folder.peel("report", "nowhere", "--format", "json", "-o", "report.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert (folder.root / "report.json").read_bytes() == before
    assert not list(folder.root.glob("*.part"))


def test_reports_that_cannot_be_written_are_told_and_the_run_is_stored(folder):
    """A file stands where the folder of reports should be: exit code 3, and the numbers are in the store."""
    folder.write("reports", "mine")
    done = folder.peel("run", "-n", "1")
    assert done.returncode == 3
    assert "the report cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert folder.report()["scenarios"][0]["completed"] == 2
