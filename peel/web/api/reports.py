"""Reports of a run, as `peel report` writes them, byte for byte."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from peel.web.api.answering import RunName, reads
from peel.web.downloads import MEDIA_TYPES, Format, report_file
from peel.web.security.visitors import Viewer
from peel.web.server import server_of

router = APIRouter(prefix="/api/runs/{run}", tags=["reports"])

_DESCRIBED = reads("viewer", 404)
_DESCRIBED["responses"][200] = {
    "description": "The report.",
    "content": {
        kind.partition(";")[0]: {"schema": {} if name == "json" else {"type": "string"}}
        for name, kind in MEDIA_TYPES.items()
    },
}


@router.get("/report", response_class=Response, **_DESCRIBED)
def read_report(request: Request, visitor: Viewer, run: RunName, format: Format = "json") -> Response:  # noqa: A002  # the name in the address
    """A run's report. The JSON is described in docs/report.md; the HTML is one file that needs no server."""
    return report_file(server_of(request).workspace, run, format)
