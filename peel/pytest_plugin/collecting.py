"""Scenario files as files of tests: each case of each variant an item, each gate another.

The ids: `scenarios/support.yaml::support::moving`, under a variant `…::support[cold]::moving`, and of a gate
`…::support::gate core-terms at least 0.9`. Items of a variant stand directly in the file, with all of that as their
name: pytest takes what follows a `[` in an id that it is given as the end of one name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from peel.pytest_plugin.addresses import Address
from peel.pytest_plugin.options import undecided
from peel.pytest_plugin.running import named
from peel.records import BASE_VARIANT, Case, GateDefinition, Scenario
from peel.scenarios.finding import find_scenarios, find_workspace
from peel.scenarios.loading import LoadedScenario

if TYPE_CHECKING:
    from peel.pytest_plugin.session import PeelSession

NOT_MARKS = frozenset({"skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings"})
"""Marks that would do something to a test: a tag in a cases file does nothing."""

GATE_MARK = "peel_gate"


class ScenarioFile(pytest.File):
    """One scenario file."""

    session_of_peel: PeelSession

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Raises CollectError with everything that is wrong in the file and in what it names."""
        root, loaded = self.session_of_peel.load(self.path)
        scenario = loaded.scenario
        if scenario is None:
            return []
        wanted = [one.name for one in scenario.variants if self.session_of_peel.takes_variant(one.name)]
        made = _Maker(self, root, loaded, scenario)
        found: list[pytest.Item | pytest.Collector] = []
        found += [made.node(BASE_VARIANT, made.cases)] if BASE_VARIANT in wanted else []
        found += [item for variant in wanted if variant != BASE_VARIANT for item in made.cases(self, variant)]
        if scenario.gates:
            found += [made.node(BASE_VARIANT, made.gates)] if BASE_VARIANT in wanted else []
            found += [item for variant in wanted if variant != BASE_VARIANT for item in made.gates(self, variant)]
        return found


class ScenarioNode(pytest.Collector):
    """What is collected of a scenario as written."""

    make: Any

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        return list(self.make(self))


class PeelItem(pytest.Item):
    """One case or one gate. Its outcome is waited for in its set-up: what could not be executed is an error there."""

    session_of_peel: PeelSession
    address: Address
    scenario: Scenario
    domain: str

    def setup(self) -> None:
        self.outcome = self.session_of_peel.outcome(self.address)
        self.user_properties.extend(self.outcome.properties)
        if self.outcome.word == "error":
            raise pytest.fail.Exception(self.outcome.text, pytrace=False)

    def runtest(self) -> None:
        word, text = self.outcome.word, self.outcome.text
        if word == "failed":
            raise pytest.fail.Exception(text, pytrace=False)
        if word in ("pending", "draft"):
            pytest.skip(text)
        if word == "undecided":
            undecided(self.session_of_peel.options.undecided, text)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.domain


class _Maker:
    """Makes the items of one scenario."""

    def __init__(self, file: ScenarioFile, root: Path, loaded: LoadedScenario, scenario: Scenario) -> None:
        self._file, self._root, self._scenario = file, root, scenario
        self._gate_names = _gate_names(scenario.gates)

    def node(self, variant: str, make: Any) -> ScenarioNode:
        node: ScenarioNode = ScenarioNode.from_parent(self._file, name=named(self._scenario.scenario, variant))
        node.make = lambda parent: make(parent, variant)
        return node

    def cases(self, parent: pytest.Collector, variant: str) -> Iterator[PeelItem]:
        for case in self._scenario.cases:
            item = self._item(parent, variant, case.id, case=case.id)
            _mark(item, case)
            yield item

    def gates(self, parent: pytest.Collector, variant: str) -> Iterator[PeelItem]:
        for place, name in enumerate(self._gate_names):
            item = self._item(parent, variant, name, gate=place)
            item.add_marker(GATE_MARK)
            yield item

    def _item(
        self, parent: pytest.Collector, variant: str, own: str, *, case: str | None = None, gate: int | None = None
    ) -> PeelItem:
        scenario = named(self._scenario.scenario, variant)
        name = f"{scenario}::{own}" if parent is self._file else own
        item: PeelItem = PeelItem.from_parent(parent, name=name)
        item.session_of_peel, item.scenario = self._file.session_of_peel, self._scenario
        item.domain = f"{scenario}: {own}"
        item.address = Address(
            str(self._root), str(self._file.path), self._scenario.scenario, variant, case=case, gate=gate
        )
        item.add_marker("peel")
        return item


class ScenarioPaths:
    """Which files are scenarios: those in the `scenarios/` of their workspace, and those that are named."""

    def __init__(self) -> None:
        self._by_root: dict[Path, frozenset[Path]] = {}

    def has(self, path: Path) -> bool:
        """Whether a file is one of its workspace's scenarios. A list of cases is none."""
        if path.suffix.lower() not in (".yaml", ".yml"):
            return False
        root = find_workspace(path)
        if root is None:
            return False
        if root not in self._by_root:
            self._by_root[root] = frozenset(find_scenarios(root))
        return path in self._by_root[root]


def _gate_names(gates: Sequence[GateDefinition]) -> list[str]:
    """Each gate's requirement, told apart from others that read the same."""
    names = [f"gate {gate.requirement}{'' if gate.scope == 'these-cases' else f' ({gate.scope})'}" for gate in gates]
    seen: Counter[str] = Counter()
    for place, name in enumerate(names):
        seen[name] += 1
        names[place] = name if seen[name] == 1 else f"{name} #{seen[name]}"
    return names


def _mark(item: PeelItem, case: Case) -> None:
    """The case's tags as marks, which `-m` selects by."""
    for tag in case.tags:
        item.extra_keyword_matches.add(tag)
        if tag.startswith("_") or tag in NOT_MARKS:
            continue
        item.session_of_peel.know_mark(tag)
        item.add_marker(getattr(pytest.mark, tag))
