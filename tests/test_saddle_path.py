"""The linearised saddle path against the annual economy that it stands for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from saddlepath import climate
from saddlepath.climate.saddle_path import Rest, mean_of_fading, saddle_path

YEARS = 60
OFF = 0.01
"""Capital over rest at the beginning, in logarithms."""


@pytest.mark.parametrize("psi", [0.5, 1 / 1.45, 2.0])
def test_the_rule_satisfies_resources_and_the_euler_equation_to_first_order(psi: float) -> None:
    """A year from capital a hundredth above rest, at growth that stays: what remains is of second order."""
    with jax.enable_x64(True):
        problem = climate.PlannerProblem(psi=psi, rho=0.02)
        path = jax.tree.map(lambda values: values[0], saddle_path(problem, jnp.full(1, 40.0)))
        rest, still = path.rest(problem, jnp.ones(()), jnp.ones(())), jnp.zeros(())
        growth, discount = problem.growth_factor(40.0), problem.discount_factor(40.0)
        log_k = rest.log_k + OFF
        c = jnp.exp(path.log_consumption(log_k, rest, still))
        k = jnp.exp(log_k)
        later = (k**problem.alpha + (1 - problem.delta) * k - c) / growth
        assert float(jnp.log(later) - rest.log_k) == pytest.approx(
            float(path.capital_after(1.0, log_k, rest, still, still) - rest.log_k), abs=OFF**2
        )
        c1 = jnp.exp(path.log_consumption(jnp.log(later), rest, still))
        gross = problem.alpha * later ** (problem.alpha - 1) + 1 - problem.delta
        assert abs(float(discount * gross / growth * (c1 / c) ** (-1 / psi)) - 1) < OFF**2


def test_a_planner_looks_ahead_to_what_moves_rest() -> None:
    """Over short even steps: the same as an integral of what rest will move, weighed by how far ahead that is."""
    with jax.enable_x64(True):
        problem = climate.PlannerProblem()
        path = saddle_path(problem, jnp.full(YEARS + 1, 40.0))
        rest = Rest(0.001 * jnp.arange(YEARS + 1.0), jnp.full(YEARS + 1, 0.35))
        found = np.asarray(path.ahead(jnp.ones(YEARS), rest))
        pace = 0.001 * float(0.35 - path.answer[0])
        rate = float(path.foresight[0])
    np.testing.assert_allclose(found, pace * -np.expm1(-rate * (YEARS - np.arange(YEARS + 1))) / rate, atol=1e-12)


def test_capital_follows_a_rest_that_drifts_from_behind() -> None:
    """Ten years at once and one by one are the same way."""
    with jax.enable_x64(True):
        path = jax.tree.map(lambda values: values[0], saddle_path(climate.PlannerProblem(), jnp.full(1, 40.0)))
        at = lambda log_k: Rest(jnp.asarray(log_k), jnp.asarray(0.35))
        ahead, log_k = jnp.asarray(0.002), jnp.asarray(0.1)
        at_once = path.capital_after(10.0, log_k, at(0.0), jnp.asarray(0.05), ahead)
        for year in range(10):
            log_k = path.capital_after(1.0, log_k, at(0.005 * year), jnp.asarray(0.005), ahead)
    assert float(log_k) == pytest.approx(float(at_once), abs=1e-12)
    assert float(mean_of_fading(jnp.asarray(1.0))) == pytest.approx(1 - np.exp(-1.0))
