"""The command `peel run`: carry out, report, say how to go on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from peel.commands.calling import INTERRUPTED, Paths, StoreUrl, fail, open_workspace, output_console, shown, told
from peel.environment import system_user

if TYPE_CHECKING:
    from peel.records import Run
    from peel.reports.format import ReportSource
    from peel.workspace import RunRequest, Workspace

REPORT_UNASKED = 500
"""Up to how many executions `peel run` writes the HTML report without being asked: larger ones take seconds."""
REPORT_FORMATS = ("html", "json", "csv", "junit", "markdown")


def run(
    paths: Paths = None,
    repetitions: Annotated[
        int | None, typer.Option("-n", "--repetitions", min=1, help="Instead of the scenario's.")
    ] = None,
    case: Annotated[list[str] | None, typer.Option("--case", metavar="ID", help="Only this case. Repeatable.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="T", help="Only cases with this tag. Repeatable.")
    ] = None,
    variant: Annotated[
        list[str] | None, typer.Option("--variant", metavar="V", help="Only this variant. Repeatable.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option("-j", "--concurrency", min=1, help="Executions in flight at most. Default: adapts.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", metavar="ROLE=NAME", help="Another model for a role.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="USD", min=0.0, help="Stop before the cost would pass this.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="RULE", help="Stop early: 'decided' (every gate), 'width<0.05' or 'ID:width<0.05'."
        ),
    ] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="RUN", help="Complete a run that was stopped.")
    ] = None,
    reports: Annotated[
        Path | None, typer.Option("--reports", metavar="DIR", help="Write the reports in every format here.")
    ] = None,
    store: StoreUrl = None,
    as_json: Annotated[
        bool, typer.Option("--json", envvar="PEEL_RUN_JSON", help="Print the report's JSON and nothing else.")
    ] = False,
) -> None:
    """Plan, execute, score and report."""
    from peel.workspace import RunRequest

    with told():
        _check_folder(reports)
        request = RunRequest(
            paths=tuple(paths or ()),
            repetitions=repetitions,
            cases=tuple(case or ()),
            tags=tuple(tag or ()),
            variants=tuple(variant or ()),
            models=_models(model or ()),
            concurrency=concurrency,
            budget_usd=budget,
            resume=resume,
            until=until,
            by=system_user(),
        )
        with open_workspace(paths, store) as workspace:
            code = _carry_out(workspace, request, reports=reports, as_json=as_json)
    raise typer.Exit(code)


def _carry_out(workspace: Workspace, request: RunRequest, *, reports: Path | None, as_json: bool) -> int:
    from peel.errors import PeelError
    from peel.progress import shown_progress
    from peel.workspace import run_blocking

    progress = shown_progress(sys.stderr, when_started=_load_what_reports, foresight=workspace.foresight)
    try:
        with progress:
            finished = run_blocking(workspace, request, progress)
    except KeyboardInterrupt:
        _say_how_to_resume(progress.run_id)
        return INTERRUPTED
    except PeelError as error:
        if progress.run_id is None:
            raise
        # Some of it is executed and stored: exit code 2 would say that nothing was.
        typer.echo(str(error), err=True)
        _say_how_to_resume(progress.run_id)
        return INTERRUPTED
    return _report(workspace, finished, reports=reports, as_json=as_json)


def _load_what_reports() -> None:
    """Load the code of reports while the first calls are in flight: half a second that a short run would notice."""
    import threading
    from importlib import import_module

    def load() -> None:
        for module in ("peel.estimates.summary", "peel.reports.terminal"):
            import_module(module)

    threading.Thread(target=load, name="peel-loading", daemon=True).start()


def _report(workspace: Workspace, finished: Run, *, reports: Path | None, as_json: bool) -> int:
    from peel.estimates.verdict import FAILED, INCOMPLETE, exit_code
    from peel.reports.terminal import render_summary

    source = workspace.source(finished.id)
    code = exit_code(source.summary, finished.status)
    if as_json:
        workspace.write_report(source, "json", sys.stdout.buffer)
    else:
        render_summary(source.summary, source.stored.run, console=output_console())
    if finished.status == "over-budget":
        typer.echo(f"stopped at the budget; complete it with: peel run --resume {finished.id} --budget MORE", err=True)
    try:
        _write_reports(workspace, source, folder=reports, quiet=as_json)
    except OSError as error:
        # The run itself is stored, so this is not exit code 2; a job that waits for the files must not see 0 either.
        typer.echo(f"{error.filename}: the report cannot be written: {error.strerror}; the run is stored", err=True)
        return code if code in (FAILED, INTERRUPTED) else INCOMPLETE
    return code


def _write_reports(workspace: Workspace, source: ReportSource, *, folder: Path | None, quiet: bool) -> None:
    executed = sum(one.completed + one.errored for one in source.summary.scenarios)
    if folder is None and (quiet or executed > REPORT_UNASKED):
        if not quiet:
            typer.echo(f"HTML report: peel report {source.summary.run} --format html -o report.html", err=True)
        return
    formats = REPORT_FORMATS if folder else ("html",)
    written = workspace.write_reports(source, folder or workspace.root / "reports", formats=formats)
    typer.echo(f"HTML report: {shown(written['html'])}", err=quiet)


def _say_how_to_resume(run_id: str | None) -> None:
    if run_id is None:
        typer.echo("interrupted before anything was executed", err=True)
    else:
        typer.echo(f"interrupted; what finished is stored. Complete it with: peel run --resume {run_id}", err=True)


def _check_folder(reports: Path | None) -> None:
    """A run would stumble over this only at its end."""
    if reports is not None and reports.exists() and not reports.is_dir():
        fail(f"--reports {reports} is a file; name a folder")


def _models(given: list[str] | tuple[str, ...]) -> dict[str, str]:
    models = {}
    for one in given:
        role, equals, name = one.partition("=")
        if not equals or not role or not name:
            fail(f"--model {one!r} is not ROLE=NAME, such as --model default=gpt-4o-mini")
        models[role] = name
    return models
