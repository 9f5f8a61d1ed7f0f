"""Functions of a few numbers on a box or parallelepiped, held by their values at a tensor grid of nodes.

Three bases: Chebyshev polynomials at Chebyshev-Gauss nodes, exact to machine precision for smooth functions at a dozen
nodes per dimension; cubic splines with not-a-knot ends and piecewise linear functions at equispaced nodes, which keep a
kink local. Outside all go on as straight lines, polynomials after a short distance: their own continuation is the best
there is for states which rare shocks reach from the edge, but grows fast (Judd, 1998, Numerical Methods in Economics,
chapter 6; de Boor, 1978, A Practical Guide to Splines).
"""

import itertools
import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

BASES = ("chebyshev", "spline", "linear")
FEWEST = {"chebyshev": 2, "spline": 5, "linear": 2}
"""Fewest nodes per dimension; a spline needs five for its two conditions at the ends."""

CONTINUED = 1.25
"""A polynomial goes on by itself up to so many half widths, if its highest term stays below `AMPLIFIED` there [-]."""
AMPLIFIED = 2e4


class Grid(eqx.Module):
    """A tensor grid of nodes, and the functions that their values there determine.

    Attributes:
        basis: `chebyshev`, `spline` or `linear`.
        sizes: Nodes per dimension.
        centre: Middle of the covered region `[n_dimensions]`.
        inverse: Map `[n_dimensions, n_dimensions]` from distances to the centre to the unit cube [-1, 1].
    """

    basis: str = eqx.field(static=True)
    sizes: tuple[int, ...] = eqx.field(static=True)
    centre: Array
    inverse: Array

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return int(np.prod(self.sizes, dtype=int))

    @property
    def n_terms(self) -> tuple[int, ...]:
        """Coefficients per dimension."""
        return tuple(n + 2 if self.basis == "spline" else n for n in self.sizes)

    def nodes(self) -> Float[Array, "n_nodes n_dimensions"]:
        """All nodes, the last dimension fastest."""
        axes = [_unit_nodes(self.basis, n) for n in self.sizes]
        units = np.array(list(itertools.product(*axes))).reshape(self.n_nodes, len(self.sizes))
        return self.centre[None] + units @ jnp.linalg.inv(self.inverse).T

    def unit(self, at: Float[Array, " n_dimensions"]) -> Float[Array, " n_dimensions"]:
        """Coordinates of a point, within [-1, 1] where the grid covers it."""
        return self.inverse @ (at - self.centre)

    def coefficients(self, values: Float[Array, "n_nodes ..."]) -> Array:
        """Coefficients `[*n_terms, ...]` of the function with these values at the nodes."""
        table = values.reshape(*self.sizes, *values.shape[1:])
        for axis, n in enumerate(self.sizes):
            table = jnp.moveaxis(jnp.tensordot(_inverse(self.basis, n), table, axes=(1, axis)), 0, axis)
        return table

    def __call__(self, coefficients: Float[Array, "..."], at: Float[Array, " n_dimensions"]) -> Array:
        """The function at one point.

        Args:
            coefficients: What `coefficients` gave, `[*n_terms, ...]`.
            at: The point.

        Returns:
            The value `[...]`.
        """
        unit = self.unit(at)
        if self.basis == "chebyshev":
            weights = [_polynomial(unit[i], n) for i, n in enumerate(self.sizes)]
        else:
            first, weights = zip(*(_local(self.basis, unit[i], n) for i, n in enumerate(self.sizes)), strict=True)
            rest = coefficients.shape[len(self.sizes) :]
            zero = jnp.zeros((), dtype=first[0].dtype)
            start = [*first, *(zero for _ in rest)]
            coefficients = jax.lax.dynamic_slice(coefficients, start, (*(w.size for w in weights), *rest))
        for weight in weights:
            coefficients = jnp.tensordot(weight, coefficients, axes=1)
        return coefficients


def chebyshev(t: Float[Array, ""], n: int) -> Float[Array, " n"]:
    """Chebyshev polynomials of degree 0 to n - 1, by their recurrence."""
    step = lambda pair, _: ((pair[1], 2 * t * pair[1] - pair[0]), pair[0])
    return jax.lax.scan(step, (jnp.ones_like(t), t), None, length=n)[1]


def _polynomial(t: Float[Array, ""], n: int) -> Float[Array, " n"]:
    """Chebyshev polynomials, continued as straight lines where the highest would be too large."""
    limit = min(CONTINUED, math.cosh(math.acosh(AMPLIFIED) / max(n - 1, 1)))
    return _straight(lambda inside: chebyshev(inside, n), t, -limit, limit)


def _straight(weights: Callable[[Array], Array], t: Float[Array, ""], low: float, high: float) -> Array:
    """Weights of the terms at a point, outside an interval continued as straight lines."""
    inside = jnp.clip(t, low, high)
    values, slopes = jax.jvp(weights, (inside,), (jnp.ones_like(inside),))
    return values + slopes * (t - inside)


def _unit_nodes(basis: str, n: int) -> np.ndarray:
    """Nodes on [-1, 1], ascending."""
    if basis == "chebyshev":
        return -np.cos((2 * np.arange(n) + 1) * np.pi / (2 * n))
    return np.linspace(-1, 1, n)


def _inverse(basis: str, n: int) -> np.ndarray:
    """Matrix `[n_terms, n]` from values at the nodes to coefficients."""
    if basis == "linear":
        return np.eye(n)
    if basis == "chebyshev":
        degrees = np.arange(n)[:, None]
        terms = np.cos(degrees * np.arccos(_unit_nodes(basis, n))[None, :])
        return terms * np.where(degrees == 0, 1, 2) / n  # polynomials are orthogonal over these nodes
    rows = np.zeros((n + 2, n + 2))
    for i in range(n):
        rows[i, i : i + 3] = 1 / 6, 4 / 6, 1 / 6
    for row, first in ((n, 0), (n + 1, n - 3)):  # the third derivative is continuous at the last inner nodes
        rows[row, first : first + 5] = 1, -4, 6, -4, 1
    return np.linalg.inv(rows)[:, :n]


def _local(basis: str, unit: Float[Array, ""], n: int) -> tuple[Array, Array]:
    """First coefficient of the cell of a point, and the weights of those that matter there."""
    place = (unit + 1) / 2 * (n - 1)
    cell = jnp.clip(jnp.floor(place), 0, n - 2)
    share = place - cell
    if basis == "linear":
        return cell.astype(jnp.int32), jnp.stack([1 - share, share])
    return cell.astype(jnp.int32), _straight(_cubic, share, 0.0, 1.0)


def _cubic(f: Float[Array, ""]) -> Float[Array, "4"]:
    """Uniform cubic B-splines at a share of the cell."""
    terms = [(1 - f) ** 3, 3 * f**3 - 6 * f**2 + 4, -3 * f**3 + 3 * f**2 + 3 * f + 1, f**3]
    return jnp.stack(terms) / 6
