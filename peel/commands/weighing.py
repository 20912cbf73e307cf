"""The commands that weigh: `peel compare` and `plan`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from peel.commands.calling import StoreUrl, open_workspace, output_console, put_out, told

SideName = Annotated[str, typer.Argument(help="RUN, RUN:SCENARIO, RUN:VARIANT or RUN:SCENARIO/VARIANT.")]


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
    from peel.reports.comparison import FORMATS, comparison_bytes
    from peel.reports.comparison_terminal import render_comparison
    from peel.reports.printing import check_format

    with told(), open_workspace(None, store) as workspace:
        check_format(report_format, FORMATS)
        question = Question(scope=checked_scope(scope), margin=margin)
        comparison = workspace.compare(base, candidate, question=question)
        put_out(
            report_format,
            output,
            content=lambda: comparison_bytes(comparison, report_format),
            render=lambda console: render_comparison(comparison, console=console),
        )


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
        float | None,
        typer.Option("--case-cost", metavar="N", help="What a new case costs, in executions. With a RUN: 10."),
    ] = None,
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
    with told():
        if run is None:
            made = pass_rate_plan(request)
        else:
            with open_workspace(None, store) as workspace:
                made = workspace.plan(run, request)
        if as_json:
            sys.stdout.buffer.write(plan_json(made))
        else:
            render_plan(made, console=output_console())
