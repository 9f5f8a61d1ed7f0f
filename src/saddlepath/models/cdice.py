"""Growth and climate: DICE-2016 and its recalibration CDICE, annual."""

from typing import Annotated, Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import saddlepath as sp
from saddlepath import climate

CARBON, HEAT = climate.carbon_cycle("cdice"), climate.temperature_boxes("cdice")
Masses: TypeAlias = Float[Array | np.ndarray, "3"]
Temperatures: TypeAlias = Float[Array | np.ndarray, "2"]
THREE, TWO = sp.Positive(shape=(3,)), sp.Interval(-5.0, np.full(2, 20.0))
INDEX, INPUTS = sp.Interval(-1.0, 1.0), sp.OneOf("stocks", "plan")
ABATEMENT, GROWTH = sp.OneOf("optimal", "none", "taxed"), sp.OneOf("instantaneous", "exact")
FORCING = sp.OneOf("linear", "given", "internalised")
MOST_RATIO = 4.0
"""Prices over those of the crude plan, which are within a factor of about two even where a limit is yet to bind."""


class CDICE(sp.Model):
    """DICE-2016 with a recalibrated climate, annual (Folini, Friedl, Kuebler and Scheidegger, 2024, Rev. Econ. Stud.).

    A planner maximises `sum_t exp(-rho t) L_t ((C_t/L_t)^(1-1/psi) - 1)/(1-1/psi)` subject to, per unit `A L` of
    effective labour,

        G k' = (1 - Theta(mu) - Omega(T_AT)) k^alpha + (1-delta) k - c,    E = sigma (1-mu) A L k^alpha + E_land,

    a carbon cycle `M' = M'(M, E)` and temperatures `T' = T'(T, F(M_AT))`: `saddlepath.climate`. Damages are
    `Omega = pi1 T + pi2 T^2 + beyond max(T - limit, 0)^2`, the last a limit to warming as a penalty; abatement costs
    `Theta = theta1 mu^theta2`. With `lam = c^(-1/psi)` and prices `p` of carbon and heat in goods, the Lagrangian of a
    date is

        lam [(1 - Theta - Omega) k^alpha + (1-delta) k - c] - lam p_M . M' - lam p_T . T',

    its slopes in today's state are the slopes of the value, and `beta` times those of tomorrow are what `G k'`, `M'`
    and `T'` cost today: six conditions for the consumption share, three prices of carbon and two of heat. Abatement
    solves its own condition, `backstop mu^(theta2-1) = p_AT A L` up to `mu = 1`, so that both sides of the limit are
    exact. A network gives the share and the prices themselves. With `inputs="plan"` it sees those along a
    crude plan (`saddlepath.climate.projected`) and gives what is left of them: compiling takes longer, and many
    calibrations in one network are far more accurate.

    Calendar time: the date enters through the closed forms of population, productivity, intensity and costs.
    Growth rates are instantaneous, as in the authors' programs; `growth="exact"` takes the ratio of two years. Their
    programs discount by `exp(-rho)` where the paper prints `1/(1+rho)`.
    """

    psi: float = sp.parameter(1 / 1.45, "elasticity of intertemporal substitution", within=sp.Positive())
    rho: float = sp.parameter(0.015, "rate of time preference", unit="1/yr", within=sp.NonNegative())
    alpha: float = sp.parameter(0.3, "capital share", within=sp.Unit())
    delta: float = sp.parameter(0.1, "depreciation rate", unit="1/yr", within=sp.Unit())
    pi1: float = sp.parameter(0.0, "damages, linear", unit="1/K", within=sp.NonNegative())
    pi2: float = sp.parameter(0.00236, "damages, quadratic", unit="1/K^2", within=sp.NonNegative())
    limit: float = sp.parameter(2.0, "warming that is to be kept", unit="K", within=sp.Positive())
    beyond: float = sp.parameter(0.0, "damages beyond it, quadratic", unit="1/K^2", within=sp.NonNegative())
    theta2: float = sp.parameter(2.6, "exponent of abatement costs", within=sp.Positive())
    b12: float = sp.parameter(CARBON.b12, "carbon from atmosphere to upper ocean", unit="1/yr", within=sp.Unit())
    b23: float = sp.parameter(CARBON.b23, "carbon from upper to lower ocean", unit="1/yr", within=sp.Unit())
    equilibrium: Masses = sp.parameter(CARBON.equilibrium, "masses at rest", unit="1000 GtC", within=THREE)
    c1: float = sp.parameter(HEAT.c1, "warming per unit of forcing", unit="K m2/(W yr)", within=sp.Positive())
    c3: float = sp.parameter(HEAT.c3, "exchange of heat", unit="W/(m2 K)", within=sp.Positive())
    c4: float = sp.parameter(HEAT.c4, "speed of the deep ocean", unit="1/yr", within=sp.Unit())
    f2x: float = sp.parameter(HEAT.f2x, "forcing of a doubling of CO2", unit="W/m2", within=sp.Positive())
    ecs: float = sp.parameter(HEAT.ecs, "equilibrium climate sensitivity", unit="K", within=sp.Positive())
    carbon_index: float = sp.parameter(0.0, "carbon cycle: LOVECLIM -1, the given 0, MESMO 1", within=INDEX)
    capital: float = sp.parameter(223.0, "capital in 2015", unit="trn 2010 USD", within=sp.Positive())
    carbon_start: Masses = sp.parameter(CARBON.initial, "carbon in 2015", unit="1000 GtC", within=THREE)
    heat_start: Temperatures = sp.parameter(HEAT.initial, "temperatures in 2015", unit="K", within=TWO)
    abatement: str = sp.parameter("optimal", "abatement: the planner's, none, or what pays at a tax", within=ABATEMENT)
    tax_start: float = sp.parameter(30.0, "given tax in 2015", unit="2010 USD/tCO2", within=sp.NonNegative())
    tax_growth: float = sp.parameter(0.02, "its growth rate", unit="1/yr", within=sp.Interval(-1.0, 1.0))
    growth: str = sp.parameter("instantaneous", "growth rates, at a date or between two years", within=GROWTH)
    other_forcing: str = sp.parameter("linear", "forcing but of CO2: linear in time, or a share of it", within=FORCING)
    inputs: str = sp.parameter("stocks", "what a network sees: stocks, or a crude plan as well", within=INPUTS)
    horizon: int = sp.parameter(400, "years over which paths are to be right", unit="yr", within=sp.Interval(2, 5000))

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "effective labour")]
        carbon: Annotated[Float[Array, "3"], sp.label("carbon in atmosphere, upper and lower ocean", "1000 GtC")]
        heat: Annotated[Float[Array, "2"], sp.label("temperature, air and deep ocean", "K")]
        t: Annotated[sp.Scalar, sp.label("years since 2015", "yr")]

    class Policy(NamedTuple):
        consumed_ratio: Annotated[sp.Scalar, sp.label("share consumed, or the same over that of the crude plan")]
        carbon_ratio: Annotated[Float[Array, "3"], sp.label("price of carbon, or in utility over the crude plan's")]
        heat_ratio: Annotated[Float[Array, "2"], sp.label("price of heat, or in utility over the crude plan's")]
        consumed: Annotated[sp.Scalar, sp.label("share of output net of damages consumed")]
        carbon_price: Annotated[Float[Array, "3"], sp.label("price of carbon", "effective output")]
        heat_price: Annotated[Float[Array, "2"], sp.label("price of heat", "effective output")]
        mu: Annotated[sp.Scalar, sp.label("abated share of industrial emissions")]

    @classmethod
    def published(cls, carbon: str = "cdice", temperature: str = "cdice", **values: Any):
        """A published climate by the names of its carbon cycle and its temperature boxes; see `saddlepath.climate`.

        Args:
            carbon: cdice (mean), mesmo, loveclim or dice2016.
            temperature: cdice (mean), hadgem, giss or dice2016.
            values: Other parameters.
        """
        cycle, boxes = climate.carbon_cycle(carbon), climate.temperature_boxes(temperature)
        masses = {"b12": cycle.b12, "b23": cycle.b23, "equilibrium": cycle.equilibrium, "carbon_start": cycle.initial}
        heat = {name: getattr(boxes, name) for name in ("c1", "c3", "c4", "f2x", "ecs")} | {"heat_start": boxes.initial}
        return cls(**(masses | heat | values))

    def state_range(self):
        return self.State(k=sp.Positive(), carbon=sp.Positive(shape=(3,)), heat=sp.Real(shape=(2,)), t=sp.Real())

    def policy_range(self):
        """Consumption is at least half of net output: capital that nobody ever consumes satisfies every Euler equation.

        So do prices that grow with interest once everything is abated, without end; tied to the crude plan's they
        cannot.
        Optimal plans of the published calibrations consume between .71 and .79; the certificate tells if a path
        reaches a bound.
        """
        if self.inputs == "stocks":
            share, carbon, heat = sp.Interval(0.5, 0.95), sp.Positive(shape=(3,)), sp.Positive(shape=(2,))
        else:
            share = sp.Interval(0.85, 1.1)
            carbon, heat = (sp.Interval(0.0, np.full(n, MOST_RATIO)) for n in (3, 2))
        return self.Policy(
            consumed_ratio=share, carbon_ratio=carbon, heat_ratio=heat,
            consumed=sp.Completed(), carbon_price=sp.Completed((3,)), heat_price=sp.Completed((2,)), mu=sp.Completed(),
        )  # fmt: skip

    def start(self):
        problem = self.problem()
        return self.State(
            k=problem.capital / problem.effective_labour(0.0), carbon=jnp.asarray(problem.carbon.initial),
            heat=jnp.asarray(problem.temperature.initial), t=jnp.zeros(()),
        )  # fmt: skip

    def steady_guess(self):
        """Sizes of the decisions in 2015."""
        sizes = jnp.asarray(0.75), jnp.asarray([1.2, 0.9, 0.14]), jnp.asarray([0.04, 0.24])
        ratios = sizes if self.inputs == "stocks" else (jnp.ones(()), jnp.ones(3), jnp.ones(2))
        return self.start(), self.Policy(*ratios, *sizes, mu=jnp.zeros(()))

    def features(self, s):
        """Stocks, and two clocks: what remains to happen in the exogenous paths, fast and slow.

        With `inputs="plan"` also the logarithms of prices along the crude plan, and the rate of discount in the end.
        """
        clocks = jnp.exp(-jnp.asarray([0.015, 0.005]) * s.t)
        stocks = jnp.concatenate([jnp.log(s.k)[None], jnp.log(s.carbon), s.heat, clocks])
        if self.inputs == "stocks":
            return stocks
        rate = climate.rate_at_rest(self.problem(), s.t)
        return jnp.concatenate([stocks, jnp.log(s.plan.carbon_price), jnp.log(s.plan.heat_price), rate[None]])

    def known(self, s):
        return s if self.inputs == "stocks" else sp.Known(s, plan=self.projected(s))

    def projected(self, s):
        """Consumption and prices along a crude plan."""
        level = self.effective_labour(s) / self.problem().effective_labour(s.t)
        return climate.projected(self.problem(), climate.Beginning(s.k, s.carbon, s.heat, s.t, level), self.abated)

    def problem(self):
        """The planner's problem as a value, which `saddlepath.climate.optimum` solves by other means."""
        given = climate.CarbonCycle(self.b12, self.b23, self.equilibrium, self.carbon_start)
        proportional = climate.OtherForcing.proportional(internalised=self.other_forcing == "internalised")
        return climate.PlannerProblem(
            carbon=climate.between_extremes(given, self.carbon_index),
            temperature=climate.Temperature(self.c1, self.c3, self.c4, self.f2x, self.ecs, self.heat_start),
            forcing=climate.OtherForcing() if self.other_forcing == "linear" else proportional,
            paths=climate.ExogenousPaths(theta2=self.theta2), alpha=self.alpha, delta=self.delta, pi1=self.pi1,
            pi2=self.pi2, limit=self.limit, beyond=self.beyond, psi=self.psi, rho=self.rho, capital=self.capital,
            exact_growth=self.growth == "exact",
        )  # fmt: skip

    def tax(self, t):
        """The given tax. [2010 USD/tCO2]"""
        return self.tax_start * jnp.exp(self.tax_growth * t)

    def imposed(self, years):
        """What is imposed on the planner in these years since 2015, as `saddlepath.climate.optimum` takes it."""
        if self.abatement == "taxed":
            return {"tax": self.tax(years), "horizon": years.size}
        return {"abatement": 0.0} if self.abatement == "none" else {}

    def abated(self, worth, t):
        """Share abated as far as a tonne less pays, by its worth to the planner or by a tax, both in 2010 USD/tCO2."""
        if self.abatement == "none":
            return jnp.zeros_like(worth)
        return self.problem().abated(self.tax(t) if self.abatement == "taxed" else worth, t)

    def complete(self, s, x):
        """Consumption, prices, and abatement that follows from them."""
        consumed, carbon, heat = x.consumed_ratio, 1.0, 1.0
        if self.inputs == "plan":
            consumed, carbon, heat = s.plan.consuming(x.consumed_ratio, self.problem().psi)
        x = x._replace(consumed=consumed, carbon_price=x.carbon_ratio * carbon, heat_price=x.heat_ratio * heat)
        worth = x.carbon_price[0] * self.effective_labour(s) / climate.CO2_PER_CARBON
        return x._replace(mu=self.abated(worth, s.t))

    def effective_labour(self, s):
        """Units of `A L` at a state. [output at `k = 1`, trn 2010 USD/yr]"""
        return self.problem().effective_labour(s.t)

    def surprise(self, s1):
        """Growth of productivity into a state, over that of its path. [-]"""
        return jnp.ones_like(s1.t)

    def output(self, s):
        return s.k**self.alpha

    def consumption(self, s, x):
        return x.consumed * (1 - self.problem().damages(s.heat[0])) * self.output(s)

    def resources(self, s, x):
        lost = self.problem().abatement_cost(x.mu, s.t) + self.problem().damages(s.heat[0])
        return (1 - lost) * self.output(s) + (1 - self.delta) * s.k

    def emissions(self, s, x):
        """Of industry and land. [1000 GtC/yr]"""
        return self.problem().emissions(self.output(s) * self.effective_labour(s), x.mu, s.t)

    def carbon_tomorrow(self, s, x):
        return self.problem().carbon.step(s.carbon, self.emissions(s, x))

    def heat_tomorrow(self, s):
        return self.problem().temperature.step(s.heat, self.problem().radiation(s.carbon, s.t))

    def transition(self, s, x, shock):
        k = (self.resources(s, x) - self.consumption(s, x)) / self.problem().growth_factor(s.t)
        return self.State(k=k, carbon=self.carbon_tomorrow(s, x), heat=self.heat_tomorrow(s), t=s.t + 1)

    def worth(self, s, x):
        """Slopes of the value in capital, carbon and heat, in units of the marginal utility of consumption."""

        def lagrangian(k, carbon, heat):
            at = s._replace(k=k, carbon=carbon, heat=heat)
            carbon_cost = jnp.dot(x.carbon_price, self.carbon_tomorrow(at, x))
            return self.resources(at, x) - carbon_cost - jnp.dot(x.heat_price, self.heat_tomorrow(at))

        return jax.grad(lagrangian, (0, 1, 2))(s.k, s.carbon, s.heat)

    def residuals(self, s, x, E):
        growth, discount = self.problem().growth_factor(s.t), self.problem().discount_factor(s.t)
        c = self.consumption(s, x)

        def tomorrow(s1, x1):
            gain = self.surprise(s1)
            marginal = (gain * self.consumption(s1, x1) / c) ** (-1 / self.problem().psi)
            k, carbon, heat = self.worth(s1, x1)
            return discount * marginal * k, discount * marginal * gain * carbon, discount * marginal * gain * heat

        k, carbon, heat = E(tomorrow)
        return {
            "capital": k / growth - 1,
            "carbon": -carbon / x.carbon_price - 1,
            "heat": -heat / x.heat_price - 1,
        }

    def definitions(self, s, x):
        problem, labour = self.problem(), self.effective_labour(s)
        k, carbon, _ = self.worth(s, x)
        return {
            "scc": -carbon[0] / k * labour / climate.CO2_PER_CARBON,
            "scc_emitted": x.carbon_price[0] * labour / climate.CO2_PER_CARBON,
            "tax": problem.marginal_cost(x.mu, s.t),
            "emissions": 1000 * climate.CO2_PER_CARBON * self.emissions(s, x),
            "stock": s.k * labour,
            "output": self.output(s) * labour,
            "consumption": self.consumption(s, x) * labour,
            "damages": problem.damages(s.heat[0]),
        }
