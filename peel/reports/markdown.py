"""The report as Markdown, for a comment on a pull request: verdicts, estimates, the weakest cases.

Text from outside is escaped: it can close no table cell and no code span, is never HTML or a link, and mentions nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from peel.counting import counted
from peel.records import CaseFigures, Estimate, RunSummary, ScenarioSummary
from peel.reports.corrected_wording import corrected_sentences
from peel.reports.explaining import (
    ASSOCIATION,
    narrowing_cell,
    steps_sentence,
    variance_cells,
    variance_notes,
)
from peel.reports.format import ReportSource
from peel.reports.models_used import models_used, weak_model_warning
from peel.reports.short_tables import short_tables, used_on_average
from peel.reports.text import one_line
from peel.reports.weakness import counts_by_case
from peel.reports.wording import (
    STATUSES,
    VERDICTS,
    drafts_sentence,
    evaluator_name,
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

_ICONS = {"pass": "✅", "fail": "❌", "undecided": "❔", "draft": "📝"}
_ORDER = ("fail", "undecided", "pass", "draft")
_MOST_ROWS, _MOST_CASES, _MOST_FAULTS = 100, 10, 5
_SYNTAX = re.compile(r"([\\`*_\[\]|~$]|\.(?=[^\W\d])|:(?=/))")
_MENTIONS = re.compile(r"([@#])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class MarkdownReport:
    """Writes the Markdown report; bounded, since comments are."""

    suffix = ".md"

    def write(self, source: ReportSource, out: BinaryIO) -> None:
        out.write(("\n".join(_lines(source)) + "\n").encode())


def escaped(text: str, *, limit: int = 160) -> str:
    """Text as Markdown shows it letter for letter: no markup, HTML, link, reference or mention."""
    line = _MENTIONS.sub("\\1\u200b", _SYNTAX.sub(r"\\\1", one_line(text, limit=limit)))
    return "".join(_HTML.get(letter, letter) for letter in line)


def _lines(source: ReportSource) -> Iterator[str]:
    run, summary = source.stored.run, source.summary
    yield f"## PEEL: {_headline(summary.scenarios)}"
    yield f"\nRun {escaped(run.id)}, {escaped(last_moment(run))}, {escaped(STATUSES[run.status])}."
    if summary.stopping is not None:
        yield f"\n{escaped(stopping_sentence(summary.stopping), limit=500)}."
    warning = weak_model_warning(run)
    if warning:
        yield f"\n> ⚠️ {escaped(warning, limit=500)}"
    yield from _gates(summary.scenarios)
    for scenario in summary.scenarios:
        if scenario.drafts is not None:
            yield f"\n{escaped(name_of(scenario))}: {drafts_sentence(scenario)}."
    yield from _estimates(summary)
    yield from _short_tables(summary)
    yield from _variance(summary.scenarios)
    yield from _steps(summary.scenarios)
    yield from _weakest(source)
    yield from _faults(summary.scenarios)
    yield from _usage(source)


def _headline(scenarios: tuple[ScenarioSummary, ...]) -> str:
    verdicts = [gate.verdict for scenario in scenarios for gate in scenario.gates]
    counted = [(verdict, verdicts.count(verdict)) for verdict in _ORDER if verdict in verdicts]
    return ", ".join(f"{_ICONS[verdict]} {times} {VERDICTS[verdict]}" for verdict, times in counted) or "no gates"


def _table(title: str, headings: str, rows: Iterator[str]) -> Iterator[str]:
    """A table of at most `_MOST_ROWS` rows; nothing where there are none. A heading that ends with `:` is a number."""
    held = list(rows)
    if not held:
        return
    names = headings.split("|")
    yield f"\n### {title}\n\n| {' | '.join(name.removesuffix(':') for name in names)} |"
    yield f"|{'|'.join('---:' if name.endswith(':') else '---' for name in names)}|"
    yield from held[:_MOST_ROWS]
    if len(held) > _MOST_ROWS:
        yield f"\n{len(held) - _MOST_ROWS:,} further rows are left out."


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _gates(scenarios: tuple[ScenarioSummary, ...]) -> Iterator[str]:
    return _table(
        "Gates",
        "verdict|requirement|scenario|because",
        (
            _row(
                f"{_ICONS[gate.verdict]} {VERDICTS[gate.verdict]}",
                escaped(gate.requirement),
                escaped(name_of(scenario)),
                escaped(gate_sentence(gate)),
            )
            for scenario in scenarios
            for gate in scenario.gates
        ),
    )


def _estimates(summary: RunSummary) -> Iterator[str]:
    scenarios = summary.scenarios
    headings = "scenario|variant|evaluator|mean:|exactly these cases|new cases like these|below:|n:|unscored:|pending:"
    yield from _table("Estimates", headings, (_estimate(s, estimate) for s in scenarios for estimate in s.evaluators))
    for scenario, evaluator, sentence in corrected_sentences(summary):
        yield f"\n{escaped(evaluator)} ({escaped(scenario)}): {escaped(sentence, limit=600)}"
    for note, about in notes_by_text(summary).items():
        yield f"\n{', '.join(map(escaped, about))}: {escaped(note, limit=400)}"


def _estimate(scenario: ScenarioSummary, estimate: Estimate) -> str:
    these, below = estimate.these_cases, estimate.below
    return _row(
        escaped(scenario.scenario),
        escaped(scenario.variant),
        escaped(evaluator_name(estimate)),
        f"**{number(estimate.value)}**",
        interval(these.low, these.high),
        interval(estimate.low, estimate.high),
        f"{share(below.share)} &lt; {below.threshold:g}",
        f"{estimate.n_scored:,} in {counted(estimate.n_cases, 'case')}",
        f"{estimate.n_unscored:,}",
        f"{estimate.n_pending:,}",
    )


def _short_tables(summary: RunSummary) -> Iterator[str]:
    for made in short_tables(summary):
        rows = (_row(*(escaped(cell) for cell in row)) for row in made.rows)
        yield from _table(made.title.capitalize(), "|".join(made.headings), rows)
        for sentence in made.sentences:
            yield f"\n{escaped(sentence, limit=400)}"


def _variance(scenarios: tuple[ScenarioSummary, ...]) -> Iterator[str]:
    """Where the variance comes from, for the evaluators of which it is known."""
    headings = "scenario|evaluator|cases:|repetitions:|judge:|to narrow the interval"
    rows = (
        _row(
            escaped(name_of(scenario)),
            escaped(name),
            *variance_cells(figures),
            escaped(narrowing_cell(figures), limit=400),
        )
        for scenario in scenarios
        for name, figures in scenario.variance.items()
        if any(part is not None for part in (figures.case, figures.execution, figures.judge))
    )
    yield from _table("Where the variance comes from", headings, rows)
    notes = {note: names for scenario in scenarios for note, names in variance_notes(scenario).items()}
    for note, names in notes.items():
        yield f"\n{', '.join(map(escaped, names))}: {escaped(note, limit=400)}"


def _steps(scenarios: tuple[ScenarioSummary, ...]) -> Iterator[str]:
    """The step to work on first, in words."""
    told = [(scenario, steps_sentence(scenario.steps)) for scenario in scenarios]
    if not any(sentence for _, sentence in told):
        return
    yield "\n### Steps"
    for scenario, sentence in told:
        if sentence:
            yield f"\n{escaped(name_of(scenario))}: {escaped(sentence, limit=1_000)}"
    if any(scenario.steps.effects for scenario in scenarios):
        yield f"\n{ASSOCIATION}"


def _weakest(source: ReportSource) -> Iterator[str]:
    rows = (row for scenario in source.summary.scenarios for row in _weakest_of(source, scenario))
    return _table("Weakest cases", "scenario|case|evaluators, weakest first|errored:", rows)


def _weakest_of(source: ReportSource, scenario: ScenarioSummary) -> Iterator[str]:
    """The weakest cases of one scenario variant, with each evaluator's mean and how often it lies below."""
    columns = source.stored.columns(scenario.scenario, scenario.variant)
    counts = {
        estimate.id: counts_by_case(columns, estimate.id, cases=len(scenario.cases), threshold=estimate.below.threshold)
        for estimate in scenario.evaluators
        if estimate.id in columns.scores
    }
    order = sorted(range(len(scenario.cases)), key=lambda place: (*_weakness(scenario.cases[place]), place))
    for place in order[:_MOST_CASES]:
        case = scenario.cases[place]
        values = sorted((value, name) for name, value in case.values.items() if value is not None)
        said = ", ".join(
            f"{escaped(name)} {number(value)} ({counts[name].word(place)} below)" for value, name in values
        )
        yield _row(
            escaped(name_of(scenario)), escaped(case.case), said or "no score", f"{case.errored} of {case.planned}"
        )


def _weakness(case: CaseFigures) -> tuple[float, int]:
    values = [value for value in case.values.values() if value is not None]
    return (sum(values) / len(values) if values else -1.0 if case.errored else 2.0), -case.errored


def _faults(scenarios: tuple[ScenarioSummary, ...]) -> Iterator[str]:
    rows = (
        _row(escaped(name_of(scenario)), f"{times:,}", escaped(fault, limit=300))
        for scenario in scenarios
        for fault, times in sorted(scenario.faults.items(), key=lambda item: (-item[1], item[0]))[:_MOST_FAULTS]
    )
    return _table("Faults", "scenario|executions:|fault", rows)


def _usage(source: ReportSource) -> Iterator[str]:
    headings = "scenario|tokens in:|tokens out:|cost:|latency p50:|p95:|judge tokens:|judge cost:"
    rows = (_row(escaped(name_of(scenario)), *usage_cells(scenario)) for scenario in source.summary.scenarios)
    yield from _table("Usage", headings, rows)
    for scenario in source.summary.scenarios:
        sentence = used_on_average(scenario)
        if sentence:
            yield f"\n{escaped(name_of(scenario))}: {escaped(sentence, limit=400)}."
    named = [f"{escaped(use.role)}: {escaped(use.model)}" for use in models_used(source.stored.run)]
    if named:
        yield f"\nModels: {'; '.join(named)}."
