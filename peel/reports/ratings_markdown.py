"""A report of users' ratings as Markdown, for a comment or a page. Text from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from peel.records.production import FeedbackReport
from peel.reports import ratings_wording as words
from peel.reports.markdown import escaped
from peel.reports.short_tables import ShortTable


def markdown(report: FeedbackReport) -> str:
    """The whole text, with a line end."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: FeedbackReport) -> Iterator[str]:
    is_empty = not report.overall.tally.interactions
    yield f"## PEEL ratings: {'nothing matches' if is_empty else words.headline(report)}"
    yield f"\n{escaped(words.applied(report), limit=600)}."
    if is_empty:
        yield f"\n{escaped(words.empty(report.limits), limit=400)}"
    for sentence in words.alarm_sentences(report.alarms):
        yield f"\n✗ **{escaped(sentence, limit=600)}**"
    if is_empty:
        return
    worse = words.users_worse(report)
    if worse:
        yield f"\n▼ **{escaped(worse, limit=600)}**"
    yield "\n| | |\n|---|---|"
    yield from (_row((name, value)) for name, value in words.key_numbers(report))
    for made in words.tables(report):
        yield from _table(made)
    yield ""
    yield from (f"- {escaped(sentence, limit=600)}" for sentence in words.sentences(report))


def _table(made: ShortTable) -> Iterator[str]:
    marks = "|".join("---:" if heading.endswith(":") else "---" for heading in made.headings)
    yield f"\n### {made.title.capitalize()}\n"
    yield f"| {' | '.join(heading.removesuffix(':') for heading in made.headings)} |\n|{marks}|"
    yield from (_row(row) for row in made.rows)
    for sentence in made.sentences:
        yield f"\n{escaped(sentence, limit=400)}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(escaped(cell) for cell in cells)} |"
