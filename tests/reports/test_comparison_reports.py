"""A comparison in its four formats: the same words everywhere, hostile text inert, one look with the report."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from peel.errors import PeelError
from peel.records.comparisons import (
    CaseChange,
    ComparedSide,
    Comparison,
    Difference,
    MeasureDifference,
    PairComparison,
    PairedCases,
    ShownExecution,
    SideFigures,
)
from peel.reports.charts import difference_chart
from peel.reports.comparison import comparison_bytes
from peel.reports.comparison_terminal import render_comparison

HOSTILE = "</div><script>alert('x')</script> | [a](javascript:b) @everyone \x1b[31m\u202e {{ 7*7 }}"
FORMATS = ("terminal", "markdown", "html", "json")


def difference(verdict: str = "better", **more: Any) -> Difference:
    """One row."""
    side = SideFigures(
        value=0.5, low=0.4, high=0.6, n_executions=100, n_used=100, n_unscored=0, n_pending=0, k_low=5, k_high=5
    )
    given: dict[str, Any] = {
        "id": "core-terms",
        "base": side,
        "candidate": side.model_copy(update={"value": 0.62, "n_unscored": 2}),
        "n_cases": 20,
        "difference": 0.12,
        "low": 0.02,
        "high": 0.22,
        "level": 0.95,
        "low90": 0.04,
        "high90": 0.2,
        "method": "square-and-add",
        "scope": "these-cases",
        "margin": 0.05,
        "verdict": verdict,
        "p": 0.01,
        "p_adjusted": 0.02,
    }
    return Difference(**{**given, **more})


def comparison(text: str = "An answer.", **more: Any) -> Comparison:
    """One pair with a case that got worse; `text` is every text from outside."""
    sides = [
        ComparedSide(run="r1", started=1.0, scenario="telco", variant=name, planned=100, completed=100, errored=0)
        for name in ("base", "cold")
    ]
    shown = ShownExecution(number=3, repetition=4, kind="typical", value=0.25, output=text)
    worst = shown.model_copy(update={"kind": "worst", "value": 0.0})
    case = CaseChange(
        case=text[:60],
        base=0.8,
        candidate=0.25,
        evaluators={"core-terms": (0.8, 0.25), "meaning": (0.5, None)},
        base_executions=(shown,),
        candidate_executions=(shown, worst),
    )
    cost = MeasureDifference(
        measure="cost_usd",
        base=0.01,
        candidate=0.02,
        difference=0.01,
        low=0.005,
        high=0.015,
        level=0.95,
        method="t",
        ratio=2.0,
        ratio_low=1.5,
        ratio_high=2.5,
        n_cases=20,
        n_base=100,
        n_candidate=100,
    )
    pair = PairComparison(
        base=sides[0],
        candidate=sides[1],
        cases=PairedCases(n_common=20, only_base=(text[:40],)),
        differences=(difference(note=text[:100]),),
        overall=difference(id="overall", of=("core-terms",)),
        measures=(cost,),
        n_better=3,
        n_worse=1,
        n_unchanged=16,
        worse=(case,),
        notes=(text[:100],),
    )
    return Comparison(scope="these-cases", margin=0.05, level=0.95, pairs=(pair,), **more)


def text_of(found: Comparison, report_format: str) -> str:
    """The comparison in one format."""
    return comparison_bytes(found, report_format).decode()


@pytest.mark.parametrize("report_format", ["terminal", "markdown", "html"])
def test_every_format_says_verdict_interval_scope_cases_repetitions_and_margin(report_format):
    """What must stand beside a verdict stands in each."""
    said = text_of(comparison(), report_format).replace("\\", "")
    for part in ("better", "+0.12 [+0.02, +0.22]", "exactly these cases", "20 cases × 5", "0.05", "0.020"):
        assert part in said
    for part in ("cost per execution", "×2.00 [1.50, 2.50]", "2 unscored in the candidate", "3 better, 1 worse"):
        assert part in said


@pytest.mark.parametrize("report_format", FORMATS)
def test_the_same_comparison_gives_the_same_bytes(report_format):
    """Nothing of the moment is in it."""
    assert comparison_bytes(comparison(), report_format) == comparison_bytes(comparison(), report_format)


@pytest.mark.parametrize("report_format", ["terminal", "markdown", "html"])
def test_hostile_text_is_inert(report_format):
    """No element, link, mention, escape sequence or override from a model's output."""
    said = text_of(comparison(HOSTILE), report_format)
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "49" not in said
    if report_format == "html":
        assert "<script" not in said
        assert "</div><script" not in said
    if report_format == "markdown":
        assert "<script" not in said
        assert "@everyone" not in said
        assert "[a](" not in said


def test_the_html_page_allows_no_script_and_no_request():
    """Its policy names one style sheet by its hash; nothing is loaded."""
    page = text_of(comparison(), "html")
    assert "default-src 'none'; style-src 'sha256-" in page
    assert "script-src" not in page
    for word in ("http://", "https://", "<link", "<img", "url("):
        assert word not in page


def test_the_html_page_opens_in_a_browser_without_a_complaint(browser, tmp_path):
    """A real browser applies the style sheet, runs nothing and shows the verdict."""
    path = tmp_path / "comparison.html"
    path.write_bytes(comparison_bytes(comparison(HOSTILE), "html"))
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append("dialog"))
    page.goto(path.as_uri())
    assert page.locator("h2").first.inner_text() == "Verdict"
    assert page.evaluate("getComputedStyle(document.querySelector('.sides')).display") == "grid"
    assert said == []
    page.close()


def test_the_json_has_stable_keys_and_null_for_what_is_unknown():
    """An undefined difference is null, never 0 or NaN."""
    unknown = difference("no evidence either way", difference=None, low=None, high=None, p=None, p_adjusted=None)
    found = comparison()
    pair = found.pairs[0].model_copy(update={"differences": (unknown,)})
    report = json.loads(comparison_bytes(found.model_copy(update={"pairs": (pair,)}), "json"))
    assert list(report) == ["schema", "scope", "margin", "level", "pairs", "overall", "notes"]
    row = report["pairs"][0]["differences"][0]
    assert (row["difference"], row["low"], row["p"]) == (None, None, None)
    assert {"id", "n_cases", "verdict", "margin", "scope", "base", "candidate", "needed"} <= set(row)


def test_lone_surrogates_of_a_model_do_not_break_a_format():
    """Text that cannot be encoded is written as U+FFFD."""
    for name in FORMATS:
        assert "\ufffd" in text_of(comparison("broken \ud800 text"), name)


def test_no_evidence_says_how_many_executions_are_needed():
    """The number stands beside the words."""
    found = comparison()
    row = difference("no evidence either way", needed=4300)
    pair = found.pairs[0].model_copy(update={"differences": (row,), "overall": row})
    for name in ("terminal", "markdown", "html"):
        said = " ".join(text_of(found.model_copy(update={"pairs": (pair,)}), name).split())
        assert "about 4,300 executions needed (of 200 now)" in said


def test_markdown_of_many_pairs_stays_within_what_a_comment_holds():
    """Sixty pairs with long outputs: less than 65,536 characters, and it says what is left out."""
    pair = comparison("word " * 2000).pairs[0]
    case = pair.worse[0]
    pair = pair.model_copy(update={"worse": (case,) * 5, "better": (case,) * 5})
    comment = text_of(comparison().model_copy(update={"pairs": (pair,) * 60}), "markdown")
    assert len(comment) < 65_536
    assert "further pairs are left out" in comment


def test_the_drawn_difference_says_in_words_what_is_drawn():
    """The title of the picture holds the numbers; an unknown interval draws none."""
    drawn = difference_chart(difference())
    assert "<title>core-terms: difference +0.12 [+0.02, +0.22], margin 0.05</title>" in drawn
    assert "c-these" in drawn
    assert "c-these" not in difference_chart(difference(difference=None, low=None, high=None))


def test_a_narrow_terminal_loses_no_verdict():
    """80 columns."""
    out = io.StringIO()
    render_comparison(comparison(), console=Console(file=out, width=80, color_system=None))
    assert "better" in out.getvalue()
    assert "[+0.02, +0.22]" in out.getvalue()


def test_an_unknown_format_is_refused_with_the_nearest():
    """`markdwn` is told `markdown`."""
    with pytest.raises(PeelError, match="did you mean 'markdown'"):
        comparison_bytes(comparison(), "markdwn")
