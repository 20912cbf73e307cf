"""The commands about definitions: `peel init`, `check` and `schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from peel.commands.calling import Paths, open_workspace, told


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
            scenario, count = one.record.scenario, len(one.cases)
            typer.echo(
                f"{scenario.scenario} ({one.record.variant.name}): {count} cases × {scenario.repetitions} repetitions, "
                f"{len(one.places)} steps, {len(one.evaluators)} evaluators, {len(scenario.gates)} gates"
            )


def schema(
    kind: Annotated[str, typer.Argument(metavar="[KIND]", help="scenario, orchestration, workspace or all.")] = "all",
) -> None:
    """Print the JSON Schema of the definition files, which editors complete from."""
    import json

    from peel.schema import definitions_schema

    with told():
        typer.echo(json.dumps(definitions_schema(kind), indent=2))
