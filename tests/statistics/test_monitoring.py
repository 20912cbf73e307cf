"""Production."""

from typing import Any

import numpy as np
import pytest

from peel.statistics import monitoring
from peel.statistics.gates import benjamini_hochberg


def test_stars_of_the_reference(vectors: dict[str, Any]) -> None:
    """One star is 0, five are 1."""
    given, expected = vectors["stars"]["input"], vectors["stars"]["expected"]
    scores = monitoring.star_scores(given["stars"])
    assert scores.tolist() == expected["scores"]
    assert monitoring.weighted_mean(scores, given["counts"]) == pytest.approx(expected["mean"])
    with pytest.raises(ValueError, match="stars run from 1 to 5"):
        monitoring.star_scores([0])


def test_a_rating_counts_half_after_its_half_life() -> None:
    """And the effective number says how many ratings are left."""
    weights = monitoring.half_life_weights([0, 7, 14])
    assert weights.tolist() == [1.0, 0.5, 0.25]
    assert monitoring.effective_number(weights) == pytest.approx(1.75**2 / 1.3125)
    assert monitoring.effective_number(np.ones(9)) == pytest.approx(9.0)
    assert monitoring.effective_number([]) == 0.0
    assert monitoring.weighted_mean([], []) is None
    with pytest.raises(ValueError, match="half-life"):
        monitoring.half_life_weights([1], 0)


def test_the_chart_of_the_reference(vectors: dict[str, Any]) -> None:
    """NIST's example."""
    given, expected = vectors["ewma_nist"]["input"], vectors["ewma_nist"]["expected"]
    chart = monitoring.ewma(given["x"], given["lam"], target=given["target"], sd=given["s"], width=given["L"])
    assert chart.line == pytest.approx(expected["ewma"], abs=1e-5)
    assert (chart.lower, chart.upper) == pytest.approx((expected["lcl"], expected["ucl"]), abs=1e-5)


def test_drop_evidence_of_the_reference(vectors: dict[str, Any]) -> None:
    """The evidence after each rating, as a direct double sum gives it."""
    given, expected = vectors["e_shiryaev_roberts"]["input"], vectors["e_shiryaev_roberts"]["expected"]
    assert monitoring.drop_evidence(given["x"], given["m0"]) == pytest.approx(expected["M"], rel=1e-5)
    assert monitoring.drop_alarm(given["x"], given["m0"], run_length=200) == 10
    assert monitoring.drop_alarm(given["x"], given["m0"]) is None


def test_false_alarms_are_as_rare_as_promised() -> None:
    """Over 60 seeded series of skewed ratings without a drop, an alarm comes after 100 or more on average."""
    generator, first = np.random.default_rng(4), []
    for _ in range(60):
        x = (generator.random(1500) < 0.75).astype(float)
        alarm = monitoring.drop_alarm(x, 0.75, run_length=100)
        first.append(x.size if alarm is None else alarm + 1)
    assert np.mean(first) >= 100


def test_a_drop_from_perfect_cannot_be_watched_from_one() -> None:
    """A baseline of 1 is refused: take the lower end of its interval."""
    with pytest.raises(ValueError, match="baseline"):
        monitoring.drop_evidence([1.0], 1.0)


def test_ratings_corrected_for_who_rates_of_the_reference(vectors: dict[str, Any]) -> None:
    """The judge on all interactions, people on some, weighted by their propensity."""
    given, expected = vectors["aipw_rating"]["input"], vectors["aipw_rating"]["expected"]
    rest = {"ratings": given["rating"], "propensity": given["pi"]}
    judge, rated = given["judge_all"], given["rated_idx"]
    assert np.mean(judge) == pytest.approx(expected["mean_judge"])
    assert monitoring.aipw_mean(judge, rated, **rest) == pytest.approx(expected["aipw_hajek"])
    assert monitoring.aipw_mean([0.0] * 8, rated, **rest) == pytest.approx(expected["ipw_hajek"])
    with pytest.raises(ValueError, match="must be a rating"):
        monitoring.aipw_mean([0.5], [], ratings=[], propensity=[0.5])


def test_who_did_not_rate_bounds_what_is_known() -> None:
    """With one in ten rated, the mean of all may be almost anything."""
    assert monitoring.response_bounds(0.8, 0.1) == pytest.approx((0.08, 0.98))


def test_strata_count_by_their_share_of_interactions() -> None:
    """Complaints rate more often; their share of all interactions sets their weight."""
    assert monitoring.post_stratified([0, 0, 0, 1], [0, 0, 0, 1], shares=[0.5, 0.5]) == pytest.approx(0.5)
    assert monitoring.post_stratified([0, 0], [1, 1], shares=[0.5, 0.5]) is None
    with pytest.raises(ValueError, match="stratum 2"):
        monitoring.post_stratified([2], [1.0], shares=[0.5, 0.5])


def test_test_bed_against_production_of_the_reference(vectors: dict[str, Any]) -> None:
    """Offset, heterogeneity, and each scenario's shrunken offset."""
    given, expected = vectors["bench_vs_production"]["input"], vectors["bench_vs_production"]["expected"]
    found = monitoring.offsets(given["diff"], given["var"])
    assert found is not None
    assert found.fixed == pytest.approx(expected["fixed"], abs=1e-6)
    assert (found.q, found.p) == pytest.approx((expected["Q"], expected["p_Q"]), abs=1e-5)
    assert (found.i_squared, found.between) == pytest.approx((expected["I2"], expected["tau2"]), abs=1e-6)
    assert (found.mean, found.error) == pytest.approx((expected["random_mean"], expected["random_se"]), abs=1e-6)
    assert found.shrunken == pytest.approx(expected["shrunken"], abs=1e-6)


def test_one_scenario_has_no_heterogeneity() -> None:
    """Its offset is its own; none has none; a variance of 0 is an error."""
    one = monitoring.offsets([0.1], [0.01])
    assert one is not None
    assert one.p is None
    assert (one.mean, one.between, one.i_squared) == pytest.approx((0.1, 0.0, 0.0))
    assert one.interval.width is not None
    assert one.interval.width > 0.3
    assert monitoring.offsets([], []) is None
    with pytest.raises(ValueError, match="variance above 0"):
        monitoring.offsets([0.1], [0.0])


def test_novelty_of_the_reference(vectors: dict[str, Any]) -> None:
    """Conformal p and their correction; few known cases cannot single anything out at 10 %."""
    given, expected = vectors["conformal_novelty"]["input"], vectors["conformal_novelty"]["expected"]
    p = monitoring.conformal_p(given["reference"], given["new"])
    assert p == pytest.approx(expected["p"], abs=1e-6)
    assert benjamini_hochberg(p) == pytest.approx(expected["bh"], abs=1e-6)
    assert not monitoring.novel(given["reference"], given["new"]).any()
    assert monitoring.novel(given["reference"], given["new"], false_share=0.25).tolist() == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_a_new_topic_is_found_by_its_distance() -> None:
    """Known topics stay, a new one is flagged."""
    generator = np.random.default_rng(9)
    topics = np.eye(12)
    known = np.repeat(topics[:4], 15, axis=0) + 0.1 * generator.standard_normal((60, 12))
    new = np.repeat(topics[3:5], 10, axis=0) + 0.1 * generator.standard_normal((20, 12))
    reference, distances = monitoring.leave_one_out_distances(known), monitoring.nearest_distances(known, new)
    flagged = monitoring.novel(reference, distances)
    assert flagged[10:].all()
    assert flagged[:10].sum() <= 2


def test_few_known_cases_are_compared_with_all_of_them() -> None:
    """Fewer than three neighbours are taken as they are; one has no other; none is an error."""
    assert monitoring.nearest_distances([[1.0, 0.0]], [[1.0, 0.0], [0.0, 2.0]]) == pytest.approx([0.0, 1.0])
    assert monitoring.leave_one_out_distances([[1.0, 0.0], [0.0, 1.0]]) == pytest.approx([1.0, 1.0])
    assert monitoring.leave_one_out_distances([[1.0, 0.0]]).size == 0
    with pytest.raises(ValueError, match="no known case"):
        monitoring.nearest_distances(np.empty((0, 2)), [[1.0, 0.0]])
