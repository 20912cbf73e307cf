"""Secrets in a step's request: `${NAME}` in the definition is filled from the environment, and nowhere else.

Only what the definition itself says is filled. A `${NAME}` that arrives inside a value (a case, a model's output) is
data and stays as it is, so that no reply can ask for a key.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable

from peel.compiling import CompileScope
from peel.environment import lacking, replaced
from peel.records import Json, Path

_SHORTEST_REDACTED = 6
"""A shorter value is found in text by accident, and hiding it would only tear holes."""


class Secrets:
    """The secrets of one compiled step. They do not show in its repr."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(8)
        self._marked = re.compile(f"«{self._mark}:([^»]+)»")
        self._values: dict[str, str] = {}

    def mark(self, value: Json, path: Path, scope: CompileScope) -> Json:
        """The definition with each `${NAME}` replaced by a mark nobody else can write; an unset one is a problem."""

        def marked(text: str) -> str:
            for name, state in lacking(text, os.environ).items():
                scope.problem(f"the environment variable {name} is {state}; set it, or take ${{{name}}} out", path)
            return replaced(text, self._marked_name)

        return _in_texts(value, marked)

    def _marked_name(self, name: str) -> str:
        self._values[name] = os.environ.get(name, "")
        return f"«{self._mark}:{name}»"

    def shown(self, value: Json) -> Json:
        """The value as a record may show it, with `${NAME}` where a secret stands."""
        return _in_texts(value, lambda text: self._marked.sub(lambda match: f"${{{match[1]}}}", text))

    def filled(self, value: Json) -> Json:
        """The value as it is sent."""
        return _in_texts(value, lambda text: self._marked.sub(lambda match: self._values[match[1]], text))

    def redacted(self, text: str) -> str:
        """Text of a server, which may echo what it was sent, with `${NAME}` in the place of each secret."""
        for name, value in sorted(self._values.items(), key=lambda item: -len(item[1])):
            if len(value) >= _SHORTEST_REDACTED:
                text = text.replace(value, f"${{{name}}}")
        return text


def _in_texts(value: Json, change: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _in_texts(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_texts(item, change) for item in value]
    return value
