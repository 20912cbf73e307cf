"""What users' ratings say: means with their intervals, over time and by group, alarms, and the test bed beside them."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from peel.records.base import Record
from peel.records.feedback import FeedbackFilter, FeedbackLimits, MappingState, Tally

Period: TypeAlias = Literal["day", "week", "month"]
Direction: TypeAlias = Literal["drop", "rise"]


class RatingEstimate(Record):
    """The mean rating of some interactions, each counted once with its last rating, with its interval at `level`.

    `low` and `high` are None where there is none, with the reason in `note`. `worst` and `best` bound the mean of all
    interactions, whatever those would have said that are not rated.
    """

    tally: Tally
    low: float | None
    high: float | None
    level: float
    method: str
    note: str = ""
    worst: float | None = None
    best: float | None = None

    @property
    def value(self) -> float | None:
        """The mean; None where nothing is rated."""
        return self.tally.mean


class PeriodEstimate(Record):
    """The ratings of one period: its first day and the day behind its last, as in ISO 8601, UTC."""

    first: str
    behind: str
    estimate: RatingEstimate


class GroupEstimate(Record):
    """The ratings of the interactions that have one value of a label; `name` is None for those that have none."""

    name: str | None
    estimate: RatingEstimate


class TopicEstimate(Record):
    """The ratings of the interactions of one topic that are in the selection. `key` is its number in the store."""

    key: int
    name: str
    estimate: RatingEstimate


class Alarm(Record):
    """The ratings of a scenario shifted; `scenario` is None for interactions without one.

    `at` is when the rating was given that the alarm was raised at, `raised` when it was seen, both in seconds since the
    epoch. `baseline` is the end of the interval around the mean of the first `n_before` ratings that the later ones are
    held against, `before` that mean, `after` the mean of the `n_after` ratings since the shift is supposed to have
    begun. `evidence` reached `run_length`: without a shift that happens once in so many ratings on average, or less.
    """

    key: int
    scenario: str | None
    direction: Direction
    at: float
    raised: float
    baseline: float
    before: float
    n_before: int
    after: float
    n_after: int
    evidence: float
    run_length: float
    told: float | None = None
    """When the webhook took it, in seconds since the epoch; None until then."""
    acknowledged: float | None = None
    """When a person said to have seen it; None until then."""


class TestBedEstimate(Record):
    """What the test bed says of a scenario: the mean over its `evaluators` in one run, for new cases like these.

    `version` is the one of production that the run is known to be of, None where it is not known of which it is.
    """

    __test__ = False

    run: str
    started: float
    variant: str
    version: str | None
    evaluators: tuple[str, ...]
    value: float
    low: float | None
    high: float | None
    n_cases: int


Standing: TypeAlias = Literal["users-worse", "users-better", "no-difference", "unknown"]


class Against(Record):
    """Production beside the test bed, for a scenario and a version of the application; what is not there is None.

    `version` is None for the interactions that name none. `difference` is production minus test bed with its interval.
    """

    scenario: str
    version: str | None
    production: RatingEstimate | None
    test_bed: TestBedEstimate | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    standing: Standing = "unknown"


class Offset(Record):
    """Production minus test bed over `scenarios` of one selection: the mean, with its interval at `level`, if scenarios
    may differ, and each scenario's own difference pulled towards it, the more, the less is known of it.

    `p` is small where scenarios differ by more than chance; None for a single one.
    """

    mean: float
    low: float
    high: float
    level: float
    p: float | None
    scenarios: dict[str, float]


class FeedbackReport(Record):
    """Everything `peel ratings report` and the page of live feedback say of the interactions that are selected.

    `mapping` counts them by how their scenario was found. `histogram` counts ratings in equal parts of [0, 1].
    `weakest` is the scenario with the lowest upper end of its interval; None where fewer than two have one.
    `over_time` holds every period from the first to the last interaction, those without one too. Groups are in the
    order of their names, None last; `left_out` counts those of the fewest interactions that a list leaves out.
    `against` begins with what users find worse than the test bed does. `low` is what a low rating is below.
    """

    wanted: FeedbackFilter
    limits: FeedbackLimits
    overall: RatingEstimate
    mapping: dict[MappingState, int]
    weakest: GroupEstimate | None
    period: Period
    over_time: tuple[PeriodEstimate, ...]
    by_scenario: tuple[GroupEstimate, ...]
    by_version: tuple[GroupEstimate, ...]
    topics: tuple[TopicEstimate, ...]
    histogram: tuple[int, ...]
    alarms: tuple[Alarm, ...]
    against: tuple[Against, ...]
    offset: Offset | None = None
    adjusted: float | None = None
    """The mean if each scenario's interactions were rated as often as any other's; None where one has no rating."""
    low: float = 0.3
    left_out: dict[str, int] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
