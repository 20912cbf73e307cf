"""The judge's mean corrected by people, in words: the same in the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from peel.counting import counted
from peel.records import CorrectedMean, Estimate, RunSummary
from peel.reports.wording import interval, name_of, number


def corrected_sentences(summary: RunSummary) -> Iterator[tuple[str, str, str]]:
    """For each judge that people can check: the scenario, the evaluator, and what the check says of its mean."""
    for scenario in summary.scenarios:
        for estimate in scenario.evaluators:
            for one in estimate.corrected:
                yield name_of(scenario), estimate.id, corrected_sentence(estimate, one)


def corrected_sentence(estimate: Estimate, one: CorrectedMean) -> str:
    """The plain mean, the corrected one with its interval, and the manual scores it rests on; or why there is none."""
    if not one.n_scored:
        return f"not checked by people ({one.by}): {one.note}"
    rests_on = f"{counted(one.n_scored, 'manual score')} of {counted(one.n_cases, 'case')} ({one.by})"
    people = f"people alone {number(one.people)} {interval(one.people_low, one.people_high)}"
    gap = f"judge minus people {one.difference or 0.0:+.2f}"
    if one.value is None:
        return f"{number(estimate.value)} by the judge; {people} by {rests_on}; {gap}. {one.note}"
    return (
        f"{number(estimate.value)} by the judge, corrected by people {number(one.value)} {interval(one.low, one.high)} "
        f"for new cases like these; rests on {rests_on}; {people}; {gap}{f'. {one.note}' if one.note else ''}"
    )
