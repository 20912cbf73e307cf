"""Ratings counted by their values, where the counts of a group are too few for its sums to say enough; topics counted;
and whether it is known who rated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, and_, exists, func, null, or_, select

from peel.records.feedback import EVERYTHING, FeedbackFilter, Tally
from peel.store import schema
from peel.store.database import told
from peel.store.feedback_reading import TICKS, Group, selected


@dataclass(slots=True)
class CountedRatings:
    """Interactions by the value of the rating that counts, in steps of 1 / TICKS; None for those without one."""

    by_value: dict[int | None, int] = field(default_factory=dict)

    @property
    def values(self) -> dict[float, int]:
        """How many are rated with each value in [0, 1]."""
        return {ticks / TICKS: count for ticks, count in self.by_value.items() if ticks is not None}

    def tally(self, low: float) -> Tally:
        """The counts that `FeedbackReader.tally` makes of the same interactions."""
        rated = [(ticks, count) for ticks, count in self.by_value.items() if ticks is not None]
        return Tally(
            interactions=sum(self.by_value.values()),
            rated=sum(count for _, count in rated),
            total=sum(ticks * count for ticks, count in rated) / TICKS,
            squares=sum(ticks * ticks * count for ticks, count in rated) / TICKS**2,
            low=sum(count for ticks, count in rated if ticks < round(low * TICKS)),
        )


class RatingCounts:
    """Counts ratings by value. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all_by_value(self, wanted: FeedbackFilter = EVERYTHING) -> CountedRatings:
        """The rated interactions that are wanted, by value; where they are few, each may have a value of its own."""
        value = schema.interaction_facts.c.value
        query = select(null(), value, func.count()).where(*selected(wanted), value.is_not(None)).group_by(value)
        return self._counted(query).get((None,), CountedRatings())

    def by_value(
        self, by: Sequence[Group], only: Sequence[tuple[Any, ...]], *, wanted: FeedbackFilter = EVERYTHING
    ) -> dict[tuple[Any, ...], CountedRatings]:
        """The same for some combinations of the groups' values, as `FeedbackReader.tallies` gives them."""
        if not only:
            return {}
        facts = schema.interaction_facts.c
        columns = [facts[name] for name in by]
        query = select(*columns, facts.value, func.count()).where(*selected(wanted), facts.value.is_not(None))
        return self._counted(query.where(_one_of(columns, only)).group_by(*columns, facts.value))

    def topics(self, wanted: FeedbackFilter = EVERYTHING) -> list[tuple[int, str, CountedRatings]]:
        """The topics that have interactions in the selection: key, name, and these interactions, the unrated too."""
        facts, members, topics = schema.interaction_facts, schema.topic_members, schema.topics
        query = (
            select(members.c.topic, facts.c.value, func.count())
            .join_from(members, facts, facts.c.interaction == members.c.interaction)
            .where(*selected(wanted))
            .group_by(members.c.topic, facts.c.value)
        )
        counted = self._counted(query)
        if not counted:
            return []
        with told(self._engine.url), self._engine.connect() as connection:
            names = connection.execute(select(topics.c.key, topics.c.name).order_by(topics.c.key)).all()
        return [(key, name, counted[key,]) for key, name in names if (key,) in counted]

    def know_users(self) -> bool:
        """Whether any interaction names its user."""
        with told(self._engine.url), self._engine.connect() as connection:
            return bool(connection.scalar(select(exists().where(schema.interactions.c.user.is_not(None)))))

    def _counted(self, query: Select[Any]) -> dict[tuple[Any, ...], CountedRatings]:
        found: dict[tuple[Any, ...], CountedRatings] = {}
        with told(self._engine.url), self._engine.connect() as connection:
            rows = [tuple(row) for row in connection.execute(query)]
        for *group, ticks, count in rows:
            found.setdefault(tuple(group), CountedRatings()).by_value[ticks] = count
        return found


def _one_of(columns: Sequence[ColumnElement[Any]], values: Sequence[tuple[Any, ...]]) -> ColumnElement[bool]:
    if len(columns) > 1:
        return or_(*(and_(*map(_is, columns, one)) for one in values))
    named = columns[0].in_([one for (one,) in values if one is not None])
    return or_(named, columns[0].is_(None)) if (None,) in values else named


def _is(column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == value
