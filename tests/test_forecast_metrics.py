"""Scores, comparisons and back-tests, each against a calculation by hand or another library."""

import math

import numpy as np
import pytest
from scipy import stats

from saddlepath.errors import ConfigError
from saddlepath.forecast.comparison import clark_west, diebold_mariano, model_confidence_set
from saddlepath.forecast.conformal import FEWEST_ERRORS, adaptive_widths, conformal_width
from saddlepath.forecast.metrics import (
    coverage,
    crps_of_quantiles,
    crps_of_samples,
    directional_accuracy,
    log_score,
    mae,
    mase,
    pinball_loss,
    qlike,
    r2_out_of_sample,
    rmse,
    smape,
    width,
)
from saddlepath.forecast.value_at_risk import christoffersen, conditional_coverage, kupiec

ACTUAL, FORECAST = np.array([1.0, 2.0, 4.0]), np.array([2.0, 2.0, 1.0])
EXACT = 1e-12  # sums of a few numbers


def test_points_by_hand() -> None:
    """Errors are -1, 0, 3."""
    assert rmse(ACTUAL, FORECAST) == pytest.approx(math.sqrt(10 / 3), rel=EXACT)
    assert mae(ACTUAL, FORECAST) == pytest.approx(4 / 3, rel=EXACT)
    past = np.array([1.0, 3.0, 2.0, 6.0])  # absolute changes 2, 1, 4; over two steps 1, 3
    assert mase(ACTUAL, FORECAST, past) == pytest.approx((4 / 3) / (7 / 3), rel=EXACT)
    assert mase(ACTUAL, FORECAST, past, 2) == pytest.approx((4 / 3) / 2, rel=EXACT)
    assert smape(ACTUAL, FORECAST) == pytest.approx((200 / 3 + 0 + 600 / 5) / 3, rel=EXACT)
    assert smape(np.zeros(2), np.zeros(2)) == 0
    assert r2_out_of_sample(ACTUAL, FORECAST, np.full(3, 2.0)) == pytest.approx(1 - 10 / 5, rel=EXACT)
    last = np.array([1.5, 1.5, 1.5])  # actual down, up, up; forecast up, up, down
    assert directional_accuracy(ACTUAL, FORECAST, last) == pytest.approx(1 / 3, rel=EXACT)


def test_quantiles_and_intervals_by_hand() -> None:
    quantiles = np.array([[0.0, 2.0], [1.0, 3.0]])
    found = pinball_loss(np.array([1.0, 4.0]), quantiles, np.array([0.25, 0.75]))
    np.testing.assert_allclose(found, [(0.25 * 1 + 0.25 * 3) / 2, (0.25 * 1 + 0.75 * 1) / 2], rtol=EXACT)
    low, high = np.array([0.0, 0.0, np.nan]), np.array([1.0, 1.0, np.nan])
    assert coverage(ACTUAL, low, high) == 0.5 and width(low, high) == 1.0


def test_crps_of_samples_is_its_double_sum() -> None:
    draws = np.random.default_rng(0).normal(size=(4, 30))
    y = np.array([-1.0, 0.0, 0.5, 2.0])
    pairs = np.abs(draws[:, :, None] - draws[:, None, :]).mean(axis=(1, 2))
    expected = np.mean(np.abs(draws - y[:, None]).mean(axis=1) - pairs / 2)
    assert crps_of_samples(y, draws) == pytest.approx(expected, rel=1e-12)


def test_crps_of_quantiles_is_that_of_the_normal_law() -> None:
    """Closed form of Gneiting and Raftery (2007), eq. 21; 999 levels leave out 0.2 % of the mass: within 1e-3."""
    y, levels = np.array([-0.7, 0.3, 1.9]), np.arange(1, 1000) / 1000
    exact = np.mean(y * (2 * stats.norm.cdf(y) - 1) + 2 * stats.norm.pdf(y) - 1 / math.sqrt(math.pi))
    quantiles = np.tile(stats.norm.ppf(levels), (3, 1))
    assert crps_of_quantiles(y, quantiles, levels) == pytest.approx(exact, abs=1e-3)


def test_log_scores() -> None:
    zero, one = np.zeros(1), np.ones(1)
    assert log_score(zero, zero, 2 * one) == pytest.approx(math.log(2 * math.sqrt(2 * math.pi)), rel=EXACT)
    # Student t with 4 degrees of freedom has density 3/8 at zero, and standard deviation sqrt(2).
    assert log_score(zero, zero, math.sqrt(2) * one, nu=4.0) == pytest.approx(-math.log(3 / 8), rel=EXACT)


def test_qlike_by_hand_and_its_refusal() -> None:
    assert qlike(np.array([2.0, 1.0]), np.array([1.0, 1.0])) == pytest.approx((1 - math.log(2)) / 2, rel=EXACT)
    with pytest.raises(ConfigError, match="QLIKE needs positive variances, the smallest is 0"):
        qlike(np.array([0.0]), np.array([1.0]))


def test_diebold_mariano_one_step_ahead_is_a_t_test() -> None:
    """With one step, Harvey's correction turns the statistic into that of Student's test on the differences."""
    a, b = np.random.default_rng(1).exponential(size=(2, 40))
    expected = stats.ttest_1samp(a - b, 0.0)
    np.testing.assert_allclose(diebold_mariano(a, b), (expected.statistic, expected.pvalue), rtol=1e-10)


def test_diebold_mariano_two_steps_by_hand() -> None:
    """Differences 1, 0, 2, 1, 3, 2: mean 1.5, autocovariances 5.5 / 6 and -0.25 / 6, correction (7 - 4 + 2 / 6) / 6:
    the statistic is 1.5 / sqrt(5 / 36) sqrt(10 / 18) = 3."""
    found = diebold_mariano(np.array([1.0, 0, 2, 1, 3, 2]), np.zeros(6), 2)
    np.testing.assert_allclose(found, (3.0, 2 * stats.t.sf(3.0, 5)), rtol=1e-12)


def test_comparisons_without_a_difference_or_enough_data() -> None:
    same = np.ones(10)
    assert math.isnan(diebold_mariano(same, same).p_value)
    with pytest.raises(ConfigError, match="needs more than 12 losses of each, got 10 and 10"):
        diebold_mariano(same, same, 6)
    with pytest.raises(ConfigError, match="compares two models or more, got 1"):
        model_confidence_set({"one": same})


def test_clark_west_by_hand() -> None:
    """Gains 2 e (f2 - f1) with errors e of the small model 1, 2, 3 and f2 - f1 = 1: 2, 4, 6."""
    actual, small = np.array([1.0, 2.0, 3.0]), np.zeros(3)
    found = clark_west(actual, small, small + 1)
    statistic = 4 / math.sqrt((8 / 3) / 3)
    np.testing.assert_allclose(found, (statistic, stats.norm.sf(statistic)), rtol=1e-12)


def test_the_confidence_set_drops_what_is_clearly_worse() -> None:
    """Two models with the same mean loss stay, a third that loses a standard deviation more goes."""
    a, noise, other = np.random.default_rng(2).exponential(size=(3, 200))
    found = model_confidence_set({"a": a, "b": a + noise - noise.mean(), "worse": other + 1})
    assert found["worse"] < 0.01 < 0.5 < min(found["a"], found["b"])
    twins = model_confidence_set({"a": a, "worse": a + 1, "twin": a + 1})
    assert twins["worse"] == twins["twin"] < twins["a"] == 1
    assert model_confidence_set({"a": a, "same": a}) == {"a": 1.0, "same": 1.0}


def test_kupiec_is_a_ratio_of_binomial_likelihoods() -> None:
    hits = np.arange(1000) < 15
    law = stats.binom(1000, 0.01), stats.binom(1000, 0.015)
    expected = 2 * (law[1].logpmf(15) - law[0].logpmf(15))
    assert kupiec(hits, 0.01).statistic == pytest.approx(expected, rel=1e-9)  # logarithms of factorials cancel
    assert kupiec(hits, 0.01).p_value == pytest.approx(stats.chi2.sf(expected, 1), rel=1e-9)
    assert kupiec(np.zeros(100, dtype=bool), 0.01).statistic == pytest.approx(-200 * math.log(0.99), rel=1e-12)
    with pytest.raises(ConfigError, match="a level between 0 and 1, got 3 and 1.0"):
        kupiec(np.zeros(3, dtype=bool), 1.0)


def test_christoffersen_by_hand() -> None:
    """Hits 0 0 1 1 0 0 0 1 0 0: of seven days after none two are hits, of three after a hit one (last day dropped)."""
    hits = np.array([0, 0, 1, 1, 0, 0, 0, 1, 0, 0], dtype=bool)
    n00, n01, n10, n11 = 4, 2, 2, 1
    free = n00 * math.log(4 / 6) + n01 * math.log(2 / 6) + n10 * math.log(2 / 3) + n11 * math.log(1 / 3)
    bound = 6 * math.log(6 / 9) + 3 * math.log(3 / 9)
    assert christoffersen(hits).statistic == pytest.approx(2 * (free - bound), abs=1e-12)
    clustered = np.repeat([False, True, False], [40, 10, 50])
    assert christoffersen(clustered).p_value < 1e-6
    both = kupiec(clustered, 0.1).statistic + christoffersen(clustered).statistic
    assert conditional_coverage(clustered, 0.1).p_value == pytest.approx(stats.chi2.sf(both, 2), rel=1e-12)


def test_split_conformal_takes_the_right_rank() -> None:
    errors = np.arange(1.0, 20.0)  # nineteen errors: the rank of 90 % is 18 = ceil(20 * 0.9)
    assert conformal_width(-errors, 0.9) == 18
    assert conformal_width(errors, 0.96) == math.inf
    with pytest.raises(ConfigError, match="between 0 and 1, got 90.0"):
        conformal_width(errors, 90.0)


def test_adaptive_intervals_follow_a_variance_that_triples() -> None:
    """After the break fixed widths would cover 42 %; adaptive ones find back to 90 % but for a transition."""
    random = np.random.default_rng(3)
    errors = random.normal(size=1500) * np.where(np.arange(1500) < 500, 1.0, 3.0)
    widths = adaptive_widths(errors, 0.9)
    assert np.isnan(widths[:FEWEST_ERRORS]).all() and np.isfinite(widths[FEWEST_ERRORS:]).all()
    late = np.abs(errors[700:]) <= widths[700:]
    assert abs(late.mean() - 0.9) < 0.03  # standard error of 800 draws: 0.011


def test_adaptive_intervals_look_at_known_errors_only() -> None:
    errors = np.random.default_rng(4).normal(size=100)
    other = np.where(np.arange(100) < 60, errors, 50.0)
    np.testing.assert_array_equal(adaptive_widths(errors, delay=4)[:64], adaptive_widths(other, delay=4)[:64])
    assert adaptive_widths(errors, delay=4)[70] != adaptive_widths(other, delay=4)[70]
