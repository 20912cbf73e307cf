"""The files that pages are made with, read once: style sheets, scripts, icons. Nothing else is served as a file.

The pages look like the HTML report and draw charts by its code, so its assets are served as they are.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from peel.reports.html import SERVED_SCRIPTS
from peel.reports.html_page import asset as report_asset
from peel.reports.html_page import script

_REPORT = ("report.css", "comparison.css", "charts/echarts.js")
_OWN_KINDS = (".css", ".js", ".svg")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its content, its media type and a mark that changes with the content."""

    content: bytes
    media_type: str
    mark: str


@cache
def assets() -> dict[str, Asset]:
    """All files by the name that pages call them by; those of the report begin with `report/`."""
    own = files("peel.web").joinpath("static")
    found = {
        entry.name: _asset(entry.name, entry.read_bytes()) for entry in own.iterdir() if entry.name.endswith(_OWN_KINDS)
    }
    for name in _REPORT:
        found[f"report/{name}"] = _asset(name, report_asset(name).encode())
    found["report/report.js"] = _asset("report.js", script(*SERVED_SCRIPTS).encode())
    found["report/figures.js"] = _asset("figures.js", script("data", "charts", "figures").encode())
    return found


def url_of(name: str) -> str:
    """Where a page finds a file. It changes with the content, so that browsers may keep it for ever."""
    return f"/static/{name}?v={assets()[name].mark}"


def _asset(name: str, content: bytes) -> Asset:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    return Asset(content, kind + charset, hashlib.sha256(content).hexdigest()[:16])
