"""The Kalman filter against the density of all data stacked, and against a published implementation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov
from scipy.stats import multivariate_normal
from tests.linear_gaussian import space

from saddlepath.estimate.kalman import LinearStateSpace


def three_states(exact: bool = False) -> LinearStateSpace:
    """Three states, two shocks, two series."""
    random = np.random.default_rng(3)
    transition = random.normal(size=(3, 3))
    transition *= 0.95 / np.abs(np.linalg.eigvals(transition)).max()
    impact, loading = random.normal(size=(3, 2)), random.normal(size=(2, 3))
    return LinearStateSpace(transition, impact, loading, np.array([0.3, -1.0]), np.array([0.0 if exact else 0.4, 0.2]))


def stacked(model: LinearStateSpace, data: np.ndarray) -> float:
    """Log density of the data as one normal vector, missing entries left out."""
    f, h, n = np.asarray(model.transition), np.asarray(model.loading), len(data)
    variance = solve_discrete_lyapunov(f, np.asarray(model.impact) @ np.asarray(model.impact).T)
    powers = [np.linalg.matrix_power(f, lag) for lag in range(n)]
    block = lambda i, j: h @ (powers[i - j] @ variance if i >= j else variance @ powers[j - i].T) @ h.T
    covariance = np.block([[block(i, j) for j in range(n)] for i in range(n)])
    covariance += np.diag(np.tile(np.asarray(model.sd) ** 2, n))
    seen = np.isfinite(data.ravel())
    mean = np.tile(np.asarray(model.mean), n)[seen]
    return float(multivariate_normal(mean, covariance[np.ix_(seen, seen)]).logpdf(data.ravel()[seen]))


@pytest.mark.parametrize(("exact", "missing"), [(False, False), (True, True)])
def test_log_likelihood_is_the_density_of_all_data(exact: bool, missing: bool) -> None:
    model = three_states(exact)
    data = np.array(model.draw(jax.random.key(0), 40))
    if missing:
        data[3, 0] = data[7] = data[20:23, 1] = np.nan
    # Condition numbers of a few thousand leave 1e-11 of rounding in log likelihoods of about 100.
    assert float(model.log_likelihood(data)) == pytest.approx(stacked(model, data), abs=1e-8)


def test_doubling_gives_the_stationary_covariance_up_to_near_unit_roots() -> None:
    model = three_states()
    expected = solve_discrete_lyapunov(
        np.asarray(model.transition), np.asarray(model.impact) @ np.asarray(model.impact).T
    )
    np.testing.assert_allclose(model.covariance(), expected, rtol=1e-10)  # rounding, over the gap to a unit root
    slow = space(jnp.array([0.99999, 1.0, 0.1])).covariance()
    assert float(slow[0, 0]) == pytest.approx(1 / (1 - 0.99999**2), rel=1e-9)


def test_explosive_states_have_no_likelihood() -> None:
    assert not np.isfinite(float(space(jnp.array([1.01, 1.0, 0.1])).log_likelihood(np.ones((5, 1)))))


@pytest.mark.slow
def test_gradient_is_that_of_the_stacked_density() -> None:
    data = np.array(space(jnp.array([0.9, 1.0, 0.5])).draw(jax.random.key(1), 30))
    data[4] = np.nan
    theta, step = np.array([0.8, 0.9, 0.6]), 1e-5
    gradient = jax.grad(lambda t: space(t).log_likelihood(data))(jnp.asarray(theta))
    for i, e in enumerate(np.eye(3) * step):
        slope = (stacked(space(theta + e), data) - stacked(space(theta - e), data)) / (2 * step)
        # Central differences with steps of 1e-5: truncation 1e-10 times third derivatives of about 1e3.
        assert float(gradient[i]) == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_drawn_data_have_the_moments_of_the_model() -> None:
    data = np.asarray(space(jnp.array([0.8, 1.0, 0.5])).draw(jax.random.key(2), 20_000))[:, 0]
    variance = 1 / (1 - 0.64)
    # The variance of 20,000 draws with autocorrelation 0.7 has a standard error of 2 %; three of them.
    assert data.var() == pytest.approx(variance + 0.25, rel=0.06)
    assert np.mean(data[1:] * data[:-1]) == pytest.approx(0.8 * variance, rel=0.08)


def test_statsmodels_agrees() -> None:
    from statsmodels.tsa.statespace.mlemodel import MLEModel

    data = np.array(space(jnp.array([0.9, 1.0, 0.5])).draw(jax.random.key(5), 50))
    data[10] = np.nan
    peer = MLEModel(data, k_states=1, k_posdef=1)
    for name, value in {"design": 1.0, "transition": 0.9, "selection": 1.0, "state_cov": 1.0, "obs_cov": 0.25}.items():
        peer[name] = np.array([[value]])
    peer.ssm.initialize_stationary()
    ours = float(space(jnp.array([0.9, 1.0, 0.5])).log_likelihood(data))
    assert ours == pytest.approx(float(peer.ssm.loglike()), abs=1e-7)  # theirs stops updating once nearly stationary
