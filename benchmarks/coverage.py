"""How often PEEL's intervals hold the truth: a simulation of runs whose truth is known.

    .venv/bin/python benchmarks/coverage.py            # six to twelve minutes on one core
    .venv/bin/python benchmarks/coverage.py --quick    # under a minute, rough

Draws cases, repetitions and scores from known distributions, gives them to the functions of `peel.statistics`, and
counts how often the answer is right. Prints Markdown tables to standard output, progress to standard error. Each cell
is `ours (reference)`; the reference is the study by which the methods were chosen, made before this code and without
it. `error` is how far the two may lie apart by chance (2.6 standard errors of both simulations, and the rounding);
`within` says whether they do. The seed is fixed: two runs print the same bytes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coverage_simulation import comparing, judging, new_cases, planned, stopping, these_cases
from coverage_simulation.figures import Table, summary


@dataclass(frozen=True, slots=True)
class Effort:
    """How many data sets: where each needs slow intervals, where each is one cell of a grid, where they are cheap."""

    slow: int
    cell: int
    again: int
    many: int


FULL = Effort(slow=400, cell=300, again=2000, many=4000)
QUICK = Effort(slow=20, cell=10, again=40, many=400)


def tables(effort: Effort) -> Sequence[Callable[[], Table]]:
    """Each table, made when it is called."""
    return (
        lambda: new_cases.rows_table(3 * effort.slow),
        lambda: new_cases.grid_table(effort.cell, effort.again, widths_of=max(1, effort.cell // 30)),
        lambda: new_cases.pass_hat_k_table(effort.slow),
        lambda: new_cases.several_scenarios_table(effort.slow),
        lambda: these_cases.table(effort.cell, effort.again),
        lambda: these_cases.not_worse_table(effort.slow),
        lambda: comparing.coverage_table(effort.cell, effort.again),
        lambda: comparing.tests_table(effort.slow),
        lambda: stopping.executions_table(effort.many),
        lambda: stopping.errors_table(effort.many),
        lambda: judging.cluster_table(effort.slow),
        lambda: judging.few_people_table(effort.slow),
        lambda: planned.pilots_table(effort.many // 4),
        planned.exact_table,
    )


def main() -> None:
    """Prints every table, then what is not reproduced."""
    parser = argparse.ArgumentParser(description="Simulates how often PEEL's intervals hold the truth.")
    parser.add_argument("--quick", action="store_true", help="few data sets: rough, under a minute")
    effort, made = QUICK if parser.parse_args().quick else FULL, []
    for make in tables(effort):
        began = time.perf_counter()
        made.append(make())
        print(made[-1].markdown(), end="\n\n", flush=True)
        print(f"{made[-1].title}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    print(summary(made))


if __name__ == "__main__":
    main()
