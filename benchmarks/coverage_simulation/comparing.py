"""Comparing two runs: coverage of the difference in both scopes, and what the usual tests do with repeated cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from coverage_simulation.data import Floats, Runs, Setting, case_rates, executed, generator
from coverage_simulation.figures import Figure, Reference, Row, Table
from coverage_simulation.new_cases import holds

from peel.statistics.cases import Cases
from peel.statistics.comparison import (
    difference_cases_like_these,
    difference_these_cases,
    sign_flip_p,
    within_case_p,
)
from peel.statistics.distributions import normal_two_sided
from peel.statistics.intervals import Interval, t_on_cases

CHANGED = 0.1
"""The share of cases that a change touches."""

CHANGES = ("nothing", "broken", "swapped")
"""No case changes; touched cases always fail; half of the touched fail always and the other half never."""


def changed(rates: Floats, how: str, drawn: np.random.Generator) -> Floats:
    """The candidate's rates of the same cases."""
    touched = drawn.random(rates.shape) < CHANGED * (how != "nothing")
    after = np.where(drawn.random(rates.shape) < 0.5, 1.0, 0.0) if how == "swapped" else np.zeros(rates.shape)
    return np.where(touched, after, rates)


def true_difference(setting: Setting, how: str) -> float:
    """Of new cases."""
    return {"nothing": 0.0, "broken": -CHANGED * setting.mean, "swapped": CHANGED * (0.5 - setting.mean)}[how]


def two_runs(setting: Setting, how: str, datasets: int, drawn: np.random.Generator) -> tuple[Runs, Runs]:
    """Base and candidate on the same cases."""
    rates = case_rates(setting, datasets, drawn)
    return executed(rates, setting, drawn), executed(changed(rates, how, drawn), setting, drawn)


GRID: Sequence[tuple[Setting, str]] = tuple(
    (Setting(cases, repetitions, mean, 0.3), how)
    for cases, repetitions, mean, how in product((5, 20, 50), (2, 5, 20), (0.5, 0.9, 0.98), CHANGES)
)


def _these(setting: Setting, how: str, datasets: int, *names: str) -> float:
    drawn = generator("difference, these cases", *names, setting.text, how)
    base, candidate = two_runs(setting, how, datasets, drawn)
    truths = (candidate.rates - base.rates).mean(axis=1)
    pairs = zip(base.each(), candidate.each(), truths, strict=True)
    return float(np.mean([holds(difference_these_cases(one, other), truth) for one, other, truth in pairs]))


def _t(differences: Floats) -> Interval:
    interval = t_on_cases(differences)
    if interval.low is not None:
        return interval
    return Interval(float(differences[0]), float(differences[0]), 0.95, "t")


def _new(setting: Setting, how: str, datasets: int, *names: str) -> tuple[float, float]:
    drawn = generator("difference, new cases", *names, setting.text, how)
    base, candidate = two_runs(setting, how, datasets, drawn)
    truth, keys = true_difference(setting, how), []
    known: dict[bytes, tuple[bool, bool]] = {}
    for differences in np.sort(np.round(candidate.means - base.means, 12), axis=1):
        keys.append(differences.tobytes())
        if keys[-1] not in known:
            known[keys[-1]] = holds(difference_cases_like_these(differences), truth), holds(_t(differences), truth)
    anchored, plain = np.mean([known[key] for key in keys], axis=0)
    return float(anchored), float(plain)


def coverage_table(datasets: int, again: int, *, grid: Sequence[tuple[Setting, str]] = GRID) -> Table:
    """Intervals of a difference, mean and worst over the grid; the worst cell is simulated again."""
    these = {cell: _these(*cell, datasets) for cell in grid}
    new = {cell: _new(*cell, datasets // 3) for cell in grid if cell[0].repetitions > 2}
    worst_of_these = _these(*min(these, key=lambda cell: these[cell]), again, "again")
    worst_of_new = _new(*min(new, key=lambda cell: new[cell][0]), again, "again")[0]
    mean_of_these, mean_of_new = np.mean(list(these.values())), np.mean([both[0] for both in new.values()])
    executions = datasets * len(these), datasets // 3 * len(new)
    rows = [
        Row("these cases: mean", [Figure.share(float(mean_of_these), executions[0], Reference(0.955, 0.97, 3))]),
        Row("these cases: worst", [Figure.share(worst_of_these, again, Reference(0.93, None, slack=0.01))]),
        Row("cases like these, ABB: mean", [Figure.share(float(mean_of_new), executions[1], Reference(0.97, 1.0))]),
        Row("cases like these, ABB: worst", [Figure.share(worst_of_new, again, Reference(0.92, None, slack=0.01))]),
    ]
    for cases, reference in ((5, 0.30), (20, 0.75), (50, 0.90)):
        plain = {cell: both[1] for cell, both in new.items() if cell[0].cases == cases}
        if plain:
            value = _new(*min(plain, key=lambda cell: plain[cell]), again, "again, t")[1]
            figure = Figure.share(value, again, Reference.of(reference, slack=0.01))
            rows.append(Row(f"cases like these, t: worst, {cases} cases", [figure]))
    notes = [
        "ICC 0.3, rates 0.5, 0.9 and 0.98; nothing changes, 10 % of the cases break, or 10 % change to always right or "
        "never right. An interval of no width (t, where all differences are equal) holds the truth if it is the truth."
    ]
    return Table("Difference of two runs on the same cases: coverage", ["coverage"], rows, notes)


Test = Callable[[Cases, Cases], float]


def _flat(cases: Cases) -> tuple[np.ndarray, Floats]:
    passes = np.rint(cases.means * cases.counts).astype(np.int64)
    scores = [np.repeat([1.0, 0.0], [c, n - c]) for c, n in zip(passes, cases.counts, strict=True)]
    return np.repeat(cases.index, cases.counts), np.concatenate(scores)


def _within(base: Cases, candidate: Cases) -> float:
    (case, before), (_, after) = _flat(base), _flat(candidate)
    p = within_case_p(case, before, candidate_case=case, candidate=after)
    return 1.0 if p is None else p


def _pooled_z(base: Cases, candidate: Cases) -> float:
    share = (base.means.mean() + candidate.means.mean()) / 2
    error = np.sqrt(2 * share * (1 - share) / base.executions)
    return normal_two_sided(float((candidate.means.mean() - base.means.mean()) / error)) if error > 0 else 1.0


def _by_scipy(name: str, **settings: object) -> Test:
    def p(base: Cases, candidate: Cases) -> float:
        from scipy import stats

        if (base.means == candidate.means).all():
            return 1.0
        return float(np.nan_to_num(getattr(stats, name)(candidate.means, base.means, **settings).pvalue, nan=1.0))

    return p


TESTS: dict[str, tuple[Test, float | None, float]] = {
    "paired t": (_by_scipy("ttest_rel"), 0.07, 0.64),
    "sign-flip (PEEL, cases like these)": (lambda a, b: sign_flip_p(b.means - a.means, draws=2000) or 1.0, 0.06, 0.63),
    "Wilcoxon": (_by_scipy("wilcoxon"), 0.07, 0.35),
    "Welch, unpaired": (_by_scipy("ttest_ind", equal_var=False), 0.06, 0.24),
    "pooled z": (_pooled_z, None, 0.81),
    "within cases (PEEL, these cases)": (_within, None, 0.86),
}
"""Each with the reference's worst error of the first kind where it is a valid test for new cases, and its power."""

NULLS = tuple(
    (Setting(cases, repetitions, 0.5, icc), how)
    for (cases, repetitions), icc, how in product(((20, 5), (20, 20), (100, 20)), (0.05, 0.3), ("nothing", "swapped"))
)
POWER = (Setting(100, 20, 0.5, 0.3), "broken")


def _rejected(setting: Setting, how: str, datasets: int) -> list[float]:
    base, candidate = two_runs(setting, how, datasets, generator("tests", setting.text, how))
    found = [
        [test(one, other) <= 0.05 for test, _, _ in TESTS.values()]
        for one, other in zip(base.each(), candidate.each(), strict=True)
    ]
    return [float(share) for share in np.mean(found, axis=0)]


def tests_table(datasets: int, *, nulls: Sequence[tuple[Setting, str]] = NULLS) -> Table:
    """Errors of the first kind for new cases, and the power to see that 10 % of the cases broke."""
    wrong = np.max([_rejected(*cell, datasets) for cell in nulls], axis=0)
    right = _rejected(*POWER, datasets)
    rows = [
        Row(
            name,
            [
                Figure.share(float(first), datasets, None if error is None else Reference(None, error, slack=0.01)),
                Figure.share(second, datasets, Reference.of(power)),
            ],
        )
        for (name, (_, error, power)), first, second in zip(TESTS.items(), wrong, right, strict=True)
    ]
    notes = [
        "Mean 0.5, 5 % tests; the null is that new cases get neither better nor worse on average: nothing changes, or "
        "10 % of the cases change to always right or never right. Power: 100x20, ICC 0.3, 10 % of the cases break. How "
        "wrong the last two are depends on how much is exchanged (the reference has 0.23 and 0.36). The test within "
        "cases is valid for these cases only, and is used for nothing else. The reference's power of Welch's test is "
        "what it has on two independent sets of cases; on the same cases it has even less."
    ]
    return Table("Tests of a difference, for cases like these", ["worst error", "power"], rows, notes)
