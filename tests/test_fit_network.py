"""The supervised trainer and `fit_network`: exact semantics of batches and stopping, known answers, files, refusals."""

import dataclasses
import json
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import saddlepath as sp
from saddlepath.errors import ConfigError, ConvergenceError, FileError
from saddlepath.events import TrainingLog
from saddlepath.nn.fitted import load_network
from saddlepath.nn.fitting import Recipe, fit_network
from saddlepath.nn.least_squares import LeastSquares
from saddlepath.nn.losses import NetworkLoss
from saddlepath.nn.many import predict_many
from saddlepath.nn.optimizers import SCHEDULES, rates
from saddlepath.nn.perceptron import Perceptron
from saddlepath.nn.training import Data, Progress, Training, batches, start, train

LINEAR = Perceptron(hidden=())
QUICK = Recipe(Perceptron((8,), "tanh"), Training(rate=1e-2, epochs=60, batch=16), precision="float64")


def line(n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    x = random.standard_normal((n, 2))
    return x, 1 + x @ np.array([2.0, -1.0]) + 0.1 * random.standard_normal(n)


def test_an_epoch_uses_every_label_once() -> None:
    for n, steps in ((10, 1), (10, 3), (11, 4), (7, 7)):
        rows, counts = batches(jax.random.key(n), n, steps)
        assert sorted(np.asarray(rows)[np.asarray(counts) == 1].tolist()) == list(range(n))
        sizes = np.asarray(counts).sum(axis=1)
        assert sizes.max() - sizes.min() <= 1
    other = batches(jax.random.key(0), 11, 4)[0]
    assert not np.array_equal(other, batches(jax.random.key(4), 11, 4)[0])


@pytest.mark.slow
def test_gradients_of_batches_average_to_the_gradient_of_all() -> None:
    x, y = (jnp.asarray(a) for a in line(40))
    network, loss = LINEAR.build(2, 1, np.random.default_rng(0)), NetworkLoss()

    def gradient(rows: np.ndarray) -> np.ndarray:
        of = lambda net: jnp.mean(jax.vmap(lambda a, b: loss(net, a, b, None))(x[rows], y[rows][:, None]))
        return np.asarray(eqx.filter_grad(of)(network).weights[0])

    rows, _ = batches(jax.random.key(1), 40, 5)
    parts = [gradient(np.asarray(part)) for part in rows]
    np.testing.assert_allclose(np.mean(parts, axis=0), gradient(np.arange(40)), atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "amsgrad", "nadam"])
def test_steps_are_those_of_optax(name: str) -> None:
    """An optimizer at rate one whose direction is multiplied by the rate is the optimizer at that schedule."""
    from saddlepath.solvers.first_order import OPTIMIZERS

    x, y = line(12)
    first = LINEAR.members(2, 1, 1, 0)
    training = Training(optimizer=name, rate=0.05, schedule="exponential", epochs=4)
    data = Data(jnp.asarray(x), jnp.asarray(y[:, None]))
    found = train(first, data, NetworkLoss(), training)
    relative = rates("exponential", 0.0, 1.0, 4)
    own = OPTIMIZERS[name](lambda count: jnp.asarray(0.05 * relative)[count])
    network = jax.tree.map(lambda leaf: leaf[0], first)
    with jax.numpy_dtype_promotion("standard"):
        state = own.init(network)
        for _ in range(4):
            slope = eqx.filter_grad(lambda n: jnp.mean((jax.vmap(n)(data.x) - data.y) ** 2))(network)
            updates, state = own.update(slope, state, network)
            network = optax.apply_updates(network, updates)
    np.testing.assert_allclose(found.weights[0][0], network.weights[0], rtol=1e-10)


@pytest.mark.slow
def test_lbfgs_reaches_least_squares() -> None:
    """A quadratic: the line search needs a few dozen steps to rounding, whatever the rate says."""
    x, y = line()
    recipe = Recipe(LINEAR, Training("lbfgs", epochs=60), scaling="none", validation=0.0, precision="float64")
    fitted = fit_network(x, y, recipe)
    exact = np.linalg.lstsq(np.column_stack([np.ones(len(x)), x]), y, rcond=None)[0]
    np.testing.assert_allclose(fitted.predict(np.eye(2))[:, 0], exact[0] + exact[1:], atol=1e-6)


@pytest.mark.slow
def test_sample_weights_are_repetitions() -> None:
    x, y = line(20)
    weight = np.r_[np.zeros(5), np.full(5, 2.0), np.ones(10)]
    recipe = Recipe(LINEAR, Training("lbfgs", epochs=60), scaling="none", transform="none", validation=0.0)
    recipe = dataclasses.replace(recipe, precision="float64")
    weighted = fit_network(x, y, recipe, weight=weight)
    rows = np.repeat(np.arange(20), weight.astype(int))
    np.testing.assert_allclose(weighted.predict(x), fit_network(x[rows], y[rows], recipe).predict(x), atol=1e-6)


@pytest.mark.slow
def test_early_stopping_keeps_the_best_weights() -> None:
    """Values without any law: the validation loss rises soon, training ends, and earlier weights are kept."""
    random = np.random.default_rng(0)
    x, y = random.standard_normal((40, 3)), random.standard_normal(40)
    records = []
    training = Training(rate=3e-2, schedule="constant", epochs=1000, patience=20)
    recipe = Recipe(Perceptron((32,)), training, transform="none", precision="float64")
    fitted = fit_network(x[:30], y[:30], recipe, validation=(x[30:], y[30:]), log=records.append)
    last = records[-1]
    assert last["epoch"] < 1000
    error = float(np.mean((fitted.predict(x[30:])[:, 0] - y[30:]) ** 2))
    assert error == pytest.approx(last["best"], rel=1e-9) and last["validation"] > last["best"]


@pytest.mark.slow
def test_weight_decay_and_clipping() -> None:
    x, y = line()
    size = lambda recipe: float(jnp.sum(fit_network(x, y, recipe).networks.weights[0] ** 2))
    plain = dataclasses.replace(QUICK, validation=0.0)
    decayed = dataclasses.replace(plain, training=dataclasses.replace(plain.training, decay=3.0))
    assert size(decayed) < 0.5 * size(plain)
    network = LINEAR.members(2, 1, 1, 0)
    data = Data(jnp.asarray(x), jnp.asarray(y[:, None]))
    moved = train(network, data, NetworkLoss(), Training("sgd", 1.0, "constant", epochs=1, clip=1e-3))
    steps = jax.tree.leaves(jax.tree.map(lambda a, b: jnp.sum((a - b) ** 2), moved, network))
    assert float(jnp.sqrt(sum(steps))) == pytest.approx(1e-3, rel=1e-9)


def test_schedules() -> None:
    for name, schedule in SCHEDULES.items():
        values = schedule(np.linspace(0.02, 1, 50))
        assert np.all(np.diff(values) <= 1e-15) and 0 < values[-1] <= 1, name
    np.testing.assert_allclose(SCHEDULES["inverse_time"](np.array([0.0, 1.0])), [1, 1e-3])
    np.testing.assert_allclose(SCHEDULES["piecewise"](np.array([0.4, 0.6, 0.8])), [1, 0.1, 0.01])


@pytest.mark.slow
def test_resumed_training_is_the_same_bit_for_bit() -> None:
    x, y = line()
    data = Data(jnp.asarray(x[:40]), jnp.asarray(y[:40, None]), jnp.asarray(x[40:]), jnp.asarray(y[40:, None]))
    training, first = Training(batch=8, epochs=100), Perceptron((4,), dropout=0.2).members(2, 1, 2, 0)
    kept: list[Progress] = []
    whole = train(first, data, NetworkLoss(), training, random=True, keep=kept.append)
    again = train(first, data, NetworkLoss(), training, random=True, resume=kept[0])
    assert 0 < int(kept[0].done) < 100 and eqx.tree_equal(whole, again)
    assert start(first, training, 0).error.shape == (2,)


@pytest.mark.slow
def test_classes_of_words_and_probabilities() -> None:
    random = np.random.default_rng(0)
    x = np.concatenate([random.normal(shift, 0.3, (30, 2)) for shift in (-2, 0, 2)])
    y = np.repeat(["low", "middle", "high"], 30)
    recipe = dataclasses.replace(QUICK, loss="cross_entropy")
    fitted = fit_network(x, y, recipe)
    assert np.mean(fitted.predict(x) == y) > 0.97  # six standard deviations apart
    shares = fitted.probabilities(x)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-12)
    assert fitted.classes == ("high", "low", "middle")


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["binary_cross_entropy", "hinge", "logistic"])
def test_losses_of_two_classes(loss: str) -> None:
    random = np.random.default_rng(0)
    x = np.concatenate([random.normal(shift, 0.3, (30, 2)) for shift in (-2, 0)])
    y = np.repeat(["low", "middle"], 30)
    two = fit_network(x, y, dataclasses.replace(QUICK, loss=loss))
    assert np.mean(two.predict(x) == y) > 0.97


def test_files_restore_predictions_bit_for_bit(tmp_path: Path) -> None:
    x, y = line()
    fitted = fit_network(x, y, dataclasses.replace(QUICK, members=2, precision="float32"))
    fitted.save(tmp_path / "net.saddle")
    np.testing.assert_array_equal(load_network(tmp_path / "net.saddle", QUICK.network).predict(x), fitted.predict(x))
    with pytest.raises(FileError, match=r"hidden=\(8,\).*not a Perceptron\(hidden=\(9,\).*load it without"):
        load_network(tmp_path / "net.saddle", Perceptron((9,), "tanh"))
    (tmp_path / "other").write_bytes(b"nothing")
    with pytest.raises(FileError, match="is not a network file"):
        load_network(tmp_path / "other")


@pytest.mark.slow
def test_masks_of_dropout_average_at_the_usual_rate() -> None:
    """The mean over k masks errs like 1 / sqrt(k): over 16 times as many masks it is four times closer."""
    x, y = line()
    recipe = dataclasses.replace(QUICK, network=Perceptron((16,), dropout=0.5))
    fitted = fit_network(x, y, recipe)
    drawn = fitted.masked(x[:8], 4096, seed=1)
    assert drawn.shape == (4096, 8, 1) and drawn.std(axis=0).min() > 0
    centre = drawn.mean(axis=0)
    spread = lambda k: np.std(drawn.reshape(-1, k, 8).mean(axis=1) - centre.T)
    assert spread(16) / spread(256) == pytest.approx(4, rel=0.25)  # from 16 means of 256 masks at 8 points
    with pytest.raises(ConfigError, match="has no dropout"):
        fit_network(x, y, QUICK).masked(x, 3)


@pytest.mark.slow
def test_logarithms_are_chosen_where_they_help() -> None:
    random = np.random.default_rng(0)
    x = random.random((80, 2))
    y = np.exp(6 * x @ np.array([1.0, -1.0]))
    recipe = dataclasses.replace(QUICK, transform="auto")
    fitted = fit_network(x, y, recipe)
    assert fitted.transform == "log" and np.all(fitted.predict(x) > 0)
    assert fit_network(x, y - 1, recipe).transform == "standardise"


def test_least_squares_end_at_the_ridge_regression() -> None:
    """A linear map under a constant penalty has a closed form; labels without weight say nothing."""
    random = np.random.default_rng(0)
    x, y, penalty = random.standard_normal((40, 3)), random.standard_normal(40), 0.1
    path = LeastSquares(steps=40, first=penalty, last=penalty)
    recipe = Recipe(LINEAR, path, scaling="none", transform="none", validation=0.0, precision="float64")
    found = fit_network(x, y, recipe)
    centred, values = x - x.mean(axis=0), y - y.mean()
    ridge = np.linalg.solve(centred.T @ centred / 40 + penalty * np.eye(3), centred.T @ values / 40)
    np.testing.assert_allclose(np.asarray(found.networks.weights[0])[0, 0], ridge, rtol=1e-7)
    wrong = np.append(y, np.full(10, 99.0))
    masked = fit_network(np.append(x, x[:10], axis=0), wrong, recipe, weight=np.append(np.ones(40), np.zeros(10)))
    np.testing.assert_allclose(masked.predict(x), found.predict(x), rtol=1e-7)


def test_a_penalty_can_be_held() -> None:
    path = LeastSquares(steps=61, first=1e-2, last=1e-8)
    held = path.held(31)
    assert held.decay == 1.0 and held.first == pytest.approx(1e-5, rel=1e-12)


def test_training_goes_on_from_an_earlier_fit() -> None:
    """Under the same penalty, weights that are best stay where they are; those of another architecture are refused."""
    random = np.random.default_rng(0)
    x, y = random.standard_normal((40, 3)), random.standard_normal(40)
    recipe = Recipe(LINEAR, LeastSquares(steps=40, first=0.1, last=0.1), validation=0.0, precision="float64")
    first = fit_network(x, y, recipe)
    again = fit_network(x[:20], y[:20], dataclasses.replace(recipe, training=LeastSquares(1, 1.0, 1.0)), start=first)
    np.testing.assert_array_equal(again.inputs.shift, first.inputs.shift)
    same = fit_network(x, y, recipe, start=first)
    np.testing.assert_allclose(same.predict(x), first.predict(x), rtol=1e-9)
    unsaid = fit_network(x, y, dataclasses.replace(recipe, transform="auto"), start=first)
    np.testing.assert_array_equal(unsaid.predict(x), same.predict(x))
    with pytest.raises(ConfigError, match="both must agree"):
        fit_network(x, y, QUICK, start=first)


def test_sparse_least_squares_switch_inputs_off() -> None:
    """Of three inputs one matters: the others' first-layer weights are hundreds of times smaller than without."""
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, (60, 3))
    y, size = np.sin(3 * x[:, 0]), {}
    for sparse in (True, False):
        path = LeastSquares(steps=80, last=1e-9, sparse=sparse)
        recipe = Recipe(Perceptron((8,), "tanh", bypass=True), path, validation=0.0)
        first = np.abs(np.asarray(fit_network(x, y, recipe).networks.weights[0]))[0]
        size[sparse] = first[:, 1:].max() / first[:, 0].max()
    assert size[True] < 1e-3 < 1e-1 < size[False]


def test_left_out_labels_choose_the_recipe() -> None:
    """A kink is for relu, logarithms for what is positive and additive in logarithms; labels are too few below 20."""
    random = np.random.default_rng(0)
    x = random.random((80, 2))
    y = np.exp(-5 * np.abs(x - 0.4).sum(axis=1))
    recipes = [
        Recipe(Perceptron((12,), activation, bypass=True), LeastSquares(), transform="auto", validation=0.0)
        for activation in ("tanh", "relu")
    ]
    best = sp.fit_best(x, y, recipes)
    assert (best.recipe.network.activation, best.recipe.transform) == ("relu", "log")
    new = random.random((200, 2))
    truth = np.exp(-5 * np.abs(new - 0.4).sum(axis=1))
    error = np.sqrt(np.mean((best.fitted.predict(new)[:, 0] - truth) ** 2)) / truth.std()
    assert error < 0.1 and best.error < 0.1
    few = sp.fit_best(x[:10], y[:10], recipes)
    assert few.recipe.network.activation == "tanh" and np.isnan(few.error)


def test_many_problems_are_each_problem_alone() -> None:
    random = np.random.default_rng(0)
    x, new = random.random((3, 30, 2)), random.random((3, 5, 2))
    y = np.stack([np.sin(3 * x[0, :, 0]), np.exp(x[1] @ np.ones(2)), np.full(30, 2.0)])
    recipe = Recipe(Perceptron((6,)), LeastSquares(steps=40), validation=0.0, precision="float64")
    found, error = predict_many(x, y, new, [recipe])
    alone, _ = predict_many(x[:1], y[:1], new[:1], [recipe])
    np.testing.assert_array_equal(found[0], alone[0])
    np.testing.assert_allclose(found[2], 2.0, atol=1e-8)
    assert np.all(error[:2] > 0) and np.all(error[:2] < 0.1) and error[2] < 1e-8


def test_logs_are_lines_and_events(tmp_path: Path) -> None:
    x, y = line()
    log = TrainingLog(tmp_path)
    fit_network(x, y, QUICK, log=log)
    log.events.add_settings({"hidden": (8,), "rate": 0.01}, {"error": 0.1})
    log.close()
    lines = [json.loads(text) for text in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["epoch"] == 60 and {"training", "validation", "rate", "gradient", "time"} <= set(lines[0])
    assert "histograms" not in lines[0]
    events = b"".join(path.read_bytes() for path in (tmp_path / "tensorboard").rglob("events*"))
    for name in (b"validation", b"gradient", b"weights/weights/0", b"gradients/biases/1", b"hparams"):
        assert name in events


@pytest.mark.parametrize(
    ("x", "y", "recipe", "message"),
    [
        (np.zeros(5), np.zeros(5), Recipe(), r"one row per label and one column per input, got shape \(5,\)"),
        (np.zeros((5, 1)), np.zeros(4), Recipe(), "x has 5 rows and y 4"),
        (np.array([["a"], ["b"]]), np.zeros(2), Recipe(), "x must hold numbers only.*encode words"),
        (np.array([[1.0], [np.nan]]), np.zeros(2), Recipe(), "x has 1 entries that are not finite, the first in row 1"),
        (np.ones((5, 1)), np.ones(5), Recipe(loss="cross_entropy"), "at least two classes, got shape .* with 1 class"),
        (np.ones((6, 1)), np.arange(6) % 3, Recipe(loss="hinge"), "the loss hinge knows two classes, y has 3"),
    ],
)
def test_bad_labels(x: np.ndarray, y: np.ndarray, recipe: Recipe, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        fit_network(x, y, recipe)


def test_bad_settings() -> None:
    x, y = line(20)
    fitted = fit_network(x, y, QUICK)
    with pytest.raises(ConfigError, match="no optimizer 'adm'.*adam"):
        Training("adm")
    with pytest.raises(ConfigError, match="at least one epoch, a positive rate"):
        Training(epochs=0)
    with pytest.raises(ConfigError, match="lbfgs searches along a line and needs all labels"):
        Training("lbfgs", batch=8)
    with pytest.raises(ConfigError, match="scaling must be one of standard"):
        Recipe(scaling="unit")
    with pytest.raises(ConfigError, match="polish and LeastSquares solve a least-squares problem"):
        Recipe(polish=5, loss="huber")
    with pytest.raises(ConfigError, match="a penalty that falls from first to last"):
        LeastSquares(first=1e-9, last=1e-3)
    with pytest.raises(ConfigError, match="chosen by the errors of values"):
        sp.fit_best(x, y, ())
    with pytest.raises(ConfigError, match="one number of at least 0 per row"):
        fit_network(x, y, weight=-np.ones(20))
    with pytest.raises(ConfigError, match="axis of length 2, one per input, got"):
        fitted.predict(np.zeros((3, 5)))
    with pytest.raises(ConfigError, match="states no probabilities"):
        fitted.probabilities(x)
    with pytest.raises(ConvergenceError, match="not finite numbers; choose a smaller rate"):
        wild = Training("sgd", rate=1e200, schedule="constant", epochs=5)
        fit_network(x, y, Recipe(LINEAR, wild, validation=0.2, precision="float64"))


@pytest.mark.slow
def test_a_product_of_cosines() -> None:
    """cos(pi x / 2) cos(pi y / 2) at 10,000 points: mean squared error of 1e-6 at 1,000 new ones."""
    random = np.random.default_rng(0)
    x, new = random.uniform(-1, 1, (10_000, 2)), random.uniform(-1, 1, (1_000, 2))
    truth = lambda a: np.prod(np.cos(np.pi * a / 2), axis=1)
    recipe = Recipe(Perceptron((64, 64)), Training(rate=1e-2, epochs=60, batch=128), validation=0.1)
    fitted = fit_network(x, truth(x), recipe)
    assert np.mean((fitted.predict(new)[:, 0] - truth(new)) ** 2) <= 1e-6


@pytest.mark.slow
def test_a_sine_times_an_exponential() -> None:
    """sin(x) exp(y) on [-2, 2]^2, 10,000 points, four fifths for training: mean squared error of 1e-5."""
    random = np.random.default_rng(0)
    x = random.uniform(-2, 2, (10_000, 2))
    y = np.sin(x[:, 0]) * np.exp(x[:, 1])
    recipe = Recipe(Perceptron((128, 128)), Training(rate=3e-3, epochs=50, batch=128))
    fitted = fit_network(x[:8000], y[:8000], recipe, validation=(x[8000:9000], y[8000:9000]))
    assert np.mean((fitted.predict(x[9000:])[:, 0] - y[9000:]) ** 2) <= 1e-5
