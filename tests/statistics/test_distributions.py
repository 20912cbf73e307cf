"""Quantiles and probabilities against independent references."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from peel.statistics import distributions


def test_quantiles_agree_with_scipy_stats() -> None:
    """The functions of `scipy.special` are called with their arguments in the right order."""
    assert distributions.normal_quantile(0.975) == pytest.approx(stats.norm.ppf(0.975))
    assert distributions.t_quantile(0.975, 4.5) == pytest.approx(stats.t.ppf(0.975, 4.5))
    assert distributions.t_two_sided(2.1, 7) == pytest.approx(2 * stats.t.sf(2.1, 7))
    assert distributions.beta_quantile(0.2, 2.5, b=7) == pytest.approx(stats.beta.ppf(0.2, 2.5, 7))
    assert distributions.chi_square_above(9.1, 4) == pytest.approx(stats.chi2.sf(9.1, 4))
    assert distributions.chi_square_quantile(0.2, 4) == pytest.approx(stats.chi2.ppf(0.2, 4))
    assert distributions.normal_two_sided(-1.7) == pytest.approx(2 * stats.norm.sf(1.7))
    assert distributions.binomial_two_sided(3, 11) == pytest.approx(stats.binomtest(3, 11).pvalue)


def test_a_beta_without_mass_at_one_end_is_a_point() -> None:
    """Zero passes bound a rate from below at exactly 0, zero failures from above at exactly 1."""
    assert distributions.beta_quantile(0.9, 0, b=3) == 0.0
    assert distributions.beta_quantile(0.1, 3, b=0) == 1.0


def test_binomial_tails_agree_with_scipy_stats() -> None:
    """The chance of at least c passes, for c from 0 to beyond n."""
    passes = np.arange(0, 13)
    expected = stats.binom.sf(passes - 1, 11, 0.3)
    assert distributions.binomial_at_least(passes, np.full(13, 11), rate=0.3) == pytest.approx(expected)


def test_root_finds_the_sign_change_of_smooth_and_of_stepped_functions() -> None:
    """Both converge, as each third step halves the bracket."""
    assert distributions.root(lambda x: math.cos(x) - x, 0.0, high=1.0) == pytest.approx(0.7390851332151607, abs=1e-11)
    assert distributions.root(lambda x: 1.0 if x > 1 / 3 else -1.0, 0.0, high=1.0) == pytest.approx(1 / 3, abs=1e-11)
    assert distributions.root(lambda x: x, 0.0, high=1.0) == 0.0


def test_root_refuses_a_bracket_without_a_sign_change() -> None:
    """There is no root to promise then."""
    with pytest.raises(ValueError, match="same sign"):
        distributions.root(lambda x: x * x + 1, -1.0, high=1.0)


@pytest.mark.parametrize(("cases", "passes"), [(1, 0), (5, 4), (20, 10), (200, 180)])
def test_a_dirichlet_mean_of_passes_and_failures_is_a_beta(cases: int, passes: int) -> None:
    """The inversion integral agrees with the one distribution that is known in closed form."""
    values = np.r_[0.0, np.ones(passes), np.zeros(cases - passes), 1.0]
    weights = np.r_[0.5, np.ones(cases), 0.5]
    for t in (0.05, 0.5, 0.9, 0.99):
        expected = stats.beta.cdf(t, passes + 0.5, cases - passes + 0.5)
        assert distributions.dirichlet_mean_cdf(t, values, weights=weights) == pytest.approx(expected, abs=1e-7)


def test_a_dirichlet_mean_of_distinct_values_is_a_spline() -> None:
    """With all weights 1 the exact distribution is a sum over the values below t, sum (t-x_j)^n / prod (x_i-x_j)."""
    values, t = np.array([0.0, 0.2, 0.35, 0.6, 0.9]), 0.5
    exact = sum((t - x) ** (values.size - 1) / math.prod(y - x for y in values if y != x) for x in values if x < t)
    assert distributions.dirichlet_mean_cdf(t, values, weights=np.ones(5)) == pytest.approx(exact, abs=1e-10)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=25), st.sampled_from([0.01, 0.05, 0.5, 0.95]))
def test_a_quantile_of_a_dirichlet_mean_inverts_its_distribution(values: list[float], p: float) -> None:
    """It lies within the values, and the distribution there is p."""
    weights = np.ones(len(values))
    found = distributions.dirichlet_mean_quantile(p, values, weights=weights)
    assert min(values) <= found <= max(values)
    if max(values) - min(values) > 1e-3:
        assert distributions.dirichlet_mean_cdf(found, values, weights=weights) == pytest.approx(p, abs=1e-6)


def test_the_matched_beta_takes_over_without_a_jump() -> None:
    """Beyond 200 cases the approximation differs from the exact quantile by less than 0.001."""
    values = np.r_[0.0, np.linspace(0.2, 1, 200) ** 2, 1.0]
    weights = np.r_[0.5, np.ones(200), 0.5]
    for p in (0.025, 0.975):
        exact = distributions.dirichlet_mean_quantile(p, values, weights=weights)
        doubled = distributions.dirichlet_mean_quantile(p, np.r_[values, 0.5], weights=np.r_[weights, 1e-9])
        assert exact == pytest.approx(doubled, abs=1e-3)


def test_outside_its_values_a_dirichlet_mean_has_no_mass() -> None:
    """Its distribution is 0 below the least value and 1 from the greatest on."""
    for t, expected in itertools.zip_longest((0.1, 0.7), (0.0, 1.0)):
        assert distributions.dirichlet_mean_cdf(t, [0.2, 0.5], weights=[1, 1]) == expected
