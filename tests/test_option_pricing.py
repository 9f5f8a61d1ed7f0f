"""Prices by the integral: printed values, an independent quadrature over the whole box, limits, identities."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

from saddlepath.errors import ConfigError
from saddlepath.options.black_scholes import implied_volatility
from saddlepath.options.characteristic import (
    Bates,
    BlackScholes,
    DoubleExponentialJumps,
    Heston,
    NormalJumps,
    PriceLaw,
)
from saddlepath.options.pricing import greeks, price

A = Heston(v=0.04, kappa=2.0, vbar=0.04, sigma=0.5, rho=-0.7)
B = Bates(A, DoubleExponentialJumps(rate=1.0, up=0.05, down=0.10, share=0.4))
C = Bates(Heston(0.09, 5.0, 0.06, 1.0, -0.8), DoubleExponentialJumps(2.0, 0.02, 0.08, 0.3))
STRIKES = np.array([85.0, 100.0, 110.0])
TERMS = {"rate": 0.02, "dividend": 0.01}

# Own computation by Lewis's integral, checked against the analytic Heston engine of QuantLib to 1e-12 where there are
# no jumps and against Monte Carlo where there are. Eight printed decimals, seven of volatilities.
PRINTED = [
    (A, 30 / 365, (15.08786967, 2.28209458, 0.03408429), (0.2556954, 0.1961885, 0.1595748)),
    (A, 0.5, (16.58128244, 5.43918353, 1.34961714), (0.2343272, 0.1854009, 0.1567345)),
    (B, 7 / 365, (15.03165520, 1.16659596, 0.00769091), (0.4938027, 0.2094860, 0.2735329)),
    (B, 30 / 365, (15.17377437, 2.48561334, 0.08695077), (0.3151361, 0.2140141, 0.1865695)),
    (B, 0.5, (17.01263872, 6.25588633, 2.01829255), (0.2608646, 0.2146617, 0.1868614)),
    (C, 30 / 365, (15.42440837, 3.51147159, 0.25823253), (0.4001296, 0.3038869, 0.2352150)),
    (C, 0.5, (18.17289018, 7.95585455, 3.42489211), (0.3238083, 0.2756331, 0.2442786)),
]


BY_DEFAULT = 2
"""The printed case with jumps and the shortest life; the others are slow."""


@pytest.mark.parametrize(
    ("law", "tau", "prices", "volatilities"),
    [pytest.param(*case, marks=() if n == BY_DEFAULT else pytest.mark.slow) for n, case in enumerate(PRINTED)],
)
def test_printed_prices(law: PriceLaw, tau: float, prices: tuple[float, ...], volatilities: tuple[float, ...]) -> None:
    found = price(law, 100.0, STRIKES, tau, **TERMS)
    np.testing.assert_allclose(found, prices, atol=5.1e-9)
    np.testing.assert_allclose(implied_volatility(found, 100.0, STRIKES, tau, **TERMS), volatilities, atol=5.1e-8)


def black_scholes(forward: float, k: np.ndarray, s: float) -> np.ndarray:
    """Undiscounted calls with strikes exp(k) and total volatility s, written out."""
    d = (np.log(forward) - k) / s + s / 2
    return forward * ndtr(d) - np.exp(k) * ndtr(d - s)


def heston_by_quadrature(law: Heston, k: float, tau: float) -> float:
    """Undiscounted call over the forward price by Heston's two probabilities and adaptive quadrature (Heston 1993)."""
    v, kappa, vbar, sigma, rho = (float(x) for x in jax.tree.leaves(law))

    def characteristic(u: complex) -> complex:
        b = kappa - rho * sigma * 1j * u
        d = np.sqrt(b**2 + sigma**2 * (1j * u + u**2))
        g = (b - d) / (b + d)
        decay = np.exp(-d * tau)
        level = kappa * vbar / sigma**2 * ((b - d) * tau - 2 * np.log((1 - g * decay) / (1 - g)))
        return np.exp(level + v * (b - d) / sigma**2 * (1 - decay) / (1 - g * decay))

    def probability(shift: complex) -> float:
        f = lambda u: (np.exp(-1j * u * k) * characteristic(u + shift) / (1j * u)).real
        # Ends that grow geometrically: the integrand of a short maturity decays over tens of thousands.
        ends = [0.0, *np.geomspace(2.0, 2e5, 18)]
        parts = [quad(f, a, b, epsabs=1e-13, epsrel=1e-11, limit=400)[0] for a, b in zip(ends, ends[1:], strict=False)]
        return 0.5 + sum(parts) / np.pi

    return probability(-1j) - np.exp(k) * probability(0.0)


LOW = np.array([0.01, 0.5, 0.01, 0.1, -0.95, -3.0, 7 / 365])
HIGH = np.array([0.25, 10.0, 0.25, 1.0, 0.0, 2.0, 1.0])


def options(n: int, seed: int) -> np.ndarray:
    """Options inside the box, and at the corner where integrands decay most slowly."""
    inside = LOW + (HIGH - LOW) * np.random.default_rng(seed).random((n, len(LOW)))
    slow = [[0.01, 0.5, 0.01, 1.0, -0.95, m, 7 / 365] for m in (-3.0, 0.0, 2.0)]
    return np.vstack([inside, slow])


def check_against_quadrature(n: int) -> None:
    theta = options(n, seed=1)
    law = Heston(*theta[:, :5].T)
    tau = theta[:, 6]
    k = theta[:, 5] * np.sqrt(np.asarray(law.variance(jnp.asarray(tau))))
    found = price(law, 1.0, np.exp(k), tau)
    other = [heston_by_quadrature(Heston(*row[:5]), x, row[6]) for row, x in zip(theta, k, strict=True)]
    # What is asked is 1e-8 of a price of 100; the other quadrature is good to about 1e-11 of the forward price.
    np.testing.assert_allclose(found, other, atol=1e-10)


@pytest.mark.slow
def test_an_independent_quadrature_agrees() -> None:
    check_against_quadrature(8)


@pytest.mark.slow
def test_an_independent_quadrature_agrees_over_the_whole_box() -> None:
    check_against_quadrature(400)


def lewis_by_quadrature(law: Bates, k: float, tau: float) -> float:
    """Undiscounted call over the forward price by Lewis's integral along the middle of the strip (Lewis 2001)."""
    v, kappa, vbar, sigma, rho, rate, up, down, share = (float(x) for x in jax.tree.leaves(law))
    mean = share / (1 - up) + (1 - share) / (1 + down) - 1

    def integrand(u: float) -> float:
        z = u - 0.5j
        b = kappa - rho * sigma * 1j * z
        d = np.sqrt(b**2 + sigma**2 * (1j * z + z**2))
        g = (b - d) / (b + d)
        decay = np.exp(-d * tau)
        level = kappa * vbar / sigma**2 * ((b - d) * tau - 2 * np.log((1 - g * decay) / (1 - g)))
        jump = share / (1 - 1j * z * up) + (1 - share) / (1 + 1j * z * down) - 1
        log = level + v * (b - d) / sigma**2 * (1 - decay) / (1 - g * decay) + rate * tau * (jump - 1j * z * mean)
        return (np.exp(log - 1j * z * k) / (u**2 + 0.25)).real

    ends = [0.0, *np.geomspace(1.0, 1e5, 40)]
    parts = [
        quad(integrand, a, b, epsabs=1e-13, epsrel=1e-11, limit=400)[0] for a, b in zip(ends, ends[1:], strict=False)
    ]
    return 1 - np.exp(k) * sum(parts) / np.pi


# Laws near the bounds of the box with jumps: with these an integrand grew without bounds in one of the directions of
# the line, or the line lay close to a pole of the jumps.
HARD = [
    (
        Bates(Heston(0.7673, 34.81, 0.4519, 4.155, -0.9976), DoubleExponentialJumps(1.654, 0.2386, 0.2443, 0.1228)),
        0.376,
    ),
    (Bates(Heston(0.1567, 42.46, 0.0967, 3.7213, -0.9872), DoubleExponentialJumps(3.958, 0.264, 0.105, 0.162)), 0.454),
    (Bates(Heston(0.8064, 45.32, 0.7462, 2.8574, -0.9922), DoubleExponentialJumps(2.694, 0.375, 0.270, 0.176)), 0.227),
    (Bates(Heston(0.6455, 41.50, 0.7237, 0.3651, -0.3385), DoubleExponentialJumps(3.410, 0.381, 0.290, 0.997)), 0.05),
]


@pytest.mark.parametrize(("law", "tau"), HARD)
def test_laws_with_violent_jumps(law: Bates, tau: float) -> None:
    k = np.array([-1.0, 0.1, 0.9])
    exact = [lewis_by_quadrature(law, x, tau) for x in k]
    np.testing.assert_allclose(price(law, 1.0, np.exp(k), tau), exact, atol=1e-9)


@pytest.mark.parametrize("law", [BlackScholes(0.3), A, B, C, Bates(A, NormalJumps(0.5, -0.1, 0.15))])
def test_martingale(law: PriceLaw) -> None:
    """E[S_T / F] is one, and total probability is one."""
    taus, powers = (jnp.asarray(a) for a in ([7 / 365, 1.0, 10.0] * 2, [0.0] * 3 + [1.0] * 3))
    moments = jax.jit(jax.vmap(law.log_moment))(powers, taus)
    assert np.abs(moments).max() < 1e-12


def test_parity() -> None:
    calls, puts = (price(B, 100.0, STRIKES, 0.5, **TERMS, kind=kind) for kind in ("call", "put"))
    worth = 100 * np.exp(-0.01 * 0.5) - STRIKES * np.exp(-0.02 * 0.5)
    np.testing.assert_allclose(calls - puts, worth, atol=1e-12)


def test_without_jumps_all_laws_are_heston() -> None:
    plain = price(A, 100.0, STRIKES, 0.5, **TERMS)
    none = DoubleExponentialJumps(0.0, 0.05, 0.1, 0.4)
    np.testing.assert_allclose(price(Bates(A, none), 100.0, STRIKES, 0.5, **TERMS), plain, atol=1e-12)


@pytest.mark.parametrize("sigma", [0.0, 1e-9])
def test_a_certain_variance_is_black_scholes(sigma: float) -> None:
    found = price(Heston(0.04, 2.0, 0.04, sigma, -0.7), 100.0, STRIKES, 0.5, **TERMS)
    exact = np.exp(-0.01) * black_scholes(100 * np.exp(0.005), np.log(STRIKES), 0.2 * np.sqrt(0.5))
    # The first-order effect of sigma on a price of 100 is about sigma itself.
    np.testing.assert_allclose(found, exact, atol=1e-10 + 10 * sigma)


def test_small_prices_keep_their_digits() -> None:
    """Eight standard deviations out of the money, where a difference of probabilities would return round-off."""
    k = np.array([1.2, 1.6])
    exact = black_scholes(1.0, k, 0.2)
    assert exact.max() < 1e-10
    np.testing.assert_allclose(price(Heston(0.04, 2.0, 0.04, 0.0, -0.7), 1.0, np.exp(k), 1.0), exact, rtol=1e-11)


@pytest.mark.slow
def test_normal_jumps_are_a_mixture_of_black_scholes() -> None:
    """Merton (1976): given the number of jumps the price is normal; Heston with a certain variance is his diffusion."""
    rate, mean, sd, tau = 0.7, -0.1, 0.2, 0.75
    law = Bates(Heston(0.04, 2.0, 0.04, 0.0, 0.0), NormalJumps(rate, mean, sd))
    drift, weight, exact = np.expm1(mean + sd**2 / 2), np.exp(-rate * tau), 0.0
    for n in range(40):
        forward = np.exp(-rate * tau * drift + n * (mean + sd**2 / 2))
        volatility = np.sqrt(0.04 + n * sd**2 / tau)
        exact += weight * black_scholes(forward, np.log(1.1), volatility * np.sqrt(tau))
        weight *= rate * tau / (n + 1)
    assert price(law, 1.0, 1.1, tau) == pytest.approx(exact, abs=1e-13)


@pytest.mark.slow
def test_greeks_are_derivatives() -> None:
    found = greeks(A, 100.0, 105.0, 0.5, **TERMS)
    step = 1e-3
    up, down = (price(A, 100.0 + s, 105.0, 0.5, **TERMS) for s in (step, -step))
    assert found.price == pytest.approx(price(A, 100.0, 105.0, 0.5, **TERMS))
    assert found.delta == pytest.approx((up - down) / (2 * step), abs=1e-8)
    # Second differences of prices with round-off 1e-14 over 1e-6.
    assert found.gamma == pytest.approx((up - 2 * found.price + down) / step**2, abs=1e-7)
    more, less = (price(Heston(0.04 + s, 2.0, 0.04, 0.5, -0.7), 100.0, 105.0, 0.5, **TERMS) for s in (1e-5, -1e-5))
    law: Any = found.law
    assert law.v == pytest.approx((more - less) / 2e-5, rel=1e-6)


@pytest.mark.slow
def test_delta_at_the_forward_is_that_of_its_neighbours() -> None:
    """There the formula changes from the put to the call."""
    delta = greeks(A, [100.0 - 1e-7, 100.0, 100.0 + 1e-7], 100.0, 0.5).delta
    assert np.ptp(delta) < 1e-7


def test_other_parameters_and_numbers_of_options_compile_nothing() -> None:
    traced = []

    def value(law: Heston, terms: jax.Array, is_put: jax.Array) -> jax.Array:
        traced.append(1)
        return law.v * terms[1]

    assert price(A, 100.0, 90.0, 0.5, value=value) == pytest.approx(3.6)
    first = len(traced)
    again = price(Heston(0.05, 1.0, 0.1, 0.3, 0.1), 90.0, [80.0, 100.0], [[0.5], [1.0]], kind="put", value=value)
    np.testing.assert_allclose(again, [[4.0, 5.0], [4.0, 5.0]])
    assert len(traced) == first > 0


def test_refusals() -> None:
    with pytest.raises(ConfigError, match=r"rho must lie in \[-1, 1\], got 1.2"):
        price(Heston(0.04, 2.0, 0.04, 0.5, 1.2), 100.0, 100.0, 1.0)
    with pytest.raises(ConfigError, match=r"v must lie in \(0, inf\)"):
        price(Heston(0.0, 2.0, 0.04, 0.5, -0.5), 100.0, 100.0, 1.0)
    with pytest.raises(ConfigError, match="tau must be positive, got 0.0"):
        price(A, 100.0, 100.0, [0.5, 0.0])
    with pytest.raises(ConfigError, match="kind must be call or put"):
        price(A, 100.0, 100.0, 1.0, kind="digital")
