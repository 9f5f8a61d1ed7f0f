"""Backpropagation written out by hand for a net with one hidden layer, beside automatic differentiation.

With h = tanh(W1 x + b1), f = W2 h + b2 and the loss |f - y|^2 / n_out the chain rule runs backwards through

    df = 2 (f - y) / n_out,  dW2 = df h',  db2 = df,  dh = W2' df,  dz = dh (1 - h^2),  dW1 = dz x',  db1 = dz.

References:
    Rumelhart, Hinton and Williams (1986, Nature).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.network import MLP
from saddlepath.nn.findings import Findings
from saddlepath.nn.losses import squared
from saddlepath.nn.perceptron import Perceptron
from saddlepath.table import table


def gradient_by_hand(network: MLP, x: Float[Array, " n_in"], y: Float[Array, " n_out"]) -> dict[str, Array]:
    """Slopes of the squared loss at one label in every weight and bias, by the chain rule.

    Args:
        network: One hidden layer of tanh units, no bypass.
        x: Input.
        y: Value.
    """
    (w1, w2), (b1, b2) = network.weights, network.biases
    h = jnp.tanh(w1 @ x + b1)
    df = 2 * (w2 @ h + b2 - y) / y.size
    dz = (w2.T @ df) * (1 - h**2)
    return {"W2": jnp.outer(df, h), "b2": df, "W1": jnp.outer(dz, x), "b1": dz}


def gradient_by_jax(network: MLP, x: Float[Array, " n_in"], y: Float[Array, " n_out"]) -> dict[str, Array]:
    """The same by automatic differentiation."""
    slope = eqx.filter_grad(lambda net: squared(net(x), y))(network)
    return {"W2": slope.weights[1], "b2": slope.biases[1], "W1": slope.weights[0], "b1": slope.biases[0]}


def study_backpropagation(seed: int = 0) -> Findings:
    """Largest distance between both gradients, weight by weight."""
    random = np.random.default_rng(seed)
    with jax.enable_x64(True):
        network = Perceptron((16,), "tanh").build(3, 2, random)
        x, y = jnp.asarray(random.standard_normal(3)), jnp.asarray(random.standard_normal(2))
        hand, automatic = gradient_by_hand(network, x, y), gradient_by_jax(network, x, y)
        rows = {
            name: {"size": float(jnp.abs(automatic[name]).max()), "distance": float(jnp.abs(hand[name] - slope).max())}
            for name, slope in automatic.items()
        }
    title, note = "Backpropagation by hand and by jax.grad", "Distances are those of rounding in double precision."
    shown = table(rows, "weights", title=title, note=note, formats={"distance": ".1e"})
    return Findings({"gradients": shown}, {})
