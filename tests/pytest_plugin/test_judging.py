"""The rule by which one case passes, and the worst of its executions."""

from __future__ import annotations

import pytest

from peel.pytest_plugin.judging import Observed, judge
from peel.records import CaseRule, Fault, GateDefinition, Score

GATE = GateDefinition(kind="evaluator", subject="core", at_least=0.9)
COST = GateDefinition(kind="measure", subject="cost_usd", at_most=0.01)


def _observed(*values, evaluator="core"):
    """Executions with these scores: a number, a status without one, or None for an errored execution."""
    return [_one(number, value, evaluator) for number, value in enumerate(values)]


def _one(number, value, evaluator):
    if value is None:
        return Observed(number, number + 1, Fault(type="TransportError", message="down"), {})
    status, value = (value, None) if isinstance(value, str) else ("scored", value)
    score = Score(execution=number, evaluator=evaluator, status=status, value=value, reason="because")
    return Observed(number, number + 1, None, {evaluator: score})


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ((1.0, 1.0), "passed"),
        ((1.0, 0.0), "flaky"),
        ((0.0, 0.5), "failed"),
        ((1.0, None), "error"),
        ((1.0, "unscored"), "error"),
        ((0.0, None), "failed"),
        ((None, None), "error"),
        (("pending", "pending"), "pending"),
        ((1.0, "pending"), "passed"),
        ((0.9, 0.89999999999999991), "passed"),
    ],
)
def test_a_case_is_judged_by_all_of_its_executions(values, word):
    """Broken comes before what could not be judged, and that before flaky."""
    assert judge([GATE], _observed(*values)).word == word


def test_what_no_gate_asks_for_fails_no_case():
    """Neither an evaluator without a gate nor a measure of the execution itself, which is a mean."""
    assert judge([COST], _observed(0.0, 0.0)).word == "passed"
    assert judge([], _observed(0.0, 0.0)).word == "passed"


def test_a_score_that_no_gate_asks_for_and_that_could_not_be_made_is_an_error():
    """As the exit code of `peel run` has it."""
    assert judge([COST], _observed("unscored")).word == "error"


def test_a_tolerance_lowers_the_bar_and_at_most_turns_it():
    """As they do for the gate."""
    assert judge([GATE.model_copy(update={"tolerance": 0.1})], _observed(0.8)).word == "passed"
    at_most = GateDefinition(kind="evaluator", subject="core", at_most=0.2)
    assert judge([at_most], _observed(0.1, 0.3)).word == "flaky"


def test_the_worst_execution_is_the_lowest_of_what_is_broken():
    """Of several as low the first; one that errored only where that is the trouble."""
    failed = judge([GATE], _observed(0.5, 0.1, 0.1, None))
    assert failed.worst is not None
    assert failed.worst.repetition == 2
    errored = judge([GATE], _observed(1.0, 0.0, None))
    assert errored.worst is not None
    assert errored.worst.repetition == 3
    assert judge([GATE], []).worst is None


RULE = GateDefinition(
    kind="evaluator",
    subject="core",
    statistic="each-case",
    threshold=0.5,
    rule=CaseRule(passes=8, of=10, written="8 of 10"),
)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ((1.0,) * 5, "passed"),
        ((1.0,) * 4 + (0.0,), "flaky"),
        ((1.0,) * 3 + (0.0,) * 2, "failed"),
        ((1.0,) * 4 + (None,), "passed"),
        ((1.0,) * 3 + (None,) * 2, "error"),
        ((0.0,) * 2 + (None,) * 3, "failed"),
        ((1.0,) * 4 + ("unscored",), "passed"),
        ((1.0,) * 3 + ("pending",) * 2, "pending"),
    ],
)
def test_a_rule_of_its_own_judges_a_case(values, word):
    """8 of 10 are 4 of 5: what is missing matters only while it could change the verdict."""
    assert judge([GATE, RULE], _observed(*values)).word == word


def test_a_rule_for_a_tag_judges_only_the_cases_that_have_it():
    """The others keep the rule that one execution that reaches the bar is enough."""
    gates = [GATE, RULE.model_copy(update={"tag": "moving"})]
    assert judge(gates, _observed(1.0, 0.0), tags=("moving",)).word == "failed"
    assert judge(gates, _observed(1.0, 0.0)).word == "flaky"
