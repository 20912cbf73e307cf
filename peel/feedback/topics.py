"""From interactions that are unmatched or rated low to named topics in the store, and back to what is shown of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from peel.counting import counted
from peel.estimates.ratings import estimated
from peel.feedback.discovery import Cluster, Clusters, DifferentText, different_texts, find_clusters
from peel.feedback.naming import Namer, TopicName, name_topics
from peel.feedback.topic_words import terms_of
from peel.models.embedding import Embedder
from peel.records.base import Json
from peel.records.feedback import FeedbackEntry
from peel.records.topics import MOST_INTERACTIONS, Discovery, DiscoveryRequest, NearestCase, Topic
from peel.statistics.arrays import Floats
from peel.store.feedback import FeedbackStore
from peel.store.topics import Candidates, NewTopic, StoredDiscovery, StoredTopic

Vector: TypeAlias = NDArray[np.float16]
Told: TypeAlias = Callable[[str], None]

TYPICAL = 3
"""How many typical interactions of each topic a list shows."""

MOST_TYPICAL = 50
"""How many one topic shows."""

_EMBEDDED_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Means:
    """What a discovery works with, each opened once it is needed: the embedding model, which cases topics are nearest
    to, given their centres, and who names topics."""

    embedder: Callable[[], Embedder]
    nearest: Callable[[Floats, Embedder], Awaitable[Sequence[NearestCase | None]]]
    namer: Callable[[], Namer]


@dataclass(frozen=True, slots=True)
class _Found:
    """The clusters among some texts, and the names of the models that were used."""

    texts: Sequence[DifferentText]
    clusters: Clusters = Clusters(())
    topics: Sequence[NewTopic] = ()
    embedding: str | None = None
    model: str | None = None


class Topics:
    """The topics of a store."""

    def __init__(self, store: FeedbackStore) -> None:
        self._store = store

    async def discover(self, request: DiscoveryRequest, means: Means, told: Told) -> Discovery:
        """Find topics, and keep them in place of those of the last discovery.

        Raises MissingExtra without scikit-learn or the embedding model, ModelError where texts cannot be embedded,
        StoreError.
        """
        told("reading what is unmatched or rated low")
        candidates = self._store.topics.candidates(request.wanted, low=request.low, most=MOST_INTERACTIONS)
        texts = different_texts(candidates.found)
        found = _Found(texts)
        if len(texts) >= request.min_size:
            found = await self._found(texts, request, means, told)
        details = _details(request, candidates, found)
        self._store.topics.replace(found.topics, details=details, found=time.time())
        made = self.last()
        assert made is not None  # noqa: S101  # it was just stored
        return made

    async def _found(
        self, texts: Sequence[DifferentText], request: DiscoveryRequest, means: Means, told: Told
    ) -> _Found:
        embedder = means.embedder()
        vectors = await self._vectors(texts, embedder, told)
        told(f"clustering {counted(len(texts), 'different text')}")
        clusters = await asyncio.to_thread(find_clusters, texts, vectors, min_size=request.min_size)
        if not clusters.found:
            return _Found(texts, clusters, embedding=embedder.name)
        namer = means.namer()
        inside = [[texts[place] for place in one.texts] for one in clusters.found]
        terms = terms_of(clusters.found, texts)
        told(f"naming {counted(len(inside), 'topic')}")
        names = await name_topics(namer, inside, terms, told=told)
        nearest = await means.nearest(np.stack([one.centre for one in clusters.found]), embedder)
        topics = [
            _new(one, texts, name, terms=words, nearest=case, low=request.low)
            for one, name, words, case in zip(clusters.found, names, terms, nearest, strict=True)
        ]
        return _Found(texts, clusters, topics, embedder.name, namer.model.name if namer.model else None)

    async def _vectors(self, texts: Sequence[DifferentText], embedder: Embedder, told: Told) -> Floats:
        """The vectors of the texts. All are as exact as those that are kept: whether one was changes no cluster."""
        kept = self._store.topics.vectors([one.source for one in texts], model=embedder.name)
        vectors = {key: np.frombuffer(row, dtype=np.float16) for key, row in kept.items()}
        vectors |= await _embedded([one for one in texts if one.source not in vectors], embedder, told)
        if len({row.size for row in vectors.values()}) > 1:
            # A server may serve another model under the same name.
            vectors = await _embedded(texts, embedder, told)
        return np.stack([vectors[one.source] for one in texts]).astype(np.float64)

    def last(self) -> Discovery | None:
        """The last discovery with its topics as they are now; None where there was none. Raises StoreError."""
        stored = self._store.topics.last(typical=TYPICAL)
        return None if stored is None else self._discovery(stored)

    def topic(self, key: int) -> Topic | None:
        """One topic with more typical interactions; None where there is none of this key. Raises StoreError."""
        stored = self._store.topics.topic(key, typical=MOST_TYPICAL)
        return None if stored is None else self._topics([stored])[0]

    def _discovery(self, stored: StoredDiscovery) -> Discovery:
        topics = self._topics(stored.topics)
        return Discovery.model_validate({**stored.details, "found": stored.found, "topics": topics})

    def _topics(self, stored: Sequence[StoredTopic]) -> tuple[Topic, ...]:
        entries = self._store.reader.entries_of([key for one in stored for key in one.typical])
        return tuple(_topic(one, entries) for one in stored)


async def _embedded(texts: Sequence[DifferentText], embedder: Embedder, told: Told) -> dict[int, Vector]:
    vectors: dict[int, Vector] = {}
    for start in range(0, len(texts), _EMBEDDED_AT_ONCE):
        told(f"embedding {start:,} of {counted(len(texts), 'text')}")
        part = texts[start : start + _EMBEDDED_AT_ONCE]
        made = (await embedder.embed([one.text for one in part])).astype(np.float16)
        vectors |= {one.source: row for one, row in zip(part, made, strict=True)}
    return vectors


def _new(
    cluster: Cluster,
    texts: Sequence[DifferentText],
    name: TopicName,
    *,
    terms: Sequence[str],
    nearest: NearestCase | None,
    low: float,
) -> NewTopic:
    members = [(key, rank) for rank, place in enumerate(cluster.texts) for key in texts[place].members]
    details: dict[str, Json] = {
        "low": low,
        "named_by": name.by,
        "note": name.note,
        "terms": list(terms),
        "nearest": None if nearest is None else nearest.model_dump(),
    }
    return NewTopic(name.name, details, members)


def _details(request: DiscoveryRequest, candidates: Candidates, found: _Found) -> dict[str, Any]:
    return {
        "request": request.model_dump(mode="json"),
        "model": found.model,
        "embedding": found.embedding,
        "matching": candidates.matching,
        "considered": len(candidates.found),
        "texts": len(found.texts),
        "in_topics": sum(len(one.members) for one in found.topics),
        "of_one_user": found.clusters.of_one_user,
        "waiting": candidates.waiting,
        "note": _note(request, candidates, found),
    }


def _note(request: DiscoveryRequest, candidates: Candidates, found: _Found) -> str:
    """Why there is no topic; nothing where there is one."""
    if found.topics:
        return ""
    texts = counted(len(found.texts), "different text")
    if not candidates.found:
        return f"no interaction of the selection is unmatched or rated below {request.low:g}"
    if len(found.texts) < request.min_size:
        among = counted(len(candidates.found), "interaction")
        return f"{texts} in {among} are too few: a topic has {request.min_size} or more"
    return f"of {texts}, no {request.min_size} are so close to each other that they make a topic"


def _topic(stored: StoredTopic, entries: Mapping[int, FeedbackEntry]) -> Topic:
    details = stored.details
    tally = stored.counted.tally(details["low"])
    return Topic(
        key=stored.key,
        name=stored.name,
        named_by=details["named_by"],
        terms=tuple(details["terms"]),
        estimate=estimated(tally, stored.counted.values),
        texts=stored.texts,
        users=stored.users or None,
        unmatched=stored.unmatched,
        nearest=None if details["nearest"] is None else NearestCase.model_validate(details["nearest"]),
        typical=tuple(entries[key] for key in stored.typical if key in entries),
        note=details["note"],
        draft=stored.draft,
    )
