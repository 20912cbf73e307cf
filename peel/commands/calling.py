"""What every command shares: its workspace, the console, files it writes, errors told as sentences."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from peel.workspace import Workspace

WRONG = 2
INTERRUPTED = 130

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="[PATH]...", help="Scenario files or folders. Default: all.")
]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, or 'last'.")]
StoreUrl = Annotated[
    str | None, typer.Option("--store", metavar="URL", help="The store, not that of peel.yaml or PEEL_STORE.")
]


def open_workspace(paths: list[str] | None, store: str | None = None) -> Workspace:
    from peel.workspace import Workspace

    return Workspace.find(paths or (), store=store or os.environ.get("PEEL_STORE"))


def output_console() -> Console:
    from rich.console import Console

    # Redirected to a file, a table as wide as a terminal would lose its columns.
    return Console(width=None if sys.stdout.isatty() else 120, soft_wrap=False, highlight=False)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file that is there whole or not at all: what an earlier call wrote stays until this one succeeds."""
    into = path if path.exists() and not path.is_file() else path.with_name(f"{path.name}.part")
    try:
        with into.open("wb") as file:
            yield file
        if into != path:
            into.replace(path)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror or error}")
    finally:
        if into != path:
            into.unlink(missing_ok=True)


def put_out(
    report_format: str, output: Path | None, *, content: Callable[[], bytes], render: Callable[[Console], None]
) -> None:
    """A report to where it was asked for: its content to a file or to standard output, or printed on a terminal."""
    if output is not None:
        with writing(output) as file:
            file.write(content())
        typer.echo(f"wrote {output}", err=True)
    elif report_format == "terminal":
        render(output_console())
    else:
        sys.stdout.buffer.write(content())


@contextmanager
def told() -> Iterator[None]:
    """Errors as sentences on standard error and exit code 2; what is not one of PEEL's is a bug and keeps its trace."""
    from peel.errors import PeelError

    try:
        yield
    except PeelError as error:
        fail(str(error))


def fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(WRONG)


def shown(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
