"""The small workspace that `peel init` writes: it runs as it is, and each line of it says what it is for."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from peel.errors import DefinitionError
from peel.records import Problem


def write_starter(directory: Path) -> list[Path]:
    """Write the workspace into `directory`, made if it does not exist; the paths written, in order.

    Raises DefinitionError where a file is in the way (then nothing is written) or the folder cannot be written.
    """
    sources = {directory / name: source for name, source in _files(files("peel.starter") / "files")}
    in_the_way = [path for path in sources if path.exists()]
    if in_the_way:
        raise DefinitionError(
            [Problem(message="exists already; name another folder, or move it away", file=str(p)) for p in in_the_way]
        )
    try:
        for path, source in sources.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.read_bytes())
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}"
        raise DefinitionError([Problem(message=message, file=str(error.filename or directory))]) from error
    return list(sources)


def _files(folder: Traversable, above: str = "") -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for item in sorted(folder.iterdir(), key=lambda one: one.name):
        if item.is_dir():
            found += _files(item, f"{above}{item.name}/")
        elif not item.name.endswith(".pyc"):
            found.append((above + item.name, item))
    return found
