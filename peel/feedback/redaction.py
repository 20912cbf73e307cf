"""Personal data out of interactions and ratings before anything is stored: fields removed or hashed, patterns blacked
out in free text. What `peel.yaml` names, nothing else.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import ValidationError
from pydantic_core import to_json

from peel.errors import FeedbackError
from peel.records.base import Json
from peel.records.feedback import LONGEST_COMMENT, FeedbackDefinition, Interaction, Rating

REDACTED = "[redacted]"
"""What stands in place of a removed value."""

HASHED = "hash:"
"""What a hashed value begins with."""

_HASH_DIGITS = 32
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_PHONE = re.compile(r"(?<![\w.,-])(?:\+|\(0|0)[0-9][0-9 ()/.-]{5,20}[0-9](?![\w])")
_LEAST_DIGITS = 7

_Change: TypeAlias = Callable[[Any], Any]
_FREE_TEXT = ("input", "messages", "output", "steps", "metadata")


def _black_phone(found: re.Match[str]) -> str:
    digits = sum(one.isdigit() for one in found[0])
    return REDACTED if digits >= _LEAST_DIGITS else found[0]


def _without_emails(text: str) -> str:
    return _EMAIL.sub(REDACTED, text) if "@" in text else text


def _without_phones(text: str) -> str:
    return _PHONE.sub(_black_phone, text)


_PATTERNS: Mapping[str, Callable[[str], str]] = MappingProxyType({"email": _without_emails, "phone": _without_phones})


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is done to every interaction and rating before it is stored. `key` keys the hashes: without it nobody can
    tell by trying which value a hash stands for."""

    definition: FeedbackDefinition
    key: bytes

    def interaction(self, one: Interaction) -> Interaction:
        """The interaction as it may be stored. Raises FeedbackError where it is too large once it is redacted."""
        definition = self.definition
        if not (definition.hash or definition.redact or definition.patterns):
            return one
        written = one.model_dump(exclude_unset=True)
        for paths, change in ((definition.hash, self._hash), (definition.redact, _black)):
            for path in paths:
                _change(written, path.split("."), change)
        if written.get("user") == REDACTED:
            # Everybody without a name would otherwise be one user of this name.
            del written["user"]
        if definition.patterns:
            texts = {name: _texts(written[name], self._without_patterns) for name in _FREE_TEXT if name in written}
            written |= texts
        return _interaction(written)

    def rating(self, one: Rating) -> Rating:
        """The rating as it may be stored."""
        if not one.comment:
            return one
        comment = self._without_patterns(one.comment)
        if "comment" in self.definition.redact:
            comment = REDACTED
        elif "comment" in self.definition.hash:
            comment = self._hash(one.comment)
        # What stands for a text may be longer than it was.
        return one if comment == one.comment else one.model_copy(update={"comment": comment[:LONGEST_COMMENT]})

    def names_of(self, user: str) -> tuple[str, ...]:
        """How a user may be stored: as they are called, and hashed."""
        return (user, self._hash(user))

    def _hash(self, value: Json) -> str:
        text = value.encode() if isinstance(value, str) else to_json(value)
        return HASHED + hmac.new(self.key, text, sha256).hexdigest()[:_HASH_DIGITS]

    def _without_patterns(self, text: str) -> str:
        for name in self.definition.patterns:
            text = _PATTERNS[name](text)
        return text


def _interaction(written: dict[str, Any]) -> Interaction:
    try:
        return Interaction.model_validate(written)
    except ValidationError as error:
        raise FeedbackError("the interaction does not fit once it is redacted; send less of it") from error


def _black(_: Any) -> str:
    return REDACTED


def _change(held: Any, path: list[str], change: _Change) -> None:
    """Change what stands at a path, in each item of the lists on the way; what is not there stays away."""
    if isinstance(held, list | tuple):
        for item in held:
            _change(item, path, change)
        return
    if not isinstance(held, dict) or path[0] not in held:
        # A key may have dots of its own.
        whole = ".".join(path)
        if len(path) > 1 and isinstance(held, dict) and whole in held:
            held[whole] = change(held[whole])
        return
    if len(path) > 1:
        _change(held[path[0]], path[1:], change)
    elif held[path[0]] is not None:
        held[path[0]] = change(held[path[0]])


def _texts(held: Any, change: Callable[[str], str]) -> Any:
    """A value with every text in it changed; names of keys and roles stay, since they are not what somebody said."""
    if isinstance(held, str):
        return change(held)
    if isinstance(held, list | tuple):
        return [_texts(item, change) for item in held]
    if isinstance(held, dict):
        return {key: _texts(item, change) for key, item in held.items()}
    return held
