"""What a YAML parser's complaint means to the person who wrote the file."""

from __future__ import annotations

from typing import Any

from yaml import YAMLError

_COLON = (
    "a ':' stands where it cannot be read; put a text that holds ': ' in quotes, and check how the lines are indented"
)
_INDENTATION = (
    "this line does not fit what stands before it; check how it is indented and that quotes and brackets are closed"
)
_SENTENCES = (
    ("mapping values are not allowed", _COLON),
    (
        "could not find expected ':'",
        "this line has no ':' after its key; write 'key: value', or put the text in quotes",
    ),
    ("unexpected end of stream", "a quote is opened here and never closed"),
    (
        "unknown escape character",
        "a \\ in double quotes begins an escape YAML does not know; use single quotes for a pattern",
    ),
    ("expected '-' indicator", "a list goes on here, but the line does not begin with '- ' at the list's indentation"),
    ("tab character", "a tab stands where only spaces may; indent with spaces"),
    ("block mapping", _INDENTATION),
    ("block collection", _INDENTATION),
    ("block node", _INDENTATION),
    ("flow node", "an item is missing after ',' or a bracket, or a bracket is never closed"),
    ("document start", _INDENTATION),
    ("block scalar", "after | or > the text begins on the next line, indented"),
    ("directive", "a line that begins with % is a directive; put the text in quotes"),
)


def explain(error: YAMLError, text: str) -> tuple[str, int]:
    """The sentence and the line (1-based) of a parser's error."""
    mark = getattr(error, "problem_mark", None)
    opened = getattr(error, "context_mark", None)
    last = max(text.count("\n") + (not text.endswith("\n")), 1)
    line = mark.line + 1 if mark else last
    said = f"{getattr(error, 'context', None) or ''} {getattr(error, 'problem', None) or error}"
    if opened is not None and _is_unclosed(said, line > last):
        return _unclosed(said, opened.line + 1), opened.line + 1
    return f"the YAML cannot be read: {_sentence(said, mark, text)}", min(line, last)


def _is_unclosed(said: str, at_end: bool) -> bool:
    in_brackets = "flow sequence" in said or "flow mapping" in said
    return "unexpected end of stream" in said or (in_brackets and at_end)


def _unclosed(said: str, line: int) -> str:
    if "flow sequence" in said:
        return f"the YAML cannot be read: the list opened with '[' on line {line} is never closed with ']'"
    if "flow mapping" in said:
        return f"the YAML cannot be read: the mapping opened with '{{' on line {line} is never closed with '}}'"
    return "the YAML cannot be read: a quote is opened here and never closed"


def _sentence(said: str, mark: Any, text: str) -> str:
    if "cannot start any token" in said:
        return _wrong_start(text, mark)
    if "flow sequence" in said:
        return "in a list written with [ ], items are separated by ',' and the list ends with ']'"
    if "flow mapping" in said:
        return "in a mapping written with { }, entries are separated by ',' and the mapping ends with '}'"
    for fragment, sentence in _SENTENCES:
        if fragment in said:
            return sentence
    return " ".join(said.split())[:200]


def _wrong_start(text: str, mark: Any) -> str:
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    character = line[mark.column] if mark and mark.column < len(line) else ""
    if character == "\t":
        return "a tab stands where only spaces may; indent with spaces"
    return f"a value cannot begin with {character!r}; put it in quotes"
