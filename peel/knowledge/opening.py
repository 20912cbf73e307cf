"""From a shared input of kind knowledge, as a scenario writes it, to documents that can be searched.

What is checked here is cheap and imports neither chromadb nor torch: `peel check` runs it.
"""

from __future__ import annotations

import glob
import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from peel.errors import DocumentError, MissingExtra, PeelError
from peel.knowledge.chunking import ChunkingSettings
from peel.knowledge.documents import LARGEST_FILE
from peel.knowledge.index import Knowledge
from peel.knowledge.reading import allowed, kind_of
from peel.models.embedding import Embedder
from peel.records import Record

_NEEDS = ("chromadb", "pypdf")
_MOST_DOCUMENTS = 20_000


class KnowledgeSettings(Record):
    """A knowledge input as written. `knowledge` is a glob, or several, relative to the file that names it;
    `embedding` names the embedding model."""

    knowledge: str | tuple[str, ...]
    chunking: ChunkingSettings = Field(default_factory=ChunkingSettings)
    embedding: str = "all-MiniLM-L6-v2"

    @property
    def patterns(self) -> tuple[str, ...]:
        """The globs as a tuple."""
        return (self.knowledge,) if isinstance(self.knowledge, str) else self.knowledge


@dataclass(frozen=True, slots=True)
class Place:
    """Where a knowledge input stands: its name, the folder of the file that names it, the workspace's root."""

    name: str
    folder: Path
    root: Path

    @property
    def label(self) -> str:
        """The input as messages call it."""
        return f"the knowledge input {self.name!r}"


def check(settings: KnowledgeSettings, place: Place) -> dict[str, Path]:
    """The documents of a knowledge input by name, without reading them.

    Raises MissingExtra where the extra `rag` is not installed, and DocumentError where a glob matches no document or
    leaves the workspace, or a document is of an unknown kind, empty, too large or unreadable: all of them in one
    message, one a line.
    """
    if any(importlib.util.find_spec(package) is None for package in _NEEDS):
        raise MissingExtra(place.label, extra="rag")
    paths: dict[Path, None] = {}
    problems: list[str] = [] if settings.patterns else [f"{place.label} names no document"]
    for pattern in settings.patterns:
        try:
            paths.update(dict.fromkeys(_matches(pattern, place)))
        except DocumentError as error:
            problems.append(str(error))
    problems += [problem for path in paths if (problem := _unreadable(path))]
    if len(paths) > _MOST_DOCUMENTS:
        problems.append(f"{place.label} has {len(paths)} documents, more than {_MOST_DOCUMENTS}")
    if problems:
        raise DocumentError("\n".join(problems))
    return _named(list(paths))


def open_knowledge(settings: KnowledgeSettings, place: Place, *, embedder: Embedder) -> Knowledge:
    """The knowledge of an input, ready to be prepared; nothing is read or built yet. Raises as `check` does."""
    return Knowledge(
        check(settings, place),
        settings.chunking,
        embedder=embedder,
        folder=place.root / ".peel" / "knowledge",
    )


def _matches(pattern: str, place: Place) -> list[Path]:
    """The files a glob matches, sorted. An absolute path means the place it names, wherever that is."""
    if not pattern.strip():
        raise DocumentError(f"{place.label} has an empty path; name documents such as ../knowledge/*.pdf")
    # Path.glob takes neither an absolute pattern nor one that begins with `..`.
    found = sorted(glob.glob(pattern, root_dir=place.folder, recursive=True))  # noqa: PTH207 - see above
    paths = [Path(os.path.normpath(place.folder / entry)) for entry in found]
    files = [path for path in paths if path.is_file()]
    if not files:
        hint = "the folder is searched with /*" if paths else f"readable are {allowed()}"
        raise DocumentError(f"{place.label}: {pattern!r} matches no document in {place.folder}; {hint}")
    root = place.root.resolve()
    outside = [path for path in files if not path.resolve().is_relative_to(root)]
    if outside and not Path(pattern).is_absolute():
        raise DocumentError(
            f"{place.label}: {pattern!r} leads outside the workspace {place.root} ({outside[0]}); "
            "move the documents into the workspace, or write an absolute path if that is meant"
        )
    return files


def _unreadable(path: Path) -> str | None:
    """What can be seen to be wrong with a document from its first bytes."""
    try:
        kind = kind_of(path)
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(1024)
    except PeelError as error:
        return str(error)
    except OSError as error:
        return f"{path}: the document cannot be read: {error.strerror or error}"
    if size == 0:
        return f"{path}: the document is empty"
    if size > LARGEST_FILE:
        return f"{path}: the document has {size} bytes, more than {LARGEST_FILE}; split it"
    if kind == "PDF" and b"%PDF-" not in head:
        return f"{path}: the file is not a PDF, whatever its name says"
    return None


def _named(paths: Sequence[Path]) -> dict[str, Path]:
    """Documents by file name; where two share one, all are named by their path below the folder they have in common."""
    if len({path.name for path in paths}) == len(paths):
        return {path.name: path for path in paths}
    common = Path(os.path.commonpath([path.parent for path in paths]))
    return {path.relative_to(common).as_posix(): path for path in paths}
