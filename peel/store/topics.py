"""Topics in the store: which interactions a discovery looks at, and what the last one found.

A topic is a name, details without any text of an interaction, and its members. Whatever is counted is counted from the
members that are there: who was forgotten is gone from every number. A topic without members is deleted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, Select, delete, func, or_, select, update

from peel.records.base import Json
from peel.records.feedback import MAPPING_STATES, FeedbackFilter, Interaction
from peel.store import schema
from peel.store.bulk import Row, among, insert, next_keys, writing
from peel.store.database import told
from peel.store.feedback_reading import TICKS, selected
from peel.store.rating_counts import CountedRatings

LONGEST_TEXT = 2000
"""How many characters of what a user asked a discovery reads."""

_AT_ONCE = 50
"""How many interactions are read whole at once: each may have a megabyte."""

_LONGEST_MODEL = 200
_UNMATCHED, _WAITING = MAPPING_STATES.index("unmatched"), MAPPING_STATES.index("waiting")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An interaction that a discovery looks at: its number in the store, what was asked, and who asked."""

    key: int
    asked: str
    user: str | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """The newest interactions that are unmatched or rated low, the newest first. `matching` counts all of them,
    `waiting` those of the selection that are not mapped yet."""

    found: tuple[Candidate, ...]
    matching: int
    waiting: int


@dataclass(frozen=True, slots=True)
class NewTopic:
    """A topic to be stored. `members` are the numbers of its interactions, each with its place: the most typical text
    is at 0, and those that say the same have the same place."""

    name: str
    details: Mapping[str, Json]
    members: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class StoredTopic:
    """A topic as it is now: its interactions counted by their ratings, and `typical` ones by their number, one for each
    text, the most typical first."""

    key: int
    name: str
    details: dict[str, Any]
    draft: str | None
    counted: CountedRatings
    size: int
    texts: int
    users: int
    unmatched: int
    typical: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StoredDiscovery:
    """The last discovery: when, what is to be said of it, and its topics, the largest first."""

    found: float
    details: dict[str, Any]
    topics: tuple[StoredTopic, ...]


class TopicStore:
    """The topics of a store. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def candidates(self, wanted: FeedbackFilter, *, low: float, most: int) -> Candidates:
        """The interactions that are wanted and unmatched or rated below `low`: at most so many. Raises StoreError."""
        facts = schema.interaction_facts.c
        troubled = or_(facts.mapping == _UNMATCHED, facts.value < round(low * TICKS))
        conditions = selected(wanted)
        counted = select(func.count().filter(troubled), func.count().filter(facts.mapping == _WAITING))
        newest = select(facts.interaction).where(*conditions, troubled)
        newest = newest.order_by(facts.at.desc(), facts.interaction.desc()).limit(most)
        with told(self._engine.url), self._engine.connect() as connection:
            matching, waiting = connection.execute(counted.where(*conditions)).one()
            keys = connection.scalars(newest).all()
            said = {one.key: one for one in _said(connection, keys)}
        return Candidates(tuple(said[key] for key in keys if key in said), matching, waiting)

    def vectors(self, keys: Sequence[int], *, model: str) -> dict[int, bytes]:
        """The vectors of interactions that a model made earlier, float16 of unit length, as far as there are any."""
        kept = schema.interaction_vectors.c
        with told(self._engine.url), self._engine.connect() as connection:
            query = select(kept.interaction, kept.vector).where(kept.model == model[:_LONGEST_MODEL])
            rows = connection.execute(query.where(among(connection, kept.interaction, keys)))
            return {row[0]: bytes(row[1]) for row in rows}

    def replace(self, topics: Sequence[NewTopic], *, details: Mapping[str, Json], found: float) -> None:
        """Keep a discovery in place of the last one, in one transaction. A topic that has more than half of its members
        in common with one of the last takes that one's key and draft. Raises StoreError."""
        with writing(self._engine) as connection:
            there = _there(connection, [key for topic in topics for key, _ in topic.members])
            kept = [(topic, [one for one in topic.members if one[0] in there]) for topic in topics]
            kept = [(topic, members) for topic, members in kept if members]
            before = _before(connection)
            for table in (schema.topic_members, schema.topics, schema.discoveries):
                connection.execute(delete(table))
            keys = iter(next_keys(connection, schema.topics, len(kept)))
            for topic, members in kept:
                taken = _taken_over(before, {key for key, _ in members})
                new = next(keys)
                key, draft = taken or (new, None)
                row = (key, topic.name, orjson.dumps(dict(topic.details)).decode(), draft)
                insert(connection, schema.topics, [row])
                insert(connection, schema.topic_members, [(key, *member) for member in members])
            number = next_keys(connection, schema.discoveries, 1)[0]
            insert(connection, schema.discoveries, [(number, found, orjson.dumps(dict(details)).decode())])

    def last(self, *, typical: int) -> StoredDiscovery | None:
        """The last discovery, with so many typical interactions of each topic; None where there was none."""
        with told(self._engine.url), self._engine.connect() as connection:
            row = connection.execute(select(schema.discoveries)).one_or_none()
            if row is None:
                return None
            topics = _stored(connection, connection.execute(select(schema.topics)).all(), typical=typical)
        ordered = sorted(topics, key=lambda one: (-one.size, one.key))
        return StoredDiscovery(row.found, orjson.loads(row.details), tuple(ordered))

    def topic(self, key: int, *, typical: int) -> StoredTopic | None:
        """One topic; None where there is none of this key."""
        with told(self._engine.url), self._engine.connect() as connection:
            rows = connection.execute(select(schema.topics).where(schema.topics.c.key == key)).all()
            return next(iter(_stored(connection, rows, typical=typical)), None)

    def made_draft(self, key: int, file: str) -> None:
        """Note the file that a topic was made into. Raises StoreError."""
        with writing(self._engine) as connection:
            connection.execute(update(schema.topics).where(schema.topics.c.key == key).values(draft=file))


def delete_empty(connection: Connection) -> None:
    """Delete the topics whose members are all gone."""
    members = select(schema.topic_members.c.topic).distinct()
    connection.execute(delete(schema.topics).where(schema.topics.c.key.not_in(members)))


def _said(connection: Connection, keys: Sequence[int]) -> Iterable[Candidate]:
    """What these interactions say, read in parts: one may hold a megabyte."""
    ids = schema.interactions.c
    for start in range(0, len(keys), _AT_ONCE):
        query = select(ids.key, ids.id, ids.content, ids.user)
        part = query.where(among(connection, ids.key, keys[start : start + _AT_ONCE]))
        for key, name, content, user in connection.execute(part):
            held = orjson.loads(content)
            asked = Interaction.model_validate({"id": name, **{one: held.get(one) for one in ("input", "messages")}})
            yield Candidate(key, asked.asked[:LONGEST_TEXT], user)


def _there(connection: Connection, keys: Sequence[int]) -> set[int]:
    """Those of these interactions that are still stored."""
    facts = schema.interaction_facts.c
    return set(connection.scalars(select(facts.interaction).where(among(connection, facts.interaction, keys))))


def _before(connection: Connection) -> list[tuple[int, str | None, set[int]]]:
    """The topics of the last discovery: key, draft and members."""
    members: defaultdict[int, set[int]] = defaultdict(set)
    for row in connection.execute(select(schema.topic_members.c.topic, schema.topic_members.c.interaction)):
        members[row[0]].add(row[1])
    query = select(schema.topics.c.key, schema.topics.c.draft).order_by(schema.topics.c.key)
    return [(key, draft, members[key]) for key, draft in connection.execute(query)]


def _taken_over(before: Sequence[tuple[int, str | None, set[int]]], members: set[int]) -> tuple[int, str | None] | None:
    """The key and draft of the old topic that is the same: more than half of either is in both, which holds of one."""
    same = ((key, draft) for key, draft, old in before if 2 * len(old & members) > max(len(old), len(members)))
    return next(same, None)


def _stored(connection: Connection, rows: Sequence[Any], *, typical: int) -> list[StoredTopic]:
    keys = [row.key for row in rows]
    members: defaultdict[int, list[Row]] = defaultdict(list)
    for row in connection.execute(_members(connection, keys)):
        members[row[0]].append(tuple(row[1:]))
    return [_topic(row, members[row.key], typical=typical) for row in rows if members[row.key]]


def _members(connection: Connection, keys: Sequence[int]) -> Select[Any]:
    """The members of topics, the most typical first: topic, number, place, value, mapping, user."""
    member, facts, one = schema.topic_members, schema.interaction_facts, schema.interactions
    shown = (member.c.topic, member.c.interaction, member.c.place, facts.c.value, facts.c.mapping, one.c.user)
    return (
        select(*shown)
        .join_from(member, facts, facts.c.interaction == member.c.interaction)
        .join(one, one.c.key == member.c.interaction)
        .where(among(connection, member.c.topic, keys))
        .order_by(member.c.topic, member.c.place, member.c.interaction)
    )


def _topic(row: Any, members: Sequence[Row], *, typical: int) -> StoredTopic:
    first_of_text: dict[int, int] = {}
    for interaction, place, *_ in members:
        first_of_text.setdefault(place, interaction)
    return StoredTopic(
        key=row.key,
        name=row.name,
        details=orjson.loads(row.details),
        draft=row.draft,
        counted=CountedRatings(dict(Counter(member[2] for member in members))),
        size=len(members),
        texts=len(first_of_text),
        users=len({member[4] for member in members if member[4] is not None}),
        unmatched=sum(member[3] == _UNMATCHED for member in members),
        typical=tuple(first_of_text.values())[:typical],
    )
