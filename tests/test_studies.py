"""Studies against published or derived numbers: descent, update rules, gradients, capacity, boundaries, searches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

from saddlepath.cli.app import app
from saddlepath.errors import ConfigError
from saddlepath.nn.architecture_search import all_candidates, search
from saddlepath.nn.backpropagation import gradient_by_hand, gradient_by_jax
from saddlepath.nn.capacity import FEATURES, SEEDS, SMALL, TRAINING, double_descent, study_overfitting
from saddlepath.nn.decision_boundaries import accuracy, parity, rings
from saddlepath.nn.descent import (
    CHIRPS,
    TEMPERATURES,
    batch_descent,
    decaying,
    descend,
    fixed,
    line_search,
    stochastic_descent,
)
from saddlepath.nn.perceptron import Perceptron
from saddlepath.nn.signal_propagation import gradient_norms
from saddlepath.nn.studies import run_study
from saddlepath.nn.update_rules import CORRESPONDENCES, START, adam, by_optax, nesterov, toy_gradient


def test_three_steps_on_a_cubic() -> None:
    """Ten digits of a course's results; its decaying step ends early, before the minimum at 4/3."""
    path = descend(fixed(0.1))
    assert len(path) == 17 and path[-1] == pytest.approx(1.3334253508, abs=5e-11)
    path = descend(decaying(0.17, 1.0))
    assert len(path) == 6 and path[-1] == pytest.approx(1.3308506741, abs=5e-11)
    assert abs(path[-1] - 4 / 3) > 1e-3
    path = descend(line_search)
    assert len(path) <= 4 and path[-1] == pytest.approx(4 / 3, abs=1e-6)  # the search itself stops at 1e-5 of a step


def test_crickets_with_and_without_normalisation() -> None:
    slope, intercept = np.polyfit(CHIRPS, TEMPERATURES, 1)
    assert (intercept, slope) == (pytest.approx(25.2323, abs=5e-5), pytest.approx(3.29109, abs=5e-6))
    raw = batch_descent(CHIRPS, TEMPERATURES, 1e-3)
    # The descent ends one step apart, whose length is 1e-6, from a result printed with seven digits.
    assert raw.intercept == pytest.approx(25.12855, abs=1.5e-5) and raw.slope == pytest.approx(3.297265, abs=1.5e-6)
    assert abs(raw.steps - 565_859) <= 1
    scaled = batch_descent((CHIRPS - CHIRPS.mean()) / CHIRPS.std(), TEMPERATURES, 0.5)
    assert scaled.steps < 100 and scaled.intercept == pytest.approx(TEMPERATURES.mean(), abs=2e-3)


@pytest.mark.slow
def test_stochastic_descent_finds_a_line() -> None:
    """Five million updates in seconds; the noise of single gradients leaves a percent or so."""
    random = np.random.default_rng(0)
    x = random.uniform(0, 100, 500_000)
    weights, costs = stochastic_descent(x, 4 * x + 10 + 10 * random.standard_normal(x.size), 5e-6, 10)
    assert weights[0] == pytest.approx(9.93, abs=0.3) and weights[1] == pytest.approx(3.98, abs=0.05)
    assert costs[-1] == pytest.approx(50, rel=0.02)


@pytest.mark.parametrize("name", CORRESPONDENCES)
def test_textbook_rules_are_optax_calls(name: str) -> None:
    rule, _, transformation = CORRESPONDENCES[name]
    np.testing.assert_allclose(rule(START, toy_gradient), by_optax(transformation()), atol=1e-12)


def test_misprints_are_other_methods() -> None:
    """Adam with the corrected moments fed back reaches 0.872 after three steps where Adam reaches 0.701."""
    assert adam(START, toy_gradient)[0] == pytest.approx(0.7016, abs=1e-4)
    assert adam(START, toy_gradient, literal=True)[0] == pytest.approx(0.8724, abs=1e-4)
    assert np.abs(nesterov(START, toy_gradient, literal=True) - nesterov(START, toy_gradient)).max() > 0.1


def test_backpropagation_is_automatic_differentiation() -> None:
    random = np.random.default_rng(1)
    network = Perceptron((9,), "tanh").build(4, 3, random)
    x, y = jnp.asarray(random.standard_normal(4)), jnp.asarray(random.standard_normal(3))
    hand, automatic = gradient_by_hand(network, x, y), gradient_by_jax(network, x, y)
    for name, slope in automatic.items():
        np.testing.assert_allclose(hand[name], slope, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "initialiser", "ratios"),
    [
        ("sigmoid", "glorot_normal", (5e-3, 4e-6, 2e-12)),
        ("tanh", "glorot_normal", (1.15, 1.15, 1.15)),
        ("relu", "he_normal", (1.1, 1.1, 1.1)),
        ("tanh", "standard_normal", (21, 8e2, 2e6)),
    ],
)
def test_gradients_vanish_and_explode(activation: str, initialiser: str, ratios: tuple[float, ...]) -> None:
    """First over last layer, median of ten seeds, depths 5, 10 and 20: within a factor of three of other draws."""
    for depth, expected in zip((5, 10, 20), ratios, strict=True):
        norms = np.stack([gradient_norms(activation, initialiser, depth, seed) for seed in range(10)])
        assert 1 / 3 < np.median(norms[:, 0] / norms[:, -1]) / expected < 3


def test_polynomials_overfit() -> None:
    errors = study_overfitting().tables["errors"].frame
    assert errors.loc["order 9", "training"] < 1e-10 < errors.loc["order 3", "training"]
    assert errors.loc["order 9", "new points"] > errors.loc["order 3", "new points"]


@pytest.mark.slow
def test_double_descent() -> None:
    """Peaks where there are as many features as points; every seed; the ridge has no peak there."""
    found = np.array([double_descent(seed) for seed in range(SEEDS)])
    least, tuned = found[:, 0], found[:, 1]
    assert 45 <= np.median(FEATURES[np.argmax(least, axis=1)]) <= 55
    assert np.all(least.max(axis=1) / least[:, -1] > 5)
    assert np.median(least[:, -1]) < np.median(least[:, FEATURES <= SMALL].min(axis=1))
    assert np.median(tuned[:, FEATURES == TRAINING][:, 0] / tuned[:, -1]) < 2


@pytest.mark.slow
def test_boundaries() -> None:
    assert accuracy(parity(2), ()) <= 0.75 and accuracy(parity(2), (4,)) == 1
    assert accuracy(rings(), ()) < 0.75 and accuracy(rings(), (8,)) == 1
    assert accuracy(parity(4), (8,)) == 1  # 2^3 units suffice


@pytest.mark.slow
def test_searches_spend_the_same_budget() -> None:
    random = np.random.default_rng(0)
    x = random.random((60, 2))
    candidates, budget = all_candidates()[:4], 4 * 4 * 42 * 5
    for method in ("grid", "random", "halving"):
        found = search(x, np.sin(3 * x[:, 0]) + x[:, 1], candidates, method, budget, tries=4)
        spent = sum(trial.gradients for trial in found.trials)
        assert 0.9 * budget <= spent <= budget
        assert found.winner in candidates and found.test_error > 0 and len(found.frame()) == len(found.trials)
    with pytest.raises(ConfigError, match="less than one pass through 42 labels"):
        search(x, x[:, 0], candidates, "grid", 100)
    with pytest.raises(ConfigError, match="method must be one of grid, random, halving"):
        search(x, x[:, 0], candidates, "bayes", budget)


def test_the_command_writes_tables_and_figures(tmp_path) -> None:
    done = CliRunner().invoke(app, ["study", "overfitting", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0 and "Polynomials through ten points" in done.output
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        "errors.md",
        "errors.csv",
        "fits.png",
        "tensorboard",
    }
    with pytest.raises(ConfigError, match="no study 'dessent'.*descent"):
        run_study("dessent")
    assert jax.config.jax_enable_x64  # the studies leave the precision of their caller as it was
