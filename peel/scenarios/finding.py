"""Where the files of a workspace are: its root, its scenarios, and its orchestrations by name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from peel.scenarios.documents import Unreadable, begins_with_list, first_text, read_text
from peel.scenarios.origin import absolute

_YAML = frozenset({".yaml", ".yml"})
_PEEK = 16_384
"""How many bytes of a file tell whether it holds a list."""


@dataclass(frozen=True, slots=True)
class FoundOrchestrations:
    """The orchestration files by the name each gives itself; a name that stands in several files has several paths.
    `unreadable` are the files that break before their name, `nameless` those that have none."""

    paths: dict[str, tuple[Path, ...]]
    unreadable: tuple[Path, ...] = ()
    nameless: tuple[Path, ...] = ()


def find_workspace(start: Path) -> Path | None:
    """The nearest folder with `scenarios/` in it, from `start` (a folder or a file in it) upward; None if there is
    none."""
    begin = absolute(start)
    for folder in (begin, *begin.parents):
        if (folder / "scenarios").is_dir():
            return folder
    return None


def find_scenarios(root: Path) -> list[Path]:
    """Every scenario file of the workspace `root`, sorted."""
    return scenarios_below(root / "scenarios")


def scenarios_below(folder: Path) -> list[Path]:
    """Every scenario file in a folder or below it, sorted. A YAML file that holds a list is a cases file, not a
    scenario."""
    return [path for path in _yaml_below(folder) if not _holds_list(path)]


def find_orchestrations(root: Path) -> FoundOrchestrations:
    """Every orchestration file below `orchestrations/`, by name. Reads each file only as far as its name."""
    paths: dict[str, tuple[Path, ...]] = {}
    unreadable: list[Path] = []
    nameless: list[Path] = []
    for path in _yaml_below(root / "orchestrations"):
        try:
            name = first_text(read_text(path), "orchestration")
        except Unreadable:
            unreadable.append(path)
            continue
        if name is None:
            nameless.append(path)
        else:
            paths[name] = (*paths.get(name, ()), path)
    return FoundOrchestrations(paths, tuple(unreadable), tuple(nameless))


def is_inside(path: Path, root: Path) -> bool:
    """Whether a path lies in a folder: as written, or with all links followed."""
    return absolute(path).is_relative_to(absolute(root)) or path.resolve().is_relative_to(root.resolve())


def _holds_list(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return begins_with_list(file.read(_PEEK).decode("utf-8-sig", errors="replace"))
    except OSError:
        return False


def _yaml_below(folder: Path) -> list[Path]:
    return sorted(path for path in _files_below(folder) if path.suffix.lower() in _YAML)


def _files_below(folder: Path) -> Iterable[Path]:
    """Every file, hidden ones left out."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent) / name for name in files if not name.startswith("."))
