"""Plugins: kinds of steps, evaluators, models, executors and reports, found by name through entry points.

Built-in kinds come in through the same door as strangers' packages; nothing is imported until it is named.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from peel.errors import PeelError

__all__ = ["Registry", "UnknownName", "nearest"]


MOST_LISTED = 20
"""How many allowed names a message lists."""


class UnknownName(PeelError):
    """A name that no plugin of the group has; the message names what is allowed and the nearest."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """What to tell somebody who wrote `name`: the allowed names, and the nearest where one is near.

    >>> nearest("regx", ["exact", "regex"])
    "did you mean 'regex'? Allowed: exact, regex"
    """
    names = sorted(set(allowed))
    if not names:
        return "none exist here"
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if len(names) > MOST_LISTED:
        # A hundred case ids would bury the nearest one.
        return f"did you mean {close[0]!r}?" if close else f"{len(names)} exist, such as {names[0]!r}"
    listed = f"llowed: {', '.join(names)}"
    return f"did you mean {close[0]!r}? A{listed}" if close else f"a{listed}"


@cache
def _all_entry_points(path: tuple[str, ...]) -> Any:
    """Those of every package on the import path: read once for all groups, as each reading opens every package."""
    return entry_points()


@cache
def _entry_points(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in _all_entry_points(tuple(sys.path)).select(group=group)}


class Registry:
    """The plugins of one entry-point group, such as `peel.steps`; `word` is what one is called in messages."""

    def __init__(self, group: str, *, word: str) -> None:
        self.group = group
        self.word = word

    def names(self) -> list[str]:
        """All names of the group, sorted."""
        return sorted(_entry_points(self.group))

    def resolve(self, name: str) -> Any:
        """The object a name stands for.

        Raises UnknownName where no plugin has it, PeelError where the plugin cannot be imported.
        """
        entry = _entry_points(self.group).get(name)
        if entry is None:
            raise UnknownName(f"unknown {self.word} {name!r}; {nearest(name, self.names())}")
        try:
            return entry.load()
        except (ImportError, AttributeError) as error:
            raise PeelError(f"the {self.word} {name!r} ({entry.value}) cannot be loaded: {error}") from error
