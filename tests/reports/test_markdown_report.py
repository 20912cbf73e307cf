"""The Markdown report: what a reviewer needs, and no text that acts on the page it is posted to."""

from __future__ import annotations

import io
import re

import pytest

from peel.reports.format import ReportSource
from peel.reports.markdown import MarkdownReport, escaped


def written(source: ReportSource) -> str:
    out = io.BytesIO()
    MarkdownReport().write(source, out)
    return out.getvalue().decode()


def test_verdicts_come_first_in_words(telco_source):
    """The heading says how the gates ended."""
    assert written(telco_source()).splitlines()[0] == "## PEEL: ❌ 1 failed, ❔ 1 undecided, ✅ 1 passed"


def test_each_estimate_has_its_row_with_both_intervals_and_counts(telco_source):
    """A row names scenario, variant and evaluator; value, intervals and numbers behind it follow."""
    text = written(telco_source(variants=("base", "cold")))
    rows = [line for line in text.splitlines() if line.startswith("| telco-support | cold | core-terms |")]
    assert len(rows) == 1
    assert re.search(
        r"\*\*0\.\d\d\*\* \| \[0\.\d\d, 0\.\d\d\] \| \[0\.\d\d, 0\.\d\d\] \| \d+% &lt; 0\.3 \| \d+ in 8", rows[0]
    )


def test_the_weakest_cases_come_weakest_first(telco_source):
    """The table of cases begins with the one of the lowest mean."""
    text = written(telco_source(cases=20, repetitions=10))
    cases = re.findall(r"\| telco-support \| (email-\d+) \| ", text.split("### Weakest cases")[1])
    assert cases[0] in ("email-000", "email-011")
    assert len(cases) == 10


def test_every_table_row_has_as_many_cells_as_its_head(telco_source):
    """Hostile names break no table."""
    text = written(telco_source(cases=3, case_ids=lambda place: f"a|b\n| c |`x`{place}"))
    for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("`code`", r"\`code\`"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("@everyone", "@\u200beveryone"),
        ("fixes #12", "fixes #\u200b12"),
        ("![x](javascript:alert(1))", r"!\[x\](javascript:alert(1))"),
        ("https://evil.example", r"https\://evil\.example"),
        ("two\n\nlines", "two lines"),
        ("**bold** __too__ ~~no~~", r"\*\*bold\*\* \_\_too\_\_ \~\~no\~\~"),
        ("\\|", r"\\\|"),
        ("&lt;", "&amp;lt;"),
        ("\x1b[31m\u202e", r"‹U+001B›\[31m‹U+202E›"),
    ],
)
def test_text_is_shown_letter_for_letter(text, shown):
    """Markup, HTML, links, mentions and control characters are shown, not obeyed."""
    assert escaped(text) == shown


def test_the_embedded_model_is_warned_of_and_a_better_one_is_not(telco_source):
    """The warning stands exactly where the small model answered or judged."""
    assert "answers badly and judges worse" in written(telco_source(weak=True))
    assert "judges worse" not in written(telco_source(weak=False))


def test_an_unknown_cost_is_said_to_be_unknown(telco_source):
    """No price is not a price of 0."""
    usage = written(telco_source()).split("### Usage")[1]
    assert "| unknown |" in usage
    assert "$0.00" not in usage
