"""The economy with capital, a bond and collateral: its calibration, and what holds whatever the rule returns."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import saddlepath as sp
from saddlepath.models.olg_collateral import CollateralOLG

ROUNDOFF = 1e-12
"""Market and constraints hold by construction; quantities are of size one."""
MODEL = CollateralOLG(ages=6)
DRAWS = 200


def draw(key: jax.Array) -> tuple[Any, Any]:
    """A state around plausible holdings, and any values of bond and capital within 20 %."""
    k_key, q_key, z_key, value_key = jax.random.split(key, 4)
    s, x = MODEL.steady_guess()
    spread = jax.random.uniform(k_key, (5,), minval=0.3, maxval=1.7)
    q = s.k * jax.random.uniform(q_key, (5,), maxval=1.5)
    noise = jnp.exp(0.2 * jax.random.uniform(value_key, (2, 5), minval=-1.0))
    state = s._replace(k=0.5 * s.k * spread, q=q, z=jax.random.randint(z_key, (), 0, 4, dtype=jnp.int32))
    return state, x._replace(desired=x.desired * noise[0], worth=x.worth * noise[1])


@pytest.fixture(scope="module")
def decided() -> dict[str, np.ndarray]:
    """Completed policies of random rules at random states, `[draws, ...]`."""

    @jax.jit
    def decide(keys: jax.Array) -> dict[str, jax.Array]:
        def one(key: jax.Array) -> dict[str, jax.Array]:
            s, x = draw(key)
            x = MODEL.complete(s, x)
            free, cost = MODEL.wishes(s, x, x.price)
            found = {"cost": MODEL.unit_cost(s, x), "consumption": MODEL.consumption(s, x)}
            return x._asdict() | found | {"wished cost": cost, "wished consumption": free}

        return jax.vmap(one)(keys)

    with jax.enable_x64(True):
        found = decide(jax.random.split(jax.random.key(0), DRAWS))
    return {name: np.asarray(value) for name, value in found.items()}


def test_labour_as_published():
    labour = CollateralOLG().labour()
    assert labour.sum() == pytest.approx(57.776646, abs=5e-7)  # six digits are printed
    at = {25: 0.60, 30: 0.85, 40: 1.20, 48: 1.34, 53: 1.36, 65: 1.04, 80: 0.64}
    np.testing.assert_allclose([labour[age - 25] for age in at], list(at.values()), atol=5e-3)
    assert (labour.min(), labour.max()) == (pytest.approx(0.6), pytest.approx(1.362, abs=5e-4))
    assert np.all(CollateralOLG(ages=3).labour() > 0)


def test_shocks_as_published():
    with jax.enable_x64(True):
        chain = CollateralOLG().chain()
        stationary = np.asarray(chain.stationary())
        eta, delta = np.asarray(chain.value(stationary))
    np.testing.assert_allclose(chain.values, [[0.978, 0.08], [1.022, 0.08], [0.978, 0.11], [1.022, 0.11]])
    np.testing.assert_allclose(
        np.asarray(chain.matrix())[0], [0.972 * 0.905, 0.972 * 0.095, 0.028 * 0.905, 0.028 * 0.095]
    )
    assert stationary[:2].sum() == pytest.approx(0.9146, abs=5e-5)  # periods of low depreciation
    assert (eta, delta) == (pytest.approx(1.0), pytest.approx(0.08256, abs=5e-6))


def test_bond_market_clears_at_every_state(decided):
    lent = np.sum(decided["slack"] - decided["capital"], axis=1)
    assert np.max(np.abs(lent)) < ROUNDOFF


def test_constraints_hold_and_bind_somewhere(decided):
    for held, multiplier in (("capital", "lam"), ("slack", "mu")):
        assert np.all(decided[held] >= 0)
        assert np.all(decided[multiplier] >= 0)
        assert np.max(np.abs(decided[held] * decided[multiplier])) == 0
        assert 0 < np.mean(decided[multiplier] > 0) < 1


def test_portfolios_follow_the_values_where_nothing_binds(decided):
    free = (decided["capital"] > 0) & (decided["slack"] > 0)
    for name in ("consumption", "cost"):
        np.testing.assert_allclose(decided[name][:, :-1][free], decided[f"wished {name}"][free], rtol=1e-10)
    bound = decided["slack"] == 0
    assert np.all(decided["consumption"][:, :-1][bound] <= decided["wished consumption"][bound])


def test_what_is_owned_is_used_up_by_the_end_of_life():
    """At constant prices an additional unit of capital, or of wealth, leaves nothing behind."""
    model = CollateralOLG(ages=20)
    gross, bond = model.usual_returns()
    growth = (model.discount_factor() * bond) ** (1 / model.gamma)
    for age in (0, 7, 18):
        capital, cost = 1.0, -float(model.saturation()[age])
        wealth, consumed = 1.0, float(model.propensity()[age])
        for _ in range(int(model.left()[age])):
            capital, cost = gross * capital + cost / model.zeta, cost * bond / gross
            wealth, consumed = bond * (wealth - consumed), growth * consumed
        assert capital == pytest.approx(0.0, abs=1e-9)
        assert wealth == pytest.approx(0.0, abs=1e-9)


RESTS = {
    12: (4.198542529554, 0.679278911286),
    28: (33.620439690571, 0.862838427378),
    56: (141.472938653, 0.937567138806),
}
"""Capital and price of the bond in the steady state by number of ages: from the equations in holdings and multipliers,
with Fischer-Burmeister functions for the constraints, by Newton's method in a program apart from the library."""


@pytest.mark.slow
@pytest.mark.parametrize("ages", RESTS)
def test_steady_state_of_an_independent_program(ages):
    steady = sp.steady_state(CollateralOLG(ages=ages))
    found = np.sum(steady.state.k), steady.policy.price
    np.testing.assert_allclose(found, RESTS[ages], rtol=1e-9)  # both residuals are below 1e-11
    if ages == 56:
        assert found[0] == pytest.approx(141.91, rel=0.01)  # mean of the published final sample


@pytest.mark.slow
def test_twelve_ages_are_solved():
    """Twelve ages, one network: errors of a twentieth of a percent, collateral that binds for the youngest four."""
    solver = sp.LevenbergMarquardt(batch=32, equations=8, memory=0.8)
    sampling = sp.Paths(restart=0.02, spread=0.25)
    solution = sp.solve(CollateralOLG(ages=12), solver, start="steady", sampling=sampling, tol=5e-4, seconds=120.0)
    assert solution.outcome is sp.Outcome.CONVERGED
    panel = sp.simulate(solution, periods=100, paths=20, burn_in=50, seed=1)
    bound = (panel["slack"] <= 0).mean(("path", "time")).values
    np.testing.assert_allclose(bound, [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], atol=0.02)  # as in the steady state
    assert np.max(np.abs(panel["bonds"].values.sum(axis=-1))) < ROUNDOFF
    assert float(panel["total_capital"].mean()) == pytest.approx(RESTS[12][0], rel=0.02)  # risk is small
