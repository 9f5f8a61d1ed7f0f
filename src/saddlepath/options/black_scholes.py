"""Prices of Black and Scholes, and the volatility that a price implies.

Everything is a pure function of one option, differentiable to any order; the price of the option that is out of the
money keeps its relative accuracy however small it is. Greeks are derivatives: `jax.grad(call, 0)` is delta.

References:
    Black (1976, Journal of Financial Economics); Jaeckel (2015, Wilmott), the three ranges of a price and the function
    of it that is nearly straight in each.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import log_ndtr, ndtr
from jaxtyping import Array

from saddlepath.errors import ConfigError
from saddlepath.options.filling import filled

Number = Any
"""A float, or an array of shape `[]`."""
MOST_STEPS = 60
"""Of the search; a bisection of the bracket alone would end by then, third-order steps need about five."""
ENOUGH = 1e-13
"""The search ends after a step that is smaller, relative to s; it triples the digits [-]."""
BRACKET = (1e-8, 50.0)
"""Volatilities times root of time to maturity that the search knows [-]."""


def forward_price(spot: Number, tau: Number, rate: Number, dividend: Number) -> Array:
    """Price at which the asset is bought today for delivery at maturity."""
    return jnp.asarray(spot) * jnp.exp((rate - dividend) * jnp.asarray(tau))


def out_of_the_money(k: Array, s: Array) -> Array:
    """Price of the option that is out of the money, of all log prices at expiry normal.

    Args:
        k: log(K/F). [-]
        s: Volatility times the root of time to maturity, positive. [-]

    Returns:
        Undiscounted price over the forward price: of the call for k >= 0, of the put otherwise. [-]
    """
    return jnp.exp(0.5 * k + _log_normalised(_minus_size(k), s))


def _minus_size(k: Array) -> Array:
    """-|k|, with the slope of the call at zero."""
    return jnp.where(k >= 0, -k, k)


def _log_normalised(x: Array, s: Array) -> Array:
    """log of exp(x/2) N(x/s + s/2) - exp(-x/2) N(x/s - s/2) for x <= 0: the price over the root of F K."""
    upper, lower = log_ndtr(x / s + s / 2), log_ndtr(x / s - s / 2)
    return x / 2 + upper + jnp.log(-jnp.expm1(lower - upper - x))


def call(
    spot: Number, strike: Number, tau: Number, volatility: Number, rate: Number = 0.0, dividend: Number = 0.0
) -> Array:
    """Price of a European call.

    Args:
        spot: Price of the asset. [currency]
        strike: [currency]
        tau: Time to maturity. [years]
        volatility: [1/sqrt(year)]
        rate: Interest, continuously compounded. [1/year]
        dividend: Dividend yield, the same. [1/year]

    Returns:
        `[]`. [currency]
    """
    forward = forward_price(spot, tau, rate, dividend)
    s = jnp.asarray(volatility) * jnp.sqrt(jnp.asarray(tau, dtype=float))
    d = jnp.log(forward / strike) / s + s / 2
    return jnp.exp(-jnp.asarray(rate) * tau) * (forward * ndtr(d) - strike * ndtr(d - s))


def put(
    spot: Number, strike: Number, tau: Number, volatility: Number, rate: Number = 0.0, dividend: Number = 0.0
) -> Array:
    """Price of a European put; arguments and units of `call`."""
    worth = jnp.exp(-jnp.asarray(rate) * tau) * (forward_price(spot, tau, rate, dividend) - strike)
    return call(spot, strike, tau, volatility, rate, dividend) - worth


@jax.custom_jvp
def total_volatility(k: Array, value: Array) -> Array:
    """The s at which `out_of_the_money(k, s)` is `value`; NaN if no s gives it.

    Args:
        k: log(K/F). [-]
        value: Undiscounted price over the forward price of the option that is out of the money. [-]

    Returns:
        Volatility times the root of time to maturity, to 1e-12 of itself. [-]
    """
    x, log_price = _minus_size(k), jnp.log(value) - 0.5 * k
    s = _search(jnp.where(value > 0, log_price, 0.5 * x - 1.0), x)
    return jnp.where((value > 0) & (log_price < 0.5 * x), s, jnp.nan)


@total_volatility.defjvp
def _(primals, tangents):
    # By the implicit function theorem, so that derivatives of every order are those of the exact inverse.
    (k, value), (dk, dvalue) = primals, tangents
    s = total_volatility(k, value)
    slope_k, slope_s = jax.grad(out_of_the_money, (0, 1))(k, s)
    return s, (dvalue - slope_k * dk) / slope_s


def _search(log_price: Array, x: Array) -> Array:
    """Halley's steps on a function of the price that is nearly straight, kept inside a bracket."""
    turn = jnp.sqrt(2 * jnp.abs(x))  # where the price as a function of s has its point of inflexion
    low = log_price < _log_normalised(x, jnp.maximum(turn, BRACKET[0]))

    def gap(s: Array) -> Array:
        reached = _log_normalised(x, s)
        above = jnp.log(-jnp.expm1(log_price - x / 2)) - jnp.log(-jnp.expm1(jnp.minimum(reached - x / 2, -1e-300)))
        return jnp.where(low, 1 / log_price - 1 / reached, above)

    def step(state: tuple[Array, Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array, Array]:
        s, a, b, _, count = state
        value = _log_normalised(x, s) - log_price
        a, b = jnp.where(value < 0, s, a), jnp.where(value > 0, s, b)
        g, slope = gap(s), jax.grad(gap)(s)
        bend = jax.grad(jax.grad(gap))(s)
        newton = g / slope
        new = s - newton / jnp.clip(1 - 0.5 * newton * bend / slope, 0.5, 2.0)
        # A step of the size of round-off may leave the bracket by as much, and is the last one.
        small = jnp.abs(new - s) < ENOUGH * s
        new = jnp.where(small | ((new > a) & (new < b)), new, jnp.sqrt(a * b))
        return new, a, b, jnp.abs(new - s) / s, count + 1

    def unfinished(state: tuple[Array, Array, Array, Array, Array]) -> Array:
        return (state[3] > ENOUGH) & (state[4] < MOST_STEPS)

    low_end, high_end = (jnp.full_like(x, b) for b in BRACKET)
    # At the money the point of inflexion is at zero; there the price is s / sqrt(2 pi), nearly.
    near = jnp.sqrt(2 * jnp.pi) * jnp.exp(jnp.minimum(log_price, -0.1))
    start = jnp.clip(jnp.where(low, turn, jnp.maximum(turn, near)), 1e-6, 5.0)
    return jax.lax.while_loop(
        unfinished, step, (start, low_end, high_end, jnp.full_like(x, jnp.inf), jnp.zeros((), int))
    )[0]


def implied_volatility(
    price: Any, spot: Any, strike: Any, tau: Any, rate: Any = 0.0, dividend: Any = 0.0, kind: str = "call"
) -> np.ndarray:
    """Volatilities at which Black and Scholes give the observed prices, to 1e-12 where the price says so much.

    Args:
        price: Prices of options, any shapes that broadcast. [currency]
        spot: Price of the asset. [currency]
        strike: [currency]
        tau: Time to maturity. [years]
        rate: Interest, continuously compounded. [1/year]
        dividend: Dividend yield, the same. [1/year]
        kind: `call` or `put`.

    Returns:
        Volatilities in the common shape. [1/sqrt(year)]

    Raises:
        ConfigError: A price that no volatility gives: at or below its value at zero volatility, or too high.
    """
    if kind not in ("call", "put"):
        raise ConfigError(f"kind must be call or put, got {kind!r}; choose one of them.")
    given = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (price, spot, strike, tau, rate, dividend)))
    price, spot, strike, tau, rate, dividend = given
    discount, forward = np.exp(-rate * tau), spot * np.exp((rate - dividend) * tau)
    worth = discount * (forward - strike) * (1 if kind == "call" else -1)
    low, high = np.maximum(worth, 0.0), discount * (forward if kind == "call" else strike)
    _require_bounds(price, low, high, kind)
    k, value = np.log(strike / forward), (price - low) / (discount * forward)
    with jax.enable_x64(True):
        s = _total_volatilities(*(jnp.asarray(filled(part.ravel())) for part in (k, value)))
    return np.asarray(s)[: price.size].reshape(price.shape) / np.sqrt(tau)


_total_volatilities = jax.jit(jax.vmap(total_volatility))


def _require_bounds(price: np.ndarray, low: np.ndarray, high: np.ndarray, kind: str) -> None:
    wrong = np.flatnonzero(~((price > low) & (price < high)))
    if wrong.size:
        i = int(wrong[0])
        raise ConfigError(
            f"{wrong.size} of {price.size} {kind} prices imply no volatility, the first {price.flat[i]:.8g} where one "
            f"between {low.flat[i]:.8g} and {high.flat[i]:.8g} is possible; drop these quotes or check rate and "
            "dividend."
        )
