"""Two runs of the same cases: how far apart, in which scope, and in which words.

Differences are candidate - base. *These cases* compares what the two runs would give on exactly these cases; *cases
like these* what they would give on new ones, with the case as the unit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from peel.statistics.arrays import Floats, Integers, as_floats, as_shares
from peel.statistics.cases import Cases, group
from peel.statistics.distributions import normal_two_sided
from peel.statistics.gates import Bounds
from peel.statistics.intervals import (
    Interval,
    anchored_bootstrap,
    gaffke_lower,
    gaffke_upper,
    mover,
    one_sided,
    these_cases,
)

__all__ = [
    "Comparison",
    "Scope",
    "bounds_cases_like_these",
    "bounds_these_cases",
    "compare_cases_like_these",
    "compare_these_cases",
    "difference_cases_like_these",
    "difference_these_cases",
    "executions_for_evidence",
    "sign_flip_p",
    "verdict",
    "within_case_p",
]

Scope: TypeAlias = Literal["these-cases", "cases-like-these"]

_EXACT_FLIPS = 15
_DRAWN_AT_ONCE = 4_000_000
"""How many random signs are in memory at once."""
_FEWEST_CASES = 6
_EXACT_EXECUTIONS = 4000


@dataclass(frozen=True, slots=True)
class Comparison:
    """A difference with all that must be said beside it: interval, scope, cases, executions, margin and words."""

    difference: float
    interval: Interval
    interval90: Interval
    scope: Scope
    cases: int
    executions: int
    margin: float
    verdict: str
    p: float | None
    """Two-sided; None where no p can be given, and `note` says why."""
    needed: int | None
    """About how many executions would give evidence; None where the verdict has some."""
    note: str = ""


def difference_these_cases(base: Cases, candidate: Cases, *, level: float = 0.95) -> Interval:
    """These cases: candidate - base from the intervals of both runs.

    Source: Newcombe (1998), Statistics in Medicine 17.

    Method 10's square-and-add with PEEL's interval for these cases on each side. Raises ValueError if the cases differ.
    """
    _same_cases(base, candidate)
    intervals = these_cases(base, level), these_cases(candidate, level)
    inner = mover([base.mean or 0.0, candidate.mean or 0.0], intervals, weights=[-1.0, 1.0])
    return Interval(inner.low, inner.high, level, "square-and-add of Wilson, effective n", inner.note)


def difference_cases_like_these(differences: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Cases like these: the anchored Bayesian bootstrap of m paired differences in [-1, 1], anchored at -1 and 1."""
    inner = anchored_bootstrap(_onto_unit(differences), level)
    low, high = (None if end is None else 2 * end - 1 for end in (inner.low, inner.high))
    return Interval(low, high, level, inner.method, inner.note)


def bounds_these_cases(base: Cases, candidate: Cases, *, level: float = 0.95) -> Bounds:
    """These cases: one-sided bounds of candidate - base, for `gates.non_inferior`."""
    interval = difference_these_cases(base, candidate, level=one_sided(level))
    return interval.low, interval.high


def bounds_cases_like_these(differences: npt.ArrayLike, level: float = 0.95) -> Bounds:
    """Cases like these: Gaffke's one-sided bounds of m paired differences in [-1, 1], for `gates.non_inferior`."""
    unit = _onto_unit(differences)
    low, high = gaffke_lower(unit, level), gaffke_upper(unit, level)
    return None if low is None else 2 * low - 1, None if high is None else 2 * high - 1


def _onto_unit(differences: npt.ArrayLike) -> Floats:
    return as_shares((as_floats(differences) + 1) / 2)


def _same_cases(base: Cases, candidate: Cases) -> None:
    if not np.array_equal(base.index, candidate.index):
        odd = np.setxor1d(base.index, candidate.index)
        raise ValueError(f"{odd.size} cases have a value in only one of the runs; compare the common ones")


def compare_these_cases(base: Cases, candidate: Cases, *, margin: float = 0.05, level: float = 0.95) -> Comparison:
    """These cases: the whole comparison of two runs of the same cases, for values in [0, 1].

    Its p is `within_case_p` where the caller has the executions; here None. Raises ValueError if the cases differ or
    there is none.
    """
    _some(base)
    wide = difference_these_cases(base, candidate, level=level)
    narrow = difference_these_cases(base, candidate, level=2 * level - 1)
    middle, executions = float((candidate.means - base.means).mean()), base.executions + candidate.executions
    return _worded(middle, (wide, narrow), margin, scope="these-cases", counts=(base.size, executions), p=(None, ""))


def compare_cases_like_these(base: Cases, candidate: Cases, *, margin: float = 0.05, level: float = 0.95) -> Comparison:
    """Cases like these: the whole comparison of two runs of the same cases, paired by case, for values in [0, 1].

    Its p flips the signs of the cases' differences. Raises ValueError if the cases differ or there is none.
    """
    _same_cases(base, candidate)
    _some(base)
    differences = candidate.means - base.means
    wide, narrow = (difference_cases_like_these(differences, at) for at in (level, 2 * level - 1))
    counts, p = (base.size, base.executions + candidate.executions), sign_flip_p(differences)
    why = "" if p is not None else f"With {base.size} cases no sign-flip test can reach 5 %; it takes {_FEWEST_CASES}."
    return _worded(
        float(differences.mean()), (wide, narrow), margin, scope="cases-like-these", counts=counts, p=(p, why)
    )


def _some(cases: Cases) -> None:
    if not cases.size:
        raise ValueError("there is no case to compare")


def _worded(
    difference: float,
    intervals: tuple[Interval, Interval],
    margin: float,
    *,
    scope: Scope,
    counts: tuple[int, int],
    p: tuple[float | None, str],
) -> Comparison:
    wide, narrow = intervals
    words = verdict(wide, narrow, margin=margin)
    needed = executions_for_evidence(wide, counts[1], margin=margin) if words == _NO_EVIDENCE else None
    note = " ".join(sentence for sentence in (wide.note, p[1]) if sentence)
    return Comparison(difference, wide, narrow, scope, *counts, margin, words, p[0], needed, note)


_NO_EVIDENCE = "no evidence either way"


def verdict(interval: Interval, narrow: Interval, *, margin: float) -> str:
    """The words for a difference, from its 95 % and its 90 % interval and the margin M > 0 that matters.

    In this order: better (but by less than M), worse (but by less than M), equivalent within M, not worse by more than
    M, no evidence either way. Equivalence is two one-sided tests; Schuirmann (1987), J. Pharmacokinetics 15. An unknown
    interval is no evidence. Raises ValueError for a margin of 0 or less.
    """
    if margin <= 0:
        raise ValueError(f"a margin is greater than 0, not {margin}")
    if interval.low is None or interval.high is None or narrow.low is None or narrow.high is None:
        return _NO_EVIDENCE
    if interval.low > 0:
        return f"better, but by less than {margin:g}" if narrow.high < margin else "better"
    if interval.high < 0:
        return f"worse, but by less than {margin:g}" if narrow.low > -margin else "worse"
    if narrow.low > -margin:
        return f"equivalent within {margin:g}" if narrow.high < margin else f"not worse by more than {margin:g}"
    return _NO_EVIDENCE


def executions_for_evidence(interval: Interval, executions: int, *, margin: float) -> int | None:
    """About how many executions narrow the interval to +- margin: N (half-width / margin)^2. None if it is unknown."""
    return None if interval.width is None else math.ceil(executions * (interval.width / 2 / margin) ** 2 - 1e-9)


def sign_flip_p(differences: npt.ArrayLike, *, draws: int = 20_000, seed: int = 0) -> float | None:
    """Cases like these: the two-sided p of m paired differences, shape (m,), if either sign were as likely.

    Exact over all 2^m signs for m <= 15; beyond, `draws` signs with a fixed seed, counting the data themselves. Ties
    count as extreme. None for fewer than 6 cases, where no p can reach 0.05. Source: Fisher (1935), The Design of
    Experiments.
    """
    d = as_floats(differences)
    if d.size < _FEWEST_CASES:
        return None
    limit = abs(float(d.sum())) - 1e-9
    moved = d[d != 0]
    if d.size <= _EXACT_FLIPS:
        codes = np.arange(1 << moved.size)[:, None] >> np.arange(moved.size) & 1
        return float((np.abs(_flipped(codes, moved)) >= limit).mean())
    extreme = sum(int((np.abs(sums) >= limit).sum()) for sums in _random_sums(moved, draws, seed))
    return (1 + extreme) / (1 + draws)


def _random_sums(d: Floats, draws: int, seed: int) -> Iterator[Floats]:
    """The sums of d under `draws` random signs, block by block. Each sign is the highest bit of a random byte.

    Eight signs at a time are looked up in a table of the 256 sums that they can make.
    """
    groups = -(-d.size // 8)
    padded = np.concatenate((d, np.zeros(8 * groups - d.size))).reshape(groups, 8)
    sums = (padded @ np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).T).ravel()
    first, generator = np.arange(groups) * 256, np.random.default_rng(seed)
    block = max(4, _DRAWN_AT_ONCE // max(d.size, 1) // 4 * 4)
    for start in range(0, draws, block):
        shape = min(block, draws - start), d.size
        drawn = np.frombuffer(generator.bytes(shape[0] * shape[1]), dtype=np.uint8).reshape(shape)
        yield d.sum() - 2 * sums[np.packbits(drawn >= 128, axis=1) + first].sum(axis=1)


def _flipped(codes: npt.NDArray[np.integer], d: Floats) -> Floats:
    sums: Floats = d.sum() - 2 * (codes.astype(np.float64) @ d)
    return sums


def within_case_p(
    base_case: npt.ArrayLike, base: npt.ArrayLike, *, candidate_case: npt.ArrayLike, candidate: npt.ArrayLike
) -> float | None:
    """These cases: the two-sided p if, within each case, the labels of the runs meant nothing. Flat arrays, shape (N,).

    The statistic is the mean of the cases' differences. Passes and failures with one number of repetitions per run:
    exact, by convolution of hypergeometrics (one repetition: McNemar's exact test). Else the normal limit with the
    permutation variance, which for passes and failures is Cochran, Mantel & Haenszel's test without continuity
    correction; Mantel (1963), JASA 58. None where nothing varies within any case. Raises ValueError if the cases
    differ.
    """
    a, b = group(base_case, base), group(candidate_case, candidate)
    _same_cases(a, b)
    if not a.size:
        return None
    values = np.concatenate((as_floats(base), as_floats(candidate)))
    if _is_balanced(a, b) and np.isin(values, (0.0, 1.0)).all() and values.size <= _EXACT_EXECUTIONS:
        return _exact_p(_passes(a), _passes(b), int(a.counts[0]), repetitions=int(b.counts[0]))
    both = group(np.concatenate((np.asarray(base_case).ravel(), np.asarray(candidate_case).ravel())), values)
    spread = both.deviations / (both.counts - 1) * both.counts / (a.counts * b.counts)
    if spread.sum() <= 0:
        return None
    return normal_two_sided(float((b.means - a.means).sum()) / math.sqrt(spread.sum()))


def _is_balanced(a: Cases, b: Cases) -> bool:
    return bool(np.ptp(a.counts) == 0 and np.ptp(b.counts) == 0)


def _passes(cases: Cases) -> Integers:
    return np.rint(cases.means * cases.counts).astype(np.int64)


def _exact_p(base: Integers, candidate: Integers, base_repetitions: int, *, repetitions: int) -> float | None:
    chances, expected = np.ones(1), 0.0
    for total in base + candidate:
        chances = np.convolve(chances, _hypergeometric(int(total), base_repetitions, repetitions))
        expected += total * repetitions / (base_repetitions + repetitions)
    distance = np.abs(np.arange(chances.size) - expected)
    if np.count_nonzero(chances) < 2:
        return None
    return min(1.0, float(chances[distance >= abs(candidate.sum() - expected) - 1e-9].sum()))


def _hypergeometric(passes: int, base: int, candidate: int) -> Floats:
    """P(j of the passes fall to the candidate), j = 0..candidate, when `passes` of base + candidate executions pass."""
    total = math.comb(base + candidate, passes)
    return np.array([math.comb(candidate, j) * _choose(base, passes - j) / total for j in range(candidate + 1)])


def _choose(n: int, k: int) -> int:
    return math.comb(n, k) if 0 <= k <= n else 0
