"""The networks inside a decision rule: a multilayer perceptron, and one shared by exchangeable items or ages."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ConfigError, ModelError
from saddlepath.initialisers import INITIALISERS
from saddlepath.model import nearest_names

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "swish": jax.nn.swish,
    "gelu": jax.nn.gelu,
    "selu": jax.nn.selu,
    "softplus": jax.nn.softplus,
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "identity": lambda z: z,
}


class Network(eqx.Module):
    """Size and kind of the network that `solve` trains.

    Attributes:
        width: Units of a hidden layer.
        depth: Number of hidden layers.
        activation: `tanh`, `swish`, `gelu`, `selu`, `softplus`, `sigmoid`, `relu` or `identity`; smooth ones suit
            Gauss-Newton steps.
        moments: Learnt moments over the items, where the model's features form a table of items.
    """

    width: int = eqx.field(static=True, default=16)
    depth: int = eqx.field(static=True, default=2)
    activation: str = eqx.field(static=True, default="tanh")
    moments: int = eqx.field(static=True, default=8)

    def __check_init__(self) -> None:
        if self.width < 1 or self.depth < 1 or self.moments < 1:
            raise ConfigError(
                f"a network needs width, depth and moments of at least 1, got {self.width}, {self.depth} and "
                f"{self.moments}; the default is width 16, depth 2, 8 moments."
            )
        if self.activation not in ACTIVATIONS:
            raise ConfigError(f"no activation {self.activation!r}; {nearest_names(self.activation, list(ACTIVATIONS))}")


class MLP(eqx.Module):
    """Perceptron with one or more layers, by default with a linear bypass from inputs to outputs.

    Hidden weights are Glorot normal unless another initialiser is named; the last layer may be scaled down, and the
    bypass starts at zero, so that training begins close to the centre of a rule (Glorot and Bengio, 2010).

    Attributes:
        weights: Of every layer, `[n_out, n_in]`.
        biases: Of every layer, zero at first.
        bypass: Linear map from inputs to outputs, or None.
        activation: One of `ACTIVATIONS`.
        dropout: Share of the hidden units that are switched off where a key is given, the others being raised by
            one over the rest (Srivastava et al., 2014, JMLR).
        normalised: Whether every hidden layer is brought to mean zero and variance one (Ba, Kiros and Hinton, 2016).
    """

    weights: list[Array]
    biases: list[Array]
    bypass: Array | None
    activation: str = eqx.field(static=True)
    dropout: float = eqx.field(static=True)
    normalised: bool = eqx.field(static=True)

    def __init__(
        self,
        sizes: tuple[int, ...],
        activation: str,
        random: np.random.Generator,
        last: float = 1.0,
        initialiser: str = "glorot_normal",
        bypass: bool = True,
        dropout: float = 0.0,
        normalised: bool = False,
    ):
        # Drawn on the host: a network costs no compilation.
        scales = [1.0] * (len(sizes) - 2) + [last]
        draw = INITIALISERS[initialiser]
        self.weights = [
            jnp.asarray(scale * draw(random, m, n)) for scale, m, n in zip(scales, sizes[:-1], sizes[1:], strict=True)
        ]
        self.biases = [jnp.asarray(np.zeros(n)) for n in sizes[1:]]
        self.bypass = jnp.asarray(np.zeros((sizes[-1], sizes[0]))) if bypass else None
        self.activation = activation
        self.dropout = dropout
        self.normalised = normalised

    def __call__(self, inputs: Float[Array, " n_in"], key: PRNGKeyArray | None = None) -> Float[Array, " n_out"]:
        """Outputs at one point; with a key, hidden units are dropped as in training."""
        hidden = inputs
        for layer, (weight, bias) in enumerate(zip(self.weights[:-1], self.biases[:-1], strict=True)):
            hidden = ACTIVATIONS[self.activation](self._levelled(weight @ hidden + bias))
            if key is not None and self.dropout > 0:
                kept = jax.random.bernoulli(jax.random.fold_in(key, layer), 1 - self.dropout, hidden.shape)
                hidden = jnp.where(kept, hidden / (1 - self.dropout), 0.0)
        outputs = self.weights[-1] @ hidden + self.biases[-1]
        return outputs if self.bypass is None else outputs + self.bypass @ inputs

    def _levelled(self, sums: Float[Array, " width"]) -> Float[Array, " width"]:
        """The weighted sums of a layer, standardised over its units where that is asked for."""
        return jax.nn.standardize(sums) if self.normalised else sums


class PlainNetwork(eqx.Module):
    """One perceptron from all features to all policies."""

    mlp: MLP

    def __call__(self, features: Float[Array, " n_features"], common: Array) -> Float[Array, " n_policies"]:
        return self.mlp(jnp.concatenate([features, common]))


class SharedNetwork(eqx.Module):
    """One network for every item (age, country), with learnt moments of all items appended to its inputs.

    Attributes:
        moment: Map from an item's features to its contribution to the moments.
        item: Map from an item's features, the moments and common inputs to the item's policies.
        aggregate: Map from the moments and common inputs to the policies that belong to no item, or None.
        order: Position in the policy of every output, items first.
    """

    moment: MLP
    item: MLP
    aggregate: MLP | None
    order: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, features: Float[Array, "items n_features"], common: Array) -> Float[Array, " n_policies"]:
        moments = jnp.mean(jax.vmap(self.moment)(features), axis=0)
        pooled = jnp.concatenate([moments, common])
        outputs = jnp.ravel(jax.vmap(lambda own: self.item(jnp.concatenate([own, pooled])))(features))
        if self.aggregate is not None:
            outputs = jnp.concatenate([outputs, self.aggregate(pooled)])
        return jnp.zeros(len(self.order)).at[np.asarray(self.order)].set(outputs)


def build_network(
    spec: Network,
    features: tuple[int, ...],
    n_common: int,
    shapes: tuple[tuple[int, ...], ...],
    random: np.random.Generator,
    last: float,
) -> PlainNetwork | SharedNetwork:
    """The network of a rule.

    Args:
        spec: Size and kind.
        features: Shape of the features, `(n_features,)` or `(items, n_features)`.
        n_common: Inputs that belong to no item (pseudo-states).
        shapes: Shape of every field of the policy.
        random: Source of the initial weights.
        last: Scale of the last layer.

    Raises:
        ModelError: Features form a table but no policy has an axis of that length.
    """
    hidden = (spec.width,) * spec.depth
    if len(features) == 1:
        n_out = sum(int(np.prod(shape)) for shape in shapes)
        return PlainNetwork(MLP((features[0] + n_common, *hidden, n_out), spec.activation, random, last))
    items, n_features = features
    order, per_item, n_aggregate = _item_order(shapes, items)
    pooled = spec.moments + n_common
    return SharedNetwork(
        MLP((n_features, spec.width, spec.moments), spec.activation, random),
        MLP((n_features + pooled, *hidden, per_item), spec.activation, random, last),
        MLP((pooled, *hidden, n_aggregate), spec.activation, random, last) if n_aggregate else None,
        order,
    )


def _item_order(shapes: tuple[tuple[int, ...], ...], items: int) -> tuple[tuple[int, ...], int, int]:
    """Positions of the outputs `[items, per_item]` followed by the aggregate ones, and their numbers."""
    blocks, aggregate, start = [], [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        positions = np.arange(start, start + size)
        if shape[:1] == (items,):
            blocks.append(positions.reshape(items, -1))
        else:
            aggregate.append(positions)
        start += size
    if not blocks:
        raise ModelError(
            f"the decision rule is shared by {items} members, but no field of Policy has a first axis of that length; "
            "give such a policy one entry per member, or let features() return a plain vector."
        )
    table = np.concatenate(blocks, axis=1)
    order = np.concatenate([table.ravel(), *aggregate])
    return tuple(int(i) for i in order), table.shape[1], sum(len(a) for a in aggregate)
