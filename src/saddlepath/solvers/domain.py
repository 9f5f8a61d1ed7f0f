"""Where the nodes of a collocation lie: around the states that the economy visits.

The region is a parallelepiped, a box in the directions in which the states move together, since the corners of an
upright box (much capital in a deep slump) lie far from where the economy goes and often beyond what the ranges of its
policies allow (Judd, Maliar and Maliar, 2011, Quant. Econ., on that domain).
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from saddlepath.cloud import Cloud
from saddlepath.economy import Economy, feature_ranges
from saddlepath.errors import ConfigError
from saddlepath.grid import Grid
from saddlepath.model import nearest_names
from saddlepath.prior import Box
from saddlepath.ranges import Interval, NonNegative, Range, Unit

MARGIN = 1.15
"""The grid covers the simulated states times this [-]."""
LEAST_REACH = 2.0
"""A state that decisions move is covered at least so many scales around the middle [scales of the cloud]."""
RIDGE = 0.1
"""Least dispersion in the directions of the grid, so that there are as many as states [scales of the cloud]."""


def middle_of(cloud: Cloud) -> tuple[np.ndarray, np.ndarray]:
    """Centre and scale of the cloud of one calibration."""
    return np.asarray(cloud.centre)[0], np.exp(np.asarray(cloud.log_scale)[0])


def covering(
    eco: Economy,
    cloud: Cloud,
    box: Box | None,
    basis: str,
    size: tuple[int, ...],
    sample: Float[np.ndarray, "n n_continuous"],
) -> Grid:
    """The grid that covers a sample of state features, or the box that was asked for.

    Directions come from the Cholesky factor of the sample's covariance, exogenous states first: these keep an interval
    of their own, and the others move around what the exogenous ones let expect. A state with a bounded range keeps its
    own interval too, so that no node lies outside.
    """
    _, scale = middle_of(cloud)
    bounded = any(isinstance(r, NonNegative | Interval | Unit) for _, r, _ in _fields(eco))
    upright = box is not None or bounded
    exogenous = np.asarray(cloud.exogenous) > 0
    directions = np.diag(scale)
    if not upright and scale.size > 1:
        order = np.concatenate([np.flatnonzero(exogenous), np.flatnonzero(~exogenous)])
        covariance = np.cov(sample[:, order].T) + np.diag((RIDGE * scale[order]) ** 2)
        directions = np.linalg.cholesky(covariance)[np.ix_(np.argsort(order), np.argsort(order))]
    middle = sample.mean(axis=0)
    units = np.linalg.solve(directions, (sample - middle).T).T
    low, high = units.min(axis=0), units.max(axis=0)
    reach = np.where(exogenous, RIDGE, LEAST_REACH) * scale / np.diag(directions)
    half = np.maximum(MARGIN * (high - low) / 2, reach)
    centre, axes = middle + directions @ ((low + high) / 2), directions * half
    if upright:
        lower, upper = _bounds(eco, box, centre - np.diag(axes), centre + np.diag(axes))
        centre, axes = (lower + upper) / 2, np.diag((upper - lower) / 2)
    return Grid(basis, size, jnp.asarray(centre), jnp.asarray(np.linalg.inv(axes)))


def _fields(eco: Economy) -> list[tuple[str, Range, slice]]:
    """Name, range and place among the features of every continuous state."""
    names = [name for name in eco.states.fields if name not in dict(eco.states.regimes)]
    ranges = feature_ranges(eco.model, eco.states)
    ends = np.cumsum([int(np.prod(r.shape)) for r in ranges])
    return [
        (name, r, slice(int(end) - int(np.prod(r.shape)), int(end)))
        for name, r, end in zip(names, ranges, ends, strict=True)
    ]


def _inside(r: Range, features: np.ndarray) -> np.ndarray:
    """Features of a bounded range brought back into it."""
    if isinstance(r, NonNegative):
        return np.maximum(features, 0.0)
    if isinstance(r, Interval | Unit):
        return np.ravel(r.from_feature(jnp.asarray(features.reshape(r.shape))))
    return features


def require_box(eco: Economy, box: Box) -> None:
    """Refuse bounds that do not fit the states.

    Raises:
        ConfigError: The box names something that is no continuous state, has another shape, or leaves a range.
    """
    ranges = {name: r for name, r, _ in _fields(eco)}
    for name, low, high in zip(box.names, box.lower, box.upper, strict=True):
        if name not in ranges:
            raise ConfigError(f"the box of a Collocation names {name!r}; {nearest_names(name, list(ranges))}")
        r = ranges[name]
        if low.shape != tuple(r.shape):
            raise ConfigError(
                f"State.{name} has shape {tuple(r.shape)}, its bounds have shape {low.shape}; give bounds per entry."
            )
        if not all(np.all(np.asarray(r.contains(jnp.asarray(bound)))) for bound in (low, high)):
            raise ConfigError(f"State.{name} is {r.describe()}, and the box [{low}, {high}] reaches beyond; narrow it.")


def _bounds(eco: Economy, box: Box | None, lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of an upright grid in features: what was asked for, else the given ones inside the ranges."""
    lower, upper = lower.copy(), upper.copy()
    asked = {} if box is None else dict(zip(box.names, zip(box.lower, box.upper, strict=True), strict=True))
    for name, r, place in _fields(eco):
        lower[place], upper[place] = _inside(r, lower[place]), _inside(r, upper[place])
        if name in asked:
            low, high = asked[name]
            lower[place] = np.ravel(r.feature(jnp.asarray(low)))
            upper[place] = np.ravel(r.feature(jnp.asarray(high)))
    return lower, upper
