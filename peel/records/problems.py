"""Problem: one thing wrong in a definitions file or a call, told so that it can be mended."""

from __future__ import annotations

from peel.records.base import Record


class Problem(Record):
    """One thing wrong: where it stands, what was found, what is allowed.

    `file` is a path as the user would type it (or a flag such as `--variant`); `line` counts from 1.
    """

    message: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        return f"{place}: {self.message}" if place else self.message
