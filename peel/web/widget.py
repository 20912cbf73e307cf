"""The script of the widget, for pages of every origin: at one address, kept for minutes, smaller on the way."""

from __future__ import annotations

import gzip
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from peel.web.assets import assets

KEPT_S = 600
"""How long browsers keep it without asking again, in seconds."""

_NAME = "widget.js"


def widget(request: Request) -> Response:
    """The script. It holds nothing of the workspace's, and any page may load and verify it."""
    found = assets()[_NAME]
    is_small = "gzip" in request.headers.get("accept-encoding", "")
    mark = f'"{found.mark}{"-gzip" if is_small else ""}"'
    headers = {
        "access-control-allow-origin": "*",
        "cache-control": f"public, max-age={KEPT_S}",
        "cross-origin-resource-policy": "cross-origin",
        "etag": mark,
        "vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == mark:
        return Response(status_code=304, headers=headers)
    if is_small:
        headers["content-encoding"] = "gzip"
    return Response(_small() if is_small else found.content, headers=headers, media_type=found.media_type)


@cache
def _small() -> bytes:
    return gzip.compress(assets()[_NAME].content, mtime=0)
