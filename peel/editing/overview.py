"""The scenarios of a workspace in a list: what each is and what is wrong with it, read again when a file changed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from peel.editing.places import scenario_files
from peel.records import Problem, Scenario
from peel.scenarios.loading import load_orchestration, load_scenario

FOLDERS = ("scenarios", "orchestrations", "knowledge", "evaluators", "steps")
"""Where the files are that a scenario is made of, beside `peel.yaml`: a change anywhere else is not looked for."""

MOST_FILES = 20_000
"""How many of them are looked at for changes."""

Problems = Callable[[Path], tuple[Problem, ...]]
"""What `peel check` says of one scenario file."""


@dataclass(frozen=True, slots=True)
class ListedScenario:
    """One scenario of the workspace. `files` are its paths from the workspace: several where a name stands in several.

    `scenario` is None where its file gives none; `problems` is what is seen without compiling it.
    """

    name: str
    files: tuple[str, ...]
    scenario: Scenario | None
    problems: tuple[Problem, ...]


class Overview:
    """The scenarios of the workspace `root`. Safe to use from several threads."""

    def __init__(self, root: Path, problems: Problems) -> None:
        self._root, self._check = root, problems
        self._guard = threading.Lock()
        self._seen: object = None
        self._listed: tuple[ListedScenario, ...] = ()
        self._problems: dict[str, tuple[Problem, ...]] = {}

    def scenarios(self) -> tuple[ListedScenario, ...]:
        """All of them, by name. Never raises for what files hold."""
        with self._guard:
            self._look()
            return self._listed

    def problems(self, name: str) -> tuple[Problem, ...]:
        """Everything that `peel check` says of a scenario; nothing of one that is not there."""
        with self._guard:
            self._look()
            found, seen = self._problems.get(name), self._seen
            listed = next((one for one in self._listed if one.name == name), None)
        if found is not None or listed is None:
            return found or ()
        made = listed.problems if len(listed.files) > 1 else self._check(self._root / listed.files[0])
        with self._guard:
            if seen == self._seen:
                self._problems[name] = made
        return made

    def known_problems(self) -> dict[str, tuple[Problem, ...]]:
        """What `problems` says of those scenarios that it was asked about since their files changed, by name."""
        with self._guard:
            self._look()
            return dict(self._problems)

    def _look(self) -> None:
        """Read everything again where a file changed since the last look."""
        seen = file_states(self._root)
        if seen != self._seen:
            self._listed = tuple(self._list())
            self._seen, self._problems = seen, {}

    def _list(self) -> Iterator[ListedScenario]:
        for name, paths in sorted(scenario_files(self._root).items()):
            files = tuple(path.relative_to(self._root).as_posix() for path in paths)
            if len(paths) > 1:
                message = (
                    f"the scenario {name!r} stands in {len(paths)} files; names must be unique: rename all but one"
                )
                problems = tuple(Problem(message=message, file=file) for file in files)
                yield ListedScenario(name, files, None, problems)
                continue
            loaded = load_scenario(paths[0], root=self._root)
            problems = loaded.problems
            if loaded.orchestration_path is not None:
                problems += load_orchestration(loaded.orchestration_path, root=self._root).problems
            yield ListedScenario(name, files, loaded.scenario, problems)


def file_states(root: Path) -> tuple[tuple[str, int, int], ...]:
    """The files that scenarios of the workspace `root` are made of, each with when it was changed and how long it is:
    as long as this is the same, nothing needs to be read again."""
    return tuple(_states(root))


def _states(root: Path) -> Iterator[tuple[str, int, int]]:
    yield from _state(root / "peel.yaml")
    left = MOST_FILES
    for folder in FOLDERS:
        for parent, folders, files in os.walk(root / folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                left -= 1
                if left < 0:
                    return
                yield from _state(Path(parent, name))


def _state(path: Path) -> Iterator[tuple[str, int, int]]:
    try:
        found = os.stat(path)  # noqa: PTH116  # thousands of files: a tenth of what Path.stat takes
    except OSError:
        return
    yield str(path), found.st_mtime_ns, found.st_size
