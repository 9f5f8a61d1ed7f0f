"""Exogenous paths of DICE-2016: values of 2015, growth rates against derivatives, one-year ratios, published paths."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from saddlepath.climate import CO2_PER_CARBON, ExogenousPaths

ROUNDOFF = 1e-13
PATHS = ExogenousPaths()


def test_2015() -> None:
    effective = float(PATHS.productivity(0) * PATHS.population(0))
    assert effective == pytest.approx(76.214, abs=5e-4)
    output = 223**0.3 * effective**0.7
    assert output == pytest.approx(105.2, abs=0.05)
    industrial = 1000 * CO2_PER_CARBON * float(PATHS.intensity(0)) * output
    assert industrial == pytest.approx(36.85, abs=0.005)
    assert industrial + 1000 * CO2_PER_CARBON * float(PATHS.land_emissions(0)) == pytest.approx(39.45, abs=0.005)
    assert float(PATHS.abatement_cost(0)) == pytest.approx(550 * 3.666 * 9.55592e-5 / 2.6, rel=ROUNDOFF)


@pytest.mark.parametrize("path", ["population", "productivity"])
def test_growth(path: str) -> None:
    t = jnp.array([0.0, 10.0, 150.0])
    level = getattr(PATHS, path)
    rate = jax.vmap(jax.grad(lambda s: jnp.log(level(s))))(t)
    np.testing.assert_allclose(getattr(PATHS, f"{path}_rate")(t), rate, rtol=1e-10)  # a difference of two levels
    np.testing.assert_allclose(getattr(PATHS, f"{path}_ratio")(t, 5.0), level(t + 5) / level(t), rtol=ROUNDOFF)


def test_every_parameter_has_a_derivative() -> None:
    paths = jax.tree.map(jnp.asarray, PATHS)
    t = jnp.arange(0.0, 100.0, 20.0)
    total = lambda p: sum(jnp.sum(f(t)) for f in (p.population, p.productivity, p.abatement_cost, p.land_emissions))
    slopes = jax.tree.leaves(jax.jit(jax.grad(total))(paths))
    assert len(slopes) == 14 and all(bool(jnp.isfinite(slope)) and float(slope) != 0 for slope in slopes)


def test_intensity_of_the_published_solution() -> None:
    """Industrial emissions [GtCO2/yr] over gross output [trn 2010 USD/yr] of the business as usual of CDICE.

    Folini et al. (2024), replication files. They compute in float32, where 1 + ds is rounded by 4.7e-8: by 5e-5 of ds,
    which moves log sigma by 5e-5 of its change since 2015, 6.3 by 2300.
    """
    years = np.array([2020, 2050, 2100, 2200, 2300])
    output = np.array([123.4814, 277.8081, 704.5283, 2262.686, 4525.047])
    emissions = np.array([40.08446, 56.63244, 64.07669, 36.10577, 10.5503])
    found = 1000 * CO2_PER_CARBON * PATHS.intensity(years - 2015) * output
    np.testing.assert_allclose(found, emissions, rtol=4e-4)
