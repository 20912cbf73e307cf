"""A report of users' ratings as one HTML file: no script, no request, opens from disk; the look of a run's report.

Every text from outside goes through `shown` or `visible` and is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator

from peel.records.production import FeedbackReport
from peel.reports import ratings_wording as words
from peel.reports.html_figures import wide_table
from peel.reports.html_page import asset, plain_page, section
from peel.reports.html_verdicts import shown
from peel.reports.rating_charts import against_chart, over_time_chart
from peel.reports.short_tables import ShortTable

_STYLE = ".c-against,.c-over-time{max-width:100%;height:auto;color:var(--soft)}.alarms li{padding:3px 0}\n"
_KEY = (
    '<p class="key"><span class="k-dot"></span> users <span class="k-these"></span> their interval □ test bed '
    '<span class="k-whisker"></span> its interval</p>'
)


def html(report: FeedbackReport) -> str:
    """The whole page."""
    facts = shown(words.applied(report), limit=600)
    return plain_page("PEEL ratings", facts, sections=sections(report), style=asset("report.css") + _STYLE)


def sections(report: FeedbackReport) -> str:
    """What the page says below its head."""
    if not report.overall.tally.interactions:
        empty = f'<p class="verdict none">{shown(words.empty(report.limits), limit=400)}</p>'
        return section("h-first", "Nothing matches", f"{empty}{_alarms(report)}")
    return "".join(
        [
            section("h-first", "What users say", _first(report)),
            *_tables(report),
            section("h-notes", "How to read it", _notes(words.sentences(report))),
        ]
    )


def _first(report: FeedbackReport) -> str:
    worse = words.users_worse(report)
    warning = f'<p class="warning">▼ {shown(worse, limit=600)}</p>' if worse else ""
    numbers = "".join(f"<dt>{shown(name)}</dt><dd>{shown(value)}</dd>" for name, value in words.key_numbers(report)[1:])
    return (
        f'{warning}{_alarms(report)}<p class="verdict none">{shown(words.headline(report), limit=400)}</p>'
        f"<dl>{numbers}</dl>"
    )


def _alarms(report: FeedbackReport) -> str:
    """Alarms with a sign: colour alone would not tell them."""
    told = words.alarm_sentences(report.alarms)
    return f'<ul class="alarms">{"".join(_alarm(one) for one in told)}</ul>' if told else ""


def _alarm(sentence: str) -> str:
    return f'<li class="bad">✗ {shown(sentence, limit=600)}</li>'


def _tables(report: FeedbackReport) -> Iterator[str]:
    charts = {"production against the test bed": _KEY + against_chart(report.against)}
    charts[f"by {words.PERIODS[report.period]}"] = over_time_chart(report)
    for place, made in enumerate(words.tables(report)):
        content = charts.get(made.title, "") + _table(made) + _notes(made.sentences)
        yield section(f"h-table-{place}", shown(made.title.capitalize()), content)


def _table(made: ShortTable) -> str:
    return wide_table(made.headings, [[shown(cell) for cell in row] for row in made.rows])


def _notes(sentences: tuple[str, ...] | list[str]) -> str:
    if not sentences:
        return ""
    return f'<ul class="hint">{"".join(f"<li>{shown(one, limit=600)}</li>" for one in sentences)}</ul>'
