"""Cases like these: how often each interval holds the mean that new cases of the kind would have."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np
from coverage_simulation.data import Floats, Runs, Scale, Setting, generator, runs
from coverage_simulation.figures import Figure, Reference, Row, Table

from peel.statistics.cases import Cases, pass_hat_k
from peel.statistics.distributions import dirichlet_mean_cdf, normal_quantile, normal_two_sided, t_quantile
from peel.statistics.intervals import (
    Interval,
    anchored_bootstrap,
    gaffke,
    mover,
    t_on_cases,
    wilson,
    wilson_pooled,
)

TAIL = 0.025
ONE_SIDED = 0.05
_BOOTSTRAP_DRAWS = 1000

Method = Callable[[Cases], Interval]


def holds(interval: Interval, truth: float) -> bool:
    """Whether an interval holds the truth; one that cannot be given does not."""
    return interval.low is not None and interval.high is not None and interval.low <= truth <= interval.high


def bca(cases: Cases) -> Interval:
    """The accelerated bootstrap of case means (Efron 1987), which PEEL does not have: one of the usual alternatives."""
    x = cases.means
    spread = x - x.mean()
    if np.ptp(x) == 0:
        return Interval.unknown(0.95, "BCa", note="constant")
    drawn = generator("bca", x.tobytes())
    boot = x[drawn.integers(0, x.size, (_BOOTSTRAP_DRAWS, x.size))].mean(axis=1)
    below = ((boot < x.mean()).mean() + (boot <= x.mean()).mean()) / 2
    z0 = normal_quantile(min(max(below, 1 / _BOOTSTRAP_DRAWS), 1 - 1 / _BOOTSTRAP_DRAWS))
    acceleration = (spread**3).sum() / (6 * (spread**2).sum() ** 1.5)
    ends = [z0 + (z0 + z) / (1 - acceleration * (z0 + z)) for z in (normal_quantile(TAIL), normal_quantile(1 - TAIL))]
    low, high = np.quantile(boot, [normal_two_sided(z) / 2 if z < 0 else 1 - normal_two_sided(z) / 2 for z in ends])
    return Interval(float(low), float(high), 0.95, "BCa")


def wilson_by_design_effect(cases: Cases) -> Interval:
    """Wilson with N / design effect and t for z (Korn & Graubard 1998), another usual alternative."""
    mean, spread = float(cases.means.mean()), float(cases.means.var(ddof=1)) / cases.size
    if cases.executions == cases.size:
        return wilson_pooled(cases)
    n = mean * (1 - mean) / spread if spread > 0 else cases.size
    t = t_quantile(1 - TAIL, cases.size - 1)
    return wilson(mean, min(n, cases.executions), level=1 - normal_two_sided(t))


METHODS: Mapping[str, Method] = {
    "Wilson pooled": wilson_pooled,
    "t": lambda cases: t_on_cases(cases.means),
    "BCa": bca,
    "Wilson N/deff": wilson_by_design_effect,
    "Gaffke": lambda cases: gaffke(cases.means),
    "ABB": lambda cases: anchored_bootstrap(cases.means),
}

SETTINGS: Sequence[tuple[Setting, Sequence[float]]] = (
    (Setting(5, 1, 0.9, 0.5), (0.93, 0.40, 0.40, 0.93, 0.99, 0.99)),
    (Setting(5, 20, 0.5, 0.05), (0.84, 0.95, 0.86, 0.98, 1.00, 1.00)),
    (Setting(5, 20, 0.9, 0.5), (0.33, 0.68, 0.65, 0.90, 0.99, 0.96)),
    (Setting(20, 1, 0.98, 0.5), (0.94, 0.32, 0.32, 0.94, 0.99, 0.94)),
    (Setting(20, 20, 0.9, 0.05), (0.84, 0.94, 0.93, 0.95, 0.98, 0.95)),
    (Setting(20, 20, 0.9, 0.5), (0.44, 0.87, 0.91, 0.91, 0.99, 0.97)),
    (Setting(20, 20, 0.98, 0.5), (0.36, 0.59, 0.64, 0.87, 0.99, 0.97)),
    (Setting(100, 20, 0.5, 0.5), (0.44, 0.95, 0.95, 0.95, 0.96, 0.95)),
    (Setting(100, 20, 0.98, 0.5), (0.46, 0.86, 0.91, 0.89, 0.99, 0.97)),
)


def coverage(method: Method, data: Runs, truth: float) -> float:
    """The share of runs whose interval holds the truth; equal runs are computed once."""
    known: dict[bytes, bool] = {}
    for cases in data.each():
        key = np.sort(cases.means).tobytes()
        if key not in known:
            known[key] = holds(method(cases), truth)
    return float(np.mean([known[np.sort(means).tobytes()] for means in data.means]))


def rows_table(datasets: int) -> Table:
    """The nine settings, each method by its own function."""
    rows = [Row(setting.text, _row(setting, references, datasets)) for setting, references in SETTINGS]
    notes = ["Where a method gives no interval because all cases are equal, it does not hold the truth."]
    return Table("Cases like these: coverage of 95 % intervals, binary", list(METHODS), rows, notes)


def _row(setting: Setting, references: Sequence[float], datasets: int) -> list[Figure]:
    data = runs(setting, datasets, generator("rows", setting.text))
    return [
        Figure.share(coverage(method, data, setting.mean), datasets, Reference.of(reference))
        for method, reference in zip(METHODS.values(), references, strict=True)
    ]


SCALES: tuple[Scale, Scale] = ("binary", "graded")
GRID = tuple(
    Setting(cases, repetitions, mean, icc, scale)
    for scale in SCALES
    for cases, repetitions, mean, icc in product((5, 10, 20, 50, 100), (1, 5, 20, 100), (0.5, 0.9, 0.98), (0.05, 0.5))
)
"""120 binary and 120 graded settings."""


def positions(means: Floats, truth: float) -> tuple[float, float, float]:
    """Where the truth lies in the distributions whose quantiles are the ends: the ABB's, Gaffke's lower and upper.

    An interval holds the truth exactly if the truth's probability lies between the tails; `check_positions` compares
    that with the intervals themselves. One probability costs a twentieth of two quantiles.
    """
    ones, points = np.ones(means.size), np.concatenate(([0.0], means, [1.0]))
    anchored = dirichlet_mean_cdf(truth, points, weights=np.concatenate(([0.5], ones, [0.5])))
    if (means.max() == 0 and anchored < TAIL) or (means.min() == 1 and anchored > 1 - TAIL):
        anchored = 0.5  # the end beyond is 0 or 1 itself, and holds
    lower = dirichlet_mean_cdf(truth, points[:-1], weights=np.append(1.0, ones))
    upper = dirichlet_mean_cdf(truth, points[1:], weights=np.append(ones, 1.0))
    return anchored, lower, upper


def all_positions(data: Runs, truth: float) -> Floats:
    """`positions` of every run, shape (data sets, 3)."""
    known: dict[bytes, tuple[float, float, float]] = {}
    keys = [np.sort(means).tobytes() for means in data.means]
    for key, means in zip(keys, data.means, strict=True):
        if key not in known:
            known[key] = positions(means, truth)
    return np.array([known[key] for key in keys])


def check_positions(cases: Cases, truth: float, position: Floats) -> None:
    """Raises AssertionError where the intervals that PEEL prints say otherwise than the probabilities."""
    anchored, lower, upper = position
    said = (TAIL <= anchored <= 1 - TAIL, lower >= TAIL and upper <= 1 - TAIL)
    shown = holds(anchored_bootstrap(cases.means), truth), holds(gaffke(cases.means), truth)
    if said != shown:
        raise AssertionError(f"interval and probability disagree for {cases.means}: {shown} and {said}")


def measured(setting: Setting, datasets: int, *names: object) -> dict[str, float]:
    """Coverage of each method and one-sided misses, as shares of the data sets."""
    data = runs(setting, datasets, generator(*names, setting.text))
    truth = setting.mean
    anchored, lower, upper = all_positions(data, truth).T
    return {
        "Wilson pooled": coverage(wilson_pooled, data, truth),
        "t": coverage(METHODS["t"], data, truth),
        "Gaffke": float(((lower >= TAIL) & (upper <= 1 - TAIL)).mean()),
        "ABB": float(((anchored >= TAIL) & (anchored <= 1 - TAIL)).mean()),
        "ABB too low": float((anchored > 1 - TAIL).mean()),
        "ABB too high": float((anchored < TAIL).mean()),
        "ABB one-sided": float(max((anchored < ONE_SIDED).mean(), (anchored > 1 - ONE_SIDED).mean())),
        "Gaffke one-sided": float(max((lower < ONE_SIDED).mean(), (upper > 1 - ONE_SIDED).mean())),
    }


def widths(setting: Setting, datasets: int) -> dict[str, float]:
    """Mean widths of the intervals themselves, checked against their probabilities."""
    data = runs(setting, datasets, generator("widths", setting.text))
    found: dict[str, list[float]] = {name: [] for name in ("Wilson pooled", "t", "Gaffke", "ABB")}
    for cases in data.each():
        check_positions(cases, setting.mean, np.array(positions(cases.means, setting.mean)))
        for name, values in found.items():
            values.append(METHODS[name](cases).width or 0.0)
    return {name: float(np.mean(values)) for name, values in found.items()}


Ends = tuple[float | None, float | None]

WORST: Sequence[tuple[str, Callable[..., Setting], str, tuple[Ends, Ends]]] = (
    ("Wilson pooled", min, "Wilson pooled: coverage", ((0.12, 0.12), (0.20, 0.20))),
    ("t", min, "t: coverage", ((0.09, 0.09), (0.20, 0.20))),
    ("Gaffke", min, "Gaffke: coverage", ((0.96, None), (0.96, None))),
    ("ABB", min, "ABB: coverage", ((0.90, 0.90), (0.90, 0.90))),
    ("ABB too low", max, "ABB: whole interval below the truth", ((None, 0.10), (None, 0.10))),
    ("ABB too high", max, "ABB: whole interval above the truth", ((None, 0.04), (None, 0.04))),
    ("ABB one-sided", max, "ABB as a one-sided 5 % bound: misses", ((None, 0.14), (None, 0.14))),
    ("Gaffke one-sided", max, "Gaffke, one-sided 5 % bound: misses", ((None, 0.051), (None, 0.051))),
)
"""Measure, which cell is the worst, words, and the references of binary and graded scores."""

WIDTHS = {"Wilson pooled": (0.13, 0.13), "t": (0.19, 0.14), "Gaffke": (0.29, 0.26), "ABB": (0.23, 0.20)}
_SLACK = 0.01


def grid_table(datasets: int, again: int, *, widths_of: int, grid: Sequence[Setting] = GRID) -> Table:
    """The worst of the grid for each method, that cell simulated again; and mean widths over the grid."""
    kinds = [[setting for setting in grid if setting.scale == scale] for scale in SCALES]
    found = [{setting: measured(setting, datasets, "grid") for setting in settings} for settings in kinds]
    rows = [
        Row(
            words,
            [
                _worst(cells, measure, choose, datasets=again, ends=ends)
                for cells, ends in zip(found, references, strict=True)
            ],
        )
        for measure, choose, words, references in WORST
    ]
    rows += _width_rows(kinds, widths_of)
    notes = [
        "The worst cell of 120 is found with few data sets and simulated again with many, so that it is not the "
        "unluckiest one. Graded scores are ours: the reference does not say how it drew its own."
    ]
    return Table("Cases like these: the worst of 120 settings, and mean widths", ["binary", "graded"], rows, notes)


def _worst(
    cells: Mapping[Setting, Mapping[str, float]],
    measure: str,
    choose: Callable[..., Setting],
    *,
    datasets: int,
    ends: Ends,
) -> Figure:
    setting = choose(cells, key=lambda setting: cells[setting][measure])
    value = measured(setting, datasets, "again", measure)[measure]
    digits = 3 if measure == "Gaffke one-sided" else 2
    return Figure.share(value, datasets, Reference(*ends, digits=digits, slack=_SLACK))


def _width_rows(kinds: Sequence[Sequence[Setting]], datasets: int) -> list[Row]:
    if not datasets:
        return []
    found = [[widths(setting, datasets) for setting in settings] for settings in kinds]
    return [
        Row(
            f"mean width: {name}",
            [_width([cell[name] for cell in cells], at) for cells, at in zip(found, references, strict=True)],
        )
        for name, references in WIDTHS.items()
    ]


def _width(values: Sequence[float], reference: float) -> Figure:
    return Figure(float(np.mean(values)), 1000, 0.01, Reference.of(reference, slack=_SLACK))


PASS_HAT_K = tuple(
    Setting(cases, 10, mean, icc) for cases, mean, icc in product((10, 50), (0.7, 0.9, 0.98), (0.1, 0.3))
)


def pass_hat_k_table(datasets: int) -> Table:
    """pass^5: its estimate against the shortcut, and intervals of the per-case values."""
    rows = [_pass_hat_k_row(setting, datasets) for setting in PASS_HAT_K]
    return Table(
        "pass^5 from ten repetitions: coverage of 95 % intervals",
        ["ABB", "t", "truth", "mean estimate", "shortcut"],
        [_shortcut_row(datasets), *rows],
        ["The shortcut is (mean pass rate)^5. The reference gives a range over settings of its own: ABB 0.94–0.97."],
    )


def _truth_of_hat(setting: Setting, k: int) -> float:
    size = (1 - setting.icc) / setting.icc
    steps = np.arange(k)
    return float(np.prod((setting.mean * size + steps) / (size + steps)))


def _hats(data: Runs, k: int) -> list[Floats]:
    executions = np.full(data.means.shape[1], data.repetitions)
    passes = np.rint(data.means * data.repetitions).astype(np.int64)
    return [values for row in passes if (values := pass_hat_k(executions, row, k=k)) is not None]


def _pass_hat_k_row(setting: Setting, datasets: int) -> Row:
    data, truth = runs(setting, datasets, generator("pass^k", setting.text)), _truth_of_hat(setting, 5)
    values = _hats(data, 5)
    covered = [
        Figure.share(float(np.mean([holds(method(row), truth) for row in values])), datasets, reference)
        for method, reference in ((anchored_bootstrap, Reference(0.94, None)), (t_on_cases, None))
    ]
    return Row(setting.text, [*covered, _plain(truth), _plain(float(np.mean(values))), _shortcut(data)])


def _shortcut_row(datasets: int) -> Row:
    setting = Setting(50, 10, 0.9, 0.3)
    data = runs(setting, datasets, generator("shortcut"))
    truth = Figure(_truth_of_hat(setting, 5), 10**9, 0.0, Reference.of(0.729, digits=3))
    mean = Figure(float(np.mean(_hats(data, 5))), datasets, 0.002, Reference.of(0.729, digits=3))
    shortcut = Figure(float((data.means.mean(axis=1) ** 5).mean()), datasets, 0.01, Reference.of(0.602, digits=3))
    return Row("rate 0.9, ICC 0.3", [None, None, truth, mean, shortcut])


def _plain(value: float) -> Figure:
    return Figure(value, 1, 0.0)


def _shortcut(data: Runs) -> Figure:
    return _plain(float((data.means.mean(axis=1) ** 5).mean()))


def several_scenarios_table(datasets: int) -> Table:
    """The mean of five scenarios, each with its own rate, by square-and-add."""
    references = {5: 0.93, 10: 0.94, 30: 0.95}
    rows = [
        Row(f"5 scenarios x {cases} cases", [_several(cases, datasets, reference)])
        for cases, reference in references.items()
    ]
    return Table("Several scenarios together: coverage of 95 % intervals", ["MOVER of ABB"], rows)


_RATES = (0.5, 0.7, 0.8, 0.9, 0.95)


def _several(cases: int, datasets: int, reference: float) -> Figure:
    drawn = generator("scenarios", cases)
    parts = [list(runs(Setting(cases, 5, rate, 0.3), datasets, drawn).each()) for rate in _RATES]
    weights = np.full(len(_RATES), 1 / len(_RATES))
    truth = math.fsum(_RATES) / len(_RATES)
    held = [
        holds(
            mover(
                [float(one.means.mean()) for one in row],
                [anchored_bootstrap(one.means) for one in row],
                weights=weights,
            ),
            truth,
        )
        for row in zip(*parts, strict=True)
    ]
    return Figure.share(float(np.mean(held)), datasets, Reference.of(reference))
