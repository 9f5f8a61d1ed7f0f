"""Weights of equations: what they are worth by hand, what a step does with them, what a run writes about them."""

import json
import math
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from tests.small_run import small_run

import saddlepath as sp
from saddlepath.config import Config
from saddlepath.economy import economy
from saddlepath.network import Network
from saddlepath.runs import RunFolder, start_run
from saddlepath.solvers.balancing import SCHEMES, InverseLoss, Relobralo, RootMeanSquare, shares
from saddlepath.solvers.problem import Problem
from saddlepath.solvers.start import initial_rule
from saddlepath.solvers.training import by_name

KEY = jax.random.key(0)


class TwoEquations(sp.Model):
    """Growth with log utility and full depreciation, and hours that cost the more the longer: two equations in units
    of very different size, `u = log c - hours^2 / 2`. Saving is `alpha beta` always, `hours^2 = (1 - alpha) y / c`."""

    alpha: float = 0.36
    beta: float = 0.96
    units: float = 1e-3  # size of a residual of the second equation [-]

    class State(NamedTuple):
        k: sp.Scalar
        z: sp.Scalar

    class Policy(NamedTuple):
        saving: sp.Scalar
        hours: sp.Scalar

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real())

    def policy_range(self):
        return self.Policy(saving=sp.Unit(), hours=sp.Positive())

    def shocks(self):
        return sp.Normal(1)

    def output(self, s, x):
        return jnp.exp(s.z) * s.k**self.alpha * x.hours ** (1 - self.alpha)

    def consumption(self, s, x):
        return (1 - x.saving) * self.output(s, x)

    def transition(self, s, x, shock):
        return self.State(k=x.saving * self.output(s, x), z=0.9 * s.z + 0.04 * shock[0])

    def residuals(self, s, x, E):
        marginal_return = lambda s1, x1: self.alpha * self.output(s1, x1) / s1.k / self.consumption(s1, x1)
        wage = (1 - self.alpha) * self.output(s, x) / x.hours
        return {
            "euler": self.beta * self.consumption(s, x) * E(marginal_return) - 1,
            "hours": self.units * (wage / self.consumption(s, x) / x.hours - 1),
        }


@pytest.fixture(scope="module")
def problem() -> Problem:
    eco = economy(TwoEquations())
    return Problem(eco, initial_rule(eco, Network(width=4), "random", 0)[0])


@pytest.fixture(scope="module")
def batch(problem: Problem) -> jax.Array:
    return jax.vmap(problem.cloud.start, (None, 0))(problem.economy, jax.random.split(KEY, 8))


def test_inverse_loss_by_hand():
    losses = jnp.asarray([0.0234, 0.0189, 5.432, 1.2e-4, 1.5e-4])
    # One over each loss, divided by the sum of all; rounded to the five decimals shown.
    np.testing.assert_allclose(shares(losses), [0.00283, 0.00350, 0.00001, 0.55203, 0.44162], atol=5e-6)
    weights, state = InverseLoss().weigh(losses, None, KEY)
    np.testing.assert_allclose(weights, 5 * shares(losses), rtol=1e-12)
    assert state is None


def test_weights_of_equal_losses_are_one():
    losses = jnp.full(3, 1e-9)
    for name, scheme in SCHEMES.items():
        state = (jnp.full(3, jnp.nan), jnp.full(3, jnp.nan), jnp.ones(3)) if name == "relobralo" else None
        np.testing.assert_allclose(scheme.weigh(losses, state, KEY)[0], 1.0, rtol=1e-12, err_msg=name)


def test_a_solved_equation_does_not_take_all_weight():
    losses = jnp.asarray([1.0, 0.0])
    for scheme in (InverseLoss(), RootMeanSquare()):
        weights, _ = scheme.weigh(losses, None, KEY)
        assert bool(jnp.all(jnp.isfinite(weights)))
        # A loss counts as a millionth of the mean loss of one half, or more.
        assert float(weights[1] / weights[0]) == pytest.approx(2e6)


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max())
    return powers / powers.sum()


@pytest.mark.parametrize("lookback", [0.0, 1.0])
def test_relobralo_by_hand(problem: Problem, lookback: float):
    scheme = Relobralo(temperature=0.5, memory=0.9, lookback=lookback)
    state, history = scheme.init(problem, problem.weights()), np.asarray([[4.0, 2.0], [1.0, 1.5], [0.5, 1.4]])
    before = np.ones(2)
    for t, losses in enumerate(history):
        weights, state = scheme.weigh(jnp.asarray(losses), state, KEY)
        last = history[max(t - 1, 0)]
        since_last = 2 * softmax(losses / (0.5 * last))
        carried = before if lookback == 1.0 else 2 * softmax(losses / (0.5 * history[0]))
        before = 0.9 * carried + 0.1 * since_last
        np.testing.assert_allclose(weights, before, rtol=1e-12)
    assert weights[1] > weights[0]  # the second loss has hardly fallen
    assert float(jnp.mean(weights)) == pytest.approx(1.0)


@pytest.mark.slow
@pytest.mark.usefixtures("optax_promotion")
def test_a_first_order_step_follows_the_weighted_loss(problem: Problem, batch: jax.Array):
    solver = sp.FirstOrder(optimizer=optax.sgd(1.0), scaling="inverse loss")
    weights = problem.weights()
    losses = jax.jit(lambda w: jnp.mean(jax.vmap(problem.residuals, (None, 0))(w, batch) ** 2, axis=0))
    factors = jax.lax.stop_gradient(2 * shares(losses(weights)))
    gradient = jax.jit(jax.grad(lambda w: jnp.mean(factors * losses(w))))(weights)
    moved, _, report = eqx.filter_jit(solver.step)(problem, weights, solver.init(problem, weights), batch, KEY)
    np.testing.assert_allclose(moved, weights - gradient, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(report.losses, losses(weights), rtol=1e-12)
    assert float(report.loss) == pytest.approx(float(jnp.mean(losses(weights))))


@pytest.mark.slow
def test_units_of_an_equation_do_not_matter_to_a_weighed_step(problem: Problem, batch: jax.Array):
    weights, moved = problem.weights(), []
    for units in (1e-2, 1e-3):  # smaller ones would meet `LEAST_LOSS`
        there = eqx.tree_at(lambda p: p.economy.model.units, problem, jnp.asarray(units))
        losses = eqx.filter_jit(lambda p: jnp.mean(jax.vmap(p.residuals, (None, 0))(weights, batch) ** 2, axis=0))(
            there
        )
        # Residuals are measured in the mean root mean square of all equations, and the damping must be, too.
        damping = float(1e-2 * jnp.mean(jnp.sqrt(losses)) ** 2)
        solver = sp.LevenbergMarquardt(scaling="equations", floor=damping, damping=damping)
        state = solver.init(there, weights)
        step, _, report = eqx.filter_jit(solver.step)(there, weights, state, batch, KEY)
        assert bool(report.accepted)
        moved.append(step - weights)
    # The same system up to a factor: round-off over a damping of 1e-2.
    np.testing.assert_allclose(moved[0], moved[1], rtol=0, atol=1e-10)


def test_losses_by_name():
    equations = {"euler": (2,), "market": (), "bound": (2,)}
    found = by_name(np.asarray([1.0, 3.0, 5.0, np.nan, 7.0]), equations)
    assert found == {"euler": 2.0, "market": 5.0, "bound": 7.0}
    assert math.isnan(by_name(np.asarray([1.0, 3.0, np.nan, 1.0, 1.0]), equations)["market"])


@pytest.mark.slow
def test_a_run_says_which_equation_is_hard(tmp_path: Path):
    folder = RunFolder(tmp_path)
    config = Config({"model": "two"} | small_run(steps=5) | {"solver": {"scaling": "relobralo"}})
    start_run(folder, config, TwoEquations, lambda record: None)
    records = [json.loads(line) for line in folder.metrics.read_text().splitlines()]
    (test,) = [record for record in records if record["event"] == "test" and record["step"] > 0]
    assert list(test["losses"]) == ["euler", "hours"]
    assert test["loss"] == pytest.approx(sum(test["losses"].values()) / 2)
    assert test["restarted"] == 0 and test["undefined"] == 0
    assert list(folder.tensorboard.rglob("events*"))


def test_mistakes_are_answered():
    with pytest.raises(sp.ConfigError, match="no scaling 'invers loss'; did you mean inverse loss"):
        sp.LevenbergMarquardt(scaling="invers loss")
    with pytest.raises(sp.ConfigError, match="no scaling 'relobrallo'; did you mean relobralo"):
        sp.FirstOrder(scaling="relobrallo")
    with pytest.raises(sp.ConfigError, match="products of two draws may be negative"):
        sp.FirstOrder(scaling="relobralo", expectation="two draws")
    with pytest.raises(sp.ConfigError, match="memory and lookback between 0 and 1, got temperature=0.1, memory=2"):
        sp.Relobralo(memory=2.0)


@pytest.mark.slow
@pytest.mark.parametrize("scaling", list(SCHEMES))
def test_every_scheme_leads_to_the_solution(scaling: str):
    solution = sp.solve(TwoEquations(), sp.LevenbergMarquardt(scaling=scaling), tol=1e-6, start="random", seed=1)
    assert solution.outcome.converged
    found = solution(k=0.2, z=0.05)
    # The closed form; an Euler error of 1e-6 moves the share by as much, and hours are judged in units of a thousandth.
    assert float(found.saving) == pytest.approx(0.36 * 0.96, abs=1e-5)
    assert float(found.hours) == pytest.approx(math.sqrt(0.64 / (1 - 0.36 * 0.96)), abs=1e-2)
