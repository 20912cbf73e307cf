"""The formats of a report of users' ratings, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import StringIO

from rich.console import Console

from peel.errors import PeelError
from peel.plugins import nearest
from peel.records.production import FeedbackReport
from peel.reports.ratings_html import html
from peel.reports.ratings_json import as_csv, as_json
from peel.reports.ratings_markdown import markdown
from peel.reports.ratings_terminal import render_ratings
from peel.reports.text import encodable

WIDTH = 120
"""Columns of a report that is printed to a file."""


def _printed(report: FeedbackReport) -> str:
    out = StringIO()
    render_ratings(report, console=Console(file=out, width=WIDTH, highlight=False, color_system=None))
    return out.getvalue()


FORMATS: Mapping[str, Callable[[FeedbackReport], str]] = {
    "terminal": _printed,
    "markdown": markdown,
    "html": html,
    "json": as_json,
    "csv": as_csv,
}


def ratings_bytes(report: FeedbackReport, report_format: str) -> bytes:
    """A report in one of the formats, as UTF-8. Raises PeelError for a format that does not exist."""
    check_ratings_format(report_format)
    return encodable(FORMATS[report_format](report)).encode()


def check_ratings_format(report_format: str) -> None:
    """Raises PeelError for a format that does not exist, before anything is computed."""
    if report_format not in FORMATS:
        raise PeelError(f"--format: unknown format {report_format!r}; {nearest(report_format, FORMATS)}")
