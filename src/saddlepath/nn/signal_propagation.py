"""How gradients vanish or explode on their way through many layers, before any training.

Through one layer a gradient is multiplied by the slopes of the activation and by the weights. A sigmoid's slope is at
most 1/4, so with weights that keep the size of the signal the gradient of the first layer is about 4^-(depth - 1) of
that of the last; weights of variance one multiply it by the root of the width instead.

References:
    Hochreiter (1991, thesis, TU Munich); Glorot and Bengio (2010, AISTATS); He et al. (2015, ICCV).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.network import ACTIVATIONS, MLP
from saddlepath.nn.findings import Findings, Line, Panel
from saddlepath.nn.perceptron import Perceptron
from saddlepath.table import table

WIDTH, BATCH, DEPTHS, SEEDS = 64, 256, (2, 5, 10, 20), 10
CASES = {
    "sigmoid, Glorot": ("sigmoid", "glorot_normal"),
    "tanh, Glorot": ("tanh", "glorot_normal"),
    "relu, He": ("relu", "he_normal"),
    "tanh, N(0, 1)": ("tanh", "standard_normal"),
}
"""Activation and initialiser of every case."""


def gradient_norms(activation: str, initialiser: str, depth: int, seed: int) -> Float[np.ndarray, " depth"]:
    """Norm of the gradient of the output in every layer's weights at initialisation: root mean square over inputs.

    Args:
        activation: One of `ACTIVATIONS`.
        initialiser: One of `INITIALISERS`.
        depth: Number of layers of weights, each of `WIDTH` units but the last, of one.
        seed: Of weights and inputs, which have variance one.
    """
    random = np.random.default_rng(seed)
    with jax.enable_x64(True):
        network = Perceptron((WIDTH,) * (depth - 1), activation, initialiser).build(WIDTH, 1, random)
        return np.asarray(_norms(network, jnp.asarray(random.standard_normal((BATCH, WIDTH)))))


@eqx.filter_jit
def _norms(network: MLP, x: Float[Array, "batch n_in"]) -> Float[Array, " depth"]:
    # Per input: an average over inputs first would let the gradients of most layers cancel, but not that of the last.
    gradient = jax.vmap(eqx.filter_grad(lambda net, one: net(one)[0]), (None, 0))(network, x)
    return jnp.stack([jnp.sqrt(jnp.mean(jnp.sum(weight**2, axis=(1, 2)))) for weight in gradient.weights])


def signal_size(activation: str, initialiser: str, depth: int, seed: int) -> float:
    """Standard deviation of the activations behind `depth` hidden layers, for inputs of variance one."""
    random = np.random.default_rng(seed)
    network = Perceptron((WIDTH,) * depth, activation, initialiser).build(WIDTH, 1, random)
    hidden = random.standard_normal((BATCH, WIDTH))
    with jax.enable_x64(True):
        for weight in network.weights[:-1]:
            hidden = np.asarray(ACTIVATIONS[activation](jnp.asarray(hidden @ np.asarray(weight).T)))
    return float(hidden.std())


def study_gradients(seed: int = 0) -> Findings:
    """Norm of the first layer's gradient over that of the last, and the norms of all layers of a net of twenty."""
    ratios, lines = {}, []
    for name, (activation, initialiser) in CASES.items():
        found = {
            depth: np.stack([gradient_norms(activation, initialiser, depth, seed + i) for i in range(SEEDS)])
            for depth in DEPTHS
        }
        ratios[name] = {f"depth {d}": float(np.median(norms[:, 0] / norms[:, -1])) for d, norms in found.items()}
        norms = np.median(found[DEPTHS[-1]], axis=0)
        lines.append(Line(name, np.arange(1, len(norms) + 1), norms))
    title = "First over last layer's gradient norm at initialisation"
    note = f"Median of {SEEDS} seeds, width {WIDTH}. A sigmoid's slope is at most 1/4 per layer."
    shown = table(ratios, "network", title=title, note=note, formats={f"depth {d}": ".1e" for d in DEPTHS})
    panel = Panel("Gradient norm by layer, depth 20", tuple(lines), "layer [-]", "norm [-]", log_y=True)
    return Findings({"ratios": shown}, {"norms": (panel,)})
