"""What a setting may be, in words: `a number from 0 to 1`, `'cosine'`, `text or a list`; read off its model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

_PLAIN = {"boolean": "true or false", "array": "a list"}


def allowed(model: type[BaseModel], location: Sequence[str | int]) -> str:
    """What the value at a path of a model's settings may be; empty where anything may stand.

    A setting that may be left out is not said to be allowed to be empty.
    """
    whole = model.model_json_schema(by_alias=True)
    places: list[Mapping[str, Any]] = [whole]
    for key in location:
        places = [inner for place in places for inner in _inside(place, key, whole)]
    words = dict.fromkeys(word for place in places for word in _words(place, whole))
    return _listed(list(words), "or")


def _inside(place: Mapping[str, Any], key: str | int, whole: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schemas of a key or an item, of each kind that the place may be."""
    for kind in _kinds(place, whole):
        if isinstance(key, int):
            inner = kind.get("items")
        else:
            inner = kind.get("properties", {}).get(key, kind.get("additionalProperties"))
        if isinstance(inner, Mapping):
            yield inner


def _kinds(place: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What a place may be, one by one, references followed. Null stands for what is left out, and is none."""
    if "$ref" in place:
        yield from _kinds(whole["$defs"][str(place["$ref"]).rpartition("/")[2]], whole)
        return
    either = place.get("anyOf") or place.get("oneOf")
    if either:
        for one in either:
            yield from _kinds(one, whole)
    elif place.get("type") != "null":
        yield place


def _words(place: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[str]:
    for kind in _kinds(place, whole):
        named = kind.get("enum", [kind["const"]] if "const" in kind else None)
        if named is not None:
            yield from (repr(one) for one in named)
        elif kind.get("type") in ("number", "integer"):
            yield ("a number" if kind["type"] == "number" else "a whole number") + _range(kind)
        elif kind.get("type") == "string":
            yield "text that is not empty" if kind.get("minLength") else "text"
        elif kind.get("type") == "object":
            yield _mapping(kind)
        elif kind.get("type") in _PLAIN:
            yield _PLAIN[kind["type"]]


def _range(kind: Mapping[str, Any]) -> str:
    low, high = kind.get("minimum"), kind.get("maximum")
    above, below = kind.get("exclusiveMinimum"), kind.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    parts = [
        f" greater than {above:g}" if above is not None else "",
        f" of {low:g} or more" if low is not None else "",
        f" of {high:g} or less" if high is not None else "",
        f" less than {below:g}" if below is not None else "",
    ]
    return " and".join(filter(None, parts))


def _mapping(kind: Mapping[str, Any]) -> str:
    keys = [repr(key) for key in kind.get("properties", {})]
    return f"a mapping with the keys {_listed(keys, 'and')}" if keys else "a mapping"


def _listed(words: Sequence[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""
