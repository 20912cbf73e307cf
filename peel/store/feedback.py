"""Interactions and ratings in the store: added once however often they arrive, forgotten by user, expired by age.

An interaction is one row for each id; content that differs replaces what was there, unless it was there before. Every
rating is kept, and the last of an interaction counts: it stands beside the interaction, so that reports read one table.
A rating may arrive before its interaction.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, Select, delete, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from peel.records.feedback import LABELS, MAPPING_STATES, Added, Interaction, Rating, Removed
from peel.store import schema
from peel.store.bulk import Row, among, insert, next_keys, update, writing
from peel.store.database import told
from peel.store.feedback_reading import TICKS, FeedbackReader, written_original

MOST_EARLIER = 20
"""How many replaced contents of an interaction are known by their digests."""

AT_ONCE = 5000
"""How many interactions one transaction deletes."""

_DAY_S = 86400
_ABOUT = (schema.interaction_facts, schema.mappings, schema.interaction_vectors, schema.topic_members)
"""What is stored about interactions beside themselves: it goes with them."""

_SECRET = "feedback key"  # noqa: S105  # the name of a row


@dataclass(frozen=True, slots=True)
class _Known:
    """What is stored of an interaction: its key, its content's digest and earlier ones, when, and the rating that
    counts: when it was given and its key."""

    key: int
    digest: str
    earlier: str
    at: float
    rated: tuple[float, int] | None


class FeedbackStore:
    """The interactions and ratings of a store. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def reader(self) -> FeedbackReader:
        """Reads them: lists, and counts for reports."""
        return FeedbackReader(self._engine)

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
        with writing(self._engine) as connection:
            return _Batch(connection, received).add(interactions, ratings)

    def forget(self, users: Sequence[str]) -> Removed:
        """Delete all interactions of users, as they are stored, with their ratings. Raises StoreError."""
        ids = schema.interactions.c
        return self._remove(select(ids.key, ids.id).where(ids.user.in_(users)))

    def expire(self, before: float) -> Removed:
        """Delete the interactions from before a moment, with their ratings, and the older ratings of none."""
        facts, ids = schema.interaction_facts.c, schema.interactions.c
        joined = schema.interactions.join(schema.interaction_facts)
        removed = self._remove(select(ids.key, ids.id).select_from(joined).where(facts.at < before))
        ratings = schema.ratings.c
        orphaned = ~exists(select(ids.key).where(ids.id == ratings.interaction))
        with writing(self._engine) as connection:
            gone = connection.execute(delete(schema.ratings).where(ratings.at < before, orphaned)).rowcount
        return removed.model_copy(update={"ratings": removed.ratings + gone})

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


class _Batch:
    """What one transaction adds."""

    def __init__(self, connection: Connection, received: float) -> None:
        self._connection = connection
        self._received = received

    def add(self, interactions: Sequence[Interaction], ratings: Sequence[Rating]) -> Added:
        by_id = {one.id: one for one in interactions}
        known = self._known([*by_id, *(one.interaction for one in ratings if one.interaction not in by_id)])
        new_ratings = self._new_ratings(ratings)
        insert(self._connection, schema.ratings, new_ratings)
        last = self._last({one for one in by_id if one not in known}, new_ratings)
        new = [one for one in by_id.values() if one.id not in known]
        changed = self._replaced([one for one in by_id.values() if one.id in known], known)
        self._insert(new, last)
        self._rate(known, last)
        return Added(
            new_interactions=len(new),
            changed_interactions=changed,
            same_interactions=len(interactions) - len(new) - changed,
            new_ratings=len(new_ratings),
            same_ratings=len(ratings) - len(new_ratings),
        )

    def _known(self, ids: Sequence[str]) -> dict[str, _Known]:
        """What is stored already of these ids."""
        if not ids:
            return {}
        one, facts, rated = schema.interactions, schema.interaction_facts, schema.ratings
        shown = (one.c.id, one.c.key, one.c.digest, one.c.earlier, facts.c.at, facts.c.rating, rated.c.at)
        joined = one.join(facts).outerjoin(rated, rated.c.key == facts.c.rating)
        query = select(*shown).select_from(joined).where(among(self._connection, one.c.id, ids))
        return {
            row[0]: _Known(row[1], row[2], row[3] or "", row[4], None if row[5] is None else (row[6], row[5]))
            for row in self._connection.execute(query)
        }

    def _new_ratings(self, ratings: Sequence[Rating]) -> list[Row]:
        """The rows of those ratings that are not stored yet, in their order."""
        given = {_rating_digest(one): one for one in ratings}
        if not given:
            return []
        query = select(schema.ratings.c.digest).where(among(self._connection, schema.ratings.c.digest, list(given)))
        there = set(self._connection.scalars(query))
        new = [(digest, one) for digest, one in given.items() if digest not in there]
        keys = next_keys(self._connection, schema.ratings, len(new))
        return [self._rating_row(key, *one) for key, one in zip(keys, new, strict=True)]

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

    def _insert(self, new: Sequence[Interaction], last: dict[str, tuple[float, int, float]]) -> None:
        if not new:
            return
        keys = next_keys(self._connection, schema.interactions, len(new))
        rows, facts = [], []
        for key, one in zip(keys, new, strict=True):
            content = one.content()
            digest = _digest(one, content)
            rows.append((key, one.id, digest, None, 1, self._received, one.user, content.decode(), one.scenario))
            at = self._received if one.at is None else one.at
            rated = last.get(one.id)
            rating, value = (None, None) if rated is None else (rated[1], _ticks(rated[2]))
            facts.append((key, int(at // _DAY_S), at, rating, value, *_labels(one), _mapping(one)))
        insert(self._connection, schema.interactions, rows)
        insert(self._connection, schema.interaction_facts, facts)

    def _replaced(self, sent: Sequence[Interaction], known: dict[str, _Known]) -> int:
        """Replace the content of those that differ from all that was stored of them; how many that were."""
        rows, facts = [], []
        for one in sent:
            content, stored = one.content(), known[one.id]
            digest = _digest(one, content)
            if digest == stored.digest or digest in stored.earlier:
                continue
            earlier = " ".join([*stored.earlier.split(), stored.digest][-MOST_EARLIER:])
            rows.append((stored.key, digest, earlier, self._received, one.user, content.decode(), one.scenario))
            at = stored.at if one.at is None else one.at
            facts.append((stored.key, int(at // _DAY_S), at, *_labels(one), _mapping(one)))
        written = ("key", "digest", "earlier", "received", "user", "content", "named")
        update(self._connection, schema.interactions, written, rows)
        update(self._connection, schema.interaction_facts, ("interaction", "day", "at", *LABELS, "mapping"), facts)
        raised = schema.interactions.update().values(version=schema.interactions.c.version + 1)
        if rows:
            self._connection.execute(
                raised.where(among(self._connection, schema.interactions.c.key, [row[0] for row in rows]))
            )
        return len(rows)

    def _rate(self, known: dict[str, _Known], last: dict[str, tuple[float, int, float]]) -> None:
        """Let later ratings count for the interactions that are stored already."""
        rows = [
            (stored.key, rating, _ticks(value))
            for one, stored in known.items()
            for at, rating, value in [last.get(one, (-1.0, 0, 0.0))]
            if rating and (stored.rated is None or (at, rating) > stored.rated)
        ]
        update(self._connection, schema.interaction_facts, ("interaction", "rating", "value"), rows)


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
