"""Reading PDF files: text with page and section, without running headers, footers and tables of contents.

The text comes from pypdf. A scanned PDF has none; PEEL does not read images.
"""

from __future__ import annotations

import io
import logging
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from peel.errors import DocumentError
from peel.knowledge.documents import MOST_CHARACTERS, MOST_PAGES, Block
from peel.knowledge.headings import Line, Style, body_style, contents_entries, entry_titles, headings, normalised

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

Bookmarks: TypeAlias = frozenset[tuple[int | None, str]]
"""Pages with the normalised titles of the bookmarks that lead to them."""

_NOWHERE = logging.NullHandler()
_EDGE = 4
"""How many lines at the top and bottom of a page may be running headers or footers."""
_REPEATS_ON = 0.3
"""The share of pages a line has to stand on to be a running one (left and right pages may differ)."""
_FULL_LINE = 0.75
"""A line shorter than this share of its page's long lines ends its paragraph."""
_MOST_BOOKMARKS = 5_000
_ITEM = re.compile(r"(?:[•▪◦●‣*–—-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s")


def read_pdf(content: bytes, path: Path) -> tuple[Block, ...]:
    """The blocks of a PDF. Raises DocumentError where it is encrypted, damaged, too long or has no text."""
    reader = _open(content, path)
    pages = _pages(reader, path)
    if not any(pages):
        raise DocumentError(
            f"{path}: the PDF has no text in its {len(pages)} pages, it is probably a scan; "
            "make a searchable one with OCR (for instance ocrmypdf), or leave it out of the knowledge"
        )
    bookmarks = _bookmarks(reader)
    lines = [line for page in _without_running_lines(pages, bookmarks) for line in page]
    contents = contents_entries(lines, pages=len(pages))
    titles = entry_titles(lines, contents)
    body = [line for at, line in enumerate(lines) if at not in contents]
    found = headings(body, named=lambda line: normalised(line.text) in titles or _bookmark(line) in bookmarks)
    return tuple(_blocks(body, found))


def _open(content: bytes, path: Path) -> PdfReader:
    from pypdf import PdfReader

    # pypdf logs what it mends; unless the application asked for its log, that is not to land on the terminal.
    logging.getLogger("pypdf").addHandler(_NOWHERE)
    try:
        reader = PdfReader(io.BytesIO(content))
        # Many PDFs that anybody may read are encrypted with an empty password.
        locked = reader.is_encrypted and not reader.decrypt("")
        count = 0 if locked else len(reader.pages)
    except Exception as error:
        raise DocumentError(
            f"{path}: the PDF is damaged or its encryption is not supported and cannot be read ({_reason(error)}); "
            "open it in a viewer and save or print it to a new PDF"
        ) from error
    if locked:
        raise DocumentError(f"{path}: the PDF is encrypted; save a copy without a password")
    if count > MOST_PAGES:
        raise DocumentError(f"{path}: the PDF has {count} pages, more than {MOST_PAGES}; split it")
    return reader


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _pages(reader: PdfReader, path: Path) -> list[list[Line]]:
    pages: list[list[Line]] = []
    characters = 0
    for number, page in enumerate(reader.pages, 1):
        try:
            pages.append(_lines(page, number))
        except Exception as error:
            raise DocumentError(
                f"{path}: page {number} of the PDF is damaged and cannot be read ({_reason(error)}); "
                "open it in a viewer and save or print it to a new PDF"
            ) from error
        characters += sum(len(line.text) for line in pages[-1])
        if characters > MOST_CHARACTERS:
            raise DocumentError(f"{path}: the PDF holds more than {MOST_CHARACTERS} characters of text; split it")
    return pages


def _lines(page: PageObject, number: int) -> list[Line]:
    """The lines of a page with their styles, empty ones left out."""
    pieces: list[tuple[str, Style]] = []

    def collect(text: str, cm: Any, tm: Any, font: Any, size: float) -> None:
        if text:
            name = str(font.get("/BaseFont", "")) if font else ""
            pieces.append((text, (name, round(abs(size * (tm[3] or tm[1]) * (cm[3] or cm[1])), 1))))

    text = _clean(page.extract_text(visitor_text=collect))
    styles = _styles_by_line([(_clean(piece), style) for piece, style in pieces])
    stripped = [" ".join(line.split()) for line in text.split("\n")]
    return [Line(line, page=number, style=styles.get(line)) for line in stripped if line]


def _clean(text: str) -> str:
    """Text without soft hyphens, nulls and halves of characters, which a broken font may give."""
    return text.replace("\u00ad", "").replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


def _styles_by_line(pieces: Sequence[tuple[str, Style]]) -> dict[str, Style]:
    """The style of each line of text, by the line: that of most of its characters."""
    styles: dict[str, Style] = {}
    text, weights = "", Counter[Style]()
    for piece, style in [*pieces, ("\n", ("", 0.0))]:
        first, *others = piece.split("\n")
        text, weights[style] = text + first, weights[style] + len(first.strip())
        for other in others:
            line = " ".join(text.split())
            if line:
                styles.setdefault(line, weights.most_common(1)[0][0])
            text, weights = other, Counter({style: len(other.strip())})
    return styles


def _without_running_lines(pages: Sequence[Sequence[Line]], bookmarks: Bookmarks) -> list[list[Line]]:
    """The pages without the headers and footers that repeat, page numbers aside.

    A heading that later pages repeat as their header stays: it has another style, or a bookmark leads to it.
    """
    seen: Counter[tuple[str, Style | None]] = Counter()
    for page in pages:
        seen.update({_shape(line) for line in [*page[:_EDGE], *page[-_EDGE:]]})
    fewest = 2 if len(pages) <= 3 else max(3, round(_REPEATS_ON * len(pages)))
    running = {shape for shape, count in seen.items() if count >= fewest}
    return [_trimmed(page, lambda line: _shape(line) in running and _bookmark(line) not in bookmarks) for page in pages]


def _shape(line: Line) -> tuple[str, Style | None]:
    return re.sub(r"\d+", "#", line.text).casefold(), line.style


def _bookmark(line: Line) -> tuple[int | None, str]:
    """The bookmark that would lead to a line."""
    return line.page, normalised(line.text)


def _trimmed(page: Sequence[Line], is_running: Callable[[Line], bool]) -> list[Line]:
    """Running lines off both ends. The first line that does not repeat ends the search: a repeated line inside the
    text (`WARNING`) stays."""
    first, last = 0, len(page)
    while first < min(last, _EDGE) and is_running(page[first]):
        first += 1
    while last > max(first, len(page) - _EDGE) and is_running(page[last - 1]):
        last -= 1
    return list(page[first:last])


def _bookmarks(reader: PdfReader) -> Bookmarks:
    """The bookmarks as (page, normalised title). They only help to find headings, so broken ones are left out."""
    try:
        return frozenset(_flat_bookmarks(reader, reader.outline, limit=_MOST_BOOKMARKS))
    except Exception:
        return frozenset()


def _flat_bookmarks(reader: PdfReader, entries: Any, *, limit: int) -> Iterator[tuple[int | None, str]]:
    stack, count = [iter(entries)], 0
    while stack and count < limit:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif isinstance(entry, list):
            stack.append(iter(entry))
        else:
            count += 1
            number = reader.get_destination_page_number(entry)
            yield (None if number is None else number + 1), normalised(str(entry.title))


def _blocks(lines: Sequence[Line], found: set[int]) -> Iterator[Block]:
    """Lines as blocks under their headings."""
    words = {word for line in lines for word in re.findall(r"\w+", line.text.casefold())}
    widths, body = _full_widths(lines), body_style(lines)
    section: str | None = None
    paragraph: list[Line] = []
    at = 0
    while at < len(lines):
        if at in found:
            yield from _block(paragraph, section, words)
            end = _heading_end(lines, at, found, body)
            section, paragraph, at = " ".join(line.text for line in lines[at:end]), [], end
            continue
        if paragraph and _begins_paragraph(lines[at], paragraph[-1], widths):
            yield from _block(paragraph, section, words)
            paragraph = []
        paragraph.append(lines[at])
        at += 1
    yield from _block(paragraph, section, words)


def _heading_end(lines: Sequence[Line], at: int, found: set[int], body: Style | None) -> int:
    """The position after a heading: one that is set apart may run over a second and third line."""
    heading, end = lines[at], at + 1
    while (
        end < min(len(lines), at + 3)
        and end not in found
        and heading.style not in (None, body)
        and lines[end].style == heading.style
        and lines[end].page == heading.page
    ):
        end += 1
    return end


def _full_widths(lines: Sequence[Line]) -> dict[int | None, int]:
    """How many characters a full line has, by page: the 90th percentile."""
    lengths: dict[int | None, list[int]] = {}
    for line in lines:
        lengths.setdefault(line.page, []).append(len(line.text))
    return {page: sorted(found)[math.ceil(0.9 * (len(found) - 1))] for page, found in lengths.items()}


def _begins_paragraph(line: Line, before: Line, widths: dict[int | None, int]) -> bool:
    if _ITEM.match(line.text):
        return True
    if line.page != before.page:
        return before.text[-1] in ".!?:" or not line.text[0].islower()
    return len(before.text) < _FULL_LINE * widths[before.page]


def _block(paragraph: Sequence[Line], section: str | None, words: set[str]) -> Iterator[Block]:
    if paragraph:
        yield Block(_joined([line.text for line in paragraph], words), page=paragraph[0].page, section=section)


def _joined(lines: Sequence[str], words: set[str]) -> str:
    """Lines as one text. A hyphen at the end of a line goes where the document knows the word without it."""
    text = lines[0]
    for line in lines[1:]:
        split = re.search(r"(\w+)-$", text)
        rest = re.match(r"\w+", line)
        if not split or not rest:
            text = f"{text} {line}"
        elif (split[1] + rest[0]).casefold() in words:
            text = text[:-1] + line
        else:
            text += line
    return text
