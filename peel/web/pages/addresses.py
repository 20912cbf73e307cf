"""Where the pages of a scenario are."""

from __future__ import annotations

from urllib.parse import quote


def scenario_url(name: str) -> str:
    """The address that the pages of a scenario begin with, whatever its name holds."""
    return f"/scenarios/{quote(name, safe='')}"
