"""Training of an ensemble of networks on labels: Adam on mini-batches, then Levenberg-Marquardt where labels are few.

Epochs are compiled together in chunks and all members are trained at once. The weights that are kept are those with the
smallest error at the labels left out, per member.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ConvergenceError
from saddlepath.network import MLP

Log = Callable[[dict[str, Any]], None]
CHUNK = 200
"""Steps that are compiled together, at least, and at most what makes an epoch more [-]."""
WARM = 0.02
"""Share of the training in which the learning rate rises [-]."""
LAST_RATE = 1e-3
"""Learning rate at the end, relative to the first [-]."""
POLISH_ENTRIES, POLISH_ORDER = 10_000_000, 2_000
"""Entries of the Jacobian, and order of the linear system of a step, up to which Levenberg-Marquardt is used [-]."""


class Data(NamedTuple):
    """Labels as networks see them: positions between -1 and 1, standardised values; for training, and left out.

    Attributes:
        x: Positions `[n, n_inputs]`.
        y: Values `[n, n_outputs]`.
        x_out: Positions left out of training.
        y_out: Values there.
    """

    x: Array
    y: Array
    x_out: Array
    y_out: Array


class Schedule(NamedTuple):
    """How long and how fast.

    Attributes:
        epochs: Passes through the labels, at most.
        seconds: Time after which training ends, or None. [s]
        batch: Labels per step.
        rate: First learning rate. [-]
        patience: Share of the epochs without improvement after which training ends. [-]
    """

    epochs: int
    seconds: float | None
    batch: int
    rate: float
    patience: float


class Progress(NamedTuple):
    """What training carries on, members along a leading axis.

    Attributes:
        networks: Weights.
        moments: State of Adam.
        best: Weights with the smallest error so far.
        error: That error, root mean square `[members]`. [standardised units]
        since: Epochs since the last improvement of any member.
    """

    networks: MLP
    moments: Any
    best: MLP
    error: Array
    since: Array


def predicted(networks: MLP, x: Float[Array, " n_inputs"]) -> Float[Array, "members n_outputs"]:
    """What every member says at one position."""
    return eqx.filter_vmap(lambda network: network(x))(networks)


def train(networks: MLP, data: Data, schedule: Schedule, seed: int, log: Log | None = None) -> MLP:
    """Adam with a learning rate that falls along a cosine; the best weights of every member.

    Raises:
        ConvergenceError: A member's error is not finite from the start.
    """
    import optax

    adam = optax.scale_by_adam()
    members = networks.bypass.shape[0]
    unknown = jnp.full((members,), jnp.inf, dtype=data.y.dtype)
    progress = Progress(networks, eqx.filter_vmap(adam.init)(networks), networks, unknown, jnp.asarray(0))
    steps = len(data.x) // schedule.batch
    chunk, key, begun = max(1, min(CHUNK // steps, schedule.epochs)), jax.random.key(seed), time.perf_counter()
    share, done = 0.0, 0
    while share < 1 and int(progress.since) < schedule.patience * schedule.epochs:
        ahead = _share(schedule, done + chunk, done, time.perf_counter() - begun)
        key, own = jax.random.split(key)
        rates = schedule.rate * _rates(share, ahead, chunk * steps).reshape(chunk, steps)
        with jax.numpy_dtype_promotion("standard"):  # Optax raises numbers to whole powers
            progress, error = _chunk(adam, progress, data, jnp.asarray(rates, dtype=data.x.dtype), own, schedule.batch)
        done, share = done + chunk, ahead
        if log is not None:
            record = {"epoch": done, "share": share, "seconds": time.perf_counter() - begun}
            log(record | {"training": float(jnp.mean(error)), "left out": float(jnp.mean(progress.error))})
    if not np.all(np.isfinite(progress.error)):
        raise ConvergenceError(
            "the networks' errors are not finite numbers; choose a smaller rate, or check the labels."
        )
    return progress.best


def _share(schedule: Schedule, ahead: int, done: int, elapsed: float) -> float:
    """Share of the training that will be done after the next chunk; one ends it."""
    share = ahead / schedule.epochs
    if schedule.seconds is None:
        return share
    return max(share, elapsed / schedule.seconds * ahead / done) if done else share


def _rates(start: float, end: float, n: int) -> np.ndarray:
    """Learning rates of `n` steps, relative to the first: a short rise, then half a cosine."""
    share = np.minimum(start + (end - start) * (np.arange(n) + 0.5) / n, 1.0)
    fall = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + np.cos(np.pi * share))
    return np.minimum(share / WARM, 1.0) * fall


def _mean_square(network: MLP, x: Array, y: Array) -> Array:
    return jnp.mean((jax.vmap(network)(x) - y) ** 2)


@eqx.filter_jit
def _chunk(
    adam: Any, progress: Progress, data: Data, rates: Float[Array, "epochs steps"], key: PRNGKeyArray, batch: int
) -> tuple[Progress, Array]:
    """Some epochs; the training error of the last one, root mean square."""

    def step(carry: tuple[MLP, Any], given: tuple[Array, Array]) -> tuple[tuple[MLP, Any], Array]:
        (network, moments), (rows, rate) = carry, given
        loss, slope = eqx.filter_value_and_grad(_mean_square)(network, data.x[rows], data.y[rows])
        direction, moments = adam.update(slope, moments, network)
        return (jax.tree.map(lambda w, d: w - rate * d, network, direction), moments), loss

    def member(network: MLP, moments: Any, key: PRNGKeyArray, rates: Array) -> tuple[MLP, Any, Array, Array]:
        rows = jax.random.permutation(key, len(data.x))[: rates.size * batch].reshape(rates.size, batch)
        (network, moments), losses = jax.lax.scan(step, (network, moments), (rows, rates))
        out = jnp.sqrt(_mean_square(network, data.x_out, data.y_out))
        return network, moments, jnp.sqrt(jnp.mean(losses)), out

    def epoch(carry: tuple[Progress, PRNGKeyArray], rates: Array) -> tuple[tuple[Progress, PRNGKeyArray], Array]:
        before, key = carry
        key, own = jax.random.split(key)
        keys = jax.random.split(own, before.error.shape[0])
        trained = eqx.filter_vmap(member, in_axes=(0, 0, 0, None))(before.networks, before.moments, keys, rates)
        networks, moments, error, out = trained
        better = out < before.error
        best = jax.tree.map(lambda new, old: jnp.where(_like(better, new), new, old), networks, before.best)
        since = jnp.where(jnp.any(better), 0, before.since + 1)
        return (Progress(networks, moments, best, jnp.minimum(out, before.error), since), key), error

    (progress, _), errors = jax.lax.scan(epoch, (progress, key), rates)
    return progress, errors[-1]


def _like(flags: Array, leaf: Array) -> Array:
    """A flag per member in the rank of one of its leaves."""
    return flags.reshape(-1, *(1,) * (leaf.ndim - 1))


def polish(networks: MLP, data: Data, steps: int) -> MLP:
    """Levenberg-Marquardt steps on all labels of the training, in float64; weights that err less where left out.

    Nothing is done where labels times weights are too many.
    """
    n_weights = ravel_pytree(networks)[0].size // networks.bypass.shape[0]
    rows = data.y.size
    if steps == 0 or rows * n_weights > POLISH_ENTRIES or min(rows, n_weights) > POLISH_ORDER:
        return networks
    precision = networks.bypass.dtype
    wide = lambda tree: jax.tree.map(lambda a: a.astype(float), tree)
    polished = _polished(wide(networks), wide(data), steps)
    return jax.tree.map(lambda a: a.astype(precision), polished)


@eqx.filter_jit
def _polished(networks: MLP, data: Data, steps: int) -> MLP:
    from saddlepath.solvers.levenberg_marquardt import LevenbergMarquardt

    solver = LevenbergMarquardt(memory=0.0, floor=1e-14, accept=0.5)
    points, n_inputs = jnp.concatenate([data.x, data.y], axis=1), data.x.shape[1]

    def member(network: MLP) -> MLP:
        weights, restored = ravel_pytree(network)
        residuals = lambda w, point: restored(w)(point[:n_inputs]) - point[n_inputs:]
        out = lambda w: _mean_square(restored(w), data.x_out, data.y_out)

        def step(carry: Any, _: Any) -> tuple[Any, None]:
            weights, state, best, error = carry
            weights, state, _ = solver.fit(residuals, weights, state, points, jax.random.key(0))
            new = out(weights)
            better = new < error
            return (weights, state, jnp.where(better, weights, best), jnp.where(better, new, error)), None

        damping = jnp.asarray(1e-2), None, jnp.zeros((0, 0))
        (_, _, best, _), _ = jax.lax.scan(step, (weights, damping, weights, out(weights)), None, steps)
        return restored(best)

    return jax.lax.map(member, networks)
