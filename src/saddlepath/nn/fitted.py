"""A fitted network: predictions in physical units, probabilities, masks of dropout, and its file."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath._version import __version__
from saddlepath.container import PathLike, read_file, read_tree, understood, write_file
from saddlepath.errors import ConfigError, FileError
from saddlepath.network import MLP
from saddlepath.nn.perceptron import Perceptron
from saddlepath.nn.scaling import Scaler
from saddlepath.nn.training import members_of, predicted
from saddlepath.nn.transforms import Scale, inverse

KIND = "network"


class FittedNetwork(eqx.Module):
    """A network with its scales; what `fit_network` returns.

    Attributes:
        networks: Members along a leading axis of every weight.
        inputs: Scaler of the inputs.
        outputs: Scale of every value, or None for classes.
        network: Architecture of the members.
        transform: Transform of the values, one of `TRANSFORMS`.
        loss: Loss of the training.
        classes: The classes in order, or None for values.
    """

    networks: MLP
    inputs: Scaler
    outputs: Scale | None
    network: Perceptron = eqx.field(static=True)
    transform: str = eqx.field(static=True)
    loss: str = eqx.field(static=True)
    classes: tuple[Any, ...] | None = eqx.field(static=True)

    @property
    def n_inputs(self) -> int:
        return self.inputs.shift.shape[0]

    def at(self, x: Float[Array, " n_inputs"]) -> Float[Array, " n_outputs"]:
        """The prediction at one point, pure and differentiable: values, or the probability of every class."""
        return jnp.mean(self._says(predicted(self.networks, self._scaled(x)).astype(x.dtype)), axis=0)

    def _scaled(self, x: Float[Array, " n_inputs"]) -> Float[Array, " n_inputs"]:
        return self.inputs(x).astype(self._precision)

    @property
    def _precision(self) -> Any:
        return jax.tree.leaves(self.networks)[0].dtype

    def _says(self, outputs: Float[Array, "members n"]) -> Float[Array, "members n_outputs"]:
        """Outputs of members in the units of the values, or as probabilities."""
        if self.outputs is not None:
            return inverse(self.transform, Scale(self.outputs.centre[None], self.outputs.spread[None]), outputs)
        if self.loss == "cross_entropy":
            return jax.nn.softmax(outputs, axis=1)
        # What minimises the expected loss is the log odds; half of them for no smooth loss, so the hinge has none.
        share = jax.nn.sigmoid(outputs[:, :1])
        return jnp.concatenate([1 - share, share], axis=1)

    def predict(self, x: Any) -> np.ndarray | Array:
        """Values or classes at one point or many.

        Args:
            x: `[..., n_inputs]`. [units of the inputs]

        Returns:
            Values `[..., n_outputs]` of a regression, classes `[...]` of a classification; NumPy arrays, or JAX arrays
            of values under a caller's `jit`, `grad` or `vmap`.

        Raises:
            ConfigError: The last axis is not that of the inputs.
        """
        found = self._everywhere(x)
        return found if self.classes is None else np.asarray(self.classes)[np.argmax(found, axis=-1)]

    def probabilities(self, x: Any) -> np.ndarray | Array:
        """Probability of every class, `[..., n_classes]`, in the order of `classes`. [-]

        Raises:
            ConfigError: The network predicts values, or was trained with the hinge loss, which knows no probability.
        """
        if self.classes is None or self.loss == "hinge":
            raise ConfigError(
                f"a network trained with the loss {self.loss} states no probabilities; use cross_entropy or "
                "binary_cross_entropy."
            )
        return self._everywhere(x)

    def _everywhere(self, x: Any) -> np.ndarray | Array:
        if np.ndim(x) == 0 or np.shape(x)[-1] != self.n_inputs:
            raise ConfigError(f"x must end in an axis of length {self.n_inputs}, one per input, got {np.shape(x)}.")
        if isinstance(x, jax.core.Tracer):
            return _at_all(self, x)
        with jax.enable_x64(True):
            return np.asarray(_at_all(self, jnp.asarray(x, dtype=float)))

    def masked(self, x: Any, masks: int, seed: int = 0) -> Float[np.ndarray, "masks n n_outputs"]:
        """Predictions under random masks of dropout, an ensemble of thinned networks (Gal and Ghahramani, 2016).

        The mean over masks converges like one over the root of their number.

        Args:
            x: Points `[n, n_inputs]`. [units of the inputs]
            masks: Number of masks.
            seed: Of the masks.

        Raises:
            ConfigError: The network has no dropout.
        """
        if self.network.dropout == 0:
            raise ConfigError("this network has no dropout and no masks; fit one with Perceptron(dropout=...).")
        with jax.enable_x64(True):
            keys = jax.random.split(jax.random.key(seed), masks)
            return np.asarray(_masked(self, jnp.asarray(x, dtype=float), keys))

    def save(self, path: PathLike) -> None:
        """Write the network to one file, from which `load_network` restores every prediction bit for bit.

        Raises:
            FileError: The file cannot be written.
        """
        with jax.enable_x64(True):
            write_file(path, KIND, {"versions": {"saddlepath": __version__}, "table": self._table()}, self)

    def _table(self) -> dict[str, Any]:
        outputs = jax.eval_shape(self.at, self.inputs.shift)
        return {
            "inputs": self.n_inputs,
            "outputs": outputs.shape[0],
            "network": dataclasses.asdict(self.network),
            "members": members_of(self.networks),
            "precision": str(self._precision),
            "transform": self.transform,
            "loss": self.loss,
            "classes": self.classes,
        }


@eqx.filter_jit
def _at_all(fitted: FittedNetwork, x: Float[Array, "*batch n_inputs"]) -> Float[Array, "*batch n_outputs"]:
    flat = jax.vmap(fitted.at)(x.reshape(-1, x.shape[-1]))
    return flat.reshape(*x.shape[:-1], flat.shape[-1])


@eqx.filter_jit
def _masked(fitted: FittedNetwork, x: Array, keys: Array) -> Array:
    def one(x: Array, key: PRNGKeyArray) -> Array:
        outputs = eqx.filter_vmap(lambda network: network(fitted._scaled(x), key))(fitted.networks)
        return jnp.mean(fitted._says(outputs.astype(x.dtype)), axis=0)

    return jax.vmap(lambda key: jax.vmap(lambda point, k: one(point, k))(x, jax.random.split(key, len(x))))(keys)


def coded(y: np.ndarray, classes: np.ndarray, loss: str) -> Float[np.ndarray, "n 1"]:
    """Classes as the numbers that a loss wants: positions, 0 and 1, or -1 and 1.

    Raises:
        ConfigError: More than two classes for a loss of two, or a class that the training part lacks.
    """
    if loss != "cross_entropy" and len(classes) != 2:
        raise ConfigError(f"the loss {loss} knows two classes, y has {len(classes)}; use cross_entropy.")
    unknown = np.setdiff1d(y, classes)
    if unknown.size:
        raise ConfigError(f"class {unknown[0]!r} is in the validation part alone; give the training part some of it.")
    positions = np.searchsorted(classes, y).astype(float)[:, None]
    return 2 * positions - 1 if loss in ("hinge", "logistic") else positions


def load_network(path: PathLike, network: Perceptron | None = None) -> FittedNetwork:
    """Read a network that was saved.

    Args:
        path: The file.
        network: The architecture that it must have, or None for whatever it has.

    Raises:
        FileError: Not such a file, truncated, damaged, or of another architecture.
    """
    header, stream = read_file(path, KIND)
    with jax.enable_x64(True), understood(path):
        table = header["table"]
        own = Perceptron(**table["network"] | {"hidden": tuple(table["network"]["hidden"])})
        if network is not None and network != own:
            raise FileError(f"{path} holds a {own}, not a {network}; load it without naming one, or fit again.")
        classes = None if table["classes"] is None else tuple(table["classes"])
        n_out = table["outputs"] if classes is None or table["loss"] == "cross_entropy" else 1
        networks = own.members(table["inputs"], n_out, table["members"], 0, table["precision"])
        n, m = jnp.zeros(table["inputs"]), jnp.zeros(n_out)
        outputs = Scale(m, m) if classes is None else None
        whole = FittedNetwork(networks, Scaler(n, n), outputs, own, table["transform"], table["loss"], classes)
        empty = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), whole)
        return read_tree(path, stream, empty)
