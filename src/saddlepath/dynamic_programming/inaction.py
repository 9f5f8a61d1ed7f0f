"""Where nobody adjusts: the region of inaction of a problem with proportional costs of adjustment.

The region is taken to be a convex polytope with one vertex for each way in which the states can lie beyond it, low or
high in every state: best policies from outside lead to its boundary, those from the corners of the box to its vertices.
At the boundary the value bends, so that it is learnt by one process inside and another outside.

References:
    Gaegauf, Scheidegger and Trojani (2023), dynamic portfolio choice with transaction costs: the vertices, and two
    processes. Deviation: here one process passes into the other over a narrow band in which both have points, for a
    maximisation would stop at a jump between them.
"""

import itertools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.dynamic_programming.bellman import Bellman, Value, are_states
from saddlepath.dynamic_programming.sloped_process import SlopedProcess
from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.prior import Box
from saddlepath.surrogate.gaussian_process import unit

BAND = 0.01
"""Half the width of the band over which the processes pass into each other, as a share of the box [-]."""
MOST_STATES = 10
"""Most states; the vertices double with each."""

After = Callable[[Any, Any, Any], Any]
"""The state at which an adjustment ends, a function of model, state and policy."""


class Region(eqx.Module):
    """A region of inaction.

    Attributes:
        box: Bounds of the states.
        vertices: Its corners `[2^n_states, n_states]`; the last state turns from low to high first. [units of the
            states]
        normals: Outward normals of its faces `[n_faces, n_states]`, in the unit cube of the box.
        offsets: Distances of the faces to the origin there `[n_faces]`.
    """

    box: Box
    vertices: Float[np.ndarray, "n_vertices n_states"]
    normals: Float[np.ndarray, "n_faces n_states"]
    offsets: Float[np.ndarray, " n_faces"]

    def distance(self, z: Float[Array, " n_states"]) -> Float[Array, ""]:
        """How far a position in the unit cube lies beyond the farthest face; negative inside."""
        return jnp.max(jnp.asarray(self.normals) @ z - jnp.asarray(self.offsets))

    def distances(self, s: Float[Array | np.ndarray, "n n_states"]) -> Float[np.ndarray, " n"]:
        """The same of states, as shares of the box. [-]"""
        z = np.asarray(unit(self.box, (), jnp.asarray(s)))
        return np.max(z @ self.normals.T - self.offsets[None], axis=1)

    def around(self) -> Box:
        """The smallest box of states that holds the region and the band around it, inside the whole box."""
        band = BAND * (self.box.high - self.box.low)
        low = np.maximum(self.vertices.min(axis=0) - band, self.box.low)
        high = np.minimum(self.vertices.max(axis=0) + band, self.box.high)
        lower, upper = self.box.split(low), self.box.split(high)
        return Box(**{name: (lower[name], upper[name]) for name in self.box.names})


class Joined(Value):
    """A value that is one process inside a region and another outside.

    Attributes:
        region: The region.
        inside: The process inside, and in the band around the boundary.
        outside: That outside, and in the band.
    """

    region: Region
    inside: SlopedProcess
    outside: SlopedProcess

    def coordinates(self, s: Float[Array, " n_states"]) -> Float[Array, " n_states"]:
        """Position of a state in the unit cube."""
        return self.inside.coordinates(s)

    def at(self, z: Float[Array, " n_states"]) -> Float[Array, ""]:
        """The value at a position."""
        t = jnp.clip(self.region.distance(z) / (2 * BAND) + 0.5, 0.0, 1.0)
        share = t**3 * (10 - 15 * t + 6 * t**2)  # two derivatives, which Newton's method needs
        return share * self.outside.at(z) + (1 - share) * self.inside.at(z)


def outer_points(problem: Bellman, box: Box) -> Float[np.ndarray, "n_vertices n_states"]:
    """Corners of a box of states, drawn towards its lowest one until they are states.

    Raises:
        ConfigError: Too many states.
    """
    if box.size > MOST_STATES:
        raise ConfigError(
            f"a region of inaction of {box.size} states has 2^{box.size} vertices; leave inaction out, or solve for at "
            f"most {MOST_STATES} states."
        )
    corners = np.array(list(itertools.product((0.0, 1.0), repeat=box.size)))
    shares = np.linspace(0.0, 1.0, 841)[:, None, None]  # of 840 parts a half, a third, .., an eighth are whole numbers
    tried = np.asarray(box.place((shares * corners[None]).reshape(-1, box.size)))
    allowed = are_states(problem, jnp.asarray(tried)).reshape(len(shares), -1)
    farthest = len(shares) - 1 - np.argmax(allowed[::-1], axis=0)
    return tried.reshape(len(shares), len(corners), -1)[farthest, np.arange(len(corners))]


def region_of_inaction(
    problem: Bellman, box: Box, after: After, s: Float[Array, "n n_states"], v: Float[Array, "n n_controls"]
) -> Region:
    """The region whose vertices the best policies `v` from outer points `s` lead to.

    Raises:
        ConvergenceError: The vertices enclose nothing.
    """
    lead = lambda s, v: problem.states.flatten(after(problem.problem, *problem.point(s, v)), "inaction()")
    vertices = np.asarray(jax.vmap(lead)(s, v))
    normals, offsets = _faces(np.asarray(unit(box, (), jnp.asarray(vertices))))
    return Region(box, vertices, normals, offsets)


def _faces(z: Float[np.ndarray, "n_vertices n"]) -> tuple[np.ndarray, np.ndarray]:
    """Outward normals and offsets of the convex hull of points."""
    from scipy.spatial import ConvexHull, QhullError

    if z.shape[1] == 1:
        return np.array([[-1.0], [1.0]]), np.array([-z.min(), z.max()])
    try:
        faces = ConvexHull(z).equations
    except QhullError as error:
        raise ConvergenceError(
            "the best policies from the corners of the box end in vertices that enclose no region of inaction; leave "
            "inaction out where costs are nil."
        ) from error
    return faces[:, :-1], -faces[:, -1]
