"""Networks as forecasters: recurrent or attention encoders over a window, alone or around a linear part.

A hybrid is a linear forecast plus a network trained on its errors (Zhang, 2003, Neurocomputing). The network is kept
in the share that its forecasts of a validation part, the last of the past, deserve: the coefficient of a regression of
the linear part's errors on the network, less one standard error, between zero and one. A network that has found
nothing gets weight zero, and the hybrid is its linear part.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError
from saddlepath.forecast.baselines import LinearLags
from saddlepath.forecast.heads import (
    HEADS,
    HeadLoss,
    SequenceNetwork,
    outputs_of,
    stated_point,
    stated_quantiles,
)
from saddlepath.forecast.linear_part import LINEAR, Ridge, Windows, choose_linear, fit_linear, head
from saddlepath.forecast.transforms import Transform
from saddlepath.forecast.walking import Past, Path, Quantiles
from saddlepath.model import nearest_names
from saddlepath.nn.perceptron import PRECISIONS
from saddlepath.nn.scaling import Scaler, fit_scaler
from saddlepath.nn.training import Data, Log, Training, train
from saddlepath.sequence.recurrent import GRU, LSTM, RNN
from saddlepath.sequence.transformer import TransformerEncoder

CELLS = ("rnn", "gru", "lstm", "transformer")
STRATEGIES = ("multi", "direct", "recursive")
FEWEST_WINDOWS = 20
"""Windows without which a network is not trained [-]."""
GROWTH = 1.15
"""Numbers of windows are filled up to powers of this, so that a refit with a few more compiles nothing [-]."""


@dataclasses.dataclass(frozen=True)
class NetworkForecaster:
    """A network, or a linear part with a network on its errors, as a forecaster.

    Attributes:
        cell: `rnn`, `gru`, `lstm` or `transformer`.
        linear: `none`: the network alone; `ar`, `har` or `ridge`: a linear part below it; `auto`: the one of these
            that forecasts the validation part best.
        head: `point`, `quantiles` or `student`.
        strategy: `multi`: one network states all steps; `direct`: one network per step; `recursive`: one network of
            one step, fed with its own forecasts.
        hidden: Units per layer.
        layers: Layers.
        window: Observations that the network looks at.
        transform: From the series to what is forecast.
        season: Whether sines and cosines of the season are inputs.
        members: Networks whose mean is the forecast.
        dropout: Share of units switched off in training. [-]
        training: How it is trained.
        validation: Share of the windows, the last ones, that choose weights, linear part and the network's share. [-]
        precision: `float32` or `float64`.
        seed: Of weights and batches.
    """

    cell: str = "lstm"
    linear: str = "none"
    head: str = "point"
    strategy: str = "multi"
    hidden: int = 16
    layers: int = 1
    window: int = 24
    transform: Transform = Transform()
    season: bool = True
    members: int = 2
    dropout: float = 0.0
    training: Training = Training(rate=1e-2, epochs=80, batch=64, patience=25)
    validation: float = 0.2
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        for what, value, valid in (
            ("cell", self.cell, CELLS),
            ("linear", self.linear, ("none", "auto", *LINEAR)),
            ("head", self.head, HEADS),
            ("strategy", self.strategy, STRATEGIES),
            ("precision", self.precision, tuple(PRECISIONS)),
        ):
            if value not in valid:
                raise ConfigError(f"no {what} {value!r}; {nearest_names(value, list(valid))}")
        if min(self.hidden, self.layers, self.window, self.members) < 1 or not 0 < self.validation < 1:
            raise ConfigError(
                f"a network needs units, layers, a window and members of at least 1 and a validation share between 0 "
                f"and 1, got {self.hidden}, {self.layers}, {self.window}, {self.members} and {self.validation}."
            )
        if self.strategy == "recursive" and self.head != "point":
            raise ConfigError("a recursive forecast feeds on points; state laws with the strategy multi or direct.")

    @property
    def name(self) -> str:
        """For tables."""
        return self.cell.upper() if self.linear == "none" else f"hybrid {self.cell.upper()}"

    @property
    def windows(self) -> Windows:
        """How a past becomes inputs."""
        return Windows(self.window, self.transform, self.season)

    def build(self, n_inputs: int, steps: int, seed: int) -> Any:
        """Members with random weights, along a leading axis."""
        outputs, kind = outputs_of(self.head), PRECISIONS[self.precision]

        def one(key: Array) -> SequenceNetwork:
            if self.cell == "transformer":
                heads = math.gcd(4, self.hidden)
                encoder: Any = TransformerEncoder(
                    n_inputs, self.hidden, heads, self.layers, dropout=self.dropout, causal=True, key=key
                )
            else:
                cell = {"rnn": RNN, "gru": GRU, "lstm": LSTM}[self.cell]
                encoder = cell(n_inputs, self.hidden, self.layers, self.dropout, key=key)
            return SequenceNetwork(encoder, self.hidden, steps, outputs, self.dropout)

        built = eqx.filter_vmap(one)(jax.random.split(jax.random.key(seed), self.members))
        return jax.tree.map(lambda leaf: leaf.astype(kind) if eqx.is_inexact_array(leaf) else leaf, built)

    def fit(self, past: Past, horizon: int, log: Log | None = None) -> "FittedForecaster":
        """Fit to a past.

        Args:
            past: What is known.
            horizon: Steps to forecast.
            log: Called with a record per part of the training.

        Raises:
            ConfigError: Too few observations for the window and the horizon, or a recursion that would need future
                values of other columns.
        """
        steps = 1 if self.strategy == "recursive" else horizon
        if self.strategy == "recursive" and past.values.shape[1] > 1:
            raise ConfigError("a recursive forecast would need later values of the other columns; use multi or direct.")
        windows = self.windows
        ends = range(windows.memory, len(past) - steps + 1)
        validated = round(self.validation * len(ends))
        if min(len(ends) - validated, validated) < FEWEST_WINDOWS // 2 or len(ends) < FEWEST_WINDOWS:
            raise ConfigError(
                f"a window of {windows.memory} and a horizon of {horizon} leave {len(ends)} windows of "
                f"{len(past)} observations, at least {FEWEST_WINDOWS} are needed; shorten window or horizon."
            )
        part = _Training(self, past, steps, ends, validated, log)
        return part.run(horizon)


@dataclasses.dataclass(frozen=True, eq=False)
class FittedForecaster:
    """A fitted network with its linear part; what `NetworkForecaster.fit` returns.

    Attributes:
        spec: How it was fitted.
        networks: Members along a leading axis of every weight; one entry per network, several for `direct`.
        scaler: Of the inputs.
        sizes: Standard deviation of what the network explains, by step. [units of the level]
        shares: In which share each network is kept. [-]
        linear: The linear part, or None.
        horizon: Steps that are forecast.
    """

    spec: NetworkForecaster
    networks: tuple[Any, ...]
    scaler: Scaler
    sizes: Float[np.ndarray, " steps"]
    shares: Float[np.ndarray, " networks"]
    linear: LinearLags | Ridge | None
    horizon: int

    def predict(self, pasts: Sequence[Past]) -> Path:
        """Point forecasts of all steps after every past. [units of the data]"""
        return self._path(pasts)

    def masked(self, pasts: Sequence[Past], masks: int, seed: int = 0) -> Float[np.ndarray, "masks origins steps"]:
        """Point forecasts under random masks of dropout, an ensemble of thinned networks (Gal and Ghahramani, 2016).

        Their dispersion says how uncertain the network is about the mean; what no network could forecast comes on top.

        Args:
            pasts: What is known at every origin.
            masks: Number of masks; all origins and dates see the same.
            seed: Of the masks.

        Raises:
            ConfigError: The network has no dropout.
        """
        if self.spec.dropout == 0:
            raise ConfigError("this network has no dropout and no masks; fit one with NetworkForecaster(dropout=...).")
        return np.stack([self._path(pasts, key) for key in jax.random.split(jax.random.key(seed), masks)])

    def _path(self, pasts: Sequence[Past], key: Array | None = None) -> Path:
        if self.spec.strategy != "recursive":
            base, out = self._stated(pasts, key)
            return self.spec.transform.restore(base + stated_point(self.spec.head, out).mean(axis=0) * self.sizes)
        return self._iterated(pasts, key)

    def quantiles(self, pasts: Sequence[Past], levels: Float[np.ndarray, " levels"]) -> Quantiles | None:
        """Quantiles of all steps, the mean over members of each; None where the head is a point. [units of the data]"""
        if self.spec.head == "point":
            return None
        base, out = self._stated(pasts)
        stated = stated_quantiles(self.spec.head, out, levels).mean(axis=0)
        return self.spec.transform.restore(base[..., None] + stated * self.sizes[:, None])

    def _stated(
        self, pasts: Sequence[Past], key: Array | None = None
    ) -> tuple[Path, Float[np.ndarray, "members origins steps outputs"]]:
        """The linear part, in levels, and what the networks add, each in its share; the key is one of dropout."""
        inputs = self.scaler(self.spec.windows.at(pasts))
        out = np.concatenate([_outputs(network, inputs, self.spec, key) for network in self.networks], axis=2)
        share = np.broadcast_to(self.shares, len(self.sizes))[:, None]
        if self.spec.head == "point":
            out = share * out
        elif self.spec.head == "student":
            out = np.concatenate([share * out[..., :1], out[..., 1:]], axis=-1)
        else:
            out = out + (share - 1) * np.median(out, axis=-1, keepdims=True)
        steps = len(self.sizes)
        base = self.spec.windows.base(pasts, steps) if self.linear is None else self.linear.levels(pasts)[:, :steps]
        return base, out

    def _iterated(self, pasts: Sequence[Past], key: Array | None) -> Path:
        known = list(pasts)
        path = []
        for _ in range(self.horizon):
            base, out = self._stated(known, key)
            step = self.spec.transform.restore(base + out[..., 0].mean(axis=0) * self.sizes)
            path.append(step[:, 0])
            known = [
                Past(np.append(past.values, [[value]], axis=0), past.first, past.period)
                for past, value in zip(known, step[:, 0], strict=True)
            ]
        return np.stack(path, axis=1)


def _outputs(
    networks: Any, inputs: Float[np.ndarray, "n time inputs"], spec: NetworkForecaster, key: Array | None = None
) -> np.ndarray:
    """What every member says `[members, n, steps, outputs]`; rows are filled up so that few numbers compile."""
    n = len(inputs)
    filled = np.concatenate([inputs, np.repeat(inputs[-1:], _rounded(n) - n, axis=0)])
    with jax.enable_x64(spec.precision == "float64"):
        return np.asarray(_says(networks, jnp.asarray(filled, PRECISIONS[spec.precision]), key), dtype=float)[:, :n]


@eqx.filter_jit
def _says(networks: Any, x: Array, key: Array | None) -> Array:
    return eqx.filter_vmap(lambda network: jax.vmap(lambda one: network(one, key))(x))(networks)


def _rounded(n: int) -> int:
    """The smallest of a few numbers that is at least n."""
    return max(n, math.ceil(GROWTH ** math.ceil(math.log(n) / math.log(GROWTH) - 1e-9)))


@dataclasses.dataclass(frozen=True, eq=False)
class _Training:
    """One fit: windows, the linear part's errors, networks trained on them."""

    spec: NetworkForecaster
    past: Past
    steps: int
    ends: range
    validated: int
    log: Log | None

    def run(self, horizon: int) -> FittedForecaster:
        spec, windows, known = self.spec, self.spec.windows, len(self.ends) - self.validated
        inputs = self.windows_at()
        scaler = fit_scaler("standard", inputs[:known].reshape(-1, inputs.shape[2]))
        target = windows.distances(self.past, self.ends, self.steps)
        kind = None if spec.linear == "none" else spec.linear
        if kind == "auto":
            kind = choose_linear(windows, self.past, self.steps, self.validated)
        if kind is not None:
            target = target - self._explained(kind, self.ends[known - 1] + self.steps)
        sizes = target[:known].std(axis=0)
        sizes = np.where(sizes > 0, sizes, 1.0)
        target, x = target / sizes, scaler(inputs)
        groups = [[h] for h in range(self.steps)] if spec.strategy == "direct" else [list(range(self.steps))]
        networks, shares = [], []
        for number, steps in enumerate(groups):
            network = self._trained(x, target[:, steps], known, number)
            networks.append(network)
            found = stated_point(spec.head, _outputs(network, x[known:], spec)).mean(axis=0)
            shares.append(1.0 if kind is None else deserved(target[known:][:, steps], found))
        linear = None if kind is None else fit_linear(kind, windows, self.past, max(self.steps, 1))
        return FittedForecaster(spec, tuple(networks), scaler, sizes, np.array(shares), linear, horizon)

    def windows_at(self) -> Float[np.ndarray, "origins length n_inputs"]:
        """Every window of the past that has later values to learn from."""
        columns = self.spec.windows.columns(self.past)
        length, lost = self.spec.window, self.spec.transform.lost
        return np.stack([columns[end - lost - length : end - lost] for end in self.ends])

    def _explained(self, kind: str, known: int) -> Path:
        """Distances that a linear part forecasts, fitted to the first observations only."""
        windows = self.spec.windows
        pasts = [head(self.past, end) for end in self.ends]
        fitted = fit_linear(kind, windows, head(self.past, known), self.steps)
        return fitted.levels(pasts) - windows.base(pasts, self.steps)

    def _trained(self, x: Any, y: Any, known: int, number: int) -> Any:
        spec = self.spec
        more = _rounded(known) - known  # rows that count zero, so that a refit finds the same shapes
        fill = lambda a: np.concatenate([a[:known], np.repeat(a[:1], more, axis=0)])
        validated = spec.validation / (1 - spec.validation) * _rounded(known) / GROWTH  # at most what is left out
        out = slice(len(x) - max(1, min(self.validated, round(validated))), None)
        with jax.enable_x64(spec.precision == "float64"):
            array = lambda a: jnp.asarray(a, PRECISIONS[spec.precision])
            weight = np.concatenate([np.ones(known), np.zeros(more)])
            data = Data(array(fill(x)), array(fill(y)), array(x[out]), array(y[out]), array(weight))
            first = spec.build(x.shape[2], y.shape[1], spec.seed + number)
            seed, random = spec.seed + number, spec.dropout > 0
            return train(first, data, HeadLoss(spec.head), spec.training, seed, random=random, log=self.log)


def deserved(errors: Path, found: Path) -> float:
    """The share of a network's forecasts that explains a linear part's errors, less one standard error, in [0, 1]."""
    size = float(np.sum(found**2))
    if size == 0:
        return 0.0
    share = float(np.sum(found * errors)) / size
    by_origin = np.sum(found * (errors - share * found), axis=1)
    return float(np.clip(share - math.sqrt(float(np.sum(by_origin**2))) / size, 0.0, 1.0))
