"""A judge's mean corrected by people: from 20 cases on with an interval, below with the reason why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from peel.estimates.correcting import corrected
from peel.records import EvaluatorDefinition
from peel.records.manual import checked_by
from peel.statistics.correction import corrected_mean_of_cases
from peel.store.reading import PENDING, SCORED, ScoreColumn


def checked(make: Any, *, cases: int, asked: int, bias: float = 0.2) -> Any:
    """Columns of two repetitions a case by a judge `bias` too kind; people scored one of each of `asked` cases."""
    chance = np.random.default_rng(5)
    said = chance.random(cases).round(2) * (1 - bias)
    columns = make.columns(*[[float(value + bias), float(value + bias)] for value in said])
    people = np.full(2 * cases, np.nan)
    people[: 2 * asked : 2] = said[:asked]
    status = np.where(np.isnan(people), PENDING, SCORED).astype(np.int8)
    column = ScoreColumn(status=status, value=people, reasons={})
    return replace(columns, scores={**columns.scores, "would-send": column}), float(said.mean())


def test_a_judge_that_is_too_kind_is_brought_down_to_what_people_say(make: Any) -> None:
    """The corrected mean is the people's level on all cases, within its interval, by the tested formula."""
    columns, truth = checked(make, cases=60, asked=30)
    found = corrected("core-terms", "would-send", columns)
    assert found.value == pytest.approx(truth, abs=1e-9)
    assert found.low is not None
    assert found.high is not None
    assert found.low < truth < found.high
    assert (found.n_scored, found.n_cases, found.note) == (30, 30, "")
    assert found.difference == pytest.approx(0.2)
    judge = columns.scores["core-terms"].value
    rows = np.flatnonzero(columns.scores["would-send"].status == SCORED)
    human = columns.scores["would-send"].value[rows]
    direct = corrected_mean_of_cases(columns.case, judge, labelled=rows, human=human)
    assert direct is not None
    assert (found.value, found.weight) == (direct.estimate, direct.weight)


@pytest.mark.parametrize(
    ("asked", "said"),
    [(0, "No cases have both"), (1, "1 case has both"), (19, "19 cases have both")],
)
def test_below_twenty_cases_people_stand_alone_and_the_note_says_why(make: Any, asked: int, said: str) -> None:
    """No corrected number is made up; the manual mean has its own interval."""
    columns, _ = checked(make, cases=40, asked=asked)
    found = corrected("core-terms", "would-send", columns)
    assert (found.value, found.low, found.high, found.weight) == (None, None, None, None)
    assert found.note.startswith(said)
    assert f"{20 - asked} more to go" in found.note
    assert (found.people is None) == (asked == 0)
    assert (found.people_low is None) == (asked < 2)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_extremes_stay_in_the_unit_interval_and_have_a_width(make: Any, value: float) -> None:
    """Judge and people say the same everywhere, all cases are scored."""
    columns = make.columns(*[[value]] * 25)
    column = columns.scores["core-terms"]
    columns = replace(columns, scores={**columns.scores, "would-send": column})
    found = corrected("core-terms", "would-send", columns)
    assert found.value == pytest.approx(value)
    assert found.low is not None
    assert found.high is not None
    assert 0.0 <= found.low < found.high <= 1.0


def test_who_checks_whom() -> None:
    """The evaluator that `checks` names, or else every judge of the same output; people never check people."""
    judge, other = (EvaluatorDefinition(id=name, use="semantic", on=on) for name, on in (("a", None), ("b", "answer")))
    rule = EvaluatorDefinition(id="c", use="regex")
    people = EvaluatorDefinition(id="d", use="manual")
    named = EvaluatorDefinition(id="e", use="manual", settings={"checks": "c"})
    every = (judge, other, rule, people, named)
    assert checked_by(people, every) == [judge]
    assert checked_by(named, every) == [rule]
    assert checked_by(judge, every) == []
    assert checked_by(named.model_copy(update={"settings": {"checks": "d"}}), every) == []
