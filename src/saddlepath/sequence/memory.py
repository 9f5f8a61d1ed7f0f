"""How long recurrent networks remember: gradients over many dates before any training, and two numbers to be added.

Over T dates the gradient of a plain network's state is a product of T matrices: it vanishes with a spectral radius of
the weights below one and explodes above it. The second state of an LSTM is multiplied by its forget gate alone.

In the adding task a sequence shows one number in (0, 1) per date and marks two of them, one near the beginning and one
near the end; the answer, given at the end, is their sum. Whoever forgets the first can do no better than an error of
its variance, 1/12; a constant has 1/6.

References:
    Hochreiter (1991, thesis, TU Munich); Bengio, Simard and Frasconi (1994, IEEE Transactions on Neural Networks);
    Hochreiter and Schmidhuber (1997, Neural Computation), section 5.4, the adding task.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.initialisers import INITIALISERS
from saddlepath.nn.findings import Findings, Line, Panel
from saddlepath.nn.losses import NetworkLoss
from saddlepath.nn.training import Data, Training
from saddlepath.sequence.cells import Cell, RNNCell
from saddlepath.sequence.learning import train_one
from saddlepath.sequence.recurrent import LSTM, RNN, Recurrent
from saddlepath.table import table

HIDDEN, LONGEST, RADII = 32, 200, (0.9, 1.0, 1.1)
LAG, SHOWN, TESTED = 100, 4000, 1000
EDGE = 10
"""The marked numbers are among so many dates at the beginning and at the end [-]."""
ADDING = Training(rate=5e-3, epochs=25, batch=50, clip=1.0)


def plain_cell(radius: float, seed: int = 0) -> RNNCell:
    """A plain cell whose weights of the state are a multiple of an orthogonal matrix, with that spectral radius."""
    drawn = INITIALISERS["orthogonal"](np.random.default_rng(seed), HIDDEN, HIDDEN)
    cell = RNNCell(1, HIDDEN, key=jax.random.key(seed))
    weights = jnp.asarray(radius * drawn, cell.bias.dtype)
    return eqx.tree_at(lambda c: (c.from_state, c.bias), cell, (weights, jnp.zeros_like(cell.bias)))


def state_gradients(cell: Cell, x: Float[Array, "time n_inputs"]) -> Float[Array, " time"]:
    """Spectral norm of the gradient of the state at each date in the state before the first one.

    Args:
        cell: Of any kind; the second state of an LSTM is part of its state.
        x: Inputs at the dates.

    Returns:
        |d s_T / d s_0| for T = 1, 2, ... [-]
    """
    sizes = [len(part) for part in cell.start()]
    split = lambda flat: tuple(jnp.split(flat, np.cumsum(sizes)[:-1]))

    def step(carry: tuple[Array, Array], projected: Array) -> tuple[tuple[Array, Array], Array]:
        state, gradient = carry
        move = lambda flat: jnp.concatenate(cell.step(projected, split(flat)))
        gradient = jax.jacobian(move)(state) @ gradient
        return (move(state), gradient), jnp.linalg.norm(gradient, 2)

    first = jnp.concatenate(cell.start())
    return jax.lax.scan(step, (first, jnp.eye(len(first), dtype=first.dtype)), cell.project(x))[1]


def adding(n: int, lag: int, seed: int) -> tuple[Float[np.ndarray, "n time 2"], Float[np.ndarray, "n 1"]]:
    """Sequences of the adding task, and their sums.

    Args:
        n: Number of sequences.
        lag: Dates between the first and the last marked number, at most; the length is one more.
        seed: Of the draws.
    """
    random = np.random.default_rng(seed)
    numbers, marks = random.uniform(size=(n, lag + 1)), np.zeros((n, lag + 1))
    rows = np.arange(n)
    first, second = random.integers(EDGE, size=n), lag - random.integers(EDGE, size=n)
    marks[rows, first] = marks[rows, second] = 1
    return np.stack([numbers, marks], axis=2), (numbers[rows, first] + numbers[rows, second])[:, None]


class LastOutput(eqx.Module):
    """A recurrent network and a linear map of its last output.

    Attributes:
        network: From `[time, n_inputs]` to `[time, hidden]`.
        readout: Of its last output.
    """

    network: Recurrent
    readout: eqx.nn.Linear

    def __call__(self, x: Float[Array, "time n_inputs"], key: PRNGKeyArray | None = None) -> Float[Array, " n_outputs"]:
        return self.readout(self.network(x, key=key)[-1])


def adding_error(network: Recurrent, lag: int = LAG, training: Training = ADDING, seed: int = 0) -> float:
    """Mean squared error of a network at new sequences of the adding task, after training.

    Args:
        network: Of two inputs, with its first weights.
        lag: Of the task.
        training: How.
        seed: Of sequences, orders and the linear map.
    """
    hidden = network.forward[0].from_state.shape[1]
    first = LastOutput(network, eqx.nn.Linear(hidden, 1, key=jax.random.key(seed)))
    array = lambda part: jnp.asarray(part, network.forward[0].bias.dtype)
    x, y, x_out, y_out, x_test, y_test = (
        array(part) for k, n in enumerate((SHOWN, TESTED, TESTED)) for part in adding(n, lag, 3 * seed + k)
    )
    trained = train_one(first, Data(x, y, x_out, y_out), NetworkLoss("squared"), training, seed)
    return float(_mean_squared(trained, x_test, y_test))


@eqx.filter_jit
def _mean_squared(network: Any, x: Array, y: Array) -> Array:
    return jnp.mean((jax.vmap(network)(x) - y) ** 2)


def study_memory(seed: int = 0) -> Findings:
    """Gradients over 200 dates by spectral radius and forget bias, and errors of the adding task at lag 100."""
    dates = np.arange(1, LONGEST + 1)
    with jax.enable_x64(True):
        built = LSTM(1, HIDDEN, key=jax.random.key(seed))
        cells: dict[str, Cell] = {f"plain, radius {radius}": plain_cell(radius, seed) for radius in RADII}
        cells |= {"LSTM, forget bias 1": built.forward[0], "LSTM, memory of 200": built.remembering(LONGEST).forward[0]}
        norms = {name: np.asarray(_gradients(cell, jnp.zeros((LONGEST, 1)))) for name, cell in cells.items()}
    key = jax.random.key(seed)
    networks = {"plain": RNN(2, HIDDEN, key=key), "LSTM, forget bias 1": LSTM(2, HIDDEN, key=key)}
    errors = {name: {"mean squared error": adding_error(network, seed=seed)} for name, network in networks.items()}
    at = {f"T = {t}": t - 1 for t in (1, 50, 100, 200)}
    rows = {name: {column: float(found[t]) for column, t in at.items()} for name, found in norms.items()}
    gradients = table(
        rows,
        "cell",
        title="Norm of the gradient of the state after T dates in the first state, before training",
        note="No inputs. A plain cell's norm is the radius to the power T; a forget bias of 1 keeps 73 % per date.",
        formats=dict.fromkeys(at, ".1e"),
    )
    sums = table(
        errors,
        "network",
        title=f"Adding two numbers that lie about {LAG} dates apart",
        note="Mean squared error at new sequences: 0.167 for a constant, 0.083 for who forgets the first number.",
        formats={"mean squared error": ".4f"},
    )
    lines = tuple(Line(name, dates, found) for name, found in norms.items())
    panel = Panel("Gradient of the state after T dates", lines, "T [dates]", "norm [-]", log_y=True)
    return Findings({"gradients": gradients, "adding": sums}, {"gradients": (panel,)})


_gradients = eqx.filter_jit(state_gradients)
