"""What the network of a family of climate economies sees: prices in an economy that stands still."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from saddlepath.models.cdice import CDICE
from saddlepath.models.cdice_family import CDICEFamily


def test_prices_at_rest_are_sums_of_discounted_damages() -> None:
    """A kilogram of carbon and a degree, followed through the linear laws for 20,000 years."""
    model = CDICEFamily(rho=0.02, ecs=4.0, carbon_index=0.7)

    @jax.jit
    def at_the_start() -> tuple[jax.Array, ...]:
        s, problem = model.start(), model.problem()
        beta = jnp.exp(-model.rate_at_rest(s.t))
        heat = model.heat_prices_at_rest(s, beta)
        law = lambda x: jnp.concatenate(
            [problem.carbon.step(x[:3], 0.0), problem.temperature.step(x[3:], problem.radiation(x[:3], s.t))]
        )
        slopes = jax.jacfwd(law)(jnp.concatenate([s.carbon, s.heat]))
        harm = jax.grad(problem.damages)(s.heat[0]) * model.output(s)
        return beta, jnp.concatenate([model.carbon_prices_at_rest(s, beta, heat[0]), heat]), slopes, harm

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
        patient, hasty = CDICEFamily(psi=2.0, rho=0.001), CDICEFamily(rho=0.06)
        t = jnp.asarray(20.0)
        planner = -jnp.log(hasty.problem().discount_factor(t + 50.0))
        assert float(hasty.rate_at_rest(t)) == pytest.approx(float(planner), abs=1e-6)
        assert float(patient.rate_at_rest(t)) > 0.006


def test_the_economy_is_that_of_cdice() -> None:
    with jax.enable_x64(True):
        s, x = CDICE().start(), CDICE().complete(*CDICE().steady_guess())
        for mine, theirs in zip(CDICEFamily().transition(s, x, None), CDICE().transition(s, x, None), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        seen = CDICEFamily().features(s)
    np.testing.assert_array_equal(seen[:8], CDICE().features(s))
    assert seen.shape == (14,)
