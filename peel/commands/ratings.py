"""The commands `peel ratings …`: what comes from production, and how long it stays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from peel.commands import ratings_discover, ratings_map, ratings_report
from peel.commands.calling import StoreUrl, fail, open_workspace, told

if TYPE_CHECKING:
    from peel.records.feedback import Imported, Removed

SOME_LEFT_OUT = 3
"""The exit code where some rows could not be taken."""

ratings = typer.Typer(
    name="ratings",
    help="Interactions and ratings from production.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
ratings.command("report")(ratings_report.report)
ratings.command("map")(ratings_map.map_interactions)
ratings.command("discover")(ratings_discover.discover)
ratings.command("draft")(ratings_discover.draft)


@ratings.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that ends with .csv, .tsv, .jsonl or .parquet.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FIELD",
            help="The field that a column holds; repeatable. COLUMN= leaves a column out.",
            envvar="PEEL_RATINGS_IMPORT_MAP",
        ),
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Take interactions and ratings from a file; running it again changes nothing."""
    with told(), open_workspace(None, store) as workspace:
        done = workspace.import_ratings(file, mapping=_mapping(mapping or []))
    _say_done(file, done)
    if done.rejected:
        raise typer.Exit(SOME_LEFT_OUT)


@ratings.command()
def forget(
    user: Annotated[str, typer.Option("--user", metavar="USER", help="The user, as the application called them.")],
    store: StoreUrl = None,
) -> None:
    """Delete all interactions of a user, with their ratings."""
    with told(), open_workspace(None, store) as workspace:
        _say_removed(workspace.feedback.forget(user))


@ratings.command()
def expire(
    days: Annotated[
        float | None,
        typer.Option(
            "--days", metavar="N", min=0, help="How many days are kept. Default: retention_days of peel.yaml."
        ),
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Delete the interactions that are older than they may be kept, with their ratings."""
    with told(), open_workspace(None, store) as workspace:
        _say_removed(workspace.feedback.expire(days))


def _mapping(given: list[str]) -> dict[str, str]:
    """The fields by column. A column may have `=` in its name; a field has none."""
    made: dict[str, str] = {}
    for one in given:
        column, mark, name = one.rpartition("=")
        if not mark or not column:
            fail(f"--map {one!r} names no column and field; write --map COLUMN=FIELD, such as --map Note=stars")
        if column in made:
            fail(f"--map names the column {column!r} twice; a column holds one field")
        made[column] = name.strip()
    return made


def _say_done(file: Path, done: Imported) -> None:
    added = done.added
    if done.left_out:
        columns = ", ".join(repr(one) for one in done.left_out)
        typer.echo(f"not taken, because they are no field: {columns}; --map COLUMN=FIELD takes one", err=True)
    if done.unseen:
        typer.echo(f"--map names columns that no row has: {', '.join(map(repr, done.unseen))}", err=True)
    if done.rejected:
        typer.echo(f"{done.rejected:,} of {done.rows:,} rows are wrong; {done.rejected_file} says why", err=True)
    typer.echo(
        f"{file}: {added.new_interactions:,} interactions are new, {added.changed_interactions:,} changed, "
        f"{added.same_interactions:,} as they were; {added.new_ratings:,} ratings are new, {added.same_ratings:,} as "
        "they were"
    )


def _say_removed(removed: Removed) -> None:
    typer.echo(f"deleted {removed.interactions:,} interactions and {removed.ratings:,} ratings")
    if removed.left_in_log:
        typer.echo(
            "the store is being read, so the file beside it that ends with -wal may still hold what was deleted; run "
            "this again in a while",
            err=True,
        )
