"""Deep surrogates: an ensemble of networks fitted to labels, differentiable, with an error bar from their spread.

Every member sees the same labels in another order and from other first weights; a common part of the labels is left out
of training, and the weights that predict it best are kept. Where there are few labels, Levenberg-Marquardt steps finish
what Adam began. On the left-out labels the spread of the members is compared with the error of their mean, and one
factor per output makes both agree.

References:
    Lakshminarayanan, Pritzel and Blundell (2017, NeurIPS), ensembles; Kingma and Ba (2015, ICLR), Adam; Loshchilov and
    Hutter (2017, ICLR), the cosine schedule; Chen, Didisheim and Scheidegger (2026, JFE), deep surrogates of finance.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names
from saddlepath.network import ACTIVATIONS, MLP
from saddlepath.nn.least_squares import polish
from saddlepath.nn.losses import NetworkLoss
from saddlepath.nn.perceptron import PRECISIONS, Perceptron
from saddlepath.nn.training import Data, Log, Training, members_of, predicted, train
from saddlepath.nn.transforms import Scale, back, fit_scale, forward, inverse
from saddlepath.prior import Box
from saddlepath.surrogate.base import Kind, Labels, Prediction, StoredSurrogate, without_numbers
from saddlepath.surrogate.gaussian_process import unit

MOST_LEFT_OUT = 20_000
"""Labels that are left out of training, at most [-]."""
FEWEST = 10
"""Labels without which no network is fitted [-]."""


class DeepEnsemble(StoredSurrogate):
    """A fitted ensemble of networks.

    Attributes:
        box: Where it was fitted.
        outputs: A name per output.
        transforms: Scale per output, one of `TRANSFORMS`.
        logs: Whether an input enters as its logarithm, per input.
        networks: The members, along a leading axis of every weight.
        scale: Centre and spread of every output `[n_outputs]`.
        floor: Mean square of the members' spread at left-out labels, per output. [standardised units squared]
        factor: What the spread and the floor are multiplied with. [-]
    """

    box: Box
    outputs: tuple[str, ...] = eqx.field(static=True)
    transforms: tuple[str, ...] = eqx.field(static=True)
    logs: tuple[bool, ...] = eqx.field(static=True)
    networks: MLP
    scale: Scale
    floor: Float[Array, " n_outputs"]
    factor: Float[Array, " n_outputs"]

    @property
    def members(self) -> int:
        return members_of(self.networks)

    def standardised(self, theta: Float[Array, " n_inputs"]) -> Float[Array, "members n_outputs"]:
        """What every member says at one point, on the scale on which it was fitted."""
        position = 2 * unit(self.box, self.logs, theta) - 1
        values = predicted(self.networks, position.astype(self.networks.biases[0].dtype))
        return values.astype(theta.dtype)

    def at(self, theta: Float[Array, " n_inputs"]) -> Prediction:
        """Mean of the members and calibrated standard deviation of its error, at one point."""
        values = self.standardised(theta)
        sd = self.factor * jnp.sqrt(_spread(values) + self.floor)
        parts = zip(self.transforms, self._scales(), jnp.mean(values, axis=0), sd, strict=True)
        mean, sd = zip(*(back(*part) for part in parts), strict=True)
        return Prediction(jnp.stack(mean), jnp.stack(sd))

    def _scales(self) -> list[Scale]:
        return [Scale(self.scale.centre[j], self.scale.spread[j]) for j in range(len(self.outputs))]

    def draw(self, key: PRNGKeyArray) -> "EnsembleDraw":
        """A function whose distance from the mean is a random combination of the members', and a common shift."""
        with jax.enable_x64(True):
            of_members, of_level = jax.random.split(key)
            weights = jax.random.normal(of_members, (self.members,))
            return EnsembleDraw(self, weights, jax.random.normal(of_level, (len(self.outputs),)))

    def table(self) -> dict[str, Any]:
        """Structure and shapes."""
        sizes = [self.box.size, *(int(bias.shape[-1]) for bias in self.networks.biases)]
        bounds = zip(self.box.names, self.box.lower, self.box.upper, strict=True)
        return {
            "box": {name: [low.tolist(), high.tolist()] for name, low, high in bounds},
            "outputs": list(self.outputs),
            "transforms": list(self.transforms),
            "logs": list(self.logs),
            "sizes": sizes,
            "activation": self.networks.activation,
            "members": self.members,
            "precision": str(self.networks.biases[0].dtype),
        }

    @classmethod
    def skeleton(cls, table: Mapping[str, Any]) -> "DeepEnsemble":
        """An ensemble of this structure without numbers."""
        box, m = Box(**table["box"]), len(table["outputs"])
        sizes = table["sizes"]
        kind = Perceptron(tuple(sizes[1:-1]), table["activation"], "glorot_normal", bypass=True)
        networks = kind.members(sizes[0], sizes[-1], table["members"], 0, table["precision"])
        names, transforms, logs = (tuple(table[key]) for key in ("outputs", "transforms", "logs"))
        leaf = jnp.zeros(m)
        return without_numbers(cls(box, names, transforms, logs, networks, Scale(leaf, leaf), leaf, leaf))


def _spread(values: Float[Array, "members n_outputs"]) -> Float[Array, " n_outputs"]:
    """Variance between members; zero of one."""
    return jnp.var(values, axis=0, ddof=1) if len(values) > 1 else jnp.zeros_like(values[0])


class EnsembleDraw(eqx.Module):
    """A function that an ensemble holds possible, callable at a point.

    Attributes:
        ensemble: The fitted ensemble.
        weights: Of the members' distances from their mean `[members]`.
        levels: Shift per output, in floors `[n_outputs]`.
    """

    ensemble: DeepEnsemble
    weights: Array
    levels: Array

    def __call__(self, theta: Float[Array, " n_inputs"]) -> Float[Array, " n_outputs"]:
        """Values of the function at one point. [units of the outputs]"""
        whole = self.ensemble
        values = whole.standardised(theta)
        mean = jnp.mean(values, axis=0)
        apart = self.weights @ (values - mean[None]) / np.sqrt(max(whole.members - 1, 1))
        z = mean + whole.factor * (apart + jnp.sqrt(whole.floor) * self.levels)
        parts = zip(whole.transforms, whole._scales(), z, strict=True)
        return jnp.stack([inverse(*part) for part in parts])


@dataclasses.dataclass(frozen=True)
class Deep(Kind):
    """How an ensemble of networks is fitted.

    Attributes:
        width: Units of a hidden layer.
        depth: Number of hidden layers.
        members: Networks of the ensemble; one has the same error bar everywhere.
        activation: `swish`, `tanh`, `gelu`, `selu`, `softplus` or `relu`; smooth ones give smooth derivatives.
        epochs: Passes through the labels, at most.
        seconds: Training ends after this time, the schedule with it; None: no limit, and the same fit every time. [s]
        batch: Labels per step; None: between 64 and 1024, a sixteenth of them.
        rate: First learning rate of Adam. [-]
        patience: Training ends when this share of `epochs` has not improved the left-out labels. [-]
        left_out: Share of the labels that is left out of training. [-]
        polish: Levenberg-Marquardt steps at the end, where labels times weights are few enough.
        transform: Scale of the values: `standardise`, `log`, `root` (signed) or `none`.
        logs: Names of inputs that enter as their logarithms.
        precision: `float64` or `float32`.
    """

    width: int = 32
    depth: int = 2
    members: int = 4
    activation: str = "swish"
    epochs: int = 1000
    seconds: float | None = None
    batch: int | None = None
    rate: float = 3e-3
    patience: float = 0.4
    left_out: float = 0.1
    polish: int = 100
    transform: str = "standardise"
    logs: tuple[str, ...] = ()
    precision: str = "float64"

    def __post_init__(self) -> None:
        if min(self.width, self.depth, self.members, self.epochs) < 1:
            raise ConfigError(
                f"Deep needs width, depth, members and epochs of at least 1, got {self.width}, {self.depth}, "
                f"{self.members} and {self.epochs}; the default is 32, 2, 4 and 1000."
            )
        if self.activation not in ACTIVATIONS:
            raise ConfigError(f"no activation {self.activation!r}; {nearest_names(self.activation, list(ACTIVATIONS))}")
        if self.precision not in PRECISIONS:
            raise ConfigError(f"precision must be float32 or float64, got {self.precision!r}; choose one of them.")
        if not 0 < self.left_out < 1:
            raise ConfigError(f"left_out must lie between 0 and 1, got {self.left_out}; 0.1 is usual.")

    def describe(self) -> str:
        """One line for reports."""
        return f"{self.members} networks of {self.depth} x {self.width} {self.activation} units"

    def fit(self, labels: Labels, seed: int = 0, log: Log | None = None) -> DeepEnsemble:
        """Fit all members at once.

        Args:
            labels: What is known.
            seed: Of first weights, orders and the labels left out.
            log: Called with a record per part of the training: epoch, seconds, losses of training and left-out labels.

        Raises:
            ConfigError: Too few labels, or an output that never changes.
            ConvergenceError: Training left the numbers that a computer has.
        """
        logs = self._check(labels)
        with jax.enable_x64(True):
            columns = zip(labels.values.T, labels.outputs, strict=True)
            scales = [fit_scale(self.transform, y, output) for y, output in columns]
            scale = jax.tree.map(lambda *leaves: jnp.stack(leaves), *scales)
            data = self._data(labels, logs, scale, seed)
            kind = Perceptron((self.width,) * self.depth, self.activation, "glorot_normal", bypass=True)
            networks = kind.members(labels.box.size, len(labels.outputs), self.members, seed, self.precision)
            networks = train(networks, data, NetworkLoss(), self._training(len(data.x)), seed, log=log)
            networks = polish(networks, data, self.polish)
            floor, factor = _calibrated(networks, data)
        transforms = (self.transform,) * len(labels.outputs)
        return DeepEnsemble(labels.box, labels.outputs, transforms, logs, networks, scale, floor, factor)

    def _training(self, n: int) -> Training:
        batch = min(n, self.batch or max(64, min(1024, n // 16)))
        patience = math.ceil(self.patience * self.epochs)
        return Training(rate=self.rate, epochs=self.epochs, batch=batch, patience=patience, seconds=self.seconds)

    def _check(self, labels: Labels) -> tuple[bool, ...]:
        """Which inputs enter as logarithms."""
        names = labels.box.entries
        if len(labels) < FEWEST:
            raise ConfigError(
                f"{len(labels)} labels are too few for a network; give at least {FEWEST}, better hundreds."
            )
        for name in self.logs:
            if name not in names:
                raise ConfigError(f"logs names {name!r}; {nearest_names(name, list(names))}")
            if labels.box.low[names.index(name)] <= 0:
                raise ConfigError(
                    f"{name} can be zero or negative in its box and has no logarithm; leave it out of logs."
                )
        return tuple(name in self.logs for name in names)

    def _data(self, labels: Labels, logs: tuple[bool, ...], scale: Scale, seed: int) -> Data:
        x = 2 * np.asarray(unit(labels.box, logs, jnp.asarray(labels.theta))) - 1
        y = (forward(self.transform, labels.values) - np.asarray(scale.centre)) / np.asarray(scale.spread)
        order = np.random.default_rng(seed).permutation(len(x))
        n = min(max(int(self.left_out * len(x)), 2), MOST_LEFT_OUT)
        parts = x[order[n:]], y[order[n:]], x[order[:n]], y[order[:n]]
        return Data(*(jnp.asarray(part, dtype=PRECISIONS[self.precision]) for part in parts))


@eqx.filter_jit
def _calibrated(networks: MLP, data: Data) -> tuple[Array, Array]:
    """Floor of the spread and its factor: mean squared errors at left-out labels are then mean squared spreads."""
    values = jax.vmap(lambda x: predicted(networks, x))(data.x_out).astype(float)
    spread = jnp.mean(jax.vmap(_spread)(values), axis=0)
    floor = jnp.where(spread > 0, spread, 1.0)
    error = jnp.mean((jnp.mean(values, axis=1) - data.y_out.astype(float)) ** 2, axis=0)
    return floor, jnp.sqrt(error / (spread + floor))
