"""What a summary says beyond the mean: reliability, tags, scenarios together, what was used, by which method."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from peel.estimates.by_tag import MOST_TAGS
from peel.estimates.summary import summarise
from peel.records import Case, EstimateSettings, Reliability, ScenarioSummary, Usage
from peel.statistics.cases import group
from peel.statistics.intervals import Interval, anchored_bootstrap, cluster_bootstrap, mover, t_on_cases
from peel.store.reading import Columns


def summary_of(
    make: Any, *cases: Any, tags: Any = None, settings: EstimateSettings | None = None, **columns: Any
) -> ScenarioSummary:
    """The summary of one scenario with these cases' scores; `tags` gives each case's."""
    stored = make.stored(make.columns(*cases, **columns), cases=len(cases), repetitions=max(map(len, cases)))
    (item,) = stored.run.scenario_variants
    scenario = item.scenario.model_copy(update={"estimates": settings or EstimateSettings()})
    given = tags or [()] * len(cases)
    stored.run = stored.run.model_copy(
        update={
            "scenario_variants": (item.model_copy(update={"scenario": scenario}),),
            "cases": {"telco": tuple(Case(id=f"c{place}", tags=tuple(own)) for place, own in enumerate(given))},
        }
    )
    return summarise(stored).scenarios[0]


def reliability_of(make: Any, *cases: Any, passes_at: float = 0.5) -> Reliability:
    """How dependably these cases pass."""
    settings = EstimateSettings(passes_at=passes_at)
    found = summary_of(make, *cases, settings=settings).evaluators[0].reliability
    assert found is not None
    return found


def test_flaky_cases_are_told_from_broken_and_solid_ones(make: Any) -> None:
    """Sometimes, never and always right; a case scored once is none of these."""
    found = reliability_of(make, [1.0] * 4, [1.0, 0.0, 1.0, 1.0], [0.0] * 4, [1.0, "errored", "unscored", "pending"])
    assert (found.solid, found.broken, found.once) == (("c0",), ("c2",), ("c3",))
    assert [(one.case, one.passed, one.scored) for one in found.flaky] == [("c1", 3, 4)]
    assert (found.n_cases, found.fewest, found.most) == (4, 1, 4)
    assert found.visible is None


def test_repetitions_to_see_a_flake_follow_from_the_rate_seen(make: Any) -> None:
    """A flake of 0.2 takes 14 repetitions; five show one of 0.45 with 95 % probability."""
    found = reliability_of(make, [1.0, 1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0], [1.0] * 5)
    assert (found.flake, found.repetitions_to_see) == (pytest.approx(0.2), 14)
    assert found.visible == pytest.approx(1 - 0.05 ** (1 / 5))


def test_without_a_flaky_case_no_flake_has_a_rate(make: Any) -> None:
    """None, not 0; what the repetitions could have shown is known all the same."""
    found = reliability_of(make, [1.0] * 3, [0.0] * 3)
    assert (found.flake, found.repetitions_to_see, found.disagreement) == (None, None, 0.0)
    assert found.visible == pytest.approx(1 - 0.05 ** (1 / 3))


def test_pass_at_k_and_pass_hat_k_are_the_unbiased_ones(make: Any) -> None:
    """Against the binomial coefficients, for 1, 3 and the number of repetitions."""
    passed = [4, 1, 0]
    found = reliability_of(make, *([1.0] * c + [0.0] * (4 - c) for c in passed))
    assert [one.k for one in found.passes] == [1, 3, 4]
    for one in found.passes:
        some = [1 - math.comb(4 - c, one.k) / math.comb(4, one.k) for c in passed]
        every = [math.comb(c, one.k) / math.comb(4, one.k) for c in passed]
        assert one.pass_at_k.value == pytest.approx(np.mean(some))
        assert one.pass_hat_k.value == pytest.approx(np.mean(every))
        interval = anchored_bootstrap(every)
        assert (one.pass_hat_k.low, one.pass_hat_k.high) == pytest.approx((interval.low, interval.high))
        for figure in (one.pass_at_k, one.pass_hat_k):
            again = figure.these_cases
            assert again.low is not None
            assert again.high is not None
            assert again.low < (figure.value or 0) < again.high


def test_pass_of_one_is_the_share_that_passes_with_its_own_interval(make: Any) -> None:
    """At k = 1 there is one number and Wilson's interval of it."""
    cases = [[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
    whole = summary_of(make, *cases).evaluators[0]
    assert whole.reliability is not None
    first = whole.reliability.passes[0]
    assert first.pass_at_k == first.pass_hat_k
    assert first.pass_at_k.value == whole.value
    assert first.pass_at_k.these_cases == whole.these_cases


def test_a_case_with_fewer_executions_than_k_is_left_out_and_the_count_says_so(make: Any) -> None:
    """pass^3 of one case of two, never a guess for the other."""
    found = reliability_of(make, [1.0, 1.0, 0.0], [1.0, "unscored", "errored"])
    assert [(one.k, one.pass_hat_k.n_cases, one.pass_hat_k.n_executions) for one in found.passes] == [
        (1, 2, 4),
        (3, 1, 3),
    ]


@pytest.mark.parametrize(("passes_at", "solid"), [(0.5, ("c0", "c1")), (0.7, ("c1",)), (1.0, ())])
def test_a_graded_score_passes_from_the_threshold_on(make: Any, passes_at: float, solid: tuple[str, ...]) -> None:
    """At the threshold it passes, below it does not."""
    assert reliability_of(make, [0.5, 0.6], [0.7, 0.9], passes_at=passes_at).solid == solid


def test_tags_have_the_estimates_of_their_cases(make: Any) -> None:
    """The same numbers as a run of these cases alone; the tags of most cases first."""
    cases = [[1.0, 0.0], [1.0, 1.0], [0.5, "unscored"], ["errored", 0.0]]
    found = summary_of(make, *cases, tags=[("b",), ("a", "b"), ("a", "b"), ()])
    assert [(tag.tag, tag.n_cases) for tag in found.tags] == [("b", 3), ("a", 2)]
    alone = summary_of(make, *cases[:3]).evaluators[0]
    tagged = found.tags[0].evaluators[0]
    assert tagged == alone.model_copy(update={"reliability": None, "note": ""})
    assert (tagged.n_scored, tagged.n_unscored) == (5, 1)


def test_a_tag_says_which_step_is_judged(make: Any) -> None:
    """`on` is the evaluator's, under every tag too."""
    stored = make.stored(make.columns([1.0, 0.0]), cases=1, repetitions=2)
    (item,) = stored.run.scenario_variants
    judged = item.scenario.evaluators[0].model_copy(update={"on": "answer"})
    scenario = item.scenario.model_copy(update={"evaluators": (judged,)})
    stored.run = stored.run.model_copy(update={"scenario_variants": (item.model_copy(update={"scenario": scenario}),)})
    assert summarise(stored).scenarios[0].tags[0].evaluators[0].on == "answer"


def test_without_tags_there_are_no_estimates_by_tag(make: Any) -> None:
    """Nothing, rather than a tag without a name."""
    assert summary_of(make, [1.0], [0.0]).tags == ()


def test_of_very_many_tags_the_rarest_are_counted_only(make: Any) -> None:
    """How many were left out is said."""
    many = MOST_TAGS + 3
    found = summary_of(make, *([[1.0]] * many), tags=[(f"t{place}", "all") for place in range(many)])
    assert (len(found.tags), found.tags_left_out, found.tags[0].tag) == (MOST_TAGS, 4, "all")


def test_a_tag_of_cases_that_were_not_executed_has_no_value(make: Any) -> None:
    """None with a sentence."""
    stored = make.stored(make.columns([1.0], planned=3), cases=3, repetitions=1)
    cases = (Case(id="c0"), Case(id="c1"), Case(id="c2", tags=("late",)))
    stored.run = stored.run.model_copy(update={"cases": {"telco": cases}})
    one = summarise(stored).scenarios[0].tags[0].evaluators[0]
    assert (one.value, one.low, one.n_cases) == (None, None, 0)
    assert one.note == "No case has a score yet, so there is nothing to estimate."


class Several:
    """A stored run of several scenarios with one evaluator each, from the columns of each."""

    def __init__(self, make: Any, **columns: Columns) -> None:
        self._columns = columns
        first = make.stored(make.columns([1.0]), cases=1, repetitions=1).run
        (item,) = first.scenario_variants
        self.run = first.model_copy(
            update={
                "scenario_variants": tuple(
                    item.model_copy(update={"scenario": item.scenario.model_copy(update={"scenario": name})})
                    for name in columns
                ),
                "cases": {
                    name: tuple(Case(id=f"c{place}") for place in range(int(its.case.max()) + 1))
                    for name, its in columns.items()
                },
            }
        )

    def columns(self, scenario: str, variant: str) -> Columns:
        return self._columns[scenario]

    def judge_usage(self, scenario: str, variant: str) -> Usage:
        return Usage()

    def judgements(self, scenario: str, variant: str, *, evaluator: str) -> Any:
        raise AssertionError("no judge was asked")


def test_several_scenarios_together_weigh_the_same(make: Any) -> None:
    """The mean of the scenarios' values, whatever their number of cases, with MOVER's intervals."""
    small, large = [[1.0, 0.0], [1.0, 1.0]], [[0.0, 0.0]] * 5 + [[1.0, 0.0]]
    summary = summarise(Several(make, small=make.columns(*small), large=make.columns(*large)))
    (one,) = summary.together
    first, second = (scenario.evaluators[0] for scenario in summary.scenarios)
    assert one.weights == {"small": 0.5, "large": 0.5}
    assert one.value == pytest.approx(((first.value or 0) + (second.value or 0)) / 2)
    assert (one.n_cases, one.n_scored, one.method) == (8, 16, "MOVER")
    parts = [Interval(e.low, e.high, 0.95, "") for e in (first, second)]
    expected = mover([first.value, second.value], parts, weights=[0.5, 0.5])
    assert (one.low, one.high) == pytest.approx((expected.low, expected.high))
    assert one.these_cases.low is not None
    assert one.low is not None
    assert one.low < one.these_cases.low


def test_one_scenario_is_not_put_together_with_itself(make: Any) -> None:
    """Nothing is added where there is one."""
    assert summarise(Several(make, alone=make.columns([1.0], [0.0]))).together == ()


def test_a_scenario_without_scores_is_left_out_by_name(make: Any) -> None:
    """Its weight goes to the others, and the note says it; with fewer than two left there is no value."""
    scored, pending = make.columns([1.0, 0.0], [1.0, 1.0]), make.columns(["pending"])
    (one,) = summarise(Several(make, a=scored, b=scored, c=pending)).together
    assert (one.weights, one.left_out, one.n_pending) == ({"a": 0.5, "b": 0.5}, ("c",), 1)
    assert one.note == "Without c: nothing is scored there."
    (alone,) = summarise(Several(make, a=scored, c=pending)).together
    assert (alone.value, alone.low, alone.these_cases.low, alone.weights) == (None, None, None, {})
    assert alone.note == "Fewer than two scenarios have a score, so there is nothing to put together."


def test_a_scenario_of_one_case_leaves_new_cases_unknown_together(make: Any) -> None:
    """The sentence names the scenario; the interval for these cases stands."""
    two = make.columns([1.0, 0.0], [1.0, 1.0])
    (one,) = summarise(Several(make, a=two, b=make.columns([1.0, 0.0]))).together
    assert (one.low, one.high) == (None, None)
    assert one.note.startswith("In b: One case says nothing about new cases")
    assert one.these_cases.low is not None


def test_latency_and_cost_have_both_intervals(make: Any) -> None:
    """Student's t for the means, order statistics for the quantiles of exactly these cases."""
    rng = np.random.default_rng(5)
    usage = summary_of(make, *([[1.0] * 10] * 8), latency=rng.gamma(2, 1, 80), cost=rng.gamma(2, 0.001, 80)).usage
    for figure in (usage.latency_s.mean_of_cases, usage.cost_per_execution):
        assert figure is not None
        assert figure.value is not None
        assert (figure.n_cases, figure.n_executions) == (8, 80)
        for low, high in ((figure.low, figure.high), (figure.these_cases.low, figure.these_cases.high)):
            assert low is not None
            assert high is not None
            assert low < figure.value < high
    bounds, p50 = usage.latency_s.p50_bounds, usage.latency_s.p50
    assert bounds is not None
    assert None not in (bounds.low, p50, bounds.high)
    assert (bounds.low or 0) < (p50 or 0) < (bounds.high or 0)


def test_the_cost_of_an_execution_is_unknown_where_one_is(make: Any) -> None:
    """None with how many, not the mean of the others."""
    figure = summary_of(make, [1.0, 1.0], [1.0, 1.0], cost=[0.1, 0.2, np.nan, 0.4]).usage.cost_per_execution
    assert figure is not None
    assert (figure.value, figure.low, figure.these_cases.low) == (None, None, None)
    assert figure.note == "The cost of 1 of 4 executions is unknown."


def test_what_has_no_price_is_no_interval_of_no_width(make: Any) -> None:
    """The value is 0, and a sentence stands for the interval."""
    figure = summary_of(make, [1.0, 1.0], [1.0, 1.0], cost=0.0).usage.cost_per_execution
    assert figure is not None
    assert (figure.value, figure.low, figure.high, figure.note) == (0.0, None, None, "Nothing used has a price.")


CASES = [[1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.5, 0.25, 1.0]]


@pytest.mark.parametrize(
    ("method", "name", "expected"),
    [
        ("anchored-bootstrap", "anchored Bayesian bootstrap", anchored_bootstrap),
        ("t", "t on case means", t_on_cases),
        ("cluster-bootstrap", "cluster bootstrap", cluster_bootstrap),
    ],
)
def test_the_interval_for_new_cases_is_of_the_method_that_is_named(
    make: Any, method: Any, name: str, expected: Any
) -> None:
    """Over all cases and by tag; the one for these cases stays."""
    found = summary_of(make, *CASES, tags=[("all",)] * 4, settings=EstimateSettings(method=method))
    interval = expected(group(np.repeat(np.arange(4), 3), np.ravel(CASES)).means).clipped(0.0, 1.0)
    for one in (found.evaluators[0], found.tags[0].evaluators[0]):
        assert (one.method, one.low, one.high) == (name, interval.low, interval.high)
        assert one.these_cases.method == "Wilson, effective n"


def test_wilson_is_one_interval_and_says_what_it_overlooks(make: Any) -> None:
    """Repetitions count as new cases: too narrow for those, with a sentence."""
    one = summary_of(make, *CASES, settings=EstimateSettings(method="wilson")).evaluators[0]
    default = summary_of(make, *CASES).evaluators[0]
    assert (one.method, one.these_cases.method) == ("Wilson", "Wilson")
    assert (one.low, one.high) == (one.these_cases.low, one.these_cases.high)
    assert "too narrow" in one.note
    assert None not in (one.low, one.high, default.low, default.high)
    assert (one.high or 0) - (one.low or 0) < (default.high or 0) - (default.low or 0)
    once = summary_of(make, *([[1.0]] * 4), settings=EstimateSettings(method="wilson")).evaluators[0]
    assert once.note == ""


@pytest.mark.parametrize("method", ["t", "cluster-bootstrap"])
def test_a_method_that_fails_on_constant_scores_says_so(make: Any, method: Any) -> None:
    """No interval of no width."""
    one = summary_of(make, *([[1.0, 1.0]] * 3), settings=EstimateSettings(method=method)).evaluators[0]
    assert (one.value, one.low, one.high) == (1.0, None, None)
    assert one.note == "All 3 cases have the same mean, so this method cannot say how sure it is."
