"""Time iteration: what is held and what is fitted, the same answers as the default solver, nothing compiled twice."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.economies import FullDepreciation
from tests.test_solving import compilations

import saddlepath as sp
from saddlepath.economy import economy
from saddlepath.models.growth import Growth
from saddlepath.models.irbc import IRBC
from saddlepath.models.life_cycle import LifeCycle
from saddlepath.network import Network
from saddlepath.solvers.problem import Problem
from saddlepath.solvers.start import initial_rule


class Slopes(sp.Model):
    """One equation in the level of tomorrow's decision, one in its slope tomorrow, one in its slope today."""

    class State(NamedTuple):
        k: sp.Scalar

    class Policy(NamedTuple):
        a: sp.Scalar
        b: sp.Scalar
        c: sp.Scalar

    def shocks(self):
        return sp.Normal(1)

    def transition(self, s, x, shock):
        return self.State(k=0.5 * s.k + 0.1 * x.a + 0.1 * shock[0])

    def residuals(self, s, x, E):
        return {
            "level": x.a - E(lambda s1, x1: x1.a * s1.k),
            "tomorrow": E.slope(lambda s1, x1: x1.b * s1.k).k - 1,
            "today": E.here.slope(lambda s, x: x.c * s.k).k - 1,
        }

    def steady_guess(self):
        zero = jnp.zeros(())
        return self.State(k=zero), self.Policy(a=zero, b=1 + zero, c=1 + zero)


def random_problem(model: sp.Model) -> Problem:
    eco = economy(model)
    return Problem(eco, initial_rule(eco, Network(width=4), "random", 0)[0])


MODELS = [pytest.param(FullDepreciation(), id="levels"), pytest.param(Slopes(), id="slopes", marks=pytest.mark.slow)]


@pytest.mark.parametrize("model", MODELS)
def test_today_and_tomorrow_make_the_whole(model: sp.Model) -> None:
    problem = random_problem(model)
    weights, y = problem.weights(), jnp.full(problem.economy.n_points, 0.3)

    @eqx.filter_jit
    def derivatives(problem: Problem) -> tuple:
        joint = lambda w: problem.residuals(w, y)
        held = lambda today, tomorrow: problem.held_residuals(today, tomorrow, y)
        return (
            (joint(weights), held(weights, weights)),
            jax.jacrev(joint)(weights),
            jax.jacrev(held, (0, 1))(weights, weights),
        )

    (joint, held), whole, parts = derivatives(problem)
    np.testing.assert_allclose(held, joint, rtol=1e-12)
    # The same residual, differentiated with respect to its two arguments: round-off.
    np.testing.assert_allclose(parts[0] + parts[1], whole, rtol=1e-9, atol=1e-11)
    assert float(jnp.max(jnp.abs(parts[1][0]))) > 0  # tomorrow's rule matters


@pytest.mark.slow
def test_slopes_belong_to_the_day_on_which_they_are_taken() -> None:
    problem = random_problem(Slopes())
    weights, y = problem.weights(), jnp.asarray([0.3])
    held = lambda today, tomorrow: problem.held_residuals(today, tomorrow, y)
    of_today, of_tomorrow = jax.jit(jax.jacrev(held, (0, 1)))(weights, weights)
    assert float(jnp.max(jnp.abs(of_tomorrow[1]))) > 0
    assert float(jnp.max(jnp.abs(of_today[2]))) > 0
    np.testing.assert_array_equal(of_tomorrow[2], 0.0)


@pytest.mark.slow
def test_tomorrows_rule_is_replaced_every_few_steps() -> None:
    problem, solver = random_problem(FullDepreciation()), sp.TimeIteration(hold=3)
    weights = [problem.weights()]
    state, step = solver.init(problem, weights[0]), eqx.filter_jit(solver.step)
    batch = jax.vmap(problem.cloud.start, (None, 0))(problem.economy, jax.random.split(jax.random.key(0), 16))
    for _ in range(5):
        moved, state, report = step(problem, weights[-1], state, batch, jax.random.key(1))
        weights.append(moved)
        # What is held: the weights before the first step of the present three.
        np.testing.assert_array_equal(state[1], weights[3 * ((len(weights) - 2) // 3)])
        assert bool(report.accepted)


@pytest.mark.slow
def test_the_saving_rate_that_is_known_by_hand() -> None:
    solution = sp.solve(
        FullDepreciation(), sp.TimeIteration(), tol=1e-6, start="random", network=Network(width=8), steps=1000
    )
    assert solution.outcome.converged
    assert solution.how["solver"] == "time iteration"
    # An Euler error of 1e-6 of consumption moves the share by as much; ten times that off the paths.
    assert float(solution(k=0.2, z=0.05).saving) == pytest.approx(0.36 * 0.96, abs=1e-5)
    again = lambda: sp.solve(
        FullDepreciation(beta=0.95), sp.TimeIteration(), tol=1e-4, start="random", network=Network(width=8), seed=1
    )
    assert compilations(again) == 0


def test_mistakes_are_answered() -> None:
    with pytest.raises(sp.ConfigError, match="one step or more, got hold=0"):
        sp.TimeIteration(hold=0)
    with pytest.raises(sp.ConfigError, match="give batch and steps to the TimeIteration itself"):
        sp.TimeIteration(fit=sp.LevenbergMarquardt(batch=32))


# The accuracy that the default solver is asked for on the same economies.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "tol"), [(Growth(), 1e-6), (LifeCycle(), 1e-5), (IRBC(), 1e-5)], ids=["growth", "life cycle", "irbc"]
)
def test_it_solves_what_the_default_solver_solves(model: sp.Model, tol: float) -> None:
    one, two = (sp.solve(model, solver, tol=tol) for solver in (sp.TimeIteration(), sp.LevenbergMarquardt()))
    assert one.outcome.converged and one.accuracy.mean <= tol
    distance = sp.compare(one, two).frame["mean relative"].max()
    # Two rules with Euler errors of `tol` each: policies that compound over time, such as a multiplier near zero or
    # capital with a root near one, may differ by a hundred times as much.
    assert distance < 100 * tol
