"""The commands about definitions: `peel init`, `check` and `schema`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from peel.commands.calling import Paths, open_workspace, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peel.records import Case


def init(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to. Default: this folder.")] = Path(),
) -> None:
    """Write a small workspace that runs as it is."""
    from peel.starter import write_starter

    with told():
        written = write_starter(directory)
        for path in written:
            typer.echo(f"wrote {path}", err=True)
        typer.echo(f"next: {'' if directory == Path() else f'cd {directory} && '}peel run", err=True)


def check(paths: Paths = None) -> None:
    """Load and compile scenarios; execute nothing."""
    import asyncio

    with told():
        workspace = open_workspace(paths)
        compiled = asyncio.run(workspace.check(paths or ()))
        for one in compiled.variants:
            scenario = one.record.scenario
            typer.echo(
                f"{scenario.scenario} ({one.record.variant.name}): {_cases(one.cases)} × "
                f"{_counted(scenario.repetitions, 'repetition')}, {_counted(len(one.places), 'step')}, "
                f"{_counted(len(one.evaluators), 'evaluator')}, {_counted(len(scenario.gates), 'gate')}"
            )


def _cases(cases: Sequence[Case]) -> str:
    """How many cases there are, and how many of them are drafts, which decide no gate."""
    drafts = sum(case.draft for case in cases)
    return _counted(len(cases), "case") + (f" ({_counted(drafts, 'draft')})" if drafts else "")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def schema(
    kind: Annotated[str, typer.Argument(metavar="[KIND]", help="scenario, orchestration, workspace or all.")] = "all",
) -> None:
    """Print the JSON Schema of the definition files, which editors complete from."""
    import json

    from peel.schema import definitions_schema

    with told():
        typer.echo(json.dumps(definitions_schema(kind), indent=2))
