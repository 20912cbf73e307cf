"""On a terminal: where the variance of the scores comes from, what would narrow the interval, which step to work on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from peel.records import RunSummary, ScenarioSummary, VarianceFigures
from peel.reports.explaining import (
    ASSOCIATION,
    narrowing_cell,
    steps_sentence,
    variance_cells,
    variance_notes,
)
from peel.reports.text import one_line
from peel.reports.wording import name_of

_HEADINGS = ("", "", "cases", "repetitions", "judge", "to narrow the interval")


def render_findings(summary: RunSummary) -> Iterator[RenderableType]:
    """Nothing where nothing is known of either."""
    rows = [
        (scenario, name, figures)
        for scenario in summary.scenarios
        for name, figures in scenario.variance.items()
        if any(share is not None for share in (figures.case, figures.execution, figures.judge))
    ]
    parts: list[RenderableType] = [*([_variance(rows)] if rows else []), *_notes(summary)]
    if parts:
        yield Padding(Group(*parts), (0, 0, 1, 0))
    told = [(scenario, steps_sentence(scenario.steps)) for scenario in summary.scenarios]
    if any(sentence for _, sentence in told):
        yield Padding(Group(Text("steps", style="bold"), *_steps(told)), (0, 0, 1, 0))


def _variance(rows: list[tuple[ScenarioSummary, str, VarianceFigures]]) -> Table:
    table = Table(
        box=None,
        pad_edge=False,
        title="where the variance comes from",
        title_justify="left",
        title_style="bold",
        header_style="dim",
    )
    for place, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="right" if 1 < place < 5 else "left", no_wrap=1 < place < 5)
    before = None
    for scenario, name, figures in rows:
        of = name_of(scenario)
        first = "" if of == before else one_line(of, limit=40)
        cells = [first, one_line(name, limit=60), *variance_cells(figures), narrowing_cell(figures)]
        table.add_row(*map(Text, cells))
        before = of
    return table


def _notes(summary: RunSummary) -> Iterator[Text]:
    """Each note once, with the evaluators it is about."""
    about: dict[str, dict[str, None]] = {}
    for scenario in summary.scenarios:
        for note, names in variance_notes(scenario).items():
            about.setdefault(note, {}).update(dict.fromkeys(names))
    for note, named in about.items():
        yield Text(f"{one_line(', '.join(named))}: {one_line(note, limit=400)}", style="yellow")


def _steps(told: list[tuple[ScenarioSummary, str]]) -> Iterator[Text]:
    for scenario, sentence in told:
        if sentence:
            yield Text.assemble((one_line(name_of(scenario)) + "  ", "dim"), one_line(sentence, limit=1_000))
    if any(scenario.steps.effects for scenario, _ in told):
        yield Text(ASSOCIATION, style="dim")
