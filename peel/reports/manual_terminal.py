"""One question to a rater on a terminal, and how far raters and judges agree. Text from outside is printed as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from peel.records import Json, ManualItem, ManualProgress, Scale
from peel.records.agreement import Agreement, RunAgreement
from peel.reports.text import as_text, one_line, source_of, visible
from peel.reports.wording import interval, number

LONGEST = 20_000
"""Characters of one text that are printed; the rest is counted."""

KEYS = {
    "c": "comment",
    "e": "expected output",
    "p": "passages",
    "s": "skip",
    "b": "back",
    "q": "quit",
}
"""The keys beside those of the scale, and what they do."""


def render_item(item: ManualItem, progress: ManualProgress, *, left: str, console: Console) -> None:
    """Print a question: the input, the output, what is asked, and the keys; `left` is how long the rest may take."""
    place = f"{progress.answered:,} of {progress.asked:,} answered{f', {left}' if left else ''}"
    console.print(Rule(Text(place), align="left", style="dim"))
    _print_values("input", item.inputs, console)
    _print_text("output", item.output, console)
    console.print(Text(visible(item.question, limit=LONGEST), style="bold"))
    if item.answer is not None:
        said = f" “{one_line(item.answer.comment)}”" if item.answer.comment else ""
        console.print(Text(f"your answer so far: {number(item.answer.value)}{said}", style="cyan"))
    console.print(Text(_keys(item.scale), style="dim"))


def render_expected(item: ManualItem, *, console: Console) -> None:
    """Print the case's expected output."""
    if not item.expected:
        console.print(Text("the case has no expected output", style="dim"))
    _print_values("expected", item.expected, console)


def render_passages(item: ManualItem, *, console: Console) -> None:
    """Print the passages that were found."""
    if not item.passages:
        console.print(Text("no step found passages", style="dim"))
    for place, passage in enumerate(item.passages, 1):
        console.print(Text(f"  [{place}] " + one_line(source_of(passage.model_dump())), style="cyan"))
        console.print(_indented(passage.text, by=6))


def render_agreement(found: RunAgreement, *, console: Console) -> None:
    """Print how far raters agree with each other and judges with people, in sentences, numbers and disagreements."""
    console.print(Text.assemble(("run ", "dim"), (one_line(found.run), "bold"), ("  agreement", "dim")))
    for raters in found.raters:
        console.print(Text(f"\n{one_line(raters.scenario)}: raters of {one_line(raters.evaluator)}", style="bold"))
        console.print(Text(one_line(raters.sentence, limit=600)))
        if raters.raters:
            counts = ", ".join(f"{one_line(name)} {count:,}" for name, count in raters.raters.items())
            console.print(Text(f"answers: {counts}", style="dim"))
        if raters.pairs:
            console.print(_numbers(raters.pairs))
    for judge in found.judges:
        names = f"{one_line(judge.agreement.other)} and people ({one_line(judge.agreement.one)})"
        console.print(Text(f"\n{one_line(judge.scenario)}: {names}", style="bold"))
        console.print(Text(one_line(judge.sentence, limit=600)))
        if judge.agreement.n_executions:
            console.print(_numbers((judge.agreement,)))
            _print_disagreements(judge.agreement, console)
    if not found.raters:
        console.print("the run asks people nothing: none of its scenarios has an evaluator `use: manual`")


def _keys(scale: Scale) -> str:
    first, last = scale.first, scale.first + len(scale.levels) - 1
    exact = "  . a number from 0 to 1" if not scale.discrete else ""
    others = "  ".join(f"{key} {does}" for key, does in KEYS.items())
    return f"{first} worst … {last} best{exact}  {others}"


def _print_values(title: str, values: Mapping[str, Json], console: Console) -> None:
    for name, value in values.items():
        _print_text(f"{title} · {name}", value, console)


def _print_text(title: str, value: Json, console: Console) -> None:
    console.print(Text(one_line(title), style="bold dim"))
    console.print(_indented(as_text(value)))


def _indented(text: str, *, by: int = 2) -> Padding:
    return Padding(Text(visible(text, limit=LONGEST), overflow="fold"), (0, 0, 0, by))


def _numbers(agreements: tuple[Agreement, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("", overflow="fold")
    for heading in ("outputs", "cases", "alpha", "", "ICC", "Pearson", "Spearman", "kappa", "difference", "same side"):
        table.add_column(heading, justify="right", no_wrap=heading not in ("difference",))
    for one in agreements:
        table.add_row(Text(f"{one_line(one.one, limit=40)} · {one_line(one.other, limit=40)}"), *_cells(one))
    return table


def _cells(one: Agreement) -> Iterator[str]:
    yield from (f"{one.n_executions:,}", f"{one.n_cases:,}", number(one.alpha))
    yield interval(one.interval.low, one.interval.high)
    yield from (number(one.icc), number(one.pearson), number(one.spearman), number(one.kappa))
    gap = one.difference
    yield "–" if gap is None else f"{gap.mean:+.2f} {interval(gap.low, gap.high)}"
    yield "–" if one.same_side is None else f"{one.same_side:.0%} at {one.threshold:g}"


def _print_disagreements(one: Agreement, console: Console) -> None:
    gap = one.difference
    if gap is not None and gap.limits_low is not None:
        limits = interval(gap.limits_low, gap.limits_high)
        console.print(Text(f"95 % of the single differences lie in {limits}", style="dim"))
    if not one.disagreements:
        return
    table = Table(box=None, pad_edge=False, title="largest disagreements", title_justify="left", title_style="bold")
    for heading in ("case", "variant", one.one, one.other):
        table.add_column(one_line(heading, limit=40), overflow="fold")
    for each in one.disagreements:
        address = Text(one_line(f"{each.case}#{each.repetition}"))
        table.add_row(address, Text(one_line(each.variant)), number(each.one), number(each.other))
    console.print(table)
