"""What is read from stored runs: numbers, reports, comparisons, plans. Nothing is executed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from peel.plugins import Registry
from peel.records import Case, Execution, RunSummary, Score
from peel.workspace.folder import Folder

if TYPE_CHECKING:
    from peel.estimates.differences import Question
    from peel.estimates.planning import PlanRequest
    from peel.records.comparisons import Comparison
    from peel.records.history import RunOutline
    from peel.records.plans import Plan
    from peel.reports.format import ReportSource
    from peel.store.stored import SqlStoredRun


REPORTS = Registry("peel.reports", word="report format")


class Reading(Folder):
    """Numbers and reports of stored runs."""

    def summary(self, run_id: str) -> tuple[SqlStoredRun, RunSummary]:
        """A stored run and its numbers. Raises StoreError where there is none."""
        from peel.estimates.summary import summarise

        stored = self.store.run(run_id)
        return stored, summarise(stored)

    def executions(
        self, run_id: str, address: str, *, scenario: str | None = None, variant: str | None = None
    ) -> list[tuple[Execution, tuple[Score, ...], Case]]:
        """The executions of one case (`CASE`) or of one repetition of it (`CASE#N`), with their scores.

        Raises StoreError where there is no such run, DefinitionError where it has no such execution.
        """
        from peel.runs.find import find_executions

        return find_executions(self.store.run(run_id), address, scenario=scenario, variant=variant)

    def source(self, run_id: str) -> ReportSource:
        """What reports of a stored run are made from: its numbers are computed here, once for all formats."""
        from peel.reports.format import ReportSource

        stored, summary = self.summary(run_id)
        return ReportSource(summary, stored, self.store.people(stored.run.id))

    def outline(self, run_id: str) -> RunOutline:
        """A stored run in short, as a chart of many runs shows it. Raises StoreError where there is none."""
        from peel.estimates.history import outline

        return outline(self.store.run(run_id))

    def write_report_sections(self, source: ReportSource, out: BinaryIO) -> None:
        """What the HTML report says of a run, for a page to hold that brings its style and its script."""
        from peel.reports.html import write_sections

        write_sections(source, out)

    def write_report(self, source: ReportSource, report: str, out: BinaryIO) -> None:
        """Write a report to a binary file. Raises UnknownName for a format that nobody brings."""
        writer = REPORTS.resolve(report)()
        writer.write(source, out)

    def write_reports(self, source: ReportSource, folder: Path, *, formats: Iterable[str]) -> dict[str, Path]:
        """Write reports into a folder, named by the run; the path of each format."""
        folder.mkdir(parents=True, exist_ok=True)
        written = {}
        for name in formats:
            writer = REPORTS.resolve(name)()
            written[name] = folder / f"{source.stored.run.id}{writer.suffix}"
            with written[name].open("wb") as out:
                writer.write(source, out)
        return written

    def compare(self, base: str, candidate: str, *, question: Question) -> Comparison:
        """Two sides held against each other; each is `RUN`, `RUN:SCENARIO`, `RUN:VARIANT` or `RUN:SCENARIO/VARIANT`.

        Raises StoreError where there is no such run, DefinitionError where the sides cannot be paired.
        """
        from peel.estimates.comparing import compare
        from peel.estimates.pairing import split_address

        (run, name), (other, other_name) = split_address(base), split_address(candidate)
        return compare((self.store.run(run), name), (self.store.run(other), other_name), question=question)

    def plan(self, pilot: str, request: PlanRequest) -> Plan:
        """How many cases and repetitions a question needs, by a pilot run, addressed as a side of a comparison.

        Raises StoreError where there is no such run, DefinitionError where a target is out of range.
        """
        from peel.estimates.pairing import parts_of, split_address
        from peel.estimates.planning import plan_from_pilot

        run, name = split_address(pilot)
        stored = self.store.run(run)
        return plan_from_pilot(parts_of(stored, name), request, judged=stored)
