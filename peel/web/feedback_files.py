"""Selected interactions as files, read and sent piece by piece, so that memory does not grow with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi.responses import StreamingResponse

from peel.records.feedback import FeedbackEntry
from peel.reports.csv import inert
from peel.reports.text import as_text
from peel.web.api.answering import encoded

COLUMNS = (
    "id", "at", "scenario", "mapping", "nearest", "nearest_case", "similarity", "threshold", "named", "variant",
    "app_version", "channel", "language", "user", "kind", "rating", "value", "comment", "input", "output",
)  # fmt: skip
"""The columns of the sheet, in order; later ones are added at the end."""

_AT_ONCE = 200
"""How many interactions are written before what there is is sent."""


def as_csv(entries: Iterable[FeedbackEntry]) -> StreamingResponse:
    """One row an interaction; no cell can become a formula, and what is unknown is an empty cell."""
    return _file(_csv_pieces(entries), "interactions.csv", "text/csv; charset=utf-8")


def as_json_lines(entries: Iterable[FeedbackEntry]) -> StreamingResponse:
    """One line an interaction, whole."""
    return _file(_json_pieces(entries), "interactions.jsonl", "application/jsonl")


def _file(pieces: Iterator[bytes], name: str, media_type: str) -> StreamingResponse:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces, media_type=media_type, headers=headers)


def _csv_pieces(entries: Iterable[FeedbackEntry]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    sheet = csv.writer(text, lineterminator="\r\n")
    # Spreadsheets take CSV for the local encoding without the mark.
    text.write("\ufeff")
    sheet.writerow(COLUMNS)
    for place, entry in enumerate(entries):
        sheet.writerow([inert(cell) if isinstance(cell, str) else cell for cell in _cells(entry)])
        if place % _AT_ONCE == _AT_ONCE - 1:
            yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    found = text.getvalue().encode(errors="replace")
    text.seek(0)
    text.truncate()
    return found


def _json_pieces(entries: Iterable[FeedbackEntry]) -> Iterator[bytes]:
    lines: list[bytes] = []
    for entry in entries:
        lines.append(encoded(entry.model_dump()) + b"\n")
        if len(lines) == _AT_ONCE:
            yield b"".join(lines)
            lines.clear()
    yield b"".join(lines)


def _cells(entry: FeedbackEntry) -> list[Any]:
    one, mapping = entry.interaction, entry.mapping
    mapped = [mapping.scenario, mapping.state, mapping.nearest, mapping.case, mapping.similarity, mapping.threshold]
    labels = [one.scenario, one.variant, one.app_version, one.channel, one.language, one.user]
    rated = [entry.kind, entry.original, entry.value, entry.comment]
    return [one.id, entry.at, *mapped, *labels, *rated, one.asked, as_text(one.output)]
