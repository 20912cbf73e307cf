"""YAML changed where it stands: ruamel.yaml makes the change, and the lines it changes go into the file's own text.

What ruamel would merely write in another way stays as it was: the text as ruamel writes it unchanged is the base of a
merge of lines. Nothing is returned that PEEL's own parser does not read as exactly what was wanted.
"""

from __future__ import annotations

import difflib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from peel.editing.line_merge import merges
from peel.editing.yaml_nodes import fresh, key_node
from peel.errors import MissingExtra
from peel.records import Json
from peel.scenarios.documents import parse_yaml

if TYPE_CHECKING:
    from ruamel.yaml import YAML

LARGEST_TEXT = 400_000
"""The longest text, in characters, that is changed in part: ruamel.yaml reads some hundred thousand a second."""
_AS_TEXT = "change it as text"
_FIRST_ITEM = re.compile(r"^( *)[^\s#-][^\n]*:[^\S\n]*(?:#[^\n]*)?\n(?:[^\S\n]*(?:#[^\n]*)?\n)*( *)- ", re.MULTILINE)
_FIRST_KEY = re.compile(r"^[^\s#-][^\n]*:[^\S\n]*(?:#[^\n]*)?\n(?:[^\S\n]*(?:#[^\n]*)?\n)*( +)[^\s#-]", re.MULTILINE)


class Unpatchable(Exception):
    """A text does not let a change be made to a part of it; the message is the end of a sentence."""


def changed_text(text: str, wanted: Json) -> str:
    """A YAML text that PEEL reads as `wanted`, with as few lines changed as may be.

    Raises Unpatchable, and MissingExtra where ruamel.yaml is not installed.
    """
    old = parse_yaml(text).value
    if same(old, wanted):
        return text
    if len(text) > LARGEST_TEXT:
        raise Unpatchable(f"the file has more than {LARGEST_TEXT:,} characters; {_AS_TEXT}")
    try:
        base, mine = _written_twice(text.replace("\r\n", "\n"), old, wanted)
    except MissingExtra:
        raise
    except Exception as error:  # what a strange file does to ruamel.yaml is not listed anywhere
        raise Unpatchable(f"the YAML is written in a way that cannot be changed in part; {_AS_TEXT}") from error
    for candidate in merges(text, base=base, mine=mine):
        if reads_as(candidate, wanted):
            return candidate
    raise Unpatchable(f"the YAML shares values between its parts (&, *, <<) or is written unusually; {_AS_TEXT}")


def new_text(value: dict[str, Json]) -> str:
    """A new YAML text. Raises MissingExtra where ruamel.yaml is not installed."""
    return _dumped(_yaml(2), fresh(value, depth=0))


def same(one: Json, other: Json) -> bool:
    """Whether two values are equal for every reader: true, 1 and 1.0 differ, the order of keys does not count."""
    return canonical(one) == canonical(other)


def reads_as(text: str, wanted: Json) -> bool:
    """Whether PEEL reads a text as this value, without a complaint."""
    document = parse_yaml(text)
    return not document.problems and same(document.value, wanted)


def canonical(value: Json) -> str:
    """A value as a text that is the same for equal values only."""
    return json.dumps(value, sort_keys=True)


def _written_twice(text: str, old: Json, wanted: Json) -> tuple[str, str]:
    """The text as ruamel.yaml writes it, unchanged and changed."""
    yaml = _yaml(_offset(text), mapping=_mapping_indent(text))
    base = _dumped(yaml, yaml.load(text))
    node = yaml.load(text)
    return base, _dumped(yaml, _Change(node).made(node, old, wanted))


def _yaml(offset: int, *, mapping: int = 2) -> YAML:
    try:
        from ruamel.yaml import YAML
    except ImportError as error:
        raise MissingExtra("editing YAML files in part", extra="server") from error
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 10**9  # no line is wrapped: what was on one line stays there
    yaml.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    return yaml


def _dumped(yaml: YAML, node: Any) -> str:
    out = io.StringIO()
    yaml.dump(node, out)
    return out.getvalue()


def _offset(text: str) -> int:
    """How far the dashes of lists stand to the right of the key above them."""
    found = _FIRST_ITEM.search(text)
    return max(len(found[2]) - len(found[1]), 0) if found else 2


def _mapping_indent(text: str) -> int:
    found = _FIRST_KEY.search(text)
    return len(found[1]) if found else 2


class _Change:
    """Turns ruamel's tree of one text into that of another value, node by node, where values differ."""

    def __init__(self, root: Any) -> None:
        self._times = Counter(_containers(root))

    def made(self, node: Any, old: Json, new: Json, *, depth: int = 0) -> Any:
        """The node of the new value: the same one where something of it stays."""
        if same(old, new):
            return node
        if isinstance(old, dict) and isinstance(new, dict) and new and self._is_own(node):
            self._mapping(node, old, new, depth=depth)
            return node
        if isinstance(old, list) and isinstance(new, list) and new and old and self._is_own(node):
            self._list(node, old, new, depth=depth)
            return node
        return fresh(new, depth=depth, like=node)

    def _is_own(self, node: Any) -> bool:
        """Whether a node stands in one place only: an alias or a merge must not carry the change elsewhere."""
        return self._times[id(node)] == 1

    def _mapping(self, node: Any, old: dict[str, Json], new: dict[str, Json], *, depth: int) -> None:
        for key in [key for key in old if key not in new]:
            del node[key]
        for place, (key, value) in enumerate(new.items()):
            if key not in old:
                node.insert(place, key_node(key), fresh(value, depth=depth + 1, beside=node))
            elif not same(old[key], value):
                node[key] = self.made(node[key], old[key], value, depth=depth + 1)

    def _list(self, node: Any, old: list[Json], new: list[Json], *, depth: int) -> None:
        changes = list(_differences(old, new))
        moved = {
            canonical(old[place]): node[place]
            for kind, a, b, *_ in changes
            for place in range(a, b)
            if kind == "delete"
        }
        shift = 0
        for kind, a, b, c, d in changes:
            if kind == "replace":
                for place, value in zip(range(a, b), new[c:d], strict=True):
                    node[place + shift] = self.made(node[place + shift], old[place], value, depth=depth + 1)
            elif kind == "delete":
                for _ in range(a, b):
                    del node[a + shift]
                shift -= b - a
            else:
                for place, value in enumerate(new[c:d], a + shift):
                    kept = moved.pop(canonical(value), None)
                    node.insert(place, kept if kept is not None else fresh(value, depth=depth + 1, beside=node))
                shift += d - c


def _containers(root: Any) -> Iterator[int]:
    """The mappings and lists of a tree by identity, once for each place that they stand in."""
    waiting, opened = [root], set()
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict | list):
            continue
        yield id(node)
        if id(node) not in opened:
            opened.add(id(node))
            waiting.extend(node.values() if isinstance(node, dict) else node)


def _differences(old: Sequence[Json], new: Sequence[Json]) -> Iterator[tuple[str, int, int, int, int]]:
    """How one list becomes the other: `replace` (as many items), `delete`, `insert`, in order."""
    for kind, a, b, c, d in _opcodes([canonical(one) for one in old], [canonical(one) for one in new]):
        paired = min(b - a, d - c) if kind != "equal" else 0
        if paired:
            yield "replace", a, a + paired, c, c + paired
        if kind != "equal" and b - a > paired:
            yield "delete", a + paired, b, d, d
        if kind != "equal" and d - c > paired:
            yield "insert", b, b, c + paired, d


def _opcodes(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """What differs, where the beginnings and ends that agree are passed over first: most edits touch one place."""
    shorter = min(len(ours), len(theirs))
    first = next((place for place in range(shorter) if ours[place] != theirs[place]), shorter)
    room = shorter - first
    last = next((place for place in range(room) if ours[-1 - place] != theirs[-1 - place]), room)
    middle, other = ours[first : len(ours) - last], theirs[first : len(theirs) - last]
    matcher = difflib.SequenceMatcher(None, middle, other, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        yield kind, a + first, b + first, c + first, d + first
