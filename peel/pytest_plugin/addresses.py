"""What a session's items stand for, and which runs it takes to execute exactly that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from peel.records import Scenario


@dataclass(frozen=True, slots=True)
class Address:
    """One case, or one gate (its position among the scenario's), of a scenario file under a variant."""

    root: str
    path: str
    scenario: str
    variant: str
    case: str | None = None
    gate: int | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class WantedRun:
    """One run: scenario files of the workspace `root`, whose cases and variants are all wanted where none is named."""

    root: str
    paths: tuple[str, ...]
    variants: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(value["root"], tuple(value["paths"]), tuple(value["variants"]), tuple(value["cases"]))

    def covers(self, address: Address) -> bool:
        """Whether what the address stands for is executed in this run."""
        return (
            (self.root, True) == (address.root, address.path in self.paths)
            and (not self.variants or address.variant in self.variants)
            and (address.case is None or not self.cases or address.case in self.cases)
        )


@dataclass(slots=True)
class _Wanted:
    """The cases that are wanted of one scenario, by variant."""

    scenario: Scenario
    root: str
    cases: dict[str, set[str]] = field(default_factory=dict)


def wanted_runs(addresses: Iterable[tuple[Address, Scenario]]) -> list[WantedRun]:
    """As few runs as execute the wanted cases and no other. A gate wants all cases of its scenario and variant.

    A run takes cases × variants of its scenarios, so what has the same cases and variants shares one.
    """
    by_path: dict[str, _Wanted] = {}
    for address, scenario in addresses:
        wanted = by_path.setdefault(address.path, _Wanted(scenario, address.root))
        some = [address.case] if address.case is not None else [case.id for case in scenario.cases]
        wanted.cases.setdefault(address.variant, set()).update(some)
    runs: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for path, wanted in by_path.items():
        for variants, cases in _rectangles(wanted):
            runs.setdefault((wanted.root, variants, cases), []).append(path)
    return [WantedRun(root, tuple(paths), variants, cases) for (root, variants, cases), paths in runs.items()]


def _rectangles(wanted: _Wanted) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The variants that want the same cases, with those; nothing named where it is all the scenario has."""
    scenario = wanted.scenario
    by_cases: dict[frozenset[str], list[str]] = {}
    for variant, cases in wanted.cases.items():
        by_cases.setdefault(frozenset(cases), []).append(variant)
    all_cases = frozenset(case.id for case in scenario.cases)
    all_variants = {variant.name for variant in scenario.variants}
    return [
        (
            () if set(variants) == all_variants else tuple(variants),
            () if cases == all_cases else tuple(case.id for case in scenario.cases if case.id in cases),
        )
        for cases, variants in by_cases.items()
    ]
