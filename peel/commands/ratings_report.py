"""The command `peel ratings report`: what users' ratings say, and whether they shifted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from peel.commands.calling import StoreUrl, fail, open_workspace, put_out, told
from peel.commands.selection import (
    AppVersions,
    Channels,
    Languages,
    Last,
    ScenarioNames,
    Since,
    Until,
    Variants,
    wanted_of,
)

if TYPE_CHECKING:
    from peel.records.production import Period

DROPPED = 1
"""The exit code where ratings dropped and nobody said to have seen it."""

PERIODS: tuple[Period, ...] = ("day", "week", "month")


def report(
    since: Since = None,
    until: Until = None,
    last: Last = None,
    scenario: ScenarioNames = None,
    variant: Variants = None,
    app_version: AppVersions = None,
    channel: Channels = None,
    language: Languages = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="PERIOD", help="day, week or month. Default: by the span of time.")
    ] = None,
    low: Annotated[
        float, typer.Option("--low", metavar="X", min=0, max=1, help="Ratings below it are counted as low.")
    ] = 0.3,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="All alarms of the selection were seen: exit code 0 from now on.")
    ] = False,
    report_format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            envvar="PEEL_RATINGS_REPORT_FORMAT",
            help="terminal, html, json, csv or markdown.",
        ),
    ] = "terminal",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: standard output.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    store: StoreUrl = None,
) -> None:
    """Say what users' ratings say, and whether they shifted. Exit code 1 where they dropped."""
    period = next((one for one in PERIODS if one == by), None)
    if by is not None and period is None:
        fail(f"--by must be day, week or month, not {by!r}")
    labels = (scenario, variant, app_version, channel, language)
    with told(), open_workspace(None, store) as workspace:
        from peel.reports.printing import check_format
        from peel.reports.ratings import FORMATS, ratings_bytes
        from peel.reports.ratings_terminal import render_ratings

        report_format = "json" if as_json else report_format
        check_format(report_format, FORMATS)
        wanted = wanted_of(workspace, (since, until, last), labels)
        workspace.watch_ratings()
        problem = workspace.tell_alarms()
        if problem is not None:
            typer.echo(problem, err=True)
        made = workspace.feedback_report(wanted, period=period, low=low)
        put_out(
            report_format,
            output,
            content=lambda: ratings_bytes(made, report_format),
            render=lambda console: render_ratings(made, console=console),
        )
        if acknowledge:
            workspace.acknowledge_alarms(one.key for one in made.alarms)
            return
    if any(one.direction == "drop" and one.acknowledged is None for one in made.alarms):
        raise typer.Exit(DROPPED)
