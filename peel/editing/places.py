"""Which files may be edited, and what new ones may be called: inside the workspace, by links as well as by name."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from peel.errors import DefinitionError, UnknownScenario
from peel.plugins import nearest
from peel.records import Problem
from peel.scenarios.checking import shortened
from peel.scenarios.documents import Unreadable, first_text, read_text
from peel.scenarios.finding import find_scenarios
from peel.scenarios.origin import absolute

_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})
"""Names that no file may have on Windows."""
_LONGEST_NAME = 200
"""Bytes of a file's name: file systems take 255, and a temporary name is longer."""
_FOREIGN = frozenset({"site-packages", "dist-packages", "node_modules", "__pycache__"})
"""Folders whose files others wrote."""


def refused(message: str, file: str, line: int | None = None) -> DefinitionError:
    """The error that says why a file is not edited."""
    return DefinitionError([Problem(message=message, file=shortened(file), line=line)])


def scenario_files(root: Path) -> dict[str, tuple[Path, ...]]:
    """The scenario files of the workspace by the name each gives itself; one without a name is called like its file."""
    found: dict[str, tuple[Path, ...]] = {}
    for path in find_scenarios(root):
        name = _name_in(path)
        found[name] = (*found.get(name, ()), path)
    return found


def scenario_file(root: Path, name: str) -> Path:
    """The file of a scenario. Raises UnknownScenario where there is none, DefinitionError where there are several."""
    files = scenario_files(root)
    paths = files.get(name, ())
    if not paths:
        raise UnknownScenario(f"there is no scenario {shortened(name)!r}; {nearest(name, files)}")
    if len(paths) > 1:
        listed = ", ".join(path.relative_to(root).as_posix() for path in paths)
        raise refused(f"the scenario stands in several files: {listed}; rename all but one in an editor", name)
    return paths[0]


def _name_in(path: Path) -> str:
    try:
        return first_text(read_text(path), "scenario") or path.stem
    except Unreadable:
        return path.stem


def existing(root: Path, path: Path) -> Path:
    """The file behind a path, links followed. Raises DefinitionError where it is not one inside the workspace."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise refused("there is no such file", path.name) from error
    if not is_own(real, root):
        raise refused(
            "the file lies outside the workspace, or behind a link that leads outside; move it inside", path.name
        )
    if not real.is_file():
        raise refused("this is no ordinary file", path.name)
    return real


def is_own(path: Path, root: Path) -> bool:
    """Whether a path, its links followed, is the workspace's own: inside it, not hidden, and nobody's package."""
    try:
        real, base = path.resolve(), root.resolve()
        inside = real.relative_to(base).parts
    except (OSError, RuntimeError, ValueError):
        return False
    if any(part.startswith(".") or part in _FOREIGN for part in inside):
        return False
    folders = [base.joinpath(*inside[:depth]) for depth in range(1, len(inside))]
    return not any((folder / "pyvenv.cfg").exists() for folder in folders)


def is_plain(part: str) -> bool:
    """Whether one part of a path is a name and nothing else: not hidden, no separator, no control character."""
    return (
        bool(part)
        and not part.startswith(".")
        and part.isprintable()
        and not re.search(r'[\\/:*?"<>|]', part)
        and part == part.strip()
    )


def new_scenario_file(root: Path, scenario: str) -> Path:
    """The file for a new scenario of this name, in `scenarios/`; nothing has that name or its cases' yet.

    Raises DefinitionError where the name can be no file's, or is taken.
    """
    stem = unicodedata.normalize("NFC", scenario).replace("-", "_")
    if not is_plain(stem) or stem.endswith(".") or stem.split(".")[0].casefold() in _DEVICES:
        raise refused(f"no file can be called {shortened(scenario)!r}; choose another name", "scenario")
    if len(os.fsencode(stem)) > _LONGEST_NAME:
        raise refused(f"the name has more than {_LONGEST_NAME} bytes; choose a shorter one", "scenario")
    folder = root / "scenarios"
    if not is_own(folder / "x", root):
        raise refused("the folder scenarios/ lies outside the workspace", "scenarios")
    taken = {_folded(path.name) for path in folder.iterdir()}
    for suffix in (".yaml", ".yml", ".csv"):
        if _folded(stem + suffix) in taken:
            raise refused(f"there is a file scenarios/{stem}{suffix} already; choose another name", "scenario")
    return folder / f"{stem}.yaml"


def _folded(name: str) -> str:
    """A name as file systems that ignore case and composition see it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def located(problem: Problem, root: Path) -> Problem:
    """A problem with its file as pages name files: from the workspace, wherever the server was started."""
    if problem.file is None or not Path(problem.file).suffix:  # what stands for the call, such as `--until`
        return problem
    path = absolute(Path(problem.file))
    inside = path.is_relative_to(root)
    return problem.model_copy(update={"file": path.relative_to(root).as_posix()}) if inside else problem


def relative(path: Path, root: Path) -> str:
    """A file as pages and commands name it: relative to the workspace, with `/`."""
    return path.resolve().relative_to(root.resolve()).as_posix()
