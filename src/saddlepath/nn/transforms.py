"""Scales on which values are fitted, chosen inside the data, and the way back for normal predictions."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError

TRANSFORMS = ("none", "standardise", "log", "root")
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


class Scale(NamedTuple):
    """y = inverse(centre + spread * z), with the inverse of one of `TRANSFORMS`, per output.

    Attributes:
        centre: Mean of the transformed values. [transformed units]
        spread: Their standard deviation. [transformed units]
    """

    centre: Array
    spread: Array


def forward(name: str, y: np.ndarray) -> np.ndarray:
    """Values as they are fitted, before standardising: themselves, logarithms, or signed square roots."""
    if name == "log":
        return np.log(y)
    return np.sign(y) * np.sqrt(np.abs(y)) if name == "root" else y


def _inverse(name: str, t: Array) -> Array:
    if name == "log":
        return jnp.exp(t)
    return t * jnp.abs(t) if name == "root" else t


def jacobian(name: str, y: np.ndarray) -> float:
    """Sum of the logarithms of the slope of `forward`: what a log density on the fitted scale lacks on that of y."""
    if name == "log":
        return float(-np.sum(np.log(y)))
    return float(-np.sum(np.log(2 * np.sqrt(np.maximum(np.abs(y), 1e-300))))) if name == "root" else 0.0


def fit_scale(name: str, y: np.ndarray, output: str) -> Scale:
    """Centre and spread of one output.

    Raises:
        ConfigError: An unknown transform, logarithms of values that are not positive, or all values are the same.
    """
    if name not in TRANSFORMS:
        raise ConfigError(f"a transform must be one of {', '.join(TRANSFORMS)} or auto, got {name!r}.")
    if name == "log" and y.min() <= 0:
        raise ConfigError(
            f"{output} has values down to {y.min():.4g}, and logarithms need positive ones; choose the transform root "
            "or standardise."
        )
    if name == "none":
        return Scale(jnp.zeros(()), jnp.ones(()))
    transformed = forward(name, y)
    require_varying(transformed, output, y)
    spread = float(transformed.std())
    return Scale(jnp.asarray(float(transformed.mean())), jnp.asarray(spread))


def require_varying(transformed: np.ndarray, output: str, y: np.ndarray | None = None) -> None:
    """Refuse an output that never changes.

    Raises:
        ConfigError: All values are the same.
    """
    if float(transformed.std()) <= 1e-13 * max(float(np.abs(transformed).max()), 1e-300):
        value = (transformed if y is None else y)[0]
        raise ConfigError(
            f"{output} is the same, {value:.6g}, at all {len(transformed)} points; it does not depend on the "
            "parameters and needs no surrogate: leave it out."
        )


def back(name: str, scale: Scale, mean: Float[Array, ""], sd: Float[Array, ""]) -> tuple[Array, Array]:
    """Mean and standard deviation of y where the standardised value is normal with this mean and deviation."""
    t, s = scale.centre + scale.spread * mean, scale.spread * sd
    if name == "log":
        level = jnp.exp(t + 0.5 * s**2)
        return level, level * jnp.sqrt(jnp.expm1(s**2))
    if name == "root":
        values = _inverse(name, t + s * jnp.asarray(_NODES))
        first = jnp.asarray(_WEIGHTS) @ values
        return first, jnp.sqrt(jnp.asarray(_WEIGHTS) @ (values - first) ** 2)
    return t, s


def inverse(name: str, scale: Scale, z: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The value y of a standardised value, such as one of a function draw."""
    return _inverse(name, scale.centre + scale.spread * z)


def slope(name: str, y: np.ndarray, scale: Scale) -> np.ndarray:
    """Change of the standardised value per change of y, which turns the noise of labels into that of the fit."""
    slope = 1 / y if name == "log" else 0.5 / np.sqrt(np.maximum(np.abs(y), 1e-300)) if name == "root" else 1.0
    return np.broadcast_to(slope / float(scale.spread), y.shape)
