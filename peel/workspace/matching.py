"""Which scenarios interactions count for: by meaning, and by hand."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from peel.errors import DefinitionError, FeedbackError, UnknownScenario
from peel.plugins import nearest
from peel.workspace.production import Production

if TYPE_CHECKING:
    from peel.feedback.mapping import Mapper, Progress
    from peel.records import Scenario
    from peel.records.mapping import Mapped
    from peel.scenarios.loading import LoadedScenario
    from peel.store.mapping import MappingStore


class Matching(Production):
    """Maps interactions to scenarios."""

    @property
    def mapping(self) -> MappingStore:
        """The mappings of the store. Raises as `store`."""
        return self.store.feedback().mapping

    async def map_interactions(self, *, again: bool = False, progress: Progress | None = None) -> Mapped:
        """Map the interactions that wait by meaning, and `again` all that were not named or mapped by hand.

        Raises DefinitionError where a scenario file is wrong, MissingExtra, PeelError where the embedding model cannot
        be opened, ModelError where it fails, StoreError.
        """
        from peel.feedback.mapping import silent

        scenarios = self.mapped_scenarios()
        async with self.mapper() as mapper:
            return await mapper.map(scenarios, again=again, progress=progress or silent)

    @asynccontextmanager
    async def mapper(self) -> AsyncIterator[Mapper]:
        """What maps interactions, for whoever does it again and again. Raises MissingExtra, PeelError, StoreError."""
        from peel.feedback.mapping import Mapper
        from peel.models.opening import Models

        store = self.mapping
        async with Models(self.definition.models, root=self.root) as models:
            yield Mapper(store, models.embedder(self.definition.feedback.embedding))

    def mapped_scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios of the workspace as their files are now. Raises DefinitionError where one is wrong: what would
        count for it would be mapped to another one."""
        from peel.runs.loading import same_names

        loaded = self._loaded_scenarios()
        problems = [*(problem for one in loaded for problem in one.problems), *same_names(loaded)]
        if problems:
            raise DefinitionError(problems)
        return tuple(one.scenario for one in loaded if one.scenario is not None)

    def map_by_hand(self, interaction_id: str, scenario: str | None, *, by: str) -> None:
        """Let an interaction count for a scenario of the workspace, or one that interactions count for already; None:
        for none. It stays so, whatever is mapped later.

        Raises UnknownScenario, FeedbackError where there is no such interaction, StoreError.
        """
        if scenario is not None and not self.mapping.counts_for(scenario):
            names = self._scenario_names()
            if scenario not in names:
                raise UnknownScenario(f"no scenario {scenario!r} in the workspace; {nearest(scenario, names)}")
        if not self.mapping.write_by_hand(interaction_id, scenario, by=by, at=time.time()):
            raise _no_interaction(interaction_id)

    def map_by_meaning_again(self, interaction_id: str) -> bool:
        """Take back what was mapped by hand: the interaction counts for the scenario it names, or else waits to be
        mapped. False where it was not mapped by hand. Raises FeedbackError where there is no such interaction."""
        if self.mapping.take_back(interaction_id):
            return True
        if not self.mapping.has(interaction_id):
            raise _no_interaction(interaction_id)
        return False

    def _scenario_names(self) -> list[str]:
        """The scenarios that files name, wrong ones among them."""
        return sorted({one.scenario.scenario for one in self._loaded_scenarios() if one.scenario is not None})

    def _loaded_scenarios(self) -> list[LoadedScenario]:
        from peel.scenarios.finding import find_scenarios
        from peel.scenarios.loading import load_scenario

        return [load_scenario(path, root=self.root) for path in find_scenarios(self.root)]


def _no_interaction(interaction_id: str) -> FeedbackError:
    return FeedbackError(f"no interaction {interaction_id!r} in the store; name one by the id it was sent with")
