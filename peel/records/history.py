"""History: a run beside the runs of the same scenario that began before it."""

from __future__ import annotations

from peel.records.base import Record
from peel.records.comparisons import Comparison
from peel.records.estimates import Bounds


class PastValue(Record):
    """One evaluator's value in one run: the mean of its cases' means, with the interval for exactly these cases."""

    value: float | None
    these_cases: Bounds
    n_cases: int
    n_executions: int
    n_scored: int


class PastRun(Record):
    """One run of a scenario variant, by evaluator. `same_cases`: whether its cases are those of the run that is looked
    at. `changed`: the parts of the definitions that are not as in the run before it."""

    run: str
    started: float
    same_cases: bool
    changed: tuple[str, ...] = ()
    values: dict[str, PastValue]


class History(Record):
    """One scenario variant of a run beside earlier runs of it.

    `runs` are the latest, oldest first, the run itself last. `previous` compares it with the last one before it; None
    where there is none or it cannot be compared, and `why` says so. `level` is that of all intervals.
    """

    scenario: str
    variant: str
    level: float
    runs: tuple[PastRun, ...]
    previous: Comparison | None = None
    why: str = ""


class RunOutline(Record):
    """One run in short: by scenario, by variant, by evaluator its value. `cases` is by scenario the hash of its cases,
    by which two runs are seen to have the same."""

    run: str
    started: float
    cases: dict[str, str]
    values: dict[str, dict[str, dict[str, PastValue]]]
