"""The HTML report on people: judges' means corrected by them, and agreement, in numbers, sentences and drawings."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from peel.records import CorrectedMean, Estimate, RunSummary
from peel.records.agreement import (
    Agreement,
    Disagreement,
    JudgeAgreement,
    MeanDifference,
    RatersAgreement,
    RunAgreement,
)
from peel.records.estimates import Bounds
from peel.reports.charts import scatter_chart
from peel.reports.format import ReportSource
from peel.reports.html import HtmlReport
from peel.reports.html_people import agreement, corrected, people

HOSTILE = "<script>alert(1)</script>"


def mean(**changes: Any) -> CorrectedMean:
    """A judge's mean, corrected by 30 manual scores of 25 cases."""
    values: dict[str, Any] = {
        "by": "would-send", "n_scored": 30, "n_cases": 25, "value": 0.61, "low": 0.52, "high": 0.69, "level": 0.95,
        "method": "MOVER", "weight": 0.8, "people": 0.6, "people_low": 0.45, "people_high": 0.74, "difference": 0.1,
    }  # fmt: skip
    return CorrectedMean(**{**values, **changes})


def compared(**changes: Any) -> Agreement:
    """A judge and people on four outputs."""
    values: dict[str, Any] = {
        "one": "would-send", "other": "meaning", "n_executions": 4, "n_cases": 3, "pearson": 0.5, "spearman": 0.4,
        "kappa": None, "alpha": 0.31, "interval": Bounds(low=None, high=None, method="bootstrap"), "icc": 0.3,
        "difference": MeanDifference(mean=0.1, low=-0.1, high=0.3, limits_low=-0.5, limits_high=0.7), "threshold": 0.5,
        "same_side": 0.75, "points": ((0.0, 0.5), (1.0, 1.0), (1.0, 1.0), (0.25, 0.0)),
        "disagreements": (Disagreement(case="moving", variant="base", repetition=2, execution=7, one=0.0, other=0.5),),
    }  # fmt: skip
    return Agreement(**{**values, **changes})


def found(judge: Agreement, **changes: Any) -> RunAgreement:
    """The agreement of a run with one judge and one evaluator that asks people."""
    values: dict[str, Any] = {"verdict": "usable", "settled": True, "more": None, "sentence": "It is usable."}
    judged = JudgeAgreement(scenario="telco", agreement=judge, **{**values, **changes})
    nobody = RatersAgreement(
        scenario="telco", evaluator="would-send", raters={}, n_executions=0, n_cases=0, alpha=None,
        interval=Bounds(low=None, high=None, method="bootstrap"), sentence="Nobody has answered would-send yet.",
    )  # fmt: skip
    return RunAgreement(run="r1", raters=(nobody,), judges=(judged,))


def summary_with(source: ReportSource, one: CorrectedMean) -> RunSummary:
    """The summary of a run whose first estimate people corrected."""
    scenario = source.summary.scenarios[0]
    first: Estimate = scenario.evaluators[0].model_copy(update={"corrected": (one,)})
    changed = scenario.model_copy(update={"evaluators": (first, *scenario.evaluators[1:])})
    return source.summary.model_copy(update={"scenarios": (changed,)})


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def test_the_corrected_mean_stands_in_the_report_with_what_it_rests_on(telco_source):
    """Plain mean, corrected one with its interval, people alone, the difference, and the sentence of the terminal."""
    source = telco_source()
    out = io.BytesIO()
    HtmlReport().write(ReportSource(summary_with(source, mean()), source.stored), out)
    report = text_of(out.getvalue().decode())
    assert "Checked by people" in report
    assert "0.61 [0.52, 0.69]" in report
    assert "30 manual scores, 25 cases" in report
    assert "rests on 30 manual scores of 25 cases (would-send)" in report


def test_too_few_manual_scores_give_a_note_and_a_dash(telco_source):
    """No number is made up."""
    few = mean(value=None, low=None, high=None, n_scored=3, n_cases=3, note="17 further cases are needed.")
    shown = text_of(corrected(summary_with(telco_source(), few)))
    assert "– [–, –]" in shown or "– –" in shown
    assert "17 further cases are needed." in shown
    none = mean(n_scored=0, n_cases=0, value=None, low=None, high=None, people=None, people_low=None, people_high=None,
                difference=None, note="Nobody has scored it.")  # fmt: skip
    assert "not checked by people (would-send): Nobody has scored it." in text_of(
        corrected(summary_with(telco_source(), none))
    )


def test_a_run_that_asks_nobody_has_no_such_section(telco_source):
    """Neither a heading nor an empty table."""
    source = telco_source()
    assert people(source.summary, None) == ""
    assert people(source.summary, RunAgreement(run="r1")) == ""


@pytest.mark.parametrize(
    ("verdict", "settled", "words"),
    [
        ("usable", True, "✓ This judge can be trusted for this scenario"),
        ("usable", False, "? This judge can be trusted for this scenario – not settled yet"),
        ("tentative", True, "? Trust this judge with care"),
        ("do not gate on this judge", True, "✗ Do not gate on this judge"),
        (None, False, "– Whether this judge can be trusted is not known yet"),
    ],
)
def test_the_verdict_on_a_judge_is_in_words_and_a_sign(verdict, settled, words):
    """Not by colour alone; what is not settled is not told as if it were."""
    assert words in text_of(agreement(found(compared(), verdict=verdict, settled=settled)))


def test_disagreements_lead_to_executions_where_there_is_an_address():
    """In the pages they are links, in the file they are names."""
    assert '<a href="/runs/r1/executions/7">moving#2</a>' in agreement(
        found(compared()), lambda number: f"/runs/r1/executions/{number}"
    )
    assert "<a " not in agreement(found(compared()))


def test_the_drawing_says_in_words_what_it_shows():
    """Each pair of scores with how often it occurs."""
    drawn = scatter_chart(("would-send", "meaning"), compared().points)
    assert "would-send across and meaning up: 4 outputs; 1 and 1: 2, 0 and 0.5: 1, 0.25 and 0: 1" in drawn
    assert drawn.count("<circle") == 3


def test_names_are_text(telco_source):
    """Of evaluators, raters, cases and variants."""
    hostile = compared(
        one=HOSTILE,
        other=HOSTILE,
        disagreements=(Disagreement(case=HOSTILE, variant=HOSTILE, repetition=1, execution=1, one=0.0, other=1.0),),
    )
    drawn = agreement(found(hostile, sentence=HOSTILE), lambda number: f'/"><script>{number}')
    drawn += corrected(summary_with(telco_source(), mean(by=HOSTILE, note=HOSTILE)))
    assert "<script>" not in drawn
