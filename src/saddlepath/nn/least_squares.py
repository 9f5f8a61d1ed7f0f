"""Least squares of few labels by Levenberg-Marquardt steps: under a penalty that falls from the start, or as polish.

A network fits few labels in many ways. A penalty on its weights that starts large and falls leads it along a path from
nearly a straight line to all labels, and the point of the path that predicts left-out labels best is kept. Penalised by
their absolute values, first-layer weights switch directions of the inputs off: absolute values are squares over the
values of the step before, so that every step stays one of least squares.

References:
    Levenberg (1944) and Marquardt (1963), the steps; Tibshirani (1996, JRSS B), penalties on absolute values;
    Grandvalet (1998, ICANN), the same by squares that are weighed anew at every step.
"""

import dataclasses
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int

from saddlepath.errors import ConfigError
from saddlepath.network import MLP
from saddlepath.nn.training import Data, members_of
from saddlepath.solvers.slopes import batch_residuals, linear_system

POLISH_ENTRIES, POLISH_ORDER = 10_000_000, 2_000
"""Entries of the Jacobian, and order of the linear system of a step, up to which networks are polished [-]."""
DAMPING, ACCEPT, REJECT = 1e-2, 0.3, 4.0
"""First damping, and its factors after an accepted and a refused step [-]."""
FLOOR, CEILING = 1e-14, 1e6
FINAL = 30
"""Steps with which a fit to all labels is finished [-]."""
LINEAR = 0.1
"""Penalty on the bypass relative to that on other weights: what is linear is cheap [-]."""
NOTHING = 1e-3
"""Size of first-layer weights below which they are as good as switched off [-]."""


@dataclasses.dataclass(frozen=True)
class LeastSquares:
    """Levenberg-Marquardt steps on all labels, under a penalty on the weights that falls by the same factor every step.

    For up to some thousand labels and some hundred weights; it takes seconds and is far more exact than gradients.

    Attributes:
        steps: Number of steps.
        first: Penalty at the first step, per squared weight and mean squared standardised error. [-]
        last: Penalty at the last step. [-]
        sparse: Penalise first-layer weights by their absolute values.
    """

    steps: int = 100
    first: float = 3e-4
    last: float = 1e-11
    sparse: bool = True

    def __post_init__(self) -> None:
        if self.steps < 1 or not 0 < self.last <= self.first:
            raise ConfigError(
                f"least squares need one step or more and a penalty that falls from first to last, both positive, got "
                f"steps={self.steps}, first={self.first} and last={self.last}; the defaults are 100, 3e-4 and 1e-11."
            )

    @property
    def decay(self) -> float:
        """Factor of the penalty per step. [-]"""
        return (self.last / self.first) ** (1 / max(self.steps - 1, 1))

    def held(self, step: int, steps: int = FINAL) -> "LeastSquares":
        """Steps under the penalty of one step of the path, counted from one."""
        penalty = self.first * self.decay ** (step - 1)
        return dataclasses.replace(self, steps=steps, first=penalty, last=penalty)


class _Path(NamedTuple):
    """Numbers of a path, as arrays so that none of them compiles the program again."""

    steps: Array
    penalty: Array
    decay: Array


def fit_least_squares(networks: MLP, data: Data, path: LeastSquares) -> tuple[MLP, Int[Array, " members"]]:
    """Follow the path with every member, in float64.

    Args:
        networks: First weights; members along a leading axis of every weight.
        data: Labels; without a part for validation the last weights count.
        path: How.

    Returns:
        Weights, and the number of steps after which they were best.
    """
    return _followed(networks, data, (path.steps, path.first, path.decay), path.sparse)


def polish(networks: MLP, data: Data, steps: int) -> MLP:
    """Steps without a penalty from trained weights; weights that err less at validation.

    Nothing is done where labels times weights are too many.

    Args:
        networks: Members along a leading axis of every weight.
        data: Labels with inputs `[n, n_inputs]` and values `[n, n_outputs]`.
        steps: Number of steps.
    """
    n_weights, rows = ravel_pytree(networks)[0].size // members_of(networks), data.y.size
    if steps == 0 or rows * n_weights > POLISH_ENTRIES or min(rows, n_weights) > POLISH_ORDER:
        return networks
    return _followed(networks, data, (steps, 0.0, 1.0), False)[0]


def _followed(networks: MLP, data: Data, numbers: tuple[int, float, float], sparse: bool) -> tuple[MLP, Array]:
    kind = ravel_pytree(networks)[0].dtype
    wide = lambda tree: jax.tree.map(lambda a: jnp.asarray(a, dtype=float), tree)
    path = _Path(*map(jnp.asarray, numbers))
    found, steps = _compiled(wide(networks), wide(data), path, sparse)
    return jax.tree.map(lambda a: a.astype(kind), found), steps


@eqx.filter_jit
def _compiled(networks: MLP, data: Data, path: _Path, sparse: bool) -> tuple[MLP, Array]:
    return jax.lax.map(lambda network: _member(network, data, path, sparse), networks)


class _Point(NamedTuple):
    """Where a member stands, and the best of its way."""

    weights: Array
    damping: Array
    penalty: Array
    best: Array
    error: Array
    step: Array


def _member(network: MLP, data: Data, path: _Path, sparse: bool) -> tuple[MLP, Array]:
    """The path of one member."""
    start, restored = ravel_pytree(network)
    size, absolute = _penalised(network, sparse)
    n_inputs, n_outputs = data.x.shape[1], data.y.shape[1]
    weight = jnp.ones(data.y.shape[0]) if data.weight is None else data.weight
    share = jnp.sqrt(weight / (n_outputs * jnp.sum(weight)))
    labels = jnp.concatenate([data.x, data.y, share[:, None]], axis=1)

    def residuals(w: Array, label: Array) -> Array:
        x, y = label[:n_inputs], label[n_inputs:-1]
        return (restored(w)(x) - y) * label[-1]

    def out(w: Array) -> Array:
        return jnp.mean((jax.vmap(restored(w))(data.x_out) - data.y_out) ** 2)

    def step(k: Array, now: _Point) -> _Point:
        rows, slopes, _ = linear_system(residuals, now.weights, labels, None, None)
        pull = now.penalty * jnp.where(absolute, size / (jnp.abs(now.weights) + NOTHING), size)
        loss = lambda w, r: jnp.sum(r**2) + jnp.sum(pull * w**2)
        direction = _direction(rows.ravel(), slopes.reshape(-1, start.size), pull, now.damping, now.weights)
        moved = now.weights + direction
        accepted = loss(moved, batch_residuals(residuals, moved, labels, None)) < loss(now.weights, rows)
        weights = jnp.where(accepted, moved, now.weights)
        damping = jnp.clip(now.damping * jnp.where(accepted, ACCEPT, REJECT), FLOOR, CEILING)
        error = -(k + 1.0) if data.y_out is None else out(weights)  # the last weights count where nothing is left out
        better = error < now.error
        best, step = jnp.where(better, weights, now.best), jnp.where(better, k + 1, now.step)
        return _Point(weights, damping, now.penalty * path.decay, best, jnp.where(better, error, now.error), step)

    # None of the steps need be better than the start, which then stays.
    error = jnp.asarray(jnp.inf) if data.y_out is None else out(start)
    first = _Point(start, jnp.asarray(DAMPING), path.penalty, start, error, jnp.zeros_like(path.steps))
    last = jax.lax.fori_loop(0, path.steps, step, first)
    return restored(last.best), last.step


def _direction(
    rows: Float[Array, " n"],
    slopes: Float[Array, "n p"],
    pull: Float[Array, " p"],
    damping: Array,
    weights: Float[Array, " p"],
) -> Float[Array, " p"]:
    """What minimises `|rows + slopes d|^2 + pull (weights + d)^2 + damping d^2`, in the smaller of both spaces."""
    n, p = slopes.shape
    solve, stiff = jax.scipy.linalg, pull + damping
    toward = -pull * weights / stiff  # where penalty and damping alone would lead
    left = rows + slopes @ toward
    if n <= p:
        gram = (slopes / stiff[None]) @ slopes.T + jnp.eye(n)
        return toward - slopes.T @ solve.cho_solve(solve.cho_factor(gram), left) / stiff
    return toward - solve.cho_solve(solve.cho_factor(slopes.T @ slopes + jnp.diag(stiff)), slopes.T @ left)


def _penalised(network: MLP, sparse: bool) -> tuple[Float[Array, " p"], Array]:
    """Relative penalty of every weight, none on constants of the outputs, and which count by their absolute value."""
    ones, none = (jax.tree.map(like, network) for like in (jnp.ones_like, jnp.zeros_like))
    size = eqx.tree_at(lambda net: net.biases[-1], ones, none.biases[-1])
    if network.bypass is not None:
        size = eqx.tree_at(lambda net: net.bypass, size, LINEAR * ones.bypass)
    hidden = len(network.weights) > 1
    first = eqx.tree_at(lambda net: net.weights[0], none, ones.weights[0]) if sparse and hidden else none
    return ravel_pytree(size)[0], ravel_pytree(first)[0] > 0
