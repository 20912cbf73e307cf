"""The command line: parse, one workspace call, print. Results go to standard output, all else to standard error."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from peel.records import Run
    from peel.reports.format import ReportSource
    from peel.workspace import RunRequest, Workspace

WRONG = 2
INTERRUPTED = 130
REPORT_UNASKED = 500
"""Up to how many executions `peel run` writes the HTML report without being asked: larger ones take seconds."""
REPORT_FORMATS = ("html", "json", "csv", "junit", "markdown")

app = typer.Typer(
    name="peel",
    help="A test bed for applications built on language models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # with rich, `peel --help` takes three times as long
    add_completion=False,
    context_settings={"auto_envvar_prefix": "PEEL", "help_option_names": ["-h", "--help"]},
)

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="[PATH]...", help="Scenario files or folders. Default: all.")
]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, or 'last'.")]
StoreUrl = Annotated[str | None, typer.Option("--store", metavar="URL", help="The store, not the one of peel.yaml.")]


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to. Default: this folder.")] = Path(),
) -> None:
    """Write a small workspace that runs as it is."""
    from peel.starter import write_starter

    with _told():
        written = write_starter(directory)
        for path in written:
            typer.echo(f"wrote {path}", err=True)
        typer.echo(f"next: {'' if directory == Path() else f'cd {directory} && '}peel run", err=True)


@app.command()
def check(paths: Paths = None) -> None:
    """Load and compile scenarios; execute nothing."""
    import asyncio

    with _told():
        workspace = _workspace(paths)
        compiled = asyncio.run(workspace.check(paths or ()))
        for one in compiled.variants:
            scenario, count = one.record.scenario, len(one.cases)
            typer.echo(
                f"{scenario.scenario} ({one.record.variant.name}): {count} cases × {scenario.repetitions} repetitions, "
                f"{len(one.places)} steps, {len(one.evaluators)} evaluators, {len(scenario.gates)} gates"
            )


@app.command()
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

    with _told():
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
        )
        with _workspace(paths, store) as workspace:
            code = _carry_out(workspace, request, reports=reports, as_json=as_json)
    raise typer.Exit(code)


@app.command()
def runs(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 20, store: StoreUrl = None
) -> None:
    """List the runs in the store, newest first."""
    from peel.reports.terminal_runs import render_runs

    with _told(), _workspace(None, store) as workspace:
        render_runs(workspace.store.runs(limit=limit), console=_console())


@app.command()
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

    with _told(), _workspace(None, store) as workspace:
        console = _console()
        if case is None:
            stored, summary = workspace.summary(run)
            render_summary(summary, stored.run, console=console)
            return
        for execution, scores, of in workspace.executions(run, case, scenario=scenario, variant=variant):
            render_execution(execution, scores, case=of, console=console)


@app.command()
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
    with _told(), _workspace(None, store) as workspace:
        source = workspace.source(run)
        if output is None:
            workspace.write_report(source, report_format, sys.stdout.buffer)
            return
        with _writing(output) as file:
            workspace.write_report(source, report_format, file)
        typer.echo(f"wrote {output}", err=True)


@app.command()
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

    with _told(), _workspace(None, store) as workspace:
        asyncio.run(workspace.rescore(run, evaluators=tuple(evaluator or ())))
        stored, summary = workspace.summary(run)
        render_summary(summary, stored.run, console=_console())
        code = exit_code(summary, stored.run.status)
    raise typer.Exit(code)


@app.command()
def schema(
    kind: Annotated[str, typer.Argument(metavar="[KIND]", help="scenario, orchestration, workspace or all.")] = "all",
) -> None:
    """Print the JSON Schema of the definition files, which editors complete from."""
    import json

    from peel.schema import definitions_schema

    with _told():
        typer.echo(json.dumps(definitions_schema(kind), indent=2))


SideName = Annotated[str, typer.Argument(help="RUN, RUN:SCENARIO, RUN:VARIANT or RUN:SCENARIO/VARIANT.")]


@app.command()
def compare(
    base: SideName,
    candidate: SideName,
    scope: Annotated[
        str,
        typer.Option("--scope", metavar="SCOPE", help="these-cases or cases-like-these."),
    ] = "these-cases",
    margin: Annotated[
        float, typer.Option("--margin", metavar="M", help="The smallest difference in a score that matters.")
    ] = 0.05,
    report_format: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", envvar="PEEL_COMPARE_FORMAT", help="terminal, markdown, html or json."
        ),
    ] = "terminal",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: standard output.")
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Compare two runs, or two variants of one, on the cases both have. Exit code 0 whatever the verdict is."""
    from peel.estimates.differences import Question, checked_scope
    from peel.reports.comparison import check_format, comparison_bytes
    from peel.reports.comparison_terminal import render_comparison

    with _told(), _workspace(None, store) as workspace:
        check_format(report_format)
        question = Question(scope=checked_scope(scope), margin=margin)
        comparison = workspace.compare(base, candidate, question=question)
        if output is not None:
            with _writing(output) as file:
                file.write(comparison_bytes(comparison, report_format))
            typer.echo(f"wrote {output}", err=True)
        elif report_format == "terminal":
            render_comparison(comparison, console=_console())
        else:
            sys.stdout.buffer.write(comparison_bytes(comparison, report_format))


@app.command()
def plan(
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A pilot run, named as in `peel compare`."),
    ] = None,
    half_width: Annotated[
        float | None,
        typer.Option("--half-width", metavar="H", help="How sure of a mean. With a RUN: 0.05."),
    ] = None,
    difference: Annotated[
        float | None,
        typer.Option("--difference", metavar="D", help="The difference to detect. With a RUN: 0.1."),
    ] = None,
    power: Annotated[
        float | None, typer.Option("--power", metavar="P", help="With which chance. Default: 0.8; for a pass rate 0.9.")
    ] = None,
    case_cost: Annotated[
        float,
        typer.Option("--case-cost", metavar="N", help="What a new case costs, in executions."),
    ] = 10.0,
    evaluator: Annotated[
        list[str] | None, typer.Option("--evaluator", metavar="ID", help="Only this. Repeatable.")
    ] = None,
    show_at_least: Annotated[
        float | None, typer.Option("--show-at-least", metavar="R", help="The pass rate to be shown. Default: 0.9.")
    ] = None,
    truth: Annotated[
        float | None,
        typer.Option("--truth", metavar="R", help="What the pass rate is believed to be."),
    ] = None,
    store: StoreUrl = None,
    as_json: Annotated[
        bool, typer.Option("--json", envvar="PEEL_PLAN_JSON", help="Print the plan as JSON and nothing else.")
    ] = False,
) -> None:
    """Say how many cases and repetitions a question needs: by a pilot run, or without one for a pass rate."""
    from peel.estimates.planning import PlanRequest, pass_rate_plan
    from peel.reports.plan import plan_json, render_plan

    request = PlanRequest(
        half_width=half_width,
        difference=difference,
        power=power,
        case_cost=case_cost,
        evaluators=tuple(evaluator or ()),
        show_at_least=show_at_least,
        truth=truth,
    )
    with _told():
        if run is None:
            made = pass_rate_plan(request)
        else:
            with _workspace(None, store) as workspace:
                made = workspace.plan(run, request)
        if as_json:
            sys.stdout.buffer.write(plan_json(made))
        else:
            render_plan(made, console=_console())


def _carry_out(workspace: Workspace, request: RunRequest, *, reports: Path | None, as_json: bool) -> int:
    from peel.errors import PeelError
    from peel.progress import shown_progress
    from peel.workspace import run_blocking

    progress = shown_progress(sys.stderr, when_started=_load_what_reports)
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
        render_summary(source.summary, source.stored.run, console=_console())
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
    typer.echo(f"HTML report: {_shown(written['html'])}", err=quiet)


def _say_how_to_resume(run_id: str | None) -> None:
    if run_id is None:
        typer.echo("interrupted before anything was executed", err=True)
    else:
        typer.echo(f"interrupted; what finished is stored. Complete it with: peel run --resume {run_id}", err=True)


def _shown(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _check_folder(reports: Path | None) -> None:
    """A run would stumble over this only at its end."""
    if reports is not None and reports.exists() and not reports.is_dir():
        _fail(f"--reports {reports} is a file; name a folder")


def _models(given: list[str] | tuple[str, ...]) -> dict[str, str]:
    models = {}
    for one in given:
        role, equals, name = one.partition("=")
        if not equals or not role or not name:
            _fail(f"--model {one!r} is not ROLE=NAME, such as --model default=gpt-4o-mini")
        models[role] = name
    return models


def _workspace(paths: list[str] | None, store: str | None = None) -> Workspace:
    from peel.workspace import Workspace

    return Workspace.find(paths or (), store=store)


def _console() -> Console:
    from rich.console import Console

    # Redirected to a file, a table as wide as a terminal would lose its columns.
    return Console(width=None if sys.stdout.isatty() else 120, soft_wrap=False, highlight=False)


@contextmanager
def _writing(path: Path) -> Iterator[BinaryIO]:
    """A file that is there whole or not at all: what an earlier call wrote stays until this one succeeds."""
    into = path if path.exists() and not path.is_file() else path.with_name(f"{path.name}.part")
    try:
        with into.open("wb") as file:
            yield file
        if into != path:
            into.replace(path)
    except OSError as error:
        _fail(f"{path} cannot be written: {error.strerror or error}")
    finally:
        if into != path:
            into.unlink(missing_ok=True)


@contextmanager
def _told() -> Iterator[None]:
    """Errors as sentences on standard error and exit code 2; what is not one of PEEL's is a bug and keeps its trace."""
    from peel.errors import PeelError

    try:
        yield
    except PeelError as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(WRONG)


def main() -> None:
    """The entry point of the command `peel`."""
    # What ends a job in CI ends it as Ctrl-C does: cleanly, resumable.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    # httpx loads a command line of its own, with rich's Markdown and pygments: half its time, for nothing PEEL does.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None is how an import is made to fail
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever reads our output has gone (`peel show last | head`): nothing to tell, nobody to tell it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
