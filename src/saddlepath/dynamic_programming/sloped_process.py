"""A Gaussian process of values and their slopes: what a maximisation tells about a value function at a point.

The envelope theorem gives the slopes of the value for free, and they are what decides about a policy: a process of
values alone errs in its slopes between points, and a maximum is sought where it errs upward. The process sees a few
coordinates of the state, the slopes are those along the directions in which the coordinates move.

References:
    Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, section 9.4; Scheidegger and Bilionis
    (2019, Journal of Computational Science), gradients of value functions by the envelope theorem.
"""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.dynamic_programming.bellman import Value
from saddlepath.errors import ConvergenceError
from saddlepath.prior import Box
from saddlepath.surrogate.coordinates import Coordinates
from saddlepath.surrogate.fitting import NOISE, SIGNAL
from saddlepath.surrogate.gaussian_process import positions, unit
from saddlepath.surrogate.kernels import Radial
from saddlepath.surrogate.likelihood import RELATIVE_NOISE, log_marginal

LENGTHS = (0.05, 50.0)
"""Bounds of a length scale, where the box is the unit cube [-]."""
SEARCHED = 400
"""Most labels that decide about the parameters, those of the first points; the process knows all of them."""
STARTS = (0.5, 2.0)
"""Length scales from which a first fit starts [-]."""


class Labelled(eqx.Module):
    """Where values and slopes are known.

    Attributes:
        s: Points `[n, n_states]`. [units of the states]
        x: Their coordinates in the unit cube `[n, m]`.
        along: Directions of the slopes `[n, r, n_states]`. [units of the states]
        moves: How the coordinates move along them `[n, r, m]`.
    """

    s: Array
    x: Array
    along: Array
    moves: Array


class SlopedProcess(Value):
    """A fitted process.

    Attributes:
        box: Where the points lie.
        kernel: Structure of the covariance.
        logs: Whether a state enters as its logarithm, per entry.
        seen: What it sees of the state; None: all entries.
        labelled: Where values and slopes are known.
        p: Logarithms of the signal variance, the length scales `[m]` and the noise variances of values and slopes.
        centre: Mean of the values. [units of the value]
        spread: Their standard deviation.
        factor: Lower Cholesky factor of the labels' covariance; labels are values and slopes, point after point.
        alpha: Inverse covariance times standardised labels.
        turned: Those of the slopes, as one vector per point in the length scales of the coordinates `[n, m]`.
    """

    box: Box
    kernel: Radial = eqx.field(static=True)
    logs: tuple[bool, ...] = eqx.field(static=True)
    seen: Coordinates | None
    labelled: Labelled
    p: Float[Array, " n_parameters"]
    centre: Float[Array, ""]
    spread: Float[Array, ""]
    factor: Float[Array, "labels labels"]
    alpha: Float[Array, " labels"]
    turned: Float[Array, "n m"]

    def coordinates(self, s: Float[Array, " n_states"]) -> Float[Array, " m"]:
        """Coordinates of a state in the unit cube."""
        return positions(self.box, self.logs, self.seen, s)

    def at(self, z: Float[Array, " m"]) -> Float[Array, ""]:
        """The value at coordinates."""
        gap = (self.labelled.x - z[None]) / _lengths(self.p, z.size)[None]
        squared = jnp.sum(gap**2, axis=1)
        first, _ = self.kernel.bends(self.p[1:], squared)
        of_values = self.kernel.of_squared(self.p[1:], squared) @ self.alpha.reshape(len(gap), -1)[:, 0]
        of_slopes = first @ jnp.sum(self.turned * gap, axis=1)
        return self.centre + self.spread * jnp.exp(self.p[0]) * (of_values - of_slopes)

    def weights(self, z: Float[Array, " m"]) -> Float[Array, " labels"]:
        """Covariances of the standardised value with the labels."""
        one = lambda x, moves: _block(self.kernel, self.p, x, moves, z, jnp.zeros((0, z.size)))[:, 0]
        return jax.vmap(one)(self.labelled.x, self.labelled.moves).ravel()

    def sd(self, s: Float[Array, " n_states"]) -> Float[Array, ""]:
        """Standard deviation of the value at a state. [units of the value]"""
        explained = jax.scipy.linalg.solve_triangular(self.factor, self.weights(self.coordinates(s)), lower=True)
        return self.spread * jnp.sqrt(jnp.maximum(jnp.exp(self.p[0]) - explained @ explained, 0.0))

    def with_labels(self, y: Float[np.ndarray, " labels"]) -> "SlopedProcess":
        """The same process with other labels, standardised as these."""
        alpha = jax.scipy.linalg.cho_solve((self.factor, True), jnp.asarray(y))
        return dataclasses.replace(self, alpha=alpha, turned=_turned(self.p, self.labelled, alpha))


def labelled_points(box: Box, logs: tuple[bool, ...], seen: Coordinates | None, s: Float[Array, "n k"]) -> Labelled:
    """Points, and the directions along which coordinates move, an orthogonal set in the unit cube of the states."""

    def one(s: Array) -> tuple[Array, Array, Array]:
        z, jacobian = positions(box, logs, seen, s), jax.jacfwd(lambda at: positions(box, logs, seen, at))(s)
        stretch = jax.jvp(lambda at: unit(box, logs, at), (s,), (jnp.ones_like(s),))[1]
        moved, sizes, along = jnp.linalg.svd(jacobian / stretch[None], full_matrices=False)
        return z, along / stretch[None], (moved * sizes[None]).T

    return Labelled(s, *jax.vmap(one)(s))


def fit(
    box: Box, kernel: Radial, logs: tuple[bool, ...], seen: Coordinates | None, labelled: Labelled,
    values: Float[np.ndarray, " n"], slopes: Float[np.ndarray, "n r"], near: SlopedProcess | None,
    settled: float = 2.2e-9,
) -> SlopedProcess:  # fmt: skip
    """Fit the most likely process.

    Args:
        box: Bounds of the states.
        kernel: Structure of the covariance, without parameters but the length scales.
        logs: Whether a state enters as its logarithm, per entry.
        seen: What the process sees of the state; None: all entries.
        labelled: Where values and slopes are known.
        values: At the points. [units of the value]
        slopes: Along the directions. [units of the value]
        near: A process from whose parameters the search begins.
        settled: Relative gain in likelihood at which the search ends. [-]

    Raises:
        ConvergenceError: No parameters give a positive definite covariance.
    """
    from scipy.optimize import minimize

    m = labelled.x.shape[1]
    centre, spread = float(np.mean(values)), float(max(np.std(values), 1e-300))
    y = jnp.asarray(np.column_stack([(values - centre) / spread, slopes / spread]).ravel())
    each = 1 + labelled.moves.shape[1]
    few = jax.tree.map(lambda leaf: leaf[: max(SEARCHED // each, 1)], labelled)
    bounds = np.log([SIGNAL[0], *[LENGTHS] * m, NOISE[0], NOISE[0]])
    starts = [np.log([10.0, *[length] * m, 1e-6, 1e-4]) for length in STARTS]
    if near is not None and near.p.size == m + 3:
        starts = [np.asarray(near.p)]

    def negative(p: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = _likelihood(kernel, jnp.asarray(p), few, y[: len(few.x) * each])
        fine = bool(np.isfinite(value) & np.isfinite(slope).all())
        return (-float(value), -np.asarray(slope)) if fine else (1e25, np.zeros(len(p)))

    runs = [
        minimize(negative, p, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 60, "ftol": settled})
        for p in starts
    ]
    best = min(runs, key=lambda run: run.fun)
    if best.fun >= 1e25:
        raise ConvergenceError("no length scales give a positive definite covariance of the values; give other points.")
    p = jnp.asarray(best.x)
    factor = _factor(kernel, p, labelled)
    alpha = jax.scipy.linalg.cho_solve((factor, True), y)
    scale = (jnp.asarray(centre), jnp.asarray(spread))
    turned = _turned(p, labelled, alpha)
    return SlopedProcess(box, kernel, logs, seen, labelled, p, *scale, factor, alpha, turned)


def _lengths(p: Array, m: int) -> Float[Array, " m"]:
    return jnp.exp(p[1 : 1 + m])


def _turned(p: Array, labelled: Labelled, alpha: Array) -> Float[Array, "n m"]:
    n, r, m = labelled.moves.shape
    return jnp.einsum("nr,nrm->nm", alpha.reshape(n, 1 + r)[:, 1:], labelled.moves / _lengths(p, m)[None, None])


@eqx.filter_jit
def _likelihood(kernel: Radial, p: Array, labelled: Labelled, y: Array) -> Any:
    return jax.value_and_grad(lambda p: log_marginal(_covariance(kernel, p, labelled), y))(p)


@eqx.filter_jit
def _factor(kernel: Radial, p: Array, labelled: Labelled) -> Array:
    return jnp.linalg.cholesky(_covariance(kernel, p, labelled))


def _covariance(kernel: Radial, p: Array, labelled: Labelled) -> Float[Array, "labels labels"]:
    n, r, m = labelled.moves.shape
    row = lambda x, moves: jax.vmap(lambda other, its: _block(kernel, p, x, moves, other, its))(
        labelled.x, labelled.moves
    )
    blocks = jax.vmap(row)(labelled.x, labelled.moves)
    size = n * (1 + r)
    noise = jnp.tile(jnp.concatenate([p[1 + m, None], jnp.full(r, p[2 + m])]), n)
    diagonal = jnp.exp(noise) + RELATIVE_NOISE * size * jnp.exp(p[0])
    return jnp.swapaxes(blocks, 1, 2).reshape(size, size) + jnp.diag(diagonal)


def _block(
    kernel: Radial,
    p: Array,
    x: Float[Array, " m"],
    moves: Float[Array, "r m"],
    other: Float[Array, " m"],
    its: Float[Array, "q m"],
) -> Float[Array, "1+r 1+q"]:
    """Covariances of value and slopes at one point with those at another."""
    lengths = _lengths(p, x.size)
    gap = (x - other) / lengths
    a, b = moves / lengths[None], its / lengths[None]
    down, up = a @ gap, b @ gap
    here = kernel.of_squared(p[1:], gap @ gap)
    first, second = kernel.bends(p[1:], gap @ gap)
    top = jnp.concatenate([here[None], first * up])
    below = jnp.concatenate([-first * down[:, None], first * (a @ b.T) - second * jnp.outer(down, up)], axis=1)
    return jnp.exp(p[0]) * jnp.concatenate([top[None], below])
