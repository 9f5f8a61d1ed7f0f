"""Black and Scholes: values known by hand, the way back from a price, derivatives, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from saddlepath.errors import ConfigError
from saddlepath.options.black_scholes import call, implied_volatility, out_of_the_money, put, total_volatility

ROUNDOFF = 1e-12


def test_textbook_price() -> None:
    # Hull (Options, Futures and Other Derivatives, example 15.6) prints 4.76 and 0.81.
    terms = (42.0, 40.0, 0.5, 0.2, 0.10)
    assert float(call(*terms)) == pytest.approx(4.759422, abs=1e-6)
    assert float(put(*terms)) == pytest.approx(0.808599, abs=1e-6)


def test_parity_and_dividends() -> None:
    terms = (100.0, 110.0, 1.5, 0.3, 0.03, 0.02)
    worth = 100 * np.exp(-0.02 * 1.5) - 110 * np.exp(-0.03 * 1.5)
    assert float(call(*terms)) - float(put(*terms)) == pytest.approx(worth, abs=ROUNDOFF * 100)


def test_greeks_are_derivatives() -> None:
    spot, strike, tau, volatility, rate = 100.0, 105.0, 0.5, 0.25, 0.03
    s = volatility * np.sqrt(tau)
    d = (np.log(spot / strike) + rate * tau) / s + s / 2
    of_spot = lambda x: call(x, strike, tau, volatility, rate)
    assert float(jax.grad(of_spot)(spot)) == pytest.approx(norm.cdf(d), rel=ROUNDOFF)
    assert float(jax.grad(jax.grad(of_spot))(spot)) == pytest.approx(norm.pdf(d) / (spot * s), rel=ROUNDOFF)
    vega = jax.grad(lambda x: call(spot, strike, tau, x, rate))(volatility)
    assert float(vega) == pytest.approx(spot * norm.pdf(d) * np.sqrt(tau), rel=ROUNDOFF)


def test_a_price_implies_its_volatility_to_twelve_digits() -> None:
    """From calls far in the money on paper, five standard deviations out of it, and total volatilities up to four."""
    k, s = (a.ravel() for a in np.meshgrid(np.linspace(-1.5, 1.5, 31), np.geomspace(0.02, 4.0, 30)))
    keep = np.abs(k) < 8 * s
    k, s = jnp.asarray(k[keep]), jnp.asarray(s[keep])
    value = jax.vmap(out_of_the_money)(k, s)
    # Near its upper bound a price says little: d log s = d price / (s vega), with the round-off of the price.
    vega = jax.vmap(jax.grad(out_of_the_money, 1))(k, s)
    limit = ROUNDOFF + 4 * np.finfo(float).eps * np.asarray(value / (s * vega))
    error = np.abs(np.asarray(jax.jit(jax.vmap(total_volatility))(k, value) / s) - 1)
    assert np.all(error <= limit)


def test_derivatives_of_the_implied_volatility() -> None:
    k, value = jnp.asarray(0.1), jnp.asarray(0.05)
    step = 1e-4
    for f in (lambda x: total_volatility(k, x), jax.grad(lambda x: total_volatility(k, x))):
        central = (f(value + step * value) - f(value - step * value)) / (2 * step * value)
        # Differences of second order: the square of the relative step.
        assert float(jax.grad(f)(value)) == pytest.approx(float(central), rel=1e-6)


def test_implied_volatility_of_quotes() -> None:
    spot, strikes, tau = 100.0, np.array([80.0, 100.0, 125.0]), np.array([[0.1], [2.0]])
    with jax.enable_x64(True):
        price = np.vectorize(lambda k, t: float(put(spot, k, t, 0.3, 0.02, 0.01)))(strikes, tau)
    found = implied_volatility(price, spot, strikes, tau, 0.02, 0.01, kind="put")
    # A put in the money carries the round-off of what it is worth at once, relative to its vega.
    np.testing.assert_allclose(found, 0.3, atol=1e-11)


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="1 of 2 call prices imply no volatility, the first 0.5"):
        implied_volatility([20.0, 0.5], 100.0, [100.0, 99.0], 1.0)
    with pytest.raises(ConfigError, match="kind must be call or put"):
        implied_volatility(20.0, 100.0, 100.0, 1.0, kind="straddle")
    assert np.isnan(float(total_volatility(jnp.asarray(0.1), jnp.asarray(-0.01))))
