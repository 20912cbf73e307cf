"""What users' ratings say: reports, alarms, and production beside the test bed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from peel.records.feedback import EVERYTHING, FeedbackFilter, FeedbackLimits
from peel.records.production import Alarm, FeedbackReport, Period
from peel.workspace.production import Production

if TYPE_CHECKING:
    from peel.estimates.feedback_report import FeedbackNumbers
    from peel.estimates.test_bed import TestedScenario
    from peel.store.store import Store

LOW = 0.3
"""Ratings below it are low where nobody says otherwise."""

MOST_KEPT = 500
"""Of how many scenarios in runs the numbers are kept."""


class Rated(Production):
    """Ratings counted, watched, and held against the test bed."""

    def feedback_report(
        self, wanted: FeedbackFilter = EVERYTHING, *, period: Period | None = None, low: float = LOW
    ) -> FeedbackReport:
        """What users' ratings say of the interactions that are wanted, by `period` or by what suits their span.

        Raises StoreError.
        """
        from peel.estimates.feedback_report import Asked, feedback_report

        return feedback_report(self.store.feedback(), self._tested, Asked(wanted, period, low))

    def feedback_numbers(
        self, wanted: FeedbackFilter = EVERYTHING, *, period: Period | None = None, low: float = LOW
    ) -> FeedbackNumbers:
        """The same, each number for itself and counted when it is asked for."""
        from peel.estimates.feedback_report import Asked, FeedbackNumbers

        return FeedbackNumbers(self.store.feedback(), self._tested, Asked(wanted, period, low))

    def feedback_limits(self) -> FeedbackLimits:
        """What there is to select from. Raises StoreError."""
        return self.store.feedback().reader.limits()

    def watch_ratings(self) -> tuple[Alarm, ...]:
        """Look at all ratings that arrived since the last look, by whoever; the alarms that this one raised.

        Raises StoreError.
        """
        from peel.estimates.watching import watch

        alerts = self.definition.feedback.alerts
        return self.store.feedback().alarms.watch(partial(watch, alerts=alerts))

    def tell_alarms(self) -> str | None:
        """Send the alarms that the webhook of `peel.yaml` did not take yet; why one was not taken, as a sentence.

        None where there is no webhook, or nothing to tell. Raises StoreError.
        """
        address = self.definition.feedback.alerts.webhook
        if address is None:
            return None
        from peel.feedback.telling import Webhook

        return Webhook(address, os.environ).tell(self.store.feedback().alarms)

    def alarms(self, wanted: FeedbackFilter = EVERYTHING) -> tuple[Alarm, ...]:
        """The latest alarms on the ratings of a time range and of scenarios, newest first; nothing else of `wanted`
        narrows them. Raises StoreError."""
        return self.store.feedback().alarms.alarms(since=wanted.since, until=wanted.until, scenarios=wanted.scenario)

    def acknowledge_alarms(self, keys: Iterable[int]) -> None:
        """Record that a person saw these alarms. Raises StoreError."""
        self.store.feedback().alarms.acknowledge(keys, time.time())

    @cached_property
    def _tested(self) -> _KeptRuns:
        return _KeptRuns(self.store)


class _KeptRuns:
    """The finished runs of a store as `estimates.test_bed.Runs`, each computed once until it changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[tuple[str, str], tuple[str, TestedScenario]] = {}

    def finished(self, scenario: str) -> Sequence[str]:
        from peel.estimates.test_bed import MOST_RUNS

        return self._store.finished(scenario, limit=MOST_RUNS)

    def tested(self, run: str, scenario: str) -> TestedScenario:
        from peel.estimates.test_bed import scenario_of_run

        mark = self._store.marks([run]).get(run, "")
        known = self._kept.get((run, scenario))
        if known is not None and known[0] == mark:
            return known[1]
        made = scenario_of_run(self._store.run(run), scenario)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[run, scenario] = mark, made
        return made
