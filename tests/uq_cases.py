"""Functions with known sensitivity indices, and a surrogate with a known error."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from saddlepath.marginals import Gaussian, Uniform
from saddlepath.prior import Box, Prior
from saddlepath.surrogate.base import Prediction, Surrogate

# Ishigami and Homma (1990) with 7 and 0.1: exact variance components, and from them Shapley effects (Owen 2014).
ISHIGAMI = Prior(**{name: Uniform(-np.pi, np.pi) for name in "abc"})
ISHIGAMI_FIRST = (0.3139, 0.4424, 0.0)
ISHIGAMI_TOTAL = (0.5576, 0.4424, 0.2437)
ISHIGAMI_SHAPLEY = (0.435747, 0.442411, 0.121842)

# Sobol' (1993), g-function with these coefficients.
G_COEFFICIENTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0])
G = Prior(**{f"x{i}": Uniform(0.0, 1.0) for i in range(6)})
G_FIRST = (0.716343, 0.179086, 0.023681, 0.007163, 7.163e-5, 7.163e-5)
G_TOTAL = (0.787257, 0.242233, 0.034322, 0.010462, 1.0496e-4, 1.0496e-4)
G_SHAPLEY = (0.751651, 0.210514, 0.028886, 0.008773, 8.789e-5, 8.789e-5)

# The sum of three normal numbers with variances 1, 1, 4, the last two correlated (Iooss and Prieur 2019).
LINEAR_SHAPLEY = {0.5: (0.125, 0.296875, 0.578125), 0.9: (0.104167, 0.418229, 0.477604)}
ROUNDED = 1e-6
"""Digits of the numbers above, in absolute terms; those with four digits have 5e-5."""


def ishigami(x: Any) -> Any:
    """The Ishigami function of `[..., 3]`, for NumPy and JAX."""
    xp = jnp if isinstance(x, jax.Array) else np
    return xp.sin(x[..., 0]) + 7.0 * xp.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * xp.sin(x[..., 0])


def g_function(x: np.ndarray) -> np.ndarray:
    return np.prod((np.abs(4 * x - 2) + G_COEFFICIENTS) / (1 + G_COEFFICIENTS), axis=1)


def linear_prior(correlation: float) -> Prior:
    return Prior(a=Gaussian(0.0, 1.0), b=Gaussian(0.0, 1.0), c=Gaussian(0.0, 2.0), correlation={"b, c": correlation})


def total(x: np.ndarray) -> np.ndarray:
    return x.sum(axis=1)


def within(estimates: Any, exact: Any, rounded: float = ROUNDED) -> np.ndarray:
    """Which exact values lie inside the intervals, up to the digits that are known."""
    exact = np.asarray(exact)
    return (estimates.low - rounded <= exact) & (exact <= estimates.high + rounded)


class Drawn(eqx.Module):
    """`slopes @ theta` with slopes drawn."""

    slopes: Array

    def __call__(self, theta: Array) -> Array:
        return (self.slopes @ theta)[None]


class LinearSurrogate(Surrogate):
    """`slopes @ theta` whose slopes are known up to independent normal errors: every error can be told by hand."""

    box: Box
    outputs: tuple[str, ...] = eqx.field(static=True)
    slopes: Array
    errors: Array

    def at(self, theta: Array) -> Prediction:
        return Prediction((self.slopes @ theta)[None], jnp.sqrt(self.errors**2 @ theta**2)[None])

    def draw(self, key: PRNGKeyArray) -> Drawn:
        return Drawn(self.slopes + self.errors * jax.random.normal(key, self.slopes.shape))
