"""How dependably cases pass: pass@k and pass^k, and flaky cases told apart from broken and solid ones.

An execution passes from a score of `passes_at` on. What has no score neither passes nor fails: it is left out, and
counted in the estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from peel.estimates.methods import LEVEL, as_bounds
from peel.estimates.tallies import Tally
from peel.records import CasePasses, Figure, PassesOfK, Reliability
from peel.statistics.arrays import Booleans, Floats, Integers
from peel.statistics.cases import (
    broken,
    disagreement,
    flake_visible,
    flaky,
    of_passes,
    pass_at_k,
    pass_hat_k,
    repetitions_to_see,
)
from peel.statistics.intervals import Interval, anchored_bootstrap, pass_hat_these_cases, these_cases

SOME_K = (1, 3, 5, 10)
"""For how many executions pass@k and pass^k are told, as far as cases were repeated; the most repetitions always."""

_NOTHING = "No case has a score yet, so nothing is known of its reliability."
_ONCE = "No case has two scores: one execution shows a case neither flaky nor dependable."


def reliability(tally: Tally, ids: Sequence[str]) -> Reliability:
    """One evaluator's reliability over the cases of its tally; `ids` are those of the scenario's cases, in order."""
    cases = tally.cases
    n, c = cases.counts, tally.passed[cases.index]
    if not cases.size:
        return Reliability(passes_at=tally.passes_at, n_cases=0, note=_NOTHING)
    again = n > 1
    unsteady = flaky(n, c)
    flake = float((np.minimum(c, n - c) / n)[unsteady].mean()) if unsteady.any() else None
    return Reliability(
        passes_at=tally.passes_at,
        n_cases=cases.size,
        solid=_named(cases.index, again & (c == n), ids),
        flaky=tuple(
            CasePasses(case=ids[cases.index[place]], passed=int(c[place]), scored=int(n[place]))
            for place in np.flatnonzero(unsteady)
        ),
        broken=_named(cases.index, again & broken(n, c), ids),
        once=_named(cases.index, ~again, ids),
        fewest=int(n.min()),
        most=int(n.max()),
        disagreement=disagreement(n, c),
        flake=flake,
        repetitions_to_see=None if flake is None else repetitions_to_see(flake, LEVEL),
        visible=flake_visible(int(n.min()), LEVEL),
        passes=tuple(_passes(cases.index, n, c)),
        note="" if again.any() else _ONCE,
    )


def _named(index: Integers, which: Booleans, ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(ids[place] for place in index[which])


def _passes(index: Integers, n: Integers, c: Integers) -> Iterator[PassesOfK]:
    most = int(n.max())
    for k in sorted({k for k in SOME_K if k < most} | {most}):
        enough = n >= k
        yield _one(index[enough], n[enough], c[enough], k=k)


def _one(index: Integers, n: Integers, c: Integers, *, k: int) -> PassesOfK:
    """pass@k and pass^k of cases with k executions or more each; for k = 1 both are the share that passes."""
    if k == 1:
        share = _figure(c / n, n, these_cases(of_passes(index, n, c), LEVEL))
        return PassesOfK(k=k, pass_at_k=share, pass_hat_k=share)
    return PassesOfK(
        k=k, pass_at_k=_of_k(pass_at_k(n, c, k=k), n, k=k), pass_hat_k=_of_k(pass_hat_k(n, c, k=k), n, k=k)
    )


def _of_k(chances: Floats | None, n: Integers, *, k: int) -> Figure:
    values = np.empty(0) if chances is None else np.clip(chances, 0.0, 1.0)
    return _figure(values, n, pass_hat_these_cases(n, values, k=k, level=LEVEL))


def _figure(values: Floats, n: Integers, again: Interval) -> Figure:
    """The mean over the cases, with its interval for new cases and the given one for these cases."""
    interval = anchored_bootstrap(values, LEVEL)
    return Figure(
        value=float(values.mean()),
        low=interval.low,
        high=interval.high,
        method=interval.method,
        these_cases=as_bounds(again),
        n_cases=values.size,
        n_executions=int(n.sum()),
        note=interval.note,
    )
