"""What the network of a family of climate economies sees: prices in an economy that stands still, or moves crudely."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.test_cdice import point as optimal_point

from saddlepath import climate
from saddlepath.climate import prices_at_rest, rate_at_rest
from saddlepath.models.cdice import CDICE


def test_prices_at_rest_are_sums_of_discounted_damages() -> None:
    """A kilogram of carbon and a degree, followed through the linear laws for 20,000 years."""
    model = CDICE(rho=0.02, ecs=4.0, carbon_index=0.7)

    @jax.jit
    def at_the_start() -> tuple[jax.Array, ...]:
        s, problem = model.start(), model.problem()
        rate = rate_at_rest(problem, s.t)
        carbon, heat = prices_at_rest(problem, model.output(s), s.carbon, s.heat, s.t, rate)
        law = lambda x: jnp.concatenate(
            [problem.carbon.step(x[:3], 0.0), problem.temperature.step(x[3:], problem.radiation(x[:3], s.t))]
        )
        slopes = jax.jacfwd(law)(jnp.concatenate([s.carbon, s.heat]))
        harm = jax.grad(problem.damages)(s.heat[0]) * model.output(s)
        return jnp.exp(-rate), jnp.concatenate([carbon, heat]), slopes, harm

    with jax.enable_x64(True):
        beta, prices, slopes, in_the_air = (np.asarray(value) for value in at_the_start())
    harm = np.array([0.0, 0.0, 0.0, in_the_air, 0.0])
    total, weight = np.zeros(5), float(beta)
    reached = np.eye(5)
    for _ in range(20_000):  # what is left then is below round-off
        total += weight * harm @ reached
        reached, weight = slopes @ reached, weight * float(beta)
    np.testing.assert_allclose(prices, total, rtol=1e-10)


def test_the_rate_at_rest_is_the_planners_where_that_is_high_and_stays_positive() -> None:
    with jax.enable_x64(True):
        patient, hasty = CDICE(psi=2.0, rho=0.001).problem(), CDICE(rho=0.06).problem()
        t = jnp.asarray(20.0)
        planner = -jnp.log(hasty.discount_factor(t + 50.0))
        assert float(rate_at_rest(hasty, t)) == pytest.approx(float(planner), abs=1e-6)
        assert float(rate_at_rest(patient, t)) > 0.006


def test_a_network_sees_the_prices_beside_the_stocks() -> None:
    with jax.enable_x64(True):
        model = CDICE(inputs="plan")
        s = model.start()
        (_, *prices), rate = model.projected(s), rate_at_rest(model.problem(), s.t)
        seen = model.features(model.known(s))
        np.testing.assert_array_equal(seen[:8], CDICE().features(s))
        np.testing.assert_allclose(jnp.exp(seen[8:13]), jnp.concatenate(prices), rtol=1e-14)
        assert float(seen[13]) == pytest.approx(float(rate), rel=1e-14)


@pytest.mark.parametrize(
    "theta",
    [
        {},
        {"abatement": "none"},
        {"psi": 0.5, "rho": 0.004, "carbon_index": -1.0},
        {"psi": 1.9, "rho": 0.015, "pi2": 0.005, "ecs": 4.5},
    ],
)
def test_prices_along_the_crude_plan_are_nearly_those_of_the_optimum(theta: dict[str, Any]) -> None:
    """Consumption within .2 %, prices within .3 %, in marginal utility, where they differ by a factor of forty.

    Within .5 % for the lower ocean, whose carbon matters for centuries, over which steps are of 32 years and more.
    """
    model = CDICE(inputs="plan", **theta)
    path = climate.optimum(model.problem(), **model.imposed(np.arange(400)))
    with jax.enable_x64(True):
        projected = jax.jit(lambda s: model.projected(s))
        for t in (0, 35, 85, 200):
            s, exact = optimal_point(CDICE(**theta), path, t)
            consumed, *prices = projected(s)
            found = np.concatenate(prices)
            assert float(consumed) == pytest.approx(float(exact.consumed), rel=0.002)
            dearer = float(exact.consumed / consumed) ** (1 / model.psi)
            right = np.concatenate([exact.carbon_price, exact.heat_price])
            assert np.all(np.abs(found * dearer / right - 1) < [0.003, 0.003, 0.005, 0.003, 0.003])
            ratios = exact._replace(
                consumed_ratio=jnp.asarray(0.9), carbon_ratio=jnp.full(3, 1.1), heat_ratio=jnp.full(2, 0.9)
            )
            done = model.complete(model.known(s), ratios)
            np.testing.assert_allclose(
                np.concatenate([done.carbon_price, done.heat_price]),
                found * 0.9 ** (1 / model.psi) * [1.1, 1.1, 1.1, 0.9, 0.9],
                rtol=1e-12,
            )


def test_the_crude_plan_of_a_patient_planner_is_right_centuries_from_now() -> None:
    """Growth is over then, and prices are damages over a rate of discount that is near .004 and must not be bent."""
    model = CDICE(inputs="plan", psi=0.5, rho=0.004)
    path = climate.optimum(model.problem(), horizon=2500)
    with jax.enable_x64(True):
        projected = jax.jit(lambda s: model.projected(s).carbon_price)
        for t in (150, 300, 800):
            s, exact = optimal_point(CDICE(psi=0.5, rho=0.004), path, t)
            np.testing.assert_allclose(projected(s)[0], exact.carbon_price[0], rtol=0.003)


def test_prices_along_the_crude_plan_know_a_limit_to_warming() -> None:
    """A factor of about two while it is yet to bind, and one plan abates too late, the next too early; then exactly."""
    theta = {"beyond": 0.3}
    model, path = CDICE(inputs="plan", **theta), climate.optimum(CDICE(**theta).problem())
    with jax.enable_x64(True):
        projected = jax.jit(lambda s: model.projected(s).carbon_price)
        for t, rtol in ((0, 1.1), (40, 0.5), (70, 0.01), (200, 0.01)):
            s, exact = optimal_point(CDICE(**theta), path, t)
            np.testing.assert_allclose(projected(s), exact.carbon_price, rtol=rtol)
