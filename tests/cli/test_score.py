"""`peel score`: people's scores in the terminal and by sheet, blind, each once."""

from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from peel.cli import app

EVALUATORS = """evaluators:
  - {id: core-terms, use: regex, all: "{{ expected.terms }}"}
  - {id: would-send, use: manual, ask: Would you send this?, SETTINGS}
"""


@pytest.fixture
def peel(folder, server, monkeypatch):
    """The command line in this process; `keys` are what is typed."""
    server.reply = lambda request: "=SUM(A1) reset button, 3 seconds"
    monkeypatch.chdir(folder.root)

    def call(*arguments, keys=""):
        return CliRunner().invoke(app, list(arguments), input=keys)

    return call


@pytest.fixture
def run(folder, peel):
    """Makes a run of six executions that a person is asked about."""

    def made(settings="share: 1"):
        text = (folder.root / "scenarios/support.yaml").read_text()
        before, _, after = text.partition("evaluators:\n")
        gates = after.partition("gates:")[2]
        folder.write("scenarios/support.yaml", f"{before}{EVALUATORS.replace('SETTINGS', settings)}gates:{gates}")
        assert peel("run").exit_code == 0

    return made


def estimate(peel):
    (scenario,) = json.loads(peel("report", "last", "--format", "json").stdout)["scenarios"]
    return next(one for one in scenario["evaluators"] if one["id"] == "would-send")


def sheet(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_a_session_needs_one_key_an_output(peel, run):
    """0 is the worst, 9 the best, equal steps between; the estimate is of what was pressed."""
    run()
    done = peel("score", "last", "--rater", "ann", keys="000999")
    assert "6 of 6 answered by ann" in done.stdout
    assert (estimate(peel)["value"], estimate(peel)["n_scored"], estimate(peel)["n_pending"]) == (0.5, 6, 0)


def test_who_quits_goes_on_where_they_stopped(peel, run):
    """What was scored is stored at once; the next session begins with what is open."""
    run()
    assert "2 of 6 answered" in peel("score", "last", "--rater", "ann", keys="99q").stdout
    assert estimate(peel)["n_pending"] == 4
    assert "6 of 6 answered" in peel("score", "last", "--rater", "ann", keys="9999").stdout
    assert "0 worst" not in peel("score", "last", "--rater", "ann").stdout


def test_skip_comes_again_and_back_corrects(peel, run):
    """A skipped output comes last; a corrected score counts instead of the first, with its comment."""
    run()
    done = peel("score", "last", "--rater", "ann", keys="9s9999bcbetter now\n09")
    assert "5 of 6 answered" in done.stdout
    assert "your answer so far: 1.00" in done.stdout
    assert "6 of 6 answered by ann" in done.stdout
    assert estimate(peel)["value"] == pytest.approx(5 / 6)
    shown = peel("show", "last", "moving").stdout + peel("show", "last", "light").stdout
    assert "better now" in shown


def test_an_exact_number_and_what_is_no_answer(peel, run):
    """`.` takes a number on the slider; what is not on it is told and asked again."""
    run()
    done = peel("score", "last", "--rater", "ann", keys=".0.35\n.1.5\nxq")
    assert "'1.5' is not a number from 0 (worst) to 1 (best)" in done.stdout
    assert "the key 'x' does nothing here" in done.stdout
    assert estimate(peel)["value"] == 0.35


def test_nothing_on_the_screen_tells_variant_case_or_other_scores(peel, run):
    """The rater sees the input, the output and the question; the expected output only on demand."""
    run()
    shown = peel("score", "last", "--rater", "ann", keys="q").stdout
    assert "Would you send this?" in shown
    assert "reset button, 3 seconds" in shown
    for word in ("base", "moving", "core-terms", "expected · terms"):
        assert word not in shown
    assert "expected · terms" in peel("score", "last", "--rater", "ann", keys="eq").stdout


def test_scores_are_pending_until_as_many_raters_answered_as_are_asked(peel, run):
    """Stars count from 1 to 5; the value is the mean over raters; a third is asked nothing any more."""
    run("scale: stars, raters: 2")
    peel("score", "last", "--rater", "ann", keys="111111")
    assert (estimate(peel)["n_scored"], estimate(peel)["n_pending"]) == (0, 6)
    peel("score", "last", "--rater", "bob", keys="555555")
    assert (estimate(peel)["value"], estimate(peel)["n_pending"]) == (0.5, 0)
    assert (
        "0 of 0 answered by eve: others have answered everything that is asked"
        in peel("score", "last", "--rater", "eve").stdout
    )
    agreement = peel("score", "last", "--agreement").stdout
    assert "2 raters agree at alpha -" in agreement
    assert "answers: ann 6, bob 6" in agreement


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_sheet_goes_out_and_comes_back(peel, run, folder, suffix):
    """Filled in by a spreadsheet or a person; imported twice it changes nothing."""
    run()
    path = folder.root / f"scores{suffix}"
    assert peel("score", "last", "--rater", "ann", "--export", str(path)).exit_code == 0
    if suffix == ".csv":
        rows = sheet(path)
        fill(path, [{**row, "score": "0,5", "comment": "so so"} for row in rows[:4]] + rows[4:])
    else:
        import openpyxl

        book = openpyxl.load_workbook(path)
        page = book.active
        cells = [cell for row in page.iter_rows() for cell in row]
        assert all(cell.data_type != "f" for cell in cells)
        for row in range(2, 6):
            page.cell(row, 6, 0.5)
        book.save(path)
    done = peel("score", "last", "--rater", "ann", "--import", str(path))
    assert "imported 4 scores by ann; 0 rows unchanged, 2 without a score" in done.stdout
    again = peel("score", "last", "--rater", "ann", "--import", str(path))
    assert "imported 0 scores by ann; 4 rows unchanged, 2 without a score" in again.stdout
    assert (estimate(peel)["value"], estimate(peel)["n_pending"]) == (0.5, 2)


def test_a_sheet_is_blind_shuffled_and_no_cell_is_a_formula(peel, run, folder):
    """Ids say nothing, each rater has an order of their own that stays, and a model's `=SUM` is text."""
    run()
    orders = []
    for rater in ("ann", "bob", "eve", "ann"):
        peel("score", "last", "--rater", rater, "--export", "s.csv")
        rows = sheet(folder.root / "s.csv")
        orders.append(tuple(row["id"] for row in rows))
        assert all(row["output"].startswith("'=SUM(A1)") for row in rows)
    assert orders[0] == orders[3]
    assert len(set(orders)) > 1
    assert len(set(orders[0])) == 6
    text = (folder.root / "s.csv").read_text()
    assert not any(word in text for word in ("moving", "base", "core-terms"))


def test_wrong_rows_are_told_with_their_numbers_and_nothing_is_imported(peel, run, folder):
    """Unknown, doubled, out of range, a comment alone; with --partial the others are imported."""
    run()
    peel("score", "last", "--rater", "ann", "--export", "s.csv")
    rows = [{**row, "score": "1"} for row in sheet(folder.root / "s.csv")]
    rows[1] |= {"id": "no-such"}
    rows[2] |= {"id": rows[0]["id"]}
    rows[3] |= {"score": "7"}
    rows[4] |= {"score": "", "comment": "?"}
    fill(folder.root / "s.csv", rows)
    done = peel("score", "last", "--rater", "ann", "--import", "s.csv")
    assert done.exit_code == 2
    for told in (
        "s.csv: row 3: the id 'no-such' is none of this run's",
        f"s.csv: row 4: the id '{rows[0]['id']}' stands in row 2 already",
        "s.csv: row 5: '7' is not a number from 0 (worst) to 1 (best)",
        "s.csv: row 6: it has a comment and no score",
    ):
        assert told in done.stderr
    assert estimate(peel)["n_pending"] == 6
    partly = peel("score", "last", "--rater", "ann", "--import", "s.csv", "--partial")
    assert partly.exit_code == 0
    assert "imported 2 scores by ann; 0 rows unchanged, 0 without a score, 4 left out" in partly.stdout
    assert "row 5" in partly.stderr
    assert estimate(peel)["n_scored"] == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.ods", b"", "the name ends with '.ods'; a sheet is a .csv or .xlsx file"),
        ("gone.csv", None, "the sheet cannot be read: No such file"),
        ("s.csv", b"output,score\nx,1\n", "its first row has no column 'id'"),
        ("s.csv", b"id,score\n\xff\xfe,1\n", "it is no UTF-8"),
        ("s.xlsx", b"PK no zip at all", "it is no XLSX file, or a damaged one"),
    ],
)
def test_what_is_no_sheet_is_a_sentence(peel, run, folder, name, content, message):
    """With the file's name and what to do."""
    run()
    if content is not None:
        folder.write(name, content)
    done = peel("score", "last", "--rater", "ann", "--import", name)
    assert done.exit_code == 2
    assert message in done.stderr
    assert name in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--partial"], "--partial belongs to --import FILE"),
        (["--import", "a.csv", "--export", "b.csv"], "--export and --import are different things to do"),
        (["--rater", " "], "is no name: write --rater NAME"),
    ],
)
def test_flags_that_make_no_sense_are_refused(peel, run, arguments, message):
    """Before anything is asked."""
    run()
    done = peel("score", "last", *arguments)
    assert (done.exit_code, message in done.stderr) == (2, True)


def test_a_run_that_asks_people_nothing_says_so(peel):
    """And agreement has nothing to compare."""
    peel("run")
    done = peel("score", "last", "--rater", "ann")
    assert done.exit_code == 2
    assert "asks people nothing" in done.stderr
    assert "asks people nothing" in peel("score", "last", "--agreement").stdout


@pytest.mark.parametrize("named", ["core-term", "would-send"])
def test_only_an_evaluator_that_asks_no_people_can_be_checked(peel, run, folder, named):
    """The name is looked up before anything runs."""
    run()
    text = (folder.root / "scenarios/support.yaml").read_text()
    folder.write("scenarios/support.yaml", text.replace("share: 1", f"checks: {named}"))
    done = peel("check")
    assert done.exit_code == 2
    assert f"there is no evaluator '{named}' to check; " in done.stderr
    assert "llowed: core-terms" in done.stderr


def test_a_real_terminal_takes_single_keys_without_enter(run, peel, folder):
    """As a person uses it: through a pseudo-terminal, by the command in its own process."""
    run()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "peel.cli", "score", "last", "--rater", "ann"],
        cwd=folder.root,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(ours, b"99q")
    out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert (process.returncode, err) == (0, "")
    assert "2 of 6 answered by ann" in out
