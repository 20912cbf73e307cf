"""What an edited scenario may name: code, cases and documents of its workspace, and nothing outside it.

An engineer who writes a file may name more: what is read from a file stands. What is written through here is held
against these rules as a whole, before anything in it is compiled, since compiling loads the code that it names.
"""

from __future__ import annotations

import ast
import glob
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path as FilePath

from peel.editing.places import is_own, is_plain
from peel.records import Json, Path, Problem
from peel.scenarios.checking import shortened
from peel.scenarios.origin import Origin

_MAGIC = re.compile(r"[*?\[]")
_LARGEST_CODE = 1_000_000
"""The largest Python file, in bytes, whose functions may be named."""
_MOST_DOCUMENTS = 20_000
_FOREIGN_MODEL = re.compile(r"(?!sentence-transformers/)[\w.-]+/[\w.-]+")
"""A model on the Hugging Face hub that anybody may have put there; without an owner it is of sentence-transformers."""
_INSIDE = "a scenario that is edited here names only what lies in the workspace, in no hidden folder"


def reference_problems(value: Json, origin: Origin, *, root: FilePath, before: Json = None) -> tuple[Problem, ...]:
    """What a scenario names that it may not, each at its line. `value` is the file's, as it was parsed; `before` what
    the file held until now, whose embedding models stand."""
    found = _References(origin.directory, root, frozenset(_embeddings(before)))
    return tuple(origin.problem(message, path) for path, message in found.wrong(value))


class _References:
    """The names in one scenario file, relative to its folder."""

    def __init__(self, folder: FilePath, root: FilePath, known_models: frozenset[str]) -> None:
        self._folder = folder
        self._root = root
        self._known_models = known_models

    def wrong(self, value: Json) -> Iterator[tuple[Path, str]]:
        """The path and the sentence of each name that leads out."""
        if not isinstance(value, dict):
            return
        if isinstance(cases := value.get("cases"), str) and not self._is_own_path(cases):
            yield ("cases",), f"the cases file {shortened(cases)!r} is not the workspace's own; {_INSIDE}"
        for key in ("inputs", "evaluators", "variants", "matrix"):
            yield from self._inside(value.get(key), (key,))

    def _inside(self, value: Json, path: Path) -> Iterator[tuple[Path, str]]:
        """Every key that may name a file or code, whatever it stands in; a variant's key ends in the one it changes."""
        if isinstance(value, list):
            for place, item in enumerate(value):
                yield from self._inside(item, (*path, place))
        for key, item in value.items() if isinstance(value, dict) else ():
            last = key.rpartition(".")[2]
            check = {"use": self._code, "knowledge": self._documents, "embedding": self._model}.get(last)
            for text in _texts(item) if check else ():
                sentence = check(text) if check else None
                if sentence:
                    yield (*path, key), sentence
            yield from self._inside(item, (*path, key))

    def _is_own_path(self, written: str) -> bool:
        """Whether a relative path leads to a file of the workspace, whether there is one or not."""
        return _is_relative(written) and is_own(self._folder / written, self._root)

    def _code(self, reference: str) -> str | None:
        if ".py:" not in reference:
            return None
        file, _, name = reference.rpartition(":")
        if not self._is_own_path(file):
            return f"the code {shortened(reference)!r} is not the workspace's own; {_INSIDE}"
        if name not in _defined(self._folder / file):
            return (
                f"{shortened(file)} defines no {shortened(name)!r}; a scenario that is edited here names functions "
                "that the file itself defines, not those it imports"
            )
        return None

    def _documents(self, pattern: str) -> str | None:
        before = _MAGIC.split(pattern, maxsplit=1)[0]
        if not _is_relative(pattern) or ".." in FilePath(pattern[len(before) :]).parts or not self._is_own_path(before):
            return f"the documents {shortened(pattern)!r} are not the workspace's own; {_INSIDE}"
        try:
            # Path.glob takes no pattern that begins with `..`.
            matches = glob.iglob(pattern, root_dir=self._folder, recursive=True)  # noqa: PTH207
            named = itertools.islice(matches, _MOST_DOCUMENTS)
            outside = [one for one in named if not is_own(self._folder / one, self._root)]
        except (OSError, ValueError, re.error):
            return f"the documents {shortened(pattern)!r} cannot be looked for; write a path with *"
        return f"the document {shortened(outside[0])!r} is not the workspace's own; {_INSIDE}" if outside else None

    def _model(self, name: str) -> str | None:
        """An embedding model may be named by a path, which is relative to the workspace, or fetched by its name."""
        is_path = not _is_relative(name) or name.startswith((".", "~")) or name.count("/") > 1
        if (is_path or os.path.lexists(self._root / name)) and not self._is_own_model(name):
            return f"the embedding model {shortened(name)!r} is not the workspace's own; {_INSIDE}"
        if not _FOREIGN_MODEL.fullmatch(name) or name in self._known_models or os.path.lexists(self._root / name):
            return None
        return (
            f"the embedding model {shortened(name)!r} would be fetched and loaded by the server; name one without an "
            "owner, such as all-MiniLM-L6-v2, or write it into the file in an editor"
        )

    def _is_own_model(self, name: str) -> bool:
        return _is_relative(name) and not name.startswith("~") and is_own(self._root / name, self._root)


def _is_relative(written: str) -> bool:
    """Whether a text is a relative path of plain names, which may begin with `..`."""
    parts = written.split("/")
    up = len(list(itertools.takewhile(lambda part: part in (".", ".."), parts)))
    rest = [_MAGIC.sub("x", part).rstrip("]") or "x" for part in parts[up:] if part]
    return not written.startswith("/") and all(is_plain(part) for part in rest)


def _embeddings(value: Json) -> Iterator[str]:
    """Every embedding model that a scenario names, whatever it stands in."""
    for item in value if isinstance(value, list) else ():
        yield from _embeddings(item)
    for key, item in value.items() if isinstance(value, dict) else ():
        yield from _texts(item) if key.rpartition(".")[2] == "embedding" else _embeddings(item)


def _texts(value: Json) -> Iterator[str]:
    """The texts of a value: itself, or those in a list, however deep (a matrix lists values that may be lists)."""
    if isinstance(value, str):
        yield value
    for item in value if isinstance(value, list) else ():
        yield from _texts(item)


def _defined(file: FilePath) -> frozenset[str]:
    """The names that a Python file binds at its top by a definition or an assignment, and not by an import."""
    try:
        if file.stat().st_size > _LARGEST_CODE:
            return frozenset()
        body = ast.parse(file.read_bytes()).body
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return frozenset()
    return frozenset(name for statement in body for name in _bound(statement))


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    yield from (target.id for target in targets if isinstance(target, ast.Name))
