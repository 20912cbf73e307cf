"""The step to work on first: named where the data show one, and only there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from peel.estimates.step_effects import step_findings
from peel.records import (
    EvaluatorDefinition,
    Orchestration,
    Scenario,
    ScenarioVariant,
    StepDefinition,
    Variant,
)
from peel.reports.explaining import steps_sentence
from peel.store.reading import MISSING, SCORED, Columns, ScoreColumn

FINAL = EvaluatorDefinition(id="core-terms", use="regex")
FOUND = EvaluatorDefinition(id="right-passage", use="retrieval", on="passages")
ASKED = EvaluatorDefinition(id="right-question", use="semantic", on="question")
LAST = EvaluatorDefinition(id="polite", use="semantic", on="email")


def variant_of(*evaluators: EvaluatorDefinition) -> ScenarioVariant:
    """Three steps, the last of which gives the output."""
    steps = tuple(StepDefinition(id=name, use="llm") for name in ("question", "passages", "email"))
    return ScenarioVariant(
        scenario=Scenario(scenario="telco", orchestration="support", cases=(), evaluators=evaluators),
        variant=Variant(name="base"),
        orchestration=Orchestration(orchestration="support", steps=steps, output="email"),
    )


def columns_of(make: Any, *, repetitions: int, errors: dict[str, int] | None = None, **scores: Any) -> Columns:
    """Columns from each evaluator's scores by case, the same in every repetition; None: no score."""
    some = next(iter(scores.values()))
    columns: Columns = make.columns(*[[1.0] * repetitions for _ in some])
    made = {}
    for name, values in scores.items():
        flat = np.repeat(np.array([np.nan if value is None else value for value in values]), repetitions)
        made[name.replace("_", "-")] = ScoreColumn(np.where(np.isnan(flat), MISSING, SCORED).astype(np.int8), flat, {})
    return replace(columns, scores=made, errors=errors or {})


def test_the_step_with_which_most_is_lost_is_named_with_its_evidence(make: Any) -> None:
    """Retrieval decides the outcome, the question does not; numbers and counts are told."""
    found = [1.0] * 4 + [0.0] * 8
    columns = columns_of(make, repetitions=2, core_terms=found, right_passage=found, right_question=[1.0, 0.0] * 6)
    findings = step_findings(variant_of(FINAL, FOUND, ASKED), columns)
    assert findings.first == "passages"
    assert findings.because is not None
    effect = findings.effects[findings.because]
    assert (effect.step, effect.judged_by, effect.evaluator) == ("passages", "right-passage", "core-terms")
    assert (effect.right.n_executions, effect.right.n_cases) == (8, 4)
    assert (effect.wrong.n_executions, effect.wrong.n_cases) == (16, 8)
    assert (effect.right.mean, effect.wrong.mean, effect.difference) == (1.0, 0.0, 1.0)
    assert effect.lost == pytest.approx(2 / 3)
    assert [one.step for one in findings.effects] == ["question", "passages"]
    assert steps_sentence(findings).startswith("Work on passages first: where it was right (right-passage), core-terms")
    assert "it was wrong in 16 of 24 executions of 12 cases (67%)" in steps_sentence(findings)


def test_no_step_is_named_where_the_data_show_none(make: Any) -> None:
    """A difference that may be chance is told, with its interval, and names nothing."""
    columns = columns_of(
        make, repetitions=2, core_terms=[1.0, 0.0, 1.0, 0.0, 1.0, 0.0], right_passage=[1.0, 1.0, 0.0, 0.0, 1.0, 0.0]
    )
    findings = step_findings(variant_of(FINAL, FOUND), columns)
    assert (findings.first, findings.because) == (None, None)
    sentence = steps_sentence(findings)
    assert sentence.startswith("The data do not show which step to work on first: core-terms differs by 0.33 [-0.")
    assert "between passages (right-passage) right and wrong" in sentence


def test_a_step_that_is_always_wrong_cannot_be_compared(make: Any) -> None:
    """It may well be the culprit; the sentence says why nobody knows."""
    columns = columns_of(make, repetitions=2, core_terms=[0.0] * 6, right_passage=[0.0] * 6)
    findings = step_findings(variant_of(FINAL, FOUND), columns)
    assert findings.first is None
    assert "passages (right-passage): it was wrong in all 12 executions, so there is" in steps_sentence(findings)


def test_a_step_that_is_always_right_is_not_to_blame(make: Any) -> None:
    """Whatever the final score."""
    columns = columns_of(make, repetitions=2, core_terms=[0.0, 1.0] * 3, right_passage=[1.0] * 6)
    assert "it was right in all 12 executions" in steps_sentence(step_findings(variant_of(FINAL, FOUND), columns))


def test_repetitions_do_not_make_two_cases_into_evidence(make: Any) -> None:
    """A hundred repetitions of two cases a side are four cases."""
    columns = columns_of(make, repetitions=100, core_terms=[0.6, 0.4, 0.4, 0.3], right_passage=[1.0, 1.0, 0.0, 0.0])
    assert step_findings(variant_of(FINAL, FOUND), columns).first is None


def test_a_step_that_harms_when_it_is_right_is_not_named(make: Any) -> None:
    """Only a loss is work to do."""
    columns = columns_of(make, repetitions=2, core_terms=[0.0] * 6 + [1.0] * 6, right_passage=[1.0] * 6 + [0.0] * 6)
    assert step_findings(variant_of(FINAL, FOUND), columns).first is None


def test_errors_of_many_executions_name_their_step(make: Any) -> None:
    """With count and share; a single one among many names nothing."""
    columns = columns_of(make, repetitions=10, core_terms=[1.0] * 10, errors={"passages": 40})
    findings = step_findings(variant_of(FINAL), columns)
    assert steps_sentence(findings) == ("Work on passages first: 40 of 100 executions (40%) ended there in an error.")
    few = step_findings(variant_of(FINAL), replace(columns, errors={"passages": 1}))
    assert few.first is None
    assert [(one.step, one.n_errored, one.n_executions) for one in few.errors] == [("passages", 1, 100)]


def test_where_more_is_lost_by_wrong_results_than_by_errors_these_come_first(make: Any) -> None:
    """And the other way round."""
    found = [1.0] * 6 + [0.0] * 6
    columns = columns_of(make, repetitions=5, core_terms=found, right_passage=found, errors={"email": 6})
    assert step_findings(variant_of(FINAL, FOUND), columns).first == "passages"
    worse = replace(columns, errors={"email": 50})
    assert step_findings(variant_of(FINAL, FOUND), worse).first == "email"


def test_only_executions_that_both_have_scored_are_compared(make: Any) -> None:
    """A case without a source has no right or wrong."""
    columns = columns_of(make, repetitions=2, core_terms=[1.0, 0.0, 1.0, None], right_passage=[1.0, 0.0, None, 1.0])
    (effect,) = step_findings(variant_of(FINAL, FOUND), columns).effects
    assert (effect.n_executions, effect.n_cases) == (4, 2)
    assert (effect.low, effect.shown) == (None, False)
    assert effect.note.startswith("It takes two cases")


def test_an_evaluator_of_the_last_step_judges_the_output(make: Any) -> None:
    """It is what is explained, and explains nothing."""
    columns = columns_of(make, repetitions=2, polite=[1.0, 0.0], right_passage=[1.0, 0.0])
    (effect,) = step_findings(variant_of(LAST, FOUND), columns).effects
    assert effect.evaluator == "polite"


@pytest.mark.parametrize("evaluators", [(), (FINAL,), (FOUND,)])
def test_without_an_evaluator_of_each_kind_nothing_is_said(make: Any, evaluators: Any) -> None:
    """There is nothing to compare."""
    columns = columns_of(make, repetitions=2, core_terms=[1.0, 0.0], right_passage=[1.0, 0.0])
    findings = step_findings(variant_of(*evaluators), columns)
    assert (findings.effects, findings.errors, steps_sentence(findings)) == ((), (), "")


def test_a_run_in_which_nothing_was_executed_says_nothing(make: Any) -> None:
    """No crash, no number."""
    columns = make.columns()
    assert step_findings(variant_of(FINAL), columns).effects == ()
