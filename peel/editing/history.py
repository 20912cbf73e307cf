"""What files held before they were written here: a bounded history of each, in `.peel/`, outside git."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

MOST_STEPS = 50
"""How many writes of one file can be undone."""
MOST_BYTES = 50_000_000
"""How much the history of one file may take on the disk, compressed; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One write: its number, and the hashes of what the file held before and after it."""

    number: int
    before: str
    after: str


class History:
    """The histories below a folder, one for each file, by its name. Callers see to it that one writes at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Make the folder, which git is told to pass over."""
        self._folder.mkdir(parents=True, exist_ok=True)
        ignored = self._folder / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n", encoding="utf-8")

    def keep(self, name: str, before: bytes, *, after: str) -> None:
        """Remember what a file held before a write that made it what `after` is the hash of."""
        folder = self._of(name)
        folder.mkdir(exist_ok=True)
        steps = self._steps(name)
        number = steps[-1].number + 1 if steps else 1
        self._file(folder, number).write_bytes(zlib.compress(before))
        self._write(name, self._bounded(folder, [*steps, _Step(number, hashlib.sha256(before).hexdigest(), after)]))

    def before(self, name: str, after: str) -> bytes | None:
        """What a file held before the last write, if that made it what `after` is the hash of."""
        steps = self._steps(name)
        if not steps or steps[-1].after != after:
            return None
        try:
            return zlib.decompress(self._file(self._of(name), steps[-1].number).read_bytes())
        except (OSError, zlib.error):
            return None

    def drop(self, name: str, after: str) -> None:
        """Forget the last write, which was undone."""
        steps = self._steps(name)
        if steps and steps[-1].after == after:
            self._write(name, steps[:-1])
            self._file(self._of(name), steps[-1].number).unlink(missing_ok=True)

    def depth(self, name: str, after: str) -> int:
        """How many writes can be undone one after the other, from what `after` is the hash of."""
        depth = 0
        for step in reversed(self._steps(name)):
            if step.after != after:
                break
            depth, after = depth + 1, step.before
        return depth

    def _bounded(self, folder: Path, steps: list[_Step]) -> list[_Step]:
        """The newest steps that may be kept, the last always; the files of the others are removed."""
        taken, kept = 0, len(steps)
        while kept:
            taken += self._size(folder, steps[kept - 1].number)
            if kept < len(steps) and (taken > MOST_BYTES or len(steps) - kept >= MOST_STEPS):
                break
            kept -= 1
        for step in steps[:kept]:
            self._file(folder, step.number).unlink(missing_ok=True)
        return steps[kept:]

    def _size(self, folder: Path, number: int) -> int:
        file = self._file(folder, number)
        return file.stat().st_size if file.exists() else 0

    def _steps(self, name: str) -> list[_Step]:
        """The writes of a file, oldest first; none where what is kept of them cannot be read."""
        try:
            written = json.loads((self._of(name) / "steps.json").read_text(encoding="utf-8"))
            return [_Step(int(number), str(before), str(after)) for number, before, after in written]
        except (OSError, ValueError, TypeError):
            return []

    def _write(self, name: str, steps: list[_Step]) -> None:
        temporary = self._of(name) / "steps.tmp"
        temporary.write_text(json.dumps([[step.number, step.before, step.after] for step in steps]), encoding="utf-8")
        temporary.replace(self._of(name) / "steps.json")

    def _of(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode()).hexdigest()[:32]

    @staticmethod
    def _file(folder: Path, number: int) -> Path:
        return folder / f"{number}.before"
