"""Active subspaces: the few directions of the inputs along which an output changes.

C, the mean of g g' over points, with g the gradient of the output on the unit cube, has large eigenvalues along
directions that matter and small ones along directions that do not. A Gaussian process of the coordinates along the
first few needs far fewer points than one of all inputs.

References:
    Constantine, Dow and Wang (2014, SIAM Journal on Scientific Computing), active subspaces; Zahm, Constantine, Prieur
    and Marzouk (2020, SIAM Journal on Scientific Computing), several outputs; Scheidegger and Bilionis (2019, Journal
    of Computational Science), active subspaces of value functions.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError
from saddlepath.prior import Box
from saddlepath.surrogate.coordinates import Coordinates

ROUND_OFF = 1e-14
"""Eigenvalues below this share of the largest are round-off where gradients are exact [-]."""
LEAST_GAP = 10.0
"""Factor between neighbouring eigenvalues from which they are apart; without one no direction can be left out [-]."""


class Subspace(Coordinates):
    """Directions in the unit cube of the inputs, and coordinates along them.

    Attributes:
        directions: A column of length one per coordinate `[d, m]`. [-]
        eigenvalues: Of the mean outer product of gradients, as shares of their sum, in descending order `[d]`; empty
            where directions were given. [-]
    """

    directions: Float[np.ndarray, "d m"]
    eigenvalues: Float[np.ndarray, " n_eigenvalues"]

    def __init__(self, directions: Any, eigenvalues: Any = ()):
        """Args:
            directions: `[d, m]`, or `[d]` for one; of any length but zero.
            eigenvalues: `[d]`, for the record.

        Raises:
            ConfigError: More directions than inputs, or one of length zero.
        """
        columns = np.asarray(directions, dtype=float)
        columns = columns[:, None] if columns.ndim == 1 else columns
        lengths = np.linalg.norm(columns, axis=0)
        if columns.ndim != 2 or columns.shape[1] > columns.shape[0] or not np.all(np.isfinite(lengths) & (lengths > 0)):
            raise ConfigError(
                "directions must be finite columns [d, m] with m <= d, none of them zero, got shape "
                f"{columns.shape} and lengths {lengths}; give one column per coordinate."
            )
        self.directions = columns / lengths
        self.eigenvalues = np.asarray(eigenvalues, dtype=float)

    @property
    def dimension(self) -> int:
        """Number of coordinates."""
        return self.directions.shape[1]

    def coordinates(self, u: Float[Array, "*batch d"]) -> Float[Array, "*batch m"]:
        """Positions along the directions: 0 and 1 are the ends that the box reaches."""
        columns = jnp.asarray(self.directions).astype(u.dtype)
        return 0.5 + (u - 0.5) @ (columns / jnp.sum(jnp.abs(columns), axis=0, keepdims=True))


def active_subspace(gradients: Any, box: Box, dimension: int | None = None) -> Subspace:
    """The directions along which outputs change, from gradients at points that fill a box.

    C = mean of g g' with g = gradient * (high - low); the dimension is where log eigenvalues fall furthest.

    Args:
        gradients: Of one output `[n, d]` or of several `[n, n_outputs, d]`, which then weigh the same. [units of the
            outputs per unit of the box]
        box: Where the points lie.
        dimension: Number of directions; None: up to the largest gap of the spectrum, all where no two neighbouring
            eigenvalues differ by a factor of ten.

    Raises:
        ConfigError: Gradients of another shape, not finite or zero everywhere, or a dimension outside 1 to d.
    """
    g = np.asarray(gradients, dtype=float)
    if g.ndim not in (2, 3) or g.shape[-1] != box.size:
        raise ConfigError(
            f"gradients must have shape [n, {box.size}] or [n, n_outputs, {box.size}], one entry per entry of the box "
            f"({', '.join(box.entries)}), got shape {g.shape}."
        )
    return subspace_of(g * (box.high - box.low), dimension)


def subspace_of(
    gradients: Float[np.ndarray, "n ... d"], dimension: int | None = None, floor: float = ROUND_OFF
) -> Subspace:
    """The same from gradients on the unit cube; eigenvalues below a share of the largest count as equal to it."""
    g = gradients.reshape(len(gradients), -1, gradients.shape[-1])
    size = np.mean(np.sum(g**2, axis=2), axis=0)
    if not np.all(np.isfinite(size)) or np.any(size == 0):
        raise ConfigError(
            "gradients must be finite and not zero at all points, got a mean squared length of "
            f"{np.array2string(size, precision=4)}; leave out outputs that never change."
        )
    c = np.einsum("njk,njl,j->kl", g, g, 1 / size) / (g.shape[0] * g.shape[1])
    values, vectors = np.linalg.eigh(c)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    m = _dimension(values, floor) if dimension is None else dimension
    if not 1 <= m <= len(values):
        raise ConfigError(f"dimension must be between 1 and the {len(values)} inputs, got {m}; None chooses it.")
    return Subspace(vectors[:, :m], values)


def _dimension(values: Float[np.ndarray, " d"], floor: float) -> int:
    """Position of the largest gap."""
    falls = -np.diff(np.log(np.maximum(values, floor * values[0])))
    if not falls.size or falls.max() < np.log(LEAST_GAP):
        return len(values)
    return int(np.argmax(falls)) + 1
