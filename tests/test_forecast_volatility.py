"""Volatility: the loss against scipy, and a network around GARCH on returns whose variance is known."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from saddlepath.errors import ConfigError
from saddlepath.forecast.volatility import NetworkVolatility, TLoss, volatility_forecasts
from saddlepath.nn.training import Training


def test_the_loss_is_minus_the_log_density_of_a_scaled_t() -> None:
    """With a shift of the log variance of s and variance one otherwise, the standard deviation is exp(s / 2)."""
    shift, nu, z = 0.7, 6.0, -1.3
    network = lambda x, key: jnp.asarray([[shift]])
    found = float(TLoss(nu)(network, jnp.zeros((2, 1)), jnp.asarray([z]), None))
    scale = np.exp(shift / 2) * np.sqrt((nu - 2) / nu)
    assert found == pytest.approx(-stats.t.logpdf(z, nu, scale=scale), rel=1e-10)


def test_too_few_days() -> None:
    with pytest.raises(ConfigError, match="needs 500 days or more and one to forecast, got 400 of 450"):
        volatility_forecasts(np.random.default_rng(0).normal(size=450), 400)


def asymmetric(n: int = 2500, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Returns whose variance rises after losses only, which GARCH cannot know, and that variance."""
    e = np.random.default_rng(seed).normal(size=n)
    variance, returns = np.ones(n), np.zeros(n)
    for t in range(1, n):
        variance[t] = 0.1 + 0.8 * variance[t - 1] + 0.3 * min(returns[t - 1], 0.0) ** 2
        returns[t] = np.sqrt(variance[t]) * e[t]
    return returns, variance


@pytest.mark.slow
def test_a_network_learns_the_asymmetry_that_garch_lacks() -> None:
    """Against the known variance; leverage makes GARCH's log variances wrong by a standard deviation of about 0.3."""
    returns, variance = asymmetric()
    model = NetworkVolatility(members=1, training=Training(rate=1e-2, epochs=20, batch=128))
    found = volatility_forecasts(returns, 2000, model)
    error = {name: np.std(np.log(v) - np.log(variance[2000:])) for name, v in found.variances.items()}
    assert error["LSTM around GARCH"] < 0.9 * error["GARCH-t"] < error["EWMA"]
    table = found.table().frame
    assert list(table.index) == ["GARCH-t", "EWMA", "HAR", "LSTM around GARCH"]
    assert table.loc["LSTM around GARCH", "Kupiec p"] > 0.01


@pytest.mark.slow
def test_what_comes_later_changes_no_variance() -> None:
    returns, _ = asymmetric(900)
    later = returns.copy()
    np.random.default_rng(2).shuffle(later[650:])
    model = NetworkVolatility(members=1, training=Training(epochs=2, batch=128))
    one, other = (volatility_forecasts(r, 600, model) for r in (returns, later))
    for name in one.variances:
        np.testing.assert_array_equal(one.variances[name][:51], other.variances[name][:51])
        np.testing.assert_array_equal(one.quantiles[name][:51], other.quantiles[name][:51])
