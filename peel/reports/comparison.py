"""The formats of a comparison, by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from io import StringIO

from rich.console import Console

from peel.errors import PeelError
from peel.plugins import nearest
from peel.records.comparisons import Comparison
from peel.reports.comparison_html import html
from peel.reports.comparison_markdown import markdown
from peel.reports.comparison_terminal import render_comparison
from peel.reports.json import plain
from peel.reports.text import encodable

SCHEMA = 1
"""The version of the JSON's structure; it changes only when a field changes its meaning or goes."""

WIDTH = 120
"""Columns of a comparison that is printed to a file."""


def comparison_json(comparison: Comparison) -> str:
    """The comparison as JSON, indented, with a line end; unknown numbers are null."""
    content = {"schema": SCHEMA, **comparison.model_dump(mode="json")}
    return json.dumps(plain(content), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _printed(comparison: Comparison) -> str:
    out = StringIO()
    render_comparison(comparison, console=Console(file=out, width=WIDTH, highlight=False, color_system=None))
    return out.getvalue()


FORMATS: Mapping[str, Callable[[Comparison], str]] = {
    "terminal": _printed,
    "markdown": markdown,
    "html": html,
    "json": comparison_json,
}


def comparison_bytes(comparison: Comparison, report_format: str) -> bytes:
    """A comparison in one of the formats, as UTF-8. Raises PeelError for a format that does not exist."""
    check_format(report_format)
    return encodable(FORMATS[report_format](comparison)).encode()


def check_format(report_format: str) -> None:
    """Raises PeelError for a format that does not exist, before anything is computed."""
    if report_format not in FORMATS:
        raise PeelError(f"--format: unknown format {report_format!r}; {nearest(report_format, FORMATS)}")
