"""The commands on what is stored: `peel runs`, `show`, `report` and `rescore`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from peel.commands.calling import RunName, StoreUrl, open_workspace, output_console, told, writing


def runs(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 20, store: StoreUrl = None
) -> None:
    """List the runs in the store, newest first."""
    from peel.reports.terminal_runs import render_runs

    with told(), open_workspace(None, store) as workspace:
        render_runs(workspace.store.runs(limit=limit), console=output_console())


def show(
    run: RunName,
    case: Annotated[
        str | None, typer.Argument(metavar="[CASE[#N]]", help="A case, and which repetition of it.")
    ] = None,
    scenario: Annotated[str | None, typer.Option("--scenario", help="Only this scenario.")] = None,
    variant: Annotated[str | None, typer.Option("--variant", help="Only this variant.")] = None,
    store: StoreUrl = None,
) -> None:
    """Show a run's summary, or every step, output and score of the executions of one case."""
    from peel.reports.terminal import render_summary
    from peel.reports.terminal_execution import render_execution

    with told(), open_workspace(None, store) as workspace:
        console = output_console()
        if case is None:
            stored, summary = workspace.summary(run)
            render_summary(summary, stored.run, console=console)
            return
        for execution, scores, of in workspace.executions(run, case, scenario=scenario, variant=variant):
            render_execution(execution, scores, case=of, console=console)


def report(
    run: RunName,
    report_format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            envvar="PEEL_REPORT_FORMAT",
            help="html, json, csv, junit, markdown, or a plugin's.",
        ),
    ] = "html",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: standard output.")
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Write a report of a run from the store."""
    with told(), open_workspace(None, store) as workspace:
        source = workspace.source(run)
        if output is None:
            workspace.write_report(source, report_format, sys.stdout.buffer)
            return
        with writing(output) as file:
            workspace.write_report(source, report_format, file)
        typer.echo(f"wrote {output}", err=True)


def rescore(
    run: RunName,
    evaluator: Annotated[
        list[str] | None, typer.Option("--evaluator", metavar="ID", help="Only this. Repeatable.")
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Evaluate stored outputs again, with the evaluators as the files now define them."""
    import asyncio

    from peel.estimates.verdict import exit_code
    from peel.reports.terminal import render_summary

    with told(), open_workspace(None, store) as workspace:
        asyncio.run(workspace.rescore(run, evaluators=tuple(evaluator or ())))
        stored, summary = workspace.summary(run)
        render_summary(summary, stored.run, console=output_console())
        code = exit_code(summary, stored.run.status)
    raise typer.Exit(code)
