"""Reports of a run, as `peel report` writes them, byte for byte."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, BinaryIO, Literal, cast, get_args

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from peel.web.api.answering import RunName, reads
from peel.web.security.visitors import Viewer
from peel.web.server import server_of

router = APIRouter(prefix="/api/runs/{run}", tags=["reports"])

Format = Literal["json", "html", "csv", "junit", "markdown"]
FORMATS: tuple[Format, ...] = get_args(Format)

_KINDS: dict[Format, tuple[str, str]] = {
    "json": ("application/json", "json"),
    "html": ("text/html; charset=utf-8", "html"),
    "csv": ("text/csv; charset=utf-8", "csv"),
    "junit": ("application/xml", "xml"),
    "markdown": ("text/markdown; charset=utf-8", "md"),
}
_IN_MEMORY, _AT_ONCE = 4_000_000, 262_144
"""How much of a report is kept in memory before it goes to a file, and how much is sent at once, in bytes."""

_DESCRIBED = reads("viewer", 404)
_DESCRIBED["responses"][200] = {
    "description": "The report.",
    "content": {
        kind.partition(";")[0]: {"schema": {} if name == "json" else {"type": "string"}}
        for name, (kind, _) in _KINDS.items()
    },
}


@router.get("/report", response_class=Response, **_DESCRIBED)
def read_report(request: Request, visitor: Viewer, run: RunName, format: Format = "json") -> Response:  # noqa: A002  # the name in the address
    """A run's report. The JSON is described in docs/report.md; the HTML is one file that needs no server."""
    workspace = server_of(request).workspace
    source = workspace.source(run)
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # closed when the answer is sent
    workspace.write_report(source, format, cast("BinaryIO", file))
    kind, ending = _KINDS[format]
    # Never shown on this server's own pages: a report has scripts, which a page of this address could be attacked by.
    headers = {
        "content-disposition": f'attachment; filename="{source.stored.run.id}.{ending}"',
        "content-length": str(file.tell()),
    }
    file.seek(0)
    return StreamingResponse(_pieces(file), media_type=kind, headers=headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_AT_ONCE):
            yield piece
