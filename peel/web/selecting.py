"""Which interactions a page or a call of the API is about: read from the address, and written into one again.

The address alone says what is selected, so that a view can be shared. Days are whole days of UTC; the empty text stands
for interactions that name no value of a label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Depends, HTTPException, Query
from pydantic import StringConstraints

from peel.records.feedback import LABELS, LONGEST_LABEL, FeedbackFilter, FeedbackLimits, MappingState

MOST_VALUES = 100
"""Values of one label that a selection takes."""

LABEL_NAMES = {
    "scenario": "Scenario",
    "variant": "Variant",
    "app_version": "Version",
    "channel": "Channel",
    "language": "Language",
}
"""The labels as a person reads them."""

MAPPING_NAMES: dict[MappingState, str] = {
    "named": "named by the application",
    "meaning": "by meaning",
    "hand": "by hand",
    "unmatched": "fits no scenario",
    "waiting": "not mapped yet",
}
"""How the scenario of an interaction was found, as a person reads it."""

PRESETS = ((1, "Today"), (7, "7 days"), (28, "28 days"), (90, "90 days"))
"""Ranges that end today, by how many days they have."""

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
_DAY = timedelta(days=1)

Day = Annotated[str, Query(max_length=10, description="A day, such as 2026-01-31, UTC; it belongs to the selection.")]
Values = Annotated[
    list[Annotated[str, StringConstraints(max_length=LONGEST_LABEL, pattern=_NO_CONTROLS)]],
    Query(max_length=MOST_VALUES, description="Only these; the empty text stands for interactions that name none."),
]
States = Annotated[list[MappingState], Query(max_length=MOST_VALUES, description="How the scenario was found.")]
Rated = Annotated[
    Literal["", "yes", "no"], Query(description="Only interactions with a rating (yes), or without (no).")
]


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition of a selection in words, and the address of the page without it."""

    name: str
    said: str
    without: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A range of days to choose, and the address of the page with it."""

    name: str
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected, as a filter and as an address says it. `since` and `until` are the first and the last day."""

    wanted: FeedbackFilter
    since: date | None = None
    until: date | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """The selection as parameters of an address."""
        days = [(name, day.isoformat()) for name, day in (("since", self.since), ("until", self.until)) if day]
        labels = [(name, value or "") for name in LABELS for value in getattr(self.wanted, name)]
        states = [("mapping", state) for state in self.wanted.mapping]
        rated = [] if self.wanted.rated is None else [("rated", "yes" if self.wanted.rated else "no")]
        return [*days, *labels, *states, *rated]

    @property
    def query(self) -> str:
        """The same, encoded; empty where everything is selected."""
        return urlencode(self.pairs())

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.pairs()

    def chips(self, *, kept: str = "") -> list[Chip]:
        """Each condition in words. `kept` is what else the address of the page holds."""
        return [
            Chip(name, said, _address([one for one in self.pairs() if one not in gone], kept))
            for name, said, gone in self._said()
        ]

    def _said(self) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
        days = [one for one in self.pairs() if one[0] in ("since", "until")]
        if days:
            yield "Days", self.days, days
        for name, said in LABEL_NAMES.items():
            for value in getattr(self.wanted, name):
                yield said, value if value is not None else "none named", [(name, value or "")]
        for state in self.wanted.mapping:
            yield "Mapping", MAPPING_NAMES[state], [("mapping", state)]
        if self.wanted.rated is not None:
            given = "yes" if self.wanted.rated else "no"
            yield "Rating", "rated only" if self.wanted.rated else "not rated only", [("rated", given)]

    @property
    def days(self) -> str:
        """The range of days in words."""
        if self.since and self.until:
            return self.since.isoformat() if self.since == self.until else f"{self.since} to {self.until}"
        return f"from {self.since}" if self.since else f"until {self.until}"

    def presets(self, *, today: date, kept: str = "") -> list[Preset]:
        """The ranges to choose from."""
        rest = [one for one in self.pairs() if one[0] not in ("since", "until")]
        made = []
        for count, name in PRESETS:
            first = today - (count - 1) * _DAY
            days = [("since", first.isoformat()), ("until", today.isoformat())]
            made.append(Preset(name, _address([*days, *rest], kept), (self.since, self.until) == (first, today)))
        return [*made, Preset("All", _address(rest, kept), self.since is None and self.until is None)]


def selection(
    since: Day = "",
    until: Day = "",
    scenario: Values = [],  # noqa: B006  # FastAPI copies it
    variant: Values = [],  # noqa: B006  # likewise
    app_version: Values = [],  # noqa: B006  # likewise
    channel: Values = [],  # noqa: B006  # likewise
    language: Values = [],  # noqa: B006  # likewise
    mapping: States = [],  # noqa: B006  # likewise
    rated: Rated = "",
) -> Selection:
    """What the address of a request selects. Raises HTTPException 422 for a day that is none."""
    first, last = _day(since, "since"), _day(until, "until")
    labels = {"scenario": scenario, "variant": variant, "app_version": app_version, "channel": channel}
    labels["language"] = language
    wanted = FeedbackFilter(
        since=None if first is None else _begin(first),
        until=None if last is None else _begin(last) + _DAY.total_seconds(),
        **{name: tuple(dict.fromkeys(one or None for one in values)) for name, values in labels.items()},
        mapping=tuple(dict.fromkeys(mapping)),
        rated=None if rated == "" else rated == "yes",
    )
    return Selection(wanted, first, last)


Selected = Annotated[Selection, Depends(selection)]


def today() -> date:
    """The day it is, UTC."""
    return datetime.now(UTC).date()


def days_of(limits: FeedbackLimits) -> tuple[str, str] | None:
    """The first and the last day that there are interactions of; None where there is none."""
    if limits.first is None or limits.last is None:
        return None
    first, last = (datetime.fromtimestamp(one, UTC).date().isoformat() for one in (limits.first, limits.last))
    return first, last


def place_of(written: str) -> tuple[float, int] | None:
    """The place in a list that `written_place` wrote; None where there is none. Raises HTTPException 422."""
    if not written:
        return None
    place, _, key = written.partition("_")
    try:
        found = float(place), int(key)
    except ValueError as error:
        raise HTTPException(422, f"{written[:60]!r} is no place in a list; take the one of its last answer") from error
    if not (-1 <= found[0] <= 1e12 and 0 <= found[1] < 2**31):
        raise HTTPException(422, f"{written[:60]!r} is no place in a list; take the one of its last answer")
    return found


def written_place(place: tuple[float, int]) -> str:
    """A place in a list as an address has it."""
    return f"{place[0]!r}_{place[1]}"


def _address(pairs: list[tuple[str, str]], kept: str) -> str:
    query = "&".join(filter(None, (urlencode(pairs), kept)))
    return f"/feedback?{query}" if query else "/feedback"


def _day(written: str, name: str) -> date | None:
    if not written:
        return None
    try:
        found = datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise HTTPException(422, f"{name}: {written!r} is no day; write it as 2026-01-31") from error
    if found.year < 1970:
        raise HTTPException(422, f"{name}: {written!r} is before 1970; nothing is stored from then")
    return found


def _begin(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
