"""Counts in words."""

from __future__ import annotations


def counted(number: int, word: str) -> str:
    """A number with its unit: `1 case`, `1,200 cases`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
