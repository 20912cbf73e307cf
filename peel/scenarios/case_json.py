"""JSON inside case files: cells of a sheet and lines of JSON Lines, held to what every reader and store can keep."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from peel.records import Json
from peel.scenarios.documents import DEEPEST, FORBIDDEN, is_storable


def parse_json(text: str) -> Json:
    """The value of a JSON text. Raises ValueError with what is wrong, as the end of a sentence."""
    if text.count("[") + text.count("{") > DEEPEST:
        _refuse_deep(text)
    try:
        value: Json = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{_said(error)} at character {error.pos + 1}") from error
    if "\\u" in text:
        _refuse_forbidden(value)
    return value


def _said(error: json.JSONDecodeError) -> str:
    return error.msg[0].lower() + error.msg[1:]


def _refuse_deep(text: str) -> None:
    """Count nesting before the parser follows it; brackets inside texts are skipped."""
    depth, in_text, escaped = 0, False, False
    for character in text:
        if in_text:
            in_text = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_text = True
        elif character in "[{":
            depth += 1
            if depth > DEEPEST:
                raise ValueError(f"it is nested more than {DEEPEST} deep")
        elif character in "]}":
            depth -= 1


def _refuse_forbidden(value: Json) -> None:
    if isinstance(value, str):
        found = FORBIDDEN.search(value)
        if found:
            raise ValueError(f"text may not hold the character U+{ord(found[0]):04X}")
    elif isinstance(value, list):
        for item in value:
            _refuse_forbidden(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_forbidden(key)
            _refuse_forbidden(item)


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise ValueError(f"the key {twice!r} stands in it twice")
    return made


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number with a value")


def _number(text: str) -> int | float:
    number = float(text) if len(text) > 25 or not text.lstrip("-").isdigit() else int(text)
    if not is_storable(number) or (isinstance(number, float) and text.lstrip("-").isdigit()):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_mapping, parse_constant=_constant, parse_int=_number, parse_float=_number
)
