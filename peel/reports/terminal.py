"""A run's summary and one execution on a terminal, with rich. Text that came from outside is printed as text."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from peel.records import BASE_VARIANT, Estimate, GateResult, Run, RunSummary, ScenarioSummary
from peel.reports.corrected_wording import corrected_sentences
from peel.reports.models_used import BETTER_MODEL, models_used, weak_model_warning
from peel.reports.short_tables import short_tables, used_on_average
from peel.reports.terminal_execution import render_execution
from peel.reports.terminal_findings import render_findings
from peel.reports.terminal_tables import short_table
from peel.reports.text import one_line
from peel.reports.wording import (
    MARKS,
    STATUSES,
    SYMBOLS,
    VERDICTS,
    drafts_sentence,
    gate_sentence,
    interval,
    last_moment,
    name_of,
    notes_by_text,
    number,
    share,
    stopping_sentence,
    usage_cells,
)

__all__ = ["drawn_interval", "render_execution", "render_summary"]

_VERDICT_STYLE = {"pass": "green", "fail": "bold red", "undecided": "yellow", "draft": "dim"}
_BAR_WIDTH = 21
_WIDE = 110
_FAULTS_SHOWN = 10


def render_summary(summary: RunSummary, run: Run, *, console: Console) -> None:
    """Print a run: its estimates, gates, marks, faults, usage and judge."""
    console.print(_head(run))
    if summary.stopping is not None:
        console.print(Text(stopping_sentence(summary.stopping)))
    console.print(_estimates(summary, wide=console.width >= _WIDE))
    findings = render_findings(summary)
    for part in (
        _notes(summary),
        _corrected(summary),
        _gates(summary),
        *(short_table(table) for table in short_tables(summary)),
        *findings,
        _counts(summary),
        _usage(summary),
        _models(run),
    ):
        if part is not None:
            console.print(part)
    warning = weak_model_warning(run)
    if warning:
        console.print(
            Panel(Group(Text(warning), Text(BETTER_MODEL.rstrip(), style="dim")), title="small model", style="yellow")
        )


def _head(run: Run) -> Text:
    return Text.assemble(
        ("run ", "dim"),
        (one_line(run.id), "bold"),
        ("  " + last_moment(run), "dim"),
        ("  " + STATUSES[run.status], "dim"),
    )


def _estimates(summary: RunSummary, *, wide: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    several = len({scenario.scenario for scenario in summary.scenarios}) > 1
    variants = any(scenario.variant != BASE_VARIANT for scenario in summary.scenarios)
    for heading in [*(["scenario"] if several or wide else []), *(["variant"] if variants or wide else [])]:
        table.add_column(heading, overflow="fold", style="bold")
    table.add_column("evaluator", overflow="fold")
    table.add_column("mean", justify="right", style="bold")
    table.add_column("exactly\nthese cases", no_wrap=True)
    table.add_column("new cases\nlike these", no_wrap=True)
    if wide:
        table.add_column("0         ½         1", no_wrap=True)
    table.add_column("scored", justify="right", no_wrap=True)
    table.add_column("below", justify="right", no_wrap=True)
    for scenario in summary.scenarios:
        _add_rows(table, scenario, several=several or wide, variants=variants or wide, wide=wide)
    return table


def _add_rows(table: Table, scenario: ScenarioSummary, *, several: bool, variants: bool, wide: bool) -> None:
    names = [*([Text(one_line(scenario.scenario, limit=40))] if several else [])]
    names += [Text(one_line(scenario.variant, limit=40))] if variants else []
    for place, estimate in enumerate(scenario.evaluators):
        first = names if place == 0 else [Text("") for _ in names]
        table.add_row(*first, *_row(estimate, wide=wide), end_section=place == len(scenario.evaluators) - 1)
    if not scenario.evaluators:
        table.add_row(*names, Text("no evaluators", style="dim"), end_section=True)


def _row(estimate: Estimate, *, wide: bool) -> list[Text]:
    these = estimate.these_cases
    cells = [
        _evaluator(estimate),
        Text(number(estimate.value)),
        Text(interval(these.low, these.high)),
        Text(interval(estimate.low, estimate.high)),
    ]
    if wide:
        cells.append(drawn_interval(estimate))
    return [*cells, _scored(estimate), _below(estimate)]


def _evaluator(estimate: Estimate) -> Text:
    text = Text(one_line(estimate.id, limit=60))
    return text.append("\non " + one_line(estimate.on, limit=57), style="dim") if estimate.on else text


def _scored(estimate: Estimate) -> Text:
    """`480/500` and, where there are any, the unscored and the pending."""
    text = Text(f"{estimate.n_scored:,}/{estimate.n_executions:,}")
    if estimate.n_unscored:
        text.append(f"\n{estimate.n_unscored:,} unscored", style="yellow")
    if estimate.n_pending:
        text.append(f"\n{estimate.n_pending:,} pending", style="cyan")
    return text


def _below(estimate: Estimate) -> Text:
    below = estimate.below
    return Text(f"{share(below.share)} < {below.threshold:g}")


def drawn_interval(estimate: Estimate) -> Text:
    """An axis from 0 to 1: `●` the value, `━` its interval for exactly these cases, `─` for new cases like these."""
    cells = [(" ", "")] * _BAR_WIDTH
    these = estimate.these_cases
    for low, high, sign, style in ((estimate.low, estimate.high, "─", "dim"), (these.low, these.high, "━", "")):
        if low is not None and high is not None:
            for place in range(_place(low), _place(high) + 1):
                cells[place] = (sign, style)
    if estimate.value is not None:
        cells[_place(estimate.value)] = ("●", "bold")
    return Text.assemble(*cells)


def _place(value: float) -> int:
    return round(min(1.0, max(0.0, value)) * (_BAR_WIDTH - 1))


def _notes(summary: RunSummary) -> RenderableType | None:
    """Where more than one number needs the same note, it stands once."""
    notes = notes_by_text(summary)
    if not notes:
        return None
    table = Table(box=None, pad_edge=False, show_header=False)
    for note, about in notes.items():
        table.add_row(Text(one_line(", ".join(about)), style="yellow"), Text(one_line(note, limit=400), style="yellow"))
    return Padding(table, (0, 0, 1, 0))


def _corrected(summary: RunSummary) -> RenderableType | None:
    """The judges' means beside what people said."""
    table = Table(
        box=None,
        pad_edge=False,
        show_header=False,
        title="judged and checked",
        title_justify="left",
        title_style="bold",
    )
    for scenario, evaluator, sentence in corrected_sentences(summary):
        table.add_row(Text(one_line(evaluator)), Text(one_line(scenario)), Text(one_line(sentence, limit=600)))
    return Padding(table, (0, 0, 1, 0)) if table.row_count else None


def _gates(summary: RunSummary) -> RenderableType | None:
    rows = [(scenario, gate) for scenario in summary.scenarios for gate in scenario.gates]
    if not rows:
        return None
    table = Table(box=None, pad_edge=False, show_header=False, title="gates", title_justify="left", title_style="bold")
    for scenario, gate in rows:
        table.add_row(
            _verdict(gate),
            Text(one_line(gate.requirement)),
            Text(one_line(name_of(scenario))),
            Text(gate_sentence(gate), style="dim"),
        )
    return Padding(table, (0, 0, 1, 0))


def _verdict(gate: GateResult) -> Text:
    return Text(f"{SYMBOLS[gate.verdict]} {VERDICTS[gate.verdict]}", style=_VERDICT_STYLE[gate.verdict])


def _counts(summary: RunSummary) -> RenderableType:
    """Executions as planned, completed and errored; marks and faults where there are any."""
    table = Table(
        box=None, pad_edge=False, show_header=False, title="executions", title_justify="left", title_style="bold"
    )
    for scenario in summary.scenarios:
        table.add_row(Text(one_line(name_of(scenario))), _execution_counts(scenario))
        if scenario.drafts is not None:
            table.add_row("", Text(drafts_sentence(scenario), style="cyan"))
        for mark, times in sorted(scenario.marks.items()):
            if times:
                table.add_row("", Text(f"{times:,} × {MARKS.get(mark, mark)}", style="yellow"))  # type: ignore[call-overload]  # marks of later versions are shown by name
        for row in _faults(scenario):
            table.add_row("", row)
    return Padding(table, (0, 0, 1, 0))


def _execution_counts(scenario: ScenarioSummary) -> Text:
    missing = scenario.planned - scenario.completed - scenario.errored
    text = Text(f"{scenario.planned:,} planned, {scenario.completed:,} completed, ")
    text.append(f"{scenario.errored:,} errored", style="red" if scenario.errored else "")
    if missing > 0:
        text.append(f", {missing:,} not executed", style="yellow")
    return text


def _faults(scenario: ScenarioSummary) -> Iterator[Text]:
    ordered = sorted(scenario.faults.items(), key=lambda item: (-item[1], item[0]))
    for fault, times in ordered[:_FAULTS_SHOWN]:
        yield Text(f"{times:,} × {one_line(fault)}", style="red")
    if len(ordered) > _FAULTS_SHOWN:
        yield Text(f"and {len(ordered) - _FAULTS_SHOWN:,} other faults", style="red")


def _usage(summary: RunSummary) -> RenderableType:
    table = Table(box=None, pad_edge=False, title="usage", title_justify="left", title_style="bold", header_style="dim")
    for heading in ("", "tokens in", "tokens out", "cost", "latency p50", "p95", "judge tokens", "judge cost"):
        table.add_column(heading, justify="left" if not heading else "right")
    for scenario in summary.scenarios:
        table.add_row(Text(one_line(name_of(scenario))), *(Text(cell) for cell in usage_cells(scenario)))
    means = ((name_of(scenario), used_on_average(scenario)) for scenario in summary.scenarios)
    told = [Text(one_line(f"{name}: {sentence}", limit=400), style="dim") for name, sentence in means if sentence]
    return Padding(Group(table, *told), (0, 0, 1, 0))


def _models(run: Run) -> Text | None:
    lines = []
    for use in models_used(run):
        does = [
            f"{word} {', '.join(names)}" for word, names in (("runs", use.steps), ("judges", use.evaluators)) if names
        ]
        lines.append(one_line(f"{use.role}: {use.model}" + (f" ({'; '.join(does)})" if does else "")))
    return Text("models  " + "\n        ".join(lines) + "\n") if lines else None
