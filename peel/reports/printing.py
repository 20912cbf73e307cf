"""What reports in several formats have in common: a format by its name, and what a terminal shows as text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from io import StringIO
from typing import TypeAlias, TypeVar

from rich.console import Console

from peel.errors import PeelError
from peel.plugins import nearest
from peel.reports.text import encodable

WIDTH = 120
"""Columns of a report that is printed to a file."""

Report = TypeVar("Report")
Formats: TypeAlias = Mapping[str, Callable[[Report], str]]


def printed(render: Callable[[Console], None]) -> str:
    """What is printed to a console, as plain text."""
    out = StringIO()
    render(Console(file=out, width=WIDTH, highlight=False, color_system=None))
    return out.getvalue()


def written(report: Report, report_format: str, *, formats: Formats[Report]) -> bytes:
    """A report in one of its formats, as UTF-8. Raises PeelError for a format that does not exist."""
    check_format(report_format, formats)
    return encodable(formats[report_format](report)).encode()


def check_format(report_format: str, formats: Collection[str]) -> None:
    """Raises PeelError for a format that does not exist, before anything is computed."""
    if report_format not in formats:
        raise PeelError(f"--format: unknown format {report_format!r}; {nearest(report_format, formats)}")
