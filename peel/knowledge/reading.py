"""Reading a file into a Document: the kinds there are, decoding, bounds."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from pathlib import Path

from peel.errors import DocumentError
from peel.knowledge.documents import KINDS, LARGEST_FILE, LONGEST_S, MOST_CHARACTERS, Block, Document
from peel.knowledge.html import read_html
from peel.knowledge.markdown import read_markdown, read_text
from peel.knowledge.pdf import read_pdf
from peel.threads import within

_TEXT_READERS: dict[str, Callable[[str], tuple[Block, ...]]] = {
    "Markdown": read_markdown,
    "text": read_text,
    "HTML": read_html,
}
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{1,40})", re.IGNORECASE)


def kind_of(path: Path) -> str:
    """The kind of a document by its suffix. Raises DocumentError with the allowed suffixes."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise DocumentError(f"{path}: {path.suffix or 'a file without suffix'} is not readable; allowed: {allowed()}")
    return kind


def allowed() -> str:
    """The suffixes that can be read, for messages."""
    return ", ".join(KINDS)


def read_document(path: Path, *, name: str | None = None, longest_s: float = LONGEST_S) -> Document:
    """Read one document; `name` is the file's name unless given. A PDF may take `longest_s` seconds.

    Raises DocumentError, which names the file, where it is missing, too large, of an unknown kind, not decodable,
    encrypted, damaged, without text or too slow to read.
    """
    kind = kind_of(path)
    content = read_bytes(path)
    blocks = _pdf(content, path, longest_s) if kind == "PDF" else _TEXT_READERS[kind](_decoded(content, path, kind))
    if not blocks:
        raise DocumentError(f"{path}: the document has no text; leave it out of the knowledge")
    return Document(name=name or path.name, path=path, blocks=blocks)


def _pdf(content: bytes, path: Path, longest_s: float) -> tuple[Block, ...]:
    try:
        return within(longest_s, lambda: read_pdf(content, path))
    except TimeoutError as error:
        raise DocumentError(
            f"{path}: the PDF could not be read in {longest_s:g} s; print it to a new PDF, or split it"
        ) from error


def read_bytes(path: Path) -> bytes:
    """A document's bytes, bounded. Raises DocumentError where the file cannot be read or is too large."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise DocumentError(f"{path}: the document has {size} bytes, more than {LARGEST_FILE}; split it")
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path}: the document cannot be read: {error.strerror or error}") from error


def _decoded(content: bytes, path: Path, kind: str) -> str:
    encoding = _encoding(content, kind)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"{path}:{line}: byte 0x{content[error.start]:02x} is not {encoding.upper()}; save the file as UTF-8"
        ) from error
    if "\x00" in text:
        raise DocumentError(f"{path}: the document is binary, not {kind}")
    if len(text) > MOST_CHARACTERS:
        raise DocumentError(f"{path}: the document has {len(text)} characters, more than {MOST_CHARACTERS}; split it")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding(content: bytes, kind: str) -> str:
    """UTF-8 unless a byte order mark, or an HTML page itself, says otherwise."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declared = _CHARSET.search(content[:2048]) if kind == "HTML" else None
    if declared and not content.startswith(codecs.BOM_UTF8):
        try:
            # Only text encodings: Python also knows codecs such as `hex` that are none.
            name = declared[1].decode("ascii")
            "".encode(name)
            return "utf-8-sig" if codecs.lookup(name).name == "utf-8" else name
        except (LookupError, UnicodeError):
            pass
    return "utf-8-sig"
