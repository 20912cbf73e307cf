"""Watching ratings in the store: those that arrived since the last look, how far each scenario was watched, alarms."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, delete, exists, func, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from peel.records.feedback import MAPPING_STATES
from peel.records.production import Alarm
from peel.store import schema
from peel.store.bulk import among, insert, writing
from peel.store.database import told

HELD_BACK_S = 3600.0
"""How long a rating is held back that waits for its interaction, or for the scenario of that, in seconds."""

AT_ONCE = 200_000
"""How many ratings one transaction watches."""

_WAITING = MAPPING_STATES.index("waiting")
_NOBODY = ""
"""What stands for no scenario where a column may not be empty."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """The ratings of one scenario (None: of none) that arrived since the last look, in the order they arrived: their
    keys, when they were given (seconds since the epoch), their values in [0, 1]; each of shape (n,)."""

    scenario: str | None
    keys: NDArray[np.int64]
    at: NDArray[np.float64]
    values: NDArray[np.float64]


Watched: TypeAlias = tuple[str, Sequence[Alarm]]
Watch: TypeAlias = Callable[[Arrived, str | None], Watched]
"""What watches a scenario's ratings: given them and the state it left the last time (None at first), its state from now
on and the alarms it raises, whose keys are not given yet."""


class AlarmStore:
    """The alarms of a store. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def watch(self, watch: Watch, *, now: float | None = None, at_once: int = AT_ONCE) -> tuple[Alarm, ...]:
        """Have all ratings watched that arrived since the last call; the alarms that were raised.

        What was seen is stored with the alarms it raised: each rating is seen once, whoever is killed when, and of two
        processes at once one sees it. Raises StoreError.
        """
        raised: list[Alarm] = []
        moment = time.time() if now is None else now
        while self._is_behind(moment):
            with writing(self._engine) as connection:
                raised += _look(connection, watch, moment, at_once)
        return tuple(raised)

    def _is_behind(self, now: float) -> bool:
        """Whether there is anything to see, without the lock that writers wait for."""
        with told(self._engine.url), self._engine.connect() as connection:
            last = connection.scalar(select(func.max(schema.ratings.c.key))) or 0
            return bool(last > _place(connection)) or connection.execute(_released(now, 1)).first() is not None

    def alarms(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        scenarios: Sequence[str | None] = (),
        limit: int = 100,
    ) -> tuple[Alarm, ...]:
        """The latest alarms that were raised in [since, until), in seconds since the epoch, or on a rating given then:
        first those that nobody acknowledged, each newest first; of all scenarios where none is named."""
        table = schema.alarms.c
        conditions = [or_(_within(table.at, since, until), _within(table.raised, since, until))]
        if scenarios:
            conditions.append(table.scenario.in_([one or _NOBODY for one in scenarios]))
        order = (table.acknowledged.is_not(None), table.at.desc(), table.key.desc())
        return self._read(select(schema.alarms).where(*conditions).order_by(*order).limit(limit))

    def untold(self, *, since: float, limit: int) -> tuple[Alarm, ...]:
        """The oldest alarms, raised at `since` or later, that the webhook did not take yet."""
        table = schema.alarms.c
        query = select(schema.alarms).where(table.told.is_(None), table.raised >= since).order_by(table.key)
        return self._read(query.limit(limit))

    def set_told(self, key: int, at: float) -> None:
        """Record that the webhook took an alarm. Raises StoreError."""
        self._set([key], told=at)

    def acknowledge(self, keys: Iterable[int], at: float) -> None:
        """Record that a person saw some alarms; one that was seen before stays as it is. Raises StoreError."""
        self._set(keys, acknowledged=at)

    def _set(self, keys: Iterable[int], **values: float) -> None:
        table = schema.alarms.c
        (name,) = values
        with told(self._engine.url), self._engine.begin() as connection:
            of_keys = and_(among(connection, table.key, list(keys)), table[name].is_(None))
            connection.execute(update(schema.alarms).where(of_keys).values(**values))

    def _read(self, query: Select[Any]) -> tuple[Alarm, ...]:
        with told(self._engine.url), self._engine.connect() as connection:
            return tuple(_alarm(row) for row in connection.execute(query))


def _within(moment: ColumnElement[Any], since: float | None, until: float | None) -> ColumnElement[bool]:
    after = true() if since is None else moment >= since
    return and_(after, true() if until is None else moment < until)


def _alarm(row: Any) -> Alarm:
    known = {"key": row.key, "told": row.told, "acknowledged": row.acknowledged}
    return Alarm.model_validate_json(row.details).model_copy(update=known)


def _place(connection: Connection) -> int:
    """The key of the last rating that was seen, of any scenario."""
    return connection.scalar(select(func.max(schema.watches.c.place))) or 0


def _look(connection: Connection, watch: Watch, now: float, at_once: int) -> list[Alarm]:
    """Watch the next ratings: the alarms."""
    place = _place(connection)
    released = _Ratings.of(connection.execute(_released(now, at_once)).all())
    _delete_held(connection, released.keys)
    arrived = _Ratings.of(connection.execute(_arrived(place, _behind(connection, place, at_once))).all())
    waits = (arrived.mapping < 0) | (arrived.mapping == _WAITING)
    waits &= arrived.received > now - HELD_BACK_S
    insert(connection, schema.held_ratings, [(key,) for key in arrived.keys[waits].tolist()])
    states = {row.scenario: row.state for row in connection.execute(select(schema.watches))}
    alarms: list[Alarm] = []
    seen = {_NOBODY: states.get(_NOBODY)}
    both = [*released.by_scenario(np.ones(released.keys.size, dtype=np.bool_)), *arrived.by_scenario(~waits)]
    for one in both:
        name = one.scenario or _NOBODY
        seen[name], raised = watch(one, seen.get(name) or states.get(name))
        alarms += raised
    _write_states(connection, seen, int(arrived.keys[-1]) if arrived.keys.size else place)
    return [_raise(connection, one, now) for one in alarms]


@dataclass(frozen=True, slots=True)
class _Ratings:
    """Ratings as columns, each of shape (n,): their keys, when they were given and when they arrived, their values, the
    scenarios that their interactions count for and how these were found (-1: there is no interaction), and whether an
    earlier rating of the same interaction is there. Of a rating that is gone only the key is known."""

    keys: NDArray[np.int64]
    at: NDArray[np.float64]
    received: NDArray[np.float64]
    values: NDArray[np.float64]
    scenarios: Sequence[str | None]
    mapping: NDArray[np.int64]
    is_later: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Sequence[Any]) -> _Ratings:
        """The rows of `_arrived` or `_released`."""
        keys, at, received, values, scenarios, mapping, is_later = zip(*rows, strict=True) if rows else ((),) * 7
        return cls(
            keys=np.array(keys, dtype=np.int64),
            at=np.array(at, dtype=np.float64),
            received=np.array(received, dtype=np.float64),
            values=np.array(values, dtype=np.float64),
            scenarios=scenarios,
            mapping=np.array([-1 if one is None else one for one in mapping], dtype=np.int64),
            is_later=np.array(is_later, dtype=np.bool_),
        )

    def by_scenario(self, ready: NDArray[np.bool_]) -> list[Arrived]:
        """Those that are ready and count: the first rating of each interaction that is there."""
        names = sorted(set(self.scenarios), key=lambda name: name or _NOBODY)
        place = {name: number for number, name in enumerate(names)}
        numbers = np.array([place[name] for name in self.scenarios], dtype=np.int64)
        counting = np.flatnonzero(ready & (self.mapping >= 0) & ~self.is_later)
        ordered = counting[np.argsort(numbers[counting], kind="stable")]
        ends = np.flatnonzero(np.diff(numbers[ordered])) + 1
        parts = np.split(ordered, ends) if ordered.size else []
        return [
            Arrived(names[numbers[which[0]]], self.keys[which], self.at[which], self.values[which]) for which in parts
        ]


_BEFORE = schema.ratings.alias("before")
_SHOWN = (
    *(schema.ratings.c[name] for name in ("at", "received", "value")),
    *(schema.interaction_facts.c[name] for name in ("scenario", "mapping")),
    # Of an interaction that is rated again, the first rating counts: a second one is no second user.
    exists()
    .where(_BEFORE.c.interaction == schema.ratings.c.interaction, _BEFORE.c.key < schema.ratings.c.key)
    .label("is_later"),
)
"""A rating with the scenario that its interaction counts for; `mapping` is None where there is no interaction."""


def _behind(connection: Connection, place: int, count: int) -> int:
    """The place of the last of so many ratings behind a place, or of all there are. A database that knows where they
    end does not sort all others, too."""
    key = schema.ratings.c.key
    last = connection.scalar(select(key).where(key > place).order_by(key).offset(count - 1).limit(1))
    return last or connection.scalar(select(func.max(key))) or place


def _arrived(place: int, last: int) -> Select[Any]:
    """The ratings behind a place up to another one, as they arrived."""
    rating, interaction, facts = schema.ratings, schema.interactions, schema.interaction_facts
    return (
        select(rating.c.key, *_SHOWN)
        .select_from(rating)
        .outerjoin(interaction, interaction.c.id == rating.c.interaction)
        .outerjoin(facts, facts.c.interaction == interaction.c.key)
        .where(rating.c.key > place, rating.c.key <= last)
        .order_by(rating.c.key)
    )


def _released(now: float, limit: int) -> Select[Any]:
    """The ratings that were held back and need no longer wait, as they arrived; those that are gone, too."""
    rating, interaction, facts = schema.ratings, schema.interactions, schema.interaction_facts
    held = schema.held_ratings
    ready = and_(facts.c.mapping.is_not(None), facts.c.mapping != _WAITING)
    return (
        select(held.c.rating, *_SHOWN)
        .select_from(held)
        .outerjoin(rating, rating.c.key == held.c.rating)
        .outerjoin(interaction, interaction.c.id == rating.c.interaction)
        .outerjoin(facts, facts.c.interaction == interaction.c.key)
        .where(or_(rating.c.key.is_(None), ready, rating.c.received <= now - HELD_BACK_S))
        .order_by(held.c.rating)
        .limit(limit)
    )


def _delete_held(connection: Connection, keys: NDArray[np.int64]) -> None:
    if keys.size:
        column = schema.held_ratings.c.rating
        connection.execute(delete(schema.held_ratings).where(among(connection, column, keys.tolist())))


def _write_states(connection: Connection, seen: dict[str, str | None], place: int) -> None:
    table = schema.watches
    add = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)
    rows = [{"scenario": name, "state": state, "place": place} for name, state in seen.items()]
    replaced = {"state": add.excluded.state, "place": add.excluded.place}
    connection.execute(add.on_conflict_do_update(index_elements=[table.c.scenario], set_=replaced), rows)


def _raise(connection: Connection, alarm: Alarm, now: float) -> Alarm:
    raised = alarm.model_copy(update={"raised": now})
    row = {"scenario": alarm.scenario or _NOBODY, "at": alarm.at, "raised": now, "details": raised.model_dump_json()}
    added = connection.execute(schema.alarms.insert().values(row))
    key = added.inserted_primary_key
    return raised.model_copy(update={"key": key[0] if key else 0})
