"""Covariance functions: what a Gaussian process believes about values at two points.

A kernel is structure only, an immutable value; its parameters are a flat vector of logarithms that a fit finds, so that
new parameters compile nothing and a file holds plain data. All have unit variance at distance zero except `Linear`; the
process itself carries the signal variance. Inputs are positions in the unit cube.

References:
    Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, chapter 4; Duvenaud, Lloyd, Grosse,
    Tenenbaum and Ghahramani (2013, ICML) for sums and products as a language of structure.
"""

import abc
import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

LENGTHS = (1e-2, 1e2)
"""Bounds of a length scale, where the box is the unit cube [-]."""
FIRST_LENGTHS = (0.1, 2.0)
"""Where restarts draw it [-]."""


@dataclasses.dataclass(frozen=True)
class Kernel(abc.ABC):
    """A covariance function with its own number of logarithmic parameters."""

    @abc.abstractmethod
    def ranges(self, d: int) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        """Per parameter: its bounds, and the smaller range in which restarts begin, both as levels."""

    @abc.abstractmethod
    def value(self, p: Float[Array, " n_parameters"], a: Float[Array, " d"], b: Float[Array, " d"]) -> Float[Array, ""]:
        """Covariance of the values at two points."""

    def size(self, d: int) -> int:
        """Number of parameters with `d` inputs."""
        return len(self.ranges(d))

    @property
    def screened(self) -> int:
        """Random points of which the best is a start of the optimiser; more than one where maxima are many."""
        return 1

    def __add__(self, other: "Kernel") -> "Kernel":
        return Sum((self, other))

    def __mul__(self, other: "Kernel") -> "Kernel":
        return Product((self, other))


def _lengths(d: int, ard: bool) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return [(LENGTHS, FIRST_LENGTHS)] * (d if ard else 1)


def _squared_distances(p: Array, a: Float[Array, "n d"], b: Float[Array, "m d"]) -> Float[Array, "n m"]:
    """Of all pairs by one matrix product, from the middle of the box so that little cancels."""
    left, right = ((points - 0.5) * jnp.exp(-p)[None] for points in (a, b))
    squares = jnp.sum(left**2, axis=1)[:, None] + jnp.sum(right**2, axis=1)[None]
    return jnp.maximum(squares - 2 * left @ right.T, 0.0)


def _root(squared: Array) -> Array:
    """Square root whose slope at zero is zero: coincident points have no direction in which they part."""
    apart = squared > 0
    return jnp.where(apart, jnp.sqrt(jnp.where(apart, squared, 1.0)), 0.0)


@dataclasses.dataclass(frozen=True)
class Radial(Kernel):
    """A function of the distance r in length scales, whose logarithms are the last parameters."""

    shapes: ClassVar[int] = 0
    """Parameters before the length scales."""

    @abc.abstractmethod
    def of_squared(self, p: Float[Array, " n_parameters"], squared: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Covariances at squared distances r^2."""

    @abc.abstractmethod
    def bends(self, p: Float[Array, " n_parameters"], squared: Float[Array, "*shape"]) -> tuple[Array, Array]:
        """Minus two times the first and four times the second derivative of `of_squared`: covariances of slopes.

        The second may be infinite at zero, where a product of two distances multiplies it; it counts zero there.
        """

    def value(self, p, a, b):
        return self.of_squared(p, jnp.sum(((a - b) * jnp.exp(-p[self.shapes :])) ** 2))


@dataclasses.dataclass(frozen=True)
class SquaredExponential(Radial):
    """exp(-r^2/2): values that are smooth without limit.

    Attributes:
        ard: One length scale per input instead of one for all.
    """

    ard: bool = True

    def ranges(self, d):
        return _lengths(d, self.ard)

    def of_squared(self, p, squared):
        return jnp.exp(-0.5 * squared)

    def bends(self, p, squared):
        covariance = self.of_squared(p, squared)
        return covariance, covariance


@dataclasses.dataclass(frozen=True)
class Matern(Radial):
    """Matern covariance of smoothness 1/2, 3/2 or 5/2: values with zero, one or two derivatives.

    Attributes:
        smoothness: 0.5, 1.5 or 2.5.
        ard: One length scale per input instead of one for all.
    """

    smoothness: float = 2.5
    ard: bool = True

    def __post_init__(self) -> None:
        from saddlepath.errors import ConfigError

        if self.smoothness not in (0.5, 1.5, 2.5):
            raise ConfigError(f"Matern needs smoothness 0.5, 1.5 or 2.5, got {self.smoothness}; choose one of them.")

    def ranges(self, d):
        return _lengths(d, self.ard)

    def of_squared(self, p, squared):
        t = np.sqrt(2 * self.smoothness) * _root(squared)
        if self.smoothness == 0.5:
            return jnp.exp(-t)
        return (1 + t + (t**2 / 3 if self.smoothness == 2.5 else 0.0)) * jnp.exp(-t)

    def bends(self, p, squared):
        from saddlepath.errors import ConfigError

        t = np.sqrt(2 * self.smoothness) * _root(squared)
        falls = jnp.exp(-t)
        if self.smoothness == 0.5:
            raise ConfigError("values with a Matern covariance of smoothness 0.5 have no slopes; take 1.5 or 2.5.")
        if self.smoothness == 2.5:
            return 5 / 3 * (1 + t) * falls, 25 / 3 * falls
        return 3 * falls, 9 * jnp.where(t > 0, falls / jnp.where(t > 0, t, 1.0), 0.0)


@dataclasses.dataclass(frozen=True)
class RationalQuadratic(Radial):
    """(1 + r^2 / 2a)^-a: squared exponentials of many lengths at once.

    Attributes:
        ard: One length scale per input instead of one for all.
    """

    shapes: ClassVar[int] = 1
    ard: bool = True

    def ranges(self, d):
        return [((1e-2, 1e3), (0.5, 5.0)), *_lengths(d, self.ard)]

    def of_squared(self, p, squared):
        shape = jnp.exp(p[0])
        return jnp.exp(-shape * jnp.log1p(squared / (2 * shape)))

    def bends(self, p, squared):
        shape = jnp.exp(p[0])
        first = self.of_squared(p, squared) / (1 + squared / (2 * shape))
        return first, (1 + 1 / shape) * first / (1 + squared / (2 * shape))


@dataclasses.dataclass(frozen=True)
class Periodic(Kernel):
    """exp(-2 sin^2(pi r/period) / l^2), summed over inputs in the exponent.

    Attributes:
        ard: One period and one length scale per input instead of one for all.
    """

    ard: bool = True

    @property
    def screened(self):
        return 200  # from eight starts the period of forty points was found by 17 of 20 seeds with 50, by all with 200

    def ranges(self, d):
        n = d if self.ard else 1
        return [((2e-2, 10.0), (0.1, 1.0))] * n + _lengths(d, self.ard)

    def value(self, p, a, b):
        period, length = jnp.split(jnp.exp(p), 2)
        return jnp.exp(-2 * jnp.sum((jnp.sin(jnp.pi * (a - b) / period) / length) ** 2))


@dataclasses.dataclass(frozen=True)
class Linear(Kernel):
    """Sum of (a - 1/2)(b - 1/2)/l^2 over inputs: straight lines through the middle of the box.

    Attributes:
        ard: One length scale per input instead of one for all.
    """

    ard: bool = True

    def ranges(self, d):
        return _lengths(d, self.ard)

    def value(self, p, a, b):
        return jnp.sum((a - 0.5) * (b - 0.5) * jnp.exp(-2 * p))


@dataclasses.dataclass(frozen=True)
class Constant(Kernel):
    """One everywhere: a level that is not known, as a term of a sum."""

    def ranges(self, d):
        return []

    def value(self, p, a, b):
        return jnp.ones((), dtype=a.dtype)


@dataclasses.dataclass(frozen=True)
class White(Kernel):
    """One where both points are the same, else zero: noise, as a term of a sum."""

    def ranges(self, d):
        return []

    def value(self, p, a, b):
        return jnp.all(a == b).astype(a.dtype)


@dataclasses.dataclass(frozen=True)
class Sum(Kernel):
    """A sum with a weight per term, of which the first is one.

    Attributes:
        terms: The kernels.
    """

    terms: tuple[Kernel, ...]

    @property
    def screened(self):
        return max(part.screened for part in self.terms)

    def ranges(self, d):
        weights = [((1e-6, 1e6), (0.1, 10.0))] * (len(self.terms) - 1)
        return weights + [r for term in self.terms for r in term.ranges(d)]

    def value(self, p, a, b):
        n = len(self.terms) - 1
        weights = jnp.concatenate([jnp.zeros(1, dtype=p.dtype), p[:n]])
        return jnp.sum(jnp.exp(weights) * jnp.stack(_values(self.terms, p[n:], a, b)))


@dataclasses.dataclass(frozen=True)
class Product(Kernel):
    """A product.

    Attributes:
        factors: The kernels.
    """

    factors: tuple[Kernel, ...]

    @property
    def screened(self):
        return max(part.screened for part in self.factors)

    def ranges(self, d):
        return [r for factor in self.factors for r in factor.ranges(d)]

    def value(self, p, a, b):
        return jnp.prod(jnp.stack(_values(self.factors, p, a, b)))


def _values(kernels: tuple[Kernel, ...], p: Array, a: Array, b: Array) -> list[Array]:
    ends = np.cumsum([0, *(kernel.size(a.size) for kernel in kernels)])
    return [k.value(p[i:j], a, b) for k, i, j in zip(kernels, ends[:-1], ends[1:], strict=True)]


def all_pairs(
    kernel: Kernel, p: Float[Array, " n_parameters"], a: Float[Array, "n d"], b: Float[Array, "m d"]
) -> Float[Array, "n m"]:
    """Covariances of the values at all pairs of two sets of points.

    Functions of the distance take it from one matrix product, many times faster than pair by pair. Squared distances
    err by rounding relative to the size of the box in length scales: for predictions, not for a matrix to be inverted.
    """
    if isinstance(kernel, Radial):
        return kernel.of_squared(p, _squared_distances(p[kernel.shapes :], a, b))
    return jax.vmap(jax.vmap(lambda u, v: kernel.value(p, u, v), (None, 0)), (0, None))(a, b)
