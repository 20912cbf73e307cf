"""Where values stand in their file: the line of every key and item, and problems that name it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import TypeAlias

from peel.records import Path, Problem

Inside: TypeAlias = "dict[str, Place] | list[Place] | None"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one value stands: its line (1-based; of the key in a mapping, of the item in a list), and the places
    of what is inside it. An alias shares the places of its anchor."""

    line: int
    inside: Inside = None

    def get(self, key: str | int) -> Place | None:
        """The place of one key or item; None where there is none."""
        if isinstance(self.inside, dict) and isinstance(key, str):
            return self.inside.get(key)
        if isinstance(self.inside, list) and isinstance(key, int) and 0 <= key < len(self.inside):
            return self.inside[key]
        return None

    def nearest(self, path: Path) -> Place:
        """The place of `path`, or of the nearest thing that encloses it."""
        place = self
        for key in path:
            inner = place.get(key)
            if inner is None:
                break
            place = inner
        return place

    def holding(self, key: str, inside: Inside) -> Place:
        """The same place with other places inside its `key`: what a list looks like once wrong items are left out."""
        kept = dict(self.inside) if isinstance(self.inside, dict) else {}
        kept[key] = Place(kept[key].line if key in kept else self.line, inside)
        return replace(self, inside=kept)


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that a definition came from. `file` is its path as shown, `directory` what its own paths are
    relative to."""

    file: str
    directory: FilePath
    place: Place = Place(1)

    def line(self, path: Path = ()) -> int:
        """The line (1-based) of the value at `path`, or of the nearest thing that encloses it."""
        return self.place.nearest(path).line

    def problem(self, message: str, path: Path = ()) -> Problem:
        """Something wrong with the value at `path`. What stands in no file has the line 0, which is not told."""
        return Problem(message=message, file=self.file, line=self.line(path) or None)

    def at(self, *path: str | int) -> Origin:
        """The same file, with paths that begin inside the value at `path`."""
        return replace(self, place=self.place.nearest(path))


def absolute(path: FilePath) -> FilePath:
    """A path from the root of the file system; links stay as they are written."""
    return FilePath(os.path.normpath(FilePath.cwd() / path))


def shown(path: FilePath) -> str:
    """A path as a person would type it here: relative to the current directory unless that is the longer way."""
    full = str(absolute(path))
    try:
        relative = os.path.relpath(full)
    except ValueError:  # another drive of Windows
        return full
    return min(relative, full, key=len)


def origin_of(path: FilePath, place: Place | None = None) -> Origin:
    """The origin of a file; without `place`, every problem is on its first line."""
    return Origin(file=shown(path), directory=absolute(path).parent, place=place or Place(1))
