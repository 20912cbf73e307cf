"""The HTML report: one file that holds all it needs, opens from disk without a network and stays small.

The upper half is made on the server (html_verdicts, html_summary, html_people, html_history, html_findings,
html_usage); the numbers
of all executions (html_data) and the texts of as many as the budget allows, the weakest first (html_details), follow as
compressed data that the page's script reads, with the chart library that draws the charts (html_figures).
A content security policy allows that script, that library and that style sheet by their hashes, and nothing else: no
request leaves the page, and no text in it can become code.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from peel.estimates.agreement import agreement_of
from peel.estimates.history import histories
from peel.records import Run
from peel.reports import html_findings as findings
from peel.reports import html_history as history
from peel.reports import html_summary as summary_half
from peel.reports.format import ReportSource
from peel.reports.html_data import case_list, packed, packed_arrays, packed_json, part_facts
from peel.reports.html_details import blocks
from peel.reports.html_figures import Figures
from peel.reports.html_page import asset, filled, policy, script
from peel.reports.html_people import people
from peel.reports.html_usage import usage
from peel.reports.html_verdicts import head, shown, stopping, verdicts
from peel.reports.text import one_line
from peel.reports.weakness import reading_order
from peel.reports.wording import levels
from peel.store.reading import ReadOnce

BUDGET = 4_500_000
"""The largest report, in bytes."""

NUMBERS_BUDGET = 2_000_000
"""How much of it the numbers of all executions may take; scenario variants beyond it are left out, and named."""

MOST_TEXTS = 20_000
"""The texts of how many executions it holds at most: short texts would fit by the hundred thousand, and nobody reads
them, but each costs time to write."""

_AT_THE_END = 250_000
"""What is kept for the list of executions whose texts are there."""


SCRIPTS = ("data", "charts", "cases", "map", "execution", "start")
"""The files of the page's script, in their order."""

SERVED_SCRIPTS = ("data", "charts", "cases", "map", "served", "start")
"""The same where a server shows the report: it has the executions' texts and the chart library at other addresses."""

LIBRARY = "charts/echarts.js"
"""The chart library: a part of Apache ECharts, as `make charts` makes it."""


class HtmlReport:
    """Writes the self-contained HTML report."""

    suffix = ".html"

    def write(self, source: ReportSource, out: BinaryIO) -> None:
        page = _Page(out)
        source, parts = _read(source)
        run = source.stored.run
        library, figures = asset(LIBRARY), Figures()
        before, after = _template(source, parts, figures=figures, library=library)
        page.write(before)
        page.data("charts", packed_json(figures.specs))
        if figures.specs:
            page.data("chart-library", packed(library.encode()))
        _write_numbers(page, run, parts)
        _write_details(page, source, parts, room=BUDGET - len(after))
        page.write(after)


def write_sections(source: ReportSource, out: BinaryIO) -> None:
    """Everything between a report's head and its end, for another page to hold: the same sections, and as data the
    charts and the numbers of all executions. That page brings the style sheets, the script (SERVED_SCRIPTS) and an
    element `report` around it, whose `data-executions` and `data-library` say where executions and charts' code are.
    """
    source, parts = _read(source)
    figures, page = Figures(), _Page(out)
    page.write(filled(asset("sections.html"), _sections(source, parts, figures)).encode())
    page.data("charts", packed_json(figures.specs))
    _write_numbers(page, source.stored.run, parts)


def _read(source: ReportSource) -> tuple[ReportSource, summary_half.Parts]:
    """The source, to be read once, and the numbers of each scenario variant."""
    stored = ReadOnce(source.stored)
    names = [(part.scenario.scenario, part.variant.name) for part in stored.run.scenario_variants]
    return ReportSource(source.summary, stored, source.answers), {name: stored.columns(*name) for name in names}


class _Page:
    """The file being written, and its size so far."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.size = 0

    def write(self, content: bytes) -> None:
        self._out.write(content)
        self.size += len(content)

    def data(self, name: str, payload: bytes) -> None:
        """A data element that the script finds by its id. `payload` is base64: inert whatever it stands for."""
        self.write(b'<script type="application/octet-stream" id="%s">%s</script>\n' % (name.encode(), payload))


def _template(
    source: ReportSource, parts: summary_half.Parts, *, figures: Figures, library: str
) -> tuple[bytes, bytes]:
    """The page before and after the data; its charts are gathered in `figures`."""
    style, code = asset("report.css") + asset("comparison.css"), script(*SCRIPTS)
    run = source.stored.run
    frame = {
        "policy": policy(style=style, scripts=(code, library)),
        "title": f"PEEL report {shown(run.id)}",
        "style": style,
        "script": code,
        "head": head(run),
        "models": summary_half.models(run),
        "sections": filled(asset("sections.html"), _sections(source, parts, figures)),
    }
    before, after = asset("page.html").split("{{data}}")
    return filled(before, frame).encode(), filled(after, frame).encode()


def _sections(source: ReportSource, parts: summary_half.Parts, figures: Figures) -> dict[str, str]:
    """The report's sections by name."""
    run, summary = source.stored.run, source.summary
    past = histories(source.stored, summary)
    return {
        "verdicts": stopping(summary) + verdicts(summary),
        "warning": summary_half.warning(run),
        "level": levels(summary),
        "estimates": summary_half.estimates(summary),
        "people": people(summary, agreement_of(source.stored, source.answers) if source.answers else None),
        "previous": history.previous(past, summary),
        "trends": history.trends(past, summary, figures),
        "steps": findings.steps(summary),
        "reliability": findings.reliability(summary),
        "tags": findings.tags(summary) or "<p>No case has a tag.</p>",
        "variance": findings.variance(summary, figures) or "<p>Nothing is scored.</p>",
        "distributions": summary_half.distributions(summary, parts, figures),
        "usage": usage(summary),
        "troubles": summary_half.troubles(summary),
        "provenance": summary_half.provenance(run),
    }


def _write_numbers(page: _Page, run: Run, parts: summary_half.Parts) -> None:
    """The arrays of each scenario variant and the lists of cases, as far as their budget goes."""
    room = NUMBERS_BUDGET
    facts: list[dict[str, Any]] = []
    cases: dict[str, int] = {}
    for place, part in enumerate(run.scenario_variants):
        name = part.scenario.scenario
        columns = parts[name, part.variant.name]
        arrays = packed_arrays(columns, threshold=part.scenario.below)
        listed = b"" if name in cases else packed_json(case_list(run.cases.get(name, ())))
        fits = len(arrays) + len(listed) <= room
        if fits:
            room -= len(arrays) + len(listed)
            page.data(f"part-{place}", arrays)
            if name not in cases:
                cases[name] = len(cases)
                page.data(f"cases-{cases[name]}", listed)
        facts.append({**part_facts(part, columns), "held": fits, "cases": cases.get(name), "at": place})
    executions = sum(len(columns.number) for columns in parts.values())
    page.data("index", packed_json({"run": one_line(run.id), "parts": facts, "executions": executions}))


def _write_details(page: _Page, source: ReportSource, parts: summary_half.Parts, *, room: int) -> None:
    """The texts of executions in the order they are worth reading, until the room is used."""
    order = reading_order(list(parts.values()))
    stored = source.stored.executions(int(number) for number in order[:MOST_TEXTS])
    held: list[list[int]] = []
    for numbers, block in blocks(stored, source.stored.run):
        if page.size + len(block) + _AT_THE_END > room:
            break
        page.data(f"block-{len(held)}", block)
        held.append(numbers)
    page.data("held", packed_json(held))
