"""The worked numbers of docs/statistics.md, each computed by the code that ships.

    .venv/bin/python benchmarks/worked_numbers.py

Prints a line for each. The page has each of them word for word, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from peel.statistics import comparison, gates, intervals, planning, sequential
from peel.statistics.cases import Cases, disagreement, group, pass_at_k, pass_hat_k, repetitions_to_see
from peel.statistics.intervals import Interval
from peel.statistics.variance import components

STEADY, FLAKY, BROKEN = [1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]


def run(*, steady: int, flaky: int, broken: int) -> Cases:
    """Cases with five repetitions each."""
    rows = [STEADY] * steady + [FLAKY] * flaky + [BROKEN] * broken
    return group(np.repeat(np.arange(len(rows)), 5), np.ravel(rows))


EXAMPLE = run(steady=15, flaky=3, broken=2)
BETTER = run(steady=17, flaky=2, broken=1)


def _ends(interval: Interval) -> str:
    return "no interval" if interval.low is None or interval.high is None else f"{interval.low:.2f}–{interval.high:.2f}"


def _bounds(low: float | None, high: float | None) -> str:
    return "nothing" if low is None or high is None else f"at least {low:.2f} and at most {high:.2f}"


def facts() -> Iterator[str]:
    """Every number of the page that is not in the tables of the simulation."""
    yield from _intervals()
    yield from _all_passed()
    yield from _repetitions()
    yield from _gates()
    yield from _stopping()
    yield from _comparing()


def _intervals() -> Iterator[str]:
    found = components(EXAMPLE)
    assert found is not None  # noqa: S101  # it has repeated cases
    yield f"mean {EXAMPLE.mean:.2f}"
    yield f"exactly these cases: {_ends(intervals.these_cases(EXAMPLE))}"
    yield f"new cases like these: {_ends(intervals.anchored_bootstrap(EXAMPLE.means))}"
    yield f"as if independent: {_ends(intervals.wilson_pooled(EXAMPLE))}"
    yield f"worth {found.effective_executions:.0f} independent executions"
    yield f"{found.icc:.0%} of the variance lies between cases"
    shares = np.repeat([1.0, 0.0], [80, 20])
    yield f"80 of 100 executions (cases like these: {_ends(intervals.anchored_bootstrap(shares))})"


def _all_passed() -> Iterator[str]:
    for cases in (3, 10, 20, 100):
        ones = np.ones(cases)
        repeated = run(steady=cases, flaky=0, broken=0)
        new, these = intervals.anchored_bootstrap(ones), intervals.these_cases(repeated)
        yield f"| {cases} | {_ends(new)} | {_ends(these)} | {_ends(intervals.t_on_cases(ones))} |"


def _repetitions() -> Iterator[str]:
    passes = np.rint(EXAMPLE.means * 5).astype(np.int64)
    several = [each for rule in (pass_hat_k, pass_at_k) if (each := rule(EXAMPLE.counts, passes, k=3)) is not None]
    hat, at = (float(each.mean()) for each in several)
    yield f"pass^3 is {hat:.3f} and pass@3 is {at:.3f}"
    yield f"{EXAMPLE.mean:.2f}³ = {(EXAMPLE.mean or 0.0) ** 3:.3f}"
    yield f"disagreement is {disagreement(EXAMPLE.counts, passes):.2f}"
    for rate in (0.5, 0.2, 0.1):
        yield f"one run in {1 / rate:.0f}: {repetitions_to_see(rate)} repetitions"


def _gates() -> Iterator[str]:
    inner = intervals.these_cases(EXAMPLE, intervals.one_sided(0.95))
    lower, upper = intervals.gaffke_lower(EXAMPLE.means), intervals.gaffke_upper(EXAMPLE.means)
    yield f"these cases: {_bounds(inner.low, inner.high)}"
    yield f"cases like these: {_bounds(lower, upper)}"
    yield f"Holm makes 0.01, 0.03, 0.04 into {', '.join(f'{p:.2f}' for p in gates.holm([0.01, 0.03, 0.04]))}"
    for margin in (0.10, 0.05):
        fewest = next(m for m in range(2, 500) if (comparison.bounds_cases_like_these(np.zeros(m))[0] or -1) > -margin)
        yield f"{fewest} cases for a margin of {margin:.2f}"


def _stopping() -> Iterator[str]:
    passing = next(n for n in range(1, 500) if sequential.decide(np.ones(n), at_least=0.9) == "pass")
    failing = next(n for n in range(1, 500) if sequential.decide(np.zeros(n), at_least=0.9) == "fail")
    yield f"{passing} passes in a row, or {failing} failures in a row"
    scores = np.repeat([1.0, 0.0], [88, 12])
    anytime, fixed = sequential.anytime_interval(scores), intervals.wilson(0.88, 100)
    yield f"88 of 100: {_ends(anytime)} at any time, {_ends(fixed)} for a number fixed in advance"


def _comparing() -> Iterator[str]:
    these = comparison.compare_these_cases(EXAMPLE, BETTER)
    new = comparison.compare_cases_like_these(EXAMPLE, BETTER)
    for words, found in (("these cases", these), ("cases like these", new)):
        low, high = found.interval.low or 0.0, found.interval.high or 0.0
        yield f"{words}: {found.difference:+.2f} [{low:+.2f}, {high:+.2f}], {found.verdict}"
    same = comparison.difference_cases_like_these(np.zeros(20))
    yield f"20 cases, no difference in any: ±{same.high or 0.0:.2f}"
    for truth in (0.95, 0.98):
        found_proof = planning.proof(0.9, truth)
        assert found_proof is not None  # noqa: S101  # both rates lie above the bar
        yield f"truth {truth:g}: {found_proof.executions} executions, of which {found_proof.passes} must pass"
    yield f"{planning.all_pass_executions(0.9)} that all pass"


if __name__ == "__main__":
    print("\n".join(facts()))
