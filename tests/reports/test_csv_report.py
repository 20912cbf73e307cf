"""The CSV report: a row a score, cells no spreadsheet takes for formulas, streamed."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peel.reports.csv import COLUMNS, LONGEST_CELL, CsvReport, inert
from peel.reports.format import ReportSource


def rows(source: ReportSource) -> list[dict[str, str]]:
    out = io.BytesIO()
    CsvReport().write(source, out)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode(), newline="")))


def test_each_score_has_a_row_and_each_execution_at_least_one(telco_source):
    """An execution that errored is in the sheet although nothing was scored."""
    source = telco_source(cases=6, repetitions=5, errors=0.2)
    sheet = rows(source)
    assert {(row["case"], row["repetition"]) for row in sheet} == {
        (case.id, str(repetition)) for case in source.stored.run.cases["telco-support"] for repetition in range(1, 6)
    }
    errored = [row for row in sheet if row["status"] == "error"]
    assert errored
    assert all(row["evaluator"] == "" and row["value"] == "" for row in errored)
    assert errored[0]["fault"] == "answer: TransportError: 429 from the server, 6 attempts"


def test_columns_and_values(telco_source):
    """Numbers are bare numbers, an unknown cost is empty and not 0, a rater is named."""
    sheet = rows(telco_source(errors=0.0))
    assert tuple(sheet[0]) == COLUMNS
    assert all(0 <= float(row["value"]) <= 1 for row in sheet if row["score_status"] == "scored")
    assert all(row["cost_usd"] == "" for row in sheet)
    assert all(float(row["latency_s"]) > 0 for row in sheet)
    assert {row["on"] for row in sheet if row["evaluator"] == "right-passage"} == {"passages"}
    assert {row["rater"] for row in sheet if row["evaluator"] == "would-send" and row["value"]} == {"anna"}


def test_what_is_not_scored_has_a_status_and_no_value(telco_source):
    """Pending and unscored scores are rows with an empty value."""
    waiting = [row for row in rows(telco_source(cases=30)) if row["score_status"] in ("pending", "unscored")]
    assert {row["score_status"] for row in waiting} == {"pending", "unscored"}
    assert {row["value"] for row in waiting} == {""}


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\ufeff=1", "＝1+1"]
)
def test_a_formula_becomes_text(telco_source, text):
    """No cell of a run whose every text is a formula begins like one."""
    sheet = rows(telco_source(cases=2, repetitions=2, text=text, case_ids=lambda place: f"{text}{place}", errors=0.0))
    for row in sheet:
        for name in ("case", "reason", "output"):
            if row["score_status"] != "unscored":
                assert row[name].startswith(f"'{text}")


@given(st.text())
def test_no_text_cell_begins_like_a_formula(text):
    """Whatever a model writes, the first visible character is not one that starts a formula."""
    assert not inert(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_negative_numbers_stay_numbers(telco_source):
    """Only texts are made inert: a number keeps its sign."""
    assert inert("-1") == "'-1"
    assert all(not row["latency_s"].startswith("'") for row in rows(telco_source(cases=2)))


def test_quotes_separators_and_line_ends_survive(telco_source):
    """A text with everything CSV uses itself comes back as it was."""
    text = 'a "quote", a comma;\r\nand a second line'
    assert rows(telco_source(cases=1, text=text, errors=0.0))[0]["output"] == text


def test_giant_and_broken_texts_are_bounded_and_encodable(telco_source):
    """A giant output is cut with the count of what is left out; NUL and lone surrogates do not stop the sheet."""
    row = rows(telco_source(cases=1, text="\0\ud800" + "x" * 100_000, errors=0.0))[0]
    assert len(row["output"]) < LONGEST_CELL + 100
    assert row["output"].endswith("more characters)")


def test_executions_are_written_as_they_are_read(telco_source):
    """The sheet grows while the run is read: nothing waits for its end."""
    source = telco_source(cases=3, repetitions=40)
    sizes = []
    out = io.BytesIO()
    read = source.stored.executions

    def watched(numbers):
        for item in read(numbers):
            sizes.append(out.tell())
            yield item

    source.stored.executions = watched
    CsvReport().write(source, out)
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 100


def test_no_text_cell_obeys_a_terminal() -> None:
    """Who prints the file sees what a model wrote, and nothing else happens."""
    assert inert("a\x1b[2Jb\x07\x00\x7f\tc\nd") == "a\ufffd[2Jb\ufffd\ufffd\ufffd\tc\nd"


def test_drafts_are_marked_in_the_last_column(telco_source):
    """Each row of a draft case says so, and no other; executions that errored have it too."""
    source = telco_source(cases=4, repetitions=5, errors=0.2)
    run = source.stored.run
    cases = {name: tuple(one.model_copy(update={"draft": n < 2}) for n, one in enumerate(some))
             for name, some in run.cases.items()}  # fmt: skip
    drafts = {one.id for some in cases.values() for one in some if one.draft}
    source.stored.run = run.model_copy(update={"cases": cases})
    sheet = rows(source)
    assert COLUMNS[-1] == "draft"
    assert {row["case"] for row in sheet if row["draft"] == "true"} == drafts
    assert {row["case"] for row in sheet if row["draft"] == "false"} == {row["case"] for row in sheet} - drafts
    assert any(row["status"] == "error" for row in sheet)
