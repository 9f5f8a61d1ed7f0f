"""What every log likelihood is: a function of named parameters, within bounds."""

import abc
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names

AnyArray = Array | np.ndarray


class LogLikelihood(eqx.Module):
    """A log likelihood as a function of parameters: callable with a mapping by name or a vector in order.

    Attributes:
        names: A name per parameter.
        low: Least value of each parameter, minus infinity without a bound `[size]`.
        high: Largest value of each parameter `[size]`.
        differentiable: Whether its gradient is that of the likelihood. Resampled particles have none.
    """

    names: eqx.AbstractVar[tuple[str, ...]]
    low: eqx.AbstractVar[AnyArray]
    high: eqx.AbstractVar[AnyArray]
    differentiable: eqx.AbstractVar[bool]

    def __hash__(self) -> int:
        return id(self)  # as a function, so that `jax.jit(log_likelihood)` works

    def __eq__(self, other: object) -> bool:
        return self is other

    @abc.abstractmethod
    def inside(self, theta: Float[Array, " size"]) -> Float[Array, ""]:
        """Its value at parameters inside the bounds, pure JAX; not finite where the model has no solution."""

    @property
    def size(self) -> int:
        """Number of parameters."""
        return len(self.names)

    def at(self, theta: Float[Array, " size"]) -> Float[Array, ""]:
        """Its value, pure JAX; minus infinity outside the bounds and where the model has no solution."""
        low, high = jnp.asarray(self.low), jnp.asarray(self.high)
        # Outside, a value inside is computed and discarded, for the gradient of a discarded NaN would be NaN.
        value = self.inside(jnp.clip(theta, low, high))
        within = jnp.all((theta >= low) & (theta <= high))
        return jnp.where(within & jnp.isfinite(value), value, -jnp.inf)

    def vector(self, values: Mapping[str, Any]) -> Float[np.ndarray, " size"]:
        """Parameters by name as a vector.

        Raises:
            ConfigError: A name is missing or unknown.
        """
        unknown = [name for name in values if name not in self.names]
        if unknown:
            raise ConfigError(f"{unknown[0]!r} is not estimated; {nearest_names(unknown[0], list(self.names))}")
        missing = [name for name in self.names if name not in values]
        if missing:
            raise ConfigError(f"the likelihood needs a value of {', '.join(missing)}; give every parameter by name.")
        return np.array([float(values[name]) for name in self.names])

    def __call__(self, theta: Any = None, **values: Any) -> Any:
        """Its value at parameters.

        Args:
            theta: `[size]` in the order of `names`, or a mapping by name. [units of the parameters]
            values: Parameters by name instead.

        Returns:
            A number; a JAX array under a caller's `jit`, `grad` or `vmap`, where bounds give minus infinity.

        Raises:
            ConfigError: Names or length do not fit, or a value lies outside the bounds.
        """
        if isinstance(theta, jax.core.Tracer):
            return self.at(theta)
        given = {} if theta is None else theta
        point = self.vector({**given, **values}) if isinstance(given, Mapping) else np.asarray(given, dtype=float)
        if point.shape != (self.size,):
            raise ConfigError(
                f"theta must have shape ({self.size},), one entry per parameter ({', '.join(self.names)}), got shape "
                f"{point.shape}."
            )
        for name, value, low, high in zip(self.names, point, np.asarray(self.low), np.asarray(self.high), strict=True):
            if not low <= value <= high:
                raise ConfigError(
                    f"{name} = {value:.6g} lies outside [{low:.6g}, {high:.6g}], where this likelihood is defined; "
                    "choose a value inside, or solve and estimate over a larger box."
                )
        with jax.enable_x64(True):
            return float(_value(self, jnp.asarray(point)))


@eqx.filter_jit
def _value(log_likelihood: LogLikelihood, theta: Float[Array, " size"]) -> Float[Array, ""]:
    return log_likelihood.at(theta)
