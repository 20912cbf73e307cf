"""Planning: from a pilot's variances to cases, repetitions and costs; and proofs of a pass rate without one."""

from __future__ import annotations

import pytest

from peel.errors import DefinitionError
from peel.estimates.pairing import Part
from peel.estimates.planning import PlanRequest, pass_rate_plan, plan_from_pilot
from peel.records import Usage
from peel.statistics import planning

MIXED = [[1, 0, 1, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 1, 0], [1, 1, 0, 1, 1], [0, 1, 0, 0, 1], [1, 1, 1, 0, 1]]


def planned(make, *cases, request=None, judges=None, **more):
    """The plan of a pilot of one evaluator."""
    stored = make.stored(make.columns(*cases, **more), cases=len(cases), repetitions=len(cases[0]), judges=judges)
    parts = [Part(stored, item) for item in stored.run.scenario_variants]
    return plan_from_pilot(parts, request or PlanRequest(), judged=stored)


def target(plan, *, scope, difference):
    """One target of the one evaluator."""
    (one,) = plan.evaluators
    (found,) = [t for t in one.targets if t.scope == scope and (t.difference is not None) == difference]
    return found


def test_a_pilot_gives_a_range_of_cases_for_each_number_of_repetitions(make):
    """The lower number is the pilot's own estimate, the higher safe against its noise."""
    plan = planned(make, *MIXED)
    (one,) = plan.evaluators
    rows = target(plan, scope="cases-like-these", difference=False).rows
    assert {1, 5} <= {row.repetitions.plug_in for row in rows}
    for row in rows:
        plug_in, safe = (
            planning.cases_for_half_width(
                0.05, row.repetitions.plug_in, between=one.between[place], within=one.within[place]
            )
            for place in (0, 1)
        )
        assert (row.cases.plug_in, row.cases.safe) == (plug_in, safe)
        assert plug_in < safe
        assert row.executions.safe == safe * row.repetitions.safe


def test_more_cases_take_fewer_executions_than_more_repetitions(make):
    """For new cases, one repetition of many cases is the cheapest in executions."""
    rows = target(planned(make, *MIXED), scope="cases-like-these", difference=False).rows
    executions = [row.executions.safe for row in rows]
    assert executions == sorted(executions)


def test_on_exactly_these_cases_only_repetitions_are_planned(make):
    """The pilot's cases stay; the half-width is reached by repeating them."""
    plan = planned(make, *MIXED)
    (one,) = plan.evaluators
    (row,) = target(plan, scope="these-cases", difference=False).rows
    assert (row.cases.plug_in, row.cases.safe) == (6, 6)
    reached = planning.half_width_these_cases(6, row.repetitions.safe, within=one.within[1])
    before = planning.half_width_these_cases(6, row.repetitions.safe - 1, within=one.within[1])
    assert reached <= 0.05 < before


def test_a_difference_costs_executions_on_both_sides(make):
    """The cost seen, times both sides; the judges' cost is in it."""
    plan = planned(make, *MIXED, cost=0.01, judges=Usage(calls=30, cost_usd=0.3))
    found = target(plan, scope="cases-like-these", difference=True)
    row = found.rows[0]
    assert (found.sides, found.power) == (2, 0.8)
    assert row.cost_usd[1] == pytest.approx(row.executions.safe * 2 * 0.02)
    assert "one variant" in found.assumption


def test_an_unknown_cost_stays_unknown(make):
    """No price, no guess."""
    row = target(planned(make, *MIXED, cost=float("nan")), scope="cases-like-these", difference=False).rows[0]
    assert row.cost_usd == (None, None)


def test_dearer_cases_shift_the_best_split_to_more_repetitions(make):
    """Free cases: one repetition. Dear ones: more, and a range because the pilot is small."""
    free = planned(make, *MIXED, request=PlanRequest(case_cost=0)).evaluators[0].best_repetitions
    dear = planned(make, *MIXED, request=PlanRequest(case_cost=40)).evaluators[0].best_repetitions
    assert (free.plug_in, free.safe) == (1, 1)
    assert dear.plug_in >= dear.safe > 1


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ([[1], [0], [1]], "no case was repeated"),
        ([[1, 0]], "two cases"),
        ([["pending", "pending"], ["pending", "pending"]], "two cases"),
    ],
)
def test_a_pilot_that_cannot_show_its_variances_gets_a_sentence_and_no_numbers(make, cases, said):
    """One repetition, one case, nothing scored."""
    (one,) = planned(make, *cases).evaluators
    assert said in one.trouble
    assert one.targets == ()


@pytest.mark.parametrize("value", [1.0, 0.0, 0.5])
def test_a_pilot_in_which_nothing_varied_is_not_taken_for_certainty(make, value):
    """All equal: the safe plan still asks for cases and repetitions."""
    plan = planned(make, *[[value] * 5] * 6)
    assert target(plan, scope="cases-like-these", difference=False).rows[0].cases.safe > 6
    assert target(plan, scope="these-cases", difference=False).rows[0].repetitions.safe >= 1


@pytest.mark.parametrize("request_", [PlanRequest(half_width=1e-200), PlanRequest(difference=1e-200)])
def test_a_target_out_of_all_reach_is_null_and_no_number_nor_a_crash(make, request_):
    """More than ten million of anything is nothing that anybody plans."""
    (one,) = planned(make, *MIXED, request=request_).evaluators
    new, these = one.targets
    assert {(row.cases.plug_in, row.cases.safe, *row.cost_usd) for row in new.rows} == {(None, None, None, None)}
    assert (these.rows[0].repetitions.safe, these.rows[0].executions.safe, these.rows[0].seconds[1]) == (None,) * 3


@pytest.mark.parametrize(
    ("request_", "flag"),
    [
        (PlanRequest(half_width=0.0), "--half-width"),
        (PlanRequest(difference=1.0), "--difference"),
        (PlanRequest(power=1.0), "--power"),
        (PlanRequest(case_cost=-1), "--case-cost"),
        (PlanRequest(evaluators=("core-tems",)), "did you mean 'core-terms'"),
        (PlanRequest(truth=0.9), "--show-at-least"),
    ],
)
def test_a_target_out_of_range_is_refused_with_its_flag(make, request_, flag):
    """The message names the flag."""
    with pytest.raises(DefinitionError, match=flag):
        planned(make, *MIXED, request=request_)


def test_a_pass_rate_is_proved_by_the_numbers_of_the_exact_test():
    """Above 0.90 when the truth is 0.95: 223 of 239, with power 0.9; if all pass, 29."""
    plan = pass_rate_plan(PlanRequest(show_at_least=0.9, truth=0.95))
    (proof,) = plan.proofs
    assert (proof.executions, proof.passes, proof.power) == (239, 223, 0.9)
    assert plan.all_pass == {"0.9": 29}


def test_rates_too_close_together_are_told_and_not_searched_for_ever():
    """0.9 and 0.901 cannot be told apart by any affordable number."""
    (proof,) = pass_rate_plan(PlanRequest(show_at_least=0.9, truth=0.901)).proofs
    assert (proof.executions, proof.passes) == (None, None)


@pytest.mark.parametrize(
    ("request_", "flag"),
    [
        (PlanRequest(show_at_least=0.9, truth=0.9), "--truth"),
        (PlanRequest(show_at_least=1.0), "--show-at-least"),
        (PlanRequest(show_at_least=0.0), "--show-at-least"),
        (PlanRequest(half_width=0.1), "peel plan RUN"),
        (PlanRequest(case_cost=3.0), "peel plan RUN"),
        (PlanRequest(power=0.0), "--power"),
    ],
)
def test_a_proof_that_is_asked_for_wrongly_is_refused(request_, flag):
    """What needs a pilot says so."""
    with pytest.raises(DefinitionError, match=flag):
        pass_rate_plan(request_)
