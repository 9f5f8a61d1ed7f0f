"""What every surrogate is: labels it was fitted to, a box it is good for, a prediction with an error bar.

A surrogate is fitted by `fit(labels, kind)`, where `kind` is a small value (`GP(...)`, `Deep(...)`,
`Polynomial(...)`) that knows how. Inputs are the entries of a `Box` in physical units; every transform (of inputs or
outputs) lives inside the surrogate.
"""

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.prior import Box

AnyArray = Array | np.ndarray


class Prediction(NamedTuple):
    """Mean and standard deviation of what a surrogate says, the last axis being that of the outputs.

    Attributes:
        mean: `[..., n_outputs]`. [units of the outputs]
        sd: Standard deviation of the surrogate's own error, `[..., n_outputs]`. [units of the outputs]
    """

    mean: AnyArray
    sd: AnyArray


@dataclasses.dataclass(frozen=True)
class Labels:
    """Points at which an expensive function has been evaluated, and what it returned.

    Attributes:
        box: Where the points lie; the surrogate is good inside it.
        theta: Points `[n, n_inputs]`, in the order of `box.entries`. [units of the box]
        values: What the function returned, `[n, n_outputs]`. [units of the outputs]
        outputs: A name per output.
        noise: Known standard deviation of every value, `[n, n_outputs]`, or None. [units of the outputs]
        gradients: Slopes of every value in every input, `[n, n_outputs, n_inputs]`, or None; an active subspace is
            found from them. [units of the outputs per unit of the box]
    """

    box: Box
    theta: np.ndarray
    values: np.ndarray
    outputs: tuple[str, ...] = ()
    noise: np.ndarray | None = None
    gradients: np.ndarray | None = None

    def __post_init__(self) -> None:
        theta = np.asarray(self.theta, dtype=float)
        values = np.asarray(self.values, dtype=float)
        values = values[:, None] if values.ndim == 1 else values
        if theta.ndim != 2 or theta.shape[1] != self.box.size:
            raise ConfigError(
                f"theta must have shape [n, {self.box.size}], one column per entry of the box "
                f"({', '.join(self.box.entries)}), got shape {theta.shape}."
            )
        if values.ndim != 2 or len(values) != len(theta):
            raise ConfigError(
                f"values must have one row per point, expected [{len(theta)}] or [{len(theta)}, n_outputs], got shape "
                f"{values.shape}."
            )
        outputs = self.outputs or tuple(f"y{i + 1}" for i in range(values.shape[1]))
        if len(outputs) != values.shape[1]:
            raise ConfigError(f"outputs names {len(outputs)} columns, values has {values.shape[1]}; name every column.")
        self._require_finite(theta, values, outputs)
        object.__setattr__(self, "theta", theta)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "outputs", tuple(outputs))
        if self.noise is not None:
            noise = np.asarray(self.noise, dtype=float)
            noise = noise[:, None] if noise.ndim == 1 else noise
            object.__setattr__(self, "noise", np.broadcast_to(noise, values.shape).copy())
        if self.gradients is not None:
            object.__setattr__(self, "gradients", self._checked_gradients(self.gradients))

    def _checked_gradients(self, gradients: np.ndarray) -> np.ndarray:
        found = np.asarray(gradients, dtype=float)
        found = found[:, None] if found.ndim == 2 else found
        expected = (*self.values.shape, self.box.size)
        if found.shape != expected or not np.all(np.isfinite(found)):
            raise ConfigError(
                f"gradients must be finite and have shape {list(expected)}, [n, n_outputs, n_inputs], got shape "
                f"{list(found.shape)} with {int(np.sum(~np.isfinite(found)))} entries that are not finite."
            )
        return found

    def _require_finite(self, theta: np.ndarray, values: np.ndarray, outputs: tuple[str, ...]) -> None:
        wrong = np.flatnonzero(~np.isfinite(theta).all(axis=1) | ~np.isfinite(values).all(axis=1))
        if wrong.size:
            i = int(wrong[0])
            bad = [name for name, value in zip(outputs, values[i], strict=True) if not np.isfinite(value)]
            raise ConfigError(
                f"{wrong.size} of {len(theta)} labels are not finite, the first {', '.join(bad) or 'theta'} at "
                f"theta = {np.array2string(theta[i], precision=6)}; drop these points or repair what computes them."
            )

    def __len__(self) -> int:
        return len(self.theta)


class Surrogate(eqx.Module):
    """A fitted map from a point of a box to named outputs.

    Attributes:
        box: Where it was fitted.
        outputs: A name per output.
    """

    box: eqx.AbstractVar[Box]
    outputs: eqx.AbstractVar[tuple[str, ...]]

    @abc.abstractmethod
    def at(self, theta: Float[Array, " n_inputs"]) -> Prediction:
        """The prediction at one point, pure and differentiable: mean and sd are `[n_outputs]`."""

    def mean(self, theta: Float[Array, " n_inputs"]) -> Float[Array, " n_outputs"]:
        """The mean alone, for millions of points; a surrogate may have a faster way than `at`."""
        return jnp.asarray(self.at(theta).mean)

    @abc.abstractmethod
    def draw(self, key: PRNGKeyArray) -> "eqx.Module":
        """A function drawn from what the surrogate holds possible: callable from `[n_inputs]` to `[n_outputs]`."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """A name per input."""
        return self.box.entries

    def predict(self, theta: Any) -> Prediction:
        """Predictions at one point or many.

        Args:
            theta: `[..., n_inputs]`, or a mapping from the box's names to values. [units of the box]

        Returns:
            Mean and standard deviation `[..., n_outputs]`: NumPy arrays, or JAX arrays under a caller's `jit`,
            `grad` or `vmap`.

        Raises:
            ConfigError: The last axis is not that of the inputs.
        """
        if isinstance(theta, Mapping):
            theta = self.box.join(dict(theta))
        if np.ndim(theta) == 0 or np.shape(theta)[-1] != self.box.size:
            raise ConfigError(
                f"theta must end in an axis of length {self.box.size} ({', '.join(self.inputs)}), got shape "
                f"{np.shape(theta)}."
            )
        if isinstance(theta, jax.core.Tracer):
            return _predict(self, theta)
        with jax.enable_x64(True):
            mean, sd = _predict(self, jnp.asarray(theta, dtype=float))
            return Prediction(np.asarray(mean), np.asarray(sd))


class StoredSurrogate(Surrogate):
    """A surrogate that a file can hold: its structure is plain data, its numbers are arrays."""

    @abc.abstractmethod
    def table(self) -> dict[str, Any]:
        """Plain data from which `skeleton` makes a surrogate of the same structure and shapes."""

    @classmethod
    @abc.abstractmethod
    def skeleton(cls, table: Mapping[str, Any]) -> "StoredSurrogate":
        """A surrogate with `jax.ShapeDtypeStruct` in place of every array, to read a file into."""


@eqx.filter_jit
def _predict(surrogate: Surrogate, theta: Float[Array, "*batch n_inputs"]) -> Prediction:
    flat = theta.reshape(-1, theta.shape[-1])
    mean, sd = jax.vmap(surrogate.at)(flat)
    shape = (*theta.shape[:-1], mean.shape[-1])
    return Prediction(mean.reshape(shape), sd.reshape(shape))


def without_numbers(surrogate: Any) -> Any:
    """The structure of a surrogate, with a `jax.ShapeDtypeStruct` in place of every JAX array."""
    empty = lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype) if isinstance(a, jax.Array) else a
    return jax.tree.map(empty, surrogate)


class Kind(abc.ABC):
    """How a surrogate is fitted: a small immutable value."""

    @abc.abstractmethod
    def fit(self, labels: Labels, seed: int = 0) -> StoredSurrogate:
        """A surrogate of labels.

        Raises:
            ConfigError: Too few labels, or labels that this kind cannot use.
        """

    @abc.abstractmethod
    def describe(self) -> str:
        """One line for reports."""
