"""Recursive preferences with stochastic volatility: limits with closed forms, the additive twin, and the referee."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

import saddlepath as sp
from saddlepath.economy import Economy, economy
from saddlepath.models.recursive_growth import RecursiveGrowth
from saddlepath.responses import first_order_variables
from saddlepath.rule import DecisionRule, NetworkRule
from saddlepath.solvers.start import LAST_LAYER, initial_rule

ROUNDOFF = 1e-11
"""Numbers of order one, of which differences are divided by `1 - beta = 0.009` [-]."""
EXTREME = {"gamma": 40.0, "sigma_bar": 0.021, "eta": 0.1}
"""The extreme case of the paper's Table 1."""
WIDE = sp.Paths(dispersed=0.5, spread=1.5)
"""Half of the states of a step around the paths, so that rare volatile quarters are as accurate as usual ones."""
POINTS = np.array([[9.5, 0.0, -4.96], [8.3, 0.03, -5.3], [11.0, -0.04, -4.6], [10.2, 0.06, -4.4]])
"""States `[k, z, log_sigma]` of simulated paths and somewhat beyond."""


def residuals(eco: Economy, rule: DecisionRule, points: np.ndarray = POINTS) -> dict[str, np.ndarray]:
    """Residuals by name at states."""
    evaluate = jax.jit(jax.vmap(lambda y: eco.named_residuals(rule, y)))
    return {name: np.asarray(value) for name, value in evaluate(jnp.asarray(points)).items()}


def random_rule(model: RecursiveGrowth, monkeypatch: pytest.MonkeyPatch) -> tuple[Economy, NetworkRule]:
    """A rule that is far from every solution, so that identities are tested where residuals are not small."""
    monkeypatch.setitem(LAST_LAYER, "linear", 0.5)
    eco = economy(model)
    rule, _ = initial_rule(eco, sp.Network(width=4, depth=1), "linear", 0)
    return eco, rule


# Steady state and timing.


def test_steady_state() -> None:
    """One third of time is worked, and the values of the public port of the replication (MacroModelling.jl, tests)."""
    steady = sp.steady_state(RecursiveGrowth())
    assert float(steady.policy.labour) == pytest.approx(1 / 3, abs=1e-12)  # nu is published with 15 digits
    assert float(steady.policy.value) == pytest.approx(0.687139, abs=1e-6)
    found = RecursiveGrowth().definitions(*jax.tree.map(jnp.asarray, (steady.state, steady.policy)))
    assert float(found["consumption"]) == pytest.approx(0.724731, abs=1e-6)
    assert float(found["investment"]) == pytest.approx(0.186890, abs=1e-6)
    extreme = sp.steady_state(RecursiveGrowth(**EXTREME))  # without risk neither gamma nor sigma_bar matters
    np.testing.assert_allclose(extreme.state.k, steady.state.k, rtol=1e-12)


@pytest.mark.slow
def test_first_order_moments_of_the_extreme_case() -> None:
    """Unconditional s.d. at first order, as printed in the tests of the public port (MacroModelling.jl)."""
    model = RecursiveGrowth(**EXTREME)
    linear = sp.linearise(model)
    impact = np.array([[0.0, 0.0], [model.sigma_bar, 0.0], [0.0, model.eta]])  # of the innovations on [log k, z, log s]
    variance = scipy.linalg.solve_discrete_lyapunov(linear.transition, impact @ impact.T)
    slopes = jax.jacobian(lambda f: first_order_variables(economy(model), linear, f))(jnp.zeros(3))
    deviation = {name: float(np.sqrt(v @ variance @ v)) for name, v in slopes.items()}
    assert deviation["consumption"] == pytest.approx(0.0566, abs=5e-5)  # four printed digits
    assert deviation["investment"] == pytest.approx(0.0528, abs=5e-5)
    assert deviation["value"] == pytest.approx(0.0061, abs=5e-5)


def test_volatility_moves_the_productivity_of_the_same_date() -> None:
    model = RecursiveGrowth()
    s, x = jax.tree.map(jnp.asarray, model.steady_guess())
    shock = {"productivity": jnp.asarray([1.0]), "volatility": jnp.asarray([2.0])}
    after = model.transition(s, x, shock)
    assert float(after.log_sigma) == pytest.approx(np.log(0.007) + 2 * 0.06, rel=1e-14)
    assert float(after.z) == pytest.approx(0.007 * np.exp(2 * 0.06), rel=1e-14)


# A closed form: log utility over time, full depreciation, constant volatility.


class LogLinear(DecisionRule):
    """Saves `zeta beta` of output at any risk aversion, which enters the constant of the log-linear value alone."""

    gamma: float

    def __call__(self, eco: Economy, model: RecursiveGrowth, y: jax.Array) -> RecursiveGrowth.Policy:
        s, beta, nu, zeta = eco.states.unflatten(y), model.beta, model.nu, model.zeta
        x = model.complete(s, model.Policy(value=0.0, consumed=1 - zeta * beta, labour=0.0))
        capital = (1 - beta) * nu * zeta / (1 - beta * zeta)  # d log V / d log k
        log_z = ((1 - beta) * nu + beta * capital) / (1 - beta * model.lam)  # d log V / d z
        made = (1 - zeta) * jnp.log(x.labour)  # log output at k = 1, z = 0
        flow = nu * (jnp.log(1 - zeta * beta) + made) + (1 - nu) * jnp.log(1 - x.labour)
        risk = (1 - self.gamma) * (log_z * model.sigma_bar) ** 2 / 2
        constant = flow + beta / (1 - beta) * (capital * (jnp.log(zeta * beta) + made) + risk)
        return x._replace(value=jnp.exp(constant + capital * jnp.log(s.k) + log_z * s.z))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 5.0, 40.0])
def test_closed_form_at_unit_elasticity(gamma: float) -> None:
    """Both residuals vanish, at gamma = 1 and psi = 1 too, where powers become logs."""
    calibration = {"psi": 1.0, "delta": 1.0, "eta": 0.0, "sigma_bar": 0.03}
    points = np.column_stack([[0.1, 0.2, 0.15], [0.0, 0.1, -0.2], np.full(3, np.log(0.03))])
    eco = economy(RecursiveGrowth(gamma=gamma, **calibration), quadrature=sp.GaussHermite(9))
    found = residuals(eco, LogLinear(gamma), points)
    np.testing.assert_allclose(found["value"], 0.0, atol=ROUNDOFF)
    np.testing.assert_allclose(found["euler"], 0.0, atol=ROUNDOFF)
    # The price of risk is seen: with the constant of another risk aversion the value is wrong by its difference.
    other = residuals(eco, LogLinear(gamma + 1.0), points)["value"]
    assert np.all(np.abs(other) > 1e-7)


# Additive utility at gamma = 1/psi.


class AdditiveGrowth(sp.Model):
    """The same economy with expected utility, as a planner's problem: the conditions are derived, not written."""

    beta: float = 0.991
    nu: float = 0.362184314170512
    zeta: float = 0.3
    delta: float = 0.0196
    psi: float = 0.5
    lam: float = 0.95
    rho: float = 0.9
    sigma_bar: float = 0.007
    eta: float = 0.06

    class State(NamedTuple):
        k: sp.Scalar
        z: sp.Scalar
        log_sigma: sp.Scalar

    class Policy(NamedTuple):
        capital: sp.Scalar
        labour: sp.Scalar

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real(), log_sigma=sp.Real())

    def policy_range(self):
        return self.Policy(capital=sp.Positive(), labour=sp.Unit())

    def shocks(self):
        return sp.Normal(2)

    @property
    def discount(self):
        return self.beta

    def period_return(self, s, x):
        output = jnp.exp(s.z) * s.k**self.zeta * x.labour ** (1 - self.zeta)
        consumption = output + (1 - self.delta) * s.k - x.capital
        power = 1 - 1 / self.psi
        return (consumption**self.nu * (1 - x.labour) ** (1 - self.nu)) ** power / power

    def transition(self, s, x, shock):
        log_sigma = (1 - self.rho) * jnp.log(self.sigma_bar) + self.rho * s.log_sigma + self.eta * shock[1]
        return self.State(k=x.capital, z=self.lam * s.z + jnp.exp(log_sigma) * shock[0], log_sigma=log_sigma)

    def steady_guess(self):
        s, _ = RecursiveGrowth().steady_guess()
        return self.State(*s), self.Policy(capital=s.k, labour=jnp.asarray(1 / 3))


class AsAdditive(DecisionRule):
    """A rule of the recursive model in the words of the additive one."""

    economy: Economy
    rule: NetworkRule

    def __call__(self, eco: Economy, model: AdditiveGrowth, y: jax.Array) -> AdditiveGrowth.Policy:
        recursive, s = self.economy.split(y)
        x = self.rule(self.economy, recursive, y)
        still = {"productivity": jnp.zeros(1), "volatility": jnp.zeros(1)}
        return AdditiveGrowth.Policy(capital=recursive.transition(s, x, still).k, labour=x.labour)


@pytest.mark.parametrize("psi", [pytest.param(psi, marks=pytest.mark.slow) for psi in (0.5, 1.5)])
def test_at_any_rule_the_conditions_are_those_of_additive_utility(psi: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Derivatives of utility are taken by automatic differentiation in the twin, and written out in the model."""
    eco, rule = random_rule(RecursiveGrowth(psi=psi, gamma=1 / psi), monkeypatch)
    mine = residuals(eco, rule)
    twin = residuals(economy(AdditiveGrowth(psi=psi)), AsAdditive(eco, rule))
    assert np.max(np.abs(mine["euler"])) > 1e-3  # the rule is wrong, so that the equality says something
    np.testing.assert_allclose(mine["euler"], twin["euler_k"], atol=ROUNDOFF)
    np.testing.assert_allclose(twin["optimal_labour"], 0.0, atol=ROUNDOFF)


@pytest.mark.slow
def test_at_any_rule_the_value_is_that_of_additive_utility(monkeypatch: pytest.MonkeyPatch) -> None:
    """`V^(1-1/psi)` is discounted utility: linear in the expectation, without a certainty equivalent."""
    model = RecursiveGrowth(gamma=2.0)
    eco, rule = random_rule(model, monkeypatch)

    def gap(y: jax.Array) -> jax.Array:
        own, s, x, E = eco.expectation(rule, y)
        kappa, u = 1 - 1 / own.psi, own.composite(s, x)
        total = (1 - own.beta) * u**kappa + own.beta * E(lambda s1, x1: x1.value**kappa)
        return (x.value**kappa - total) / ((1 - own.beta) * kappa * u**kappa)

    expected = jax.jit(jax.vmap(gap))(jnp.asarray(POINTS))
    np.testing.assert_allclose(residuals(eco, rule)["value"], expected, atol=ROUNDOFF)


# Risk aversion of 40.


class Scaled(DecisionRule):
    """A rule with the value in another unit."""

    rule: NetworkRule
    unit: float

    def __call__(self, eco: Economy, model: RecursiveGrowth, y: jax.Array) -> RecursiveGrowth.Policy:
        x = self.rule(eco, model, y)
        return x._replace(value=self.unit * x.value)


@pytest.mark.slow
def test_no_power_of_the_value_overflows(monkeypatch: pytest.MonkeyPatch) -> None:
    """`V'^(1-gamma)` of a value of 1e9 is 1e-351, which is zero in double precision; here the unit cancels."""
    eco, rule = random_rule(RecursiveGrowth(**EXTREME), monkeypatch)
    mine, scaled = residuals(eco, rule), residuals(eco, Scaled(rule, 1e9))
    assert np.all(np.isfinite(mine["value"])) and np.all(np.isfinite(scaled["value"]))
    np.testing.assert_allclose(scaled["euler"], mine["euler"], rtol=1e-9, atol=1e-9)  # 39 times rounding of log V


# Solutions.

RBC_TABLE = {
    2.0: [
        (1.0, 0.0, 0.310542, 1.288309),
        (0.8, 0.0, 0.321098, 1.144849),
        (1.2, 0.0, 0.301529, 1.420528),
        (1.0, 2.0, 0.319279, 1.315626),
        (1.0, -2.0, 0.301750, 1.261944),
    ],
    10.0: [(1.0, 0.0, 0.310613, 1.288059), (0.8, 0.0, 0.309909, 1.180345), (1.0, 2.0, 0.317075, 1.323551)],
    50.0: [(1.0, 0.0, 0.310995, 1.286710), (1.2, 0.0, 0.316273, 1.364241)],
}
"""By risk aversion, rows `(k/kss, z in s.d., labour, consumption)` of the business cycle with additive utility,
computed independently by a Chebyshev collocation in `(k, z)` whose Euler errors are below 1e-10."""


@pytest.fixture(scope="module")
def referee() -> sp.Solution:
    return sp.solve(RecursiveGrowth(), sp.Collocation())


@pytest.mark.slow
def test_the_value_gives_the_marginal_value_of_capital(referee: sp.Solution) -> None:
    """The envelope condition, of the derivative of the value alone, holds only where the Euler equation is right.

    `d log V / dk = (1-beta) (u/V)^(1-1/psi) nu/c (1 - delta + zeta y/k)`; the residual of the Euler equation with
    another discount factor would leave a gap of the size of the risk premium.
    """
    assert referee.outcome.converged and referee.accuracy is not None and referee.accuracy.mean < 1e-8
    model, (k, z, log_sigma), step = RecursiveGrowth(), POINTS[:2].T, 1e-3
    up, down = (referee(k=k + h, z=z, log_sigma=log_sigma).value for h in (step, -step))
    s = model.State(*(jnp.asarray(v) for v in (k, z, log_sigma)))
    x = jax.tree.map(jnp.asarray, referee(s))
    found = model.definitions(s, x)
    gross = 1 - model.delta + model.zeta * found["output"] / k
    flow = (1 - model.beta) * (found["composite"] / x.value) ** (1 - 1 / model.psi)
    slope = (np.log(up) - np.log(down)) / (2 * step)
    # Central differences leave step^2 / 6 of a third derivative of 1e-3 of the slope.
    np.testing.assert_allclose(slope, flow * model.nu / found["consumption"] * gross, rtol=1e-6)


@pytest.mark.slow
def test_policies_at_gamma_of_one_over_psi_are_those_of_the_additive_economy() -> None:
    """Two models and two systems of conditions; each solution has Euler errors of 1e-8, and policies agree to 1e-6."""
    recursive = sp.solve(RecursiveGrowth(gamma=2.0), sp.Collocation())
    additive = sp.solve(AdditiveGrowth(), sp.Collocation())
    assert recursive.outcome.converged and additive.outcome.converged
    states = dict(zip(("k", "z", "log_sigma"), POINTS.T, strict=True))
    mine, theirs = recursive(**states), additive(**states)
    np.testing.assert_allclose(mine.labour, theirs.labour, rtol=1e-6)
    model, s = RecursiveGrowth(gamma=2.0), RecursiveGrowth.State(**states)
    kept = (1 - model.delta) * s.k + model.definitions(s, mine)["investment"]
    np.testing.assert_allclose(kept, theirs.capital, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("gamma", "table"), RBC_TABLE.items())
def test_without_volatility_shocks_it_is_the_additive_business_cycle(
    gamma: float, table: list[tuple[float, float, float, float]]
) -> None:
    """Labour and consumption of Aruoba, Fernandez-Villaverde and Rubio-Ramirez (2006), to the digits of the table."""
    calibration = {"beta": 0.9896, "nu": 0.357, "zeta": 0.4, "eta": 0.0}
    model = RecursiveGrowth(gamma=gamma, psi=1 / gamma, **calibration)
    k, z, labour, consumption = np.array(table).T
    states = {
        "k": k * float(sp.steady_state(model).state.k),
        "z": z * 0.007 / np.sqrt(1 - 0.95**2),
        "log_sigma": np.full(k.size, np.log(0.007)),
    }
    solution = sp.solve(model, sp.Collocation())
    assert solution.outcome.converged
    x = solution(**states)
    np.testing.assert_allclose(x.labour, labour, atol=6e-7)  # half a unit of the last digit
    found = model.definitions(model.State(**states), jax.tree.map(jnp.asarray, x))
    np.testing.assert_allclose(found["consumption"], consumption, atol=6e-7)


def largest_gap(solution: sp.Solution, referee: sp.Solution) -> float:
    """Largest relative difference of a policy on fresh paths."""
    frame = sp.compare(solution, referee).frame
    return float(frame.loc[["value", "consumed", "labour"], "largest relative"].max())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_network_agrees_with_the_referee(referee: sp.Solution, seed: int) -> None:
    """The worst equation and the policies are right to 1e-5 at every one of thousands of states, not in the mean."""
    solution = sp.solve(RecursiveGrowth(), tol=1e-7, sampling=WIDE, seed=seed)
    assert solution.outcome.converged and solution.accuracy is not None
    assert solution.accuracy.mean < 1e-7 and solution.accuracy.max < 1e-5
    assert largest_gap(solution, referee) < 1e-5


@pytest.mark.slow
def test_the_network_collapses_to_additive_utility() -> None:
    """At gamma = 1/psi, against the planner's problem solved by collocation: another system, another method."""
    network = sp.solve(RecursiveGrowth(gamma=2.0), tol=3e-8, sampling=WIDE)
    additive = sp.solve(AdditiveGrowth(), sp.Collocation())
    assert network.outcome.converged and additive.outcome.converged
    data = sp.simulate(network, periods=40, paths=256, burn_in=200, seed=1)
    states = {name: data[name].values.ravel() for name in ("k", "z", "log_sigma")}
    gap = np.abs(network(**states).labour / additive(**states).labour - 1)
    assert gap.mean() < 1e-6


@pytest.fixture(scope="module")
def extreme() -> sp.Solution:
    return sp.solve(RecursiveGrowth(**EXTREME), sp.Collocation())


@pytest.mark.slow
def test_the_network_in_the_extreme_case(extreme: sp.Solution) -> None:
    network = sp.solve(RecursiveGrowth(**EXTREME), tol=1e-6, sampling=WIDE)
    assert network.outcome.converged and network.accuracy is not None
    assert network.accuracy.mean < 1e-6 and network.accuracy.max < 1e-4
    assert largest_gap(network, extreme) < 1e-4


@pytest.mark.slow
def test_long_run_of_the_extreme_case(extreme: sp.Solution) -> None:
    """Precaution raises saving, and consumption is as persistent as the public port's third order has it (0.9424)."""
    assert extreme.outcome.converged
    # The economy rests at more capital than without risk, and at more than with less aversion.
    calm = float(sp.steady_state(extreme.model).state.k)
    rest = float(sp.stochastic_steady_state(extreme).state.k)
    less = sp.solve(RecursiveGrowth(**EXTREME | {"gamma": 2.0}), sp.Collocation(nodes=8), start=extreme, tol=1e-6)
    assert rest > 1.01 * float(sp.stochastic_steady_state(less).state.k) > 1.01 * calm
    c = sp.simulate(extreme, periods=2000, paths=64, burn_in=400, seed=1)["consumption"].values
    # 64 paths of 2,000 quarters have a standard error of about 2e-3.
    assert np.corrcoef(c[:, :-5].ravel(), c[:, 5:].ravel())[0, 1] == pytest.approx(0.9424, abs=5e-3)
