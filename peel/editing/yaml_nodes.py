"""New values as nodes of ruamel.yaml, written as PEEL's own files are: short mappings stand on one line."""

from __future__ import annotations

import re
from typing import Any

import yaml

from peel.records import Json
from peel.scenarios.documents import parse_yaml

_PLAIN = re.compile(r"(?:[^\W\d]|\.{0,2}/)(?:[\w./@+*()'!?;-]|[ ](?=[\w(./@+]))*")
_ONE_LINE = 100
"""How long a mapping or list may be, about, to be written on one line."""
_TEXT_TAG = "tag:yaml.org,2002:str"


def fresh(value: Json, *, depth: int, like: Any = None, beside: Any = None) -> Any:
    """A node for a value at some depth of a file; `like` is the node it replaces, `beside` the one it is put into."""
    if isinstance(value, str):
        return _text(value, like)
    if not isinstance(value, dict | list):
        return value
    return _container(value, depth=depth, flow=_in_one_line(value, depth, beside))


def _in_one_line(value: Json, depth: int, beside: Any) -> bool:
    if not value or (beside is not None and beside.fa.flow_style()):
        return True
    if depth < 2 and isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return False
    others: list[Any] = [item for item in (beside if isinstance(beside, list) else ()) if isinstance(item, dict)]
    if others and not any(item.fa.flow_style() for item in others):
        return False
    return depth > 1 and "\n" not in _shape(value) and len(_shape(value)) <= _ONE_LINE


def _shape(value: Json) -> str:
    """About what a value looks like on one line; a line break in it stays one."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shape(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_shape(item) for item in value)
    return str(value)


def _container(value: dict[str, Json] | list[Json], *, depth: int, flow: bool) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    node: Any = CommentedMap() if isinstance(value, dict) else CommentedSeq()
    if flow:
        node.fa.set_flow_style()
    else:
        node.fa.set_block_style()
    if isinstance(value, dict):
        for key, item in value.items():
            node[key_node(key)] = fresh(item, depth=depth + 1, beside=node if flow else None)
    else:
        node.extend(fresh(item, depth=depth + 1, beside=node if flow else None) for item in value)
    return node


def _text(text: str, like: Any) -> Any:
    """A text, quoted as the one that it replaces; in quotes wherever some reader of YAML might take it for more."""
    from ruamel.yaml.scalarstring import (
        DoubleQuotedScalarString,
        LiteralScalarString,
        PlainScalarString,
        SingleQuotedScalarString,
    )

    if _is_literal(text):
        return LiteralScalarString(text)
    if not text.isprintable():
        return DoubleQuotedScalarString(text)
    # An empty text is quoted because it has to be, which says nothing of the next.
    if like and isinstance(like, DoubleQuotedScalarString | SingleQuotedScalarString):
        return type(like)(text)
    if _PLAIN.fullmatch(text) and _resolves_to_text(text) and parse_yaml(text).value == text:
        return PlainScalarString(text)
    return SingleQuotedScalarString(text) if '"' in text or "\\" in text else DoubleQuotedScalarString(text)


def key_node(key: str) -> Any:
    """A key: those of PEEL's own formats are plain, also `on`."""
    return key if _PLAIN.fullmatch(key) and parse_yaml(key).value == key else _text(key, None)


def _is_literal(text: str) -> bool:
    """Whether a text of several lines can stand as a block, every line as it is."""
    lines = text.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and bool(lines[0].strip())
        and bool(lines[-1].strip())
        and lines[0][0] not in " \t"
        and all(line.isprintable() and line == line.rstrip() for line in lines)
    )


def _resolves_to_text(text: str) -> bool:
    """Whether readers of YAML 1.1 take a plain text for a text: `on` and `no` they do not."""
    resolver: Any = yaml.resolver.Resolver()
    tag = resolver.resolve(yaml.ScalarNode, text, (True, False))
    return bool(tag == _TEXT_TAG) and text.casefold() not in {"y", "n"}
