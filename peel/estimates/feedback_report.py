"""Everything a report says of production, from counts that the database makes in a few passes, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from peel.estimates.against import against, offset
from peel.estimates.periods import date_of, first_day, period_for, periods
from peel.estimates.ratings import estimated, needs_values, together
from peel.estimates.test_bed import Runs, RunsOnce
from peel.records.feedback import EVERYTHING, MAPPING_STATES, FeedbackFilter, MappingState, Tally
from peel.records.production import (
    Against,
    Alarm,
    FeedbackReport,
    GroupEstimate,
    Offset,
    Period,
    PeriodEstimate,
    RatingEstimate,
    TopicEstimate,
)
from peel.statistics.monitoring import post_stratified
from peel.store.feedback import FeedbackStore
from peel.store.feedback_reading import LOW, Group

MOST_GROUPS = 200
"""How many scenarios, versions or topics a report lists; of more, those with the most interactions."""

MOST_COMPARED = 100
"""How many pairs of scenario and version are held against the test bed, those with the most ratings."""

MOST_ALARMS = 100
"""How many alarms a report lists, the latest."""

DEPENDENT = (
    "Each rating counts for itself: ratings of one user are more alike than those of several, so that intervals are "
    "too narrow where few users give many ratings."
)

_Key: TypeAlias = tuple[Any, ...]
_BY: tuple[Group, ...] = ("scenario", "app_version", "mapping")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about: the interactions, the period to show them by (None: one that suits their span), and what
    a low rating is below."""

    wanted: FeedbackFilter = EVERYTHING
    period: Period | None = None
    low: float = LOW


def feedback_report(feedback: FeedbackStore, runs: Runs, asked: Asked) -> FeedbackReport:
    """What users' ratings say of the interactions that are asked for. Raises StoreError."""
    return FeedbackNumbers(feedback, runs, asked).report()


class FeedbackNumbers:
    """The numbers of one report, each for itself, counted when it is asked for: a page shows them one by one. What
    several are made of is counted once. Safe to use from several threads; everything may raise StoreError."""

    def __init__(self, feedback: FeedbackStore, runs: Runs, asked: Asked) -> None:
        self._feedback = feedback
        self._runs = RunsOnce(runs)
        self.asked = asked
        self._guard = threading.Lock()
        self._counted: dict[_Key, Tally] | None = None

    def report(self) -> FeedbackReport:
        """All of them."""
        scenarios, more_scenarios = self.groups("scenario")
        versions, more_versions = self.groups("app_version")
        topics = self.topics()
        period, over_time = self.over_time()
        left_out = {"scenario": more_scenarios, "app_version": more_versions, "topic": len(topics) - MOST_GROUPS}
        return FeedbackReport(
            wanted=self.asked.wanted,
            limits=self._feedback.reader.limits(),
            overall=self.overall(),
            mapping=self.mapping(),
            weakest=weakest(scenarios),
            period=period,
            over_time=over_time,
            by_scenario=scenarios,
            by_version=versions,
            topics=topics[:MOST_GROUPS],
            histogram=self.histogram(),
            alarms=self.alarms(),
            against=self.against(),
            offset=self.offset(scenarios),
            adjusted=adjusted(one.estimate.tally for one in scenarios) if more_scenarios <= 0 else None,
            low=self.asked.low,
            left_out={name: count for name, count in left_out.items() if count > 0},
            notes=self.notes(),
        )

    def histogram(self) -> tuple[int, ...]:
        """How many ratings lie in each equal part of [0, 1]."""
        return self._feedback.reader.histogram(self.asked.wanted)

    def alarms(self) -> tuple[Alarm, ...]:
        """The latest alarms on what is selected, as far as a time range and scenarios select it."""
        wanted = self.asked.wanted
        return self._feedback.alarms.alarms(
            since=wanted.since, until=wanted.until, scenarios=wanted.scenario, limit=MOST_ALARMS
        )

    def against(self) -> tuple[Against, ...]:
        """Production beside the test bed, first what users find worse."""
        return against(self._by_version_of_scenario(), self._runs, wanted=self.asked.wanted)

    def offset(self, scenarios: Iterable[GroupEstimate]) -> Offset | None:
        """How far production is from the test bed over scenarios."""
        named = {one.name: one.estimate for one in scenarios if one.name is not None}
        return offset(named, self._runs, wanted=self.asked.wanted)

    def notes(self) -> tuple[str, ...]:
        """What a reader has to know of all intervals."""
        return (DEPENDENT,) if self._feedback.counts.know_users() else ()

    def _tallies(self) -> dict[_Key, Tally]:
        with self._guard:
            if self._counted is None:
                self._counted = self._feedback.reader.tallies(_BY, wanted=self.asked.wanted, low=self.asked.low)
            return self._counted

    def overall(self) -> RatingEstimate:
        """The mean over everything that is selected."""
        tally = together(self._tallies().values())
        values = self._feedback.counts.all_by_value(self.asked.wanted).values if needs_values(tally) else None
        return estimated(tally, values)

    def mapping(self) -> dict[MappingState, int]:
        """The interactions by how their scenario was found."""
        found = _summed(self._tallies(), lambda key: key[2:])
        return {state: found.get((place,), Tally()).interactions for place, state in enumerate(MAPPING_STATES)}

    def groups(self, label: Group) -> tuple[tuple[GroupEstimate, ...], int]:
        """The groups by name, None last, and how many more there are."""
        place = _BY.index(label)
        tallies = _summed(self._tallies(), lambda key: (key[place],))
        kept = _largest(tallies, MOST_GROUPS, lambda tally: tally.interactions)
        made = self._estimates((label,), kept)
        ordered = sorted(made, key=lambda key: (key[0] is None, key[0] or ""))
        groups = tuple(GroupEstimate(name=key[0], estimate=made[key]) for key in ordered)
        return groups, len(tallies) - len(kept)

    def _by_version_of_scenario(self) -> dict[tuple[str, str | None], RatingEstimate]:
        tallies = _summed(self._tallies(), lambda key: key[:2])
        # Only what a run stands beside: an interval by value costs milliseconds, and there may be a hundred pairs.
        tested = {key[0] for key in tallies if key[0] is not None and self._runs.finished(key[0])}
        named = {key: tally for key, tally in tallies.items() if key[0] in tested and tally.rated}
        made = self._estimates(_BY[:2], _largest(named, MOST_COMPARED, lambda tally: tally.rated))
        return {(key[0], key[1]): estimate for key, estimate in made.items()}

    def _estimates(self, by: Sequence[Group], tallies: Mapping[_Key, Tally]) -> dict[_Key, RatingEstimate]:
        """Each combination's estimate; of those with few ratings these are read by value."""
        few = [key for key, tally in tallies.items() if needs_values(tally)]
        values = self._feedback.counts.by_value(by, few, wanted=self.asked.wanted)
        return {key: estimated(tally, values[key].values if key in values else None) for key, tally in tallies.items()}

    def over_time(self) -> tuple[Period, tuple[PeriodEstimate, ...]]:
        """The mean of each period, and which period that is."""
        asked = self.asked
        by_day = self._feedback.reader.tallies(("day",), wanted=asked.wanted, low=asked.low)
        days: list[int] = [day for (day,) in by_day]
        period = period_for(days, asked.period)
        if not days:
            return period, ()
        tallies = _summed(by_day, lambda key: (first_day(key[0], period),))
        few = {key for key, tally in tallies.items() if needs_values(tally)}
        values = self._values_of(few, days, period)
        made = [
            PeriodEstimate(
                first=date_of(first).isoformat(),
                behind=date_of(behind).isoformat(),
                estimate=estimated(tallies.get((first,), Tally()), values.get((first,))),
            )
            for first, behind in periods(min(days), max(days), period=period)
        ]
        return period, tuple(made)

    def _values_of(self, few: set[_Key], days: Iterable[int], period: Period) -> dict[_Key, dict[float, int]]:
        """The ratings by value of some periods."""
        wanted = [(day,) for day in days if (first_day(day, period),) in few]
        found: dict[_Key, dict[float, int]] = {}
        for (day,), counts in self._feedback.counts.by_value(("day",), wanted, wanted=self.asked.wanted).items():
            into = found.setdefault((first_day(day, period),), {})
            for value, count in counts.values.items():
                into[value] = into.get(value, 0) + count
        return found

    def topics(self) -> tuple[TopicEstimate, ...]:
        """The lowest-rated first; those without a rating last."""
        made = [
            TopicEstimate(key=key, name=name, estimate=estimated(counts.tally(self.asked.low), counts.values))
            for key, name, counts in self._feedback.counts.topics(self.asked.wanted)
        ]
        return tuple(sorted(made, key=lambda one: (one.estimate.value is None, one.estimate.value or 0.0, one.key)))


def _summed(tallies: Mapping[_Key, Tally], of: Callable[[_Key], _Key]) -> dict[_Key, Tally]:
    """Tallies of larger groups, each of which `of` gives the key of."""
    found: dict[_Key, list[Tally]] = {}
    for key, tally in tallies.items():
        found.setdefault(of(key), []).append(tally)
    return {key: together(some) for key, some in found.items()}


def _largest(tallies: Mapping[_Key, Tally], most: int, size: Callable[[Tally], int]) -> dict[_Key, Tally]:
    ordered = sorted(tallies, key=lambda key: (-size(tallies[key]), [(one is not None, one) for one in key]))
    return {key: tallies[key] for key in ordered[:most]}


def weakest(scenarios: Iterable[GroupEstimate]) -> GroupEstimate | None:
    """The scenario with the lowest upper end of its interval: that of a few bad ratings is wide, and its end high.
    None where fewer than two named scenarios have an interval."""
    known = [one for one in scenarios if one.name is not None and one.estimate.high is not None]
    if len(known) < 2:
        return None
    return min(known, key=lambda one: (one.estimate.high or 0.0, one.estimate.value or 0.0, one.name))


def adjusted(scenarios: Iterable[Tally]) -> float | None:
    """The mean with each scenario weighed by its interactions, rated or not; None for fewer than two scenarios, and
    where one has no rating."""
    known = [tally for tally in scenarios if tally.interactions]
    if len(known) < 2 or any(tally.mean is None for tally in known):
        return None
    means = [tally.mean or 0.0 for tally in known]
    return post_stratified(range(len(known)), means, shares=[tally.interactions for tally in known])


def unmatched_share(report: FeedbackReport) -> float | None:
    """The share of the interactions that were mapped, and fit no scenario; None where none was mapped."""
    mapped = sum(count for state, count in report.mapping.items() if state != "waiting")
    return report.mapping.get("unmatched", 0) / mapped if mapped else None
