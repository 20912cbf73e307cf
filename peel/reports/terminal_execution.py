"""One execution on a terminal: every step with request, output, marks and attempts, and every score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from peel.records import BASE_VARIANT, Case, Execution, Fault, Json, Score, StepResult
from peel.reports.current import current_scores
from peel.reports.text import as_text, is_passages, messages_of, one_line, source_of, visible
from peel.reports.wording import MARKS, cost, count, number, seconds

LONGEST = 20_000
"""Characters of one text that are printed; the rest is counted."""


def render_execution(execution: Execution, scores: Sequence[Score], *, case: Case | None, console: Console) -> None:
    """Print one execution whole. `scores` are all its scores, oldest first; superseded ones are not shown."""
    console.print(_head(execution))
    if case is not None:
        for title, values in (("inputs", case.inputs), ("expected", case.expected)):
            _print_values(title, values, console)
    for place, step in enumerate(execution.steps, 1):
        _print_step(place, step, console)
    if execution.fault is not None:
        console.print(_fault(execution.fault))
    console.print(Rule(Text("scores"), align="left", style="dim"))
    console.print(_scores(current_scores(scores)))


def _head(execution: Execution) -> Text:
    variant = "" if execution.variant == BASE_VARIANT else f" · {execution.variant}"
    status = ("ok", "green") if execution.status == "ok" else ("errored", "bold red")
    usage = execution.usage
    facts = [
        seconds(execution.latency_s),
        f"{count(usage.tokens_in)} tokens in, {count(usage.tokens_out)} out",
        cost(usage.cost_usd),
    ]
    return Text.assemble(
        (one_line(f"{execution.case}#{execution.repetition}"), "bold"),
        "  " + one_line(f"{execution.scenario}{variant}") + "  ",
        status,
        ("  " + " · ".join(facts), "dim"),
    )


def _print_values(title: str, values: Mapping[str, Json], console: Console) -> None:
    for name, value in values.items():
        console.print(Text(one_line(f"{title} · {name}"), style="bold dim"))
        console.print(_indented(as_text(value)))


def _print_step(place: int, step: StepResult, console: Console) -> None:
    console.print(Rule(_step_head(place, step), align="left", style="dim"))
    for part in _request(step.request):
        console.print(part)
    for attempt in step.attempts:
        waited = f", waited {seconds(attempt.waited_s)}" if attempt.waited_s else ""
        status = f" ({attempt.status})" if attempt.status else ""
        console.print(Text(one_line(f"attempt failed{status}: {attempt.problem}{waited}"), style="yellow"))
    if step.fault is not None:
        console.print(_fault(step.fault))
    if step.output is not None:
        console.print(Text("output", style="bold dim"))
        for part in _output(step.output):
            console.print(part)
    for mark in step.marks:
        console.print(Text(f"mark: {MARKS[mark]}", style="yellow"))
    if step.details:
        console.print(Text(one_line("details: " + as_text(dict(step.details)), limit=400), style="dim"))


def _step_head(place: int, step: StepResult) -> Text:
    facts = [step.model or "", seconds(step.latency_s)]
    if step.usage.calls:
        facts += [f"{count(step.usage.tokens_in)}+{count(step.usage.tokens_out)} tokens", cost(step.usage.cost_usd)]
    head = Text(f"{place} {one_line(step.step)}", style="bold")
    return head.append("  " + one_line(" · ".join(fact for fact in facts if fact)), style="not bold dim")


def _request(request: Json) -> Iterator[RenderableType]:
    if request is None:
        return
    messages = messages_of(request)
    if messages is None:
        yield Text("request", style="bold dim")
        yield _indented(as_text(request))
        return
    for role, content in messages:
        yield Text(one_line(role), style="bold dim")
        yield _indented(content)


def _output(output: Json) -> Iterator[RenderableType]:
    if not is_passages(output):
        yield _indented(as_text(output))
        return
    passages: Any = output
    for place, passage in enumerate(passages, 1):
        similarity = passage.get("score")
        near = f" · similarity {similarity:.3f}" if isinstance(similarity, float | int) else ""
        yield Text(f"  [{place}] " + one_line(source_of(passage) + near), style="cyan")
        yield _indented(as_text(passage["text"]), by=6)


def _fault(fault: Fault) -> Text:
    step = f" in step {fault.step}" if fault.step else ""
    return Text(visible(f"errored{step}: {fault.type}: {fault.message}", limit=LONGEST), style="bold red")


def _scores(scores: Sequence[Score]) -> RenderableType:
    if not scores:
        return Text("none", style="dim")
    table = Table(box=None, pad_edge=False, show_header=False)
    for score in scores:
        value = number(score.value) if score.status == "scored" else score.status
        by = f"{score.evaluator} by {score.rater}" if score.rater else score.evaluator
        table.add_row(
            Text(one_line(by), style="bold"), Text(value), Text(visible(score.reason, limit=LONGEST), overflow="fold")
        )
    return table


def _indented(text: str, *, by: int = 2) -> RenderableType:
    return Padding(Text(visible(text, limit=LONGEST), overflow="fold"), (0, 0, 0, by))
