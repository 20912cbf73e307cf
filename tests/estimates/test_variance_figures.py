"""Where the variance comes from: known variances are found again, and what cannot be known is said."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest

from peel.estimates.variance import variance_figures
from peel.records import EvaluatorDefinition
from peel.statistics.variance import judge_components
from peel.store.reading import SCORED, Columns, Judgements, ScoreColumn

MEANING = EvaluatorDefinition(id="core-terms", use="semantic")
RULE = EvaluatorDefinition(id="core-terms", use="regex")


def scored(case: Any, values: Any, *, by_people: bool = False) -> Columns:
    """Columns of one evaluator, from each execution's case and score."""
    size = len(values)
    column = ScoreColumn(np.full(size, SCORED, dtype=np.int8), np.asarray(values, dtype=float), {}, by_people)
    return Columns(
        planned=size,
        number=np.arange(size),
        case=np.asarray(case),
        repetition=np.ones(size, dtype=np.int64),
        ok=np.ones(size, dtype=np.bool_),
        latency_s=np.ones(size),
        tokens_in=np.ones(size),
        tokens_out=np.ones(size),
        cost_usd=np.zeros(size),
        marks=np.zeros(size, dtype=np.uint8),
        scores={"core-terms": column},
        faults={},
    )


def simulated(*, cases: int, repetitions: int, times: int) -> tuple[Any, Any]:
    """Standard deviations 0.15, 0.1 and 0.05 of case, execution and judge; shape (executions,) and (.., times)."""
    chance = np.random.default_rng(5)
    case = np.repeat(np.arange(cases), repetitions)
    true = 0.5 + 0.15 * chance.standard_normal(cases)[case] + 0.1 * chance.standard_normal(case.size)
    return case, np.clip(true[:, None] + 0.05 * chance.standard_normal((case.size, times)), 0, 1)


def made(values: Any, *, times: int) -> Judgements:
    """All votes of all executions, each a part of the score."""
    flat = np.ravel(values)
    return Judgements(np.repeat(np.arange(flat.size // times), times), flat, np.ones(flat.size, dtype=np.bool_))


def test_votes_tell_all_three_apart() -> None:
    """As the nested analysis of variance has it, the judge's part in a score of three votes a third of a vote's."""
    case, votes = simulated(cases=40, repetitions=5, times=3)
    figures = variance_figures(MEANING, scored(case, votes.mean(axis=1)), made(votes, times=3))
    nested = judge_components(np.repeat(case, 3), np.repeat(np.arange(200), 3), scores=votes.ravel())
    assert nested is not None
    total = nested.case + nested.execution + nested.judge / 3
    assert figures.total == pytest.approx(total)
    assert (figures.case, figures.execution, figures.judge) == pytest.approx(
        (nested.case / total, nested.execution / total, nested.judge / 3 / total)
    )
    assert figures.case + figures.execution + figures.judge == pytest.approx(1)
    assert (figures.n_judged_again, figures.n_judgements, figures.judge_note) == (200, 600, "")


def test_a_few_executions_judged_again_tell_the_judges_part() -> None:
    """Twenty of a thousand, three times each: near the truth of 0.0225, 0.01 and 0.0025, from all the scores."""
    case, judged = simulated(cases=200, repetitions=5, times=3)
    again = np.arange(0, 1000, 50)
    execution = np.concatenate((np.arange(1000), np.repeat(again, 2)))
    values = np.concatenate((judged[:, 0], judged[again, 1:].ravel()))
    judgements = Judgements(execution, values, np.arange(1040) < 1000)
    figures = variance_figures(MEANING, scored(case, judged[:, 0]), judgements)
    assert (figures.n_judged_again, figures.n_judgements) == (20, 60)
    assert (figures.case, figures.execution, figures.judge) == pytest.approx((0.643, 0.286, 0.071), abs=0.06)
    assert figures.judge_note == ""


def test_what_a_judge_adds_is_unknown_until_it_is_measured() -> None:
    """Its share is inside the executions', and the note says how to measure it."""
    case, judged = simulated(cases=40, repetitions=5, times=1)
    figures = variance_figures(MEANING, scored(case, judged[:, 0]))
    assert figures.judge is None
    assert figures.case is not None
    assert figures.execution is not None
    assert figures.case + figures.execution == pytest.approx(1)
    assert figures.narrower.votes is None
    assert figures.judge_note == (
        "not measured: no execution was judged twice; `judge_again: {executions: 20, times: 3}` in core-terms, then "
        "`peel rescore RUN --evaluator core-terms` measures it"
    )


def test_a_rule_has_no_judge() -> None:
    """Nothing is missing where no model judges."""
    figures = variance_figures(RULE, scored([0, 0, 1, 1], [1.0, 0.0, 1.0, 1.0]))
    assert (figures.judge, figures.judge_note) == (None, "")


def test_people_are_not_called_a_judge() -> None:
    """What differs between people is not measured, and said."""
    manual = EvaluatorDefinition(id="core-terms", use="manual")
    figures = variance_figures(manual, scored([0, 0, 1, 1], [1.0, 0.0, 1.0, 1.0], by_people=True))
    assert figures.judge is None
    assert "people" in figures.judge_note


def test_a_judge_that_always_says_the_same_adds_nothing() -> None:
    """Measured as 0, which is not unknown."""
    values = np.array([0.2, 0.4, 0.9, 0.7])
    figures = variance_figures(MEANING, scored([0, 0, 1, 1], values), made(np.repeat(values, 2), times=2))
    assert figures.judge == 0.0
    assert figures.narrower.votes == 0.0


def test_more_cases_narrow_most_where_cases_differ() -> None:
    """Twice the cases always make it 29 % narrower; repetitions do as much only where cases are alike."""
    apart = variance_figures(RULE, scored(np.repeat(np.arange(10), 4), np.repeat(np.arange(10) % 2, 4)))
    assert apart.narrower.cases == pytest.approx(1 - math.sqrt(0.5))
    assert apart.narrower.repetitions == 0.0
    alike = variance_figures(RULE, scored(np.repeat(np.arange(10), 4), np.tile([0.0, 1.0, 0.0, 1.0], 10)))
    assert alike.narrower.repetitions == pytest.approx(alike.narrower.cases)


@pytest.mark.parametrize(
    ("case", "values", "note"),
    [
        ([], [], "Nothing is scored yet."),
        ([0], [1.0], "One score does not vary: it takes more cases and more repetitions."),
        ([0, 0, 0], [1.0, 0.0, 1.0], "With one case, what differs between cases cannot be seen."),
        ([0, 1, 2], [1.0, 0.0, 1.0], "Each case has one score, so cases and executions cannot be told apart: run two"),
        ([0, 0, 1, 1], [1.0] * 4, "All 4 scores are equal: there is no variance to divide."),
    ],
)
def test_extremes_give_a_sentence(case: list[int], values: list[float], note: str) -> None:
    """And no share is made up."""
    figures = variance_figures(RULE, scored(case, values))
    assert figures.note.startswith(note)
    assert (figures.case, figures.execution, figures.judge, figures.narrower.cases) == (None, None, None, None)


def test_one_repetition_still_shows_the_judges_part() -> None:
    """Cases and executions stay together, and neither is named."""
    values = np.array([[0.1, 0.2], [0.9, 0.8], [0.5, 0.5]])
    figures = variance_figures(MEANING, scored([0, 1, 2], values.mean(axis=1)), made(values, times=2))
    assert figures.judge == pytest.approx((0.01 / 3) / 2 / np.var(values.mean(axis=1), ddof=1))
    assert (figures.case, figures.execution) == (None, None)


def test_a_hundred_thousand_executions_take_well_under_a_second() -> None:
    """With three votes each."""
    case, votes = simulated(cases=1000, repetitions=100, times=3)
    columns, judgements = scored(case, votes.mean(axis=1)), made(votes, times=3)
    before = time.process_time()
    variance_figures(MEANING, columns, judgements)
    assert time.process_time() - before < 0.5
