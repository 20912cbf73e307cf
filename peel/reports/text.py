"""Text from models, files and the network made safe to show: bounded, with nothing that acts on its reader.

Control characters (ANSI escapes among them) and bidirectional overrides become visible marks, line separators become
line ends, lone surrogates become U+FFFD. Nothing that can be read is lost; escaping for HTML, XML or Markdown is the
business of each format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from peel.records import Json

_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029\u0085]")
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_LINE = 100
_SPACES = re.compile(r"\s+")


def visible(text: str, *, limit: int | None = None) -> str:
    """`text` with everything that could act on its reader made visible, cut to `limit` characters."""
    cut = bounded(text, limit=limit)
    if cut.isascii() and cut.isprintable():
        return cut
    return _UNSAFE.sub(_mark, _LINE_ENDS.sub("\n", cut))


def one_line(text: str, *, limit: int = 200) -> str:
    """Visible text on one line, cut to `limit` characters with an ellipsis."""
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    line = _SPACES.sub(" ", visible(text[: limit * 8])).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def bounded(text: str, *, limit: int | None) -> str:
    """The first `limit` characters, saying how many more there were."""
    if limit is None or len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def encodable(text: str) -> str:
    """`text` without lone surrogates, so that it can be written as UTF-8."""
    return _SURROGATES.sub("\ufffd", text)


def as_text(value: Json) -> str:
    """A value of a record as text: strings as they are, nothing for None, all else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    line = json.dumps(value, ensure_ascii=False, default=str)
    return line if len(line) <= _LINE else json.dumps(value, ensure_ascii=False, indent=2, default=str)


def messages_of(value: Any) -> list[tuple[str, str]] | None:
    """The messages of a chat request as (role, text) pairs, or None where `value` holds none.

    Understands the protocol's form (`{"role": …, "content": …}`) and the definitions' (`{"user": …}`), bare or under
    the key `messages` or `prompt`.
    """
    if isinstance(value, Mapping):
        value = value.get("messages") or value.get("prompt")
    if isinstance(value, str):
        return [("user", value)]
    if not isinstance(value, list | tuple) or not value:
        return None
    messages = [_message(item) for item in value]
    return [message for message in messages if message] if all(messages) else None


def _message(item: Any) -> tuple[str, str] | None:
    if not isinstance(item, Mapping):
        return None
    if "role" in item and "content" in item:
        return str(item["role"]), _content(item["content"])
    if len(item) == 1:
        role, content = next(iter(item.items()))
        if role in ("system", "user", "assistant", "developer", "tool"):
            return role, _content(content)
    return None


def _content(content: Any) -> str:
    """A message's content; of a message in parts the texts, and for the others their kind."""
    if not isinstance(content, list | tuple):
        return as_text(content)
    return "\n".join(
        as_text(part.get("text", f"({part.get('type', 'part')})") if isinstance(part, Mapping) else part)
        for part in content
    )


def is_passages(value: Any) -> bool:
    """Whether `value` is a list of passages: texts with the document each comes from."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(item, Mapping) and "text" in item and "document" in item for item in value)
    )


def source_of(passage: Mapping[str, Any]) -> str:
    """Where a passage comes from, such as `AR83.pdf, 6.2 Moving to a different apartment, p. 11`."""
    page = f"p. {passage['page']}" if passage.get("page") is not None else None
    return ", ".join(str(part) for part in (passage.get("document"), passage.get("section"), page) if part)


def _mark(found: re.Match[str]) -> str:
    code = ord(found.group())
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else f"‹U+{code:04X}›"
