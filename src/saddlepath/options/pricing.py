"""Prices of European options from the moments of the price's law, by one integral along a well-chosen line.

With p = a + i u, the call that pays (S - K)+ is worth, over the forward price and before discounting,

    1/pi Int_0^inf Re[ exp((1 - p) k) M(p) / (p (p - 1)) ] du,    k = log(K/F),  M(p) = E[(S/F)^p],  a > 1,

and for a < 0 the same integral is the put (Lewis, 2001, has a = 1/2 and both together). The size of the integrand at
u = 0 is convex in a; at its minimum it is about as large as the price, so that even tiny prices keep their digits. From
there the line is tilted by 15 degrees to the side on which the integrand stops to oscillate, and Gauss-Legendre nodes
are spread evenly in arsinh(u / width) up to where nothing is left: short maturities of a volatile variance, whose
integrands decay over thousands of widths, need no more nodes than others. All choices are made inside the compiled
function for each option; prices do not depend on them and are differentiated as if they were constants.

References:
    Lewis (2001), A simple option formula for general jump-diffusion; Lord and Kahl (2007, Quantitative Finance), the
    line; Andersen and Lake (2018), robust high-precision option pricing by Fourier transforms, the tilt.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from saddlepath.errors import ConfigError
from saddlepath.options.black_scholes import forward_price, total_volatility
from saddlepath.options.characteristic import Number, PriceLaw
from saddlepath.options.filling import BATCH, filled

NODES = 128
"""Of the integral. [-]"""
TILT = np.pi / 12
OFFSETS = 2.0 ** np.arange(-6.0, 8.5, 0.5)
"""Distances of the line from the pole that are tried, in inverse standard deviations of the log price [-]."""
REACHES = 2.0 ** np.arange(1.0, 18.0)
"""Ends of the integral that are tried, in widths of the integrand [-]."""
FAR = 2.0 ** np.array([3.0, 6.0, 9.0, 12.0, 15.0])
"""Where directions of the line are compared, in widths of the integrand [-]."""
LEFT_OUT = 40.0
"""An integral ends where its integrand is smaller than at its start by the exponential of this [-]."""
Bool = bool | Array

Value = Callable[[PriceLaw, Array, Bool], Array]
"""Price of one option, given its law, its terms `[5]`, and whether it is a put."""


def out_of_the_money(law: PriceLaw, k: Array, tau: Array) -> Array:
    """Price of the option that is out of the money.

    Args:
        law: Law of the price.
        k: log(K/F). [-]
        tau: Time to maturity. [years]

    Returns:
        Undiscounted price over the forward price, of the call for k >= 0, of the put otherwise. [-]
    """

    strike = jnp.asarray(k, dtype=complex)

    def log_integrand(p: Array) -> Array:
        return law.log_moment(p, tau) + (1.0 - p) * strike - jnp.log(p * (p - 1.0))

    a, width, turn, reach = jax.lax.stop_gradient(_line(law, log_integrand, k, tau))
    x, w = np.polynomial.legendre.leggauss(NODES)
    stretch = jnp.arcsinh(reach) / 2
    t = stretch * jnp.asarray(x + 1)
    p = _along(a, turn, width * jnp.sinh(t))
    logs = jax.vmap(log_integrand)(p)
    top = jax.lax.stop_gradient(jnp.max(jnp.real(logs)))
    values = jnp.real(turn * jnp.exp(logs - top.astype(complex)))
    return jnp.exp(top) * stretch * width / jnp.pi * jnp.sum(jnp.asarray(w) * jnp.cosh(t) * values)


def _along(a: Array, turn: Array, u: Array) -> Array:
    """Points of the line."""
    a, u = (jnp.asarray(part, dtype=complex) for part in (a, u))
    return a + 1j * turn * u


def _line(law: PriceLaw, log_integrand: Any, k: Array, tau: Array) -> tuple[Array, Array, Array, Array]:
    """Where the line crosses the real axis, width of the integrand, direction of the line, its end in widths."""
    call = k >= 0
    offsets = jnp.asarray(OFFSETS) / jnp.sqrt(law.variance(tau))
    powers = jnp.where(call, 1.0 + offsets, -offsets)
    size = lambda p: jnp.real(log_integrand(p.astype(complex)))
    sizes = jnp.where(jax.vmap(lambda p: law.finite(p, tau))(powers), jax.vmap(size)(powers), jnp.inf)
    a = powers[jnp.argmin(sizes)]
    # Second derivative of a convex function, by differences on the side of the pole: beyond a moments may be infinite.
    step = 0.1 * jnp.where(call, 1.0 - a, -a)
    bend = (size(a) - 2 * size(a + step) + size(a + 2 * step)) / step**2
    width = 1 / jnp.sqrt(jnp.maximum(bend, 1e-300))
    turns = jnp.asarray(np.exp(1j * TILT * np.array([-1.0, 0.0, 1.0])))
    decay = lambda turn, reach: jnp.real(log_integrand(_along(a, turn, width * reach))) - size(a)
    # The direction must be right far out as well, where the integrand of one direction may grow without bounds.
    far = jax.vmap(lambda turn: jax.vmap(lambda reach: decay(turn, reach))(jnp.asarray(FAR)))(turns)
    turn = turns[jnp.argmin(jnp.sum(jnp.clip(far, -LEFT_OUT, LEFT_OUT), axis=1))]
    ends = jnp.asarray(REACHES)
    small = jax.vmap(lambda reach: decay(turn, reach))(ends) + jnp.log(ends) < -LEFT_OUT
    return a, width, turn, jnp.where(jnp.any(small), ends[jnp.argmax(small)], ends[-1])


def call(law: PriceLaw, spot: Number, strike: Number, tau: Number, rate: Number = 0.0, dividend: Number = 0.0) -> Array:
    """Price of a European call, pure and differentiable in every argument.

    Args:
        law: Law of the price.
        spot: Price of the asset. [currency]
        strike: [currency]
        tau: Time to maturity. [years]
        rate: Interest, continuously compounded. [1/year]
        dividend: Dividend yield, the same. [1/year]

    Returns:
        `[]`. [currency]
    """
    return exact_value(
        law, jnp.stack([jnp.asarray(a, dtype=float) for a in (spot, strike, tau, rate, dividend)]), False
    )


def implied(law: PriceLaw, k: Array, tau: Array) -> Array:
    """Black-Scholes volatility of a price, pure and differentiable. [1/sqrt(year)]"""
    return total_volatility(k, out_of_the_money(law, k, tau)) / jnp.sqrt(tau)


class Greeks(NamedTuple):
    """Price and derivatives of options.

    Attributes:
        price: [currency]
        delta: Derivative in the price of the asset. [-]
        gamma: Its second derivative. [1/currency]
        law: Derivatives in every parameter of the law, as a law: `law.v` is vega to the variance of Heston.
    """

    price: np.ndarray
    delta: np.ndarray
    gamma: np.ndarray
    law: PriceLaw


def price(
    law: PriceLaw,
    spot: Any,
    strike: Any,
    tau: Any,
    rate: Any = 0.0,
    dividend: Any = 0.0,
    kind: str = "call",
    value: Value | None = None,
) -> np.ndarray:
    """Prices of European options, in float64.

    Over the box `inputs.HESTON` they are right to 1e-12 of themselves, over `inputs.JUMPS` to 1e-9 of the forward.

    Args:
        law: Law of the price; its parameters are numbers, or arrays with a value per option.
        spot: Price of the asset, any shapes that broadcast. [currency]
        strike: [currency]
        tau: Time to maturity. [years]
        rate: Interest, continuously compounded. [1/year]
        dividend: Dividend yield, the same. [1/year]
        kind: `call` or `put`.
        value: What prices one option; None: the integral. `surface.value` of a `VolatilitySurface` prices with it.

    Returns:
        Prices in the common shape. [currency]

    Raises:
        ConfigError: Times, prices or parameters outside of their ranges.
    """
    flat, shape = _options(law, (spot, strike, tau, rate, dividend), kind)
    with jax.enable_x64(True):
        return _shaped(_prices(*flat, value or exact_value), shape)


def greeks(
    law: PriceLaw,
    spot: Any,
    strike: Any,
    tau: Any,
    rate: Any = 0.0,
    dividend: Any = 0.0,
    kind: str = "call",
    value: Value | None = None,
) -> Greeks:
    """Prices of European options with their derivatives; arguments and errors of `price`.

    Args:
        value: What prices one option; None: the integral. `surface.value` of a `VolatilitySurface` prices with it.
    """
    flat, shape = _options(law, (spot, strike, tau, rate, dividend), kind)
    with jax.enable_x64(True):
        return jax.tree.map(lambda a: _shaped(a, shape), _greeks(*flat, value or exact_value))


def _options(law: PriceLaw, terms: tuple[Any, ...], kind: str) -> tuple[tuple[PriceLaw, Array, Array], tuple[int, ...]]:
    """The law of every option, its terms `[n, 5]`, whether it is a put, and the shape of the answer."""
    if kind not in ("call", "put"):
        raise ConfigError(f"kind must be call or put, got {kind!r}; choose one of them.")
    leaves, structure = jax.tree.flatten(law)
    arrays = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (*terms, *leaves)))
    for name, values in zip(("spot", "strike", "tau"), arrays, strict=False):
        if not np.all(values > 0):
            raise ConfigError(f"{name} must be positive, got {values[~(values > 0)].flat[0]}; change it.")
    law.check()
    with jax.enable_x64(True):
        flat = [jnp.asarray(filled(a.ravel())) for a in arrays]
        laws = jax.tree.unflatten(structure, flat[len(terms) :])
        return (laws, jnp.stack(flat[: len(terms)], axis=1), jnp.asarray(kind == "put")), arrays[0].shape


def _shaped(values: Array, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(values)[: math.prod(shape)].reshape(shape)


def exact_value(law: PriceLaw, terms: Array, is_put: Bool) -> Array:
    """Price of one option of which `terms` are spot, strike, time to maturity, rate and dividend yield. [currency]"""
    spot, strike, tau, rate, dividend = terms
    forward = forward_price(spot, tau, rate, dividend)
    k = jnp.log(strike / forward)
    # What exercise is worth is added to the option out of the money, never subtracted: small prices keep their digits.
    worth = jnp.where((k >= 0) == is_put, jnp.where(is_put, 1.0, -1.0) * jnp.expm1(k), 0.0)
    return jnp.exp(-rate * tau) * forward * (worth + out_of_the_money(law, k, tau))


@eqx.filter_jit
def _prices(laws: PriceLaw, terms: Array, is_put: Array, value: Value) -> Array:
    return jax.lax.map(lambda one: value(one[0], one[1], is_put), (laws, terms), batch_size=BATCH)


@eqx.filter_jit
def _greeks(laws: PriceLaw, terms: Array, is_put: Array, value: Value) -> Greeks:
    def one(option: tuple[PriceLaw, Array]) -> Greeks:
        law, terms = option
        of_spot = lambda spot: value(law, terms.at[0].set(spot), is_put)
        (worth, delta), (_, gamma) = jax.jvp(jax.value_and_grad(of_spot), (terms[0],), (jnp.ones_like(terms[0]),))
        return Greeks(worth, delta, gamma, jax.grad(value)(law, terms, is_put))

    return jax.lax.map(one, (laws, terms), batch_size=BATCH)


def implied_volatilities(law: PriceLaw, k: Any, tau: Any) -> np.ndarray:
    """Black-Scholes volatilities of a law's prices, in float64, accurate however far out of the money.

    Args:
        law: Law of the price; its parameters are numbers, or arrays with a value per option.
        k: log(K/F), any shapes that broadcast. [-]
        tau: Times to maturity. [years]

    Returns:
        Volatilities in the common shape; NaN where a price is too small to have one. [1/sqrt(year)]

    Raises:
        ConfigError: Times or parameters outside of their ranges.
    """
    flat, shape = _options(law, (1.0, np.exp(np.asarray(k, dtype=float)), tau, 0.0, 0.0), "call")
    with jax.enable_x64(True):
        return _shaped(_implied(flat[0], flat[1]), shape)


@eqx.filter_jit
def _implied(laws: PriceLaw, terms: Array) -> Array:
    return jax.lax.map(lambda one: implied(one[0], jnp.log(one[1][1]), one[1][2]), (laws, terms), batch_size=BATCH)
