"""The formats of a comparison, by name."""

from __future__ import annotations

import json

from peel.records.comparisons import Comparison
from peel.reports.comparison_html import html
from peel.reports.comparison_markdown import markdown
from peel.reports.comparison_terminal import render_comparison
from peel.reports.json import plain
from peel.reports.printing import Formats, printed, written

SCHEMA = 1
"""The version of the JSON's structure; it changes only when a field changes its meaning or goes."""


def comparison_json(comparison: Comparison) -> str:
    """The comparison as JSON, indented, with a line end; unknown numbers are null."""
    content = {"schema": SCHEMA, **comparison.model_dump(mode="json")}
    return json.dumps(plain(content), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


FORMATS: Formats[Comparison] = {
    "terminal": lambda comparison: printed(lambda console: render_comparison(comparison, console=console)),
    "markdown": markdown,
    "html": html,
    "json": comparison_json,
}


def comparison_bytes(comparison: Comparison, report_format: str) -> bytes:
    """A comparison in one of the formats, as UTF-8. Raises PeelError for a format that does not exist."""
    return written(comparison, report_format, formats=FORMATS)
