"""Simulated moments on an AR(1), whose moments and estimator are known, and on what cannot be estimated."""

import jax.numpy as jnp
import numpy as np
import pytest

import saddlepath as sp
from saddlepath.estimate.smm import long_run_covariance

NAMES = ("mean:y", "sd:y", "autocorr:y")
BOX = sp.Box(mu=(-2.0, 3.0), rho=(0.0, 0.95), sigma=(0.2, 3.0))
TRUTH = np.array([0.5, 0.6, 1.0])


def moments(theta):
    """Mean, standard deviation and autocorrelation of y' = mu + rho (y - mu) + sigma e."""
    mu, rho, sigma = theta
    return jnp.stack([mu, sigma / jnp.sqrt(1 - rho**2), rho])


def series(periods: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    y = [TRUTH[0]]
    for e in random.standard_normal(periods + 100):
        y.append(TRUTH[0] + TRUTH[1] * (y[-1] - TRUTH[0]) + TRUTH[2] * e)
    return {"y": np.array(y[-periods:])}


def test_exactly_identified_parameters_solve_their_moments() -> None:
    data = sp.moments_of(series(400, 0), NAMES)
    found = sp.smm(moments, data, box=BOX)
    mean, sd, rho = data.values
    np.testing.assert_allclose(found.theta, [mean, rho, sd * np.sqrt(1 - rho**2)], rtol=1e-6)  # of the search
    assert found.j is None and found.objective < 1e-12 and not found.at_edge
    # Standard errors of the first-order theory of an AR(1): sigma/(1-rho) sqrt(1/T), sqrt((1-rho^2)/T), sigma/sqrt(2T).
    theory = np.array([1 / 0.4, 0.8, 1 / 2**0.5]) / 20
    np.testing.assert_allclose(found.sd, theory, rtol=0.35)  # a long-run variance from 400 periods
    assert "estimate" in str(found) and "<table>" in found._repr_html_()


@pytest.mark.slow
def test_intervals_cover_and_simulation_widens_them() -> None:
    hit, n = np.zeros(3), 60
    for seed in range(n):
        found = sp.smm(moments, sp.moments_of(series(400, seed), NAMES), box=BOX, starts=1)
        low, high = found.interval(0.9).T
        hit += (low <= TRUTH) & (high >= TRUTH)
    assert np.all(hit / n > 0.75)  # four binomial deviations of sixty below 0.9
    once = sp.smm(moments, sp.moments_of(series(400, 0), NAMES), box=BOX, simulated=1.0)
    many = sp.smm(moments, sp.moments_of(series(400, 0), NAMES), box=BOX)
    np.testing.assert_allclose(once.sd / many.sd, 2**0.5, rtol=1e-9)


def test_a_wrong_model_fails_the_test_of_overidentification() -> None:
    """Four moments, two parameters, and a mean that the model cannot have."""
    box = sp.Box(rho=(0.0, 0.95), sigma=(0.2, 3.0))
    shifted = lambda theta: jnp.concatenate([moments(jnp.stack([jnp.asarray(2.0), *theta]))])
    right = lambda theta: jnp.concatenate([moments(jnp.stack([jnp.asarray(0.5), *theta]))])
    data = sp.moments_of(series(2000, 1), NAMES)
    assert sp.smm(shifted, data, box=box).j[2] < 1e-6
    assert sp.smm(right, data, box=box).j[1:] == (1, pytest.approx(sp.smm(right, data, box=box).j[2]))
    assert sp.smm(right, data, box=box).j[2] > 0.01


def test_long_run_covariance_of_an_autoregression() -> None:
    y = series(200_000, 3)["y"]
    long_run = long_run_covariance(y[:, None], 60)[0, 0]
    assert long_run == pytest.approx(1 / (1 - 0.6) ** 2, rel=0.1)  # Bartlett's bias and sampling


def test_what_moments_cannot_tell_apart_is_named() -> None:
    data = sp.moments_of(series(400, 0), NAMES)
    same = lambda theta: moments(jnp.stack([theta[0], jnp.asarray(0.6), theta[1] * theta[2]]))
    box = sp.Box(mu=(-2.0, 3.0), a=(0.5, 2.0), b=(0.5, 2.0))
    found = sp.identification(same, data, [0.5, 1.0, 1.0], box=box)
    assert found.condition > 1e6 and len(found.weak) == 1 and "a" in found.weak[0] and "b" in found.weak[0]
    good = sp.identification(moments, data, TRUTH, box=BOX)
    assert not good.weak and good.condition < 20
    np.testing.assert_allclose(good.jacobian[1], [0.0, 0.6 / 0.8**3, 1 / 0.8], atol=1e-12)


def test_a_profile_is_least_at_the_estimate() -> None:
    data = sp.moments_of(series(400, 0), NAMES)
    best = sp.smm(moments, data, box=BOX).theta[1]
    values = sp.profile(moments, data, "rho", [best - 0.1, best, best + 0.1], box=BOX, starts=1)
    assert values[1] < 1e-10 < min(values[0], values[2])


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: sp.moments_of(series(100, 0), ("mean:y", "mean:y")), "singular: mean:y, mean:y say the same"),
        (lambda: sp.moments_of({"y": np.r_[np.ones(9), np.nan]}, ("mean:y",)), "missing or .* the series of mean:y"),
        (lambda: sp.moments_of({"y": np.r_[1.0, 2.0, 4.0]}, ("mean:y",)), "3 periods are too few"),
        (lambda: sp.moments_of({"y": np.ones(50)}, ("mean:y",)), "does not vary"),
        (lambda: sp.smm(moments, sp.moments_of(series(100, 0), NAMES)), "needs box"),
        (lambda: sp.smm(moments, sp.moments_of(series(100, 0), NAMES[:2]), box=BOX), "2 moments cannot tell 3"),
        (lambda: sp.smm(moments, sp.moments_of(series(100, 0), NAMES), box=BOX, weighting="best"), "got 'best'"),
        (lambda: sp.profile(moments, sp.moments_of(series(100, 0), NAMES), "beta", [0.9], box=BOX), "no parameter"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(act, words: str) -> None:
    with pytest.raises(sp.ConfigError, match=words):
        act()


def test_an_estimate_at_the_edge_is_said_to_be_there() -> None:
    narrow = sp.Box(mu=(-2.0, 3.0), rho=(0.0, 0.3), sigma=(0.2, 3.0))
    found = sp.smm(moments, sp.moments_of(series(400, 0), NAMES), box=narrow)
    assert found.at_edge == ("rho",) and "rho ended at the edge of the box" in str(found)
