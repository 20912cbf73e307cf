"""Two texts side by side with what differs marked, word by word, as HTML that holds text, `del` and `ins` alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from html import escape
from typing import TypeAlias

from peel.reports.text import visible

MOST_WORDS = 1_000
"""Texts of more words are shown without marks: comparing them would take seconds."""

_Change: TypeAlias = tuple[str, int, int, int, int]
_WORDS = re.compile(r"\s*\S+|\s+$")


def diffed(base: str, candidate: str) -> tuple[str, str]:
    """Both texts, made visible and escaped: what only the first has in `del`, what only the second has in `ins`."""
    before, after = visible(base), visible(candidate)
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > MOST_WORDS:
        return escape(before), escape(after)
    changes = SequenceMatcher(None, old, new).get_opcodes()
    return (
        "".join(_marked("del", changes, old, side=1)),
        "".join(_marked("ins", changes, new, side=3)),
    )


def _marked(tag: str, changes: Sequence[_Change], words: list[str], *, side: int) -> Iterator[str]:
    """One side; `side` is where its range stands in a change."""
    for change in changes:
        text = "".join(words[int(change[side]) : int(change[side + 1])])
        if change[0] == "equal" or not text:
            yield escape(text)
        else:
            inner = text.lstrip()
            yield f"{escape(text[: len(text) - len(inner)])}<{tag}>{escape(inner)}</{tag}>"
