"""Ratings as numbers in [0, 1]: how each kind may be given, and what value it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from peel.records.base import Json
from peel.records.feedback import RatingKind

SMILEYS: Mapping[str, float] = MappingProxyType({"sad": 0.0, "neutral": 0.5, "happy": 1.0})
THUMBS: Mapping[str, float] = MappingProxyType({"down": 0.0, "up": 1.0})
MOST_STARS = 5

ALLOWED: Mapping[RatingKind, str] = MappingProxyType(
    {
        "stars": f"a whole number from 1 to {MOST_STARS}",
        "slider": "a number from 0 to 1",
        "smiley": "'sad', 'neutral' or 'happy'",
        "thumbs": "'up' or 'down'",
    }
)
"""How each kind may be given, in words."""


def value_of(kind: RatingKind, original: Json) -> float:
    """The value in [0, 1] that a rating stands for: stars (s - 1) / 4, smiley 0, 0.5, 1, thumbs 0, 1, a slider as is.

    Raises ValueError with what is allowed.
    """
    value = _value(kind, original)
    if value is None:
        shown = repr(original)
        raise ValueError(f"{kind!r} must be {ALLOWED[kind]}, not {shown if len(shown) <= 60 else shown[:57] + '...'}")
    return value


def read_text(kind: RatingKind, text: str) -> Json:
    """A rating written in a cell as a rating: numbers become numbers, a comma may stand for the point; what is none
    stays text, for `value_of` to refuse."""
    plain = text.strip()
    if kind in ("smiley", "thumbs"):
        return plain.lower()
    try:
        number = float(plain.replace(",", "."))
    except ValueError:
        return plain
    return int(number) if kind == "stars" and number.is_integer() else number


def _value(kind: RatingKind, original: Json) -> float | None:
    if kind in ("smiley", "thumbs"):
        words = SMILEYS if kind == "smiley" else THUMBS
        return words.get(original) if isinstance(original, str) else None
    if isinstance(original, bool) or not isinstance(original, int | float):
        return None
    if kind == "slider":
        return float(original) if 0 <= original <= 1 else None
    whole = original in range(1, MOST_STARS + 1)
    return (original - 1) / (MOST_STARS - 1) if whole else None
