"""Interactions and ratings in the store: added once however often they arrive, forgotten by user, expired by age.

An interaction is one row for each id; content that differs replaces what was there, unless it was there before. Every
rating is kept, and the last of an interaction counts: it stands beside the interaction, so that reports read one table.
A rating may arrive before its interaction.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, Select, delete, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from peel.records.feedback import LABELS, MAPPING_STATES, Added, Interaction, Rating, Removed
from peel.store import schema
from peel.store.alarms import AlarmStore
from peel.store.bulk import Row, among, emptied_log, insert, next_keys, update, writing
from peel.store.database import told
from peel.store.feedback_reading import TICKS, FeedbackReader, written_original
from peel.store.mapping import MappingStore, replace_contents
from peel.store.rating_counts import RatingCounts
from peel.store.topics import TopicStore, delete_empty

MOST_EARLIER = 20
"""How many replaced contents of an interaction are known by their digests."""

AT_ONCE = 5000
"""How many interactions one transaction deletes."""

_DAY_S = 86400
_ABOUT = (schema.interaction_facts, schema.mappings, schema.interaction_vectors, schema.topic_members)
"""What is stored about interactions beside themselves: it goes with them."""

_HAND = MAPPING_STATES.index("hand")
_SECRET = "feedback key"  # noqa: S105  # the name of a row

Entries: TypeAlias = tuple[Sequence[Interaction], Sequence[Rating]]
"""What one sender hands in at once."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored of an interaction: its key, its content's digest and earlier ones, its version, when, and the
    rating that counts: when it was given and its key."""

    key: int
    digest: str
    earlier: str
    version: int
    at: float
    rated: tuple[float, int] | None


@dataclass(frozen=True, slots=True)
class _Content:
    """What an interaction says after a batch: the last that was sent and was not there before."""

    sent: Interaction
    content: bytes
    digest: str
    earlier: tuple[str, ...]
    version: int
    at: float


class FeedbackStore:
    """The interactions and ratings of a store. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def reader(self) -> FeedbackReader:
        """Reads them: lists, and counts for reports."""
        return FeedbackReader(self._engine)

    @property
    def topics(self) -> TopicStore:
        """What discoveries look at, and what the last one found."""
        return TopicStore(self._engine)

    @property
    def mapping(self) -> MappingStore:
        """Which scenarios they count for."""
        return MappingStore(self._engine)

    @property
    def counts(self) -> RatingCounts:
        """Counts ratings by value."""
        return RatingCounts(self._engine)

    @property
    def alarms(self) -> AlarmStore:
        """How far ratings were watched, and the alarms that were raised."""
        return AlarmStore(self._engine)

    def secret(self) -> str:
        """The secret that hashes are keyed with where no variable holds one; made when it is first asked for."""
        table = schema.server
        found = select(table.c.value).where(table.c.name == _SECRET)
        with told(self._engine.url), self._engine.begin() as connection:
            add = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            if connection.scalar(found) is None:
                # Of two processes that are first at once, one makes it and both use it.
                row = {"name": _SECRET, "value": secrets.token_hex(32)}
                connection.execute(add(table).values(row).on_conflict_do_nothing())
            return str(connection.scalar(found))

    def add(self, interactions: Sequence[Interaction], ratings: Sequence[Rating], *, received: float) -> Added:
        """Store interactions and ratings that arrived at `received`, seconds since the epoch: all or none, on the disk
        when this returns. What is stored already changes nothing. Raises StoreError.
        """
        return self.add_each([(interactions, ratings)], received=received)[0]

    def add_each(self, handed_in: Sequence[Entries], *, received: float) -> list[Added]:
        """As `add`, of what several senders handed in, in one transaction: what became of each one's."""
        with writing(self._engine) as connection:
            return _Batch(connection, received).add(handed_in)

    def forget(self, users: Sequence[str]) -> Removed:
        """Delete all interactions of users, as they are stored, with their ratings. Raises StoreError."""
        ids = schema.interactions.c
        removed = self._remove(select(ids.key, ids.id).where(ids.user.in_(users)))
        return removed.model_copy(update={"left_in_log": not emptied_log(self._engine)})

    def expire(self, before: float) -> Removed:
        """Delete the interactions from before a moment, with their ratings, and the older ratings of none."""
        facts, ids = schema.interaction_facts.c, schema.interactions.c
        joined = schema.interactions.join(schema.interaction_facts)
        removed = self._remove(select(ids.key, ids.id).select_from(joined).where(facts.at < before))
        ratings = schema.ratings.c
        orphaned = ~exists(select(ids.key).where(ids.id == ratings.interaction))
        with writing(self._engine) as connection:
            gone = connection.execute(delete(schema.ratings).where(ratings.at < before, orphaned)).rowcount
        left_in_log = not emptied_log(self._engine)
        return removed.model_copy(update={"ratings": removed.ratings + gone, "left_in_log": left_in_log})

    def _remove(self, query: Select[Any]) -> Removed:
        interactions = ratings = 0
        while True:
            with writing(self._engine) as connection:
                found = connection.execute(query.limit(AT_ONCE)).all()
                if not found:
                    return Removed(interactions=interactions, ratings=ratings)
                keys, ids = zip(*found, strict=True)
                ratings += _delete(connection, schema.ratings.c.interaction, ids)
                for table in _ABOUT:
                    _delete(connection, table.c.interaction, keys)
                interactions += _delete(connection, schema.interactions.c.key, keys)
                delete_empty(connection)


class _Batch:
    """What one transaction adds."""

    def __init__(self, connection: Connection, received: float) -> None:
        self._connection = connection
        self._received = received

    def add(self, handed_in: Sequence[Entries]) -> list[Added]:
        interactions = [one for some, _ in handed_in for one in some]
        ratings = [one for _, some in handed_in for one in some]
        known = self._known(list({one.id for one in interactions} | {one.interaction for one in ratings}))
        new_ratings = self._new_ratings(ratings)
        insert(self._connection, schema.ratings, list(new_ratings.values()))
        said, became = self._said(interactions, known)
        new = {one: content for one, content in said.items() if one not in known}
        last = self._last(new, list(new_ratings.values()))
        self._insert(list(new.values()), last)
        self._replace([content for one, content in said.items() if one in known], known)
        self._rate(known, last)
        return _counted(handed_in, iter(became), set(new_ratings))

    def _known(self, ids: Sequence[str]) -> dict[str, _Known]:
        """What is stored already of these ids."""
        if not ids:
            return {}
        one, facts, rated = schema.interactions, schema.interaction_facts, schema.ratings
        about = (one.c.id, one.c.key, one.c.digest, one.c.earlier, one.c.version, facts.c.at)
        joined = one.join(facts).outerjoin(rated, rated.c.key == facts.c.rating)
        shown = (*about, facts.c.rating, rated.c.at)
        query = select(*shown).select_from(joined).where(among(self._connection, one.c.id, ids))
        return {
            row[0]: _Known(row[1], row[2], row[3] or "", row[4], row[5], None if row[6] is None else (row[7], row[6]))
            for row in self._connection.execute(query)
        }

    def _said(self, sent: Sequence[Interaction], known: dict[str, _Known]) -> tuple[dict[str, _Content], list[str]]:
        """What each interaction says now that it did not before, and what became of each that was sent: `new`,
        `changed` or `same`."""
        said: dict[str, _Content] = {}
        became = []
        for one in sent:
            content = one.content()
            digest = _digest(one, content)
            before = said.get(one.id) or _stored(known.get(one.id), one, content)
            if before is None:
                at = self._received if one.at is None else one.at
                said[one.id] = _Content(one, content, digest, (), 1, at)
                became.append("new")
            elif digest == before.digest or digest in before.earlier:
                became.append("same")
            else:
                earlier = (*before.earlier, before.digest)[-MOST_EARLIER:]
                at = before.at if one.at is None else one.at
                said[one.id] = _Content(one, content, digest, earlier, before.version + 1, at)
                became.append("changed")
        return said, became

    def _new_ratings(self, ratings: Sequence[Rating]) -> dict[int, Row]:
        """The rows of those ratings that are not stored yet, in their order, by their place among all."""
        given: dict[str, tuple[int, Rating]] = {}
        for place, one in enumerate(ratings):
            given.setdefault(_rating_digest(one), (place, one))
        if not given:
            return {}
        query = select(schema.ratings.c.digest).where(among(self._connection, schema.ratings.c.digest, list(given)))
        there = set(self._connection.scalars(query))
        new = [(place, digest, one) for digest, (place, one) in given.items() if digest not in there]
        keys = next_keys(self._connection, schema.ratings, len(new))
        return {place: self._rating_row(key, digest, one) for key, (place, digest, one) in zip(keys, new, strict=True)}

    def _rating_row(self, key: int, digest: str, one: Rating) -> Row:
        at = self._received if one.at is None else one.at
        original = written_original(one.original)
        return (key, one.id, digest, one.interaction, at, self._received, one.kind, original, one.value, one.comment)

    def _last(self, new_ids: Iterable[str], new_ratings: Sequence[Row]) -> dict[str, tuple[float, int, float]]:
        """Of each interaction the last of the ratings added now, and of a new one of all that came before it: when it
        was given, its key and its value."""
        last: dict[str, tuple[float, int, float]] = {}
        added = ((row[3], (row[4], row[0], row[8])) for row in new_ratings)
        for interaction, rating in (*added, *self._early(list(new_ids))):
            last[interaction] = max(rating, last.get(interaction, rating))
        return last

    def _early(self, ids: Sequence[str]) -> list[tuple[str, tuple[float, int, float]]]:
        """The last stored rating of each of these interactions."""
        if not ids:
            return []
        ratings = schema.ratings.c
        place = func.row_number().over(
            partition_by=ratings.interaction, order_by=(ratings.at.desc(), ratings.key.desc())
        )
        found = (
            select(ratings.interaction, ratings.at, ratings.key, ratings.value, place.label("place"))
            .where(among(self._connection, ratings.interaction, ids))
            .subquery()
        )
        query = select(found).where(found.c.place == 1)
        return [(row[0], (row[1], row[2], row[3])) for row in self._connection.execute(query)]

    def _insert(self, new: Sequence[_Content], last: dict[str, tuple[float, int, float]]) -> None:
        if not new:
            return
        keys = next_keys(self._connection, schema.interactions, len(new))
        rows, facts = [], []
        for key, said in zip(keys, new, strict=True):
            one, earlier = said.sent, " ".join(said.earlier) or None
            about = (said.digest, earlier, said.version, self._received, one.user, said.content.decode(), one.scenario)
            rows.append((key, one.id, *about))
            rated = last.get(one.id)
            rating, value = (None, None) if rated is None else (rated[1], _ticks(rated[2]))
            facts.append((key, int(said.at // _DAY_S), said.at, rating, value, *_labels(one), _mapping(one)))
        insert(self._connection, schema.interactions, rows)
        insert(self._connection, schema.interaction_facts, facts)

    def _replace(self, changed: Sequence[_Content], known: dict[str, _Known]) -> None:
        """Replace the content of interactions that are stored."""
        by_hand = replace_contents(self._connection, [known[said.sent.id].key for said in changed])
        rows, facts = [], []
        for said in changed:
            one, key = said.sent, known[said.sent.id].key
            about = (said.digest, " ".join(said.earlier), said.version, self._received)
            rows.append((key, *about, one.user, said.content.decode(), one.scenario))
            scenario, *labels = _labels(one)
            mapped = (by_hand[key], *labels, _HAND) if key in by_hand else (scenario, *labels, _mapping(one))
            facts.append((key, int(said.at // _DAY_S), said.at, *mapped))
        written = ("key", "digest", "earlier", "version", "received", "user", "content", "named")
        update(self._connection, schema.interactions, written, rows)
        update(self._connection, schema.interaction_facts, ("interaction", "day", "at", *LABELS, "mapping"), facts)

    def _rate(self, known: dict[str, _Known], last: dict[str, tuple[float, int, float]]) -> None:
        """Let later ratings count for the interactions that are stored already."""
        rows = [
            (stored.key, rating, _ticks(value))
            for one, stored in known.items()
            for at, rating, value in [last.get(one, (-1.0, 0, 0.0))]
            if rating and (stored.rated is None or (at, rating) > stored.rated)
        ]
        update(self._connection, schema.interaction_facts, ("interaction", "rating", "value"), rows)


def _stored(known: _Known | None, one: Interaction, content: bytes) -> _Content | None:
    """What is stored of an interaction, beside what was sent of it; None where nothing is."""
    if known is None:
        return None
    return _Content(one, content, known.digest, tuple(known.earlier.split()), known.version, known.at)


def _counted(handed_in: Sequence[Entries], became: Iterator[str], new_ratings: Collection[int]) -> list[Added]:
    """What became of each sender's: of the interactions in their order, and of the ratings by their places."""
    counts, first = [], 0
    for interactions, ratings in handed_in:
        of_these = Counter(islice(became, len(interactions)))
        new = sum(place in new_ratings for place in range(first, first + len(ratings)))
        first += len(ratings)
        counts.append(
            Added(
                new_interactions=of_these["new"],
                changed_interactions=of_these["changed"],
                same_interactions=of_these["same"],
                new_ratings=new,
                same_ratings=len(ratings) - new,
            )
        )
    return counts


def _delete(connection: Connection, column: ColumnElement[Any], values: Sequence[Any]) -> int:
    table: Any = column.table
    return connection.execute(delete(table).where(among(connection, column, values))).rowcount


def _labels(one: Interaction) -> tuple[str | None, ...]:
    return (one.scenario, one.variant, one.app_version, one.channel, one.language)


def _mapping(one: Interaction) -> int:
    """How the scenario of an interaction that was just sent is found: by its name, or not yet."""
    return MAPPING_STATES.index("waiting" if one.scenario is None else "named")


def _ticks(value: float) -> int:
    return round(value * TICKS)


def _digest(one: Interaction, content: bytes) -> str:
    """What tells an interaction's content from any other of the same id, apart from when it arrived."""
    head = orjson.dumps((one.at, one.user, *_labels(one)))
    return hashlib.blake2b(head + content, digest_size=16).hexdigest()


def _rating_digest(one: Rating) -> str:
    """What tells a rating from any other."""
    whole = (one.id, one.interaction, one.kind, one.original, one.comment, one.at)
    return hashlib.blake2b(orjson.dumps(whole), digest_size=16).hexdigest()
