"""Which lines of a document without markup are its numbered headings, and which belong to its table of contents.

A line such as `6.2 Moving to a different apartment` may be a heading, an entry of the contents, a row of a table or
an item of a list. Four signs tell: headings count upwards through the whole document while lists and tables begin
again, they are set in another style than the body, the contents and the bookmarks of a PDF name them, and they do
not end like a sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

Style: TypeAlias = tuple[str, float]
"""Font name and size in points."""

Number: TypeAlias = tuple[int, ...]

_NUMBERED = re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,3})(?P<dot>\.?)\s+(?P<title>\S.{0,119})")
_LEADERS = re.compile(r"(?:\.\s?){4,}|…{2,}|·{4,}")
_ENTRY = re.compile(r"(?P<entry>\S.*?)(?P<leaders>(?:\s*[.…·]){3,}\s*|\s+)(?P<page>\d{1,4})")
_LOOK_BACK = 300
"""How many earlier candidates one candidate is compared with, which bounds the work on a hostile file."""
_LONGEST_SKIP = 2
"""Headings that may be missed in a row without losing the count (a heading drawn as a picture)."""
_FEWEST_LED = 3
"""Lines with dot leaders on a page that make a table of contents."""
_FEWEST_ENTRIES = 4
"""Numbered lines in a row, each with a page, that make a table of contents without dot leaders."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as extracted. `style` is that of most of its characters, None where the kind has none."""

    text: str
    page: int | None = None
    style: Style | None = None


def normalised(text: str) -> str:
    """Text as titles are compared: case, spaces and a dot after the number do not count."""
    return re.sub(r"^([\d.]*\d)\.?(?=\s)", r"\1", " ".join(text.split())).casefold()


def contents_entries(lines: Sequence[Line], *, pages: int) -> set[int]:
    """The positions of the lines that are a table of contents, with the title right above it."""
    found: set[int] = set()
    for _, at_page in groupby(range(len(lines)), key=lambda at: lines[at].page):
        found.update(_led([at for at in at_page if _has_leaders(lines[at].text)], lines))
    for run in _runs([_entry(line.text) for line in lines], pages=pages):
        found.update(run)
    titles = {at - 1 for at in found if at - 1 not in found and at > 0 and _is_title(lines, at)}
    return found | titles


def entry_titles(lines: Sequence[Line], entries: Collection[int]) -> frozenset[str]:
    """The numbered titles that the contents name, normalised."""
    matches = [_ENTRY.fullmatch(lines[at].text.strip()) for at in entries]
    return frozenset(normalised(match["entry"]) for match in matches if match and match["entry"][0].isdigit())


def headings(lines: Sequence[Line], *, named: Callable[[Line], bool] = lambda line: False) -> set[int]:
    """The positions of the lines that are headings.

    `named` says whether the contents or the bookmarks name a line. Lines that are set apart or named make the count;
    where most candidates are neither (a document in one font), the count alone decides, and a number with a dot
    after it (`2. Open the page`) is a list item.
    """
    body = body_style(lines)
    candidates = {at: number for at, line in enumerate(lines) if (number := _number(line.text))}
    strong = {at: number for at, number in candidates.items() if _stands_out(lines[at], body) or named(lines[at])}
    weak = {at: number for at, number in candidates.items() if at in strong or not _dotted(lines[at].text)}
    counted_strong, counted_weak = _longest_count(strong), _longest_count(weak)
    counted = counted_strong if 2 * len(counted_strong) >= len(counted_weak) else counted_weak
    return counted | {at for at, line in enumerate(lines) if at not in candidates and named(line)}


def body_style(lines: Sequence[Line]) -> Style | None:
    """The style most characters have."""
    characters: Counter[Style] = Counter()
    for line in lines:
        if line.style:
            characters[line.style] += len(line.text)
    return characters.most_common(1)[0][0] if characters else None


def _number(text: str) -> Number | None:
    """The number of a line that could be a heading."""
    match = _NUMBERED.fullmatch(text.strip())
    if not match or _has_leaders(text):
        return None
    first, last = match["title"][0], match["title"][-1]
    if not first.isalpha() or first.islower() or last in ".,;:" or match["number"].startswith("0"):
        return None
    return _parts(match["number"])


def _parts(number: str) -> Number:
    return tuple(int(part) for part in number.split("."))


def _dotted(text: str) -> bool:
    match = _NUMBERED.fullmatch(text.strip())
    return bool(match and match["dot"] and "." not in match["number"])


def _stands_out(line: Line, body: Style | None) -> bool:
    return line.style is not None and line.style != body


def _follows(number: Number, before: Number) -> bool:
    """Whether `number` may be the next heading: 2.3 is followed by 2.3.1, 2.4, 3 or 3.1, not by 2.1 or 9."""
    shared = 0
    while shared < min(len(number), len(before)) and number[shared] == before[shared]:
        shared += 1
    if shared == len(number):
        return False
    step = number[shared] - (before[shared] if shared < len(before) else 0)
    return 1 <= step <= 1 + _LONGEST_SKIP and all(part <= 1 + _LONGEST_SKIP for part in number[shared + 1 :])


def _longest_count(candidates: dict[int, Number]) -> set[int]:
    """The positions of the longest series of candidates in which each may follow the one before."""
    positions, numbers = list(candidates), list(candidates.values())
    length, previous = [1] * len(numbers), [-1] * len(numbers)
    for at, number in enumerate(numbers):
        for earlier in range(max(0, at - _LOOK_BACK), at):
            if length[earlier] >= length[at] and _follows(number, numbers[earlier]):
                length[at], previous[at] = length[earlier] + 1, earlier
    found: set[int] = set()
    at = max(range(len(numbers)), key=length.__getitem__, default=-1)
    while at >= 0:
        found.add(positions[at])
        at = previous[at]
    return found


def _has_leaders(text: str) -> bool:
    return bool(_LEADERS.search(text)) and text.rstrip()[-1:].isdigit()


def _led(positions: Sequence[int], lines: Sequence[Line]) -> Sequence[int]:
    """The lines with dot leaders of one page, if they are contents: several, and their page numbers do not fall. The
    leaders of a table of technical data lead to all kinds of numbers."""
    numbers = [int(match[0]) for at in positions if (match := re.search(r"\d{1,4}$", lines[at].text.rstrip()))]
    return positions if len(numbers) >= _FEWEST_LED and numbers == sorted(numbers) else ()


def _entry(text: str) -> tuple[Number, int] | None:
    match = _ENTRY.fullmatch(text.strip())
    number = _number(match["entry"]) if match else None
    return (number, int(match["page"])) if match and number else None


def _runs(entries: Sequence[tuple[Number, int] | None], *, pages: int) -> list[range]:
    """Stretches of entries whose numbers count up and whose pages do not fall."""
    runs: list[range] = []
    start = 0
    for at in range(len(entries) + 1):
        if at < len(entries) and at > start and _continues(entries[at - 1], entries[at]):
            continue
        last = entries[at - 1] if at else None
        if at - start >= _FEWEST_ENTRIES and last and last[1] <= pages:
            runs.append(range(start, at))
        start = at
    return runs


def _continues(before: tuple[Number, int] | None, entry: tuple[Number, int] | None) -> bool:
    return bool(before and entry and _follows(entry[0], before[0]) and entry[1] >= before[1])


def _is_title(lines: Sequence[Line], at: int) -> bool:
    above = lines[at - 1]
    return above.page == lines[at].page and len(above.text.split()) <= 6 and above.text.rstrip()[-1:].isalpha()
