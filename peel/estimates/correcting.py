"""A judge's mean corrected by people: prediction-powered inference where enough cases have both scores."""

from __future__ import annotations

import numpy as np

from peel.estimates.methods import LEVEL
from peel.records import CorrectedMean, Estimate, EvaluatorDefinition, Scenario
from peel.records.manual import checked_by
from peel.statistics.cases import group
from peel.statistics.correction import FEWEST_LABELLED_CASES, corrected_mean_of_cases
from peel.statistics.intervals import anchored_bootstrap
from peel.store.reading import SCORED, Columns

METHOD = "judge corrected by people, MOVER"


def with_corrections(estimates: tuple[Estimate, ...], scenario: Scenario, columns: Columns) -> tuple[Estimate, ...]:
    """The estimates of one scenario variant, those of judges that people checked with their corrected means."""
    checks: dict[str, list[EvaluatorDefinition]] = {}
    for manual in scenario.evaluators:
        for judge in checked_by(manual, scenario.evaluators):
            checks.setdefault(judge.id, []).append(manual)
    return tuple(
        one.model_copy(
            update={"corrected": tuple(corrected(one.id, manual.id, columns) for manual in checks.get(one.id, ()))}
        )
        for one in estimates
    )


def corrected(judge: str, manual: str, columns: Columns) -> CorrectedMean:
    """The mean of `judge` over all executions it scored, corrected by what people answered to `manual`.

    From 20 cases with both scores on; below, the mean of the manual scores with its interval, and why there is no more.
    Source: see peel.statistics.correction; the executions people are asked about are drawn at random.
    """
    theirs, its = columns.scores[manual], columns.scores[judge]
    judged = np.flatnonzero(its.status == SCORED)
    both = judged[theirs.status[judged] == SCORED]
    case, said = columns.case[both], theirs.value[both]
    people, gaps = group(case, said), group(case, its.value[both] - said)
    around = anchored_bootstrap(people.means, LEVEL)
    enough = people.size >= FEWEST_LABELLED_CASES
    found = (
        corrected_mean_of_cases(
            columns.case[judged], its.value[judged], labelled=np.searchsorted(judged, both), human=said, level=LEVEL
        )
        if enough
        else None
    )
    interval = found.interval.clipped(0.0, 1.0) if found else None
    return CorrectedMean(
        by=manual,
        n_scored=both.size,
        n_cases=people.size,
        value=min(1.0, max(0.0, found.estimate)) if found else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        level=LEVEL,
        method=METHOD,
        weight=found.weight if found else None,
        people=people.mean,
        people_low=around.low,
        people_high=around.high,
        difference=gaps.mean,
        note=(interval.note if interval else "") if enough else _too_few(people.size),
    )


def _too_few(cases: int) -> str:
    have = "1 case has" if cases == 1 else f"{cases or 'No'} cases have"
    return (
        f"{have} both a judge's and a person's score; from {FEWEST_LABELLED_CASES} cases on the judge's mean is "
        f"corrected by them: {FEWEST_LABELLED_CASES - cases} more to go."
    )
