"""Named tuples as flat vectors: the one place that knows in which order the entries of a state or policy stand."""

import math
from collections.abc import Iterable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ModelError


def entry_name(field: str, index: tuple[int, ...]) -> str:
    """`k` for a scalar, `k[2]` for the entry 2 of a vector."""
    return f"{field}[{','.join(map(str, index))}]" if index else field


def entry_names(shapes: Iterable[tuple[str, tuple[int, ...]]]) -> list[str]:
    """A name per entry of fields with these shapes, field after field."""
    return [entry_name(field, index) for field, shape in shapes for index in np.ndindex(shape)]


class Layout(eqx.Module):
    """Order and shapes of the fields of a named tuple.

    Attributes:
        point: The named-tuple class.
        shapes: Shape of each field.
        regimes: Fields that hold the index of a Markov regime, with the number of regimes.
    """

    point: type = eqx.field(static=True)
    shapes: tuple[tuple[int, ...], ...] = eqx.field(static=True)
    regimes: tuple[tuple[str, int], ...] = eqx.field(static=True, default=())

    @property
    def fields(self) -> tuple[str, ...]:
        return self.point._fields

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(math.prod(shape) for shape in self.shapes)

    @property
    def size(self) -> int:
        return sum(self.sizes)

    @property
    def slices(self) -> dict[str, slice]:
        ends = np.cumsum(self.sizes)
        return {f: slice(int(e - n), int(e)) for f, n, e in zip(self.fields, self.sizes, ends, strict=True)}

    @property
    def continuous(self) -> np.ndarray:
        """Positions of the entries that are not regimes."""
        keep = np.ones(self.size, dtype=bool)
        for field, _ in self.regimes:
            keep[self.slices[field]] = False
        return np.flatnonzero(keep)

    @property
    def entries(self) -> tuple[str, ...]:
        """A name per entry."""
        return tuple(entry_names(zip(self.fields, self.shapes, strict=True)))

    def flatten(self, values: Any, origin: str) -> Float[Array, "size"]:
        """The entries of a named tuple as one vector.

        Args:
            values: A named tuple with the fields of this layout.
            origin: Who returned it, for the message.

        Raises:
            ModelError: Not this named tuple, or a field has another shape.
        """
        if not isinstance(values, tuple) or getattr(values, "_fields", None) != self.fields:
            raise ModelError(
                f"{origin} must return a {self.point.__name__} with the fields {', '.join(self.fields)}, "
                f"got {type(values).__name__}; return self.{self.point.__name__}(...)."
            )
        parts = [
            self._entry(field, shape, value, origin)
            for field, shape, value in zip(self.fields, self.shapes, values, strict=True)
        ]
        return jnp.concatenate(parts) if parts else jnp.zeros(0)

    def _entry(self, field: str, shape: tuple[int, ...], value: Any, origin: str) -> Array:
        if jnp.shape(value) != shape:
            raise ModelError(
                f"{origin} returned {self.point.__name__}.{field} with shape {jnp.shape(value)}, expected {shape}; "
                f"give every entry of {field}, or declare its shape in {self.point.__name__.lower()}_range()."
            )
        return jnp.ravel(jnp.asarray(value, dtype=jnp.result_type(float)))

    def unflatten(self, vector: Float[Array, "size"], regimes: dict[str, Array] | None = None) -> Any:
        """The named tuple of a vector. Regimes become whole numbers, or what `regimes` gives for them."""
        regime_names = [name for name, _ in self.regimes]
        values = []
        for field, shape in zip(self.fields, self.shapes, strict=True):
            value = vector[self.slices[field]].reshape(shape)
            if field in regime_names:
                value = jnp.round(value).astype(jnp.int32) if regimes is None else regimes[field]
            values.append(value)
        return self.point(*values)


def layout_of(point: type, ranges: Any, regimes: tuple[tuple[str, int], ...] = ()) -> Layout:
    """The layout of a named-tuple class whose shapes its ranges declare."""
    return Layout(point, tuple(tuple(r.shape) for r in ranges), regimes)
