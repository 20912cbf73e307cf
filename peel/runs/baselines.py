"""The runs that gates are held against: found before anything is executed, and recorded by their id.

`last` is the newest finished run of the same scenario that began before the run, and has the same variant or `base`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from peel.errors import StoreError
from peel.plugins import nearest
from peel.records import GateDefinition, Problem, Run, Scenario, ScenarioVariant
from peel.scenarios.loading import LoadedScenario

if TYPE_CHECKING:
    from peel.store.reading import StoredRun

LAST = "last"


@dataclass(frozen=True, slots=True)
class Baselines:
    """Where earlier runs are found: `find` by id or the beginning of one (raises StoreError), `earlier` the finished
    ones of a scenario that began before a run, newest first."""

    find: Callable[[str], StoredRun]
    earlier: Callable[[Run, str], Iterable[StoredRun]]

    def problems(self, loaded: LoadedScenario, scenario: Scenario) -> Iterator[Problem]:
        """The gates of a scenario whose run does not exist, or has nothing to hold them against."""
        for place, gate in enumerate(scenario.gates):
            why = self._why_not(gate, scenario) if gate.not_worse_than not in (None, LAST) else None
            if why is not None:
                yield loaded.origin.problem(f"gate {place + 1}: {why}", ("gates", place, "not_worse_than"))

    def _why_not(self, gate: GateDefinition, scenario: Scenario) -> str | None:
        try:
            run = self.find(gate.not_worse_than or "").run
        except StoreError as error:
            return f"'not_worse_than' names no run: {error}; 'last' is the last finished one"
        items = [item for item in run.scenario_variants if item.scenario.scenario == scenario.scenario]
        if not items:
            return f"the run {run.id} has no scenario {scenario.scenario!r}; {nearest(scenario.scenario, run.cases)}"
        lacking = [one.name for one in scenario.variants if not run.baseline_of(scenario.scenario, one.name)]
        if lacking:
            return f"the run {run.id} has neither the variant {lacking[0]!r} nor 'base' of {scenario.scenario!r}"
        known = {one.id for one in items[0].scenario.evaluators}
        return None if gate.subject in known else _no_evaluator(run, gate.subject, known)

    def recorded(self, run: Run, *, before: Run | None = None) -> Run:
        """The run with the id of each gate's baseline. `before` is the run as it was, whose baselines stay.

        Raises StoreError where a run is not there any more.
        """
        stays = {} if before is None else {_key(item): item.scenario.gates for item in before.scenario_variants}
        items = [
            item.model_copy(update={"scenario": self._scenario(run, item, stays.get(_key(item), ()))})
            for item in run.scenario_variants
        ]
        return run.model_copy(update={"scenario_variants": tuple(items)})

    def _scenario(self, run: Run, item: ScenarioVariant, stays: Sequence[GateDefinition]) -> Scenario:
        known = [(_asked(gate), gate) for gate in stays if gate.baseline is not None]
        gates = [
            next((one for asked, one in known if asked == gate), None) or self._recorded(run, item, gate)
            for gate in item.scenario.gates
        ]
        return item.scenario.model_copy(update={"gates": tuple(gates)})

    def _recorded(self, run: Run, item: ScenarioVariant, gate: GateDefinition) -> GateDefinition:
        if gate.not_worse_than is None:
            return gate
        if gate.not_worse_than != LAST:
            return gate.model_copy(update={"baseline": self.find(gate.not_worse_than).run.id})
        return gate.model_copy(update={"baseline": self._last(run, item)})

    def _last(self, run: Run, item: ScenarioVariant) -> str | None:
        scenario, variant = item.scenario.scenario, item.variant.name
        runs = (one.run for one in self.earlier(run, scenario))
        return next((one.id for one in runs if _can_be_held_against(one, scenario, variant)), None)


def _can_be_held_against(run: Run, scenario: str, variant: str) -> bool:
    """Whether a run has the variant, and cases that decide: one of drafts alone says nothing about any other."""
    return run.baseline_of(scenario, variant) is not None and not all(case.draft for case in run.cases[scenario])


def _no_evaluator(run: Run, name: str, known: set[str]) -> str:
    return f"the run {run.id} has no evaluator {name!r}; {nearest(name, known)}"


def _key(item: ScenarioVariant) -> tuple[str, str]:
    return item.scenario.scenario, item.variant.name


def _asked(gate: GateDefinition) -> GateDefinition:
    """A gate as it is written."""
    return gate.model_copy(update={"baseline": None})
