"""Parameters of one Gaussian process: maximum of its likelihood or leave-one-out density, over several starts."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.surrogate.kernels import Kernel
from saddlepath.surrogate.likelihood import Points, objective

SIGNAL = ((1e-4, 1e7), (0.5, 20.0))
"""Bounds of the signal variance of standardised values, and where restarts draw it [-]."""
NOISE = ((1e-10, 10.0), (1e-6, 1e-2))
"""The same of a learnt noise variance [-]."""


class Fitted(NamedTuple):
    """Parameters of one process.

    Attributes:
        p: Log signal variance and the kernel's parameters.
        noise: Variance of the noise that all points share. [standardised units squared]
        value: Objective reached.
    """

    p: np.ndarray
    noise: float
    value: float


def _negative(v: Array, kernel: Kernel, name: str, points: Points, fixed: Array, learn: bool) -> Array:
    noise = jnp.exp(v[-1]) if learn else fixed
    return -objective(kernel, name, v[:-1] if learn else v, points, noise)


@eqx.filter_jit
def _value_and_slope(v: Array, *given: Any) -> tuple[Array, Array]:
    return jax.value_and_grad(_negative)(v, *given)


@eqx.filter_jit
def _values(vs: Array, *given: Any) -> Array:
    """Without slopes, one after the other: a covariance at a time is enough to hold."""
    values = jax.lax.map(lambda v: _negative(v, *given), vs)
    return jnp.where(jnp.isfinite(values), values, jnp.inf)


def maximise(
    kernel: Kernel, name: str, points: Points, noise: float | None, restarts: int, seed: int, first: np.ndarray | None
) -> Fitted:
    """The best of several runs of L-BFGS-B.

    Args:
        kernel: Structure of the covariance.
        name: `likelihood` or `loo`.
        points: Points and standardised values of one output.
        noise: Fixed variance of the noise beside the one known per point; None: learnt.
        restarts: Number of starts, the first in the middle of the ranges or at `first`, the others the
            best of as many random points as the kernel asks for.
        seed: Of the other starts.
        first: Parameters to start from, as a fit to fewer points found them.

    Raises:
        ConfigError: `name` is unknown.
        ConvergenceError: No start gives a positive definite covariance.
    """
    from scipy.optimize import minimize

    if name not in ("likelihood", "loo"):
        raise ConfigError(f"objective must be likelihood or loo, got {name!r}; choose one of them.")
    ranges = [SIGNAL, *kernel.ranges(points.x.shape[1]), *([NOISE] if noise is None else [])]
    bounds = np.log([outer for outer, _ in ranges])
    low, high = np.log([inner for _, inner in ranges]).T
    random = np.random.default_rng(seed)
    given = kernel, name, points, jnp.asarray(0.0 if noise is None else noise), noise is None

    def negative(v: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = _value_and_slope(jnp.asarray(v), *given)
        fine = bool(np.isfinite(value) & np.isfinite(slope).all())
        return (float(value), np.asarray(slope)) if fine else (1e25, np.zeros(len(v)))

    def best_draw() -> np.ndarray:
        drawn = low + (high - low) * random.random((kernel.screened, len(low)))
        return drawn[int(np.argmin(_values(jnp.asarray(drawn), *given)))] if kernel.screened > 1 else drawn[0]

    starts = [(low + high) / 2 if first is None else first, *(best_draw() for _ in range(restarts - 1))]
    runs = [minimize(negative, start, jac=True, method="L-BFGS-B", bounds=bounds) for start in starts]
    best = min(runs, key=lambda run: run.fun)
    if best.fun >= 1e25:
        raise ConvergenceError(
            "no length scales and noise give the labels a positive definite covariance; allow more noise, or another "
            "kernel."
        )
    v = np.asarray(best.x)
    return Fitted(v if noise is not None else v[:-1], float(np.exp(v[-1])) if noise is None else noise, -best.fun)
