"""Recurrent networks against plain NumPy and another package's cells; padding, directions, layers, refusals, memory."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from saddlepath.errors import ConfigError
from saddlepath.sequence.cells import FORGET_BIAS, GRUCell, LSTMCell
from saddlepath.sequence.memory import LONGEST, RADII, adding, adding_error, plain_cell, state_gradients
from saddlepath.sequence.recurrent import GRU, LSTM, RNN, Recurrent

TIME, INPUTS, HIDDEN = 6, 3, 4
KINDS = {"RNN": RNN, "GRU": GRU, "LSTM": LSTM}


@eqx.filter_jit
def run(network: Recurrent, x: Array, mask: Array | None = None) -> Array:
    return network(x, mask)


@pytest.fixture
def x() -> Array:
    """A sequence."""
    return jnp.asarray(np.random.default_rng(5).standard_normal((TIME, INPUTS)))


def waves(*shape: int) -> np.ndarray:
    """Weights that anybody can write down: sin(1), sin(2), ..."""
    return np.sin(np.arange(1, np.prod(shape) + 1)).reshape(shape)


def lstm_by_hand(x: np.ndarray, w_ih: np.ndarray, w_hh: np.ndarray, b_ih: np.ndarray, b_hh: np.ndarray) -> np.ndarray:
    """PyTorch's documented equations: rows of the weights in the order i, f, g, o, two biases."""
    sigmoid = lambda z: 1 / (1 + np.exp(-z))
    n = w_hh.shape[1]
    h, c, out = np.zeros(n), np.zeros(n), []
    for now in x:
        z = w_ih @ now + b_ih + w_hh @ h + b_hh
        i, f, g, o = (z[k * n : (k + 1) * n] for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return np.array(out)


STORED = (-0.5123911848, 0.3715426498)
"""Outputs at the last date of the second layer."""


def test_lstm_against_stored_numbers_in_pytorch_order() -> None:
    """Two layers; weights are waves, the second bias of every layer half the first."""
    network = LSTM(2, 2, 2, key=jax.random.key(0))
    x, layers = waves(4, 2), []
    by_hand = x
    for cell in network.forward:
        w_ih, w_hh, bias = waves(8, 2), waves(8, 2)[::-1], waves(8)
        by_hand = lstm_by_hand(by_hand, w_ih, w_hh, bias, 0.5 * bias)
        arrays = (jnp.asarray(w_ih), jnp.asarray(w_hh.copy()), jnp.asarray(1.5 * bias))
        layers.append(eqx.tree_at(lambda c: (c.from_input, c.from_state, c.bias), cell, arrays))
    found = np.asarray(eqx.tree_at(lambda n: n.forward, network, tuple(layers))(jnp.asarray(x)))
    np.testing.assert_allclose(found, by_hand, atol=1e-12)  # roundoff
    np.testing.assert_allclose(found[-1], STORED, atol=1e-6)  # digits that are stored


def test_cells_against_equinox(x: Array) -> None:
    for ours, theirs in ((GRU, eqx.nn.GRUCell), (LSTM, eqx.nn.LSTMCell)):
        network = ours(INPUTS, HIDDEN, key=jax.random.key(1))
        (cell,) = network.forward
        other = theirs(INPUTS, HIDDEN, key=jax.random.key(2))
        other = eqx.tree_at(
            lambda c: (c.weight_ih, c.weight_hh, c.bias), other, (cell.from_input, cell.from_state, cell.bias)
        )
        if isinstance(cell, GRUCell):
            other = eqx.tree_at(lambda c: c.bias_n, other, cell.bias_state)
        state = cell.start() if ours is LSTM else cell.start()[0]
        for now, found in zip(x, network(x), strict=True):
            state = other(now, state)
            np.testing.assert_allclose(found, state[0] if ours is LSTM else state, atol=1e-12)  # roundoff


def test_forget_gates_start_open() -> None:
    cells = LSTMCell(INPUTS, 1000, key=jax.random.key(0))
    forget = cells.bias[1000:2000]
    assert float(jnp.mean(forget)) == pytest.approx(FORGET_BIAS, abs=4 / 1000)  # four s.e. of a uniform on 1/sqrt(1000)
    longer = LSTM(INPUTS, HIDDEN, 2, bidirectional=True, key=jax.random.key(0)).remembering(101)
    for cell in (*longer.forward, *longer.backward):
        np.testing.assert_allclose(cell.bias[HIDDEN : 2 * HIDDEN], np.log(100), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_nothing(kind: str, x: Array) -> None:
    """Whatever fills a sequence up, at either end, in two layers and directions; the last output is the last date's."""
    network = KINDS[kind](INPUTS, HIDDEN, 2, bidirectional=True, key=jax.random.key(3))
    filler = jnp.full((2, INPUTS), 1e3)
    mask = jnp.arange(TIME + 4)
    padded = run(network, jnp.concatenate([filler, x, filler]), (mask >= 2) & (mask < TIME + 2))
    alone = run(network, x, jnp.ones(TIME, bool))
    np.testing.assert_allclose(padded[2 : TIME + 2], alone, atol=1e-14)  # sums of another order
    np.testing.assert_array_equal(padded[-1, :HIDDEN], padded[TIME + 1, :HIDDEN])
    np.testing.assert_allclose(alone, run(network, x), atol=1e-14)


def test_two_directions_are_two_networks(x: Array) -> None:
    both = GRU(INPUTS, HIDDEN, bidirectional=True, key=jax.random.key(3))
    back = eqx.tree_at(lambda n: (n.forward, n.backward), both, (both.backward, ()))
    np.testing.assert_allclose(both(x)[:, HIDDEN:], back(x[::-1])[::-1], atol=1e-14)


def test_dropout_acts_between_layers_in_training_only(x: Array) -> None:
    key, two = jax.random.key(0), LSTM(INPUTS, HIDDEN, 2, 0.5, key=jax.random.key(4))
    one = LSTM(INPUTS, HIDDEN, 1, 0.5, key=jax.random.key(4))
    np.testing.assert_array_equal(one(x, key=key), one(x))
    assert float(jnp.abs(two(x, key=key) - two(x)).max()) > 1e-3


def test_single_precision_stays_single(x: Array) -> None:
    single = lambda tree: jax.tree.map(lambda a: a.astype(jnp.float32) if eqx.is_inexact_array(a) else a, tree)
    for kind in KINDS.values():
        assert single(kind(INPUTS, HIDDEN, key=jax.random.key(0)))(x.astype(jnp.float32)).dtype == jnp.float32


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0, 4), "inputs must be a whole number of at least 1, got 0"),
        ((3, 4, 0), "layers must be a whole number"),
        ((3, 4, 2, 1.0), "dropout is a share of units from 0 to below 1, got 1.0"),
    ],
)
def test_bad_sizes(arguments: tuple, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        LSTM(*arguments, key=jax.random.key(0))


def test_bad_calls(x: Array) -> None:
    with pytest.raises(ConfigError, match="built for 3 inputs per date, got a sequence of shape"):
        LSTM(INPUTS, HIDDEN, key=jax.random.key(0))(x[:, :2])
    with pytest.raises(ConfigError, match="a memory lasts for more than one period, got 1"):
        LSTM(INPUTS, HIDDEN, key=jax.random.key(0)).remembering(1)


def test_gradients_vanish_or_explode() -> None:
    """Without inputs a plain cell is linear at zero: its gradient is the radius to the power T."""
    gradients = eqx.filter_jit(state_gradients)
    nothing = jnp.zeros((LONGEST, 1))
    for radius in RADII:
        found = gradients(plain_cell(radius), nothing)
        np.testing.assert_allclose(found, radius ** np.arange(1, LONGEST + 1.0), rtol=1e-10)  # 200 products
    kept = gradients(LSTM(1, 32, key=jax.random.key(0)).remembering(LONGEST).forward[0], nothing)
    assert float(kept.min()) > 0.1 and float(kept.max()) < 10
    # A bias of one keeps sigmoid(1) = 0.73 per date, hardly anything over 200.
    assert float(gradients(LSTM(1, 32, key=jax.random.key(0)).forward[0], nothing)[-1]) < 1e-10


def test_adding_task() -> None:
    x, y = adding(200, 100, seed=0)
    assert x.shape == (200, 101, 2)
    np.testing.assert_array_equal(x[..., 1].sum(axis=1), 2)
    np.testing.assert_allclose((x[..., 0] * x[..., 1]).sum(axis=1), y[:, 0], atol=1e-15)
    first, last = np.argmax(x[..., 1], axis=1), 100 - np.argmax(x[:, ::-1, 1], axis=1)
    assert (last - first).min() >= 82 and first.max() < 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_only_an_lstm_adds_over_a_hundred_dates(seed: int) -> None:
    """A plain network forgets the first number and is left with its variance of 1/12."""
    key = jax.random.key(seed)
    with jax.enable_x64(False):
        networks: dict[str, Recurrent] = {"plain": RNN(2, 32, key=key), "LSTM": LSTM(2, 32, key=key)}
        errors = {name: adding_error(network, seed=seed) for name, network in networks.items()}
    assert errors["LSTM"] < 0.01 and errors["plain"] > 1 / 15
