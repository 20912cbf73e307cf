"""Texts merged line by line: what leads from `base` to `mine` is done to the text that `base` was made from."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_REMARK = re.compile(r"[^\S\n]*(?:#.*)?")
"""A line that holds nothing, or a comment alone."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines `b1:b2` of the base, and the lines `t1:t2` of the text that they are made from."""

    is_same: bool
    b1: int
    b2: int
    t1: int
    t2: int

    def is_line_by_line(self) -> bool:
        return self.is_same or self.b2 - self.b1 == self.t2 - self.t1


@dataclass(frozen=True, slots=True)
class _Hunk:
    """Lines of the text that others take the place of."""

    start: int
    end: int
    lines: tuple[str, ...]


def merges(text: str, *, base: str, mine: str) -> Iterator[str]:
    """Texts to try, the one with the fewest changes first; the last is `mine` itself, with the text's line breaks."""
    ends = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    merge = _Merge([line.removesuffix("\r") for line in lines], base.split("\n"), mine.split("\n"))
    for spares_remarks in (True, False):
        for is_fine in (True, False):
            hunks = merge.hunks(is_fine=is_fine)
            if spares_remarks:
                hunks = [merge.sparing_remarks(hunk) for hunk in hunks]
            yield _applied(lines, hunks, carriage=ends.removesuffix("\n"))
    yield mine.replace("\n", ends)


def with_line_ends(text: str, edited: str) -> str:
    """An edited text without carriage returns, with the line breaks that the same lines have in `text`."""
    if "\r\n" not in text:
        return edited
    lines, others = text.split("\n"), edited.split("\n")
    plain = [line.removesuffix("\r") for line in lines]
    hunks = [_Hunk(a, b, tuple(others[c:d])) for kind, a, b, c, d in _opcodes(plain, others) if kind != "equal"]
    return _applied(lines, hunks, carriage="\r")


def _applied(lines: Sequence[str], hunks: Sequence[_Hunk], *, carriage: str) -> str:
    """The lines with the hunks in place; each keeps the line break it has, and new ones get the text's."""
    made: list[str] = []
    at = 0
    for hunk in hunks:
        made += lines[at : hunk.start]
        made += [f"{line}{carriage}" for line in hunk.lines]
        at = hunk.end
    made += lines[at:]
    # What follows the last line break is no line that ends.
    return "\n".join([*made[:-1], made[-1].removesuffix(carriage)])


class _Merge:
    def __init__(self, text: list[str], base: list[str], mine: list[str]) -> None:
        self._text, self._base, self._mine = text, base, mine
        self._blocks = [_Block(kind == "equal", *span) for kind, *span in _opcodes(base, text)]

    def hunks(self, *, is_fine: bool) -> list[_Hunk]:
        """What changes, in order. `is_fine` tells reformatted lines that stand one for one apart."""
        joined: list[tuple[int, int, int, int]] = []
        for kind, b1, b2, m1, m2 in _opcodes(self._base, self._mine):
            if kind == "equal":
                continue
            start, end = self._widened(b1, b2, is_fine=is_fine)
            span = (start, end, m1 - (b1 - start), m2 + (end - b2))
            if joined and joined[-1][1] > span[0]:
                span = (joined[-1][0], max(joined[-1][1], span[1]), joined[-1][2], max(joined[-1][3], span[3]))
                joined.pop()
            joined.append(span)
        return [self._hunk(*span) for span in joined]

    def sparing_remarks(self, hunk: _Hunk) -> _Hunk:
        """The same change, with comments where they were: ruamel takes those between two items for the first's own."""
        if hunk.start == hunk.end:
            start = hunk.start
            while start and _REMARK.fullmatch(self._text[start - 1]):
                start -= 1
            return _Hunk(start, start, hunk.lines)
        end = hunk.end
        while end > hunk.start and _REMARK.fullmatch(self._text[end - 1]):
            end -= 1
        lines = list(hunk.lines)
        while lines and end < hunk.end and _REMARK.fullmatch(lines[-1]):
            lines.pop()
        return _Hunk(hunk.start, end, tuple(lines)) if end > hunk.start else hunk

    def _widened(self, b1: int, b2: int, *, is_fine: bool) -> tuple[int, int]:
        """Lines of the base, with those that cannot be told apart from them in the text."""
        for block in self._blocks:
            if block.is_same or (is_fine and block.is_line_by_line()):
                continue
            if block.b1 < b2 and b1 < block.b2:
                b1, b2 = min(b1, block.b1), max(b2, block.b2)
            elif b1 == b2 and block.b1 < b1 < block.b2:
                b1, b2 = block.b1, block.b2
        return b1, b2

    def _hunk(self, b1: int, b2: int, m1: int, m2: int) -> _Hunk:
        start = self._start(b1) if b1 < b2 else self._end(b1)
        end = max(self._end(b2), start)
        deeper = self._deeper(b1, b2)
        lines = [_indented(line, deeper) for line in self._mine[m1:m2]]
        return _Hunk(start, end, tuple(lines))

    def _start(self, b: int) -> int:
        """The line of the text that a line of the base is made from."""
        for block in self._blocks:
            if block.b1 <= b < block.b2:
                return block.t1 + (b - block.b1)
        return len(self._text)

    def _end(self, b: int) -> int:
        """The line of the text after the one that line `b - 1` of the base is made from."""
        for block in self._blocks:
            if block.b1 < b <= block.b2:
                return block.t2 if b == block.b2 else block.t1 + (b - block.b1)
        return 0

    def _deeper(self, b1: int, b2: int) -> int:
        """By how many spaces the text is indented deeper there than the base."""
        line = b1 if b1 < b2 else b1 - 1
        for block in self._blocks:
            if block.b1 <= line < block.b2 and block.is_line_by_line():
                written = self._text[block.t1 + line - block.b1]
                return _indentation(written) - _indentation(self._base[line])
        return 0


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _indented(line: str, deeper: int) -> str:
    if not line.strip() or deeper >= 0:
        return " " * deeper + line if line.strip() else line
    return line[min(-deeper, _indentation(line)) :]


def _opcodes(one: Sequence[str], other: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
