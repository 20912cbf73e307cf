"""Stopping early: how often the mixture of bets is wrong at the bar, how long it takes, and what peeking does instead.

For passes and failures a verdict depends on how many of how many passed. So PEEL's `decide` is asked once for each
number of executions where the verdict turns, and the simulated runs look it up: more passes never make it worse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from coverage_simulation.data import Floats, Setting, case_rates, generator
from coverage_simulation.figures import Figure, Reference, Row, Table

from peel.statistics import gates
from peel.statistics.gates import Verdict
from peel.statistics.intervals import wilson
from peel.statistics.sequential import decide

BUDGET = 2000
BAR = 0.90
_EVERY = 5
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rule:
    """After `looks[i]` executions: pass with `passing[i]` passes or more, fail with `failing[i]` or fewer."""

    looks: Integers
    passing: Integers
    failing: Integers


def rule(verdict: Callable[[int, int], Verdict], looks: Iterable[int]) -> Rule:
    """Where a verdict on (passes, executions) turns, by walking along both borders."""
    passing, failing, at = [], [], list(looks)
    least, most = 0, -1
    for n in at:
        least = min(least, n)
        while least <= n and verdict(least, n) != "pass":
            least += 1
        while most < n and verdict(most + 1, n) == "fail":
            most += 1
        passing.append(least)
        failing.append(most)
    return Rule(np.array(at), np.array(passing), np.array(failing))


def mixture(tolerance: float, looks: Iterable[int]) -> Rule:
    """PEEL's: the mixture of bets on the scores themselves."""

    def verdict(passes: int, n: int) -> Verdict:
        return decide(np.repeat([1.0, 0.0], [passes, n - passes]), at_least=BAR, tolerance=tolerance)

    return rule(verdict, looks)


def peeking(looks: Iterable[int]) -> Rule:
    """The usual mistake: a fixed-number bound, looked at again and again until it decides."""

    def verdict(passes: int, n: int) -> Verdict:
        interval = wilson(passes / n, n, level=0.90)
        return gates.decide(interval.low, interval.high, at_least=BAR)

    return rule(verdict, looks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of each path, shape (paths,): whether it passed, whether it failed, after how many executions it ended."""

    passed: npt.NDArray[np.bool_]
    failed: npt.NDArray[np.bool_]
    executions: Integers


def followed(rule: Rule, passes: Integers) -> Outcome:
    """Paths of passes, shape (paths, looks), each ended by its first verdict or the budget."""
    passing, failing = passes >= rule.passing, passes <= rule.failing
    first = np.where((passing | failing).any(axis=1), (passing | failing).argmax(axis=1), rule.looks.size - 1)
    row = np.arange(passes.shape[0])
    return Outcome(passing[row, first], failing[row, first], rule.looks[first])


def paths(rate: float, looks: Integers, count: int, drawn: np.random.Generator) -> Integers:
    """Passes after each look of independent executions with one rate, shape (count, looks)."""
    return np.cumsum(drawn.binomial(np.diff(looks, prepend=0), rate, (count, looks.size)), axis=1)


def swept(rates: Floats, sweeps: int, drawn: np.random.Generator) -> Integers:
    """Passes after each complete sweep over cases with these rates, shape (paths, cases): (paths, sweeps)."""
    passes = np.array([drawn.binomial(1, rates).sum(axis=1) for _ in range(sweeps)])
    return np.cumsum(passes.T, axis=1)


EXPECTED: Sequence[tuple[float, float, float]] = (
    (0.98, 97, 52),
    (0.95, 266, 93),
    (0.90, 1929, 380),
    (0.85, 345, 337),
    (0.80, 100, 100),
    (0.50, 12, 12),
)


def executions_table(count: int) -> Table:
    """Average executions until a verdict, looking after each of independent executions."""
    looks = np.arange(_EVERY, BUDGET + 1, _EVERY)
    rules = [mixture(tolerance, looks) for tolerance in (0.0, 0.05)]
    rows = [_executions_row(truth, rules, references, count) for truth, *references in EXPECTED]
    return Table(
        f"Stopping early: average executions, bar {BAR:g}, budget {BUDGET}",
        ["tolerance 0", "tolerance 0.05"],
        rows,
        [f"Independent executions, looked at after every {_EVERY}. A fixed plan for all of these truths takes 474."],
    )


def _executions_row(truth: float, rules: Sequence[Rule], references: Sequence[float], count: int) -> Row:
    drawn, figures = generator("executions", truth), []
    for one, reference in zip(rules, references, strict=True):
        ended = np.concatenate(
            [followed(one, paths(truth, one.looks, size, drawn)).executions for size in _blocks(count)]
        )
        figures.append(Figure(float(ended.mean()), count, float(ended.var()), Reference.of(reference, digits=0)))
    return Row(f"truth {truth:.2f}", figures)


def _blocks(count: int) -> list[int]:
    return [500] * (count // 500) + ([count % 500] if count % 500 else [])


SUITES: dict[str, Callable[[int], Floats]] = {
    "all cases alike": lambda m: np.full(m, BAR),
    "mixed": lambda m: np.where(np.arange(m) < m / 2, 0.98, 0.82),
    "all or nothing": lambda m: np.where(np.arange(m) < round(m * BAR), 1.0, 0.0),
}


def errors_table(count: int) -> Table:
    """Wrong verdicts when the truth is exactly the bar, in complete sweeps; and what must not be done."""
    rows = [_sweep_row(cases, kind, count) for cases in (20, 100) for kind in SUITES]
    looks = np.arange(_EVERY, BUDGET + 1, _EVERY)
    peeked = followed(peeking(looks), paths(BAR, looks, count, generator("peeking")))
    rows += [
        Row("graded, 20 cases, sweeps", _shares(_graded(max(20, count // 20)), (0.005, 0.005), exact=False)),
        Row("peeking at Wilson every 5 executions", _shares(peeked, (0.31, 0.35), exact=True)),
        Row("execution by execution, case by case, ICC 0.5", _shares(_by_case(count), (0.28, 0.31), exact=True)),
    ]
    notes = [
        "PASS and FAIL are both wrong here, at most 5 % each. The last two rows are what PEEL does not do: to look at "
        "a fixed-number bound until it decides, and to feed repetitions of new cases (5 each) as if independent."
    ]
    return Table(f"Stopping early: wrong verdicts, truth exactly {BAR:g}", ["PASS", "FAIL"], rows, notes)


def _sweep_row(cases: int, kind: str, count: int) -> Row:
    rates = np.broadcast_to(SUITES[kind](cases), (count, cases))
    looks = np.arange(cases, BUDGET + 1, cases)
    outcome = followed(mixture(0.0, looks), swept(rates, looks.size, generator("sweeps", cases, kind)))
    return Row(f"{cases} cases, {kind}, sweeps", _shares(outcome, (0.025, 0.027), exact=False))


def _shares(outcome: Outcome, references: Sequence[float], *, exact: bool) -> list[Figure]:
    return [
        Figure.share(
            float(ended.mean()),
            ended.size,
            Reference(reference if exact else None, reference, digits=2 if exact else 3, slack=0.01 if exact else 0.0),
        )
        for ended, reference in zip((outcome.passed, outcome.failed), references, strict=True)
    ]


def _by_case(count: int) -> Outcome:
    repetitions, drawn = 5, generator("by case")
    setting, mistaken = Setting(BUDGET // repetitions, repetitions, BAR, 0.5), mixture(0.0, np.arange(1, BUDGET + 1))
    parts = [
        followed(mistaken, np.cumsum(drawn.binomial(1, np.repeat(rates, repetitions, axis=1)), axis=1))
        for size in _blocks(count)
        for rates in [case_rates(setting, size, drawn)]
    ]
    return Outcome(
        *(np.concatenate([getattr(one, name) for one in parts]) for name in ("passed", "failed", "executions"))
    )


def _graded(count: int) -> Outcome:
    """Scores on five levels, in sweeps over 20 cases, each asked of `decide` itself."""
    setting, drawn = Setting(20, 1, BAR, 0.3, "graded"), generator("graded sweeps")
    ended = [_graded_path(rates, drawn) for rates in _on_the_bar(case_rates(setting, count, drawn))]
    return Outcome(
        np.array([verdict == "pass" for verdict, _ in ended]),
        np.array([verdict == "fail" for verdict, _ in ended]),
        np.array([n for _, n in ended]),
    )


def _on_the_bar(rates: Floats) -> Floats:
    """Rates whose mean is the bar in every row, by moving each towards 1 or 0."""
    mean = rates.mean(axis=1, keepdims=True)
    return np.asarray(
        np.where(mean < BAR, 1 - (1 - rates) * (1 - BAR) / (1 - mean), rates * BAR / mean), dtype=np.float64
    )


def _graded_path(rates: Floats, drawn: np.random.Generator) -> tuple[Verdict, int]:
    sweeps = BUDGET // rates.size
    scores = drawn.binomial(4, rates, (sweeps, rates.size)) / 4
    for sweep in range(1, sweeps + 1):
        verdict = decide(scores[:sweep].ravel(), at_least=BAR)
        if verdict != "undecided":
            return verdict, sweep * rates.size
    return "undecided", BUDGET
