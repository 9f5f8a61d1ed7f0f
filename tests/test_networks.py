"""The parts of networks: activations and slopes, initialisers, losses, scales, splits, architectures."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit, log_expit, softmax

from saddlepath.errors import ConfigError
from saddlepath.initialisers import INITIALISERS, suited_to
from saddlepath.network import ACTIVATIONS, MLP
from saddlepath.nn.losses import (
    NetworkLoss,
    binary_cross_entropy,
    cross_entropy,
    empirical,
    hinge,
    huber,
    logistic,
    pinball,
    squared,
)
from saddlepath.nn.perceptron import SLOPES, Perceptron, count_weights
from saddlepath.nn.scaling import fit_scaler
from saddlepath.nn.signal_propagation import signal_size
from saddlepath.nn.splitting import Holdout, split


def test_a_perceptron_by_hand() -> None:
    """y = g(1 + 3 x1 - 2 x2) at (-1, 2): z = -6 and g(-6) = 0.00247262."""
    network = Perceptron(hidden=()).build(2, 1, np.random.default_rng(0))
    network = eqx.tree_at(lambda n: (n.weights[0], n.biases[0]), network, (jnp.array([[3.0, -2.0]]), jnp.array([1.0])))
    z = network(jnp.array([-1.0, 2.0]))
    assert float(z[0]) == -6
    assert float(ACTIVATIONS["sigmoid"](z)[0]) == pytest.approx(0.00247262, abs=5e-9)  # as many digits as are stated


def test_linear_layers_are_one_affine_map() -> None:
    network = Perceptron((7, 5, 6), "identity").build(3, 2, np.random.default_rng(0))
    network = eqx.tree_at(lambda n: n.biases, network, [b + 0.1 * (i + 1) for i, b in enumerate(network.biases)])
    matrix, shift = np.eye(3), np.zeros(3)
    for weight, bias in zip(network.weights, network.biases, strict=True):
        matrix, shift = np.asarray(weight) @ matrix, np.asarray(weight) @ shift + np.asarray(bias)
    x = np.random.default_rng(1).standard_normal(3)
    np.testing.assert_allclose(network(jnp.asarray(x)), matrix @ x + shift, atol=1e-12)  # rounding of four products


def test_counts_of_weights() -> None:
    assert count_weights(Perceptron((64, 64)).build(2, 1, np.random.default_rng(0))) == 192 + 4160 + 65


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_of_activations(name: str) -> None:
    z = jnp.linspace(-4, 4, 81)
    np.testing.assert_allclose(SLOPES[name](z), jax.vmap(jax.grad(ACTIVATIONS[name]))(z), atol=1e-14)


def test_extremes_of_activations() -> None:
    zero = jnp.zeros(())
    assert [float(SLOPES[name](zero)) for name in ("sigmoid", "tanh", "relu")] == [0.25, 1.0, 0.0]
    bottom = jnp.asarray(-1.27846)  # five decimals: the slope is then at most 1e-5 times the curvature, about 0.4
    assert abs(float(SLOPES["swish"](bottom))) < 5e-6
    assert float(ACTIVATIONS["swish"](bottom)) == pytest.approx(-0.27846, abs=5e-6)


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_normal", 2 / 300),
        ("glorot_uniform", 2 / 300),
        ("he_normal", 2 / 200),
        ("he_uniform", 2 / 200),
        ("lecun_normal", 1 / 200),
        ("lecun_uniform", 1 / 200),
        ("fan_in_uniform", 1 / 600),
        ("standard_normal", 1.0),
        ("orthogonal", 1 / 200),
    ],
)
def test_variances_of_initialisers(name: str, variance: float) -> None:
    """200 inputs, 100 outputs: the variance of 20,000 draws has a standard error of one per cent at most."""
    drawn = INITIALISERS[name](np.random.default_rng(0), 200, 100)
    assert drawn.shape == (100, 200)
    assert drawn.var() == pytest.approx(variance, rel=0.04)
    assert abs(drawn.mean()) < 4 * np.sqrt(variance / drawn.size)


def test_orthogonal_weights_and_bounds() -> None:
    drawn = INITIALISERS["orthogonal"](np.random.default_rng(0), 8, 5)
    np.testing.assert_allclose(drawn @ drawn.T, np.eye(5), atol=1e-14)
    assert np.abs(INITIALISERS["fan_in_uniform"](np.random.default_rng(0), 25, 40)).max() <= 0.2
    assert suited_to("relu") == "he_normal" and suited_to("swish") == "glorot_normal"


def test_layers_share_no_draws() -> None:
    network = Perceptron((16, 16, 16)).build(16, 16, np.random.default_rng(0))
    assert len({float(weight[0, 0]) for weight in network.weights}) == 4


def test_suited_initialisers_keep_the_signal() -> None:
    """Ten layers: He with rectified units keeps the size, N(0, 1) raises it by the root of 32 per layer."""
    assert 0.4 < np.median([signal_size("relu", "he_normal", 10, seed) for seed in range(10)]) < 1.5
    assert np.median([signal_size("tanh", "glorot_normal", 10, seed) for seed in range(10)]) > 0.15
    growth = signal_size("relu", "standard_normal", 6, 0) / signal_size("relu", "standard_normal", 5, 0)
    assert growth == pytest.approx(np.sqrt(32), rel=0.5)


def test_losses_against_formulas() -> None:
    f, y = jnp.array([0.3, -1.2]), jnp.array([1.0, 0.0])
    assert float(squared(f, y)) == pytest.approx((0.7**2 + 1.2**2) / 2)
    assert float(huber(f, y, 1.0)) == pytest.approx((0.5 * 0.49 + 1.2 - 0.5) / 2)
    assert float(pinball(f, y, 0.9)) == pytest.approx((0.9 * 0.7 + 0.9 * 1.2) / 2)
    p = expit(np.array([0.3, -1.2]))
    assert float(binary_cross_entropy(f, y)) == pytest.approx(-(np.log(p[0]) + np.log(1 - p[1])) / 2)
    logits = jnp.array([0.1, 2.0, -1.0])
    assert float(cross_entropy(logits, jnp.array([1.0]))) == pytest.approx(-np.log(softmax(np.asarray(logits))[1]))
    assert float(hinge(jnp.array([0.3]), jnp.array([-1.0]))) == pytest.approx(1.3)
    assert float(logistic(jnp.array([0.3]), jnp.array([-1.0]))) == pytest.approx(-log_expit(-0.3))


def test_losses_far_out_are_finite() -> None:
    """Logits of a thousand: a probability clipped at 1e-16 would say 37 and pass no gradient."""
    for loss, y in ((binary_cross_entropy, 0.0), (logistic, -1.0)):
        value, slope = jax.value_and_grad(lambda f, loss=loss, y=y: loss(f[None], jnp.array([y])))(jnp.asarray(1000.0))
        assert (float(value), float(slope)) == (1000.0, 1.0)
    far = jnp.array([0.0, 1000.0])
    assert float(cross_entropy(far, jnp.array([0.0]))) == 1000.0


def test_pinball_is_minimal_at_quantiles() -> None:
    """The minimiser over constants covers 10, 50 and 90 % of 10,000 draws, up to one draw."""
    y = np.sort(np.random.default_rng(0).standard_normal(10_000))
    for level in (0.1, 0.5, 0.9):
        grid = jnp.linspace(-2, 2, 801)
        cost = jax.vmap(lambda c, level=level: pinball(jnp.broadcast_to(c, (10_000,)), jnp.asarray(y), level))(grid)
        best = float(grid[jnp.argmin(cost)])
        assert abs(np.mean(y <= best) - level) < 0.003  # half a step of the grid holds at most 0.1 % of the draws


def test_weights_of_labels() -> None:
    outputs, y = jnp.array([[0.0], [0.0], [0.0]]), jnp.array([[1.0], [2.0], [3.0]])
    assert float(empirical(squared, outputs, y)) == pytest.approx(14 / 3)
    assert float(empirical(squared, outputs, y, jnp.array([1.0, 0.0, 2.0]))) == pytest.approx((1 + 18) / 3)


def test_scalers() -> None:
    x = np.stack([np.linspace(-3, 5, 50), np.full(50, 7.0)], axis=1)
    standard = fit_scaler("standard", x)
    np.testing.assert_allclose(standard(x).std(axis=0), [1, 0], atol=1e-14)  # the constant column: no division by zero
    assert np.all(np.isfinite(standard(x)))
    np.testing.assert_allclose(np.ptp(fit_scaler("minmax", x)(x), axis=0), [1, 0])
    assert np.abs(fit_scaler("maxabs", x)(x)).max() == 1
    with pytest.raises(ConfigError, match="no scaling 'standart'.*standard"):
        fit_scaler("standart", x)


def test_splits_are_disjoint_and_seeded() -> None:
    parts = split(100, seed=3)
    assert [len(part) for part in parts] == [70, 20, 10]
    assert sorted(np.concatenate(parts).tolist()) == list(range(100))
    np.testing.assert_array_equal(parts.test, split(100, seed=3).test)
    assert not np.array_equal(parts.test, split(100, seed=4).test)
    ordered = split(100, ordered=True)
    np.testing.assert_array_equal(np.concatenate(ordered), np.arange(100))
    classes = np.repeat(["rare", "usual"], [20, 180])
    for part, share in zip(split(200, classes=classes), (0.7, 0.2, 0.1), strict=True):
        assert np.sum(classes[part] == "rare") == round(20 * share)


def test_the_test_part_answers_once() -> None:
    x, y = np.arange(40.0)[:, None], np.arange(40.0)
    data = Holdout(x, y, split(40, seed=0))
    assert len(data.x) == 28 and len(data.x_out) == 8
    assert data.final_score(lambda x, y: float(np.sum(x[:, 0] - y)) + len(y)) == 4
    with pytest.raises(ConfigError, match="the test part has answered already"):
        data.final_score(lambda x, y: 0.0)


def test_dropout_keeps_the_mean_and_layers_are_levelled() -> None:
    network = MLP((3, 400, 1), "relu", np.random.default_rng(0), dropout=0.5, bypass=False)
    x = jnp.array([0.3, -0.2, 0.9])
    keys = jax.random.split(jax.random.key(0), 2000)
    drawn = jax.vmap(lambda key: network(x, key))(keys)[:, 0]
    assert abs(float(drawn.mean() - network(x)[0])) < 4 * float(drawn.std()) / np.sqrt(2000)
    levelled = MLP((3, 50, 1), "identity", np.random.default_rng(0), normalised=True, bypass=False)
    scaled = eqx.tree_at(lambda n: n.weights[0], levelled, 5 * levelled.weights[0])
    np.testing.assert_allclose(levelled(x), scaled(x), rtol=1e-3)  # up to the small number under the root


def test_bad_architectures() -> None:
    with pytest.raises(ConfigError, match="no activation 'swich'.*swish"):
        Perceptron(activation="swich")
    with pytest.raises(ConfigError, match="no initialiser 'xavier'"):
        Perceptron(initialiser="xavier")
    with pytest.raises(ConfigError, match="dropout is a share of units from 0 to below 1, got 1"):
        Perceptron(dropout=1.0)
    with pytest.raises(ConfigError, match="every hidden layer needs at least one unit"):
        Perceptron(hidden=(8, 0))
    with pytest.raises(ConfigError, match="no loss 'square'"):
        NetworkLoss("square")
    for arguments, message in (
        ({"n": 5}, "5 rows are too few to split"),
        ({"n": 50, "shares": (0.5, 0.2, 0.1)}, "must sum to one"),
        ({"n": 50, "classes": np.zeros(50), "ordered": True}, "cannot be stratified"),
        ({"n": 50, "classes": np.zeros(40)}, "expected 50, got 40"),
    ):
        with pytest.raises(ConfigError, match=message):
            split(**arguments)
