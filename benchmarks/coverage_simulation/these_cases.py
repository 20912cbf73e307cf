"""These cases: how often the interval and the one-sided bounds hold the mean of exactly the cases that were run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
from coverage_simulation.data import Scale, Setting, case_rates, executed, generator, runs
from coverage_simulation.figures import Figure, Reference, Row, Table
from coverage_simulation.new_cases import SCALES, holds

from peel.statistics.cases import Cases
from peel.statistics.comparison import bounds_cases_like_these, bounds_these_cases
from peel.statistics.gates import non_inferior
from peel.statistics.intervals import Interval, one_sided, these_cases, wilson_pooled

SETTINGS: Sequence[Setting] = tuple(
    Setting(cases, repetitions, mean, icc, scale)
    for scale in (*SCALES, "crowded")
    for cases, repetitions, mean, icc in product((5, 10, 20, 50), (2, 5, 20), (0.5, 0.9, 0.98), (0.05, 0.5))
)
"""72 settings of each kind of score."""


def stratified_z(cases: Cases) -> Interval:
    """The plain stratified interval, mean +- 1.96 sqrt(sum s_i^2 / k_i) / m, the usual alternative."""
    variances = cases.variances
    mean = float(cases.means.mean())
    half = 0.0 if variances is None else 1.96 * math.sqrt(float((variances / cases.counts).sum())) / cases.size
    return Interval(mean - half, mean + half, 0.95, "stratified z")


def measured(setting: Setting, datasets: int, *names: object) -> dict[str, float]:
    """Coverage, one-sided misses and widths over data sets, each of which has cases of its own."""
    data = runs(setting, datasets, generator("these cases", *names, setting.text))
    truths = data.rates.mean(axis=1)
    covered: list[bool] = []
    plain, low, high, ratio = [], [], [], []
    for cases, truth in zip(data.each(), truths, strict=True):
        interval, bounds = these_cases(cases), these_cases(cases, one_sided(0.95))
        covered.append(holds(interval, truth))
        plain.append(holds(stratified_z(cases), truth))
        low.append(bounds.low is not None and bounds.low > truth)
        high.append(bounds.high is not None and bounds.high < truth)
        ratio.append((interval.width or 1.0) / (wilson_pooled(cases).width or 1.0))
    names_of = ("coverage", "stratified z", "lower bound misses", "upper bound misses", "narrower")
    found = np.array([covered, plain, low, high, 1 - np.array(ratio)])
    return {name: float(np.mean(values)) for name, values in zip(names_of, found, strict=True)}


def table(datasets: int, again: int, *, settings: Sequence[Setting] = SETTINGS) -> Table:
    """Mean and worst coverage of the default interval, and the one-sided misses of the gates' bounds."""
    found = {setting: measured(setting, datasets, "grid") for setting in settings}

    def worst(measure: str, chosen: Sequence[Setting], reference: Reference | None) -> Figure:
        sign = 1 if measure in ("coverage", "stratified z") else -1
        setting = min(chosen, key=lambda one: sign * found[one][measure])
        return Figure.share(measured(setting, again, "again", measure)[measure], again, reference)

    def mean(measure: str, chosen: Sequence[Setting], reference: Reference | None) -> Figure:
        value = float(np.mean([found[one][measure] for one in chosen]))
        return Figure.share(value, datasets * len(chosen), reference)

    def of(scale: Scale, *repetitions: int) -> list[Setting]:
        return [one for one in settings if one.scale == scale and one.repetitions in repetitions]

    one_sided_miss = Reference.of(0.056, digits=3, slack=0.01)
    often, twice = of("binary", 5, 20) + of("graded", 5, 20), of("binary", 2) + of("graded", 2)
    differing = [one for one in of("binary", 2, 5, 20) if one.icc == 0.5]
    at = Reference.of
    rows = [
        Row("binary: mean coverage", [mean("coverage", of("binary", 2, 5, 20), at(0.95))]),
        Row("binary: worst coverage", [worst("coverage", of("binary", 2, 5, 20), at(0.94, slack=0.01))]),
        Row("graded: mean coverage", [mean("coverage", of("graded", 2, 5, 20), at(0.94, slack=0.01))]),
        Row("graded: worst, 5 repetitions or more", [worst("coverage", of("graded", 5, 20), at(0.93, slack=0.01))]),
        Row("graded: worst, 2 repetitions", [worst("coverage", of("graded", 2), at(0.89, slack=0.01))]),
        Row("plain stratified z: worst", [worst("stratified z", often + twice, at(0.17, slack=0.01))]),
        Row("one-sided 5 % lower bound: worst miss, 5 or more", [worst("lower bound misses", often, one_sided_miss)]),
        Row("one-sided 5 % lower bound: worst miss, 2 repetitions", [worst("lower bound misses", twice, None)]),
        Row("one-sided 5 % upper bound: worst miss, 5 or more", [worst("upper bound misses", often, None)]),
        Row("one-sided 5 % upper bound: worst miss, 2 repetitions", [worst("upper bound misses", twice, None)]),
        Row("crowded: mean coverage", [mean("coverage", of("crowded", 2, 5, 20), None)]),
        Row("crowded: worst, 5 repetitions or more", [worst("coverage", of("crowded", 5, 20), None)]),
        Row("narrower than pooled Wilson, ICC 0.5", [mean("narrower", differing, Reference(0.13, 0.24))]),
    ]  # fmt: skip
    notes = [
        "Each data set draws its cases anew; the truth is the mean of their rates. 72 binary and 72 graded settings "
        "with 2, 5 and 20 repetitions; the reference does not list its own. Crowded scores (Beta(rate, 1 - rate)) are "
        "not in it: see the limits."
    ]
    return Table("These cases: Wilson with the effective number of executions", ["Wilson n_eff"], rows, notes)


NOT_WORSE = (
    (20, 5, 0.05, 0.48),
    (20, 20, 0.05, 0.80),
    (20, 5, 0.10, 0.79),
    (20, 20, 0.10, 0.98),
    (100, 5, 0.05, 0.84),
    (100, 5, 0.10, 0.99),
)


def not_worse_table(datasets: int) -> Table:
    """How often "not worse than the baseline" passes when nothing changed, and when the loss is exactly the margin."""
    rows = [_not_worse_row(*one, datasets=datasets) for one in NOT_WORSE]
    least = [Row(f"cases like these: fewest cases, margin {margin:g}, all d_i = 0", [_fewest(margin, reference)])
             for margin, reference in ((0.10, 59), (0.05, 119))]  # fmt: skip
    notes = [
        "These cases, binary, mean over the rates 0.5, 0.9 and 0.98 and the ICC 0.05 and 0.5. The loss of exactly the "
        "margin is spread over all cases (each rate times the same factor)."
    ]
    return Table("Not worse than the baseline", ["unchanged: pass", "loss of the margin: pass"],
                 [*rows, *(Row(row.setting, [*row.figures, None]) for row in least)], notes)  # fmt: skip


def _not_worse_row(cases: int, repetitions: int, margin: float, reference: float, *, datasets: int) -> Row:
    settings = [Setting(cases, repetitions, mean, icc) for mean in (0.5, 0.9, 0.98) for icc in (0.05, 0.5)]
    shares = np.mean([_not_worse(setting, margin, datasets) for setting in settings], axis=0)
    expected = Reference.of(reference), Reference(None, 0.06)
    figures = [Figure.share(float(share), datasets * 6, one) for share, one in zip(shares, expected, strict=True)]
    return Row(f"{cases}x{repetitions}, margin {margin:g}", figures)


def _not_worse(setting: Setting, margin: float, datasets: int) -> tuple[float, float]:
    """The share of passes when nothing changed, and when the mean fell by the margin."""
    drawn = generator("not worse", setting.text, margin)
    rates = case_rates(setting, datasets, drawn)
    base = executed(rates, setting, drawn)
    fallen = rates * np.maximum(0.0, 1 - margin / rates.mean(axis=1, keepdims=True))
    same, lower = (
        np.mean(
            [
                non_inferior(*bounds_these_cases(one, other), margin=margin) == "pass"
                for one, other in zip(base.each(), executed(changed, setting, drawn).each(), strict=True)
            ]
        )
        for changed in (rates, fallen)
    )
    return float(same), float(lower)


def _fewest(margin: float, reference: int) -> Figure:
    cases = next(m for m in range(2, 1000) if (bounds_cases_like_these(np.zeros(m))[0] or -1.0) > -margin)
    return Figure(float(cases), 1, 0.0, Reference.of(reference, digits=0))
