"""What a document is once it is read: blocks of text, each with its page and its section.

Owns the two nouns, which kinds there are, and the bounds on a document; the readers of the kinds are beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

KINDS: dict[str, str] = {
    ".pdf": "PDF",
    ".md": "Markdown",
    ".markdown": "Markdown",
    ".txt": "text",
    ".text": "text",
    ".html": "HTML",
    ".htm": "HTML",
}
"""What can be read, by suffix."""

LARGEST_FILE = 50_000_000
"""The largest document in bytes."""

MOST_PAGES = 3_000
"""The most pages a PDF may have."""

LONGEST_S = 300.0
"""The longest a PDF may take to be read, in seconds; one may be made to take for ever."""

MOST_CHARACTERS = 20_000_000
"""The most text, in characters, one document may hold once it is unpacked."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item or table row. `page` counts from 1 and is that of its beginning, None where the kind
    has no pages; `section` is the nearest heading above, with its number where it has one."""

    text: str
    page: int | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read, in reading order. `name` is what passages and reports call it."""

    name: str
    path: Path
    blocks: tuple[Block, ...]
