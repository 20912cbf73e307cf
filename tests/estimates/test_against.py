"""Production against the test bed: which run, which variant, what difference, and what is said first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from peel.estimates.against import against, offset
from peel.estimates.ratings import estimated
from peel.estimates.test_bed import TestedScenario, from_test_bed, scenario_of_run
from peel.records import Case
from peel.records.feedback import FeedbackFilter, Tally
from peel.records.production import RatingEstimate, TestBedEstimate
from peel.statistics.intervals import anchored_bootstrap

EVERYTHING = FeedbackFilter()


def said(run: str, value: float = 0.8, half: float | None = 0.1, **changes: Any) -> TestBedEstimate:
    """What a run says, with an interval of this half-width."""
    given = {"run": run, "started": 1.0, "variant": "base", "version": None, "evaluators": ("core-terms",)}
    ends = {"low": None, "high": None} if half is None else {"low": value - half, "high": value + half}
    return TestBedEstimate.model_validate({**given, **ends, "value": value, "n_cases": 10, **changes})


class Runs:
    """Finished runs by scenario, newest first, each with its commit and its variants."""

    def __init__(self, **by_scenario: Sequence[tuple[str, str | None, Mapping[str, TestBedEstimate]]]) -> None:
        self._runs = by_scenario

    def finished(self, scenario: str) -> Sequence[str]:
        return [run for run, _, _ in self._runs.get(scenario, ())]

    def tested(self, run: str, scenario: str) -> TestedScenario:
        found = next(one for one in self._runs[scenario] if one[0] == run)
        return TestedScenario(found[1], dict(found[2]))


def users(mean: float, n: int = 400) -> RatingEstimate:
    """So many ratings of 0 and 1 with a mean."""
    return estimated(Tally(interactions=n, rated=n, total=mean * n, squares=mean * n))


def test_the_test_bed_says_the_mean_over_evaluators_of_the_cases_that_are_no_drafts(make: Any) -> None:
    """By hand: cases with the means 1, 0.5 and 0; the last is a draft and counts for nothing."""
    stored = make.stored(make.columns([1.0, 1.0], [0.5, 0.5], [0.0, 0.0]), cases=3, repetitions=2)
    cases = (Case(id="a"), Case(id="b"), Case(id="c", draft=True))
    stored.run = stored.run.model_copy(update={"cases": {"telco": cases}})
    found = scenario_of_run(stored, "telco").by_variant["base"]
    interval = anchored_bootstrap([1.0, 0.5])
    assert (found.value, found.low, found.high, found.n_cases) == (0.75, interval.low, interval.high, 2)
    assert (found.run, found.evaluators, found.version) == ("r1", ("core-terms",), None)


def test_a_draft_or_a_run_without_a_score_says_nothing(make: Any) -> None:
    """Neither 0 nor a guess."""
    stored = make.stored(make.columns(["errored"], ["unscored"]), cases=2, repetitions=1)
    assert scenario_of_run(stored, "telco").by_variant == {}
    stored = make.stored(make.columns([1.0]), cases=1, repetitions=1)
    (part,) = stored.run.scenario_variants
    draft = part.model_copy(update={"scenario": part.scenario.model_copy(update={"draft": True})})
    stored.run = stored.run.model_copy(update={"scenario_variants": (draft,)})
    assert scenario_of_run(stored, "telco").by_variant == {}


@pytest.mark.parametrize(
    ("version", "variant", "run", "of_variant", "known"),
    [
        (None, "base", "new", "base", None),
        ("1.2", "base", "new", "base", None),
        ("1.2", "cold", "new", "cold", None),
        ("1.2", "gone", "new", "base", None),
        ("cold", "base", "new", "cold", "cold"),
        ("0a1b2c3", "base", "old", "base", "0a1b2c3"),
        ("0a1b2c", "base", "new", "base", None),
        ("fffffff", "base", "new", "base", None),
    ],
)
def test_a_version_is_matched_by_commit_or_variant_or_else_the_latest_run_stands_there(
    version: str | None, variant: str, run: str, of_variant: str, known: str | None
) -> None:
    """And whether the version of the run is known is told; six digits of a commit could be a number."""
    runs = Runs(
        telco=[
            ("draft", "99", {}),
            ("new", "9f" * 20, {"base": said("new"), "cold": said("new", variant="cold")}),
            ("old", "0a1b2c3d" + "0" * 32, {"base": said("old")}),
        ]
    )
    found = from_test_bed(runs, "telco", version=version, variant=variant)
    assert found is not None
    assert (found.run, found.variant, found.version) == (run, of_variant, known)
    assert from_test_bed(runs, "billing", version=version) is None


def test_what_users_find_worse_comes_first_and_each_difference_has_its_interval() -> None:
    """By hand for one: 0.5 - 0.8 = -0.3, with sqrt(0.1^2 + its own half-widths^2) on each side."""
    runs = Runs(**{name: [("r", None, {"base": said("r")})] for name in ("bad", "worse", "fine", "good")})
    production = {
        ("fine", None): users(0.8),
        ("good", "2"): users(0.97),
        ("bad", "1"): users(0.5),
        ("worse", "1"): users(0.3),
        ("new", None): users(0.9),
        ("bad", "2"): users(0.79, n=1),
    }
    found = against(production, runs, wanted=EVERYTHING)
    assert [(one.scenario, one.standing) for one in found] == [
        ("worse", "users-worse"),
        ("bad", "users-worse"),
        ("good", "users-better"),
        ("fine", "no-difference"),
        ("bad", "unknown"),
        ("new", "unknown"),
    ]
    bad, estimate = found[1], production["bad", "1"]
    assert estimate.low is not None
    assert estimate.high is not None
    assert bad.difference == pytest.approx(-0.3)
    assert bad.low == pytest.approx(-0.3 - np.hypot(0.1, 0.5 - estimate.low))
    assert bad.high == pytest.approx(-0.3 + np.hypot(0.1, estimate.high - 0.5))
    assert (found[5].test_bed, found[5].difference) == (None, None)


def test_a_run_of_one_case_has_a_value_and_no_interval_so_nothing_is_concluded() -> None:
    """However far apart they are."""
    runs = Runs(telco=[("r", None, {"base": said("r", 1.0, None)})])
    (found,) = against({("telco", None): users(0.1)}, runs, wanted=EVERYTHING)
    assert (found.difference, found.low, found.standing) == (pytest.approx(-0.9), None, "unknown")


def test_the_variant_that_is_selected_is_the_one_of_the_test_bed() -> None:
    """Where a single one is."""
    runs = Runs(telco=[("r", None, {"base": said("r"), "cold": said("r", 0.5, variant="cold")})])
    estimates = {("telco", None): users(0.5)}
    for variants, expected in ((("cold",), "cold"), (("cold", None), "base"), ((), "base")):
        (found,) = against(estimates, runs, wanted=FeedbackFilter(variant=variants))
        assert found.test_bed is not None
        assert found.test_bed.variant == expected


def test_the_offset_over_scenarios_knows_whether_they_differ_by_more_than_chance() -> None:
    """Alike they have one offset; where one stands apart p is small, and its own offset is pulled to the mean."""
    runs = Runs(**{name: [("r", None, {"base": said("r", 0.8, 0.02)})] for name in "abcd"})
    alike = offset({name: users(0.7, 4000) for name in "abcd"}, runs, wanted=EVERYTHING)
    assert alike is not None
    assert alike.mean == pytest.approx(-0.1)
    assert alike.low < -0.1 < alike.high
    assert alike.p == pytest.approx(1)
    apart = offset({**{name: users(0.7, 4000) for name in "abc"}, "d": users(0.3, 4000)}, runs, wanted=EVERYTHING)
    assert apart is not None
    assert apart.p is not None
    assert apart.p < 0.001
    assert -0.5 < apart.scenarios["d"] < apart.mean < apart.scenarios["a"]
    assert offset({"a": users(0.7)}, runs, wanted=EVERYTHING) is None
    assert offset({"a": users(0.7), "x": users(0.7)}, runs, wanted=EVERYTHING) is None
