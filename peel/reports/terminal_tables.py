"""The short tables of reports on a terminal, with rich."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from peel.reports.short_tables import ShortTable
from peel.reports.text import one_line


def short_table(made: ShortTable, *, cell_limit: int = 200) -> RenderableType:
    """A short table with its sentences under it; a cell is cut to `cell_limit` characters."""
    table = Table(
        box=None, pad_edge=False, title=made.title, title_justify="left", title_style="bold", header_style="dim"
    )
    for heading in made.headings:
        is_number = heading.endswith(":")
        table.add_column(heading.removesuffix(":"), justify="right" if is_number else "left", overflow="fold")
    for row in made.rows:
        table.add_row(*(Text(one_line(cell, limit=cell_limit)) for cell in row))
    sentences = (Text(one_line(sentence, limit=400), style="dim") for sentence in made.sentences)
    return Padding(Group(table, *sentences), (0, 0, 1, 0))
