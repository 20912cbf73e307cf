"""Reading Markdown and plain text: paragraphs under their headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from peel.knowledge.documents import Block
from peel.knowledge.headings import Line, headings
from peel.knowledge.html import read_html

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


def read_markdown(text: str) -> tuple[Block, ...]:
    """The blocks of a Markdown file as written, markup and all; front matter, comments and scripts are left out.

    CommonMark with tables: a `#` inside fenced code is no heading.
    """
    from markdown_it import MarkdownIt

    text = _FRONT_MATTER.sub("", text, count=1)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return tuple(_blocks(tokens, text.split("\n")))


def _blocks(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[Block]:
    section: str | None = None
    for at, token in enumerate(tokens):
        if token.level != 0 or token.map is None:
            continue
        if token.type == "heading_open":
            section = _plain(tokens[at + 1]) or section
        elif token.type == "html_block":
            yield from (Block(block.text, section=block.section or section) for block in read_html(token.content))
        else:
            source = lines[token.map[0] : token.map[1]]
            yield from (Block(part, section=section) for part in _parts(source, token.type))


def _plain(inline: Token) -> str:
    """The text of a heading without its markup."""
    return " ".join("".join(child.content or " " for child in inline.children or ()).split())


def _parts(source: Sequence[str], kind: str) -> list[str]:
    """One block, or for a list each of its outermost items."""
    if kind not in {"bullet_list_open", "ordered_list_open"}:
        return _nonempty(["\n".join(source)])
    items: list[list[str]] = []
    for line in source:
        if not items or re.match(r" {0,3}(?:[-+*]|\d{1,9}[.)])\s", line):
            items.append([])
        items[-1].append(line)
    return _nonempty(["\n".join(item) for item in items])


def _nonempty(texts: Sequence[str]) -> list[str]:
    return [text.strip("\n").rstrip() for text in texts if text.strip()]


def read_text(text: str) -> tuple[Block, ...]:
    """The blocks of a plain text: paragraphs parted by empty lines, under numbered headings on lines of their own."""
    paragraphs = _nonempty(re.split(r"\n[ \t]*\n", text))
    # A paragraph of several lines cannot be a heading; an empty line keeps the positions equal.
    found = headings([Line("" if "\n" in paragraph else paragraph) for paragraph in paragraphs])
    blocks, section = [], None
    for at, paragraph in enumerate(paragraphs):
        if at in found:
            section = " ".join(paragraph.split())
        else:
            blocks.append(Block(paragraph, section=section))
    return tuple(blocks)
