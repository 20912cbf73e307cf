"""A comparison on a terminal, with rich. Text that came from outside is printed as text."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from peel.records.comparisons import CaseChange, Comparison, Difference, PairComparison, ShownExecution
from peel.reports import comparison_wording as words
from peel.reports.text import one_line, visible
from peel.reports.wording import number

OUTPUT_SHOWN = 500
"""Characters of an output on a terminal."""

_STYLES = {"pass": "green", "fail": "bold red", "undecided": "yellow"}


def render_comparison(comparison: Comparison, *, console: Console) -> None:
    """Print a comparison: what is compared, each evaluator's difference and verdict, costs, and the changed cases."""
    console.print(Text(words.headline(comparison), style="bold"))
    console.print(Text(words.question(comparison), style="dim"))
    for pair in comparison.pairs:
        _render_pair(pair, console)
    if comparison.overall is not None:
        console.print(Text("\nover all pairs", style="bold"))
        console.print(_differences([comparison.overall]))
    for note in comparison.notes:
        console.print(Text(f"note: {one_line(note, limit=600)}", style="yellow"))


def _render_pair(pair: PairComparison, console: Console) -> None:
    console.print()
    console.print(Text.assemble(("base       ", "dim"), one_line(words.side_name(pair.base))))
    console.print(Text.assemble(("candidate  ", "dim"), one_line(words.side_name(pair.candidate))))
    for sentence in words.case_sentences(pair):
        console.print(Text(one_line(sentence, limit=600), style="dim"))
    console.print(_differences(words.shown_differences(pair)))
    for difference in words.shown_differences(pair):
        noted = words.notes(difference)
        if noted:
            console.print(Text(f"{one_line(difference.id)}: {one_line(noted, limit=600)}", style="yellow"))
    console.print(_measures(pair))
    for note in pair.notes:
        console.print(Text(f"note: {one_line(note, limit=600)}", style="yellow"))
    _render_cases(pair, console)


def _differences(differences: Sequence[Difference]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("evaluator", overflow="fold")
    for heading in ("base", "candidate"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("difference", no_wrap=True, style="bold")
    table.add_column("verdict", overflow="fold", min_width=20)
    table.add_column("p", justify="right", no_wrap=True)
    table.add_column("made of", overflow="fold")
    for one in differences:
        table.add_row(
            Text(one_line(words.title(one), limit=120)),
            number(one.base.value),
            number(one.candidate.value),
            Text(words.numbers(one)),
            Text(f"{words.sign(one)} {words.verdict(one)}", style=_STYLES[words.state(one)]),
            words.p_value(one),
            Text(words.sizes(one), style="dim"),
        )
    if not differences:
        table.add_row(Text("no evaluator is on both sides", style="dim"), "", "", "", "", "", "")
    return table


def _measures(pair: PairComparison) -> Padding:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("", "base", "candidate", "difference", "ratio", ""):
        table.add_column(heading, justify="right" if heading in ("base", "candidate") else "left", overflow="fold")
    for measure in pair.measures:
        cells = words.measure_cells(measure)
        table.add_row(*(Text(cell) for cell in cells), Text(one_line(measure.note), style="dim"))
    return Padding(table, (0, 0, 1, 0))


def _render_cases(pair: PairComparison, console: Console) -> None:
    if not pair.n_better and not pair.n_worse:
        return
    console.print(Text(f"cases: {words.changes(pair)}", style="bold"))
    console.print(Text(words.ONE_CASE, style="dim"))
    for heading, cases in (("worse", pair.worse), ("better", pair.better)):
        for case in cases:
            console.print(_case(heading, case))


def _case(heading: str, case: CaseChange) -> Table:
    head = Text.assemble(
        (f"{heading}  ", _STYLES["fail" if heading == "worse" else "pass"]),
        (one_line(case.case), "bold"),
        (f"  {one_line(words.change(case), limit=400)}", "dim"),
    )
    table = Table(box=box.SIMPLE_HEAD, title=head, title_justify="left", title_style="", expand=True)
    table.add_column("base", ratio=1, overflow="fold")
    table.add_column("candidate", ratio=1, overflow="fold")
    table.add_row(_executions(case.base_executions), _executions(case.candidate_executions))
    return table


def _executions(shown: Sequence[ShownExecution]) -> Group:
    parts: list[Text] = []
    for one in shown:
        parts.append(Text(words.execution(one), style="dim"))
        parts.append(Text(visible(one.output, limit=OUTPUT_SHOWN) or "(no output)"))
    return Group(*parts)
