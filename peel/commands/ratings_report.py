"""The command `peel ratings report`: what users' ratings say, and whether they shifted."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from peel.commands.calling import StoreUrl, fail, open_workspace, output_console, told, writing

if TYPE_CHECKING:
    from peel.records.feedback import FeedbackFilter
    from peel.records.production import FeedbackReport, Period
    from peel.workspace import Workspace

DROPPED = 1
"""The exit code where ratings dropped and nobody said to have seen it."""

PERIODS: tuple[Period, ...] = ("day", "week", "month")

Labels = list[str] | None


def report(
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="From this day or time on, UTC.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Up to the end of this day, or to this time, UTC.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--last", metavar="SPAN", help="The last hours, days or weeks: 12h, 7d, 4w.")
    ] = None,
    scenario: Annotated[
        Labels, typer.Option("--scenario", metavar="NAME", help="Only this. Repeatable; '' for those without one.")
    ] = None,
    variant: Annotated[Labels, typer.Option("--variant", metavar="NAME", help="Likewise.")] = None,
    app_version: Annotated[Labels, typer.Option("--app-version", metavar="NAME", help="Likewise.")] = None,
    channel: Annotated[Labels, typer.Option("--channel", metavar="NAME", help="Likewise.")] = None,
    language: Annotated[Labels, typer.Option("--language", metavar="NAME", help="Likewise.")] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="PERIOD", help="day, week or month. Default: by the span of time.")
    ] = None,
    low: Annotated[
        float, typer.Option("--low", metavar="X", min=0, max=1, help="Ratings below it are counted as low.")
    ] = 0.3,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="The alarms that are shown were seen: exit code 0 from now on.")
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
        from peel.reports.ratings import check_ratings_format

        report_format = "json" if as_json else report_format
        check_ratings_format(report_format)
        wanted = wanted_of(workspace, (since, until, last), labels)
        workspace.watch_ratings()
        problem = workspace.tell_alarms()
        if problem is not None:
            typer.echo(problem, err=True)
        made = workspace.feedback_report(wanted, period=period, low=low)
        _write(made, report_format, output)
        if acknowledge:
            workspace.acknowledge_alarms(one.key for one in made.alarms)
            return
    if any(one.direction == "drop" and one.acknowledged is None for one in made.alarms):
        raise typer.Exit(DROPPED)


def wanted_of(
    workspace: Workspace, times: tuple[str | None, str | None, str | None], labels: tuple[Labels, ...]
) -> FeedbackFilter:
    """The selection that was asked for. Raises FeedbackError where it makes no sense."""
    from peel.feedback.selecting import check_selection, last_of, since_of, until_of
    from peel.records.feedback import LABELS, FeedbackFilter

    since, until, last = times
    if last is not None and (since is not None or until is not None):
        fail("--last stands for itself: leave it out, or --since and --until")
    begins = last_of(last, time.time()) if last is not None else since_of(since) if since is not None else None
    values = {name: tuple(one or None for one in given or ()) for name, given in zip(LABELS, labels, strict=True)}
    wanted = FeedbackFilter(since=begins, until=None if until is None else until_of(until), **values)
    check_selection(wanted, workspace.feedback_limits())
    return wanted


def _write(made: FeedbackReport, report_format: str, output: Path | None) -> None:
    from peel.reports.ratings import ratings_bytes
    from peel.reports.ratings_terminal import render_ratings

    if output is not None:
        with writing(output) as file:
            file.write(ratings_bytes(made, report_format))
        typer.echo(f"wrote {output}", err=True)
    elif report_format == "terminal":
        render_ratings(made, console=output_console())
    else:
        sys.stdout.buffer.write(ratings_bytes(made, report_format))
