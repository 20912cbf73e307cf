"""The command `peel score`: people's scores in the terminal or by sheet, and how far people and judges agree."""

from __future__ import annotations

import getpass
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from peel.commands.calling import RunName, StoreUrl, fail, open_workspace, output_console, told, writing
from peel.commands.keys import Keys, pressed_keys

if TYPE_CHECKING:
    from rich.console import Console

    from peel.records import ManualItem, ManualProgress
    from peel.runs.manual import ManualScoring


def score(
    run: RunName,
    rater: Annotated[
        str | None, typer.Option("--rater", metavar="NAME", help="Who scores. Default: the user of the system.")
    ] = None,
    export_to: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", envvar="PEEL_SCORE_EXPORT", help="Write a .csv or .xlsx to fill in."),
    ] = None,
    import_from: Annotated[
        Path | None,
        typer.Option("--import", metavar="FILE", envvar="PEEL_SCORE_IMPORT", help="Take a filled-in sheet back."),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="With --import: import the rows that are right, leave out the others.")
    ] = False,
    agreement: Annotated[
        bool, typer.Option("--agreement", help="Show how far raters and judges agree; score nothing.")
    ] = False,
    store: StoreUrl = None,
) -> None:
    """Score a run's outputs as a person, blind, in the terminal or by sheet."""
    with told(), open_workspace(None, store) as workspace:
        _check_flags(export_to, import_from, partial=partial, agreement=agreement)
        if agreement:
            from peel.reports.manual_terminal import render_agreement

            render_agreement(workspace.agreement(run), console=output_console())
            return
        scoring = workspace.scoring(run, rater=rater or _user())
        if export_to is not None:
            _export(scoring, export_to)
        elif import_from is not None:
            _import(scoring, import_from, partial=partial)
        else:
            with pressed_keys() as keys:
                _Session(scoring, output_console(), keys).carry_out()


def _check_flags(export_to: Path | None, import_from: Path | None, *, partial: bool, agreement: bool) -> None:
    given = [("--export", export_to), ("--import", import_from), ("--agreement", agreement)]
    named = [flag for flag, value in given if value]
    if len(named) > 1:
        fail(f"{' and '.join(named)} are different things to do; name one of them")
    if partial and import_from is None:
        fail("--partial belongs to --import FILE; write both, or neither")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        fail("the system does not say who you are; write --rater NAME")


def _export(scoring: ManualScoring, path: Path) -> None:
    from peel.runs.score_sheets import check_sheet_name, write_sheet

    check_sheet_name(path)
    with writing(path) as file:
        rows = write_sheet(scoring, path, file)
    typer.echo(f"wrote {path}: {rows} outputs to score; fill in the column score, then peel score --import", err=True)


def _import(scoring: ManualScoring, path: Path, *, partial: bool) -> None:
    from peel.runs.score_sheets import read_sheet

    done = read_sheet(scoring, path, partial=partial)
    for problem in done.problems:
        typer.echo(str(problem), err=True)
    typer.echo(
        f"imported {done.imported} scores by {scoring.rater}; {done.unchanged} rows unchanged, {done.empty} without a "
        f"score{f', {len(done.problems)} left out' if done.problems else ''}"
    )


@dataclass(slots=True)
class _Session:
    """One rater at one terminal, from the first open question to the last, or until they quit."""

    scoring: ManualScoring
    console: Console
    keys: Keys
    comment: str | None = None
    given: int = 0
    began: float = field(default_factory=time.monotonic)

    def carry_out(self) -> None:
        item = self.scoring.next()
        while item is not None:
            self._show(item)
            following = self._until_decided(item)
            if following is item:
                break
            self.comment, item = None, following
        progress = self.scoring.progress()
        nothing = "" if progress.asked else ": others have answered everything that is asked"
        self.console.print(
            f"{progress.answered:,} of {progress.asked:,} answered by {self.scoring.rater}{nothing}", markup=False
        )

    def _show(self, item: ManualItem) -> None:
        from peel.reports.manual_terminal import render_item

        progress = self.scoring.progress()
        render_item(item, progress, left=self._left(progress), console=self.console)

    def _left(self, progress: ManualProgress) -> str:
        """How long the rest takes at the pace so far."""
        if not self.given:
            return ""
        minutes = (time.monotonic() - self.began) / self.given * progress.left / 60
        return f"about {minutes:.0f} min left" if minutes >= 1 else "less than a minute left"

    def _until_decided(self, item: ManualItem) -> ManualItem | None:
        """Take keys until the question is answered or left. The question that follows, None where none is open, the
        same one to quit."""
        while True:
            pressed = self.keys.key().lower()
            value = self._exact(item) if pressed == "." else item.scale.keys.get(pressed)
            if value is not None:
                return self._answered(item, value)
            if pressed in ("", "q", "\x03", "\x04"):
                return item
            if pressed in ("s", " "):
                return self._skipped(item)
            if pressed == "b":
                return self._before(item)
            self._aside(pressed, item)

    def _answered(self, item: ManualItem, value: float) -> ManualItem | None:
        from peel.runs.manual import Answer

        before = item.answer.comment if item.answer is not None else ""
        self.scoring.submit([Answer(item.id, value, before if self.comment is None else self.comment)])
        self.given += 1
        return self.scoring.next(item.id)

    def _skipped(self, item: ManualItem) -> ManualItem | None:
        following = self.scoring.next(item.id)
        if following is not None and following.id == item.id:
            self._say("this is the only one left; answer it, or press q to quit")
        return following

    def _before(self, item: ManualItem) -> ManualItem:
        before = self.scoring.back(item.id)
        if before is None:
            self._say("this is the first one")
            return item.model_copy()
        return before

    def _exact(self, item: ManualItem) -> float | None:
        if item.scale.discrete:
            return None
        try:
            return item.scale.read(self.keys.line("score"))
        except ValueError as error:
            self._say(str(error))
            return None

    def _aside(self, pressed: str, item: ManualItem) -> None:
        """A key that does not answer the question."""
        from peel.reports.manual_terminal import render_expected, render_passages

        if pressed == "c":
            self.comment = self.keys.line("comment").strip()
            self._say("the comment goes with your answer; press its key")
        elif pressed == "e":
            render_expected(item, console=self.console)
        elif pressed == "p":
            render_passages(item, console=self.console)
        else:
            self._say(f"the key {pressed!r} does nothing here")

    def _say(self, sentence: str) -> None:
        self.console.print(sentence, style="dim", markup=False)
