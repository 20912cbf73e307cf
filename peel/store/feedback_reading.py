"""Reading interactions and ratings: counts for reports, made by the database in one pass, and lists in pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic_core import from_json
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Select,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from peel.records.feedback import (
    EVERYTHING,
    LABELS,
    MAPPING_STATES,
    FeedbackEntry,
    FeedbackFilter,
    FeedbackLimits,
    FeedbackPage,
    Interaction,
    Mapping,
    Rating,
    RatingKind,
    StoredInteraction,
    StoredRating,
    Tally,
)
from peel.store import schema
from peel.store.database import told

TICKS = 100_000
"""How exactly values are counted: sums of whole numbers are the same in every order, sums of fractions are not."""

MOST_LABELS = 1000
"""How many values of one label are there to choose from; of more, the first by name."""

LOW = 0.3
"""Ratings below it are counted as low where nobody says otherwise."""

Group: TypeAlias = Literal["day", "scenario", "variant", "app_version", "channel", "language", "mapping"]
"""What counts are grouped by; a day is a number of days since 1970-01-01, UTC; a mapping the place of its state among
MAPPING_STATES."""

Sort: TypeAlias = Literal["newest", "oldest", "lowest", "highest"]


_OF_MAPPING = schema.mappings.c
_MAPPED = (
    *(_OF_MAPPING[name] for name in ("nearest", "case", "similarity", "threshold", "by")),
    _OF_MAPPING.at.label("mapped_at"),
)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is wanted: its order, the place to go on behind, and how many at most."""

    sort: Sort = "newest"
    behind: tuple[float, int] | None = None
    limit: int = 50


class FeedbackReader:
    """Reads what is stored of production. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def limits(self) -> FeedbackLimits:
        """What there is to select from. Raises StoreError."""
        facts = schema.interaction_facts.c
        counted = select(func.count(), func.min(facts.at), func.max(facts.at))
        with told(self._engine.url), self._engine.connect() as connection:
            interactions, first, last = connection.execute(counted).one()
            labels = {name: _values(connection, facts[name]) for name in LABELS}
        return FeedbackLimits(interactions=interactions, first=first, last=last, labels=labels)

    def tally(self, wanted: FeedbackFilter = EVERYTHING, *, low: float = LOW) -> Tally:
        """The counts behind all interactions that are wanted; `low` is what a low rating is below."""
        return self.tallies((), wanted=wanted, low=low).get((), Tally())

    def tallies(
        self, by: Sequence[Group], *, wanted: FeedbackFilter = EVERYTHING, low: float = LOW
    ) -> dict[tuple[Any, ...], Tally]:
        """The same for each combination of the groups' values that there is, by those values in their order."""
        facts = schema.interaction_facts.c
        groups = [facts[name] for name in by]
        # PostgreSQL adds small numbers in a large one, and only large ones in a slower type that has no end.
        value, large = facts.value, cast(facts.value, BigInteger)
        counted = (func.count(), func.count(value), func.sum(value), func.sum(large * large))
        below = func.count().filter(facts.value < round(low * TICKS))
        query = select(*groups, *counted, below).where(*selected(wanted))
        if groups:
            query = query.group_by(*groups)
        with told(self._engine.url), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        width = len(groups)
        found = {tuple(row[:width]): _tally(*row[width:]) for row in rows}
        return dict(sorted(found.items(), key=lambda item: [(one is not None, one) for one in item[0]]))

    def histogram(self, wanted: FeedbackFilter = EVERYTHING, *, bins: int = 20) -> tuple[int, ...]:
        """How many ratings that count lie in each of `bins` equal parts of [0, 1]; 1 belongs to the last."""
        facts = schema.interaction_facts.c
        edges = [round(TICKS * place / bins) for place in range(1, bins)]
        place = case(*((facts.value < edge, number) for number, edge in enumerate(edges)), else_=bins - 1)
        query = select(place, func.count()).where(*selected(wanted), facts.value.is_not(None)).group_by(place)
        with told(self._engine.url), self._engine.connect() as connection:
            counts = {row[0]: row[1] for row in connection.execute(query)}
        return tuple(counts.get(number, 0) for number in range(bins))

    def page(self, wanted: FeedbackFilter = EVERYTHING, *, request: PageRequest = PageRequest()) -> FeedbackPage:
        """Some interactions with the rating that counts, in the order that is asked for. Those without a rating come
        last where it is an order of ratings."""
        rows: list[Any] = []
        with told(self._engine.url), self._engine.connect() as connection:
            for chosen in _parts(wanted, request):
                query = _entries(chosen.limit(request.limit + 1 - len(rows)), ascending=_ascends(request.sort))
                rows += connection.execute(query).all()
                if len(rows) > request.limit:
                    break
        shown = rows[: request.limit]
        more = len(rows) > request.limit
        return FeedbackPage(
            entries=tuple(_entry(row) for row in shown), next=(shown[-1].place, shown[-1].key) if more else None
        )

    def entries(self, wanted: FeedbackFilter = EVERYTHING, *, at_once: int = 1000) -> Iterator[FeedbackEntry]:
        """All interactions that are wanted, the oldest first, in bounded memory."""
        behind = None
        while True:
            found = self.page(wanted, request=PageRequest("oldest", behind, at_once))
            yield from found.entries
            behind = found.next
            if behind is None:
                return

    def entries_of(self, keys: Sequence[int]) -> dict[int, FeedbackEntry]:
        """The interactions with these numbers in the store, as far as there are any, by number."""
        facts = schema.interaction_facts.c
        chosen = select(schema.interaction_facts, facts.interaction.label("place"))
        query = _entries(chosen.where(facts.interaction.in_(keys)), ascending=True)
        with told(self._engine.url), self._engine.connect() as connection:
            return {row.key: _entry(row) for row in connection.execute(query)}

    def interaction(self, interaction_id: str) -> StoredInteraction | None:
        """One interaction whole, with all its ratings; None where there is none of this id."""
        ids, facts, ratings = schema.interactions.c, schema.interaction_facts.c, schema.ratings.c
        labels = (facts[name] for name in LABELS)
        shown = (ids.key, ids.id, ids.user, ids.content, ids.named, ids.received, ids.version, facts.at, facts.value)
        query = (
            select(*shown, *labels, facts.mapping, *_MAPPED)
            .select_from(schema.interactions.join(schema.interaction_facts).outerjoin(schema.mappings))
            .where(ids.id == interaction_id)
        )
        given = select(schema.ratings).where(ratings.interaction == interaction_id).order_by(ratings.at, ratings.key)
        with told(self._engine.url), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
            found = connection.execute(given).all()
        if row is None:
            return None
        return StoredInteraction(
            key=row.key,
            interaction=_interaction(row),
            mapping=_mapping(row),
            at=row.at,
            received=row.received,
            version=row.version,
            value=None if row.value is None else row.value / TICKS,
            ratings=tuple(map(_rating, found)),
        )


def written_original(original: int | float | str) -> str:
    """A rating as it was given, as text that `read_original` reads back."""
    return original if isinstance(original, str) else repr(original)


def read_original(kind: RatingKind, written: str) -> int | float | str:
    """The inverse of `written_original`."""
    if kind in ("smiley", "thumbs"):
        return written
    return int(written) if kind == "stars" else float(written)


def selected(wanted: FeedbackFilter) -> list[ColumnElement[bool]]:
    """What must hold of the facts of the interactions that are wanted."""
    facts = schema.interaction_facts.c
    conditions = [_one_of(facts[name], values) for name in LABELS if (values := getattr(wanted, name))]
    if wanted.since is not None:
        conditions.append(facts.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(facts.at < wanted.until)
    if wanted.mapping:
        conditions.append(facts.mapping.in_([MAPPING_STATES.index(one) for one in wanted.mapping]))
    if wanted.rated is not None:
        conditions.append(facts.value.is_not(None) if wanted.rated else facts.value.is_(None))
    return conditions


def _one_of(column: ColumnElement[Any], values: Sequence[str | None]) -> ColumnElement[bool]:
    named = column.in_([one for one in values if one is not None])
    return or_(named, column.is_(None)) if None in values else named


_UNRATED = {"lowest": 2 * TICKS, "highest": -1}
"""The place of interactions without a rating, behind all others, where it is an order of ratings."""


def _ascends(sort: Sort) -> bool:
    return sort in ("oldest", "lowest")


def _parts(wanted: FeedbackFilter, request: PageRequest) -> list[Select[Any]]:
    """The facts of the interactions of a page, one more than it shows, with their place in its order: those of the
    first part, then of the next where these are too few.

    Chosen before anything is joined to them: a million interactions are sorted without what was said in them. Rated and
    unrated ones are parts of an order by rating, because each is read in the order of an index and both are not.
    """
    conditions, facts = selected(wanted), schema.interaction_facts.c
    if request.sort in ("newest", "oldest"):
        return [_first(facts.at, conditions, request)]
    place, parts = _UNRATED[request.sort], []
    is_past_rated = request.behind is not None and request.behind[0] == place
    if wanted.rated is not False and not is_past_rated:
        parts.append(_first(facts.value, [*conditions, facts.value.is_not(None)], request))
    if wanted.rated is not True:
        rest = request if is_past_rated else PageRequest(request.sort, None, request.limit)
        parts.append(_first(literal(place, Integer), [*conditions, facts.value.is_(None)], rest))
    return parts


def _first(place: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]], request: PageRequest) -> Select[Any]:
    """The first facts behind a place in an order, which is that of an index where `place` is a column."""
    facts, key = schema.interaction_facts, schema.interaction_facts.c.interaction
    is_column = isinstance(place, Column)
    order: list[ColumnElement[Any]] = [place, key] if is_column else [key]
    query = select(facts, place.label("place")).where(*conditions).limit(request.limit + 1)
    if request.behind is not None:
        behind = request.behind if is_column else request.behind[1:]
        left, right = tuple_(*order), tuple_(*map(literal, behind))
        query = query.where(left > right if _ascends(request.sort) else left < right)
    return query.order_by(*(order if _ascends(request.sort) else [one.desc() for one in order]))


def _entries(chosen: Select[Any], *, ascending: bool) -> Select[Any]:
    """What entries are made of, of chosen facts in their order."""
    ids, ratings, table = schema.interactions.c, schema.ratings.c, chosen.subquery()
    facts = table.c
    labels = (facts[name] for name in LABELS)
    shown = (ids.key, ids.id, ids.user, ids.content, ids.named, facts.at, facts.value, *labels, facts.mapping, *_MAPPED)
    order = (facts.place, facts.interaction)
    return (
        select(*shown, ratings.kind, ratings.original, ratings.comment, facts.place)
        .join_from(table, schema.interactions, ids.key == facts.interaction)
        .outerjoin(schema.mappings, schema.mappings.c.interaction == facts.interaction)
        .outerjoin(schema.ratings, ratings.key == facts.rating)
        .order_by(*(order if ascending else (one.desc() for one in order)))
    )


def _interaction(row: Any) -> Interaction:
    """An interaction as it was sent, save that its time is known."""
    labels = {**{name: getattr(row, name) for name in LABELS}, "scenario": row.named}
    content = from_json(row.content)
    return Interaction.model_validate({"id": row.id, "at": row.at, "user": row.user, **labels, **content})


def _mapping(row: Any) -> Mapping:
    """What an interaction is mapped to."""
    return Mapping(
        state=MAPPING_STATES[row.mapping],
        scenario=row.scenario,
        nearest=row.nearest,
        case=row.case,
        similarity=row.similarity,
        threshold=row.threshold,
        by=row.by,
        at=row.mapped_at,
    )


def _entry(row: Any) -> FeedbackEntry:
    return FeedbackEntry(
        key=row.key,
        interaction=_interaction(row),
        mapping=_mapping(row),
        at=row.at,
        value=None if row.value is None else row.value / TICKS,
        kind=row.kind,
        original=None if row.kind is None else read_original(row.kind, row.original),
        comment=row.comment or "",
    )


def _rating(row: Any) -> StoredRating:
    rating = Rating(
        id=row.id,
        interaction=row.interaction,
        kind=row.kind,
        original=read_original(row.kind, row.original),
        value=row.value,
        comment=row.comment,
        at=row.at,
    )
    return StoredRating(rating=rating, at=row.at, received=row.received)


def _tally(interactions: int, rated: int, total: Any, squares: Any, low: int) -> Tally:
    return Tally(
        interactions=interactions,
        rated=rated,
        total=int(total or 0) / TICKS,
        squares=int(squares or 0) / TICKS**2,
        low=low,
    )


def _values(connection: Connection, label: ColumnElement[Any]) -> tuple[str | None, ...]:
    """The values of a label, by name. Each is the least one above the one before it: a few looks into an index."""
    least = select(func.min(label)).scalar_subquery()
    above = select(least.label("value"), literal(1).label("place")).cte(recursive=True)
    following = select(func.min(label)).where(label > above.c.value).correlate(above).scalar_subquery()
    further = select(following, above.c.place + 1).where(above.c.value.is_not(None), above.c.place < MOST_LABELS)
    every = above.union_all(further)
    found = connection.scalars(select(every.c.value).where(every.c.value.is_not(None))).all()
    unnamed = connection.scalar(select(exists().where(label.is_(None))))
    return (*((None,) if unnamed else ()), *sorted(found))
