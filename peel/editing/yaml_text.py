"""Values as YAML text: one line, or lines of a block. Read back by PEEL and by readers of YAML 1.1, they are the same."""

from __future__ import annotations

import json
import re

from peel.records import Json
from peel.scenarios.documents import parse_yaml

_PLAIN = re.compile(r"[^\W\d_](?:[\w./@+-]|[ ](?=[\w(./@+-])|,[ ](?=\w)|[()'!?;](?=[ \w]|$))*")
_PLAIN_IN_FLOW = re.compile(r"[^\W\d_][\w./@+-]*(?: [\w./@+-]+)*")
_OTHER_TRUTHS = frozenset({"y", "n", "yes", "no", "on", "off"})
_ONE_LINE = 100
"""How long a mapping or list inside a block may be to be written on one line."""


def inline(value: Json) -> str:
    """A value on one line, safe inside brackets."""
    if isinstance(value, str):
        return _quoted_unless(_PLAIN_IN_FLOW, value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{inline(key)}: {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    return json.dumps(value)


def scalar(value: Json) -> str:
    """A value on one line that stands alone after a key."""
    return _quoted_unless(_PLAIN, value) if isinstance(value, str) else inline(value)


def literal(text: str) -> list[str] | None:
    """A text of several lines as a block after a key: the mark, then its lines without indentation. None where it
    needs quotes."""
    body = text.removesuffix("\n")
    lines = body.split("\n")
    if len(lines) < 2 or not lines[0].strip() or not lines[-1].strip() or lines[0][0] in " \t":
        return None
    if any(not line.isprintable() or line != line.rstrip() for line in lines):
        return None
    return ["|" if text.endswith("\n") else "|-", *lines]


def block(value: Json) -> list[str]:
    """The lines of a mapping or list that is not empty, without indentation."""
    lines: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            lines += _entry(f"{inline(key)}:", item)
    elif isinstance(value, list):
        for item in value:
            lines += listed(item)
    return lines


def listed(item: Json) -> list[str]:
    """The lines of one item of a list, without indentation."""
    if fits_one_line(item) or not isinstance(item, dict | list):
        return _entry("-", item)
    first, *rest = block(item)
    return [f"- {first}", *(f"  {line}" if line else "" for line in rest)]


def fits_one_line(value: Json) -> bool:
    """Whether a mapping or list reads well on one line."""
    return isinstance(value, dict | list) and (
        not value or ("\n" not in (text := inline(value)) and len(text) <= _ONE_LINE)
    )


def _entry(before: str, value: Json) -> list[str]:
    """One value after its key or dash."""
    lines = (literal(value) if isinstance(value, str) else None) or []
    if lines:
        return [f"{before} {lines[0]}", *(f"  {line}" if line else "" for line in lines[1:])]
    if isinstance(value, dict | list) and not fits_one_line(value):
        return [before, *(f"  {line}" if line else "" for line in block(value))]
    return [f"{before} {inline(value) if isinstance(value, dict | list) else scalar(value)}"]


def _quoted_unless(plain: re.Pattern[str], text: str) -> str:
    if plain.fullmatch(text) and text.casefold() not in _OTHER_TRUTHS and parse_yaml(text).value == text:
        return text
    if text.isprintable() and "'" not in text and ('"' in text or "\\" in text):
        return f"'{text}'"
    return _escaped(text)


def _escaped(text: str) -> str:
    """A text in double quotes: JSON, with everything escaped that cannot be seen."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else _escape(ord(one)) for one in quoted)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
