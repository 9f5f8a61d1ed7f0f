"""Irreversible investment with two shocks: closed forms, the equations as written, and moments of one family."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.referee import two_shocks

import saddlepath as sp
from saddlepath.economy import economy
from saddlepath.models.irreversible_two_shocks import IrreversibleTwoShocks
from saddlepath.rule import DecisionRule

ROUNDOFF = 1e-12
"""Sums of a few dozen numbers of order one [-]."""
BOX = sp.Box(alpha=(0.22, 0.38), beta=(0.75, 0.95))
OTHER = {"gamma": 2.0, "productivity": 1.3, "sigma_a": 0.1, "sigma_d": 0.05}
"""Parameters that are one, or small, in the calibration, so that an exponent or a mean left out would show."""


class _DesiredShare(DecisionRule):
    """Desired consumption as a share of cash at hand that varies with every state: far from any solution."""

    def __call__(self, eco, model, y):
        share = 0.3 + 0.05 * jnp.tanh(y[0] + 3 * y[1] - 5 * y[2])
        s = model.State(*y[:3])
        return model.complete(s, model.Policy(desired=share, consumption=0.0, multiplier=0.0))


def policies(p: IrreversibleTwoShocks, k: np.ndarray, z: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, ...]:
    """Desired consumption, consumption and multiplier under that rule, in NumPy."""
    output = np.exp(z) * k**p.alpha
    desired = (0.3 + 0.05 * np.tanh(k + 3 * z - 5 * d)) * (output + (1 - p.delta) * k)
    consumption = np.minimum(desired, output)
    return desired, consumption, consumption**-p.gamma - desired**-p.gamma


@pytest.mark.slow
def test_steady_states_have_their_closed_form() -> None:
    for row in two_shocks.TABLE:
        steady = sp.steady_state(IrreversibleTwoShocks(alpha=row.alpha, beta=row.beta))
        k = (row.alpha / (1 / row.beta - 1 + 0.1)) ** (1 / (1 - row.alpha))
        assert float(steady.state.k) == pytest.approx(k, rel=1e-10)  # Newton ends at 1e-12 of the residual
        assert float(steady.policy.consumption) / k == pytest.approx(k ** (row.alpha - 1) - 0.1, rel=1e-10)
        assert float(steady.policy.multiplier) == pytest.approx(0.0, abs=ROUNDOFF)
        # The table has five decimals.
        assert k == pytest.approx(row.steady_capital, abs=5.1e-6)
        assert float(steady.policy.consumption) / k == pytest.approx(row.steady_ratio, abs=5.1e-6)


def test_the_euler_equation_is_that_of_the_course() -> None:
    """Its first residual at given states, with tomorrow's shock and multiplier, where it is far from zero."""
    p = IrreversibleTwoShocks(**OTHER)
    eco = economy(p, quadrature=sp.GaussHermite(5))
    k, z, d = np.array([0.8, 1.2, 6.0, 9.0]), np.array([0.2, 0.3, -0.3, 0.1]), np.array([0.05, -0.1, 0.1, 0.0])
    desired, consumption, multiplier = policies(p, k, z, d)
    assert (multiplier > 0.01).tolist() == [False, False, True, True]
    output = np.exp(z) * k**p.alpha
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    e_a, e_d = (e.ravel() for e in np.meshgrid(nodes, nodes))
    weight = np.outer(weights, weights).ravel() / weights.sum() ** 2
    k1 = ((1 - p.delta) * k + output - consumption)[:, None] * np.ones(25)
    z1 = (0.1 * np.log(1.3) + 0.9 * z)[:, None] + 0.1 * e_a
    d1 = (0.8 * d)[:, None] + 0.05 * e_d
    _, c1, mu1 = policies(p, k1, z1, d1)
    gross = 1 - p.delta + p.alpha * np.exp(z1) * k1 ** (p.alpha - 1)
    expected = (np.exp(d1) * (gross * c1**-2.0 - (1 - p.delta) * mu1)) @ weight
    course = consumption**-2.0 - multiplier - p.beta * expected
    found = jax.jit(jax.vmap(lambda y: eco.residuals(_DesiredShare(), y)))(jnp.stack([k, z, d], axis=1))[:, 0]
    # The residual is that error of marginal utility as a share of consumption.
    own = desired**-2.0 * (1 - (1 + np.asarray(found)) ** -2.0)
    assert np.min(np.abs(course)) > 5e-3
    np.testing.assert_allclose(own, course, rtol=0, atol=1e-11)  # marginal utilities are of order ten


@pytest.mark.parametrize("gamma", [1.0, 3.0])
def test_complementarity_holds_whatever_the_rule_returns(gamma: float) -> None:
    model = IrreversibleTwoShocks(gamma=gamma)
    s = model.State(k=jnp.asarray(3.5), z=jnp.asarray(-0.05), d=jnp.asarray(0.02))
    wanted = jnp.asarray([0.01, 0.1, 0.28, 0.31, 0.9])
    blank = model.Policy(desired=wanted, consumption=jnp.zeros(5), multiplier=jnp.zeros(5))
    x = model.complete(s, blank)
    investment, multiplier = np.asarray(model.investment(s, x)), np.asarray(x.multiplier * x.consumption**gamma)
    assert np.all(investment > -ROUNDOFF) and np.all(multiplier > -ROUNDOFF)
    np.testing.assert_allclose(investment * multiplier, 0.0, atol=ROUNDOFF)
    assert (multiplier > ROUNDOFF).tolist() == [False, False, False, True, True]


def test_todays_patience_matters_only_by_tomorrows() -> None:
    """Without persistence no equation knows today's shock, unless the rule does."""
    model = IrreversibleTwoShocks(rho_d=0.0)
    s = model.State(k=jnp.asarray(1.1), z=jnp.asarray(0.0), d=jnp.asarray(0.0))
    x = model.complete(s, model.Policy(desired=jnp.asarray(0.4), consumption=0.0, multiplier=0.0))
    shock = jnp.asarray([0.3, -0.7])
    one, other = (model.transition(s._replace(d=jnp.asarray(d)), x, shock) for d in (-0.2, 0.2))
    np.testing.assert_array_equal(jnp.stack(one), jnp.stack(other))

    def euler(d: float, tomorrow: float) -> float:
        after = s._replace(d=jnp.asarray(tomorrow)), x
        return float(model.residuals(s._replace(d=jnp.asarray(d)), x, lambda fn: fn(*after))["euler"])

    assert euler(-0.2, 0.1) == euler(0.2, 0.1)
    assert euler(0.0, 0.1) == pytest.approx(np.exp(-0.1) * (1 + euler(0.0, 0.0)) - 1, rel=ROUNDOFF)


# Moments.


@pytest.fixture(scope="module")
def family() -> sp.Solution:
    solver, paths = sp.LevenbergMarquardt(memory=0.8), sp.Paths(dispersed=0.4, spread=1.0, settled_restart=0.05)
    size = {"network": sp.Network(width=28), "steps": 4000}
    return sp.solve(IrreversibleTwoShocks(), solver, over=BOX, tol=8e-6, sampling=paths, seed=1, **size)


def simulated(solution: sp.Solution) -> dict[str, float]:
    size = {"periods": two_shocks.PERIODS, "paths": two_shocks.PATHS, "burn_in": two_shocks.BURN_IN}
    data = sp.simulate(solution, seed=2, **size)
    assert data.attrs["lost"] == 0
    return two_shocks.moments({name: data[name].values for name in ("k", "consumption_capital", "investment")})


@pytest.mark.slow
def test_one_network_has_the_moments_of_seven_economies(family: sp.Solution) -> None:
    """Means within 0.2 %, standard deviations within 1 %."""
    assert family.outcome.converged
    for row in two_shocks.TABLE:
        found = simulated(family.at(alpha=row.alpha, beta=row.beta))
        assert two_shocks.worst(row, found) < 1, (row.alpha, row.beta, two_shocks.gaps(row, found))
        assert found["idle"] == pytest.approx(row.idle, abs=3e-4)  # the reference interpolates linearly at the kink


@pytest.mark.slow
@pytest.mark.parametrize("alpha, beta", [(0.22, 0.75), (0.38, 0.95)])
def test_a_member_agrees_with_collocation(family: sp.Solution, alpha: float, beta: float) -> None:
    """On the same shocks: moments differ by what the two rules do."""
    member = family.at(alpha=alpha, beta=beta)
    referee = sp.solve(dataclasses.replace(IrreversibleTwoShocks(), alpha=alpha, beta=beta), sp.Collocation())
    own, other = simulated(member), simulated(referee)
    for name in two_shocks.ALLOWED:  # the Euler errors of both are about 1e-5, and their sums over time a hundredfold
        assert own[name] == pytest.approx(other[name], rel=1e-3), name
    assert own["idle"] == pytest.approx(other["idle"], abs=2e-4)
