"""Mapping what is stored: interactions in batches, by meaning, each embedded once.

A batch is one transaction. Whoever is killed goes on with the next call: what was mapped is mapped, and what was
embedded stays embedded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from peel.feedback.matching import Match, Reference, ScenarioCases
from peel.feedback.thresholds import Vectors
from peel.models.embedding import Embedder
from peel.records import Case, Scenario
from peel.records.feedback import MappingState
from peel.records.mapping import Mapped
from peel.store.mapping import BY_MEANING, LONGEST_TEXT, Embedding, MappingStore, NewMapping, Unmapped

BATCH = 256
"""How many interactions are mapped in one transaction."""

WAITING = BY_MEANING[:1]

MOST_CASES = 1000
"""How many cases of a scenario are compared with: of more, as many evenly among them."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many interactions of how many are done."""


def silent(done: int, of: int) -> None:
    """A progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one batch came to; `last` is the number of its last interaction."""

    mapped: int
    unmatched: int
    last: int


class Mapper:
    """Maps the interactions of a store with one embedding model. What it read of the cases is kept, so that one that
    goes on for long embeds only what is new."""

    def __init__(self, store: MappingStore, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder
        self._known: dict[str, Vectors] = {}
        self._compared: dict[str, dict[str, str]] = {}
        self._reference = Reference([])

    async def map(self, scenarios: Sequence[Scenario], *, again: bool = False, progress: Progress = silent) -> Mapped:
        """Map the interactions that wait, and `again` those that were mapped by meaning or unmatched.

        Without any case to compare with nothing is mapped. Raises ModelError where embedding fails, StoreError.
        """
        reference = await self.reference(scenarios)
        mapped = unmatched = behind = 0
        states = BY_MEANING if again else WAITING
        of = sum(self._store.counts()[state] for state in states)
        while (step := await self.step(reference, behind=behind, states=states)) is not None:
            mapped, unmatched, behind = mapped + step.mapped, unmatched + step.unmatched, step.last
            progress(mapped + unmatched, max(of, mapped + unmatched))
        return Mapped(
            mapped=mapped,
            unmatched=unmatched,
            counts=self._store.counts(),
            thresholds=reference.thresholds,
            embedding=self._embedder.name,
        )

    async def reference(self, scenarios: Sequence[Scenario]) -> Reference:
        """What interactions are compared with: the cases that have text, drafts included; the one before, where they
        say the same. Raises ModelError."""
        texts = {one.scenario: _texts(one.cases) for one in scenarios}
        if texts != self._compared:
            await self._learn({text for some in texts.values() for text in some.values()})
            self._reference = Reference([self._cases(name, some) for name, some in texts.items()])
            self._compared = texts
        return self._reference

    async def step(
        self,
        reference: Reference,
        *,
        behind: int = 0,
        states: Sequence[MappingState] = WAITING,
        most: int = BATCH,
    ) -> Step | None:
        """Map the next interactions of these states behind a number, at most so many, in one transaction; None where
        there is none, or nothing to compare with. Raises ModelError, StoreError."""
        if reference.is_empty:
            return None
        embedding = Embedding(self._embedder.name, reference.dimensions * np.dtype(np.float16).itemsize)
        batch = self._store.batch(states, behind=behind, embedding=embedding, most=most)
        if not batch:
            return None
        found = await self._found(reference, batch)
        self._store.write(found, model=self._embedder.name, at=time.time())
        unmatched = sum(one.scenario is None for one in found)
        return Step(len(found) - unmatched, unmatched, batch[-1].key)

    async def _learn(self, texts: set[str]) -> None:
        new = sorted(texts - self._known.keys())
        self._known = {text: vector for text, vector in self._known.items() if text in texts}
        for start in range(0, len(new), BATCH):
            part = new[start : start + BATCH]
            self._known.update(zip(part, await self._embedded(part), strict=True))

    def _cases(self, scenario: str, texts: dict[str, str]) -> ScenarioCases:
        vectors = [self._known[text] for text in texts.values()]
        return ScenarioCases(scenario, tuple(texts), np.stack(vectors) if vectors else np.zeros((0, 0), np.float32))

    async def _found(self, reference: Reference, batch: Sequence[Unmapped]) -> list[NewMapping]:
        kept = {one.key: _unpacked(one.vector) for one in batch if one.vector is not None}
        told = [one for one in batch if one.key not in kept and one.asked.strip()]
        new = dict(zip([one.key for one in told], await self._embedded([one.asked for one in told]), strict=True))
        vectors = {**kept, **new}
        keys = [one.key for one in batch if one.key in vectors]
        matches = dict(
            zip(keys, reference.match(np.stack([vectors[key] for key in keys])) if keys else (), strict=True)
        )
        return [_mapping(one, matches.get(one.key), new.get(one.key)) for one in batch]

    async def _embedded(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts as they are kept, so that one that is read back maps as one that was just made."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        return (await self._embedder.embed(texts)).astype(np.float16).astype(np.float32)


def _texts(cases: Iterable[Case]) -> dict[str, str]:
    """What the cases with text say, by id; each text once, under the id of its first case."""
    ids: dict[str, str] = {}
    for case in cases:
        said = "\n".join(value for value in case.inputs.values() if isinstance(value, str)).strip()
        if said:
            ids.setdefault(said[:LONGEST_TEXT], case.id)
    texts = {case_id: text for text, case_id in ids.items()}
    step = max(1, -(-len(texts) // MOST_CASES))
    return dict(list(texts.items())[::step])


def _mapping(one: Unmapped, match: Match | None, vector: Vectors | None) -> NewMapping:
    if match is None:
        # Nothing was asked that could be compared.
        return NewMapping(one.key, one.version, scenario=None)
    return NewMapping(
        key=one.key,
        version=one.version,
        scenario=match.scenario,
        nearest=match.nearest,
        case=match.case,
        similarity=match.similarity,
        threshold=match.threshold,
        vector=None if vector is None else vector.astype(np.float16).tobytes(),
    )


def _unpacked(held: bytes) -> Vectors:
    return np.frombuffer(held, dtype=np.float16).astype(np.float32)
