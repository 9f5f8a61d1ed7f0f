"""The saddle path to second order against the annual economy that it stands for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from saddlepath import climate
from saddlepath.climate.saddle_path import SaddlePath, growth_at, saddle_path

YEARS = 60
OFF = 0.01
"""Capital over rest at the beginning, in logarithms."""


def at_rest(problem: climate.PlannerProblem, kept: float = 1.0) -> SaddlePath:
    return saddle_path(problem, growth_at(problem, 40.0), jnp.ones(()), jnp.asarray(kept))


@pytest.mark.parametrize("psi", [0.5, 1 / 1.45, 2.0])
@pytest.mark.parametrize("kept", [1.0, 0.95])
def test_the_rule_satisfies_resources_and_the_euler_equation_to_second_order(psi: float, kept: float) -> None:
    """A year from capital a hundredth above rest, at growth that stays: what remains is of third order.

    Of its product the planner counts `kept`, resources count all.
    """
    with jax.enable_x64(True):
        problem, still = climate.PlannerProblem(psi=psi, rho=0.02), jnp.zeros(())
        path = at_rest(problem, kept)
        growth, discount = problem.growth_factor(40.0), problem.discount_factor(40.0)
        log_k = path.log_k + OFF
        c, k = jnp.exp(path.log_consumption(log_k, still)), jnp.exp(log_k)
        later = (k**problem.alpha + (1 - problem.delta) * k - c) / growth
        assert float(jnp.log(later)) == pytest.approx(float(path.capital_after(1.0, log_k, still, still)), abs=OFF**3)
        c1 = jnp.exp(path.log_consumption(jnp.log(later), still))
        gross = kept * problem.alpha * later ** (problem.alpha - 1) + 1 - problem.delta
        assert abs(float(discount * gross / growth * (c1 / c) ** (-1 / psi)) - 1) < OFF**3


def test_a_planner_looks_ahead_to_what_moves_rest() -> None:
    """Steps of five years: the same as a sum over all years of what rest will move, each counted the less the later."""
    with jax.enable_x64(True):
        one, n = at_rest(climate.PlannerProblem()), YEARS // 5
        path = jax.tree.map(lambda value: jnp.full(n + 1, value), one)
        path = path._replace(log_k=0.005 * jnp.arange(n + 1.0))
        found = np.asarray(path.ahead(jnp.full(n, 5.0)))
        pace, counted = 0.001 * float(one.consumed - one.answer), float(one.foresight)
    sums = [pace * np.sum(counted ** np.arange(1, years + 1)) for years in range(YEARS, -1, -5)]
    np.testing.assert_allclose(found, sums, atol=1e-12)


@pytest.mark.parametrize(("skew", "drift", "ahead"), [(0.0, 0.05, 0.002), (0.4, 0.0, 0.0)])
def test_capital_approaches_its_rest(skew: float, drift: float, ahead: float) -> None:
    """Ten years at once and one by one are the same way: after a rest that drifts, or from afar."""
    with jax.enable_x64(True):
        path = at_rest(climate.PlannerProblem())._replace(skew=jnp.asarray(skew))
        from_rest = lambda moved: path._replace(log_k=jnp.asarray(moved))
        log_k, ahead = jnp.asarray(0.1), jnp.asarray(ahead)
        at_once = from_rest(0.0).capital_after(10.0, log_k, jnp.asarray(drift), ahead)
        for year in range(10):
            log_k = from_rest(drift * year / 10).capital_after(1.0, log_k, jnp.asarray(drift / 10), ahead)
    assert float(log_k) == pytest.approx(float(at_once), abs=1e-12)
