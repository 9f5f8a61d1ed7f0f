"""Laws of an asset's price with a known moment generating function: Black-Scholes, Heston, and Heston with jumps.

All are laws of S_T / F, F being the forward price, under the pricing measure; each gives log E[(S_T / F)^p] for complex
powers p, from which prices follow by one integral. Powers for which the moment is infinite are told apart.

References:
    Heston (1993, Review of Financial Studies); Bates (1996, Review of Financial Studies), normal jumps; Kou (2002,
    Management Science), double-exponential jumps; Albrecher, Mayer, Schoutens and Tistaert (2007, Wilmott), the
    arrangement of Heston's formula whose logarithm stays on one branch; Andersen and Piterbarg (2007, Finance and
    Stochastics), when moments explode.
"""

import abc
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from saddlepath.errors import ConfigError

Number = Any
"""A float, or an array of shape `[]`."""


def require_between(name: str, value: Any, low: float, high: float, strict: bool = False, below: bool = False) -> None:
    """Refuse a parameter outside of `[low, high]`, or at `low` if `strict`, or at `high` if `below`.

    Raises:
        ConfigError: Names the parameter, its value and its range.
    """
    values = np.asarray(value, dtype=float)
    fine = ((values > low) if strict else (values >= low)) & ((values < high) if below else (values <= high))
    if not np.all(fine):
        first, last = "(" if strict else "[", ")" if below or not np.isfinite(high) else "]"
        raise ConfigError(f"{name} must lie in {first}{low:g}, {high:g}{last}, got {values[~fine].flat[0]}; change it.")


class PriceLaw(eqx.Module):
    """The law of S_T / F."""

    @abc.abstractmethod
    def check(self) -> None:
        """Refuse parameters outside of their ranges.

        Raises:
            ConfigError: Names the parameter, its value and its range.
        """

    @abc.abstractmethod
    def log_moment(self, p: Array, tau: Number) -> Array:
        """log E[(S_T / F)^p], zero at p = 0 and p = 1.

        Args:
            p: A power, real or complex.
            tau: Time to maturity. [years]

        Returns:
            Complex, of the shape of `p`. [-]
        """

    @abc.abstractmethod
    def finite(self, p: Array, tau: Number) -> Array:
        """Whether the moment of a real power exists; of a complex one it then exists too."""

    @abc.abstractmethod
    def variance(self, tau: Number) -> Array:
        """Expected quadratic variation of the log price until maturity. [-]"""


class BlackScholes(PriceLaw):
    """Geometric Brownian motion.

    Attributes:
        volatility: [1/sqrt(year)]
    """

    volatility: Number

    def check(self):
        require_between("volatility", self.volatility, 0.0, np.inf, strict=True)

    def log_moment(self, p, tau):
        (variance, p) = _complex(self.variance(tau), p)
        return 0.5 * variance * p * (p - 1.0)

    def finite(self, p, tau):
        return jnp.ones(jnp.shape(p), dtype=bool)

    def variance(self, tau):
        return jnp.asarray(self.volatility) ** 2 * tau


class Heston(PriceLaw):
    """Square-root variance: dS/S = (r - q) dt + sqrt(v) dW1, dv = kappa (vbar - v) dt + sigma sqrt(v) dW2.

    Attributes:
        v: Variance today. [1/year]
        kappa: Speed at which it returns to its mean. [1/year]
        vbar: Its mean. [1/year]
        sigma: Its volatility; zero is allowed. [1/year]
        rho: Correlation of dW1 and dW2. [-]
    """

    v: Number
    kappa: Number
    vbar: Number
    sigma: Number
    rho: Number

    def check(self):
        for name in ("v", "kappa", "vbar"):
            require_between(name, getattr(self, name), 0.0, np.inf, strict=True)
        require_between("sigma", self.sigma, 0.0, np.inf)
        require_between("rho", self.rho, -1.0, 1.0)

    def log_moment(self, p, tau):
        # With b - d = sigma^2 root, nothing is lost where sigma is small: every difference is written out.
        v, kappa, vbar, sigma, rho, p, tau = _complex(self.v, self.kappa, self.vbar, self.sigma, self.rho, p, tau)
        square, w = sigma**2, p * (p - 1.0)
        b = kappa - rho * sigma * p
        d = jnp.sqrt(b**2 - square * w)
        root, gone = w / (b + d), -jnp.expm1(-d * tau)
        slope = w * gone / (2 * d + square * root * gone)
        drift = root * tau - 2 * _log_ratio(square, root * gone / (2 * d))
        return kappa * vbar * drift + slope * v

    def finite(self, p, tau):
        """The denominator cosh(d tau / 2) + b/d sinh(d tau / 2) has no zero until maturity."""
        b = self.kappa - self.rho * self.sigma * p
        square = b**2 - jnp.asarray(self.sigma) ** 2 * p * (p - 1.0)
        d = jnp.sqrt(jnp.maximum(jnp.abs(square), 1e-300))
        real = d + b * jnp.tanh(d * tau / 2) > 0
        turning = d * tau / 2 < jnp.pi / 2 + jnp.arctan2(b, d)
        return jnp.where(square > 0, real, turning)

    def variance(self, tau):
        speed = jnp.asarray(self.kappa) * tau
        return self.vbar * tau + (self.v - self.vbar) * tau * (-jnp.expm1(-speed) / speed)


def _complex(*values: Number) -> tuple[Array, ...]:
    """Numbers as complex ones, so that no product mixes types."""
    return tuple(jnp.asarray(value, dtype=complex) for value in values)


def _log_ratio(square: Array, y: Array) -> Array:
    """log(1 + square y) / square, and y where square is zero."""
    some = jnp.real(square) > 0
    safe = jnp.where(some, square, 1.0)
    return jnp.where(some, jnp.log1p(safe * y) / safe, y)


class Jumps(eqx.Module):
    """Jumps of the log price that arrive at a constant rate; their mean effect is taken out of the drift."""

    rate: eqx.AbstractVar[Number]

    @abc.abstractmethod
    def check(self) -> None:
        """Refuse parameters outside of their ranges, as a `PriceLaw` does."""

    @abc.abstractmethod
    def moment(self, p: Array) -> Array:
        """E[exp(p z)] - 1 of one jump z, for a complex power."""

    @abc.abstractmethod
    def finite(self, p: Array) -> Array:
        """Whether it exists for a real power."""

    @abc.abstractmethod
    def square(self) -> Array:
        """E[z^2]. [-]"""


class DoubleExponentialJumps(Jumps):
    """Up with probability `share` by an exponential size of mean `up`, else down by one of mean `down`.

    Attributes:
        rate: Jumps expected. [1/year]
        up: Mean size of those up, below 1. [log price]
        down: Mean size of those down. [log price]
        share: Probability that a jump goes up. [-]
    """

    rate: Number
    up: Number
    down: Number
    share: Number

    def check(self):
        require_between("rate", self.rate, 0.0, np.inf)
        require_between("up", self.up, 0.0, 1.0, below=True)
        require_between("down", self.down, 0.0, np.inf)
        require_between("share", self.share, 0.0, 1.0)

    def moment(self, p):
        up, down, share = _complex(self.up, self.down, self.share)
        return share / (1.0 - p * up) + (1.0 - share) / (1.0 + p * down) - 1.0

    def finite(self, p):
        return (p * self.up < 1.0) & (p * self.down > -1.0)

    def square(self):
        up, down = jnp.asarray(self.up), jnp.asarray(self.down)
        return 2 * (self.share * up**2 + (1.0 - self.share) * down**2)


class NormalJumps(Jumps):
    """Jumps of normal size.

    Attributes:
        rate: Jumps expected. [1/year]
        mean: Mean of the log size. [log price]
        sd: Its standard deviation. [log price]
    """

    rate: Number
    mean: Number
    sd: Number

    def check(self):
        require_between("rate", self.rate, 0.0, np.inf)
        require_between("sd", self.sd, 0.0, np.inf)

    def moment(self, p):
        mean, sd = _complex(self.mean, self.sd)
        return jnp.expm1(p * mean + 0.5 * (p * sd) ** 2)

    def finite(self, p):
        return jnp.ones(jnp.shape(p), dtype=bool)

    def square(self):
        return jnp.asarray(self.mean) ** 2 + jnp.asarray(self.sd) ** 2


class Bates(PriceLaw):
    """Heston's variance, and jumps of the price: dS/S- = (r - q - rate m) dt + sqrt(v) dW1 + jump.

    Attributes:
        heston: The diffusion.
        jumps: Law of the jumps.
    """

    heston: Heston
    jumps: Jumps

    def check(self):
        self.heston.check()
        self.jumps.check()

    def log_moment(self, p, tau):
        rate, tau, p, one = _complex(self.jumps.rate, tau, p, 1.0)
        compensated = self.jumps.moment(p) - p * self.jumps.moment(one)
        return self.heston.log_moment(p, tau) + rate * tau * compensated

    def finite(self, p, tau):
        return self.heston.finite(p, tau) & self.jumps.finite(p)

    def variance(self, tau):
        return self.heston.variance(tau) + self.jumps.rate * tau * self.jumps.square()
