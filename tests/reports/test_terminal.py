"""The terminal: a run's summary and one execution, as text that nothing in it can steer."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from peel.reports.format import ReportSource
from peel.reports.terminal import drawn_interval, render_execution, render_summary

HOSTILE = (
    "[bold red]markup[/] [link=https://evil.example]x[/link] \x1b[2J\x1b]0;title\x07 \x9b31m \u202egnp.exe \ud800 \r"
)


def summary_text(source: ReportSource, *, width: int = 120, color: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=color, color_system="truecolor" if color else None
    )
    render_summary(source.summary, source.stored.run, console=console)
    return console.file.getvalue()


def execution_text(source: ReportSource, number: int, *, width: int = 200, color: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=color, color_system="truecolor" if color else None
    )
    execution, scores = next(iter(source.stored.executions([number])))
    case = next(case for case in source.stored.run.cases["telco-support"] if case.id == execution.case)
    render_execution(execution, scores, case=case, console=console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_summary_fits_its_terminal(telco_source, width):
    """No line is wider than the terminal, and every evaluator's mean is there."""
    text = summary_text(telco_source(variants=("base", "cold")), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "meaning" in text
    assert "would-send" in text


def test_every_number_comes_with_its_interval_and_counts(telco_source):
    """A row shows the mean, both intervals, scored of executions, and the share below the threshold."""
    source = telco_source(cases=40)
    row = next(line for line in summary_text(source, width=160).splitlines() if " meaning " in line)
    estimate = next(e for e in source.summary.scenarios[0].evaluators if e.id == "meaning")
    assert f"{estimate.value:.2f}" in row
    assert f"[{estimate.low:.2f}, {estimate.high:.2f}]" in row
    assert f"[{estimate.these_cases.low:.2f}, {estimate.these_cases.high:.2f}]" in row
    assert f"{estimate.n_scored}/{estimate.n_executions}" in row
    assert "< 0.3" in row
    assert "●" in row


def test_unscored_pending_and_errored_are_counted(telco_source):
    """What has no score is said, not left out."""
    text = summary_text(telco_source(cases=40))
    assert " unscored" in text
    assert " pending" in text
    assert " errored" in text
    assert "× TransportError: 429 from the server, 6 attempts" in text
    assert "× cut off by the token limit" in text


def test_a_note_on_the_numbers_is_said_once_with_whom_it_is_about(telco_source):
    """That the cases are too few to generalise stands under the table, not only in a file."""
    source = telco_source()
    scenario = source.summary.scenarios[0]
    noted = tuple(
        e.model_copy(update={"note": "Two cases are too few to generalise."}) for e in scenario.evaluators[:2]
    )
    changed = source.summary.model_copy(update={"scenarios": (scenario.model_copy(update={"evaluators": noted}),)})
    text = summary_text(ReportSource(summary=changed, stored=source.stored))
    assert text.count("core-terms, meaning  Two cases are too few to generalise.") == 1


def test_an_unknown_cost_is_unknown_and_not_zero(telco_source):
    """The cost of a model without a price is said to be unknown."""
    text = summary_text(telco_source(), width=160)
    assert "unknown" in text
    assert "$0.00" not in text


def test_verdicts_are_words(telco_source):
    """Without any colour the three verdicts can be told apart."""
    text = summary_text(telco_source())
    for words in ("✗ failed", "? undecided", "✓ passed"):
        assert words in text


def test_the_judge_is_named_and_the_small_one_warned_of(telco_source):
    """The role, the model and what it judges; the warning only where the embedded model took part."""
    weak, strong = summary_text(telco_source(weak=True)), summary_text(telco_source(weak=False))
    assert "judge: embedded (SmolLM2-135M-Instruct) (judges meaning)" in weak
    assert "answers badly and judges worse" in " ".join(weak.replace("│", " ").split())
    assert "judge: gpt-4o-mini (judges meaning)" in strong
    assert "judges worse" not in strong


def test_an_estimate_without_scores_is_drawn_empty(telco_source):
    """Nothing scored: a dash and an empty axis, never a 0."""
    estimate = telco_source(cases=1, repetitions=1, errors=1.0).summary.scenarios[0].evaluators[0]
    assert estimate.value is None
    assert drawn_interval(estimate).plain.strip() == ""
    assert "–" in summary_text(telco_source(cases=1, repetitions=1, errors=1.0))


def test_an_interrupted_run_says_what_was_not_executed(telco_source):
    """The missing executions are counted, and the way to complete them is named."""
    source = telco_source(status="interrupted")
    scenario = source.summary.scenarios[0]
    cut = source.summary.model_copy(
        update={"scenarios": (scenario.model_copy(update={"completed": 10, "errored": 0}),)}
    )
    text = summary_text(ReportSource(summary=cut, stored=source.stored), width=160)
    assert "30 not executed" in text
    assert "--resume" in text


def test_an_execution_is_shown_whole(telco_source):
    """Inputs, each step's messages, passages with their source, output, attempts, marks and scores with reasons."""
    source = telco_source(cases=8, errors=0.0)
    text = execution_text(source, 8 // 2 * 5 // 4)
    assert "email-001#1" in text
    assert "expected · terms" in text
    for step in ("1 question", "2 passages", "3 answer", "4 email"):
        assert step in text
    assert "AR86.pdf, 7.1 Warranty, p. 4 · similarity 0.830" in text
    assert "mark: cut off by the token limit" in text
    assert "core-terms" in text
    assert "attempt failed (503): 503 Service Unavailable, waited 500 ms" in execution_text(source, 0)


def test_an_errored_execution_says_where_and_why(telco_source):
    """The fault stands under its step and at the end."""
    text = execution_text(telco_source(errors=1.0), 0)
    assert "errored in step answer: TransportError: 429 from the server, 6 attempts" in text


def test_model_text_cannot_steer_the_terminal(telco_source):
    """Escapes, bidirectional overrides and rich markup of a model are printed as letters."""
    source = telco_source(cases=1, text=HOSTILE, errors=0.0, case_ids=lambda place: f"x{HOSTILE}")
    for text in (execution_text(source, 0), summary_text(source)):
        assert not set("\x1b\x07\x9b\u202e\ud800\r") & set(text)
    assert "[bold red]markup[/] [link=https://evil.example]x[/link]" in execution_text(source, 0)
    assert "‹U+001B›[2J" in execution_text(source, 0)


def test_colour_escapes_come_from_peel_alone(telco_source):
    """With colours on, a model's text still adds no escape: the control sequences end where PEEL's do."""
    plain = telco_source(cases=1, text="harmless", errors=0.0)
    hostile = telco_source(cases=1, text="\x1b]8;;https://evil.example\x07[red]\x1b[31m", errors=0.0)
    links = execution_text(hostile, 0, color=True)
    assert "\x1b]8;;" not in links
    assert "\x07" not in links
    assert execution_text(plain, 0, color=True).count("\x1b[31m") == links.count("\x1b[31m")


def test_a_giant_output_is_bounded(telco_source):
    """Ten megabytes of output do not flood the terminal; what is left out is counted."""
    text = execution_text(telco_source(cases=1, text="y" * 10_000_000, errors=0.0), 0)
    assert len(text) < 1_000_000
    assert "more characters)" in text
