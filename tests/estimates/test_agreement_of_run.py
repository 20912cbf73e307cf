"""Agreement of raters with each other and of a judge with people: numbers, verdict, and what would settle it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from peel.estimates.agreement import agreement_of
from peel.records import EvaluatorDefinition
from peel.statistics import agreement as statistics
from peel.store.people import PeopleRow
from peel.store.reading import SCORED, ScoreColumn

STARS = {"scale": "stars", "checks": "core-terms", "raters": 2}


class People:
    """What people were asked and answered, as given: {rater: a value for each execution or None}."""

    def __init__(self, answers: dict[str, list[float | None]], case: Any) -> None:
        self._answers, self._case = answers, case

    def rows(self, evaluator: str) -> list[PeopleRow]:
        return [
            PeopleRow(evaluator, number, 0, int(self._case[number]), rater, "scored", value, "")
            for rater, values in self._answers.items()
            for number, value in enumerate(values)
            if value is not None
        ]


def agreed(make: Any, judge: list[float], answers: dict[str, list[float | None]], repetitions: int = 2) -> Any:
    """The agreement of a run whose judge and people said so, with two executions a case."""
    cases = len(judge) // repetitions
    columns = make.columns(*[judge[at * repetitions : (at + 1) * repetitions] for at in range(cases)])
    said = [[v for v in some if v is not None] for some in zip(*answers.values(), strict=True)] if answers else []
    mean = np.array([np.mean(v) if len(v) == len(answers) else np.nan for v in said] or [np.nan] * len(judge))
    status = np.where(np.isnan(mean), 2, SCORED).astype(np.int8)
    scores = {**columns.scores, "stars": ScoreColumn(status=status, value=mean, reasons={})}
    columns = replace(columns, scores=scores)
    stored = make.stored(columns, cases=cases, repetitions=repetitions)
    item = stored.run.scenario_variants[0]
    evaluators = (*item.scenario.evaluators, EvaluatorDefinition(id="stars", use="manual", settings=STARS))
    item = item.model_copy(update={"scenario": item.scenario.model_copy(update={"evaluators": evaluators})})
    stored.run = stored.run.model_copy(update={"scenario_variants": (item,)})
    return agreement_of(stored, People(answers, columns.case))


def levels(size: int, seed: int = 1) -> list[float]:
    return [float(one) / 4 for one in np.random.default_rng(seed).integers(0, 5, size)]


def test_the_numbers_are_those_of_the_tested_functions(make: Any) -> None:
    """On the executions that both scored, with an interval over cases from ten on."""
    ann = levels(40)
    judge = [min(1.0, value + 0.25) for value in ann]
    found = agreed(make, judge, {"ann": list(ann)}).judges[0].agreement
    assert (found.n_executions, found.n_cases) == (40, 20)
    assert found.pearson == statistics.pearson(ann, judge)
    assert found.spearman == statistics.spearman(ann, judge)
    assert found.kappa == statistics.kappa([round(v * 4) for v in ann], [round(v * 4) for v in judge])
    pairs = [value for pair in zip(ann, judge, strict=True) for value in pair]
    assert found.alpha == pytest.approx(statistics.krippendorff(np.repeat(np.arange(40), 2), pairs))
    assert found.interval.low < found.alpha < found.interval.high
    assert found.same_side == statistics.agreement_at(ann, judge, threshold=0.5)
    assert found.difference.mean == pytest.approx(np.mean(judge) - np.mean(ann))


def test_a_judge_like_people_is_usable_and_that_is_settled(make: Any) -> None:
    """A sentence says so, with its denominators."""
    ann = levels(80)
    judge = [max(0.0, value - 0.05) for value in ann]
    found = agreed(make, judge, {"ann": list(ann)}).judges[0]
    assert (found.verdict, found.settled, found.more) == ("usable", True, None)
    assert "on 80 outputs of 40 cases: usable for this scenario. The whole interval says so." in found.sentence


def test_a_judge_that_guesses_is_not_to_be_gated_on(make: Any) -> None:
    """Whatever its mean is; the largest disagreements come first."""
    found = agreed(make, levels(80, seed=2), {"ann": list(levels(80))}).judges[0]
    assert found.verdict == "do not gate on this judge"
    gaps = [abs(one.one - one.other) for one in found.agreement.disagreements]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] == 1.0
    assert found.agreement.disagreements[0].case.startswith("c")


def test_where_the_interval_allows_another_verdict_more_scores_are_asked_for(make: Any) -> None:
    """About as many as shrink the interval below the distance to the cut-off."""
    ann = levels(24)
    judge = [value if place % 6 else 1 - value for place, value in enumerate(ann)]
    found = agreed(make, judge, {"ann": list(ann)}).judges[0]
    assert not found.settled
    assert found.more is None or f"about {found.more:,} more manual scores would settle it" in found.sentence


@pytest.mark.parametrize(
    ("judge", "answers", "said"),
    [
        (levels(24), {}, "nothing is known of this judge. Manual scores of 10 further cases"),
        (levels(8), {"ann": levels(8)}, "both scored 8 outputs of 4 cases: too little"),
        ([1.0] * 24, {"ann": [1.0] * 24}, "agree on all of 24 outputs of 12 cases"),
    ],
)
def test_extremes_get_a_sentence_and_no_verdict(make: Any, judge: Any, answers: Any, said: str) -> None:
    """Nobody answered, few did, or nothing differs: no number is made up."""
    found = agreed(make, judge, answers).judges[0]
    assert found.verdict is None
    assert said in found.sentence
    assert "NaN" not in found.model_dump_json()


def test_raters_are_compared_on_what_both_answered(make: Any) -> None:
    """Missing answers are left out; each rater's answers are counted."""
    ann = levels(40)
    bob: list[float | None] = [*ann[:30], *[None] * 10]
    found = agreed(make, levels(40, seed=3), {"ann": list(ann), "bob": bob}).raters[0]
    assert found.raters == {"ann": 40, "bob": 30}
    assert (found.n_executions, found.n_cases, found.alpha) == (30, 15, 1.0)
    (pair,) = found.pairs
    assert (pair.one, pair.other, pair.n_executions, pair.disagreements) == ("ann", "bob", 30, ())
    assert "2 raters agree at alpha 1.00 on 30 outputs of 15 cases" in found.sentence


def test_one_rater_alone_can_agree_with_nobody(make: Any) -> None:
    """The sentence says how to find out."""
    found = agreed(make, levels(24), {"ann": levels(24)}).raters[0]
    assert (found.alpha, found.pairs) == (None, ())
    assert "`raters: 2` asks for that" in found.sentence
