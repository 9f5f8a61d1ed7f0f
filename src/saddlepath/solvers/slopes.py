"""Residuals of a batch and their slopes in the weights: all at once, chunk by chunk, or as products with vectors alone.

The slopes of a state are found by one backward pass per equation, through next period's states and decisions. What such
passes hold on their way is often many times as large as the slopes themselves, so that states are taken in chunks where
memory is short. Where a batch has more residuals than there are weights only `J' J` and `J' r` are kept, summed over
chunks. Conjugate gradients need no matrix: `J v` and `J' u` come from one linearisation and its transpose (Hestenes and
Stiefel, 1952; Martens, 2010, ICML).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Residuals = Callable[[Float[Array, " n_weights"], Float[Array, " n_points"]], Float[Array, " n_equations"]]
"""Residuals as a function of the weights that a step moves, and of a point."""


def chosen_residuals(residuals_at: Residuals, weights: Array, y: Array, chosen: Array | None) -> Array:
    """Residuals of the chosen equations at one point; None: all."""
    residuals = residuals_at(weights, y)
    return residuals if chosen is None else residuals[chosen]


def batch_residuals(residuals_at: Residuals, weights: Array, batch: Array, chosen: Array | None) -> Array:
    """Residuals `[batch, rows]`."""
    return jax.vmap(chosen_residuals, (None, None, 0, 0))(residuals_at, weights, batch, chosen)


def defined_residuals(
    residuals_at: Residuals, weights: Array, batch: Array, chosen: Array | None
) -> tuple[Array, Array]:
    """Residuals `[batch, rows]`, zero at undefined states, and which states are undefined `[batch]`."""
    residuals = batch_residuals(residuals_at, weights, batch, chosen)
    undefined = ~jnp.all(jnp.isfinite(residuals), axis=1)
    return jnp.where(undefined[:, None], 0.0, residuals), undefined


def linear_system(
    residuals_at: Residuals, weights: Array, batch: Array, chosen: Array | None, at_once: int | None
) -> tuple[Array, Array, Array]:
    """Residuals `[batch, rows]`, slopes `[batch, rows, n_weights]`, undefined states `[batch]`.

    Rows of states at which something is not finite are set to zero, so that they say nothing.

    Args:
        residuals_at: Residuals at one point.
        weights: Where to linearise.
        batch: States `[batch, n_points]`.
        chosen: Equations `[batch, rows]` at every state; None: all.
        at_once: States side by side, a divisor of their number; None: all.
    """

    def point(y: Array, rows: Array | None) -> tuple[Array, Array]:
        def twice(w: Array) -> tuple[Array, Array]:
            r = chosen_residuals(residuals_at, w, y, rows)
            return r, r

        jacobian, residuals = jax.jacrev(twice, has_aux=True)(weights)
        return residuals, jacobian

    if at_once is None:
        residuals, jacobian = jax.vmap(point)(batch, chosen)
    else:
        chunks = jax.tree.map(lambda a: _chunks(a, at_once), (batch, chosen))
        residuals, jacobian = jax.tree.map(_joined, jax.lax.map(lambda chunk: jax.vmap(point)(*chunk), chunks))
    undefined = ~(jnp.all(jnp.isfinite(residuals), axis=1) & jnp.all(jnp.isfinite(jacobian), axis=(1, 2)))
    residuals = jnp.where(undefined[:, None], 0.0, residuals)
    return residuals, jnp.where(undefined[:, None, None], 0.0, jacobian), undefined


def normal_equations(
    residuals_at: Residuals, weights: Array, batch: Array, chosen: Array | None, scale: Array, at_once: int
) -> tuple[Float[Array, "p p"], Float[Array, " p"]]:
    """`J' J` and `J' r`, summed over chunks of `at_once` states; rows are times `scale`, undefined states left out."""
    p = weights.size

    def add(total: tuple[Array, Array], chunk: tuple[Array, Array | None]) -> tuple[tuple[Array, Array], None]:
        residuals, jacobian, _ = linear_system(residuals_at, weights, *chunk, None)
        rows, slopes = (residuals * scale).ravel(), (jacobian * scale[..., None]).reshape(-1, p)
        return (total[0] + slopes.T @ slopes, total[1] + slopes.T @ rows), None

    chunks = jax.tree.map(lambda a: _chunks(a, at_once), (batch, chosen))
    zero = jnp.zeros((p, p), dtype=weights.dtype), jnp.zeros(p, dtype=weights.dtype)
    return jax.lax.scan(add, zero, chunks)[0]


def _chunks(array: Array, at_once: int) -> Array:
    """`[n, ...]` as `[n / at_once, at_once, ...]`; states of all devices stand in every chunk."""
    return jnp.swapaxes(array.reshape(at_once, -1, *array.shape[1:]), 0, 1)


def _joined(array: Array) -> Array:
    """The inverse of `_chunks`."""
    return jnp.swapaxes(array, 0, 1).reshape(-1, *array.shape[2:])


def damped_direction(rows: Float[Array, " n"], slopes: Float[Array, "n p"], damping: Array) -> Float[Array, " p"]:
    """The damped Gauss-Newton step, in the smaller of sample and parameter space; NaN if the factorisation fails."""
    n, p = slopes.shape
    solve = jax.scipy.linalg
    if n <= p:
        gram = slopes @ slopes.T + damping * n * jnp.eye(n, dtype=slopes.dtype)
        return -slopes.T @ solve.cho_solve(solve.cho_factor(gram), rows)
    gram = slopes.T @ slopes + damping * n * jnp.eye(p, dtype=slopes.dtype)
    return -solve.cho_solve(solve.cho_factor(gram), slopes.T @ rows)


def conjugate_direction(
    residuals_at: Residuals,
    weights: Float[Array, " p"],
    batch: Array,
    chosen: Array | None,
    scale: Array,
    undefined: Array,
    damping: Array,
    iterations: int,
    tolerance: float,
) -> Float[Array, " p"]:
    """The damped Gauss-Newton step by conjugate gradients on `(J' J / n + damping I) d = -J' r / n`, without matrices.

    Args:
        residuals_at: Residuals at one point.
        weights: Where to linearise.
        batch: States `[batch, n_points]`.
        chosen: Equations at every state; None: all.
        scale: Factor of the residuals.
        undefined: States that say nothing; a state that says something stands in for them, with weight zero.
        damping: The damping.
        iterations: Most iterations.
        tolerance: Remaining residual of the linear equations, over that of a step of zero. [-]
    """
    defined = jnp.where(undefined[:, None], batch[jnp.argmin(undefined)], batch)

    def rows(w: Array) -> Array:
        return jnp.where(undefined[:, None], 0.0, batch_residuals(residuals_at, w, defined, chosen) * scale)

    residuals, forward = jax.linearize(rows, weights)
    transpose = jax.linear_transpose(forward, weights)
    back = lambda u: transpose(u)[0] / residuals.size
    direction, _ = jax.scipy.sparse.linalg.cg(
        lambda v: back(forward(v)) + damping * v, -back(residuals), tol=tolerance, maxiter=iterations
    )
    return direction
