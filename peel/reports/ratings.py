"""The formats of a report of users' ratings, by name."""

from __future__ import annotations

from peel.records.production import FeedbackReport
from peel.reports.printing import Formats, printed, written
from peel.reports.ratings_html import html
from peel.reports.ratings_json import as_csv, as_json
from peel.reports.ratings_markdown import markdown
from peel.reports.ratings_terminal import render_ratings

FORMATS: Formats[FeedbackReport] = {
    "terminal": lambda report: printed(lambda console: render_ratings(report, console=console)),
    "markdown": markdown,
    "html": html,
    "json": as_json,
    "csv": as_csv,
}


def ratings_bytes(report: FeedbackReport, report_format: str) -> bytes:
    """A report in one of the formats, as UTF-8. Raises PeelError for a format that does not exist."""
    return written(report, report_format, formats=FORMATS)
