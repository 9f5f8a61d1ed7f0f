"""Growth and climate while the feedback is learnt: conditions against their definition, limits with known answers.

The identities hold at any decision rule, so they are checked at an invented one. The deterministic limit is compared
with the optimum by nonlinear programming of the same planner without risk.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import saddlepath as sp
from saddlepath import climate
from saddlepath.economy import economy
from saddlepath.model import with_array_leaves
from saddlepath.models.learning_climate import LearningClimate
from saddlepath.models.tipping_climate import TippingClimate
from saddlepath.rule import DecisionRule

ROUNDOFF = 1e-9
"""Powers up to the tenth of values of order one [-]."""
QUADRATURE = sp.GaussHermite(3)


class Invented(DecisionRule):
    """A smooth value with the costs that are its slopes; everything else is made up."""

    lift: jax.Array

    def __call__(self, eco: Any, model: Any, y: Any) -> Any:
        s = eco.states.unflatten(y[: eco.states.size])
        return self.policy(model, s)

    def value(self, s: Any) -> jax.Array:
        slopes = jnp.asarray([-0.02, -0.01, -0.005])
        warm = -0.03 * s.heat[0] ** 2 - 0.01 * s.heat[1]
        learnt = -0.5 * s.m**2 - 0.02 * s.log_v
        return jnp.exp(0.1 * jnp.log(s.k) + slopes @ s.carbon + warm + learnt + self.lift * s.heat[0])

    def policy(self, model: Any, s: Any) -> Any:
        given = {"consumed_ratio": 0.7 + 0.01 * s.heat[0], "price_ratio": 2.0 + s.carbon[0], "value": self.value(s)}
        x = model.steady_guess()[1]._replace(**given)
        x = model.complete(s, x)
        kappa = 1 - 1 / model.psi
        unit = (1 + model.later(s)) * x.value ** (kappa - 1) * model.consumption(s, x) ** (1 - kappa)
        slope = jax.grad(self.value)(s)
        costs = (-unit * part for part in (slope.carbon, slope.heat, slope.m, slope.log_v))
        return x._replace(**dict(zip(COSTS, costs, strict=True)))


COSTS = ("carbon_cost", "heat_cost", "mean_cost", "variance_cost")


@eqx.filter_jit
def at_a_state(model: Any, rule: Invented) -> Any:
    """Residuals at a state, costs that the definition of the value gives, the residual of its own recursion."""
    eco = economy(model, quadrature=QUADRATURE)
    s = model.start()._replace(
        k=jnp.asarray(3.1), heat=jnp.asarray([1.6, 0.4]), m=jnp.asarray(0.6), log_v=jnp.log(0.006), t=jnp.asarray(12.0)
    )
    _, _, x, E = eco.expectation(rule, eco.join(s, jnp.zeros(0)))
    kappa, weights, c = 1 - 1 / model.psi, E.weights, model.consumption(s, x)
    future = model.problem().discount_factor(s.t) * (1 + model.later(E.s1._replace(t=s.t + 1)))

    def utility(carbon: Any, heat: Any, m: Any, log_v: Any) -> jax.Array:
        """`(N w^kappa)/kappa` with capital and abatement as decided: what is lost today is consumed less."""
        at = s._replace(carbon=carbon, heat=heat, m=m, log_v=log_v)
        after = jax.vmap(lambda shock: model.transition(at, x, shock))(E.shocks)._replace(k=E.s1.k)
        certain = (weights @ jax.vmap(rule.value)(after) ** (1 - model.gamma)) ** (1 / (1 - model.gamma))
        eaten = c + model.resources(at, x) - model.resources(s, x)
        return (eaten**kappa + future * certain**kappa) / kappa

    slopes = jax.grad(utility, (0, 1, 2, 3))(s.carbon, s.heat, s.m, s.log_v)
    costs = [-slope * c ** (1 - kappa) for slope in slopes]
    level = kappa * utility(s.carbon, s.heat, s.m, s.log_v)
    gap = (level / x.value**kappa - 1 - future) / kappa
    return model.residuals(s, x, E), x, c, costs, gap


@pytest.mark.slow
@pytest.mark.parametrize("values", [{}, {"psi": 0.5, "gamma": 4.0}, {"damages": "weitzman", "learning": "off"}])
def test_costs_are_slopes_of_the_value_and_the_value_is_its_recursion(values: dict) -> None:
    with jax.enable_x64(True):
        model = with_array_leaves(LearningClimate(**values))
        found, x, c, costs, gap = at_a_state(model, Invented(jnp.zeros(())))
        carbon, heat, mean, variance = costs
    np.testing.assert_allclose(found["carbon"], carbon / x.carbon_cost - 1, rtol=ROUNDOFF)
    np.testing.assert_allclose(found["heat"], heat / x.heat_cost - 1, rtol=ROUNDOFF)
    np.testing.assert_allclose(found["mean"], mean / x.mean_cost - 1, rtol=ROUNDOFF)
    np.testing.assert_allclose(found["variance"], (variance - x.variance_cost) / c, rtol=ROUNDOFF)
    np.testing.assert_allclose(found["value"], gap, rtol=ROUNDOFF)


@pytest.mark.slow
def test_additive_utility_needs_no_value() -> None:
    """At `gamma = 1/psi` another value does not change what capital is worth; at another gamma it does."""
    with jax.enable_x64(True):
        for gamma, same in ((2.0, True), (6.0, False)):
            model = with_array_leaves(LearningClimate(psi=0.5, gamma=gamma))
            one, other = (at_a_state(model, Invented(jnp.asarray(lift)))[0]["capital"] for lift in (0.0, 0.4))
            assert (abs(float(one - other)) < ROUNDOFF) == same, gamma


def test_the_first_year_is_that_of_cdice_with_the_same_sensitivity() -> None:
    """A belief without doubt and without weather moves carbon and heat as boxes with that sensitivity do."""
    from saddlepath.models.cdice import CDICE

    uncertain, sure = LearningClimate(noise=0.0, variance=1e-16), CDICE(ecs=1.2 / 0.35)
    with jax.enable_x64(True):
        s, x = uncertain.start(), uncertain.steady_guess()[1]
        shock = {"feedback": jnp.zeros(1), "weather": jnp.ones(1)}
        after = uncertain.transition(s, x, shock)
        theirs = sure.transition(sure.start(), sure.steady_guess()[1], None)
        learnt = float(uncertain.replace(noise=0.01, variance=0.0169).transition(s, x, shock).heat[0])
    np.testing.assert_allclose(after.carbon, theirs.carbon, rtol=1e-12)
    np.testing.assert_allclose(after.heat, theirs.heat, rtol=1e-7)  # 1.2/.35 as a float of the parameter
    assert learnt == pytest.approx(float(theirs.heat[0]) + 0.1, rel=1e-6)  # one s.d. of weather


def test_costs_over_a_crude_plan_are_the_same_costs() -> None:
    """Ratios of one are the crude plan's costs, near the optimum's without risk; given as costs they abate as much."""
    model = LearningClimate(inputs="plan")
    with jax.enable_x64(True):
        s, x = model.steady_guess()
        x = model.complete(model.known(s), x)
        consumed, carbon, heat = model.projected(s)
        given = {f"{name}_ratio": getattr(x, f"{name}_cost") for name in ("carbon", "heat", "mean", "variance")}
        plain = LearningClimate()
        same = plain.complete(
            s, plain.steady_guess()[1]._replace(consumed_ratio=consumed, price_ratio=x.price, **given)
        )
        tonne = float(x.price * model.problem().effective_labour(0.0) / climate.CO2_PER_CARBON)
    np.testing.assert_allclose([x.price, *x.carbon_cost], [carbon[0], *carbon])
    np.testing.assert_allclose([*x.heat_cost, x.mean_cost], [*heat, 90 * heat[0]])
    for name in ("consumed", "price", *COSTS, "mu"):
        np.testing.assert_allclose(getattr(same, name), getattr(x, name), err_msg=name)
    # 64.84 USD/tCO2 in the air at the start of 2015 by nonlinear programming; emitted carbon is a year from it.
    assert tonne == pytest.approx(64.84, rel=0.25)


# A tipping point that drifts.


@pytest.mark.slow
def test_a_tipping_point_that_stands_still_is_the_constant_case() -> None:
    """With a drift of nearly nothing all conditions are those of Weitzman's form; with the published drift, others."""
    rule = Invented(jnp.zeros(()))
    with jax.enable_x64(True):
        constant = at_a_state(with_array_leaves(LearningClimate(damages="weitzman")), rule)[0]
        for drift, same in ((1e-9, True), (0.1, False)):
            drifting = at_a_state(with_array_leaves(TippingClimate(drift=drift)), rule)[0]
            gaps = [np.max(np.abs(drifting[name] - constant[name])) for name in ("capital", "price", "carbon")]
            assert (max(gaps) < 1e-6) == same, gaps


def test_a_tipping_point_drifts_between_its_bounds() -> None:
    """In the middle its changes have mean zero and the published variance, .01 K2; at a bound it stays inside."""
    model = TippingClimate()
    with jax.enable_x64(True):
        z, weights = np.polynomial.hermite_e.hermegauss(31)
        weights = weights / weights.sum()
        x, quiet = model.steady_guess()[1], {"feedback": jnp.zeros(1), "weather": jnp.zeros(1)}
        move = lambda at, z: model.transition(model.start()._replace(point=jnp.asarray(at)), x, quiet | {"tipping": z})
        after = lambda at: np.asarray(jax.vmap(lambda z: move(at, z).point)(jnp.asarray(z)[:, None]))
        middle, edge = after(3.5) - 3.5, after(2.0)
        at_three = model.start()._replace(heat=3 * jnp.ones(2))
        spared = [float(model.spared(at_three._replace(point=jnp.asarray(point)))) for point in (2.0, 5.0)]
    assert weights @ middle == pytest.approx(0.0, abs=1e-12)
    assert weights @ middle**2 == pytest.approx(0.01, rel=1e-6)
    assert np.all((edge >= 2.0) & (edge <= 5.0)) and weights @ edge > 2.05
    assert 1 / spared[0] - 1 == pytest.approx((3 / 20.46) ** 2 + (3 / 4) ** 6.754, rel=1e-12)
    assert spared[0] < spared[1]


# Trained rules.

TRAINING: dict[str, Any] = {
    "network": sp.Network(width=16),
    "solver": sp.LevenbergMarquardt(batch=128, memory=0.8, floor=1e-7),
    "tol": 1e-7,
    "every": 100,
    "attempts": 1,
}
WITHOUT_RISK: dict[str, Any] = {"variance": 1e-8, "noise": 1e-10, "learning": "off"}


def fresh(quadrature: sp.GaussHermite) -> sp.TestPaths:
    return sp.TestPaths(paths=4, burn_in=0, dates=200, repeats=1, quadrature=quadrature)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "optimum"),
    [
        ({"psi": 1.5}, (64.84, 75.33, 147.20, 341.09)),
        ({"psi": 0.5}, (16.93, 18.97, 44.64, 136.03)),
        ({"psi": 1.5, "pi2": 0.008}, (195.4, 222.9, 423.0, 997.7)),
    ],
)
def test_without_risk_it_is_the_planner_of_the_nonlinear_programme(values: dict, optimum: tuple[float, ...]) -> None:
    """The social cost of 2015, 2020, 2050 and 2100 with damages that multiply, computed outside this library."""
    one = sp.GaussHermite(1)
    model = LearningClimate(**WITHOUT_RISK, **values)
    solution = sp.solve(model, quadrature=one, test=fresh(one), steps=300, **TRAINING)
    found = sp.simulate(solution, periods=86)["scc"].values[0, [0, 5, 35, 85]]
    np.testing.assert_allclose(found, optimum, rtol=5e-3)
