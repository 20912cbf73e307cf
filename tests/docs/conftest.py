"""The pages under test, and what is in them: links, headings, blocks of code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"(?:^<!-- file: (?P<file>\S+) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """One block of code; `file` is the file it is part of, by the comment above it."""

    language: str
    code: str
    file: str | None


@dataclass(frozen=True)
class Page:
    """One page of the documentation."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The page without its blocks of code."""
        return _BLOCK.sub("", self.text)

    def blocks(self, *languages: str) -> list[Block]:
        """The blocks of code in one of some languages."""
        found = (Block(one["language"], one["code"], one["file"]) for one in _BLOCK.finditer(self.text))
        return [block for block in found if block.language in languages]

    def headings(self) -> set[str]:
        """The headings without their marks and backticks."""
        return {line.strip("# `").strip() for line in re.findall(r"^#+ .*$", self.prose, re.M)}

    def anchors(self) -> set[str]:
        """The headings as the fragments that lead to them."""
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in self.headings()}


def all_pages() -> list[Page]:
    """README, CONTRIBUTING, CHANGELOG and everything in docs/."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [Page(path) for path in (*top, *sorted((ROOT / "docs").glob("*.md")))]


@pytest.fixture
def pages() -> list[Page]:
    """Every page."""
    return all_pages()


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(params=all_pages(), ids=lambda page: page.name)
def page(request: pytest.FixtureRequest) -> Page:
    """Each page in turn."""
    found: Page = request.param
    return found


@pytest.fixture
def doc(root: Path) -> Callable[[str], Page]:
    """A page of docs/ by name."""
    return lambda name: Page(root / "docs" / f"{name}.md")
