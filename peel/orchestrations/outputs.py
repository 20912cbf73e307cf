"""What a step may give: a value JSON can hold, of bounded size, the same whether it is fresh or read from the store."""

from __future__ import annotations

import math
from typing import Any

import orjson

from peel.errors import StepError
from peel.records import Json

LARGEST_OUTPUT = 4_000_000
"""The largest output of a step, in bytes of its JSON (of its UTF-8, where it is text)."""

_DEEPEST = 250
"""How many levels of lists and objects orjson writes, and a little less."""

_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def as_json(value: Any, what: str) -> Json:
    """A copy of `value` as JSON gives it back (tuples are lists), checked. `what` is what messages call it.

    Raises StepError where JSON cannot hold it (naming the type and the place), or where it is too large.
    """
    if type(value) is str:
        return _checked_text(value, what)
    if value is None or value is True or value is False:
        return value
    try:
        data = orjson.dumps(value, option=_STRICT)
    except (TypeError, ValueError) as error:
        raise StepError(f"{what} {_why_not(value) or f'cannot be written as JSON: {error}'}") from error
    _check_size(len(data), what)
    if b"null" in data:
        # orjson writes null for a number that is none, so only then is the value searched for one.
        reason = _why_not(value)
        if reason:
            raise StepError(f"{what} {reason}")
    return orjson.loads(data)  # type: ignore[no-any-return]  # orjson.loads is typed Any


def _checked_text(text: str, what: str) -> str:
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError as error:
        raise StepError(f"{what} is not valid text: half a surrogate pair at character {error.start}") from error
    _check_size(size, what)
    return text


def _check_size(size: int, what: str) -> None:
    if size > LARGEST_OUTPUT:
        raise StepError(f"{what} is {size} bytes long, more than the {LARGEST_OUTPUT} allowed")


def _why_not(value: Any) -> str:
    """The first thing inside `value` that JSON cannot hold, with its place; empty where there is none."""
    left: list[tuple[Any, str, int]] = [(value, "", 0)]
    while left:
        item, place, depth = left.pop()
        reason = _why_not_itself(item, depth)
        if reason:
            return f"{reason} (at {place})" if place else reason
        if isinstance(item, dict):
            left.extend((inner, f"{place}.{key}" if place else key, depth + 1) for key, inner in item.items())
        elif isinstance(item, list | tuple):
            left.extend((inner, f"{place}[{position}]", depth + 1) for position, inner in enumerate(item))
    return ""


def _why_not_itself(item: Any, depth: int) -> str:
    if depth > _DEEPEST:
        return f"has more than {_DEEPEST} levels"
    if isinstance(item, float) and not math.isfinite(item):
        return f"holds the number {item}, which JSON does not have"
    if isinstance(item, dict):
        other = next((key for key in item if not isinstance(key, str)), None)
        return f"has a key of type {type(other).__name__}, where JSON has only text" if other is not None else ""
    if isinstance(item, int) and not -(2**63) <= item < 2**64:
        return "holds an integer of more than 64 bits"
    if item is None or isinstance(item, str | int | float | list | tuple):
        return ""
    return f"holds a value of type {type(item).__name__}, which JSON cannot hold"
