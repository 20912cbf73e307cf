"""The inputs of one scenario: which of them are knowledge, and which of the case inputs every case has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from peel.records import Case, Json, Problem
from peel.scenarios.loading import LoadedScenario


def is_knowledge(value: Json) -> bool:
    """Whether a shared input is knowledge to search in, not a value that templates see."""
    return isinstance(value, dict) and "knowledge" in value


def literals(inputs: Mapping[str, Json]) -> dict[str, Json]:
    """The shared inputs that templates see."""
    return {name: value for name, value in inputs.items() if not is_knowledge(value)}


@dataclass(slots=True)
class CaseInputs:
    """The case inputs of a scenario as its files say, whichever cases are selected.

    `of_all` are those that every case has, `of_some` the others. `uses` collects who first uses one of the others.
    """

    loaded: LoadedScenario
    uses: dict[str, str] = field(default_factory=dict)
    cases: tuple[Case, ...] = field(init=False)
    of_all: tuple[str, ...] = field(init=False)
    of_some: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.cases = self.loaded.scenario.cases if self.loaded.scenario else ()
        count: dict[str, int] = {}
        for case in self.cases:
            for name in case.inputs:
                count[name] = count.get(name, 0) + 1
        self.of_all = tuple(name for name, times in count.items() if times == len(self.cases))
        self.of_some = frozenset(count) - frozenset(self.of_all)

    @property
    def doubtful(self) -> frozenset[str]:
        """Shared inputs that may have been meant as knowledge by what could not be read of them."""
        if self.loaded.scenario is None or not self.loaded.problems:
            return frozenset()
        return frozenset(
            name
            for name, value in self.loaded.scenario.inputs.items()
            if isinstance(value, dict) and not is_knowledge(value)
        )

    def lacking(self) -> Iterator[Problem]:
        """A problem for each case that lacks an input which is used and other cases have."""
        for name, user in self.uses.items():
            for place, case in enumerate(self.cases):
                if name not in case.inputs:
                    message = (
                        f"the case {case.id!r} has no input {name!r}, which other cases have and {user} uses; "
                        "give it one, if only an empty text"
                    )
                    yield self.loaded.cases_origin.problem(message, (place,))
