"""Which scenario interactions count for, in the store: what waits to be mapped, and what a mapping came to.

What an interaction names, and what a person said, stays whatever is found by meaning. A mapping is written only where
the interaction is still as it was read: one that was changed, deleted or mapped by hand meanwhile keeps what it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, Engine, and_, delete, exists, func, select, text

from peel.records.feedback import MAPPING_STATES, Interaction, MappingState
from peel.store import schema
from peel.store.bulk import Row, among, insert, update, writing
from peel.store.claims import claiming
from peel.store.database import told

LONGEST_TEXT = 4000
"""How many characters of what a user asked are read: more than embedding models do."""

BY_MEANING: tuple[MappingState, ...] = ("waiting", "meaning", "unmatched")
"""What is mapped when everything is mapped again."""

_CLAIM = "mapping"
_READ_AT_ONCE = 50
"""How many interactions are read whole at once: each may have a megabyte."""

_HAND, _NAMED, _WAITING = (MAPPING_STATES.index(one) for one in ("hand", "named", "waiting"))
_LONGEST_CASE = 200
_LONGEST_MODEL = 200


@dataclass(frozen=True, slots=True)
class Embedding:
    """The model whose vectors are good, and how many bytes each has."""

    model: str
    size: int


@dataclass(frozen=True, slots=True)
class Unmapped:
    """An interaction to be mapped: its number in the store, the version that was read, and its vector, or else what
    was asked."""

    key: int
    version: int
    asked: str = ""
    vector: bytes | None = None


@dataclass(frozen=True, slots=True)
class NewMapping:
    """What an interaction is mapped to; `scenario` is None where it fits none. `vector` is to be kept, float16 of unit
    length; None where it is kept already, or there is none."""

    key: int
    version: int
    scenario: str | None
    nearest: str | None = None
    case: str | None = None
    similarity: float | None = None
    threshold: float | None = None
    vector: bytes | None = None


class MappingStore:
    """The mappings of a store. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claiming(self) -> AbstractContextManager[bool]:
        """Hold the claim to map in the background, where nobody else does: whether it is ours. Raises StoreError."""
        return claiming(self._engine, _CLAIM)

    def is_waiting(self) -> bool:
        """Whether an interaction waits to be mapped. Raises StoreError."""
        waiting = select(exists(schema.interaction_facts.c.interaction).where(text(schema.WAITING)))
        with told(self._engine.url), self._engine.connect() as connection:
            return bool(connection.scalar(waiting))

    def counts(self) -> dict[MappingState, int]:
        """How many interactions have each state, all of them named."""
        mapping = schema.interaction_facts.c.mapping
        with told(self._engine.url), self._engine.connect() as connection:
            rows = connection.execute(select(mapping, func.count()).group_by(mapping)).all()
        found: dict[int, int] = {row[0]: row[1] for row in rows}
        return {state: found.get(place, 0) for place, state in enumerate(MAPPING_STATES)}

    def batch(self, states: Sequence[MappingState], *, behind: int, embedding: Embedding, most: int) -> list[Unmapped]:
        """The next interactions of these states behind a number, in its order: at most so many."""
        facts, ids, vectors = schema.interaction_facts, schema.interactions, schema.interaction_vectors
        places = [MAPPING_STATES.index(state) for state in states]
        wanted = text(schema.WAITING) if places == [_WAITING] else facts.c.mapping.in_(places)
        kept = and_(
            vectors.c.interaction == facts.c.interaction,
            vectors.c.model == embedding.model[:_LONGEST_MODEL],
            func.length(vectors.c.vector) == embedding.size,
        )
        query = (
            select(ids.c.key, ids.c.version, vectors.c.vector)
            .select_from(facts.join(ids).outerjoin(vectors, kept))
            .where(wanted, facts.c.interaction > behind)
            .order_by(facts.c.interaction)
            .limit(most)
        )
        with told(self._engine.url), self._engine.connect() as connection:
            rows = connection.execute(query).all()
            asked = dict(_asked(connection, [row.key for row in rows if row.vector is None]))
        return [
            Unmapped(row.key, row.version, asked.get(row.key, ""), None if row.vector is None else bytes(row.vector))
            for row in rows
        ]

    def write(self, found: Sequence[NewMapping], *, model: str, at: float) -> int:
        """Store what was found at a moment, in seconds since the epoch, in one transaction; how many of them still
        stood as they were read. Raises StoreError."""
        with writing(self._engine) as connection:
            there = _as_read(connection, found)
            kept = [one for one in found if one.key in there]
            states = [MAPPING_STATES.index("unmatched" if one.scenario is None else "meaning") for one in kept]
            facts = [(one.key, one.scenario, state) for one, state in zip(kept, states, strict=True)]
            update(connection, schema.interaction_facts, ("interaction", "scenario", "mapping"), facts)
            _delete(connection, schema.mappings, [one.key for one in kept])
            insert(connection, schema.mappings, [_row(one, at) for one in kept])
            vectors = [(one.key, model[:_LONGEST_MODEL], one.vector) for one in kept if one.vector is not None]
            _delete(connection, schema.interaction_vectors, [one[0] for one in vectors])
            insert(connection, schema.interaction_vectors, vectors)
        return len(kept)

    def write_by_hand(self, interaction_id: str, scenario: str | None, *, by: str, at: float) -> bool:
        """Let an interaction count for a scenario, or for none, because somebody says so; what it was nearest to stays.
        False where there is no such interaction. Raises StoreError."""
        table = schema.mappings
        with writing(self._engine) as connection:
            key = _key(connection, interaction_id)
            if key is None:
                return False
            update(
                connection, schema.interaction_facts, ("interaction", "scenario", "mapping"), [(key, scenario, _HAND)]
            )
            if connection.scalar(select(table.c.interaction).where(table.c.interaction == key)) is None:
                insert(connection, table, [(key, at, None, None, None, None, by)])
            else:
                update(connection, table, ("interaction", "at", "by"), [(key, at, by)])
        return True

    def take_back(self, interaction_id: str) -> bool:
        """Undo what somebody said of an interaction: it counts for the scenario that it names, or else waits to be
        mapped. False where nobody said anything, or there is no such interaction. Raises StoreError."""
        facts, ids = schema.interaction_facts, schema.interactions
        by_hand = select(ids.c.key, ids.c.named).select_from(ids.join(facts))
        by_hand = by_hand.where(ids.c.id == interaction_id, facts.c.mapping == _HAND)
        with writing(self._engine) as connection:
            row = connection.execute(by_hand).one_or_none()
            if row is None:
                return False
            state = _WAITING if row.named is None else _NAMED
            update(connection, facts, ("interaction", "scenario", "mapping"), [(row.key, row.named, state)])
            _delete(connection, schema.mappings, [row.key])
        return True

    def has(self, interaction_id: str) -> bool:
        """Whether there is such an interaction."""
        with told(self._engine.url), self._engine.connect() as connection:
            return _key(connection, interaction_id) is not None

    def counts_for(self, scenario: str) -> bool:
        """Whether an interaction counts for a scenario of this name."""
        used = select(exists().where(schema.interaction_facts.c.scenario == scenario))
        with told(self._engine.url), self._engine.connect() as connection:
            return bool(connection.scalar(used))


def replace_contents(connection: Connection, keys: Sequence[int]) -> dict[int, str | None]:
    """Drop what was made of the contents of interactions that are replaced: their vectors and their mappings by
    meaning. Gives back the scenario of those that were mapped by hand, which stay so, by number."""
    if not keys:
        return {}
    facts, mapped = schema.interaction_facts.c, schema.mappings
    query = select(facts.interaction, facts.scenario).where(facts.mapping == _HAND)
    rows = connection.execute(query.where(among(connection, facts.interaction, keys)))
    by_hand: dict[int, str | None] = {row[0]: row[1] for row in rows}
    _delete(connection, schema.interaction_vectors, keys)
    _delete(connection, mapped, [key for key in keys if key not in by_hand])
    names = ("interaction", "nearest", "case", "similarity", "threshold")
    update(connection, mapped, names, [(key, None, None, None, None) for key in by_hand])
    return by_hand


def _asked(connection: Connection, keys: Sequence[int]) -> Iterator[tuple[int, str]]:
    """What was asked, of each of these interactions."""
    ids = schema.interactions.c
    for start in range(0, len(keys), _READ_AT_ONCE):
        part = among(connection, ids.key, keys[start : start + _READ_AT_ONCE])
        for key, name, content in connection.execute(select(ids.key, ids.id, ids.content).where(part)):
            held = from_json(content)
            said = {one: held[one] for one in ("input", "messages") if one in held}
            yield key, Interaction.model_validate({"id": name, **said}).asked[:LONGEST_TEXT]


def _as_read(connection: Connection, found: Sequence[NewMapping]) -> set[int]:
    """The numbers of those that have the version that was read, and are neither named nor mapped by hand."""
    ids, facts = schema.interactions, schema.interaction_facts
    query = select(ids.c.key, ids.c.version).select_from(ids.join(facts))
    free = facts.c.mapping.not_in([_HAND, _NAMED])
    rows = connection.execute(query.where(among(connection, ids.c.key, [one.key for one in found]), free))
    versions: dict[int, int] = {row[0]: row[1] for row in rows}
    return {one.key for one in found if versions.get(one.key) == one.version}


def _row(one: NewMapping, at: float) -> Row:
    case = None if one.case is None else one.case[:_LONGEST_CASE]
    return (one.key, at, one.nearest, case, one.similarity, one.threshold, None)


def _key(connection: Connection, interaction_id: str) -> int | None:
    ids = schema.interactions.c
    return connection.scalar(select(ids.key).where(ids.id == interaction_id))


def _delete(connection: Connection, table: Any, keys: Sequence[int]) -> None:
    if keys:
        connection.execute(delete(table).where(among(connection, table.c.interaction, keys)))
