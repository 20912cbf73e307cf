"""A report of users' ratings on a terminal, with rich. Text that came from outside is printed as text."""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from peel.records.production import FeedbackReport
from peel.reports import ratings_wording as words
from peel.reports.terminal_tables import short_table
from peel.reports.text import one_line


def render_ratings(report: FeedbackReport, *, console: Console) -> None:
    """Print a report: what it is about, what to look at first, alarms, the key numbers, the tables."""
    console.print(Text(one_line(words.applied(report), limit=600), style="dim"))
    if not report.overall.tally.interactions:
        console.print(Text(words.empty(report.limits)))
    for sentence in words.alarm_sentences(report.alarms):
        console.print(Text(f"✗ {one_line(sentence, limit=600)}", style="bold red"))
    if not report.overall.tally.interactions:
        return
    worse = words.users_worse(report)
    if worse:
        console.print(Text(f"▼ {one_line(worse, limit=600)}", style="bold red"))
    console.print(Text(f"\n{words.headline(report)}", style="bold"))
    console.print(_key_numbers(report))
    for made in words.tables(report):
        console.print(short_table(made, cell_limit=80))
    for sentence in words.sentences(report):
        console.print(Text(one_line(sentence, limit=600), style="dim"))


def _key_numbers(report: FeedbackReport) -> RenderableType:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in words.key_numbers(report)[1:]:
        table.add_row(Text(one_line(name)), Text(one_line(value)))
    return Padding(table, (0, 0, 1, 0))
