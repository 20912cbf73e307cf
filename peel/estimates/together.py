"""Several scenarios of one run together: one evaluator's mean over them, each scenario with the same weight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from peel.estimates.methods import LEVEL, as_bounds
from peel.records import Estimate, ScenarioSummary, Together
from peel.statistics.intervals import Interval, mover

_ALONE = "Fewer than two scenarios have a score, so there is nothing to put together."


@dataclass(frozen=True, slots=True)
class _Part:
    scenario: str
    estimate: Estimate


def scenarios_together(summaries: Sequence[ScenarioSummary]) -> tuple[Together, ...]:
    """For each variant, the evaluators that several scenarios have: the same id, kind and step,
    answered by people in all of them or in none.

    The value is sum w_s theta_s with equal weights, both intervals are MOVER's. Source: Zou & Donner (2008),
    Statistics in Medicine 27.
    """
    groups: dict[tuple[str, str, str | None, str, bool], list[_Part]] = {}
    for summary in summaries:
        for one in summary.evaluators:
            key = summary.variant, one.id, one.on, one.use, one.by_people
            groups.setdefault(key, []).append(_Part(summary.scenario, one))
    return tuple(_together(variant, parts) for (variant, *_), parts in groups.items() if len(parts) > 1)


def _together(variant: str, parts: Sequence[_Part]) -> Together:
    known = [part for part in parts if part.estimate.value is not None]
    enough = len(known) > 1
    new = _interval(known, [_new(part) for part in known])
    these = _interval(known, [_these(part) for part in known])
    one = parts[0].estimate
    return Together(
        variant=variant,
        id=one.id,
        on=one.on,
        use=one.use,
        weights={part.scenario: 1 / len(known) for part in known} if enough else {},
        left_out=tuple(part.scenario for part in parts if part.estimate.value is None),
        **{name: sum(getattr(part.estimate, name) for part in parts) for name in _COUNTS},
        value=sum(part.estimate.value or 0.0 for part in known) / len(known) if enough else None,
        low=new.low,
        high=new.high,
        level=LEVEL,
        method=new.method,
        these_cases=as_bounds(these),
        note=" ".join(_notes(parts, new)),
    )


_COUNTS = ("n_cases", "n_executions", "n_scored", "n_unscored", "n_pending")


def _interval(parts: Sequence[_Part], intervals: Sequence[Interval]) -> Interval:
    if len(parts) < 2:
        return Interval.unknown(LEVEL, "MOVER", note=_ALONE)
    values = [part.estimate.value or 0.0 for part in parts]
    return mover(values, intervals, weights=[1 / len(parts)] * len(parts))


def _new(part: _Part) -> Interval:
    one = part.estimate
    return Interval(one.low, one.high, one.level, one.method, f"In {part.scenario}: {one.note}")


def _these(part: _Part) -> Interval:
    one = part.estimate.these_cases
    return Interval(one.low, one.high, part.estimate.level, one.method, f"In {part.scenario}: {one.note}")


def _notes(parts: Sequence[_Part], new: Interval) -> Iterator[str]:
    if new.note:
        yield new.note
    without = [part.scenario for part in parts if part.estimate.value is None]
    if without and new.note != _ALONE:
        yield f"Without {', '.join(without)}: nothing is scored there."
