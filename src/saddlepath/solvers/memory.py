"""What earlier batches have said about the curvature of the loss, and the step that it gives.

`G <- memory G + J' J / n`, `d = -(G + lam I)^-1 J' r / n`. A long memory changes slowly, so that one factorisation
serves several steps; a refused step asks for a new one.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, DTypeLike, Float


class Remembered(NamedTuple):
    """What is kept from step to step; arrays of no size where nothing is.

    Attributes:
        curvature: The sum `G`.
        factor: Of `G + lam I` when it was last factorised, lower triangle.
        age: Steps since then.
    """

    curvature: Float[Array, "p p"]
    factor: Float[Array, "p p"]
    age: Array


def nothing(n_weights: int, every: int, dtype: DTypeLike) -> Remembered:
    """Before the first step; `n_weights` is 0 where nothing will be remembered."""
    sizes = n_weights, n_weights if every > 1 else 0
    return Remembered(*(jnp.zeros((n, n), dtype=dtype) for n in sizes), jnp.zeros((), dtype=int))


def step_from(
    past: Remembered,
    curvature: Float[Array, "p p"],
    slope: Float[Array, " p"],
    damping: Array,
    memory: float | Array,
    every: int,
) -> tuple[Float[Array, " p"], Remembered]:
    """The step of `J' J / n` and `J' r / n`, and what is remembered after it.

    Args:
        past: What was remembered.
        curvature: `J' J / n` of this batch.
        slope: `J' r / n` of this batch.
        damping: `lam`.
        memory: What remains of the past.
        every: Steps that share a factorisation.
    """
    solve = jax.scipy.linalg
    if past.curvature.size > 0:
        curvature = memory * past.curvature + curvature
        past = past._replace(curvature=curvature)
    factorised = lambda: solve.cholesky(curvature + damping * jnp.eye(slope.size, dtype=slope.dtype), lower=True)
    if past.factor.size == 0:
        return -solve.cho_solve((factorised(), True), slope), past
    factor = jax.lax.cond(past.age % every == 0, factorised, lambda: past.factor)
    return -solve.cho_solve((factor, True), slope), past._replace(factor=factor, age=past.age + 1)
