"""Which parameters do the moments tell apart? Singular values of their Jacobian, weak directions, profiles.

The Jacobian is scaled: moments by their standard errors, parameters by the width of their box. A singular value of s
says that moving that far along its direction moves the moments by s standard errors; the direction with the smallest
one is what the data know least about.
"""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError
from saddlepath.estimate.smm import Moments, moments_at, slopes_at, smm
from saddlepath.model import nearest_names
from saddlepath.prior import Box
from saddlepath.table import Table, table

WEAK = 1.0
"""A direction through the whole box that moves the moments by fewer standard errors is not identified [-]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Identification:
    """What the moments say about parameters near a point.

    Attributes:
        parameters: Names.
        moments: Names.
        theta: The point. [units of the box]
        jacobian: Change of the moments per unit of each parameter `[n_moments, n_parameters]`.
        singular: Singular values of the scaled Jacobian, largest first. [standard errors per width of the box]
        directions: Their directions, one per row, in widths of the box.
    """

    parameters: tuple[str, ...]
    moments: tuple[str, ...]
    theta: Float[np.ndarray, " n_parameters"]
    jacobian: Float[np.ndarray, "n_moments n_parameters"]
    singular: Float[np.ndarray, " n_parameters"]
    directions: Float[np.ndarray, "n_parameters n_parameters"]

    @property
    def condition(self) -> float:
        """Largest over smallest singular value."""
        return float(self.singular[0] / self.singular[-1]) if self.singular[-1] > 0 else float("inf")

    @property
    def weak(self) -> tuple[str, ...]:
        """Directions along which the moments hardly move, in words."""
        found = zip(self.singular, self.directions, strict=True)
        return tuple(self._words(direction) for value, direction in found if value < WEAK)

    def _words(self, direction: np.ndarray) -> str:
        order = np.argsort(-np.abs(direction))
        direction = direction * np.sign(direction[order[0]])  # either sign names the same direction
        parts = [f"{direction[i]:+.2f} {self.parameters[i]}" for i in order if abs(direction[i]) > 0.05]
        return " ".join(parts)

    def table(self) -> Table:
        """One row per direction, the strongest first."""
        rows = {}
        for i, (value, direction) in enumerate(zip(self.singular, self.directions, strict=True)):
            rows[str(i + 1)] = {
                "singular value": f"{value:.3g}",
                "direction in widths of the box": self._words(direction),
            }
        note = f"Condition number {self.condition:.3g}. " + (
            f"Not identified: {'; '.join(self.weak)}." if self.weak else "Every direction is identified."
        )
        return table(rows, "rank", title="Identification", note=note)

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()


def identification(model: Any, data: Moments, theta: Any, *, box: Box | None = None) -> Identification:
    """Singular values and weak directions of the moments near a parameter vector.

    Args:
        model: As `smm` takes it.
        data: Moments of the data, for their standard errors.
        theta: Where, `[n_parameters]`.
        box: Parameters and bounds; default: those of the family or surrogate.

    Raises:
        ConfigError: No box, or a point of another length.
    """
    box = box or getattr(model, "box", None)
    point = np.asarray(theta, dtype=float)
    if box is None or point.shape != (box.size,):
        raise ConfigError(
            f"identification needs a box and one value per parameter, got theta of shape {point.shape}; give both."
        )
    with jax.enable_x64(True):
        jacobian = np.asarray(slopes_at(model, jnp.asarray(point)))
    scaled = jacobian * (box.high - box.low) / np.sqrt(np.diag(data.covariance))[:, None]
    _, singular, directions = np.linalg.svd(scaled, full_matrices=False)
    return Identification(box.entries, data.names, point, jacobian, singular, directions)


def profile(
    model: Any, data: Moments, parameter: str, values: Any, *, box: Box | None = None, **settings: Any
) -> Float[np.ndarray, " n"]:
    """The least objective of `smm` with one parameter held at each of some values.

    Args:
        model: As `smm` takes it.
        data: Moments of the data.
        parameter: Its name.
        values: Where it is held `[n]`, inside the box. [unit of the parameter]
        box: Parameters and bounds; default: those of the family or surrogate.
        settings: Further arguments of `smm`.

    Raises:
        ConfigError: No such parameter.
    """
    box = box or getattr(model, "box", None)
    if box is None or parameter not in box.entries:
        known = [] if box is None else list(box.entries)
        raise ConfigError(f"there is no parameter {parameter!r}; {nearest_names(parameter, known)}")
    i = box.entries.index(parameter)
    if box.size == 1:
        with jax.enable_x64(True):
            gaps = [np.asarray(moments_at(model, jnp.asarray([float(v)]))) - data.values for v in values]
        return np.array([gap @ np.linalg.inv(data.covariance) @ gap for gap in gaps])
    rest = Box(**{n: (lo, hi) for n, lo, hi in zip(box.entries, box.low, box.high, strict=True) if n != parameter})

    with jax.enable_x64(True):
        held = [_Held(model, i, jnp.asarray(float(value))) for value in values]
    return np.array([smm(one, data, box=rest, **settings).objective for one in held])


class _Held(eqx.Module):
    """Moments with one parameter held; its value is a leaf, so that all of a profile compiles once."""

    model: Any
    position: int = eqx.field(static=True)
    value: Array

    def __call__(self, others: Array) -> Array:
        return moments_at(self.model, jnp.insert(others, self.position, self.value))
