"""How evaluators show values in reasons: on one line, bounded, and storable wherever the store is."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from peel.templates import as_text

LONGEST_REASON = 2_000
"""The longest reason, in characters, that a score keeps."""

SHOWN = 120
"""How many characters of a value a reason shows."""


def storable(text: str, *, limit: int = LONGEST_REASON) -> str:
    """`text` cut to `limit` characters, without what a store refuses: NUL and lone surrogates."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def shown(value: Any, *, limit: int = SHOWN) -> str:
    """A value for a reason: text quoted, all else as JSON, cut to `limit` characters."""
    if isinstance(value, str):
        return repr(storable(value, limit=limit))
    return storable("null" if value is None else as_text(value), limit=limit)


def shown_apart(expected: str, found: str) -> tuple[str, str]:
    """Two different texts for a reason, each from shortly before the place where they part."""
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(expected, found, strict=False)))
    start = max(0, alike - SHOWN // 3)
    return _from(expected, start), _from(found, start)


def _from(text: str, start: int) -> str:
    return shown(f"…{text[start:]}" if start else text)


def counted(number: int, word: str) -> str:
    """`1 vote`, `2 votes`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
