"""One file that is edited: read with the hash of its content, written whole or not at all, and never over a change that
somebody else made meanwhile."""

from __future__ import annotations

import difflib
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from peel.editing.history import History
from peel.editing.places import refused, relative
from peel.errors import ConflictError
from peel.scenarios.documents import Unreadable, as_text

LARGEST_FILE = 32_000_000
"""The largest file that is edited, in bytes."""
_MARK = b"\xef\xbb\xbf"
_MOST_DIFFERENCES = 2_000
"""How many lines of a conflict's differences are told."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: `seen` is the hash of its bytes, `text` what they say without a byte order mark."""

    path: Path
    data: bytes
    text: str

    @property
    def seen(self) -> str:
        return content_hash(self.data)

    def encoded(self, text: str) -> bytes:
        """Another text as this file would hold it: with its byte order mark, if it has one."""
        mark = _MARK if self.data.startswith(_MARK) else b""
        return mark + text.encode()


def content_hash(data: bytes) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal: what a view carries, and a change is held against."""
    return hashlib.sha256(data).hexdigest()


class Files:
    """Reads and writes files of the workspace `root`, which must have been found to lie in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".peel" / "editing"
        self.history = History(self.folder)

    def read(self, path: Path) -> Content:
        """Raises DefinitionError where the file is no UTF-8, or too large to be edited."""
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST_FILE + 1)
        except OSError as error:
            raise refused(f"the file cannot be read: {error.strerror or error}", relative(path, self.root)) from error
        if len(data) > LARGEST_FILE:
            message = f"the file is larger than {LARGEST_FILE // 1_000_000} MB, the most that is edited here"
            raise refused(message, relative(path, self.root))
        try:
            return Content(path, data, as_text(data))
        except Unreadable as error:
            raise refused(str(error), relative(path, self.root), error.line) from error

    def write(self, path: Path, text: str, *, seen: str) -> None:
        """Replace what a file holds, where it still holds what `seen` is the hash of; undo can take it back.

        Raises ConflictError where it holds something else, DefinitionError where it cannot be written.
        """
        with self._alone():
            content = self.unchanged(path, text, seen=seen)
            data = content.encoded(text)
            if data == content.data:
                return
            self._replace(path, data)
            self.history.keep(relative(path, self.root), content.data, after=content_hash(data))

    def create(self, path: Path, text: str) -> None:
        """Write a file that does not exist. Raises DefinitionError where one does, or it cannot be written."""
        name = relative(path, self.root)
        with self._alone():
            temporary = self._written(path, text.encode(), mode=0o644)
            try:
                os.link(temporary, path)
            except FileExistsError as error:
                raise refused("there is such a file already; choose another name", name) from error
            except OSError as error:
                raise refused(f"the file cannot be written: {error.strerror or error}", name) from error
            finally:
                temporary.unlink(missing_ok=True)

    def undo(self, path: Path, *, seen: str) -> None:
        """Give a file what it held before the last write that is not undone.

        Raises ConflictError where the file changed since the view that asks, DefinitionError where nothing that was
        written here led to what it holds.
        """
        name = relative(path, self.root)
        with self._alone():
            content = self.unchanged(path, None, seen=seen)
            before = self.history.before(name, content.seen)
            if before is None:
                raise refused("there is nothing to undo: what the file holds was not written here", name)
            self._replace(path, before)
            self.history.drop(name, content.seen)

    def unchanged(self, path: Path, text: str | None, *, seen: str) -> Content:
        """What a file holds. Raises ConflictError, with what was to be written, where `seen` is another hash."""
        content = self.read(path)
        if content.seen == seen:
            return content
        raise ConflictError(
            relative(path, self.root),
            yours=text,
            theirs=content.text,
            seen=content.seen,
            diff="" if text is None else _differences(content.text, text),
        )

    def _replace(self, path: Path, data: bytes) -> None:
        try:
            temporary = self._written(path, data, mode=path.stat().st_mode & 0o777)
            try:
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            message = f"the file cannot be written: {error.strerror or error}"
            raise refused(message, relative(path, self.root)) from error

    def _written(self, path: Path, data: bytes, *, mode: int) -> Path:
        """A hidden file beside `path` that holds the data, on the disk when it returns."""
        temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(mode)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            message = f"the file cannot be written: {error.strerror or error}"
            raise refused(message, relative(path, self.root)) from error
        return temporary

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer of PEEL at a time, in all threads and processes."""
        self.history.prepare()
        with (self.folder / "lock").open("ab") as file:
            with suppress(ImportError):  # Windows has none; what is held against the hash there is still whole
                import fcntl

                fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            yield


def _differences(theirs: str, yours: str) -> str:
    """What separates the file from the text that was to be written, as a unified diff."""
    ours, others = theirs.splitlines(), yours.splitlines()
    if len(ours) + len(others) > 20 * _MOST_DIFFERENCES:
        return ""
    lines = difflib.unified_diff(ours, others, "on disk", "yours", lineterm="")
    return "\n".join(line for line, _ in zip(lines, range(_MOST_DIFFERENCES), strict=False))
