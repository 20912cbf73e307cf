"""A judge's mean corrected by people's scores."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peel.statistics import correction
from peel.statistics.intervals import Interval


def ends(interval: Interval) -> tuple[float | None, float | None]:
    """Both ends."""
    return interval.low, interval.high


@pytest.mark.parametrize(
    ("weight", "plain", "product"), [(1.0, "lam1", "product_lam1"), (None, "tuned", "product_tuned")]
)
def test_independent_executions_of_the_reference(
    weight: float | None, plain: str, product: str, vectors: dict[str, Any]
) -> None:
    """Estimate, lambda, and both intervals, as ppi-python and with t."""
    given_, expected = vectors["ppi_disjoint"]["input"], vectors["ppi_disjoint"]["expected"]
    found = correction.corrected_mean(given_["Y"], given_["F"], unlabelled=given_["U"], weight=weight)
    assert found is not None
    assert found.weight == expected[plain].get("lam", 1.0)
    assert found.estimate == pytest.approx(expected[plain]["estimate"], abs=1e-6)
    assert ends(found.interval) == pytest.approx(expected[plain]["ci95"], abs=1e-5)
    assert found.error == pytest.approx(expected[product]["se"], abs=1e-6)
    assert ends(found.t_interval) == pytest.approx(expected[product]["ci95"], abs=1e-5)


def test_people_only_and_judge_only_of_the_reference(vectors: dict[str, Any]) -> None:
    """With a weight of 0 the judge does not count; the judge alone is far off."""
    given_, expected = vectors["ppi_disjoint"]["input"], vectors["ppi_disjoint"]["expected"]
    found = correction.corrected_mean(given_["Y"], given_["F"], unlabelled=given_["U"], weight=0.0)
    assert found is not None
    assert found.estimate == pytest.approx(expected["human_only_mean"])
    assert np.mean(given_["F"] + given_["U"]) == pytest.approx(expected["judge_only_mean"], abs=1e-6)


def clustered(vectors: dict[str, Any]) -> dict[str, Any]:
    """The reference's eight cases as flat arrays."""
    given_ = vectors["ppi_cluster_overlap"]["input"]
    judge = np.array(given_["judge"])
    human = given_["human_first_execution_of_first_cases"]
    case = np.repeat(np.arange(judge.shape[0]), judge.shape[1])
    labelled = np.arange(len(human)) * judge.shape[1]
    return {"case": case, "judge": judge.ravel(), "labelled": labelled, "human": human}


def test_cases_of_the_reference(vectors: dict[str, Any]) -> None:
    """Repetitions in cases, the labelled ones among the judged ones."""
    given_, expected = clustered(vectors), vectors["ppi_cluster_overlap"]["expected"]
    found = correction.corrected_mean_of_cases(
        given_["case"], given_["judge"], labelled=given_["labelled"], human=given_["human"]
    )
    assert found is not None
    assert found.weight == pytest.approx(expected["lam"], abs=1e-5)
    assert found.estimate == pytest.approx(expected["estimate"], abs=1e-6)
    assert found.error == pytest.approx(expected["se"], abs=1e-6)
    assert ends(found.t_interval) == pytest.approx(expected["ci95_t"], abs=1e-5)
    assert ends(found.interval) == pytest.approx(expected["ci95_mover_abb"], abs=1e-5)


def test_the_correlation_of_the_reference(vectors: dict[str, Any]) -> None:
    """The two parts of the estimate are correlated by -0.39, which the interval takes into account."""
    given_, expected = clustered(vectors), vectors["ppi_cluster_overlap"]["expected"]
    means = given_["judge"].reshape(8, 3).mean(axis=1)
    left = np.array(given_["human"]) - expected["lam"] * given_["judge"][given_["labelled"]]
    covariance = np.cov(means[:5], left)[0, 1]
    r = covariance / (left.std(ddof=1) * means.std(ddof=1)) * np.sqrt(5 / 8)
    assert r == pytest.approx(expected["mover_r"], abs=1e-4)


def test_a_judge_that_knows_nothing_is_not_used() -> None:
    """Uncorrelated with people, its weight is near 0, and the people's mean remains."""
    human, judge = [1.0, 0.0, 1.0, 0.0, 1.0, 1.0], [0.2, 0.3, 0.2, 0.1, 0.3, 0.2]
    found = correction.corrected_mean_of_cases(np.arange(6), judge, labelled=np.arange(6), human=human)
    assert found is not None
    assert found.estimate == pytest.approx(4 / 6)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.4, 1.0])), min_size=2, max_size=12),
    st.integers(2, 12),
)
def test_whatever_the_scores_there_is_an_interval_with_width(pairs: list[tuple[float, float]], labels: int) -> None:
    """All pass, constant judges, all labelled: lambda in [0, 1], no NaN, no zero width."""
    human, judge = (np.array(column) for column in zip(*pairs, strict=True))
    rows = np.arange(min(labels, human.size))
    found = correction.corrected_mean_of_cases(np.arange(human.size), judge, labelled=rows, human=human[rows])
    assert found is not None
    assert 0 <= found.weight <= 1
    assert found.interval.width is not None
    assert found.interval.width > 0.01
    assert np.isfinite([found.estimate, found.interval.low or 0.0, found.interval.high or 0.0]).all()


def test_too_few_labels_have_no_correction() -> None:
    """One labelled case has no spread; arrays of different length are an error."""
    assert correction.corrected_mean_of_cases([0, 1], [0.5, 0.6], labelled=[0], human=[1.0]) is None
    assert correction.corrected_mean([1.0], [1.0], unlabelled=[0.5, 0.6]) is None
    with pytest.raises(ValueError, match="on the same executions"):
        correction.corrected_mean([1.0, 0.0], [1.0], unlabelled=[0.5, 0.6])


def test_constant_scores_have_a_sentence() -> None:
    """Nothing varies, so nothing can be said about how sure it is."""
    found = correction.corrected_mean([1.0, 1.0], [1.0, 1.0], unlabelled=[1.0, 1.0])
    assert found is not None
    assert found.estimate == 1.0
    assert found.interval.low is None
    assert found.interval.note.startswith("The corrected scores do not vary")


def test_known_errors_of_the_reference(vectors: dict[str, Any]) -> None:
    """A pass rate corrected by the judge's sensitivity and specificity."""
    given_, expected = vectors["rogan_gladen"]["input"], vectors["rogan_gladen"]["expected"]
    found = correction.rogan_gladen(
        given_["p"],
        given_["n"],
        sensitivity=(given_["sens"], given_["m1"]),
        specificity=(given_["spec"], given_["m0"]),
    )
    assert found == pytest.approx((expected["theta"], expected["se"]), abs=1e-6)


def test_a_judge_no_better_than_chance_corrects_nothing() -> None:
    """Sensitivity plus specificity of 1 has no answer; an impossible rate is brought to the nearest end."""
    assert correction.rogan_gladen(0.5, 100, sensitivity=(0.6, 50), specificity=(0.4, 50)) is None
    found = correction.rogan_gladen(1.0, 100, sensitivity=(0.9, 50), specificity=(0.9, 50))
    assert found is not None
    assert found[0] == 1.0
