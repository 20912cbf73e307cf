"""Which interactions a command is about: its options, and the selection that they make."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from peel.commands.calling import fail

if TYPE_CHECKING:
    from peel.records.feedback import FeedbackFilter
    from peel.workspace import Workspace

Labels: TypeAlias = list[str] | None

Since = Annotated[str | None, typer.Option("--since", metavar="DATE", help="From this day or time on, UTC.")]
Until = Annotated[
    str | None, typer.Option("--until", metavar="DATE", help="Up to the end of this day, or to this time, UTC.")
]
Last = Annotated[str | None, typer.Option("--last", metavar="SPAN", help="The last hours, days or weeks: 12h, 7d, 4w.")]
ScenarioNames = Annotated[
    Labels, typer.Option("--scenario", metavar="NAME", help="Only this. Repeatable; '' for those without one.")
]
Variants = Annotated[Labels, typer.Option("--variant", metavar="NAME", help="Likewise.")]
AppVersions = Annotated[Labels, typer.Option("--app-version", metavar="NAME", help="Likewise.")]
Channels = Annotated[Labels, typer.Option("--channel", metavar="NAME", help="Likewise.")]
Languages = Annotated[Labels, typer.Option("--language", metavar="NAME", help="Likewise.")]


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
