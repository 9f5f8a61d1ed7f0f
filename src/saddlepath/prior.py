"""Boxes over parameters or states, and designs of experiments inside them."""

from typing import Any

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.layout import entry_names
from saddlepath.model import Model, nearest_names, parameters

AnyArray = Array | np.ndarray


class Box(eqx.Module):
    """A hyper-rectangle, `Box(beta=(0.85, 0.97), alpha=(0.3, 0.4))`; bounds of an array field may be arrays.

    As `solve(..., over=Box(...))` it names parameters that the decision rule takes as inputs (pseudo-states).

    Attributes:
        names: Names of the fields.
        lower: Lower bound of each field, in the order of `names`. [unit of the field]
        upper: Upper bound of each field.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    lower: tuple[np.ndarray, ...]
    upper: tuple[np.ndarray, ...]

    def __init__(self, **bounds: Any):
        """Args:
            bounds: `(lower, upper)` by name.

        Raises:
            ConfigError: Not a pair, not finite, or lower is not below upper.
        """
        pairs = {name: _bounds(name, pair) for name, pair in bounds.items()}
        self.names = tuple(pairs)
        self.lower = tuple(low for low, _ in pairs.values())
        self.upper = tuple(high for _, high in pairs.values())

    @property
    def size(self) -> int:
        return sum(low.size for low in self.lower)

    @property
    def entries(self) -> tuple[str, ...]:
        """A name per entry of the flat vector."""
        return tuple(entry_names((name, low.shape) for name, low in zip(self.names, self.lower, strict=True)))

    @property
    def low(self) -> Float[AnyArray, " size"]:
        return _joined(self.lower)

    @property
    def high(self) -> Float[AnyArray, " size"]:
        return _joined(self.upper)

    @property
    def centre(self) -> Float[AnyArray, " size"]:
        return (self.low + self.high) / 2

    def standardise(self, theta: Float[AnyArray, " size"]) -> Float[AnyArray, " size"]:
        """Positions in the box, -1 at the lower and 1 at the upper bounds."""
        return (theta - self.centre) / ((self.high - self.low) / 2)

    def draw(self, key: PRNGKeyArray, n: int | None = None) -> Array:
        """Uniform draws, `[size]` or `[n, size]`."""
        shape = (self.size,) if n is None else (n, self.size)
        return jax.random.uniform(key, shape, minval=jnp.asarray(self.low), maxval=jnp.asarray(self.high))

    def draw_toward_edges(self, key: PRNGKeyArray) -> Float[Array, " size"]:
        """A draw with the arcsine density, which crowds at the bounds like Chebyshev nodes.

        What is fitted to uniform draws errs most at the edges of a box.
        """
        angle = jax.random.uniform(key, (self.size,), maxval=np.pi)
        return jnp.asarray(self.centre) - jnp.cos(angle) * jnp.asarray((self.high - self.low) / 2)

    def design(self, n: int, seed: int = 0) -> Float[np.ndarray, "n size"]:
        """A scrambled Sobol' design of `n` points, the centre first."""
        from scipy.stats import qmc

        if self.size == 0:
            return np.zeros((1, 0))
        power = int(np.ceil(np.log2(max(n, 2))))
        points = qmc.Sobol(self.size, rng=seed).random_base2(power)[: n - 1]
        return np.vstack([self.centre, self.low + points * (self.high - self.low)])

    def split(self, theta: Float[AnyArray, " size"]) -> dict[str, AnyArray]:
        """A flat vector as fields by name."""
        ends = np.cumsum([low.size for low in self.lower])
        return {
            name: theta[end - low.size : end].reshape(low.shape)
            for name, low, end in zip(self.names, self.lower, ends, strict=True)
        }

    def join(self, values: dict[str, Any]) -> Float[np.ndarray, " size"]:
        """Fields by name as a flat vector; the inverse of `split`.

        Raises:
            ConfigError: A name is missing or unknown, or a value lies outside the box.
        """
        unknown = [name for name in values if name not in self.names]
        if unknown:
            raise ConfigError(f"{unknown[0]!r} is not a pseudo-state; {nearest_names(unknown[0], list(self.names))}")
        missing = [name for name in self.names if name not in values]
        if missing:
            raise ConfigError(f"the rule needs a value of {', '.join(missing)}; give every pseudo-state by name.")
        return np.concatenate([np.zeros(0), *(self._inside(name, values[name]) for name in self.names)])

    def _inside(self, name: str, value: Any) -> np.ndarray:
        position = self.names.index(name)
        low, high = self.lower[position], self.upper[position]
        entries = np.broadcast_to(np.asarray(value, dtype=float), low.shape)
        if not np.all((entries >= low) & (entries <= high)):
            raise ConfigError(
                f"{name} = {value} lies outside the box [{low}, {high}] over which the rule was solved; "
                "choose a value inside, or solve over a larger box."
            )
        return entries.ravel()

    def check_parameters(self, model: Model) -> None:
        """Refuse names that are not real-valued parameters of the model, or bounds of another shape."""
        for name, low, high in zip(self.names, self.lower, self.upper, strict=True):
            self._check_parameter(model, name, low, high)

    def _check_parameter(self, model: Model, name: str, low: np.ndarray, high: np.ndarray) -> None:
        known = list(parameters(model))
        if name not in known:
            raise ConfigError(f"{type(model).__name__} has no parameter {name!r}; {nearest_names(name, known)}")
        value = getattr(model, name)
        if isinstance(value, bool | int | str) or np.asarray(value).dtype.kind != "f":
            raise ConfigError(
                f"{name} = {value!r} of {type(model).__name__} is structure, not a real number, and cannot be a "
                "pseudo-state; solve once for each of its values."
            )
        if np.shape(value) != low.shape:
            raise ConfigError(
                f"{name} has shape {np.shape(value)}, its bounds have shape {low.shape}; give bounds per entry."
            )
        within = parameters(model)[name].within
        if within is not None and not np.all(within.contains(jnp.asarray(low)) & within.contains(jnp.asarray(high))):
            raise ConfigError(f"the bounds {low}, {high} of {name} must be {within.describe()}; shrink the box.")


def _joined(bounds: tuple[Any, ...]) -> Float[AnyArray, " size"]:
    """Bounds as one vector, on the host unless a compiled function is being traced."""
    parts = [bound.ravel() for bound in bounds]
    if any(isinstance(part, jax.core.Tracer) for part in parts):
        return jnp.concatenate(parts)
    return np.concatenate([np.zeros(0), *parts])


def _bounds(name: str, pair: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ConfigError(f"a Box needs a pair ({name} = (lower, upper)), got {name} = {pair!r}; give both bounds.")
    low, high = np.broadcast_arrays(*(np.asarray(bound, dtype=float) for bound in pair))
    if not (np.all(np.isfinite(low)) and np.all(np.isfinite(high)) and np.all(low < high)):
        raise ConfigError(f"a Box needs finite bounds with lower < upper, got {name} = {pair!r}; change them.")
    return np.array(low), np.array(high)
