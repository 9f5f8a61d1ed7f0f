"""What a network states about the future: a point, quantiles, or a Student t; and the loss that goes with it.

References:
    Koenker and Bassett (1978, Econometrica), quantiles; Salinas et al. (2020, International Journal of Forecasting),
    Student's t as the law of a recurrent forecast.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.nn.losses import pinball

HEADS = ("point", "quantiles", "student")
LEVELS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)
"""Levels of the quantile head [-]."""
LEAST_NU = 2.05
"""Degrees of freedom that keep a variance [-]."""


def outputs_of(head: str) -> int:
    """Numbers per step that a head needs."""
    return {"point": 1, "quantiles": len(LEVELS), "student": 3}[head]


class SequenceNetwork(eqx.Module):
    """A recurrent net or an encoder over a window, and a linear map of its last state to all steps.

    The linear map starts at zero: a hybrid starts as its linear part.

    Attributes:
        encoder: From `[time, n_inputs]` to `[time, hidden]`.
        weights: Of the linear map `[steps * outputs, hidden]`.
        bias: Of the linear map.
        steps: Steps that are forecast.
        dropout: Share of the last state switched off in training. [-]
    """

    encoder: Any
    weights: Float[Array, "n hidden"]
    bias: Float[Array, " n"]
    steps: int = eqx.field(static=True)
    dropout: float = eqx.field(static=True)

    def __init__(self, encoder: Any, hidden: int, steps: int, outputs: int, dropout: float = 0.0):
        self.encoder, self.steps, self.dropout = encoder, steps, dropout
        self.weights, self.bias = jnp.zeros((steps * outputs, hidden)), jnp.zeros(steps * outputs)

    def __call__(self, x: Float[Array, "time n_inputs"], key: PRNGKeyArray | None = None) -> Float[Array, "steps n"]:
        one, two = (None, None) if key is None else jax.random.split(key)
        state = eqx.nn.Dropout(self.dropout)(self.encoder(x, key=one)[-1], key=two, inference=key is None)
        return (self.weights @ state + self.bias).reshape(self.steps, -1)


class HeadLoss(eqx.Module):
    """The loss of a head at one window: squared errors, pinball losses, or minus the log density of Student's t.

    Attributes:
        head: One of `HEADS`.
    """

    head: str = eqx.field(static=True)

    def __call__(self, network: Callable[..., Array], x: Array, y: Float[Array, " steps"], key: Any) -> Array:
        out = network(x, key)
        if self.head == "point":
            return jnp.mean((y - out[:, 0]) ** 2)
        if self.head == "quantiles":
            levels = jnp.asarray(LEVELS, dtype=out.dtype)
            return jnp.mean(jax.vmap(lambda quantile, level: pinball(quantile, y, level), (1, 0))(out, levels))
        location, scale, nu = student(out)
        return -jnp.mean(student_log_density(y, location, scale, nu))


def student(out: Float[Array, "*n 3"]) -> tuple[Array, Array, Array]:
    """Location, scale and degrees of freedom from the outputs of a head."""
    return out[..., 0], jnp.exp(out[..., 1]), LEAST_NU + jax.nn.softplus(out[..., 2] + 4.0)


def student_log_density(y: Array, location: Array, scale: Array, nu: Array) -> Array:
    """Logarithm of the density of location + scale T, T a Student t with nu degrees of freedom."""
    gammaln = jax.scipy.special.gammaln
    z = (y - location) / scale
    constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * jnp.log(jnp.pi * nu) - jnp.log(scale)
    return constant - (nu + 1) / 2 * jnp.log1p(z**2 / nu)


def stated_quantiles(
    head: str, out: Float[np.ndarray, "*n outputs"], levels: Float[np.ndarray, " levels"]
) -> Float[np.ndarray, "*n levels"]:
    """Quantiles of the outputs of a head; between those of a quantile head, straight lines."""
    if head == "quantiles":
        known = np.sort(out, axis=-1)  # quantiles that cross are put in order (Chernozhukov et al., 2010, Econometrica)
        return np.apply_along_axis(lambda q: np.interp(levels, LEVELS, q), -1, known)
    from scipy.stats import t

    location, scale, nu = (np.asarray(part, dtype=float)[..., None] for part in student(jnp.asarray(out)))
    return location + scale * t.ppf(levels, nu)


def stated_point(head: str, out: Float[np.ndarray, "*n outputs"]) -> Float[np.ndarray, "*n"]:
    """The point forecast: the output itself, the median, or the location."""
    return np.median(out, axis=-1) if head == "quantiles" else out[..., 0]
