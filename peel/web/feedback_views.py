"""The numbers that the page of live feedback shows, each view for itself; what was asked for just now is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from peel.estimates.feedback_report import FeedbackNumbers, adjusted, weakest
from peel.records.feedback import FeedbackFilter, FeedbackLimits, MappingState
from peel.records.production import Against, GroupEstimate, Offset, Period, RatingEstimate
from peel.web.kept import Kept
from peel.workspace import Workspace

FRESH_S = 5.0
"""How long the same numbers may be shown again, in seconds: the parts of one page, and a reload, are one question."""

MOST_KEPT = 200
"""How many answers are kept."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeyNumbers:
    """What stands above all charts."""

    overall: RatingEstimate
    mapping: dict[MappingState, int]
    weakest: GroupEstimate | None
    adjusted: float | None
    against: tuple[Against, ...]
    notes: tuple[str, ...]
    low: float


@dataclass(frozen=True, slots=True)
class Groups:
    """Means by group; `more` counts what the lists leave out."""

    scenarios: tuple[GroupEstimate, ...]
    versions: tuple[GroupEstimate, ...]
    topics: tuple[GroupEstimate, ...]
    more: dict[str, int]


@dataclass(frozen=True, slots=True)
class Beside:
    """Production and the test bed."""

    against: tuple[Against, ...]
    offset: Offset | None


class FeedbackViews:
    """What is computed for the page. Safe to use from several threads; the same, asked at once, is computed once.

    Everything may raise StoreError.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._kept: Kept[Any] = Kept(most=MOST_KEPT)

    def limits(self) -> FeedbackLimits:
        """What there is to select from."""
        return self._fresh("limits", self._workspace.feedback.reader.limits)

    def mapping(self) -> dict[MappingState, int]:
        """All interactions by how their scenario was found."""
        return self._fresh("mapping", self._workspace.mapping.counts)

    def view(self, make: Callable[[FeedbackNumbers], T], wanted: FeedbackFilter, *, period: Period | None = None) -> T:
        """What `make` computes of a selection. What several views are made of is counted once."""
        name = f"{period} {wanted.model_dump_json()}"
        ask = self._workspace.feedback_numbers
        numbers = self._fresh(f"numbers {name}", lambda: ask(wanted, period=period))
        return self._fresh(f"{make.__qualname__} {name}", lambda: make(numbers))

    def _fresh(self, name: str, make: Callable[[], T]) -> T:
        found: T = self._kept.get(name, str(int(time.monotonic() / FRESH_S)), make)
        return found


def key_numbers(numbers: FeedbackNumbers) -> KeyNumbers:
    """The numbers above all charts."""
    scenarios, more = numbers.groups("scenario")
    return KeyNumbers(
        overall=numbers.overall(),
        mapping=numbers.mapping(),
        weakest=weakest(scenarios),
        adjusted=adjusted(one.estimate.tally for one in scenarios) if more <= 0 else None,
        against=numbers.against(),
        notes=numbers.notes(),
        low=numbers.asked.low,
    )


def groups(numbers: FeedbackNumbers) -> Groups:
    """Means by scenario and by version, and the topics that are rated lowest."""
    scenarios, more_scenarios = numbers.groups("scenario")
    versions, more_versions = numbers.groups("app_version")
    topics = [GroupEstimate(name=one.name, estimate=one.estimate) for one in numbers.topics()]
    rated = tuple(one for one in topics if one.estimate.value is not None)
    return Groups(scenarios, versions, rated, {"scenario": more_scenarios, "app_version": more_versions})


def beside(numbers: FeedbackNumbers) -> Beside:
    """Production and the test bed, side by side."""
    return Beside(numbers.against(), numbers.offset(numbers.groups("scenario")[0]))
