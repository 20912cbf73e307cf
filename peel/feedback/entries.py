"""Interactions and ratings as they are sent or written in files: checked, bounded, and wrong ones told in a sentence.

The same keys everywhere: the fields of an interaction; of a rating `interaction` and one of `stars`, `slider`,
`smiley`, `thumbs`. `time` may stand for `at`, and `interaction_id` for `interaction`. Times are seconds since the
epoch, or text as in ISO 8601; without an offset it is UTC.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError

from peel.errors import FeedbackError
from peel.feedback.values import value_of
from peel.plugins import nearest
from peel.records.feedback import (
    LABELS,
    LARGEST,
    LATEST,
    LONGEST_COMMENT,
    LONGEST_ID,
    LONGEST_LABEL,
    MOST_PARTS,
    RATING_KINDS,
    Interaction,
    Rating,
    RatingKind,
)

_Record = TypeVar("_Record", Interaction, Rating)

AHEAD_S = 86400.0
"""How far a clock may be ahead of ours, in seconds. Later than that, a rating would be the last one for good."""

_LEAST_MILLISECONDS = 1e11

_OTHER_NAMES = MappingProxyType({"time": "at", "interaction_id": "interaction"})

_ID = f"text of 1 to {LONGEST_ID} characters without control characters"
_LABEL = f"text of 1 to {LONGEST_LABEL} characters without control characters"
_MUST_BE = MappingProxyType(
    {
        "id": _ID,
        "interaction": _ID,
        "user": _ID,
        "input": f"text of at most {LARGEST:,} characters without U+0000",
        "messages": f"a list of 1 to {MOST_PARTS} messages such as {{role: user, content: …}}",
        "output": "what JSON can hold",
        "steps": f"a list of at most {MOST_PARTS} steps such as {{step: answer, output: …}}",
        "metadata": "a mapping of what JSON can hold",
        "comment": f"text of at most {LONGEST_COMMENT:,} characters without U+0000",
        **dict.fromkeys(LABELS, _LABEL),
    }
)
_INTERACTION_KEYS = frozenset(Interaction.model_fields)
_RATING_KEYS = frozenset({"id", "interaction", "comment", "at", *RATING_KINDS})


def interaction_of(sent: Mapping[str, Any], *, now: float | None = None) -> Interaction:
    """An interaction as it was sent; empty values count as not given. Raises FeedbackError with what is wrong first.

    `now` is the time it arrives, in seconds since the epoch: the clock's where it is not given.
    """
    given = _plain(sent, _INTERACTION_KEYS, "an interaction")
    if "id" not in given:
        raise FeedbackError(f"the interaction has no 'id': {_ID}, the same whenever it is sent")
    return _checked(Interaction, _timed(given, now))


def rating_of(sent: Mapping[str, Any], *, now: float | None = None) -> Rating:
    """A rating as it was sent. Raises FeedbackError with what is wrong first."""
    given = _plain(sent, _RATING_KEYS, "a rating")
    if "interaction" not in given:
        raise FeedbackError("the rating has no 'interaction': the id of the interaction that is rated")
    kind = _kind(given)
    original = given.pop(kind)
    try:
        value = value_of(kind, original)
    except ValueError as error:
        raise FeedbackError(str(error)) from error
    if not isinstance(original, str):
        original = int(original) if kind == "stars" else float(original)
    made = {**_timed(given, now), "kind": kind, "original": original, "value": value}
    return _checked(Rating, {"id": _derived_id(made), **made})


def moment(written: Any, *, now: float | None = None) -> float:
    """A time as seconds since the epoch. Raises FeedbackError where it is none, or lies in the future."""
    at = written if isinstance(written, int | float) and not isinstance(written, bool) else _iso(written)
    latest = (time.time() if now is None else now) + AHEAD_S
    if at is not None and latest < at <= 1000 * latest and at > _LEAST_MILLISECONDS:
        raise FeedbackError(
            f"'at' must be in seconds, but {_shown(written)} looks like milliseconds: divide it by 1000"
        )
    if at is None or not 0 <= at < LATEST:
        raise FeedbackError(
            f"'at' must be seconds since 1970 or a time such as 2026-01-31T12:00:00Z, not {_shown(written)}"
        )
    if at > latest:
        raise FeedbackError(f"'at' must not be in the future, but {_shown(written)} is")
    return float(at)


def _plain(sent: Mapping[str, Any], allowed: frozenset[str], what: str) -> dict[str, Any]:
    """What is given, under the one name of each field."""
    if not isinstance(sent, Mapping):
        raise FeedbackError(f"{what} must be a mapping of its fields, not {_shown(sent)}")
    given: dict[str, Any] = {}
    for key, value in sent.items():
        name = _OTHER_NAMES.get(key, key)
        if name not in allowed:
            raise FeedbackError(f"unknown field {_shown(key)} of {what}; {nearest(str(key)[:LONGEST_LABEL], allowed)}")
        if name in given:
            raise FeedbackError(f"{name!r} of {what} is given twice, as {name!r} and {key!r}; leave one out")
        if value is not None:
            given[name] = value
    return given


def _timed(given: dict[str, Any], now: float | None) -> dict[str, Any]:
    return {**given, "at": moment(given["at"], now=now)} if "at" in given else given


def _kind(given: Mapping[str, Any]) -> RatingKind:
    kinds = [kind for kind in RATING_KINDS if kind in given]
    if len(kinds) == 1:
        return kinds[0]
    was = f"has {' and '.join(kinds)}" if kinds else "has none of them"
    raise FeedbackError(f"a rating is one of {', '.join(RATING_KINDS)}; this one {was}")


def _derived_id(made: Mapping[str, Any]) -> str:
    """The id of a rating whose sender gives it none: the same for the same rating. Without its comment, which may not
    be stored: who guesses it could try whether it makes this id."""
    whole = [made.get(name) for name in ("interaction", "kind", "original", "at")]
    try:
        return hashlib.blake2b(orjson.dumps(whole), digest_size=12).hexdigest()
    except TypeError:
        # What cannot be written is refused by the check of its field.
        return "unwritable"


def _checked(record: type[_Record], given: dict[str, Any]) -> _Record:
    try:
        return record.model_validate(given)
    except ValidationError as error:
        raise FeedbackError(_sentence(error, given)) from error


def _sentence(error: ValidationError, given: Mapping[str, Any]) -> str:
    """The first thing that is wrong, as a sentence."""
    issue = error.errors(include_url=False, include_context=True)[0]
    place = issue["loc"]
    if not place:
        what = issue["msg"].removeprefix("Value error, ")
        return f"the interaction cannot be taken: {what}"
    name = str(place[0])
    inside = "" if len(place) == 1 else f" ({'.'.join(map(str, place))[:LONGEST_LABEL]}: {issue['msg'].lower()})"
    return f"{name!r} must be {_MUST_BE.get(name, 'right')}, not {_shown(given.get(name))}{inside}"


def _iso(written: Any) -> float | None:
    if isinstance(written, datetime):
        found = written
    else:
        try:
            found = datetime.fromisoformat(written.strip())
        except (AttributeError, ValueError):
            return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        return None


def _shown(value: Any) -> str:
    """A value as a message shows it: its beginning, without what a terminal would obey."""
    if isinstance(value, list | tuple | Mapping):
        return f"a {'mapping' if isinstance(value, Mapping) else 'list'} of {len(value)}"
    written = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    if isinstance(value, str) and len(value) > 60:
        return f"{written[:57]}... ({len(value):,} characters)"
    return written[:60]
