"""What a Gaussian process is fitted by: its log marginal likelihood, or the density of points left out.

One Cholesky factor serves values, gradients and all leave-one-out predictions. Points are padded to a few fixed counts,
so that a growing data set compiles once per count; padded rows are unrelated to everything and count for nothing.

References:
    Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, equations 2.30, 5.9 and 5.10 to 5.12.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.surrogate.kernels import Kernel

LOG_TWO_PI = float(np.log(2 * np.pi))
RELATIVE_NOISE = 2e-15
"""Least variance of the noise per point, relative to that of the signal: keeps the matrix positive definite [-]."""


class Points(NamedTuple):
    """Points of a fit, padded.

    Attributes:
        x: Positions in the unit cube `[n, d]`.
        y: Transformed values of one output `[n]`.
        noise: Known variance of every value, transformed `[n]`.
        used: One for a point, zero for padding `[n]`.
    """

    x: Array
    y: Array
    noise: Array
    used: Array


class LeftOut(NamedTuple):
    """Predictions of every point from all others at the same parameters: residual, variance `[n]`."""

    residual: Array | np.ndarray
    variance: Array | np.ndarray


def padded_size(n: int) -> int:
    """The count to which `n` points are padded: at most a quarter more than a power of two allows in between."""
    step = max(16, 2 ** int(np.floor(np.log2(max(n, 1)))) // 4)
    return int(np.ceil(n / step) * step)


def covariance(kernel: Kernel, p: Array, a: Float[Array, "n d"], b: Float[Array, "m d"]) -> Float[Array, "n m"]:
    """Signal covariance between two sets of points; `p` is the log variance and then the kernel's own parameters."""
    one = lambda u, v: kernel.value(p[1:], u, v)
    return jnp.exp(p[0]) * jax.vmap(jax.vmap(one, (None, 0)), (0, None))(a, b)


def own_covariance(kernel: Kernel, p: Array, points: Points, noise: Array) -> Float[Array, "n n"]:
    """Covariance of the observed values; `noise` is the variance that all share."""
    both = jnp.outer(points.used, points.used)
    n = points.used.shape[0]
    shared = noise + RELATIVE_NOISE * n * jnp.exp(p[0])
    diagonal = jnp.where(points.used > 0, points.noise + shared, 1.0)
    return both * covariance(kernel, p, points.x, points.x) + jnp.diag(diagonal)


@jax.custom_vjp
def log_marginal(k: Float[Array, "n n"], y: Float[Array, " n"]) -> Float[Array, ""]:
    """Log density of normal values with covariance `k`, without the constant n/2 log 2 pi."""
    return _log_marginal(k, y)[0]


def _log_marginal(k: Array, y: Array) -> tuple[Array, tuple[Array, Array]]:
    factor = jnp.linalg.cholesky(k)
    alpha = jax.scipy.linalg.cho_solve((factor, True), y)
    return -0.5 * y @ alpha - jnp.sum(jnp.log(jnp.diag(factor))), (factor, alpha)


def _slope(kept: tuple[Array, Array], seed: Array) -> tuple[Array, Array]:
    """Slope in the covariance from one inverse, instead of through the factorisation."""
    factor, alpha = kept
    inverse = jax.scipy.linalg.cho_solve((factor, True), jnp.eye(alpha.size, dtype=alpha.dtype))
    return 0.5 * seed * (jnp.outer(alpha, alpha) - inverse), -seed * alpha


log_marginal.defvjp(_log_marginal, _slope)


def left_out(k: Float[Array, "n n"], y: Float[Array, " n"]) -> LeftOut:
    """All leave-one-out predictions from one inverse."""
    return left_out_by(jnp.linalg.cholesky(k), y)


def left_out_by(factor: Float[Array, "n n"], y: Float[Array, " n"]) -> LeftOut:
    """The same from the lower Cholesky factor of the covariance."""
    inverse = jax.scipy.linalg.cho_solve((factor, True), jnp.eye(y.size, dtype=y.dtype))
    precision = jnp.diag(inverse)
    return LeftOut((inverse @ y) / precision, 1 / precision)


def log_density(found: LeftOut, used: Float[Array, " n"]) -> Float[Array, ""]:
    """Sum of the log densities of the points left out."""
    terms = -0.5 * (LOG_TWO_PI + jnp.log(found.variance) + found.residual**2 / found.variance)
    return jnp.sum(used * terms)


def objective(kernel: Kernel, name: str, p: Array, points: Points, noise: Array) -> Float[Array, ""]:
    """What is maximised: `likelihood`, the log marginal likelihood, or `loo`, the log density of points left out."""
    k = own_covariance(kernel, p, points, noise)
    if name == "loo":
        return log_density(left_out(k, points.y), points.used)
    return log_marginal(k, points.y) - 0.5 * LOG_TWO_PI * jnp.sum(points.used)
