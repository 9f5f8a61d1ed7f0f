"""Levenberg-Marquardt steps on all labels, where labels times weights are few enough."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from saddlepath.nn.training import Data, members_of
from saddlepath.solvers.levenberg_marquardt import LevenbergMarquardt

POLISH_ENTRIES, POLISH_ORDER = 10_000_000, 2_000
"""Entries of the Jacobian, and order of the linear system of a step, up to which Levenberg-Marquardt is used [-]."""


def polish(networks: Any, data: Data, steps: int, own: bool = False) -> Any:
    """Least squares of the errors at all labels of the training, in float64; weights that err less at validation.

    Nothing is done where labels times weights are too many.

    Args:
        networks: Members along a leading axis of every weight.
        data: Labels with inputs `[n, n_inputs]` and values `[n, n_outputs]`.
        steps: Number of steps.
        own: Every member has its own labels, along a leading axis.
    """
    weights = ravel_pytree(networks)[0]
    n_weights, rows = weights.size // members_of(networks), data.y[0].size if own else data.y.size
    if steps == 0 or rows * n_weights > POLISH_ENTRIES or min(rows, n_weights) > POLISH_ORDER:
        return networks
    wide = lambda tree: jax.tree.map(lambda a: a.astype(float), tree)
    data = data if data.y_out is not None else data._replace(x_out=data.x, y_out=data.y)
    polished = _polished(wide(networks), wide(data), steps, own)
    return jax.tree.map(lambda a: a.astype(weights.dtype), polished)


@eqx.filter_jit
def _polished(networks: Any, data: Data, steps: int, own: bool) -> Any:
    solver = LevenbergMarquardt(memory=0.0, floor=1e-14, accept=0.5)

    def member(network: Callable[[Array], Array], data: Data) -> Any:
        points, n_inputs = jnp.concatenate([data.x, data.y], axis=1), data.x.shape[1]
        weights, restored = ravel_pytree(network)
        residuals = lambda w, point: restored(w)(point[:n_inputs]) - point[n_inputs:]
        out = lambda w: jnp.mean((jax.vmap(restored(w))(data.x_out) - data.y_out) ** 2)

        def step(carry: Any, _: Any) -> tuple[Any, None]:
            weights, state, best, error = carry
            weights, state, _ = solver.fit(residuals, weights, state, points, jax.random.key(0))
            new = out(weights)
            better = new < error
            return (weights, state, jnp.where(better, weights, best), jnp.where(better, new, error)), None

        damping = jnp.asarray(1e-2), None, jnp.zeros((0, 0))
        (_, _, best, _), _ = jax.lax.scan(step, (weights, damping, weights, out(weights)), None, steps)
        return restored(best)

    if own:
        return jax.lax.map(lambda both: member(*both), (networks, data))
    return jax.lax.map(lambda network: member(network, data), networks)
