"""Parameters of one Gaussian process: maximum of its likelihood or leave-one-out density, over several starts."""

from typing import NamedTuple

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


@eqx.filter_jit
def _value_and_slope(v: Array, kernel: Kernel, name: str, points: Points, fixed: Array, learn: bool):
    def negative(v: Array) -> Array:
        noise = jnp.exp(v[-1]) if learn else fixed
        return -objective(kernel, name, v[:-1] if learn else v, points, noise)

    return jax.value_and_grad(negative)(v)


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
    draw = lambda: low + (high - low) * random.random(len(low))
    fixed = jnp.asarray(0.0 if noise is None else noise)

    def negative(v: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = _value_and_slope(jnp.asarray(v), kernel, name, points, fixed, noise is None)
        fine = bool(np.isfinite(value) & np.isfinite(slope).all())
        return (float(value), np.asarray(slope)) if fine else (1e25, np.zeros(len(v)))

    best_draw = lambda: min([draw() for _ in range(kernel.screened)], key=lambda v: negative(v)[0])
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
