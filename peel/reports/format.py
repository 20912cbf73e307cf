"""The seam of reports: a format is a class with `write`, named by an entry point of `peel.reports`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Protocol

from peel.estimates.agreement import Answers
from peel.records import RunSummary
from peel.store.reading import StoredRun


@dataclass(frozen=True, slots=True)
class ReportSource:
    """What a report is made from: the numbers, the stored run they were made of, and what people answered, where it is
    asked for."""

    summary: RunSummary
    stored: StoredRun
    answers: Answers | None = None


class ReportFormat(Protocol):
    """Writes one report. `suffix` is the file name's ending with its dot, such as `.html`. The same store gives the
    same bytes."""

    suffix: str

    def write(self, source: ReportSource, out: BinaryIO) -> None: ...
