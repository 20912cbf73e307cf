"""Planning: how often a small pilot's plan reaches its target, and the numbers that need no simulation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from coverage_simulation.data import Setting, generator, runs
from coverage_simulation.figures import Figure, Reference, Row, Table

from peel.statistics.planning import (
    all_pass_executions,
    best_repetitions,
    cases_for_difference,
    cases_for_half_width,
    half_width,
    pilot_variances,
    proof,
)

PILOTS = tuple(Setting(10, 5, mean, icc) for mean in (0.5, 0.7, 0.9) for icc in (0.1, 0.3, 0.5))
TARGET = 0.05
_NEARLY = 1.1


def _reached(setting: Setting, datasets: int) -> tuple[float, float]:
    """How often the plan with the estimated and with the safe variances reaches the target within a tenth."""
    total = setting.mean * (1 - setting.mean)
    between, within, k = total * setting.icc, total * (1 - setting.icc), setting.repetitions
    found = []
    for cases in runs(setting, datasets, generator("pilot", setting.text)).each():
        variances = pilot_variances(cases)
        if variances is not None:
            planned = [cases_for_half_width(TARGET, k, between=b, within=w) for b, w in variances]
            widths = [half_width(m or 2, k, between=between, within=within) or 1.0 for m in planned]
            found.append([width <= TARGET * _NEARLY for width in widths])
    plain, safe = np.mean(found, axis=0)
    return float(plain), float(safe)


def pilots_table(datasets: int, *, pilots: Sequence[Setting] = PILOTS) -> Table:
    """The two ends of the range that `peel plan` prints."""
    rows = []
    for setting in pilots:
        plain, safe = _reached(setting, datasets)
        figures = [
            Figure.share(plain, datasets, Reference(0.49, 0.79)),
            Figure.share(safe, datasets, Reference(0.76, None)),
        ]
        rows.append(Row(setting.text, figures))
    notes = [
        f"A pilot of 10 cases x 5; the target is a half-width of {TARGET:g} (10 % over it still counts). Reference: "
        "ranges over settings that the reference does not list; its safe plan takes the anchored variance, PEEL's the "
        "larger of that and of the chi-square limit."
    ]
    return Table("Planning from a pilot: how often the target is reached", ["estimated", "safe"], rows, notes)


def _exact(setting: str, value: float | None, reference: float) -> Row:
    return Row(setting, [Figure(-1.0 if value is None else float(value), 1, 0.0, Reference.of(reference, digits=0))])


def exact_table() -> Table:
    """Numbers by formula."""
    widths = {1: 233, 5: 110, 20: 87}
    splits = {0.05: 14, 0.3: 5, 0.5: 3}
    rows = [
        _exact(f"cases for half-width 0.05, {k}x", cases_for_half_width(0.05, k, between=0.05, within=0.10), reference)
        for k, reference in widths.items()
    ]
    for icc, reference in splits.items():
        best = best_repetitions(icc, 1 - icc, cost_case=10, cost_execution=1)
        rows.append(_exact(f"best repetitions, cost ratio 10, ICC {icc:g}", best, reference))
    rows.append(_exact("cases for a difference of 0.03, power 80 %", cases_for_difference(0.03, 1 / 9), 969))
    for bar, truth, executions in ((0.90, 0.95, 239), (0.90, 0.98, 76), (0.85, 0.95, 76)):
        found = proof(bar, truth)
        rows.append(_exact(f"proof of > {bar:g} at {truth:g}, power 90 %", found and found.executions, executions))
    rows += [
        _exact(f"executions that must all pass to show {bar:g}", all_pass_executions(bar), n)
        for bar, n in ((0.90, 29), (0.95, 59), (0.98, 149), (0.99, 299))
    ]
    return Table("Planning by formula", ["number"], rows)
