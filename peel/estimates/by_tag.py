"""Estimates by tag: every evaluator over the cases that have one tag, with all counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from peel.estimates.tallies import Tally
from peel.estimates.values import estimate
from peel.records import Case, Scenario, TagEstimates
from peel.statistics.arrays import Integers

MOST_TAGS = 50
"""How many tags have estimates, those of most cases first: each one costs two intervals an evaluator."""


def estimates_by_tag(
    scenario: Scenario, cases: Sequence[Case], tallies: Mapping[str, Tally]
) -> tuple[tuple[TagEstimates, ...], int]:
    """The estimates of each tag, those of most cases first, and how many tags were left out.

    `tallies` are the evaluators' by id. A case with two tags counts under both.
    """
    found = _cases_by_tag(cases)
    order = sorted(found, key=lambda tag: (-found[tag].size, tag))
    kept = tuple(_estimates(tag, found[tag], scenario, tallies) for tag in order[:MOST_TAGS])
    return kept, len(order) - len(kept)


def _cases_by_tag(cases: Sequence[Case]) -> dict[str, Integers]:
    places: dict[str, list[int]] = {}
    for place, case in enumerate(cases):
        for tag in set(case.tags):
            places.setdefault(tag, []).append(place)
    return {tag: np.array(found, dtype=np.int64) for tag, found in places.items()}


def _estimates(tag: str, places: Integers, scenario: Scenario, tallies: Mapping[str, Tally]) -> TagEstimates:
    return TagEstimates(
        tag=tag,
        n_cases=places.size,
        evaluators=tuple(
            estimate(one, _of_cases(tallies[one.id], places), method=scenario.estimates.method)
            for one in scenario.evaluators
        ),
    )


def _of_cases(tally: Tally, places: Integers) -> Tally:
    keep = np.zeros(tally.completed.size, dtype=np.bool_)
    keep[places[places < keep.size]] = True
    return tally.within(keep)
