"""What production shows that no scenario covers: topics, and the drafts that they are made into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from peel.errors import DefinitionError, FeedbackError, PeelError
from peel.plugins import nearest
from peel.records import Problem
from peel.records.feedback import Interaction
from peel.records.topics import Discovery, DiscoveryRequest, NearestCase, Topic
from peel.workspace.defining import Defining
from peel.workspace.matching import Matching

if TYPE_CHECKING:
    from peel.editing.drafting import DraftFiles
    from peel.feedback.naming import Namer
    from peel.feedback.topics import Means, Topics
    from peel.models.embedding import Embedder
    from peel.runs.resources import Resources
    from peel.statistics.arrays import Floats

MOST_CASES = 20
"""How many cases a draft scenario begins with: the most typical interactions of its topic, one for each text."""


class Discovering(Defining, Matching):
    """Topics among interactions, and drafts."""

    async def discover(self, request: DiscoveryRequest, progress: Callable[[str], None]) -> Discovery:
        """Cluster the interactions that are unmatched or rated low by meaning, name the clusters, and keep them in
        place of the last discovery's. `progress` is told what is being done.

        Raises DefinitionError for an unknown model role, MissingExtra without the extra `rag`, ModelError where texts
        cannot be embedded, StoreError.
        """
        if request.model not in self.definition.models:
            sentence = f"unknown model role {request.model!r}; {nearest(request.model, self.definition.models)}"
            raise DefinitionError([Problem(message=sentence, file="--model")])
        async with self._resources({}) as resources:
            return await self._topics.discover(request, self._means(request, resources), progress)

    def topics(self) -> Discovery | None:
        """The last discovery with its topics as they are now; None where there was none. Raises StoreError."""
        return self._topics.last()

    def topic(self, key: int) -> Topic:
        """One topic with more typical interactions. Raises FeedbackError where there is none, StoreError."""
        found = self._topics.topic(key)
        if found is None:
            raise FeedbackError(f"there is no topic {key}; `peel ratings discover` finds them, and numbers them anew")
        return found

    def draft_scenario(self, topic: int, *, name: str, like: str | None = None) -> Path:
        """Write a draft scenario of a topic: its typical interactions as cases, the orchestration and shared inputs of
        the scenario `like`, the one that the topic is nearest to where that is None. The path of the new file.

        Raises FeedbackError where there is no such topic, DefinitionError where there is no scenario to take after or
        the name is taken, MissingExtra without ruamel.yaml, StoreError.
        """
        from peel.editing.drafting import About

        found = self.topic(topic)
        near = found.nearest.scenario if found.nearest else None
        base = self._drafts.like(like or (near if near in self.scenario_files.names() else None))
        path = self._drafts.scenario(
            name,
            [one.interaction for one in found.typical[:MOST_CASES]],
            like=base,
            about=About(f"Draft of a topic in production: {found.name}.", found.terms),
        )
        self.store.feedback().topics.made_draft(topic, path.relative_to(self.root).as_posix())
        return path

    def draft_cases(self, interactions: Sequence[str], *, scenario: str) -> Path:
        """Add interactions, by their ids, as draft cases to a scenario. The path of the file that was changed.

        Raises FeedbackError where there is no interaction of an id, UnknownScenario, ConflictError, DefinitionError
        where the cases cannot be changed, StoreError.
        """
        return self._drafts.cases(scenario, [self._interaction(one) for one in dict.fromkeys(interactions)])

    @cached_property
    def _topics(self) -> Topics:
        from peel.feedback.topics import Topics

        return Topics(self.store.feedback())

    @cached_property
    def _drafts(self) -> DraftFiles:
        from peel.editing.drafting import DraftFiles

        return DraftFiles(self.root, self.scenario_files, self.case_files)

    def _interaction(self, name: str) -> Interaction:
        found = self.store.feedback().reader.interaction(name)
        if found is None:
            raise FeedbackError(f"there is no interaction {name[:200]!r} in the store")
        return found.interaction

    async def _nearest_to(self, centres: Floats, embedder: Embedder) -> Sequence[NearestCase | None]:
        """The cases that the centres of topics are nearest to; none where there is no case, or a file is wrong."""
        from peel.feedback.mapping import Mapper

        try:
            reference = await Mapper(self.mapping, embedder).reference(self.mapped_scenarios())
        except DefinitionError:
            return [None] * len(centres)
        if reference.is_empty:
            return [None] * len(centres)
        return [
            NearestCase(scenario=one.nearest, case=one.case, similarity=one.similarity)
            for one in reference.match(centres.astype("float32"))
        ]

    def _means(self, request: DiscoveryRequest, resources: Resources) -> Means:
        from peel.feedback.topics import Means

        return Means(
            embedder=lambda: resources.embedder(self.definition.feedback.embedding),
            nearest=self._nearest_to,
            namer=lambda: _namer(request.model, resources),
        )


def _namer(role: str, resources: Resources) -> Namer:
    """Who names topics; nobody where the model of the role cannot be opened."""
    from peel.feedback.naming import Namer

    try:
        return Namer(resources.chat_model(role))
    except PeelError as error:
        return Namer(None, f"the model role {role!r} cannot be opened: {error}"[:300])
