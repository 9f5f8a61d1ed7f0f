"""Losses at one label, and their mean over a data set.

Factors matter for learning rates, which are not comparable across them: `squared` is the mean over outputs of
(y - f)^2, without the one half of some textbooks. Classification works on logits, never on probabilities, so that
nothing is clipped and no logarithm of zero can occur.

References:
    Huber (1964, Annals of Mathematical Statistics); Koenker and Bassett (1978, Econometrica), the pinball loss; Cortes
    and Vapnik (1995, Machine Learning), the hinge loss.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names

Output = Float[Array, " n_outputs"]


def squared(output: Output, y: Array) -> Array:
    """Mean over outputs of (y - f)^2."""
    return jnp.mean((y - output) ** 2)


def absolute(output: Output, y: Array) -> Array:
    """Mean over outputs of |y - f|."""
    return jnp.mean(jnp.abs(y - output))


def huber(output: Output, y: Array, delta: float = 1.0) -> Array:
    """Mean of e^2 / 2 where |e| <= delta, of delta (|e| - delta / 2) elsewhere, with e = y - f."""
    size = jnp.abs(y - output)
    return jnp.mean(jnp.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)))


def pinball(output: Output, y: Array, level: float | Array = 0.5) -> Array:
    """Mean of max(level e, (level - 1) e) with e = y - f; its minimiser is the quantile of that level."""
    error = y - output
    return jnp.mean(jnp.maximum(level * error, (level - 1) * error))


def binary_cross_entropy(output: Output, y: Array) -> Array:
    """-[y log p + (1 - y) log(1 - p)] with p = sigmoid(f), y 0 or 1: softplus(f) - y f."""
    return jnp.mean(jax.nn.softplus(output) - y * output)


def cross_entropy(output: Output, y: Array) -> Array:
    """-log of the softmax probability of class y, a whole number."""
    return jax.nn.logsumexp(output) - output[jnp.ravel(y)[0].astype(int)]


def hinge(output: Output, y: Array) -> Array:
    """max(0, 1 - y f) with y -1 or 1."""
    return jnp.mean(jnp.maximum(0.0, 1 - y * output))


def logistic(output: Output, y: Array) -> Array:
    """log(1 + exp(-y f)) with y -1 or 1."""
    return jnp.mean(jax.nn.softplus(-y * output))


REGRESSION: dict[str, Callable[..., Array]] = {
    "squared": squared,
    "absolute": absolute,
    "huber": huber,
    "pinball": pinball,
}
CLASSIFICATION: dict[str, Callable[..., Array]] = {
    "binary_cross_entropy": binary_cross_entropy,
    "cross_entropy": cross_entropy,
    "hinge": hinge,
    "logistic": logistic,
}
LOSSES = REGRESSION | CLASSIFICATION


class NetworkLoss(eqx.Module):
    """The loss of a network at one label, as the trainer wants it.

    Attributes:
        name: One of `LOSSES`.
        options: Names and values of the loss's own arguments, such as `(("level", 0.9),)`.
    """

    name: str = eqx.field(static=True, default="squared")
    options: tuple[tuple[str, float], ...] = eqx.field(static=True, default=())

    def __check_init__(self) -> None:
        if self.name not in LOSSES:
            raise ConfigError(f"no loss {self.name!r}; {nearest_names(self.name, list(LOSSES))}")

    def __call__(self, network: Callable[..., Array], x: Array, y: Array, key: Array | None) -> Array:
        return LOSSES[self.name](network(x) if key is None else network(x, key), y, **dict(self.options))


def empirical(
    loss: Callable[[Array, Array], Array],
    outputs: Float[Array, "n n_outputs"],
    y: Array,
    weight: Float[Array, " n"] | None = None,
) -> Array:
    """Weighted mean of a loss over a data set.

    Args:
        loss: One of `LOSSES`, with its own arguments bound.
        outputs: What a network says `[n, n_outputs]`; logits where the loss is one of classification.
        y: Values, one label per row.
        weight: Of every label `[n]`; None: all count the same. [-]
    """
    losses = jax.vmap(loss)(outputs, y)
    return jnp.mean(losses) if weight is None else jnp.sum(weight * losses) / jnp.sum(weight)
