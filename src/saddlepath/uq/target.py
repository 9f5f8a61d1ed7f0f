"""The function whose quantities of interest are explained: any vectorised function, or a surrogate with its draws."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError
from saddlepath.prior import Prior
from saddlepath.surrogate.base import Surrogate

CHUNK = 1 << 18
"""Most points that leave NumPy at once [-]."""
BLOCK = 2048
"""Points that a surrogate is evaluated at together: covariances with its labels then stay in the cache [-]."""
FEWER = 4
"""Functions drawn from a surrogate are evaluated on this part of one scrambling: one in four rows [-]."""
FLAT = 1e-10
"""A quantity whose standard deviation is below this share of its size is constant up to rounding [-]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Target:
    """A function of parameters with named outputs.

    Attributes:
        function: From `[n, n_inputs]` to `[n, n_outputs]` or `[n]`, NumPy.
        prior: Law of the parameters, in the order of the function's inputs.
        outputs: A name per quantity of interest; empty until the first evaluation tells their number.
        drawn: From `[n, n_inputs]` to `[draws, n, n_outputs]`, functions drawn from a surrogate; or None.
    """

    function: Callable[[np.ndarray], Any]
    prior: Prior
    outputs: tuple[str, ...]
    drawn: Callable[[np.ndarray], np.ndarray] | None = None

    def __call__(self, theta: Float[np.ndarray, "n n_inputs"]) -> Float[np.ndarray, "n n_outputs"]:
        """Values at points, checked.

        Raises:
            ConfigError: The shape is wrong, or a value is not finite.
        """
        values = np.asarray(self.function(theta), dtype=float)
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2 or len(values) != len(theta):
            raise ConfigError(
                f"the function must return [n] or [n, n_outputs] for points [n, {theta.shape[1]}], got shape "
                f"{values.shape} for n = {len(theta)}; vectorise it over its first axis."
            )
        if len(self.outputs) != values.shape[1]:
            raise ConfigError(
                f"the function returns {values.shape[1]} quantities of interest, outputs names {len(self.outputs)}; "
                "name every one."
            )
        wrong = ~np.isfinite(values)
        if wrong.any():
            i, j = np.argwhere(wrong)[0]
            point = ", ".join(f"{name} = {v:.6g}" for name, v in zip(self.prior.names, theta[i], strict=True))
            raise ConfigError(
                f"{self.outputs[j]} is not finite at {int(wrong[:, j].sum())} of {len(theta)} points, the first at "
                f"{point}; narrow the prior or repair the function."
            )
        return values

    def compared(
        self,
        theta: Float[np.ndarray, "rows m n_inputs"],
        values: Float[np.ndarray, "rows m n_outputs"],
        statistic: Callable[[np.ndarray], np.ndarray],
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """A statistic of drawn functions and of the function itself, on the same first rows of a sample.

        Args:
            theta: Points, in rows.
            values: The function's own values there.
            statistic: From values `[rows, m, n_outputs]` to an array.

        Returns:
            The statistic of every drawn function, with a leading axis `draws`, and of the function; None if none are
            drawn.
        """
        if self.drawn is None:
            return None
        rows = min(len(theta), max(len(theta) // FEWER, 16))
        drawn = self.drawn(theta[:rows].reshape(-1, theta.shape[-1]))
        drawn = drawn.reshape(-1, rows, *values.shape[1:])
        return np.stack([statistic(one) for one in drawn]), statistic(values[:rows])

    def require_variation(self, values: Float[np.ndarray, "n n_outputs"]) -> None:
        """Refuse a quantity that does not depend on the parameters."""
        for name, column in zip(self.outputs, values.T, strict=True):
            if np.std(column) <= FLAT * np.max(np.abs(column)):
                raise ConfigError(
                    f"{name} is constant over the prior, {column[0]:.6g} at all {len(column)} points: there is no "
                    "variance to explain; choose another quantity of interest or a wider prior."
                )


def target(function: Any, prior: Prior, draws: int, seed: int, outputs: Sequence[str] | None = None) -> Target:
    """A function or surrogate, ready to be explained.

    Args:
        function: From `[n, n_inputs]` to `[n]` or `[n, n_outputs]`, or a surrogate.
        prior: Law of its inputs; for a surrogate in any order, else in that of the inputs.
        draws: Functions drawn from the posterior of a surrogate, at least 2; 0 leaves surrogate error out.
        seed: Seed of the draws.
        outputs: Names of the quantities of interest; default: the surrogate's, or `y1`, `y2`, ...

    Raises:
        ConfigError: The prior leaves the surrogate's box, the first point is refused, or there is one draw.
    """
    if not isinstance(function, Surrogate):
        names = tuple(outputs or _numbered(function, prior))
        return _checked(Target(function, prior, names))
    if draws == 1 or draws < 0:
        raise ConfigError(f"surrogate error needs two draws or more, got draws = {draws}; 0 leaves it out.")
    prior.require_inside(function.box)
    ordered = prior.ordered(function.inputs)
    names = tuple(outputs or function.outputs)
    drawn = _drawn(function, draws, seed) if draws else None
    return _checked(Target(lambda theta: _in_chunks(function, theta), ordered, names, drawn))


def _checked(made: Target) -> Target:
    """The target, after one point has shown that it can be evaluated there."""
    made(np.asarray(_median(made.prior)))
    return made


def _median(prior: Prior) -> np.ndarray:
    with jax.enable_x64(True):
        return np.asarray(prior.from_normal(np.zeros((1, prior.size))))


def _numbered(function: Callable[[np.ndarray], Any], prior: Prior) -> list[str]:
    values = np.asarray(function(_median(prior)))
    return [f"y{j + 1}" for j in range(values.shape[-1] if values.ndim == 2 else 1)]


def _in_chunks(surrogate: Surrogate, theta: np.ndarray) -> np.ndarray:
    with jax.enable_x64(True):
        pieces = [np.asarray(_means(surrogate, jnp.asarray(theta[i : i + CHUNK]))) for i in range(0, len(theta), CHUNK)]
    return np.concatenate(pieces)


@eqx.filter_jit
def _means(surrogate: Surrogate, theta: Float[Array, "n n_inputs"]) -> Float[Array, "n n_outputs"]:
    return jax.lax.map(surrogate.mean, theta, batch_size=BLOCK)


def _drawn(surrogate: Surrogate, draws: int, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """The same functions at every call."""

    def drawn(theta: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True):
            keys = jax.random.split(jax.random.key(seed), draws)
            return np.asarray(_values(surrogate, keys, jnp.asarray(theta)))

    return drawn


@eqx.filter_jit
def _values(surrogate: Surrogate, keys: Array, theta: Float[Array, "n n_inputs"]) -> Float[Array, "draws n n_outputs"]:
    """Drawn inside of the compiled function, so that what depends on no key is computed once for all draws."""
    return jax.vmap(lambda key: jax.lax.map(surrogate.draw(key), theta, batch_size=BLOCK))(keys)
