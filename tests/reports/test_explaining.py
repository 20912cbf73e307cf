"""Variance and steps in words, in every report that people read."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from peel.records import (
    Narrowing,
    RunSummary,
    StepEffectFigures,
    StepErrors,
    StepFindings,
    StepGroup,
    VarianceFigures,
)
from peel.reports.explaining import narrowing_sentence, steps_sentence, variance_cells
from peel.reports.format import ReportSource
from peel.reports.json import report_object
from peel.reports.markdown import MarkdownReport
from peel.reports.terminal import render_summary


def figures(**changes: Any) -> VarianceFigures:
    """A judge measured on twenty executions."""
    given = VarianceFigures(
        n_cases=100,
        n_executions=500,
        n_judged_again=20,
        n_judgements=60,
        total=0.1,
        case=0.7,
        case_low=0.6,
        case_high=0.8,
        execution=0.2,
        judge=0.1,
        narrower=Narrowing(cases=0.293, repetitions=0.04, votes=0.01, repetitions_surely=0.02),
    )
    return given.model_copy(update=changes)


EFFECT = StepEffectFigures(
    step="passages",
    judged_by="right-passage",
    evaluator="core-terms",
    threshold=0.5,
    n_executions=12,
    n_cases=6,
    right=StepGroup(n_executions=3, n_cases=2, mean=0.61, low=0.4, high=0.8),
    wrong=StepGroup(n_executions=9, n_cases=5, mean=0.08, low=0.01, high=0.2),
    n_mixed=1,
    within_cases=False,
    difference=0.53,
    low=0.11,
    high=0.81,
    level=0.95,
    method="square-and-add",
    shown=True,
    lost=0.4,
)

Source = Callable[..., ReportSource]


def with_findings(source: ReportSource, variance: VarianceFigures, steps: StepFindings) -> ReportSource:
    """The same report with other findings."""
    (scenario,) = source.summary.scenarios
    told = scenario.model_copy(update={"variance": {"meaning": variance}, "steps": steps})
    summary = RunSummary(run=source.summary.run, scenarios=(told,))
    return dataclasses.replace(source, summary=summary)


def markdown(source: ReportSource) -> str:
    """The report for a pull request."""
    out = io.BytesIO()
    MarkdownReport().write(source, out)
    return out.getvalue().decode()


def terminal(source: ReportSource) -> str:
    """What `peel show` prints."""
    console = Console(width=200, record=True, file=io.StringIO())
    render_summary(source.summary, source.stored.run, console=console)
    return console.export_text()


def test_the_step_to_work_on_first_is_named_with_its_evidence() -> None:
    """Both means with their intervals, the counts, the difference."""
    assert steps_sentence(StepFindings(effects=(EFFECT,), first="passages", because=0)) == (
        "Work on passages first: where it was right (right-passage), core-terms is 0.61 [0.40, 0.80]; where it was "
        "wrong, 0.08 [0.01, 0.20]; it was wrong in 9 of 12 executions of 6 cases (75%); difference 0.53 [0.11, 0.81]."
    )


def test_a_difference_within_cases_says_so() -> None:
    """It takes how hard a case is out of it."""
    held = EFFECT.model_copy(update={"within_cases": True, "n_mixed": 4})
    sentence = steps_sentence(StepFindings(effects=(held,), first="passages", because=0))
    assert sentence.endswith("difference 0.53 [0.11, 0.81] within the 4 cases that have both.")


def test_many_differences_that_show_nothing_are_not_all_told() -> None:
    """The largest losses are, the others are counted."""
    weak = [EFFECT.model_copy(update={"evaluator": f"e{n}", "lost": n / 10, "shown": False}) for n in range(6)]
    sentence = steps_sentence(StepFindings(effects=tuple(weak)))
    assert [f"e{n} differs" in sentence for n in range(6)] == [False, False, False, True, True, True]
    assert sentence.endswith("; and 3 further pairs.")


@pytest.mark.parametrize(
    ("narrower", "begins"),
    [
        ((0.293, 0.04, 0.02, 0.01), "more cases narrow it most (twice the cases −29%, repetitions −4%, votes −1%)"),
        ((0.293, 0.29, 0.02, 0.01), "more cases narrow it most (twice the cases −29%, repetitions −29%, votes −1%)"),
        ((0.293, 0.29, 0.28, 0.01), "more repetitions do nearly as much as more cases, and nobody has to write them"),
        ((0.293, 0.29, 0.28, 0.27), "more votes of the judge do nearly as much as more cases, and need no new exec"),
        ((0.293, 0.29, None, None), "more cases narrow it most (twice the cases −29%, repetitions −29%)."),
    ],
)
def test_what_would_narrow_the_interval(narrower: tuple[float | None, ...], begins: str) -> None:
    """The cheapest that does nearly as much; repetitions only where cases surely differ little."""
    cases, repetitions, surely, votes = narrower
    by = Narrowing(cases=cases, repetitions=repetitions, repetitions_surely=surely, votes=votes)
    sentence = narrowing_sentence(figures(narrower=by))
    assert sentence.startswith(f"The interval for new cases like these: {begins}")


def test_unknown_shares_are_a_dash_and_never_a_zero() -> None:
    """A share of 0 is a share of 0."""
    unknown = figures(case=None, case_low=None, case_high=None, judge=None)
    assert variance_cells(unknown) == ["–", "20%", "–"]
    assert variance_cells(figures(judge=0.0)) == ["70% [60%, 80%]", "20%", "0%"]
    assert narrowing_sentence(figures(narrower=Narrowing(cases=None, repetitions=None, votes=None))) == ""


def test_terminal_and_markdown_show_both(telco_source: Source) -> None:
    """The shares, what narrows, the step, and that it is no proof."""
    steps = StepFindings(effects=(EFFECT,), first="passages", because=0)
    source = with_findings(telco_source(), figures(judge_note="not measured: ask again"), steps)
    for text in (terminal(source), markdown(source)):
        for told in ("70% [60%, 80%]", "twice the cases −29%", "Work on passages first", "not a proof", "ask again"):
            assert told in " ".join(text.replace("\\", "").split())


def test_reports_without_findings_say_nothing_of_them(telco_source: Source) -> None:
    """No empty table, no heading."""
    for text in (terminal(telco_source()), markdown(telco_source())):
        assert "variance" not in text
        assert "not a proof" not in text


def test_names_from_outside_cannot_act_on_the_reader(telco_source: Source) -> None:
    """Neither on a terminal nor in a comment."""
    hostile = EFFECT.model_copy(update={"step": "\x1b[31m<b>|x", "evaluator": "@all `x`"})
    steps = StepFindings(effects=(hostile,), first=hostile.step, because=0)
    source = with_findings(telco_source(), figures(), steps)
    assert "\x1b" not in terminal(source)
    comment = markdown(source)
    assert "<b>" not in comment
    assert "@all" not in comment


def test_the_json_has_every_field(telco_source: Source) -> None:
    """Under the evaluator and under the scenario; what is not known is null."""
    errors = (StepErrors(step="answer", n_errored=6, n_executions=12, share=0.5),)
    steps = StepFindings(effects=(EFFECT,), errors=errors, first="answer")
    source = with_findings(telco_source(), figures(judge=None), steps)
    (scenario,) = json.loads(json.dumps(report_object(source.summary, source.stored.run)))["scenarios"]
    variance = {one["id"]: one["variance"] for one in scenario["evaluators"]}
    assert variance["core-terms"] is None
    assert (variance["meaning"]["case"], variance["meaning"]["judge"]) == (0.7, None)
    assert variance["meaning"]["narrower"]["votes"] == 0.01
    assert scenario["steps"]["first"] == "answer"
    assert scenario["steps"]["sentence"] == ("Work on answer first: 6 of 12 executions (50%) ended there in an error.")
    assert scenario["steps"]["errors"] == [{"step": "answer", "n_errored": 6, "n_executions": 12, "share": 0.5}]
    assert scenario["steps"]["effects"][0]["wrong"]["mean"] == 0.08
