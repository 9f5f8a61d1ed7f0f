"""International business cycles: steady state, market clearing, symmetry, and the limits with closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import saddlepath as sp
from saddlepath.economy import Economy, economy
from saddlepath.models.irbc import IRBC
from saddlepath.models.irbc_irreversible import IrreversibleIRBC
from saddlepath.rule import DecisionRule, NetworkRule
from saddlepath.solvers.start import LAST_LAYER, initial_rule

ROUNDOFF = 1e-12
"""Numbers of order one after a few operations [-]."""
BOTH = pytest.mark.parametrize("kind", [pytest.param(IRBC, marks=pytest.mark.slow), IrreversibleIRBC])


def random_rule(model: sp.Model, monkeypatch: pytest.MonkeyPatch) -> tuple[Economy, NetworkRule]:
    """A rule whose network is far from small, so that a test of symmetry tests the network."""
    monkeypatch.setitem(LAST_LAYER, "linear", 0.5)
    eco = economy(model)
    rule, _ = initial_rule(eco, sp.Network(width=4, depth=1, moments=2), "linear", 0)
    return eco, rule


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("countries", [3])
def test_steady_state(kind, countries):
    model = kind(countries=countries)
    steady = sp.steady_state(model)
    np.testing.assert_allclose(steady.state.k, 1.0, rtol=1e-10)  # Newton's tolerance
    assert float(steady.policy.lam) == pytest.approx(1.0, rel=1e-10)
    # Calibration of the paper: output 0.0558361 and consumption 0.0458361 in every country.
    np.testing.assert_allclose(model.output(jax.tree.map(jnp.asarray, steady.state)), 0.0558361, atol=5e-8)
    np.testing.assert_allclose(model.consumption(steady.policy.lam), 0.0458361, atol=5e-8)


@BOTH
def test_goods_and_complementarity_hold_at_every_state(kind):
    """At dispersed states and random values of capital, some of which make the constraint bind."""
    model, countries = kind(countries=3, sigma=0.03), 3
    keys = jax.random.split(jax.random.key(0), 64)
    states = jax.vmap(model.initial)(keys)
    values = jnp.exp(0.02 * jax.random.normal(jax.random.key(1), (64, countries)))
    guess = model.steady_guess()[1]
    x = jax.jit(jax.vmap(lambda s, v: model.complete(s, guess._replace(value=v))))(states, values)
    supply = jax.vmap(model.output)(states) + (1 - model.delta) * states.k
    g = x.capital / states.k - 1
    used = x.capital + model.kappa / 2 * states.k * g**2 + jax.vmap(model.consumption)(x.lam)
    np.testing.assert_allclose(np.sum(used, axis=1), np.sum(supply, axis=1), rtol=ROUNDOFF)
    investment = x.capital - (1 - model.delta) * states.k
    multiplier = getattr(x, "mu", jnp.zeros_like(values))
    np.testing.assert_allclose(values, x.lam[:, None] * (1 + model.kappa * g) - multiplier, rtol=ROUNDOFF)
    binds = np.asarray(investment) < ROUNDOFF
    assert 0.1 < binds.mean() < 0.9  # the test sees both regimes
    if kind is IrreversibleIRBC:
        assert np.min(investment) >= -ROUNDOFF and np.min(multiplier) >= 0
        np.testing.assert_allclose(multiplier * investment, 0.0, atol=ROUNDOFF)


@pytest.mark.slow
@BOTH
def test_exchange_of_countries_exchanges_their_capital(kind, monkeypatch):
    """Also with different tastes, because these matter through the world's marginal utility alone."""
    model = kind(countries=3)
    eco, rule = random_rule(model, monkeypatch)
    order = np.array([2, 0, 1])
    s = model.State(k=jnp.asarray([1.1, 0.9, 1.0]), z=jnp.asarray([0.05, -0.05, 0.02]))
    moved = jax.tree.map(lambda v: v[order], s)
    here, there = (rule(eco, eco.model, eco.join(point, jnp.zeros(0))) for point in (s, moved))
    # The first-order part comes from a numerical Schur form, which knows nothing of the symmetry.
    np.testing.assert_allclose(there.capital, here.capital[order], rtol=1e-9)
    assert float(there.lam) == pytest.approx(float(here.lam), rel=1e-9)
    errors, turned = (eco.residuals(rule, eco.join(point, jnp.zeros(0))) for point in (s, moved))
    np.testing.assert_allclose(turned, errors[order], atol=1e-9)


@pytest.mark.slow
def test_equal_tastes_give_constant_shares_of_consumption(monkeypatch):
    model = IRBC(countries=3, psi_low=0.5, psi_high=0.5)
    eco, rule = random_rule(model, monkeypatch)
    s = model.State(k=jnp.asarray([1.1, 0.9, 1.0]), z=jnp.asarray([0.05, -0.05, 0.02]))
    c = model.consumption(rule(eco, eco.model, eco.join(s, jnp.zeros(0))).lam)
    np.testing.assert_allclose(c / jnp.sum(c), 1 / 3, rtol=ROUNDOFF)


class BrockMirmanRule(DecisionRule):
    """Saves `zeta beta` of output, which is optimal with log utility, full depreciation and free adjustment."""

    def __call__(self, eco, model, y):
        s = eco.states.unflatten(y)
        saved = model.zeta * model.beta * model.output(s)
        lam = (model.scale() - model.delta) / (model.output(s) - saved)[0]
        value = lam * (1 + model.kappa * (saved / s.k - 1))
        return model.complete(s, model.Policy(value=value, capital=s.k, lam=lam))


@pytest.mark.slow
def test_one_country_with_free_adjustment_is_brock_mirman():
    """Adjustment must cost something for the rule to be defined; 1e-7 moves the residual by a few 1e-7."""
    eco = economy(IRBC(countries=1, kappa=1e-7, delta=1.0, psi_low=1.0, psi_high=1.0, sigma=0.02))
    points = jnp.asarray([[1.0, 0.0], [0.8, 0.1], [1.3, -0.05]])
    errors = jax.vmap(lambda y: eco.residuals(BrockMirmanRule(), y))(points)
    np.testing.assert_allclose(errors, 0.0, atol=1e-6)


@pytest.mark.slow
def test_stable_rule_and_common_roots():
    """Countries are alike, so all differences between them die out at one rate and the world's states at another."""
    linear = sp.linearise(IRBC(countries=4))
    roots = np.sort(np.abs(np.linalg.eigvals(linear.transition)))
    assert linear.spectral_radius < 1
    distinct = np.unique(np.round(roots, 6))
    assert distinct.size <= 3  # productivity, capital of the world, differences of capital
    np.testing.assert_allclose(distinct[np.argmin(np.abs(distinct - 0.95))], 0.95, atol=1e-6)


@pytest.mark.slow
def test_the_rest_point_moves_with_the_variance():
    """Without shocks capital comes to rest near, not at, its deterministic steady state: by risk, not by error.

    A shift by risk is of second order in the size of the shocks, so half of them leave a quarter of it; an error of
    the rule would not know of that. Euler errors of 2e-7 move the rest point by about 1e-5.
    """
    shifts = []
    for sigma in (0.01, 0.005):
        solver = sp.LevenbergMarquardt(batch=64)
        network = sp.Network(width=16, moments=6)
        found = sp.solve(IRBC(countries=10, sigma=sigma), solver, network=network, tol=1e-6)
        assert found.outcome.converged
        rest = sp.simulate(found, periods=1, paths=4, burn_in=1500, seed=1, shocks=False)["k"].values
        assert np.ptp(rest) < 1e-4
        shifts.append(rest.mean() - 1)
    assert shifts[0] / shifts[1] == pytest.approx(4.0, rel=0.1)
    assert abs(shifts[0]) > 5e-4
