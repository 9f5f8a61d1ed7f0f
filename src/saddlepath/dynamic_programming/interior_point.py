"""Small smooth maximisations under inequality constraints, one per state, many at once.

A primal-dual barrier method whose points stay strictly inside the constraints. With slacks g and multipliers z,

    max f(x) + mu sum log g(x),      f_x + J' z = 0,   g z = mu,   mu to zero,

Newton steps in x and z, damped so that f stays defined and the barrier function rises. Without constraints it is
Newton's method. Where the curvature has the wrong sign the matrix is shifted.

References:
    Nocedal and Wright (2006), Numerical Optimization, chapter 19.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

MOST_STEPS = 100
"""Most Newton steps per point."""
FIRST_BARRIER = 1e-2
LAST_BARRIER = 1e-11
"""Weight of the barrier in the beginning, and the one at which a point counts as solved, per unit of f [-]."""
OPTIMAL = 1e-9
"""Largest slope that counts as none, per unit of f [-]."""
ACCEPTED = 1e-6
"""Largest slope at which a point that cannot be improved by another step still counts as solved [-]."""
INSIDE = 0.005
"""Least share of every slack, and of every multiplier, that a step leaves [-]."""
ROUNDING = 1e-7
"""Whole steps that promise to raise f by less, per unit of f, are taken unseen: large terms cancel in f [-]."""
SIZES = np.array([1.0, 0.5, 0.25, 0.1, 0.03, 0.01, 1e-3, 1e-5])
"""Shares of a step that are tried; the best is taken [-]."""


class Maximum(NamedTuple):
    """Where a maximisation ended.

    Attributes:
        x: The maximiser `[m]`.
        multipliers: Of the constraints `[p]`.
        value: The maximum.
        slope: Largest violation of the first-order conditions, per unit of f. [-]
        solved: Whether that is small enough.
    """

    x: Array
    multipliers: Array
    value: Array
    slope: Array
    solved: Array


class _State(NamedTuple):
    number: Array
    x: Array
    z: Array
    barrier: Array
    slope: Array
    stuck: Array


def maximise(
    value: Callable[[Array], Array],
    second_order: Callable[[Array], tuple[Array, Array, Array]],
    slacks: Callable[[Array], Array],
    x: Float[Array, " m"],
) -> Maximum:
    """Maximise one function; under `vmap` many.

    Args:
        value: The function; not a number or minus infinity where it is not defined.
        second_order: Its value, gradient `[m]` and Hessian `[m, m]`.
        slacks: What must not be negative `[p]`; `p` may be zero.
        x: A point at which the function is defined and every slack is positive `[m]`.
    """
    scale = 1 + jnp.abs(value(x))

    def smaller(barrier: Array) -> Array:
        return jnp.maximum(last, jnp.minimum(0.2 * barrier, scale * (barrier / scale) ** 1.5))

    first = jnp.where(slacks(x).size > 0, FIRST_BARRIER, LAST_BARRIER) * scale
    last = LAST_BARRIER * scale

    def step(now: _State) -> _State:
        _, gradient, hessian = second_order(now.x)
        g, j = slacks(now.x), jax.jacfwd(slacks)(now.x)
        slope = _largest(gradient + j.T @ now.z) / scale
        gap = jnp.maximum(slope * scale, _largest(g * now.z - now.barrier))
        barrier = jnp.where(gap < 10 * now.barrier, smaller(now.barrier), now.barrier)
        bent = jax.hessian(lambda v: slacks(v) @ now.z)(now.x)
        weight = now.z / g
        dx = _solve(j.T @ (weight[:, None] * j) - hessian - bent, gradient + j.T @ (barrier / g))
        dz = barrier / g - now.z - weight * (j @ dx)
        merit = lambda v, s: value(v) + barrier * jnp.sum(jnp.log(jnp.where(s > 0, s, 1.0)))

        def tried(size: Array) -> Array:
            new = now.x + size * dx
            s = slacks(new)
            found = merit(new, s)
            return jnp.where(jnp.isfinite(found) & jnp.all(s >= INSIDE * g), found, -jnp.inf)

        merits = jax.vmap(tried)(jnp.asarray(SIZES))
        rise = (gradient + j.T @ (barrier / g)) @ dx / 2
        near = (rise < ROUNDING * scale) & jnp.isfinite(merits[0])
        best = jnp.where(near, 0, jnp.argmax(merits))
        better = near | (merits[best] > merit(now.x, g))
        x = jnp.where(better, now.x + jnp.asarray(SIZES)[best] * dx, now.x)
        shrink = jnp.where(dz < 0, -(1 - INSIDE) * now.z / jnp.where(dz < 0, dz, -1.0), 1.0)
        z = now.z + jnp.minimum(1.0, jnp.min(shrink, initial=1.0)) * dz
        s = slacks(x)
        z = jnp.clip(z, barrier / (1e8 * s), 1e8 * barrier / s)
        done = (barrier <= last) & (slope < OPTIMAL)
        stuck = done | ((barrier <= last) & (~better | (near & (slope < ACCEPTED) & (slope >= now.slope))))
        return _State(now.number + 1, x, z, jnp.where(better, barrier, smaller(barrier)), slope, stuck)

    unfinished = lambda now: (now.number < MOST_STEPS) & ~now.stuck
    begin = _State(jnp.asarray(0), x, first / slacks(x), first, jnp.asarray(jnp.inf, dtype=x.dtype), jnp.asarray(False))
    end = jax.lax.while_loop(unfinished, step, begin)
    found, gradient, _ = second_order(end.x)
    slope = _largest(gradient + jax.jacfwd(slacks)(end.x).T @ end.z) / scale
    return Maximum(end.x, end.z, found, slope, jnp.isfinite(found) & (slope < ACCEPTED) & (end.barrier <= last))


def _largest(v: Array) -> Array:
    return jnp.max(jnp.abs(v), initial=0.0)


def _solve(matrix: Float[Array, "m m"], rhs: Float[Array, " m"]) -> Float[Array, " m"]:
    """Solution with the matrix, shifted as little as makes it positive definite."""
    eye, size = jnp.eye(rhs.size), 1e-8 * jnp.max(jnp.abs(jnp.diagonal(matrix)))

    def factor(shift: Array) -> Array:
        return jnp.linalg.cholesky(matrix + shift * eye)

    failed = lambda carry: ~jnp.all(jnp.isfinite(carry[1])) & (carry[0] < 1e12 * size)

    def more(carry: tuple[Array, Array]) -> tuple[Array, Array]:
        shift = jnp.maximum(10 * carry[0], size)
        return shift, factor(shift)

    zero = jnp.zeros_like(size)
    shift, _ = jax.lax.while_loop(failed, more, (zero, factor(zero)))
    lower = factor(2 * shift)  # twice, for the least that is enough may leave the matrix nearly singular
    return jax.scipy.linalg.cho_solve((lower, True), rhs)
