"""Foresight: what a run can show, said before it starts. Needs no data, and loads nothing heavy."""

from __future__ import annotations

import math

from peel.records import Run

Z_95 = 1.959964
"""The normal quantile of a two-sided 95 % interval."""

WORST_VARIANCE = 0.25
"""The variance of an answer that is right every second time: no score in [0, 1] varies more."""

MOST_SCENARIOS = 3


def visible_difference(cases: int, repetitions: int) -> float:
    """Half the width of the 95 % interval of a difference of two means on exactly these cases, at worst.

    z sqrt(2 * 0.25 / (m k)): every execution as uncertain as a coin. Infinite without executions.
    """
    executions = cases * repetitions
    return Z_95 * math.sqrt(2 * WORST_VARIANCE / executions) if executions else math.inf


def what_a_run_can_show(run: Run) -> str:
    """One line for before a run starts; nothing where nothing is planned.

    Such as `with 6 cases and 3 repetitions you will see differences of about ±0.3`.
    """
    sizes = {item.scenario.scenario: item.scenario.repetitions for item in run.scenario_variants}
    lines = [
        _line(name if len(sizes) > 1 else "", len(run.cases[name]), repetitions)
        for name, repetitions in list(sizes.items())[:MOST_SCENARIOS]
        if run.cases[name]
    ]
    more = len(sizes) - MOST_SCENARIOS
    return "; ".join([*lines, *([f"and {more} more scenarios"] if more > 0 else [])])


def _line(scenario: str, cases: int, repetitions: int) -> str:
    counts = f"{_count(cases, 'case')} and {_count(repetitions, 'repetition')}"
    seen = visible_difference(cases, repetitions)
    can = f"you will see differences of about ±{seen:.1g}" if seen < 1 else "you will see no difference, however large"
    return f"{f'{scenario}: ' if scenario else ''}with {counts} {can}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
