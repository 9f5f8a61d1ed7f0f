"""Carbon cycle, temperature, forcing: hand values, conservation, eigenvalues, derivatives, refusals."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from saddlepath.climate import (
    CARBON_CYCLES,
    TEMPERATURES,
    CarbonCycle,
    OtherForcing,
    carbon_cycle,
    co2_forcing,
    temperature_boxes,
)
from saddlepath.errors import ConfigError

ROUNDOFF = 1e-14


def test_one_year_by_hand() -> None:
    carbon, heat = carbon_cycle("cdice"), temperature_boxes("cdice")
    masses = carbon.step(carbon.initial, 0.01)
    b21, b32 = 0.054 * 0.607 / 0.489, 0.0082 * 0.489 / 1.281
    up, down = 0.054 * 0.851 - b21 * 0.628, 0.0082 * 0.628 - b32 * 1.323
    by_hand = [0.851 + 0.01 - up, 0.628 + up - down, 1.323 + down]
    np.testing.assert_allclose(masses, by_hand, rtol=ROUNDOFF)
    warmer = heat.step(heat.initial, 2.5)
    by_hand = [1.1 + 0.137 * (2.5 - 3.45 / 3.25 * 1.1 - 0.73 * (1.1 - 0.27)), 0.27 + 0.00689 * (1.1 - 0.27)]
    np.testing.assert_allclose(warmer, by_hand, rtol=ROUNDOFF)


@pytest.mark.parametrize("name", CARBON_CYCLES)
def test_carbon_is_conserved_and_its_equilibrium_stands_still(name: str) -> None:
    carbon = carbon_cycle(name)
    masses = carbon.step(carbon.initial, 0.011, years=5.0)
    assert float(masses.sum()) == pytest.approx(carbon.initial.sum() + 5 * 0.011, rel=ROUNDOFF)
    np.testing.assert_allclose(carbon.step(carbon.equilibrium, 0.0), carbon.equilibrium, rtol=ROUNDOFF)


def test_eigenvalues_of_the_multi_model_mean() -> None:
    """Folini et al. (2024) print .8742 and half-lives of 5 and 102 years, here log(2) / -log(eigenvalue)."""
    slow, fast = sorted(np.linalg.eigvals(np.eye(3) + carbon_cycle("cdice").exchange).real)[-2::-1]
    assert fast == pytest.approx(0.8742, abs=5e-5)
    lives = np.log(2) / -np.log([fast, slow])
    # Their slow eigenvalue, .9933, gives 102 years from coefficients before rounding; the printed ones give 106.
    np.testing.assert_allclose(lives, [5, 102], rtol=0.05)


@pytest.mark.parametrize("name", TEMPERATURES)
def test_a_doubling_warms_by_the_equilibrium_sensitivity(name: str) -> None:
    heat = temperature_boxes(name)
    final = jnp.full(2, heat.ecs, dtype=float)
    np.testing.assert_allclose(heat.step(final, heat.f2x), final, rtol=ROUNDOFF)


def test_forcing() -> None:
    assert float(co2_forcing(2 * 0.607, 0.607, 3.45)) == pytest.approx(3.45, rel=ROUNDOFF)
    np.testing.assert_allclose(OtherForcing().other(np.array([0, 17, 85, 300]), 0.0), [0.5, 0.6, 1.0, 1.0])
    given = lambda co2: OtherForcing.proportional(internalised=False).other(0.0, co2)
    counted = lambda co2: OtherForcing.proportional().other(0.0, co2)
    assert float(given(2.0)) == float(counted(2.0)) == pytest.approx(0.6, rel=ROUNDOFF)
    assert float(jax.grad(given)(2.0)) == 0 and float(jax.grad(counted)(2.0)) == pytest.approx(0.3, rel=ROUNDOFF)


def test_parameters_are_leaves_of_compiled_mapped_differentiated_functions() -> None:
    carbon = jax.tree.map(jnp.asarray, carbon_cycle("cdice"))
    family = jax.tree.map(lambda *leaves: jnp.stack(leaves), carbon, carbon_cycle("mesmo"))
    after = eqx.filter_jit(eqx.filter_vmap(lambda cycle: cycle.step(cycle.initial, 0.01)))(family)
    alone = np.stack([carbon_cycle(name).step(carbon_cycle(name).initial, 0.01) for name in ("cdice", "mesmo")])
    np.testing.assert_allclose(after, alone, rtol=ROUNDOFF)
    slope = jax.grad(lambda b12: dataclasses.replace(carbon, b12=b12).step(carbon.initial, 0.01)[0])(carbon.b12)
    assert float(slope) == pytest.approx(-0.851 + 0.607 / 0.489 * 0.628, rel=ROUNDOFF)


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="no carbon cycle calibration is called 'cdise'; did you mean cdice"):
        carbon_cycle("cdise")
    with pytest.raises(ConfigError, match="no temperature calibration is called 'mesmo'.*hadgem"):
        temperature_boxes("mesmo")
    with pytest.raises(
        ConfigError, match=r"initial must hold the masses of AT, UO, LO, shape \(3,\), got shape \(2,\)"
    ):
        CarbonCycle(0.05, 0.01, np.ones(3), np.ones(2))
