"""Ending a run early: feeds the rule with complete sweeps, and holds back what may not be needed.

Nothing waits for the last execution of a sweep: while one is in flight, those of later sweeps start. But only so many
as there may be thrown away: one sweep more than the one that is not complete, or a quarter of what is complete where
that is more. So a run goes beyond its end by a fifth at most, and the places of a fast server fill as it goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from peel.estimates.early_stop import EarlyStop, complete_sweeps, missing_executions, tables_of
from peel.estimates.until import parse_until
from peel.records import Execution, Run, Score
from peel.runs.plan import PlannedExecution
from peel.store.stored import SqlStoredRun

AHEAD = 4
"""What is complete, divided by this, may be in flight beyond the sweep that is not complete."""


class Stopping:
    """Whether the next execution of a run may start. `ended_early` once the rule is met."""

    def __init__(self, run: Run, until: str, *, stored: SqlStoredRun) -> None:
        self._rule = EarlyStop(run, parse_until(until))
        self._ends = np.cumsum(self._rule.sizes)
        self._tables = tables_of(run)
        for item, table in zip(run.scenario_variants, self._tables, strict=True):
            table.fill(stored.columns(item.scenario.scenario, item.variant.name))
        self._missing = missing_executions(self._tables, self._rule.sizes)
        self._complete = self._fed = 0
        self.ended_early = False
        self._take(complete_sweeps(self._missing))

    def may_start(self, number: int) -> bool | None:
        """True: start it. False: the run is over. None: ask again when an execution under way has ended."""
        if self.ended_early:
            return False
        return True if number < self._may_begin_before else None

    def end(self, planned: PlannedExecution, execution: Execution, scores: Sequence[Score]) -> None:
        """Count an execution that is stored, with its scores."""
        values = {one.evaluator: one.value for one in scores if one.value is not None and one.rater is None}
        ok = execution.status == "ok"
        self._tables[planned.scenario_variant].put(planned.case, planned.repetition, ok=ok, values=values)
        self._missing[planned.repetition - 1] -= 1
        complete = self._complete
        while complete < len(self._missing) and self._missing[complete] == 0:
            complete += 1
        self._take(complete)

    def _take(self, complete: int) -> None:
        """Feed the sweeps that are complete now, where the rule is asked after one of them."""
        self._complete = complete
        if self._rule.looked_at(complete - self._fed).any() and not self.ended_early:
            met = self._rule.add([table.between(self._fed, complete) for table in self._tables])
            self._fed, self.ended_early = complete, met is not None
        self._may_begin_before = self._limit()

    def _limit(self) -> int:
        """The first number of the plan that may not start yet."""
        if self._complete >= len(self._ends):
            return int(self._ends[-1]) if self._ends.size else 0
        current = int(self._ends[self._complete])
        begun = int(self._ends[self._complete - 1]) if self._complete else 0
        following = int(self._ends[min(self._complete + 1, len(self._ends) - 1)])
        return max(following, current + begun // AHEAD)
