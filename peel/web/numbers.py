"""The numbers of runs that pages show: computed from the store once, and kept until the store has others.

What is kept goes by the run's mark, which changes with its status, its definitions and its scores: it is never old,
whichever process changed the run. Several workers each keep their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from itertools import chain

from peel.estimates.history import MOST_RUNS, MOST_VARIANTS
from peel.records import Run, RunSummary
from peel.records.history import RunOutline
from peel.web.kept import Kept
from peel.workspace import Workspace

MOST_SUMMARIES, MOST_OUTLINES = 300, 5_000
"""Of how many runs the summary, and what small charts need, are kept."""

MOST_REPORT_BYTES = 64_000_000
"""How much memory the reports that are kept may take together."""

SMALL = 2_000
"""Up to how many executions of a run its numbers are computed while its page is made."""


class Numbers:
    """The numbers of a workspace's runs. Safe to use from several threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._summaries: Kept[RunSummary] = Kept(most=MOST_SUMMARIES)
        self._outlines: Kept[RunOutline] = Kept(most=MOST_OUTLINES)
        self._reports: Kept[bytes] = Kept(most=MOST_REPORT_BYTES, weight=len)

    def marks(self, run_ids: Sequence[str]) -> dict[str, str]:
        """By run the mark that its numbers are kept under, read at once for several; gone ones are left out."""
        return self._workspace.store.marks(run_ids)

    def summary(self, run_id: str, marks: Mapping[str, str]) -> RunSummary:
        """A run's summary without its cases, which pages do not list. Raises StoreError where there is none."""
        return self._summaries.get(run_id, marks.get(run_id, ""), lambda: self._summarised(run_id))

    def outlines(self, marks: Mapping[str, str]) -> list[RunOutline]:
        """Runs in short, in the order of their marks."""
        return [self._outlines.get(run_id, mark, self._outliner(run_id)) for run_id, mark in marks.items()]

    def has_all(self, run_id: str, marks: Mapping[str, str]) -> bool:
        """Whether the summary of the run and the outlines of all cost nothing."""
        is_summarised = self._summaries.has(run_id, marks.get(run_id, ""))
        return is_summarised and all(self._outlines.has(one, mark) for one, mark in marks.items())

    def report(self, run: Run) -> bytes:
        """What the HTML report says of a run, for a page to hold. Raises StoreError where there is none."""
        return self._reports.get(run.id, self._report_mark(run), lambda: self._report(run.id))

    def has_report(self, run: Run) -> bool:
        """Whether `report` costs nothing."""
        return self._reports.has(run.id, self._report_mark(run))

    def _report_mark(self, run: Run) -> str:
        """A report looks back at earlier runs, whose scores may change too."""
        store = self._workspace.store
        back = (store.finished(name, limit=MOST_RUNS - 1, before=run.id) for name in list(run.cases)[:MOST_VARIANTS])
        return repr(sorted(store.marks(list({run.id, *chain.from_iterable(back)})).items()))

    def _summarised(self, run_id: str) -> RunSummary:
        summary = self._workspace.summary(run_id)[1]
        scenarios = tuple(one.model_copy(update={"cases": ()}) for one in summary.scenarios)
        return summary.model_copy(update={"scenarios": scenarios})

    def _outliner(self, run_id: str) -> Callable[[], RunOutline]:
        return lambda: self._workspace.outline(run_id)

    def _report(self, run_id: str) -> bytes:
        out = BytesIO()
        self._workspace.write_report_sections(self._workspace.source(run_id), out)
        return out.getvalue()
