"""Simulated runs: cases whose rates differ, repetitions that differ within a case, scores in [0, 1].

A setting's `icc` is the share of the variance that lies between cases. Case rates are drawn from a Beta distribution.
Binary scores are passes at the case's rate; graded ones lie on a scale of five levels, each the mean of four passes;
crowded ones are drawn from Beta(rate, 1 - rate): continuous, and nearly always almost 0 or almost 1.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from peel.statistics.cases import Cases

Floats: TypeAlias = npt.NDArray[np.float64]
Scale: TypeAlias = Literal["binary", "graded", "crowded"]
SEED = 20260301
_LEAST = 1e-9
_BLOCK_VALUES = 2_000_000
_LEVELS = 4
_WITHIN: dict[Scale, float] = {"binary": 1.0, "graded": 1 / _LEVELS, "crowded": 1 / 2}
"""The variance within a case, as a multiple of rate (1 - rate)."""


def generator(*names: object) -> np.random.Generator:
    """Random numbers that depend on these names alone: a table is the same whatever ran before it."""
    return np.random.default_rng([SEED, zlib.crc32("/".join(map(str, names)).encode())])


@dataclass(frozen=True, slots=True)
class Setting:
    """m cases with k repetitions, the population's mean, and how much cases differ."""

    cases: int
    repetitions: int
    mean: float
    icc: float
    scale: Scale = "binary"

    @property
    def text(self) -> str:
        """As it is written in the tables."""
        icc = f", ICC {self.icc:g}" if self.repetitions > 1 or self.scale != "binary" else ""
        scale = "" if self.scale == "binary" else f", {self.scale}"
        return f"{self.cases}x{self.repetitions}{icc}, mean {self.mean:g}{scale}"


@dataclass(frozen=True, slots=True)
class Runs:
    """Simulated runs of one setting; arrays have shape (data sets, cases)."""

    rates: Floats
    means: Floats
    deviations: Floats
    repetitions: int

    def each(self) -> Iterator[Cases]:
        """Each run as the statistics take it."""
        index = np.arange(self.means.shape[1])
        counts = np.full(index.size, self.repetitions)
        for means, deviations in zip(self.means, self.deviations, strict=True):
            yield Cases(index, counts, means, deviations)


def case_rates(setting: Setting, datasets: int, generator: np.random.Generator) -> Floats:
    """Rates of new cases, shape (data sets, cases)."""
    size = (1 - setting.icc) / setting.icc / _WITHIN[setting.scale]
    return generator.beta(setting.mean * size, (1 - setting.mean) * size, (datasets, setting.cases))


def executed(rates: Floats, setting: Setting, generator: np.random.Generator) -> Runs:
    """Runs of cases with these rates, shape (data sets, cases)."""
    k = setting.repetitions
    if setting.scale == "binary":
        means = generator.binomial(k, rates) / k
        return Runs(rates, means, k * means * (1 - means), k)
    inside = np.clip(rates, _LEAST, 1 - _LEAST)
    block = max(1, _BLOCK_VALUES // (rates.shape[1] * k))
    parts = [_scored(inside[start : start + block], setting, generator) for start in range(0, rates.shape[0], block)]
    means, deviations = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Runs(rates, means, deviations, k)


def _scored(rates: Floats, setting: Setting, generator: np.random.Generator) -> tuple[Floats, Floats]:
    each = np.broadcast_to(rates[..., None], (*rates.shape, setting.repetitions))
    scores = (
        generator.binomial(_LEVELS, each) / _LEVELS if setting.scale == "graded" else generator.beta(each, 1 - each)
    )
    means = scores.mean(axis=-1)
    return means, ((scores - means[..., None]) ** 2).sum(axis=-1)


def runs(setting: Setting, datasets: int, generator: np.random.Generator) -> Runs:
    """Runs of new cases each time."""
    return executed(case_rates(setting, datasets, generator), setting, generator)
