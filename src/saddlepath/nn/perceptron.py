"""The architecture of a network as a value, from one perceptron to a deep net, and what its activations do to slopes.

A perceptron is y = g(w_0 + sum_i x_i w_i). Without hidden layers a network is one perceptron per output, whose g
belongs to the loss: none for a regression, the sigmoid for a probability.
"""

import dataclasses
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from saddlepath.errors import ConfigError
from saddlepath.initialisers import INITIALISERS, suited_to
from saddlepath.model import nearest_names
from saddlepath.network import ACTIVATIONS, MLP

PRECISIONS = {"float32": np.float32, "float64": np.float64}


@dataclasses.dataclass(frozen=True)
class Perceptron:
    """Size and kind of a network.

    Attributes:
        hidden: Units of every hidden layer; none: a linear map.
        activation: One of `ACTIVATIONS`.
        initialiser: One of `INITIALISERS`, or None for the one that suits the activation.
        dropout: Share of hidden units switched off in training. [-]
        normalised: Standardise the sums of every hidden layer over its units (layer normalisation).
        bypass: Add a linear map from inputs to outputs.
        scale: First weights relative to those of the initialiser; below one a network learns few features first, which
            predicts better from few labels. [-]
    """

    hidden: tuple[int, ...] = (64, 64)
    activation: str = "swish"
    initialiser: str | None = None
    dropout: float = 0.0
    normalised: bool = False
    bypass: bool = False
    scale: float = 1.0

    def __post_init__(self) -> None:
        if any(width < 1 for width in self.hidden) or self.scale <= 0:
            raise ConfigError(
                f"every hidden layer needs at least one unit, and scale must be positive, got {self.hidden} and "
                f"{self.scale}; hidden=() is linear."
            )
        if self.activation not in ACTIVATIONS:
            raise ConfigError(f"no activation {self.activation!r}; {nearest_names(self.activation, list(ACTIVATIONS))}")
        if self.initialiser is not None and self.initialiser not in INITIALISERS:
            valid = nearest_names(self.initialiser, list(INITIALISERS))
            raise ConfigError(f"no initialiser {self.initialiser!r}; {valid}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout is a share of units from 0 to below 1, got {self.dropout}; 0.5 is usual.")

    def build(self, n_in: int, n_out: int, random: np.random.Generator) -> MLP:
        """One network with random weights; every layer has draws of its own."""
        kind = self.initialiser or suited_to(self.activation)
        sizes = (n_in, *self.hidden, n_out)
        mlp = MLP(sizes, self.activation, random, 1.0, kind, self.bypass, self.dropout, self.normalised)
        return eqx.tree_at(lambda net: net.weights, mlp, [self.scale * weight for weight in mlp.weights])

    def members(self, n_in: int, n_out: int, members: int, seed: int, precision: str = "float64") -> MLP:
        """Several networks with different weights, along a leading axis.

        Args:
            n_in: Number of inputs.
            n_out: Number of outputs.
            members: Number of networks.
            seed: Of the weights.
            precision: `float64` or `float32`.
        """
        drawn = [self.build(n_in, n_out, random) for random in np.random.default_rng(seed).spawn(members)]
        return jax.tree.map(lambda *leaves: jnp.stack(leaves).astype(PRECISIONS[precision]), *drawn)


def count_weights(network: MLP) -> int:
    """Number of parameters of one network: weights, biases and bypass."""
    return sum(leaf.size for leaf in jax.tree.leaves(network))


def _sigmoid_slope(z: Array) -> Array:
    g = jax.nn.sigmoid(z)
    return g * (1 - g)


def _swish_slope(z: Array) -> Array:
    g = jax.nn.sigmoid(z)
    return g + z * g * (1 - g)


SLOPES: dict[str, Callable[[Array], Array]] = {
    "sigmoid": _sigmoid_slope,  # at most 1/4: what makes deep nets of sigmoids learn so slowly
    "tanh": lambda z: 1 - jnp.tanh(z) ** 2,
    "relu": lambda z: jnp.where(z > 0, 1.0, 0.0),  # zero at zero, by convention
    "swish": _swish_slope,  # negative left of -1.278, where swish has its minimum -0.278
    "softplus": jax.nn.sigmoid,
    "identity": jnp.ones_like,
}
"""Derivatives of activations in closed form, as a textbook states them; training differentiates by itself."""
