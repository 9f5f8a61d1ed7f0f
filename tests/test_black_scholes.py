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
    of_both = lambda x, y: call(x, strike, tau, y, rate)
    slopes = jax.jit(lambda x, y: (*jax.grad(of_both, (0, 1))(x, y), jax.grad(jax.grad(of_both))(x, y)))
    delta, vega, gamma = (float(slope) for slope in slopes(spot, volatility))
    assert delta == pytest.approx(norm.cdf(d), rel=ROUNDOFF)
    assert gamma == pytest.approx(norm.pdf(d) / (spot * s), rel=ROUNDOFF)
    assert vega == pytest.approx(spot * norm.pdf(d) * np.sqrt(tau), rel=ROUNDOFF)


@pytest.mark.slow
def test_a_price_implies_its_volatility_to_twelve_digits() -> None:
    """From calls far in the money on paper, five standard deviations out of it, and total volatilities up to four."""
    random = np.random.default_rng(0)
    k, s = random.uniform(-1.5, 1.5, 6000), np.exp(random.uniform(np.log(0.02), np.log(4.0), 6000))
    keep = np.abs(k) < 8 * s
    k, s = jnp.asarray(k[keep]), jnp.asarray(s[keep])
    # Prices with round-off of their own, which no volatility gives exactly.
    value = jax.vmap(out_of_the_money)(k, s) * (1 + np.finfo(float).eps * random.integers(-1, 2, k.size))
    # Near its upper bound a price says little: d log s = d price / (s vega), with the round-off of the price.
    vega = jax.vmap(jax.grad(out_of_the_money, 1))(k, s)
    limit = ROUNDOFF + 4 * np.finfo(float).eps * np.asarray(value / (s * vega))
    found = jax.jit(jax.vmap(total_volatility))(k.at[0].set(0.1), value.at[0].set(-0.01))
    assert np.isnan(found[0]) and np.all(np.abs(found / s - 1)[1:] <= limit[1:])


@pytest.mark.slow
def test_derivatives_of_the_implied_volatility() -> None:
    inverse = lambda x: total_volatility(jnp.asarray(0.1), x)
    value, step = jnp.asarray(0.05), 5e-6
    both = jax.jit(jax.vmap(lambda x: (inverse(x), *jax.value_and_grad(jax.grad(inverse))(x))))
    found, first, second = both(value + jnp.asarray([-step, 0.0, step]))
    # Central differences err by the square of the relative step, 1e-8.
    assert float(first[1]) == pytest.approx(float(found[2] - found[0]) / (2 * step), rel=1e-6)
    assert float(second[1]) == pytest.approx(float(first[2] - first[0]) / (2 * step), rel=1e-6)


def test_implied_volatility_of_quotes() -> None:
    spot, strikes, tau = 100.0, np.array([80.0, 100.0, 125.0]), np.array([[0.1], [2.0]])
    price = np.asarray(
        jax.vmap(jax.vmap(lambda k, t: put(spot, k, t, 0.3, 0.02, 0.01), (0, None)), (None, 0))(
            jnp.asarray(strikes), jnp.asarray(tau[:, 0])
        )
    )
    found = implied_volatility(price, spot, strikes, tau, 0.02, 0.01, kind="put")
    # A put in the money carries the round-off of what it is worth at once, relative to its vega.
    np.testing.assert_allclose(found, 0.3, atol=1e-11)


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="1 of 2 call prices imply no volatility, the first 0.5"):
        implied_volatility([20.0, 0.5], 100.0, [100.0, 99.0], 1.0)
    with pytest.raises(ConfigError, match="kind must be call or put"):
        implied_volatility(20.0, 100.0, 100.0, 1.0, kind="straddle")
