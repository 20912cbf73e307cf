"""Scores of people and of judges are never in one estimate, over several scenarios neither."""

from __future__ import annotations

from typing import Any

from peel.estimates.tallies import tally
from peel.estimates.together import scenarios_together
from peel.estimates.values import estimate
from peel.records import EvaluatorDefinition, LatencyFigures, Scenario, ScenarioSummary, UsageFigures
from peel.store.reading import ScoreColumn

SCENARIO = Scenario(scenario="telco", orchestration="support", cases=())
NOTHING = LatencyFigures(mean=None, p50=None, p95=None)


def summary(make: Any, name: str, *, by_people: bool) -> ScenarioSummary:
    """A scenario whose evaluator people answered, or did not."""
    columns = make.columns([1.0, 0.0], [1.0, 1.0], [0.5, 0.0])
    column = columns.scores["core-terms"]
    columns.scores["core-terms"] = ScoreColumn(column.status, column.value, {}, by_people)
    counted = tally("core-terms", columns, SCENARIO)
    made = estimate(EvaluatorDefinition(id="core-terms", use="asks"), counted, method="anchored-bootstrap")
    usage = UsageFigures(tokens_in=0, tokens_out=0, cost_usd=0.0, latency_s=NOTHING)
    return ScenarioSummary(
        scenario=name, variant="base", planned=6, completed=6, errored=0, usage=usage, evaluators=(made,)
    )


def test_an_estimate_says_who_scored(make: Any) -> None:
    """People, or no person."""
    assert summary(make, "a", by_people=True).evaluators[0].by_people
    assert not summary(make, "a", by_people=False).evaluators[0].by_people


def test_scenarios_are_put_together_only_where_the_same_scored(make: Any) -> None:
    """Two that people answered and two that a judge did are two estimates; one of each is none."""
    people = [summary(make, name, by_people=True) for name in ("a", "b")]
    judges = [summary(make, name, by_people=False) for name in ("c", "d")]
    assert [sorted(one.weights) for one in scenarios_together([*people, *judges])] == [["a", "b"], ["c", "d"]]
    assert scenarios_together([people[0], judges[0]]) == ()
