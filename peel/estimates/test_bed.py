"""What the test bed says of a scenario, as one number to hold production against: from a finished run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from peel.estimates.methods import intervals
from peel.estimates.values import cases_of
from peel.records import BASE_VARIANT, Run, ScenarioVariant
from peel.records.manual import BY_PEOPLE
from peel.records.production import TestBedEstimate
from peel.store.reading import Columns, StoredRun

MOST_RUNS = 20
"""How many of a scenario's latest runs are looked through for the one of a version."""

_COMMIT = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True, slots=True)
class TestedScenario:
    """A scenario in one finished run: its estimates by variant, and the commit that the run was made at."""

    __test__ = False

    commit: str | None
    by_variant: dict[str, TestBedEstimate]


class Runs(Protocol):
    """The finished runs of a store, as far as production is held against them."""

    def finished(self, scenario: str) -> Sequence[str]:
        """The ids of the latest finished runs with a scenario, newest first."""
        ...

    def tested(self, run: str, scenario: str) -> TestedScenario:
        """A scenario in one of them, as `scenario_of_run` has it."""
        ...


class RunsOnce:
    """The same, each asked for once, for one report."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._finished: dict[str, Sequence[str]] = {}
        self._tested: dict[tuple[str, str], TestedScenario] = {}

    def finished(self, scenario: str) -> Sequence[str]:
        if scenario not in self._finished:
            self._finished[scenario] = self._runs.finished(scenario)
        return self._finished[scenario]

    def tested(self, run: str, scenario: str) -> TestedScenario:
        if (run, scenario) not in self._tested:
            self._tested[run, scenario] = self._runs.tested(run, scenario)
        return self._tested[run, scenario]


def scenario_of_run(stored: StoredRun, scenario: str) -> TestedScenario:
    """A scenario in a stored run; nothing by variant where it is a draft."""
    run = stored.run
    parts = [one for one in run.scenario_variants if one.scenario.scenario == scenario and not one.scenario.draft]
    found = {one.variant.name: _estimate(run, one, stored.columns(scenario, one.variant.name)) for one in parts}
    known = {name: estimate for name, estimate in found.items() if estimate is not None}
    return TestedScenario(run.provenance.git_commit, known)


def _estimate(run: Run, part: ScenarioVariant, columns: Columns) -> TestBedEstimate | None:
    """Each execution's mean over the evaluators that a judge or a rule answers (people's, where there is no other),
    over the cases that are no drafts; None where none has a score."""
    scenario = part.scenario
    people = {one.id for one in scenario.evaluators if one.use == BY_PEOPLE or columns.scores[one.id].by_people}
    names = [one.id for one in scenario.evaluators]
    counted = tuple(name for name in names if name not in people) or tuple(names)
    if not counted:
        return None
    is_draft = np.array([case.draft for case in run.cases[scenario.scenario]], dtype=np.bool_)
    values = np.mean([columns.scores[name].value for name in counted], axis=0)
    cases = cases_of(columns, np.where(is_draft[columns.case], np.nan, values))
    if cases.mean is None:
        return None
    interval = intervals(cases, scenario.estimates.method).new
    return TestBedEstimate(
        run=run.id,
        started=run.started,
        variant=part.variant.name,
        version=None,
        evaluators=counted,
        value=cases.mean,
        low=interval.low,
        high=interval.high,
        n_cases=cases.size,
    )


def from_test_bed(
    runs: Runs, scenario: str, *, version: str | None = None, variant: str = BASE_VARIANT
) -> TestBedEstimate | None:
    """The latest finished run's estimate of a scenario, or that of the version of production that is named.

    A run is of a version where its commit begins with what the version is called (7 digits or more), and a variant of
    the latest run where it has its name. Otherwise it is the latest run's `variant`, or `base`, and its version is not
    known. None where no run has a score.
    """
    ids = runs.finished(scenario)
    if version is not None and _COMMIT.fullmatch(version):
        for one in ids:
            tested = runs.tested(one, scenario)
            if tested.commit is not None and tested.commit.startswith(version) and tested.by_variant:
                return _named(tested, variant).model_copy(update={"version": version})
    for one in ids:
        tested = runs.tested(one, scenario)
        if tested.by_variant:
            of_version = tested.by_variant.get(version or "")
            return of_version.model_copy(update={"version": version}) if of_version else _named(tested, variant)
    return None


def _named(tested: TestedScenario, variant: str) -> TestBedEstimate:
    """A variant's estimate, that of `base` where it was not run, or else of whichever was."""
    known = tested.by_variant
    return known.get(variant) or known.get(BASE_VARIANT) or next(iter(known.values()))
