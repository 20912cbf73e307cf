"""Watching one scenario's ratings for a shift: a baseline of the first ones, then evidence against it in both
directions, until an alarm; then a new baseline.

The state between two looks is small and holds nothing of any user: counts of the baseline's values, and sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic_core import from_json, to_json

from peel.records.feedback import AlertDefinition
from peel.records.production import Alarm, Direction
from peel.statistics.arrays import Floats
from peel.statistics.ratings import bootstrap_of_counts
from peel.statistics.shifts import Detector, Shift
from peel.store.alarms import Arrived, Watched

BASELINE_LEVEL = 0.99
"""The level of the interval around the mean of a baseline, whose ends later ratings are held against: an unlucky one
would raise a false alarm sooner or later."""

_AT_ONCE = 4096
"""How many ratings both detectors take at once: what one of them took behind the other's alarm was for nothing."""

_MOST_EXACT = 200
"""How many different values of a baseline are kept apart; of more, values are rounded."""


@dataclass(slots=True)
class _Watching:
    """The ratings of a baseline by their values, and the detectors once it is whole (None: nothing can shift so)."""

    values: Counter[float] = field(default_factory=Counter)
    detectors: dict[Direction, Detector] | None = None

    @classmethod
    def read(cls, state: str | None) -> _Watching:
        """What `written` gave; the beginning where there is nothing."""
        if state is None:
            return cls()
        held = from_json(state)
        found = held["detectors"]
        return cls(
            Counter({float(value): count for value, count in held["values"].items()}),
            None if found is None else {name: _read_detector(one) for name, one in found.items()},
        )

    def written(self) -> str:
        """As JSON."""
        detectors = None
        if self.detectors is not None:
            detectors = {name: _written_detector(one) for name, one in self.detectors.items()}
        return to_json({"values": {repr(one): n for one, n in self.values.items()}, "detectors": detectors}).decode()

    @property
    def n(self) -> int:
        """How many ratings the baseline is made of so far."""
        return self.values.total()

    @property
    def mean(self) -> float:
        """Their mean."""
        return sum(value * count for value, count in self.values.items()) / self.n


def watch(arrived: Arrived, state: str | None, *, alerts: AlertDefinition) -> Watched:
    """Watch some ratings of a scenario, as `AlarmStore.watch` wants it: the state from now on, and the alarms."""
    watching, alarms, start = _Watching.read(state), list[Alarm](), 0
    while start < arrived.values.size:
        if watching.detectors is None:
            start += _begin(watching, arrived.values[start:], alerts.baseline)
            continue
        taken = arrived.values[start : start + _AT_ONCE]
        shift = _detect(watching.detectors, taken, alerts.run_length)
        if shift is None:
            start += taken.size
            continue
        position = start + shift[1].position
        alarms.append(_alarm(watching, shift, arrived, position=position, run_length=alerts.run_length))
        watching, start = _Watching(), position + 1
    return watching.written(), alarms


def _begin(watching: _Watching, values: Floats, baseline: int) -> int:
    """Take as many ratings as the baseline lacks, and make the detectors once it is whole; how many were taken."""
    taken = values[: max(0, baseline - watching.n)]
    digits = 5 if baseline <= _MOST_EXACT else 2
    watching.values.update(np.round(taken, digits).tolist())
    if watching.n >= baseline:
        interval = bootstrap_of_counts(list(watching.values), list(watching.values.values()), level=BASELINE_LEVEL)
        low, high = interval.low or 0.0, 1.0 if interval.high is None else interval.high
        watching.detectors = {"drop": Detector(low), "rise": Detector(1 - high)}
    return int(taken.size)


def _detect(detectors: dict[Direction, Detector], values: Floats, run_length: float) -> tuple[Direction, Shift] | None:
    """The first shift in either direction; a drop where both come at once."""
    # A detector that is ahead of the other's alarm is thrown away with it: a new baseline begins behind an alarm.
    drop = detectors["drop"].take(values, run_length)
    rise = detectors["rise"].take(1 - (values if drop is None else values[: drop.position]), run_length)
    if rise is not None:
        return "rise", rise
    return None if drop is None else ("drop", drop)


def _alarm(
    watching: _Watching, shift: tuple[Direction, Shift], arrived: Arrived, *, position: int, run_length: float
) -> Alarm:
    direction, found = shift
    detectors = watching.detectors or {}
    held = detectors[direction].baseline
    # Where the last rating alone made the difference, the shift began with it.
    n, value = max(1, found.n), float(arrived.values[position])
    after = (found.total / n if direction == "drop" else 1 - found.total / n) if found.n else value
    return Alarm(
        key=0,
        scenario=arrived.scenario,
        direction=direction,
        at=float(arrived.at[position]),
        raised=0.0,
        baseline=held if direction == "drop" else 1 - held,
        before=watching.mean,
        n_before=watching.n,
        after=min(1.0, max(0.0, after)),
        n_after=n,
        evidence=found.evidence,
        run_length=run_length,
    )


def _read_detector(held: dict[str, Any]) -> Detector:
    lists: Sequence[Floats] = [np.array(held[name], dtype=np.float64) for name in _LISTS]
    return Detector(held["baseline"], *lists)


def _written_detector(detector: Detector) -> dict[str, Any]:
    return {"baseline": detector.baseline, **{name: getattr(detector, name).tolist() for name in _LISTS}}


_LISTS = ("stakes", "sums", "counts", "totals")


def in_words(alarm: Alarm) -> str:
    """An alarm in a sentence."""
    where = "interactions without a scenario" if alarm.scenario is None else alarm.scenario
    word = "dropped" if alarm.direction == "drop" else "rose"
    return (
        f"Ratings of {where} {word}: their mean is {alarm.after:.2f} over {alarm.n_after:,} since the shift, and was "
        f"{alarm.before:.2f} over the {alarm.n_before:,} of the baseline"
    )
