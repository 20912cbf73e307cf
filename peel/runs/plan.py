"""The plan of a run: which case, under which variant, in which repetition, in which order.

Executions come in sweeps: every case under every variant once, then all again. So variants are compared under the
same conditions, and a run that ends early has treated all cases alike. The plan is a sequence made as it is read: a
hundred thousand executions take no memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from peel.records import Case, ScenarioVariant


@dataclass(frozen=True, slots=True)
class PlannedExecution:
    """One place in the plan. `scenario_variant` and `case` are positions in the run's lists; `repetition` from 1."""

    number: int
    scenario_variant: int
    case: int
    repetition: int


class Plan:
    """All executions of a run in their order, numbered from 0. The same definitions give the same plan."""

    def __init__(self, scenario_variants: Sequence[ScenarioVariant], cases: dict[str, tuple[Case, ...]]) -> None:
        self._by_scenario: dict[str, list[int]] = {}
        for place, item in enumerate(scenario_variants):
            self._by_scenario.setdefault(item.scenario.scenario, []).append(place)
        self._repetitions = {item.scenario.scenario: item.scenario.repetitions for item in scenario_variants}
        self._n_cases = {name: len(cases[name]) for name in self._by_scenario}

    def number_of(self, scenario_variant: int, *, case: int, repetition: int) -> int | None:
        """The number of one execution by its place in the run's lists; None where the plan has no such one."""
        scenario = next((name for name, places in self._by_scenario.items() if scenario_variant in places), None)
        if scenario is None or not 0 <= case < self._n_cases[scenario]:
            return None
        if not 1 <= repetition <= self._repetitions[scenario]:
            return None
        number = sum(
            len(places) * self._n_cases[name] * min(repetition - 1, self._repetitions[name])
            for name, places in self._by_scenario.items()
        )
        for name, places in self._by_scenario.items():
            if name == scenario:
                return number + case * len(places) + places.index(scenario_variant)
            number += len(places) * self._n_cases[name] if repetition <= self._repetitions[name] else 0
        return None

    def __len__(self) -> int:
        return sum(
            len(places) * self._n_cases[name] * self._repetitions[name] for name, places in self._by_scenario.items()
        )

    def __iter__(self) -> Iterator[PlannedExecution]:
        places = (
            (place, case, repetition)
            for repetition in range(1, max(self._repetitions.values(), default=0) + 1)
            for name, variants in self._by_scenario.items()
            if repetition <= self._repetitions[name]
            for case in range(self._n_cases[name])
            for place in variants
        )
        for number, (place, case, repetition) in enumerate(places):
            yield PlannedExecution(number=number, scenario_variant=place, case=case, repetition=repetition)
