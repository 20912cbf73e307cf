"""Reports of a run as files, for pages and API alike: written once, sent piece by piece, and never shown in place."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from typing import IO, BinaryIO, Literal, cast, get_args

from fastapi.responses import Response, StreamingResponse

from peel.workspace import Workspace
from peel.workspace.reading import REPORTS

Format = Literal["json", "html", "csv", "junit", "markdown"]
FORMATS: tuple[Format, ...] = get_args(Format)

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "junit": "application/xml",
    "markdown": "text/markdown; charset=utf-8",
}
_IN_MEMORY, _AT_ONCE = 4_000_000, 262_144
"""How much of a report is kept in memory before it goes to a file, and how much is sent at once, in bytes."""

_FILE_NAME = re.compile(r"[^\w.-]", re.ASCII)


def report_file(workspace: Workspace, run: str, report_format: Format) -> Response:
    """A run's report, byte for byte what `peel report` writes. Raises UnknownRun, StoreError."""
    source = workspace.source(run)
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # closed when the answer is sent
    workspace.write_report(source, report_format, cast("BinaryIO", file))
    name = _FILE_NAME.sub("_", source.stored.run.id) + REPORTS.resolve(report_format)().suffix
    # As a file: a report has scripts, which a page of this address could be attacked by.
    headers = {"content-disposition": f'attachment; filename="{name}"', "content-length": str(file.tell())}
    file.seek(0)
    return StreamingResponse(_pieces(file), media_type=MEDIA_TYPES[report_format], headers=headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_AT_ONCE):
            yield piece
