"""What people are asked, and how far they and the judges agree."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from peel.workspace.folder import Folder

if TYPE_CHECKING:
    from peel.records.agreement import RunAgreement
    from peel.records.manual import ScoredRuns, ScoringQueue
    from peel.runs.manual import ManualScoring
    from peel.runs.questions import Kept, StoreQuestions


class People(Folder):
    """Manual scores of stored runs."""

    def scoring(self, run_id: str, *, rater: str) -> ManualScoring:
        """The questions of a stored run that wait for people, as one rater is asked them.

        Raises StoreError where there is no such run, DefinitionError where it asks people nothing.
        """
        from peel.runs.manual import ManualScoring

        return ManualScoring(self._questions.of(run_id), rater=rater)

    def scoring_session(self, session: str, *, rater: str) -> ManualScoring:
        """The same by the name of the rater's session, which does not tell the run. Raises UnknownRun."""
        from peel.runs.manual import checked_rater

        return self.scoring(self._questions.run_of_session(session, rater=checked_rater(rater)), rater=rater)

    def scoring_queue(self, *, rater: str, before: str | None = None) -> ScoringQueue:
        """What waits for a rater, over runs that are not told; `before` is the session to go on behind.

        Raises UnknownRun where there is no such session.
        """
        from peel.runs.scoring_queue import scoring_queue

        return scoring_queue(self.store, self._questions, rater=rater, before=before)

    def scored_runs(self, *, before: str | None = None) -> ScoredRuns:
        """The runs that ask people something, newest first; `before` is the id of the run to go on behind.

        Raises UnknownRun where there is none of this id.
        """
        from peel.runs.scoring_queue import scored_runs

        return scored_runs(self.store, self._questions, before=before)

    def agreement(self, run_id: str) -> RunAgreement:
        """How far the raters of a stored run agree with each other, and its judges with them. Raises StoreError."""
        from peel.estimates.agreement import agreement_of

        found, _ = self.store.edition(run_id)
        edition = found, self.store.marks([found])[found]
        return self._agreements.get(edition, lambda: agreement_of(self.store.run(found), self.store.people(found)))

    @cached_property
    def _agreements(self) -> Kept[tuple[str, str], RunAgreement]:
        """What was computed, until a score or a definition changes."""
        from peel.runs.questions import MOST_RUNS, Kept

        return Kept(MOST_RUNS)

    @cached_property
    def _questions(self) -> StoreQuestions:
        """What people are asked, kept between two calls."""
        from peel.runs.questions import StoreQuestions

        return StoreQuestions(self.store)
