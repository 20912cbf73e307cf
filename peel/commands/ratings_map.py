"""The command `peel ratings map`: which scenarios interactions count for, by meaning or by hand."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from peel.commands.calling import StoreUrl, fail, open_workspace, output_console, told
from peel.counting import counted

if TYPE_CHECKING:
    from peel.records.mapping import Mapped, ScenarioThreshold
    from peel.workspace import Workspace

NO_SCENARIO = "none"
"""What `--scenario` says for an interaction that fits none."""

_BASES = {"own": "its own cases", "shared": "the cases of all scenarios", "fixed": "a fixed value", "none": "–"}


def map_interactions(
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Map what was mapped by meaning or unmatched once more. With --interaction: undo what was by hand.",
        ),
    ] = False,
    interaction: Annotated[
        str | None, typer.Option("--interaction", metavar="ID", help="Map this one by hand, with --scenario.")
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", metavar="NAME", help="The scenario it counts for; 'none': it fits no scenario."),
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Map the interactions that name no scenario: by meaning, or one by hand."""
    _check(again, interaction, scenario)
    with told(), open_workspace(None, store) as workspace:
        if interaction is None:
            _say(asyncio.run(workspace.map_interactions(again=again, progress=_progress)))
        elif again:
            _take_back(workspace, interaction)
        else:
            _by_hand(workspace, interaction, str(scenario))


def _check(again: bool, interaction: str | None, scenario: str | None) -> None:
    if interaction is None and scenario is not None:
        fail("--scenario says what one interaction counts for; name it: --interaction ID")
    if interaction is not None and again == (scenario is not None):
        fail(f"--interaction takes either --scenario NAME (or '{NO_SCENARIO}') or --again, which undoes it")


def _by_hand(workspace: Workspace, interaction: str, scenario: str) -> None:
    from peel.environment import system_user

    name = None if scenario == NO_SCENARIO else scenario
    workspace.map_by_hand(interaction, name, by=system_user() or "unknown")
    typer.echo(f"{interaction} counts for {'no scenario' if name is None else name}, by hand")


def _take_back(workspace: Workspace, interaction: str) -> None:
    if workspace.map_by_meaning_again(interaction):
        typer.echo(f"{interaction} is mapped by hand no more")
    else:
        typer.echo(f"{interaction} was not mapped by hand; nothing was changed", err=True)


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done:,} of {of:,} interactions", nl=done == of, err=True)


def _say(done: Mapped) -> None:
    counts = done.counts
    typer.echo(
        f"now: {done.mapped:,} mapped by meaning, {done.unmatched:,} fit no scenario\n"
        f"in all: {counts['named']:,} named by the application, {counts['meaning']:,} by meaning, "
        f"{counts['hand']:,} by hand, {counts['unmatched']:,} unmatched, {counts['waiting']:,} waiting"
    )
    if any(one.cases for one in done.thresholds):
        _say_thresholds(done)
    else:
        typer.echo("no scenario has a case with text, so that nothing can be mapped by meaning; write cases", err=True)


def _say_thresholds(done: Mapped) -> None:
    from rich.table import Table
    from rich.text import Text

    typer.echo(f"similarity by {done.embedding}:")
    table = Table("scenario", "cases", "threshold", "set by")
    for one in done.thresholds:
        value = "–" if one.threshold is None else f"{one.threshold:.2f}"
        table.add_row(Text(one.scenario), f"{one.cases:,}", value, _BASES[one.basis])
    output_console().print(table)
    for sentence in map(_lacking, done.thresholds):
        if sentence:
            typer.echo(sentence, err=True)


def _lacking(one: ScenarioThreshold) -> str | None:
    """What a scenario lacks for a threshold of its own; None where it has one."""
    if one.basis == "none":
        return f"{one.scenario} has no case with text, so that nothing is mapped to it; write cases"
    if one.basis == "own":
        return None
    said = counted(one.cases, "case")
    return f"{one.scenario} has {said}, too few for a threshold of its own: {_BASES[one.basis]} set it; write more"
