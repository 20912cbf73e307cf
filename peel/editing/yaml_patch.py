"""A changed value put into a YAML text: only the characters that say what changed are touched, all others stay.

The parser tells where every value begins and ends; the differences between the value that the text has and the one it
is to have become replacements of those spans. The result is parsed again: what does not give exactly the value that
was asked for is not returned.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from peel.editing.yaml_text import block, fits_one_line, inline, listed, literal, scalar
from peel.records import Json
from peel.scenarios.documents import parse_yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unpatchable(Exception):
    """A change that cannot be made without touching what is not to change; the message says why."""


def patched(text: str, value: dict[str, Json] | list[Json]) -> str:
    """`text`, changed to hold `value`. Comments, order, quoting and line ends of all else stay as they are.

    Raises Unpatchable where the text is broken, or the change stands behind an alias or a merge.
    """
    document = parse_yaml(text)
    if document.problems or not isinstance(document.value, dict | list):
        raise Unpatchable("the YAML cannot be read as it is; mend it as text first")
    if same(document.value, value):
        return text
    root = yaml.compose(text, Loader=_LOADER)
    patch = _Patch(text)
    patch.change(root, document.value, value)
    return _proven(patch.result(), value)


def same(one: Json, other: Json) -> bool:
    """Whether two values are the same for every reader: 1, 1.0 and true differ, the order of keys does not count."""
    return _canonical(one) == _canonical(other)


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _proven(text: str, value: Json) -> str:
    made = parse_yaml(text)
    if made.problems or not same(made.value, value):
        raise Unpatchable("the place cannot be changed by itself, as with values that others share; change it as text")
    return text


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


@dataclass(slots=True)
class _Patch:
    """The replacements of one text, in the order of the changes."""

    text: str
    edits: list[_Edit] = field(default_factory=list)

    def result(self) -> str:
        return self.between(0, len(self.text), self.edits)

    def between(self, start: int, end: int, edits: Sequence[_Edit]) -> str:
        """A part of the text, changed."""
        parts: list[str] = []
        for edit in sorted(edits, key=lambda one: (one.start, one.end)):
            if edit.start < start or edit.end > end:
                raise Unpatchable("two changes touch the same place; make them one after the other, or as text")
            parts += [self.text[start : edit.start], edit.text]
            start = edit.end
        return "".join([*parts, self.text[start:end]])

    def change(self, node: Any, old: Json, new: Json) -> None:
        """Replace what differs inside a node. Both values are containers of the same kind, and neither is empty."""
        if isinstance(old, dict) and isinstance(new, dict):
            (self._flow if node.flow_style else self._mapping)(node, old, new)
        elif isinstance(old, list) and isinstance(new, list):
            (self._flow if node.flow_style else self._sequence)(node, old, new)
        else:
            raise Unpatchable("a mapping cannot become a list; change it as text")

    # Mappings in lines of their own

    def _mapping(self, node: Any, old: dict[str, Json], new: dict[str, Json]) -> None:
        entries = {key.value: (key, value) for key, value in node.value if key.value != "<<"}
        for name, (key, value) in entries.items():
            if name in new and not same(old[name], new[name]):
                self._value(key, value, old[name], new[name], column=node.start_mark.column)
        self._remove(node, entries, set(new))
        self._add_keys(node, entries, new, old)

    def _value(self, key: Any, node: Any, old: Json, new: Json, *, column: int) -> None:
        """Replace the value after a key of a block mapping."""
        if _is_shared(key, node):
            raise Unpatchable(f"{key.value!r} is an alias of a value that stands elsewhere; change it as text")
        if _goes_inside(node, old, new):
            self.change(node, old, new)
            return
        colon = self.text.index(":", key.end_mark.index) + 1
        end = max(_end(self.text, node), colon)
        alone = not self.text[end : self._line_end(end)].strip()
        lines = self._lines(new, alone=alone)
        indented = [f"{' ' * (column + 2)}{line}" if line else "" for line in lines[1:]]
        before = f" {lines[0]}" if lines[0] else ""
        self.edits.append(_Edit(colon, end, self._joined([before, *indented])))

    def _lines(self, value: Json, *, alone: bool) -> list[str]:
        """A value after its colon: what stands on the same line, and the lines below it."""
        if isinstance(value, str):
            return (literal(value) if alone else None) or [scalar(value)]
        if isinstance(value, dict | list) and value and alone and not fits_one_line(value):
            return ["", *block(value)]
        return [inline(value)]

    def _remove(self, node: Any, entries: dict[str, tuple[Any, Any]], kept: set[str]) -> None:
        ordered = list(entries.items())
        for place, (name, (key, value)) in enumerate(ordered):
            if name in kept:
                continue
            start = self._line_start(key.start_mark.index)
            if not self.text[start : key.start_mark.index].strip():
                self.edits.append(_Edit(start, self._after_line(_end(self.text, value, key)), ""))
            elif place + 1 < len(ordered):
                self.edits.append(_Edit(key.start_mark.index, ordered[place + 1][1][0].start_mark.index, ""))
            else:
                raise Unpatchable(f"{name!r} shares its line with others; remove it as text")

    def _add_keys(
        self, node: Any, entries: dict[str, tuple[Any, Any]], new: dict[str, Json], old: dict[str, Json]
    ) -> None:
        kept = [name for name in entries if name in new]
        before = kept[-1] if kept else None
        for name, value in new.items():
            if name in entries:
                before = name
            elif name not in old or not same(old[name], value):
                if before is None:
                    raise Unpatchable("everything of a mapping would change; change it as text")
                key, last = entries[before]
                lines = block({name: value})
                self._insert_lines(_end(self.text, last, key), lines, column=node.start_mark.column)

    # Lists in lines of their own

    def _sequence(self, node: Any, old: list[Json], new: list[Json]) -> None:
        spans = self._dashes(node)
        column, flow = node.start_mark.column, any(getattr(item, "flow_style", False) for item in node.value)
        for kind, a, b, c, d in _differences(old, new):
            if kind == "replace":
                for place, value in zip(range(a, b), new[c:d], strict=True):
                    self._item(node.value[place], spans[place], old[place], value, column=column)
            elif kind == "delete":
                for start, end in spans[a:b]:
                    self._delete_lines(start, end)
            else:
                lines = [line for value in new[c:d] for line in self._new_item(value, flow=flow)]
                self._insert_items(spans, a, lines, column=column)

    def _dashes(self, node: Any) -> list[tuple[int, int]]:
        """Where each item begins, its dash included, and where it ends."""
        spans: list[tuple[int, int]] = []
        pattern = re.compile(rf"^ {{{node.start_mark.column}}}-(?=\s|$)", re.MULTILINE)
        for item in node.value:
            if not spans:
                start = node.start_mark.index
            else:
                found = pattern.search(self.text, spans[-1][1])
                if found is None or (item.start_mark.index < found.end() - 1):
                    raise Unpatchable("an item of the list is an alias; change it as text")
                start = found.end() - 1
            if item.start_mark.index < start:
                raise Unpatchable("an item of the list is an alias; change it as text")
            spans.append((start, max(_end(self.text, item), start + 1)))
        return spans

    def _item(self, node: Any, span: tuple[int, int], old: Json, new: Json, *, column: int) -> None:
        if _goes_inside(node, old, new):
            self.change(node, old, new)
            return
        lines = listed(new)
        rest = [f"{' ' * column}{line}" if line else "" for line in lines[1:]]
        if rest and self.text[span[1] : self._line_end(span[1])].strip():
            lines, rest = [f"- {inline(new)}"], []
        self.edits.append(_Edit(*span, self._joined([lines[0], *rest])))

    def _new_item(self, value: Json, *, flow: bool) -> list[str]:
        """A new item, written as its neighbours are."""
        return [f"- {inline(value)}"] if flow and isinstance(value, dict | list) else listed(value)

    def _insert_items(self, spans: list[tuple[int, int]], place: int, lines: list[str], *, column: int) -> None:
        if place:
            self._insert_lines(spans[place - 1][1], lines, column=column)
            return
        start = spans[0][0]
        if self.text[self._line_start(start) : start].strip():
            raise Unpatchable("the list begins on the line of something else; change it as text")
        before = [f"{' ' * column}{line}" if line else "" for line in lines]
        self.edits.append(_Edit(self._line_start(start), self._line_start(start), self._joined([*before, ""])))

    # Mappings and lists in brackets

    def _flow(self, node: Any, old: Any, new: Any) -> None:
        """Pieces that stay keep their text and what separates them; new ones are put between."""
        pieces = _pieces(self.text, node)
        wanted = list(self._flow_pieces(node, pieces, old, new))
        text = ""
        for place, (origin, piece) in enumerate(wanted):
            text += piece
            if place + 1 < len(wanted):
                following = wanted[place + 1][0]
                adjacent = origin is not None and following == origin + 1
                text += self.text[pieces[origin][1] : pieces[following][0]] if adjacent else ", "  # type: ignore[index]  # adjacent pieces are old ones
        self.edits.append(_Edit(pieces[0][0], pieces[-1][1], text))

    def _flow_pieces(
        self, node: Any, pieces: list[tuple[int, int]], old: Any, new: Any
    ) -> Iterator[tuple[int | None, str]]:
        """Each piece that the brackets are to hold: the place it has now, None for a new one, and its text."""
        if isinstance(new, dict):
            names = [key.value for key, _ in node.value]
            if "<<" in names:
                raise Unpatchable("a mapping in brackets merges another; change it as text")
            for place, (name, (_, value)) in enumerate(zip(names, node.value, strict=True)):
                if name in new:
                    yield (
                        place,
                        self._flow_piece(value, pieces[place], old[name], new[name], prefix=inline(name) + ": "),
                    )
            yield from ((None, f"{inline(name)}: {inline(value)}") for name, value in new.items() if name not in old)
            return
        for kind, a, b, c, d in _differences(old, new, everything=True):
            if kind in ("equal", "replace"):
                for place, value in zip(range(a, b), new[c:d], strict=True):
                    yield place, self._flow_piece(node.value[place], pieces[place], old[place], value, prefix="")
            elif kind == "insert":
                yield from ((None, inline(value)) for value in new[c:d])

    def _flow_piece(self, node: Any, span: tuple[int, int], old: Json, new: Json, *, prefix: str) -> str:
        if same(old, new):
            return self.text[slice(*span)]
        if _goes_inside(node, old, new):
            inner = _Patch(self.text)
            inner.change(node, old, new)
            return self.between(*span, inner.edits)
        start, end = node.start_mark.index, node.end_mark.index
        if start == end:
            return prefix + inline(new)
        return self.between(*span, [_Edit(start, end, inline(new))])

    # Lines

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        """Where the line ends, before its line break."""
        found = self.text.find("\n", at)
        end = len(self.text) if found < 0 else found
        return end - 1 if end > at and self.text[end - 1] == "\r" else end

    def _after_line(self, at: int) -> int:
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found + 1

    def _delete_lines(self, start: int, end: int) -> None:
        first = self._line_start(start)
        if self.text[first:start].strip():
            raise Unpatchable("the first item shares its line with others; remove it as text")
        self.edits.append(_Edit(first, self._after_line(end), ""))

    def _insert_lines(self, after: int, lines: list[str], *, column: int) -> None:
        """Put lines below the line that something ends on."""
        at = self._line_end(after)
        indented = [f"{' ' * column}{line}" if line else "" for line in lines]
        self.edits.append(_Edit(at, at, self._joined(["", *indented])))

    def _joined(self, lines: Sequence[str]) -> str:
        return ("\r\n" if "\r\n" in self.text else "\n").join(lines)


def _goes_inside(node: Any, old: Json, new: Json) -> bool:
    """Whether a change goes on inside a value: it stays a mapping or list, and something of it stays."""
    if not old or not new or not isinstance(node, yaml.CollectionNode):
        return False
    if isinstance(old, dict) and isinstance(new, dict):
        return bool(old.keys() & new.keys() & {key.value for key, _ in node.value})
    return isinstance(old, list) and isinstance(new, list)


def _is_shared(key: Any, node: Any) -> bool:
    """Whether a value is an alias: its place is then that of its anchor."""
    return bool(node.start_mark.index < key.end_mark.index)


def _end(text: str, node: Any, key: Any = None) -> int:
    """Where a value ends, without the line breaks and comments that the parser counts in."""
    if key is not None and _is_shared(key, node):
        found = re.compile(r"\s*:\s*\*[^\s,\]}]+").match(text, key.end_mark.index)
        return found.end() if found else key.end_mark.index
    start = int(node.start_mark.index)
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        end = int(node.end_mark.index)
        return max(start + len(text[start:end].rstrip()), start)
    if isinstance(node, yaml.MappingNode):
        last_key, last = node.value[-1]
        return _end(text, last, last_key)
    last = node.value[-1]
    if last.start_mark.index < start or last.end_mark.index > node.end_mark.index:
        raise Unpatchable("an item of a list is an alias; change it as text")
    return _end(text, last)


def _pieces(text: str, node: Any) -> list[tuple[int, int]]:
    """Where each entry inside brackets begins and ends."""
    spans: list[tuple[int, int]] = []
    before = int(node.start_mark.index)
    for item in node.value:
        key, value = item if isinstance(item, tuple) else (item, item)
        start = int(key.start_mark.index)
        end = max(int(value.end_mark.index), int(key.end_mark.index))
        if start <= before or value.start_mark.index < start or end >= node.end_mark.index + (end == start):
            raise Unpatchable("a value in brackets is an alias; change it as text")
        spans.append((start, end))
        before = end - 1
    return spans


def _differences(
    old: Sequence[Json], new: Sequence[Json], *, everything: bool = False
) -> Iterator[tuple[str, int, int, int, int]]:
    """How one list becomes the other: `replace` (as many items), `delete`, `insert`; with `everything` also `equal`."""
    ours, theirs = [_canonical(one) for one in old], [_canonical(one) for one in new]
    for kind, a, b, c, d in _opcodes(ours, theirs):
        if kind == "equal":
            if everything:
                yield kind, a, b, c, d
            continue
        paired = min(b - a, d - c)
        if paired:
            yield "replace", a, a + paired, c, c + paired
        if b - a > paired:
            yield "delete", a + paired, b, d, d
        if d - c > paired:
            yield "insert", b, b, c + paired, d


def _opcodes(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """What differs, where the beginnings and ends that agree are passed over first: most edits touch one place."""
    shorter = min(len(ours), len(theirs))
    first = next((place for place in range(shorter) if ours[place] != theirs[place]), shorter)
    room = shorter - first
    last = next((place for place in range(room) if ours[-1 - place] != theirs[-1 - place]), room)
    middle, other = ours[first : len(ours) - last], theirs[first : len(theirs) - last]
    if first:
        yield "equal", 0, first, 0, first
    matcher = difflib.SequenceMatcher(None, middle, other, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        yield kind, a + first, b + first, c + first, d + first
    if last:
        yield "equal", len(ours) - last, len(ours), len(theirs) - last, len(theirs)
