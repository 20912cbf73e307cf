"""Interactions to scenarios by meaning, on vectors alone: which cases an interaction is nearest to, and whether that is
near enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from peel.feedback.thresholds import NEIGHBOURS, Threshold, Vectors, thresholds
from peel.records.mapping import ScenarioThreshold


@dataclass(frozen=True, slots=True)
class Match:
    """What an interaction is nearest to: a scenario, the id of its nearest case, the similarity to that scenario, and
    the threshold it had to reach. `scenario` is None where it does not."""

    nearest: str
    case: str
    similarity: float
    threshold: float

    @property
    def scenario(self) -> str | None:
        """The scenario that it counts for; None where it fits none."""
        return self.nearest if self.similarity >= self.threshold else None


@dataclass(frozen=True, slots=True)
class ScenarioCases:
    """The cases of one scenario: their ids, and their vectors of unit length, shape (cases, dimensions)."""

    scenario: str
    ids: tuple[str, ...]
    vectors: Vectors


class Reference:
    """The scenarios that interactions are compared with. Cases with the same vector count once."""

    def __init__(self, scenarios: Sequence[ScenarioCases]) -> None:
        self._given = tuple(scenarios)
        self._scenarios = [_distinct(one) for one in scenarios if one.ids]
        self._thresholds: list[Threshold] = []
        if self._scenarios:
            self._thresholds = thresholds([one.vectors for one in self._scenarios])

    @property
    def is_empty(self) -> bool:
        """Whether there is no case to compare with."""
        return not self._scenarios

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has; 0 where there is no case to compare with."""
        return int(self._scenarios[0].vectors.shape[1]) if self._scenarios else 0

    @property
    def thresholds(self) -> tuple[ScenarioThreshold, ...]:
        """The threshold of each scenario, by name."""
        found = {
            one.scenario: ScenarioThreshold(
                scenario=one.scenario, cases=len(one.ids), threshold=threshold.value, basis=threshold.basis
            )
            for one, threshold in zip(self._scenarios, self._thresholds, strict=True)
        }
        without = {
            one.scenario: ScenarioThreshold(scenario=one.scenario, cases=0, threshold=None, basis="none")
            for one in self._given
        }
        return tuple(one for _, one in sorted({**without, **found}.items()))

    def match(self, vectors: Vectors) -> list[Match]:
        """What each interaction is nearest to, from vectors of unit length, shape (interactions, dimensions).

        Raises ValueError where there is no case to compare with.
        """
        if self.is_empty:
            raise ValueError("there is no case to compare with")
        compared = [vectors @ one.vectors.T for one in self._scenarios]
        similarity = np.stack([_to_nearest(one) for one in compared], axis=1)
        nearest = similarity.argmax(axis=1)
        return [self._matched(row, int(place), compared, similarity) for row, place in enumerate(nearest)]

    def _matched(self, row: int, place: int, compared: Sequence[Vectors], similarity: Vectors) -> Match:
        scenario = self._scenarios[place]
        return Match(
            nearest=scenario.scenario,
            case=scenario.ids[int(compared[place][row].argmax())],
            similarity=float(np.clip(similarity[row, place], -1.0, 1.0)),
            threshold=self._thresholds[place].value,
        )


def _to_nearest(compared: Vectors) -> Vectors:
    """The mean of the largest few of each row: the similarity to a scenario."""
    count = min(NEIGHBOURS, compared.shape[1])
    nearest: Vectors = np.partition(compared, -count, axis=1)[:, -count:].mean(axis=1)
    return nearest


def _distinct(one: ScenarioCases) -> ScenarioCases:
    """The cases without those that say the same as an earlier one."""
    _, first = np.unique(one.vectors, axis=0, return_index=True)
    kept = np.sort(first)
    return ScenarioCases(one.scenario, tuple(one.ids[place] for place in kept), one.vectors[kept])
