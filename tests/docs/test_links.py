"""Every relative link of the documentation leads to a file, and every fragment to a heading."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"\]\((?P<target>[^()\s]+)\)")


def _relative(page: Any) -> list[str]:
    found = (match["target"] for match in _LINK.finditer(page.prose))
    return [target for target in found if not target.startswith(("http://", "https://", "mailto:"))]


def test_every_relative_link_leads_to_a_file(page: Any) -> None:
    """From the page that names it."""
    targets = [target.partition("#")[0] for target in _relative(page)]
    missing = [target for target in targets if target and not (page.path.parent / target).exists()]
    assert missing == []


def test_every_fragment_leads_to_a_heading(page: Any) -> None:
    """On the page that it names, or on its own."""
    wrong = []
    for target in _relative(page):
        file, _, fragment = target.partition("#")
        other = type(page)((page.path.parent / file).resolve() if file else page.path)
        if fragment and other.path.exists() and fragment not in other.anchors():
            wrong.append(target)
    assert wrong == []


def test_pages_name_nothing_of_the_place_they_were_written_at(page: Any) -> None:
    """No absolute path of a machine stands in them."""
    assert re.findall(r"(?<![\w.])/(?:home|root|tmp|work|opt|Users)/\S*", page.text) == []


def test_the_readme_leads_to_every_page(root: Path) -> None:
    """Nobody has to guess that a page exists."""
    text = (root / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in sorted((root / "docs").glob("*.md")) if f"docs/{path.name}" not in text] == []
