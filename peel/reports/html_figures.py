"""The HTML pages' charts: what the page's script draws with the chart library, each with its numbers as a table.

A chart is an addition: its label says the numbers in words, and the table below it holds them for who cannot see it,
has no script, or wants to copy them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from peel.reports.text import visible

LONGEST_LABEL = 1_500
"""Characters of a chart's label; the table has the rest."""


class Figures:
    """The charts of one page, gathered while its sections are made: `specs` is what the script draws, by place."""

    def __init__(self) -> None:
        self.specs: list[Mapping[str, Any]] = []

    def figure(self, spec: Mapping[str, Any], *, caption: str, says: str, numbers: str) -> str:
        """A chart with its caption (HTML), what it says (text) and its numbers (HTML of a table)."""
        self.specs.append(spec)
        label = escape(visible(says, limit=LONGEST_LABEL))
        return (
            f'<figure class="f-{spec["kind"]}"><figcaption>{caption}</figcaption>'
            f'<div class="plot" data-chart="{len(self.specs) - 1}" role="img" aria-label="{label}" hidden></div>'
            f'<details class="numbers"><summary>Numbers</summary><div class="wide">{numbers}</div></details></figure>'
        )


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells (HTML); a column whose heading ends with `:` is of numbers, the first names its row."""
    columns = [(name.removesuffix(":"), name.endswith(":")) for name in headings]
    head = "".join(f'<th scope="col"{" class=n" if right else ""}>{name}</th>' for name, right in columns)
    body = "".join(_row(row, columns) for row in rows)
    return f'<table class="stacked"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def wide_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same, scrolling sideways on its own where the window is narrow."""
    return f'<div class="wide">{table(headings, rows)}</div>'


def _row(cells: Sequence[str], columns: Sequence[tuple[str, bool]]) -> str:
    """A row; each cell knows its heading, which a narrow window shows beside it instead of above."""
    first, *rest = cells
    drawn = "".join(
        f'<td data-label="{name}"{" class=n" if right else ""}>{cell}</td>'
        for cell, (name, right) in zip(rest, columns[1:], strict=True)
    )
    return f'<tr><th scope="row">{first}</th>{drawn}</tr>'
