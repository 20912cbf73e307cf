"""Reading HTML: text under its headings h1 to h6, without scripts, styles and other things nobody reads."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from peel.knowledge.documents import Block

_SILENT = frozenset({"script", "style", "template", "noscript", "head", "svg", "math", "iframe", "object", "select"})
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BREAKS = _HEADINGS | frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre"}
    | {"section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"}
)
_CELLS = frozenset({"td", "th"})


def read_html(text: str) -> tuple[Block, ...]:
    """The blocks of a page: paragraphs, list items, table rows (cells parted by ` | `)."""
    parser = _Reader()
    parser.feed(text)
    parser.close()
    parser.end_block()
    return tuple(parser.blocks)


class _Reader(HTMLParser):
    """Collects blocks. Forgiving as browsers are: an element that is never closed ends with the page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._pieces: list[str] = []
        self._section: str | None = None
        self._in_heading = False
        self._preformatted = False
        self._silent: str | None = None
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silent == "head" and tag in _BREAKS:
            # `</head>` and `<body>` may be left out.
            self._silent = None
        if self._silent:
            self._depth += tag == self._silent
        elif tag in _SILENT:
            self._silent, self._depth = tag, 1
        elif tag in _BREAKS:
            self.end_block()
            self._in_heading = tag in _HEADINGS
            self._preformatted = self._preformatted or tag == "pre"
        elif tag == "br":
            self._pieces.append("\n")
        elif tag in _CELLS and "".join(self._pieces).strip():
            self._pieces.append(" | ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS or tag in _VOID:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            self._depth -= tag == self._silent
            if self._depth <= 0:
                self._silent = None
        elif tag in _BREAKS:
            self.end_block()
            self._preformatted = self._preformatted and tag != "pre"

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(data if self._preformatted else re.sub(r"\s+", " ", data))

    def end_block(self) -> None:
        """What was collected becomes a block, or the section where it stood in a heading."""
        text = "".join(self._pieces)
        text = text.strip("\n").rstrip() if self._preformatted else _tidy(text)
        if text.strip():
            if self._in_heading:
                self._section = " ".join(text.split())
            else:
                self.blocks.append(Block(text, section=self._section))
        self._pieces, self._in_heading = [], False


def _tidy(text: str) -> str:
    return re.sub(r" *\n *", "\n", re.sub(r"[ \t\xa0]+", " ", text)).strip()
