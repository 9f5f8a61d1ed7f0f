"""Krusell and Smith's economy: the law of employment, the histogram, the steady state, and a coarse solution."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from benchmarks.rows.krusell_smith import ROWS

import saddlepath as sp
from saddlepath.economy import economy
from saddlepath.models.krusell_smith import KrusellSmith

PRINTED = np.array(
    [
        [0.525, 0.35, 0.03125, 0.09375],
        [0.038889, 0.836111, 0.002083, 0.122917],
        [0.09375, 0.03125, 0.291667, 0.583333],
        [0.009115, 0.115885, 0.024306, 0.850694],
    ]
)
"""Recession without and with work, boom without and with work; den Haan, Judd and Juillard (2010)."""
PRINTING = 5.1e-7
"""Half a unit of the last digit printed."""
ROUNDOFF = 1e-14
COARSE = KrusellSmith(nodes=40)


@functools.cache
def coarse() -> KrusellSmith:
    """The coarse model with parameters as arrays, as the library evaluates it."""
    model = economy(COARSE).model
    assert isinstance(model, KrusellSmith)
    return model


def joint_matrix(model: KrusellSmith) -> np.ndarray:
    """Probabilities of both chains together, ordered as printed `[4, 4]`."""
    between = np.asarray(model.chain().matrix())
    flows = [[np.asarray(model.flows(z, z1)) for z1 in (0, 1)] for z in (0, 1)]
    return np.block([[between[z, z1] * flows[z][z1] for z1 in (0, 1)] for z in (0, 1)])


def test_durations_give_the_printed_probabilities() -> None:
    matrix = joint_matrix(coarse())
    np.testing.assert_allclose(matrix, PRINTED, atol=PRINTING)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=ROUNDOFF)
    np.testing.assert_allclose(PRINTED.sum(axis=1), 1.0, atol=2e-6)  # of four rounded digits each


def test_durations_of_booms_recessions_and_unemployment() -> None:
    model = coarse()
    between = np.asarray(model.chain().matrix())
    np.testing.assert_allclose(between, [[0.875, 0.125], [0.125, 0.875]], atol=ROUNDOFF)
    for z, spell in ((0, 2.5), (1, 1.5)):
        assert 1 / (1 - float(model.staying(z, z))) == pytest.approx(spell, rel=ROUNDOFF)
    assert float(model.staying(1, 0)) == pytest.approx(1.25 * float(model.staying(0, 0)), rel=ROUNDOFF)
    assert float(model.staying(0, 1)) == pytest.approx(0.75 * float(model.staying(1, 1)), rel=ROUNDOFF)


@pytest.mark.parametrize("z", [0, 1])
@pytest.mark.parametrize("z1", [0, 1])
def test_unemployment_follows_productivity_exactly(z: int, z1: int) -> None:
    """Four in a hundred become ten, without the 3e-7 that the printed digits add."""
    model = coarse()
    tomorrow = np.asarray(model.rates(z) @ model.flows(z, z1))
    np.testing.assert_allclose(tomorrow, [0.10, 0.90] if z1 == 0 else [0.04, 0.96], rtol=ROUNDOFF)


def test_benefits_are_paid_by_the_tax() -> None:
    """Households' incomes add to what the firm pays for labour."""
    model, z = coarse(), 0
    incomes = np.asarray(model.cash(jnp.zeros(1), jnp.asarray(39.0), z))[0]
    paid = float(model.wage(39.0, z) * model.labour(z))
    assert 0.10 * incomes[0] + 0.90 * incomes[1] == pytest.approx(paid, rel=ROUNDOFF)


@functools.cache
def moved() -> tuple[jax.Array, ...]:
    """Masses of a boom, assets next quarter, and masses after the boom has gone on and after it has ended."""
    model = coarse()

    @jax.jit
    def both(key: jax.Array) -> tuple[jax.Array, ...]:
        state = model.initial(key)._replace(z=jnp.asarray(1))
        state = state._replace(mass=state.mass * (model.rates(1) / jnp.sum(state.mass, axis=0))[None, :])
        capital = model.capital(state.mass)
        desired = 0.03 + 0.3 / model.cash(model.grid(), capital, 1)
        x = model.complete(state, model.Policy(desired=desired, assets=desired))
        after = [model.transition(state, x, jnp.asarray(z1)).mass for z1 in (0, 1)]
        return state.mass, x.assets, *after

    return both(jax.random.key(0))


def test_the_histogram_keeps_mass_mean_and_unemployment() -> None:
    model, (mass, assets, *after) = coarse(), moved()
    assert float(jnp.max(assets)) < 200.0  # nobody is held back at the last node
    for z1, later in enumerate(after):
        assert float(jnp.min(later)) >= 0
        np.testing.assert_allclose(jnp.sum(later, axis=0), [[0.10, 0.90], [0.04, 0.96]][z1], rtol=ROUNDOFF)
        assert float(model.capital(later)) == pytest.approx(float(jnp.sum(mass * assets)), rel=ROUNDOFF)


def test_nobody_borrows_and_the_limit_is_complementary() -> None:
    model = coarse()
    state = model.State(mass=moved()[0], z=jnp.asarray(0))
    cash = model.cash(model.grid(), model.capital(state.mass), 0)
    consumed = cash * jnp.linspace(1.5, 0.1, 40)[:, None]
    desired = consumed / cash
    assets = model.complete(state, model.Policy(desired=desired, assets=desired)).assets
    np.testing.assert_allclose(cash - assets, np.minimum(consumed, cash), rtol=ROUNDOFF)
    assert np.all(np.asarray(assets) >= 0) and np.any(np.asarray(assets) == 0)


def test_households_at_nodes_stay_what_the_nodes_say() -> None:
    model = coarse()
    grid, wanted = model.grid(), 1e-3 * jnp.stack([jnp.arange(40.0), jnp.arange(40.0) ** 2], axis=1)
    below, share = model.between(jnp.asarray(grid))
    np.testing.assert_allclose(np.asarray(below) + np.asarray(share), np.arange(40), atol=1e-9)
    middle = 0.5 * (grid[1:] + grid[:-1])
    found = model.consumption(wanted / model.cash(grid, 39.0, 1), middle, 39.0, 1)
    np.testing.assert_allclose(found, 0.5 * (wanted[1:] + wanted[:-1]), rtol=1e-9)


def test_without_benefits_the_poorest_eat_a_share_of_next_to_nothing() -> None:
    """Who owns `a` and may stay without work twice, at the share `1 - share`, eats `1 - beta p` as `a` vanishes."""
    model = economy(KrusellSmith(nodes=40, benefit=0.0)).model
    assert isinstance(model, KrusellSmith)
    state, decision = model.steady_guess()
    desired, z = np.asarray(decision.desired), model.chain().stationary()
    stays = float(model.staying(z, z))
    exact = desired[1, 0] / (desired[1, 0] + model.beta * stays)
    assert desired[0, 0] == pytest.approx(float(exact), rel=1e-6)  # jobs found add as little as the first node owns
    assert np.all(np.asarray(decision.assets) > 0)
    assert float(jnp.sum(state.mass, axis=1)[0]) < 1e-4


@functools.cache
def solution() -> sp.Solution:
    """A coarse solution by the settings of the benchmark, in about a minute."""
    settings: dict[str, Any] = {**ROWS["krusell-smith"].settings, "tol": 3e-4}
    return sp.solve(COARSE, **settings)


@pytest.mark.slow
def test_a_coarse_solution_has_the_published_law_of_motion() -> None:
    """Slopes agree to .004 and mean capital to 3 % among codes called correct (see the gallery)."""
    found = solution().require_converged()
    path = sp.simulate(found, periods=3000, burn_in=200, seed=1)
    capital, z = np.log(path["capital"].values[0]), path["z"].values[0]
    for regime, slope in ((1, 0.96326), (0, 0.96540)):
        dates = np.flatnonzero(z[:-1] == regime)
        assert np.polyfit(capital[dates], capital[dates + 1], 1)[0] == pytest.approx(slope, abs=0.004)
    assert float(path["capital"].mean()) == pytest.approx(39.53, rel=0.03)
