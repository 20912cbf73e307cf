"""A plan in plain words and as JSON."""

from __future__ import annotations

import io
import json

from rich.console import Console

from peel.records.plans import CountRange, EvaluatorPlan, PassRateProof, Plan, PlanRow, PlanTarget
from peel.reports.plan import plan_json, render_plan


def row(safe: int | None) -> PlanRow:
    """One way to reach a target."""
    return PlanRow(
        repetitions=CountRange(plug_in=5, safe=5),
        cases=CountRange(plug_in=110, safe=safe),
        executions=CountRange(plug_in=550, safe=None if safe is None else 5 * safe),
        cost_usd=(0.55, None),
        seconds=(550.0, None),
    )


def plan(**more) -> Plan:
    """A plan of one evaluator with a hostile name."""
    one = EvaluatorPlan(
        scenario="telco",
        variant="base",
        id="core\x1b[31m",
        n_cases=20,
        n_scored=100,
        value=0.8,
        between=(0.05, 0.07),
        within=(0.1, 0.1),
        icc=0.33,
        half_width_now=0.1,
        half_width_these_cases_now=0.06,
        best_repetitions=CountRange(plug_in=5, safe=4),
        targets=(PlanTarget(scope="cases-like-these", half_width=0.05, rows=(row(150), row(None))),),
    )
    return Plan(run="r1", case_cost=10.0, evaluators=(one.model_copy(update=more),))


def printed(found: Plan) -> str:
    """What a terminal shows, on one line."""
    out = io.StringIO()
    render_plan(found, console=Console(file=out, width=120, color_system=None))
    return " ".join(out.getvalue().split())


def test_a_plan_says_the_range_the_costs_and_the_best_split():
    """From the pilot's estimate to what is safe; what is unknown or endless is said in words."""
    said = printed(plan())
    for part in (
        "110 – 150",
        "550 – 750",
        "$0.55 – unknown",
        "4 to 5 repetitions a case",
        "to know the mean to ±0.05, for new cases like these",
        "more than 10 million",
        "plan with the higher number",
    ):
        assert part in said
    assert "\x1b" not in said


def test_a_half_width_beyond_the_scale_of_a_score_is_no_number():
    """A mean in [0, 1] is never further off than the middle is from both ends."""
    said = printed(plan(half_width_now=1.18))
    assert "to about ±0.5 (the whole scale) for new cases, ±0.06 for exactly these cases" in said
    assert "1.18" not in said


def test_a_pilot_without_a_plan_says_why():
    """The sentence, and no table."""
    said = printed(plan(trouble="no case was repeated", targets=()))
    assert "no plan: no case was repeated" in said
    assert "repetitions cases" not in said


def test_proofs_are_whole_sentences_and_a_proof_out_of_reach_says_so():
    """How many executions, how many must pass."""
    proofs = (
        PassRateProof(bar=0.9, truth=0.95, power=0.9, executions=239, passes=223),
        PassRateProof(bar=0.9, truth=0.901, power=0.9, executions=None, passes=None),
    )
    said = printed(Plan(all_pass={"0.9": 29}, proofs=proofs))
    assert "29 executions, if all of them pass" in said
    assert "239 executions, of which at least 223 must pass" in said
    assert "too close together" in said


def test_the_json_holds_the_plan_with_null_for_what_is_unknown():
    """Stable keys; nothing that is no JSON."""
    found = json.loads(plan_json(plan()))
    assert (found["schema"], found["run"]) == (1, "r1")
    assert found["evaluators"][0]["targets"][0]["rows"][0]["cost_usd"] == [0.55, None]
