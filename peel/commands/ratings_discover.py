"""The commands `peel ratings discover` and `peel ratings draft`: topics that no scenario covers, and drafts of them."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from peel.commands.calling import StoreUrl, fail, open_workspace, output_console, shown, told
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


def discover(
    since: Since = None,
    until: Until = None,
    last: Last = None,
    scenario: ScenarioNames = None,
    variant: Variants = None,
    app_version: AppVersions = None,
    channel: Channels = None,
    language: Languages = None,
    low: Annotated[
        float, typer.Option("--low", metavar="X", min=0, max=1, help="Ratings below it are looked at, too.")
    ] = 0.3,
    min_size: Annotated[
        int, typer.Option("--min-size", metavar="N", min=2, help="How many different texts make a topic.")
    ] = 8,
    model: Annotated[
        str, typer.Option("--model", metavar="ROLE", help="The model role of peel.yaml that names topics.")
    ] = "default",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, and nothing else.")] = False,
    store: StoreUrl = None,
) -> None:
    """Find what unmatched and low-rated interactions are about, and name it."""
    labels = (scenario, variant, app_version, channel, language)
    with told(), open_workspace(None, store) as workspace:
        from peel.records.topics import DiscoveryRequest
        from peel.reports.topics import render_topics, topics_json

        wanted = wanted_of(workspace, (since, until, last), labels)
        request = DiscoveryRequest(wanted=wanted, low=low, min_size=min_size, model=model)
        found = asyncio.run(workspace.discover(request, lambda said: typer.echo(said, err=True)))
        if as_json:
            sys.stdout.buffer.write(topics_json(found))
        else:
            render_topics(found, console=output_console())


def draft(
    topic: Annotated[int | None, typer.Argument(metavar="[TOPIC]", help="The number of a topic.")] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="The new scenario's name.")] = None,
    like: Annotated[
        str | None,
        typer.Option("--like", metavar="SCENARIO", help="Whose orchestration it takes. Default: the nearest one's."),
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option("--case", metavar="ID", help="An interaction, by its id. Repeatable.")
    ] = None,
    into: Annotated[
        str | None, typer.Option("--into", metavar="SCENARIO", help="The scenario that they become cases of.")
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Make a topic a draft scenario (TOPIC --name NAME), or interactions draft cases (--case ID --into SCENARIO)."""
    with told(), open_workspace(None, store) as workspace:
        if topic is not None and name is not None and not case and into is None:
            path = workspace.draft_scenario(topic, name=name, like=like)
        elif case and into is not None and topic is None and name is None and like is None:
            path = workspace.draft_cases(case, scenario=into)
        else:
            fail(
                "say what to make: `peel ratings draft TOPIC --name NAME` makes a topic a scenario, "
                "`peel ratings draft --case ID --into SCENARIO` makes interactions cases of one"
            )
    typer.echo(f"wrote {shown(path)}; fill in what is expected, then `peel check`")
