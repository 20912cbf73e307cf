"""The report as CSV: one row for each score, for spreadsheets and data frames; nothing in it can become a formula.

An execution without any score (it errored, or nothing judges it) has one row without an evaluator, so that no execution
is missing from the sheet. Texts that a spreadsheet would take for a formula begin with an apostrophe; numbers stay
numbers, and what is unknown is an empty cell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from peel.records import Execution, Run, Score
from peel.reports.current import current_scores
from peel.reports.format import ReportSource
from peel.reports.text import as_text, bounded, encodable

COLUMNS = (
    "run",
    "scenario",
    "variant",
    "case",
    "tags",
    "repetition",
    "status",
    "evaluator",
    "on",
    "score_status",
    "value",
    "reason",
    "rater",
    "output",
    "latency_s",
    "tokens_in",
    "tokens_out",
    "cost_usd",
    "fault",
    "marks",
    "draft",
)
"""The columns, in order; later ones are added at the end."""

LONGEST_CELL = 8_000
"""Characters of one cell. Spreadsheets hold 32,767; the rest of a longer text is counted, not written."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class CsvReport:
    """Writes the CSV report, execution by execution in the order of the plan: memory does not grow with the run."""

    suffix = ".csv"

    def write(self, source: ReportSource, out: BinaryIO) -> None:
        text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
        try:
            sheet = csv.writer(text, lineterminator="\r\n")
            sheet.writerow(COLUMNS)
            sheet.writerows(_rows(source))
        finally:
            text.detach()


_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), "\ufffd")
"""What a terminal might obey: all controls but tab and the ends of lines."""


def inert(cell: str, *, limit: int = LONGEST_CELL) -> str:
    """A text cell that no spreadsheet takes for a formula, without characters CSV or UTF-8 cannot hold."""
    text = encodable(bounded(cell, limit=limit)).translate(_CONTROLS)
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might take a cell's text for a formula."""
    return text.lstrip(" \u00a0\ufeff").startswith(_FORMULA) or text.startswith(_FORMULA)


def _rows(source: ReportSource) -> Iterator[list[str | float | int | None]]:
    run = source.stored.run
    tags = {(name, case.id): ";".join(case.tags) for name, cases in run.cases.items() for case in cases}
    drafts = {(name, case.id) for name, cases in run.cases.items() for case in cases if case.draft}
    judged = {
        (part.scenario.scenario, evaluator.id): evaluator.on or ""
        for part in run.scenario_variants
        for evaluator in part.scenario.evaluators
    }
    for execution, scores in source.stored.executions(_numbers(source)):
        draft = "true" if (execution.scenario, execution.case) in drafts else "false"
        first, last = _of_execution(run, execution, tags), [*_cost(execution), draft]
        for score in current_scores(scores) or (None,):
            cells = _of_score(score, judged.get((execution.scenario, score.evaluator), "")) if score else [None] * 6
            yield [*map(_cell, first), *map(_cell, cells), *map(_cell, last)]


def _numbers(source: ReportSource) -> Iterator[int]:
    for part in source.stored.run.scenario_variants:
        yield from map(int, np.sort(source.stored.columns(part.scenario.scenario, part.variant.name).number))


def _of_execution(run: Run, execution: Execution, tags: Mapping[tuple[str, str], str]) -> list[Any]:
    labels = tags.get((execution.scenario, execution.case), "")
    place = [run.id, execution.scenario, execution.variant, execution.case, labels]
    return [*place, execution.repetition, execution.status]


def _of_score(score: Score, on: str) -> list[Any]:
    return [score.evaluator, on, score.status, score.value, score.reason, score.rater]


def _cost(execution: Execution) -> list[Any]:
    usage, fault = execution.usage, execution.fault
    marks = sorted({mark for step in execution.steps for mark in step.marks})
    said = f"{fault.step or ''}: {fault.type}: {fault.message}".removeprefix(": ") if fault else None
    used = [execution.latency_s, usage.tokens_in, usage.tokens_out, usage.cost_usd]
    return [as_text(execution.output), *used, said, ";".join(marks)]


def _cell(value: Any) -> str | float | int | None:
    if isinstance(value, str):
        return inert(value)
    return value if not isinstance(value, float) or np.isfinite(value) else None
