"""YAML text to plain values with their lines, and bytes to text: untrusted files, bounded in size, depth and expansion.

Scalars follow the core schema of YAML 1.2: only `true` and `false` are booleans, so `on`, `off`, `yes` and `no` are
text, and so are dates. A number with leading zeros (`007`) stays text, as nothing could give the zeros back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import yaml

from peel.records import Json
from peel.scenarios.origin import Place
from peel.scenarios.yaml_errors import explain

LARGEST_DEFINITIONS = 4_000_000
"""The largest definitions file, in bytes."""
LARGEST_EXPANSION = 4_000_000
"""How many characters the aliases of one file may stand for in all."""
DEEPEST = 60
"""How deep mappings and lists may be nested."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
"""Characters that no text may hold: not every store can keep them, and no file can."""
_TEXT_TAG = "tag:yaml.org,2002:str"
_CONTAINER_TAGS = frozenset({None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


class Unreadable(Exception):
    """A text that gives no value at all; `line` is where."""

    def __init__(self, message: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Document:
    """A text's value, the places of everything in it, and what is wrong: pairs of a sentence and its line."""

    value: Json
    place: Place
    problems: tuple[tuple[str, int], ...] = ()


Drafts: TypeAlias = Mapping[Path, str]
"""Texts that are read in place of the files at these absolute paths, whether there are such files or not."""


def read_text(path: Path, *, largest: int = LARGEST_DEFINITIONS, drafts: Drafts | None = None) -> str:
    """The text of a file, which must be UTF-8 (a byte order mark is dropped) and at most `largest` bytes.

    Raises Unreadable with a sentence.
    """
    if drafts and path in drafts:
        return drafts[path]
    try:
        return as_text(_bytes(path, largest))
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror or error}") from error


def _bytes(path: Path, largest: int) -> bytes:
    if not path.exists():
        raise Unreadable("there is no such file")
    if not path.is_file():
        raise Unreadable("this is a folder, not a file" if path.is_dir() else "this is not an ordinary file")
    with path.open("rb") as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise Unreadable(f"the file is larger than {largest / 1_000_000:g} MB, the most that is read")
    return data


def as_text(data: bytes) -> str:
    """Bytes as UTF-8 text without its byte order mark. Raises Unreadable that names the byte and its line."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("the file is UTF-16; save it as UTF-8", 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte {error.start} is 0x{data[error.start]:02X}"
        raise Unreadable(f"the file is not UTF-8 ({found}); save it as UTF-8", line) from error


def parse_yaml(text: str) -> Document:
    """The one document of a YAML text. What can be told apart is reported together; broken YAML ends the reading."""
    builder = _Builder()
    try:
        _refuse_unprintable(text)
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except Unreadable as error:
        builder.problems.append((str(error), error.line or 1))
        return Document(None, Place(1), tuple(builder.problems))
    except yaml.YAMLError as error:
        return Document(None, Place(1), (*builder.problems, explain(error, text)))
    return Document(builder.value, builder.place, tuple(builder.problems))


def first_text(text: str, key: str) -> str | None:
    """The text under one key at the top of a YAML mapping, reading no further than that; None where there is none.

    Raises Unreadable where the YAML breaks before it.
    """
    try:
        for name, value in _top_scalars(yaml.parse(text, Loader=_LOADER)):
            if name == key:
                return value
    except yaml.YAMLError as error:
        raise Unreadable(*explain(error, text)) from error
    return None


def begins_with_list(text: str) -> bool:
    """Whether the value of a YAML text is a list, judged by its beginning."""
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.NodeEvent):
                return isinstance(event, yaml.SequenceStartEvent)
    except yaml.YAMLError:
        return False
    return False


def _top_scalars(events: Iterator[Any]) -> Iterator[tuple[str, str]]:
    """The keys at the top of a mapping whose values are scalars, with them."""
    depth, key = 0, None
    for event in events:
        if isinstance(event, yaml.ScalarEvent) and depth == 1:
            if key is not None:
                yield key, event.value
            key = event.value if key is None else None
        elif isinstance(event, yaml.CollectionStartEvent | yaml.AliasEvent) and depth == 1:
            key = None
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _refuse_unprintable(text: str) -> None:
    found = _UNPRINTABLE.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise Unreadable(f"the character U+{ord(found[0]):04X} may not stand in a YAML file; remove it", line)


@dataclass(slots=True)
class _Anchor:
    value: Json
    place: Place
    weight: int


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet. `key` is the key that waits for its value."""

    value: dict[str, Json] | list[Json]
    places: dict[str, Place] | list[Place]
    line: int
    anchor: str | None
    weight: int = 1
    key: str | None = None
    key_line: int = 0
    purpose: Literal["keep", "drop", "merge"] = "keep"
    merges: list[_Anchor] = field(default_factory=list)


class _Builder:
    """Builds values from YAML's events one after the other: no recursion, and bounds before anything has grown."""

    def __init__(self) -> None:
        self.value: Json = None
        self.place = Place(1)
        self.problems: list[tuple[str, int]] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchor] = {}
        self._expanded = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event.anchor, line)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise Unreadable("a second document begins here; a file holds one: remove '---'", line)

    def _scalar(self, event: Any, line: int) -> None:
        if self._waits_for_key():
            self._take_key(event, line)
            return
        value = self._resolve(event, line)
        self._add(_Anchor(value, Place(line), len(event.value) + 1), line, event.anchor)

    def _waits_for_key(self) -> bool:
        top = self._open[-1] if self._open else None
        return top is not None and isinstance(top.value, dict) and top.key is None

    def _take_key(self, event: Any, line: int) -> None:
        top = self._open[-1]
        key = self._resolve(event, line)
        top.key, top.key_line, top.purpose = event.value, line, "keep"
        top.weight += len(event.value) + 1
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(key, Place(line), len(event.value) + 1)
        if key == "<<" and _is_plain(event):
            top.purpose = "merge"
        elif not isinstance(key, str):
            top.purpose = "drop"
            self.problems.append((f"the key {event.value!r} is not text; put it in quotes", line))
        elif key in top.value:
            top.purpose = "drop"
            self.problems.append((_duplicate(key, top), line))

    def _start(self, event: Any, line: int) -> None:
        mapping = isinstance(event, yaml.MappingStartEvent)
        if self._waits_for_key():
            what = "a mapping" if mapping else "a list"
            hint = 'put a template in quotes: "{{ email }}"' if mapping else "put it in quotes"
            raise Unreadable(f"{what} stands where a key or a value should; {hint}", line)
        if len(self._open) >= DEEPEST:
            raise Unreadable(f"mappings and lists are nested more than {DEEPEST} deep here", line)
        if event.tag not in _CONTAINER_TAGS:
            self.problems.append((_tag_refused(event.tag), line))
        self._open.append(_Open({} if mapping else [], {} if mapping else [], line, event.anchor))
        if event.anchor:
            self._anchors.pop(event.anchor, None)

    def _end(self) -> None:
        done = self._open.pop()
        for merged in done.merges:
            _merge(done, merged)
        self._add(_Anchor(done.value, Place(done.line, done.places), done.weight), done.line, done.anchor)

    def _alias(self, name: str | None, line: int) -> None:
        if self._waits_for_key():
            raise Unreadable(f"the alias *{name} stands where a key should; write the key out", line)
        anchor = self._anchors.get(name or "")
        if anchor is None:
            hint = "put text that begins with * in quotes"
            raise Unreadable(f"the alias *{name} has no anchor &{name} before it; {hint}", line)
        self._expanded += anchor.weight
        if self._expanded > LARGEST_EXPANSION:
            raise Unreadable(f"the aliases of this file stand for more than {LARGEST_EXPANSION} characters", line)
        self._add(_Anchor(anchor.value, Place(line, anchor.place.inside), anchor.weight), line, None)

    def _add(self, item: _Anchor, line: int, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = item
        if not self._open:
            self.value, self.place = item.value, Place(1, item.place.inside)
            return
        top = self._open[-1]
        top.weight += item.weight
        if isinstance(top.value, list) and isinstance(top.places, list):
            top.value.append(item.value)
            top.places.append(item.place)
        else:
            self._add_to_mapping(top, item, line)

    def _add_to_mapping(self, top: _Open, item: _Anchor, line: int) -> None:
        key, top.key = top.key, None
        if top.purpose == "merge":
            self._take_merge(top, item, line)
        elif top.purpose == "keep" and key is not None and isinstance(top.value, dict) and isinstance(top.places, dict):
            top.value[key] = item.value
            top.places[key] = Place(top.key_line, item.place.inside)

    def _take_merge(self, top: _Open, item: _Anchor, line: int) -> None:
        values = item.value if isinstance(item.value, list) else [item.value]
        places = item.place.inside if isinstance(item.place.inside, list) else [item.place]
        for value, place in zip(values, places, strict=True):
            if isinstance(value, dict):
                top.merges.append(_Anchor(value, place, 0))
            else:
                self.problems.append(("'<<' merges mappings only: write an alias of one, such as <<: *name", line))

    def _resolve(self, event: Any, line: int) -> Json:
        text: str = event.value
        if event.tag not in {None, "!", _TEXT_TAG}:
            self.problems.append((_tag_refused(event.tag), line))
            return text
        wrong = FORBIDDEN.search(text)
        if wrong:
            self.problems.append((f"text may not hold the character U+{ord(wrong[0]):04X}; remove it", line))
            return FORBIDDEN.sub("", text)
        if not _is_plain(event):
            return text
        return self._plain(text, line)

    def _plain(self, text: str, line: int) -> Json:
        if text in _NULLS:
            return None
        if text in _TRUTHS:
            return _TRUTHS[text]
        if text[0] not in "+-.0123456789":
            return text
        if _NOT_FINITE.fullmatch(text):
            self.problems.append((f"{text} is not a number with a value; write a finite number", line))
            return text
        return self._number(text, line)

    def _number(self, text: str, line: int) -> Json:
        number: int | float
        if _WHOLE.fullmatch(text) or _OTHER_BASE.fullmatch(text):
            number = int(text, 0) if len(text) < 30 else 2**64
        elif _DECIMAL.fullmatch(text):
            number = float(text)
        else:
            return text
        if not is_storable(number):
            self.problems.append((f"the number {text[:40]} is too large; put it in quotes if it is text", line))
            return text
        return number


def is_storable(number: int | float) -> bool:
    """Whether a number survives every JSON reader and the store: 64 bits for whole numbers, finite for others."""
    if isinstance(number, int):
        return -(2**63) <= number < 2**64
    return number - number == 0


def _is_plain(event: Any) -> bool:
    return bool(event.implicit[0]) and event.tag is None


def _merge(into: _Open, merged: _Anchor) -> None:
    """Add the merged keys that are not written out; in a list of merges the first wins."""
    if not isinstance(into.value, dict) or not isinstance(into.places, dict) or not isinstance(merged.value, dict):
        return
    for key, value in merged.value.items():
        if key not in into.value:
            into.value[key] = value
            place = merged.place.get(key)
            into.places[key] = place or Place(merged.place.line)


def _duplicate(key: str, mapping: _Open) -> str:
    first = mapping.places[key].line if isinstance(mapping.places, dict) else mapping.line
    return f"duplicate key {key!r}: it stands on line {first} already; keep one of the two"


def _tag_refused(tag: str) -> str:
    name = tag.replace("tag:yaml.org,2002:", "!!")
    return f"the tag {name[:60]} is not allowed; put text that begins with ! in quotes"
