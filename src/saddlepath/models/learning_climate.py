"""Growth and climate under risk: recursive preferences, and learning about how strongly the climate responds."""

import dataclasses
from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import saddlepath as sp
from saddlepath import climate

SUMMED = 2000
"""Years whose discount factors are added one by one."""
TIPPING = 3.0405
"""Warming near which damages in Weitzman's form begin to tip. [K]"""
DAMAGES = sp.OneOf("nordhaus", "weitzman")
BELIEF, INPUTS = sp.OneOf("believed", "true"), sp.OneOf("stocks", "plan")


class LearningClimate(sp.Model):
    """Climate policy while the climate's feedback is learnt (Friedl, Kuebler, Scheidegger and Usui, 2023).

    Economy, carbon cycle and exogenous paths are those of CDICE (mean of the models). The feedback `f` of the
    atmosphere is unknown, `ECS = 1.2/(1-f)`, and weather `eps` disturbs it:

        T_AT' = (1 - c1 c3 - phi) T_AT + c1 c3 T_OC + c1 F(M_AT) + phi f T_AT + eps.

    The belief about `f` is normal with mean `m` and variance `v`, truncated; `saddlepath.climate.FeedbackLearning`
    tells how a year changes it. Damages leave `Omega = 1/(1 + pi2 T^2)` of output (Nordhaus), or Weitzman's form,
    which bends near 3 K.

    Preferences are recursive (Epstein and Zin). With the annuity `N = 1 + bh N'`, `kappa = 1 - 1/psi` and all
    quantities per unit of effective labour, the value `w` in units of consumption obeys

        N w^kappa = c^kappa + (N-1) R^kappa,    R = E[w'^(1-gamma)]^(1/(1-gamma)),

    one formula on both sides of `psi = 1`. Goods of tomorrow are worth
    `M' = bh (c'/c)^(kappa-1) (w'/R)^(1-gamma-kappa)` today. What a unit more of carbon, heat, `m` or `log v` costs, in
    goods, is `q = -d(goods)/dz + E[M' q' dz'/dz]` at given decisions and shocks; capital and the price of emitted
    carbon `p` obey

        G = E[M' (d/dk) {(1-Theta) Omega k'^alpha + (1-delta) k' - p' E'}],    p = E[M' q_AT'],

    and abatement its own condition, `Omega backstop mu^(theta2-1) = p A L` up to `mu = 1`, exactly. With
    `inputs="plan"` a network gives consumption and all costs over those of carbon and heat along a crude plan
    (`saddlepath.climate.projected`) of a planner who takes the mean of the belief for the truth.
    """

    psi: float = sp.parameter(1.5, "elasticity of intertemporal substitution", within=sp.Positive())
    gamma: float = sp.parameter(10.0, "relative risk aversion", within=sp.Positive())
    rho: float = sp.parameter(0.015, "rate of time preference", unit="1/yr", within=sp.NonNegative())
    pi2: float = sp.parameter(0.00236, "damages, quadratic", unit="1/K^2", within=sp.NonNegative())
    mean: float = sp.parameter(0.65, "mean of the belief in 2015", within=sp.Unit())
    variance: float = sp.parameter(0.0169, "variance of the belief in 2015", within=sp.Positive())
    noise: float = sp.parameter(0.01, "variance of the weather", unit="K^2", within=sp.NonNegative())
    low: float = sp.parameter(0.45, "least feedback", within=sp.Unit())
    high: float = sp.parameter(0.85, "largest feedback", within=sp.Unit())
    ecs: float = sp.parameter(
        3.42, "climate sensitivity where the feedback is the true one", unit="K", within=sp.Positive()
    )
    feedback: str = sp.parameter(
        "believed", "whether the feedback is drawn from the belief, or that of ecs", within=BELIEF
    )
    learning: str = sp.parameter("on", "whether the belief changes", within=sp.OneOf("on", "off"))
    damages: str = sp.parameter("nordhaus", "form of the damages", within=DAMAGES)
    inputs: str = sp.parameter("stocks", "what a network sees: stocks, or a crude plan as well", within=INPUTS)
    horizon: int = sp.parameter(500, "years over which paths are to be right", unit="yr", within=sp.Interval(2, 5000))

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "effective labour")]
        carbon: Annotated[Float[Array, "3"], sp.label("carbon in atmosphere, upper and lower ocean", "1000 GtC")]
        heat: Annotated[Float[Array, "2"], sp.label("temperature, air and deep ocean", "K")]
        m: Annotated[sp.Scalar, sp.label("mean of the belief about the feedback")]
        log_v: Annotated[sp.Scalar, sp.label("log of the variance of the belief")]
        t: Annotated[sp.Scalar, sp.label("years since 2015", "yr")]

    class Policy(NamedTuple):
        consumed_ratio: Annotated[sp.Scalar, sp.label("share consumed, or the same over that of the crude plan")]
        value: Annotated[sp.Scalar, sp.label("value", "consumption")]
        price_ratio: Annotated[sp.Scalar, sp.label("price of emitted carbon, or in utility over the crude plan's")]
        carbon_ratio: Annotated[Float[Array, "3"], sp.label("cost of carbon, or in utility over the crude plan's")]
        heat_ratio: Annotated[Float[Array, "2"], sp.label("cost of heat, or in utility over the crude plan's")]
        mean_ratio: Annotated[sp.Scalar, sp.label("cost of a higher mean, or in utility over heat's of the crude plan")]
        variance_ratio: Annotated[sp.Scalar, sp.label("cost of a higher log variance, or the same, likewise")]
        consumed: Annotated[sp.Scalar, sp.label("share of output net of damages consumed")]
        price: Annotated[sp.Scalar, sp.label("price of emitted carbon", "effective output")]
        carbon_cost: Annotated[Float[Array, "3"], sp.label("cost of carbon", "effective output")]
        heat_cost: Annotated[Float[Array, "2"], sp.label("cost of heat", "effective output")]
        mean_cost: Annotated[sp.Scalar, sp.label("cost of a higher mean of the belief", "effective output")]
        variance_cost: Annotated[sp.Scalar, sp.label("cost of a higher log variance", "effective output")]
        mu: Annotated[sp.Scalar, sp.label("abated share of industrial emissions")]

    def state_range(self):
        """Weather may carry the mean a little beyond the bounds of the feedback, and training no further."""
        return self.State(
            k=sp.Positive(), carbon=sp.Positive(shape=(3,)), heat=sp.Real(shape=(2,)),
            m=sp.Interval(self.low - 0.1, self.high + 0.05), log_v=sp.Real(), t=sp.Real(),
        )  # fmt: skip

    def policy_range(self):
        """No room for what satisfies all equations and is no optimum: capital never consumed, costs that explode."""
        share = sp.Interval(0.5, 0.95) if self.inputs == "stocks" else sp.Interval(0.85, 1.1)
        return self.Policy(
            consumed_ratio=share, value=sp.Positive(scale=0.1), price_ratio=sp.Positive(),
            carbon_ratio=sp.Interval(0.0, np.full(3, 50.0)), heat_ratio=sp.Positive(shape=(2,)),
            mean_ratio=sp.Positive(), variance_ratio=sp.Real(), consumed=sp.Completed(), price=sp.Completed(),
            carbon_cost=sp.Completed((3,)), heat_cost=sp.Completed((2,)), mean_cost=sp.Completed(),
            variance_cost=sp.Completed(), mu=sp.Completed(),
        )  # fmt: skip

    def shocks(self):
        return sp.Independent(feedback=sp.Normal(1), weather=sp.Normal(1))

    def start(self):
        problem = self.problem()
        return self.State(
            k=problem.capital / problem.effective_labour(0.0), carbon=jnp.asarray(problem.carbon.initial),
            heat=jnp.asarray(problem.temperature.initial), m=jnp.asarray(self.mean), log_v=jnp.log(self.variance),
            t=jnp.zeros(()),
        )  # fmt: skip

    def steady_guess(self):
        """Sizes of the decisions in 2015."""
        number, alone = jnp.asarray, self.inputs == "stocks"
        costs = number(3.0), number([3.0, 2.2, 0.4]), number([0.1, 0.6]), number(9.0), number(0.1)
        ratios = costs if alone else (number(1.0), jnp.ones(3), jnp.ones(2), number(90.0), number(1.0))
        share = number(0.75 if alone else 1.0)
        return self.start(), self.Policy(share, number(1.02), *ratios, number(0.75), *costs, mu=number(0.0))

    def features(self, s):
        """Stocks, mean and s.d. of the belief, two clocks, and prices if economy and expected climate stood still.

        The clocks tell what remains to happen in the exogenous paths, fast and slow. Decisions are smooth in the s.d.
        until all is learnt, where its logarithm falls on and on.
        """
        clocks, sd = jnp.exp(-jnp.asarray([0.015, 0.005]) * s.t), jnp.exp(s.log_v / 2)
        stocks = [jnp.log(s.k)[None], jnp.log(s.carbon), s.heat, jnp.stack([s.m, sd]), clocks]
        if self.inputs == "stocks":
            at_rest = climate.features_at_rest(self.expected(s), self.output(s), s.carbon, s.heat, s.t)
            return jnp.concatenate([*stocks, at_rest])
        rate = climate.rate_at_rest(self.problem(), s.t)
        return jnp.concatenate([*stocks, jnp.log(s.plan.carbon_price), jnp.log(s.plan.heat_price), rate[None]])

    def known(self, s):
        return s if self.inputs == "stocks" else sp.Known(s, plan=self.projected(s))

    def expected(self, s):
        """The planner's problem if the feedback were known, and the mean of the belief."""
        problem = self.problem()
        heated = dataclasses.replace(problem.temperature, ecs=climate.SENSITIVITY / (1 - s.m))
        return dataclasses.replace(problem, temperature=heated)

    def projected(self, s):
        """Consumption and prices along the crude plan of that problem."""
        return climate.projected(self.expected(s), climate.Beginning(s.k, s.carbon, s.heat, s.t), self.problem().abated)

    def problem(self):
        """The economy, the carbon cycle, and boxes of heat that have no feedback."""
        boxes = dataclasses.replace(climate.temperature_boxes("cdice"), ecs=climate.SENSITIVITY)
        return climate.PlannerProblem(temperature=boxes, psi=self.psi, rho=self.rho, pi2=self.pi2)

    def belief(self):
        boxes = self.problem().temperature
        return climate.FeedbackLearning(boxes.c1 * boxes.f2x / climate.SENSITIVITY, self.noise, self.low, self.high)

    def complete(self, s, x):
        """Costs, and abatement as far as a tonne less is worth its price; damages spare abatement's cost too."""
        consumed, carbon, heat = x.consumed_ratio, jnp.ones(3), jnp.ones(2)
        if self.inputs == "plan":
            consumed, carbon, heat = s.plan.consuming(x.consumed_ratio, self.psi)
        x = x._replace(
            consumed=consumed, price=x.price_ratio * carbon[0],
            carbon_cost=x.carbon_ratio * carbon, heat_cost=x.heat_ratio * heat,
            mean_cost=x.mean_ratio * heat[0], variance_cost=x.variance_ratio * heat[0],
        )  # fmt: skip
        price = x.price * self.problem().effective_labour(s.t) / climate.CO2_PER_CARBON
        return x._replace(mu=self.problem().abated(price / self.spared(s), s.t))

    def tipping_point(self, s):
        """Warming near which damages begin to tip. [K]"""
        return TIPPING

    def spared(self, s):
        """What damages leave of output, `Omega`."""
        if self.damages == "weitzman":
            return 1 / (1 + (s.heat[0] / 20.46) ** 2 + (s.heat[0] / (2 * self.tipping_point(s))) ** 6.754)
        return 1 / (1 + self.problem().damages(s.heat[0]))

    def output(self, s):
        return s.k ** self.problem().alpha

    def consumption(self, s, x):
        return x.consumed * self.spared(s) * self.output(s)

    def resources(self, s, x):
        kept = (1 - self.problem().abatement_cost(x.mu, s.t)) * self.spared(s)
        return kept * self.output(s) + (1 - self.problem().delta) * s.k

    def emissions(self, s, x):
        """Of industry and land. [1000 GtC/yr]"""
        return self.problem().emissions(self.output(s) * self.problem().effective_labour(s.t), x.mu, s.t)

    def nature(self, s, x, shock):
        """Carbon, heat, and mean and log variance of the belief, next year."""
        problem, belief, v = self.problem(), self.belief(), jnp.exp(s.log_v)
        f = belief.believed(shock["feedback"][0], s.m, v)
        f = f if self.feedback == "believed" else climate.feedback_of(self.ecs)
        signal = belief.phi * s.heat[0] * f + jnp.sqrt(self.noise) * shock["weather"][0]
        m, v = (s.m, v) if self.learning == "off" else belief.learnt(s.m, v, s.heat[0], signal)
        heat = problem.temperature.step(s.heat, problem.radiation(s.carbon, s.t))
        return problem.carbon.step(s.carbon, self.emissions(s, x)), heat.at[0].add(signal), m, jnp.log(v)

    def transition(self, s, x, shock):
        k = (self.resources(s, x) - self.consumption(s, x)) / self.problem().growth_factor(s.t)
        return self.State(k, *self.nature(s, x, shock), t=s.t + 1)

    def later(self, s):
        """Weight of all later years beside today's, `N - 1`, with a constant growth after the last of `SUMMED`."""
        weights = jnp.cumprod(self.problem().discount_factor(s.t + jnp.arange(float(SUMMED))))
        return jnp.sum(weights) + weights[-1] * weights[-1] / (weights[-2] - weights[-1])

    def worth(self, s, x):
        """Goods of the year, net of the price of its emissions, per unit of capital and of heat."""

        def goods(k, heat):
            at = s._replace(k=k, heat=heat)
            return self.resources(at, x) - x.price * self.emissions(at, x)

        return jax.grad(goods, (0, 1))(s.k, s.heat)

    def costs(self, x):
        return x.carbon_cost, x.heat_cost, x.mean_cost, x.variance_cost

    def residuals(self, s, x, E):
        kappa, aversion, c = 1 - 1 / self.psi, 1 - self.gamma, self.consumption(s, x)
        discount, growth = self.problem().discount_factor(s.t), self.problem().growth_factor(s.t)
        own, gain = jnp.log(c / x.value), lambda x1: jnp.log(x1.value / x.value)
        certain = sp.log_of_power(E(lambda s1, x1: sp.power(gain(x1), aversion)), aversion)  # log(R/w)

        def goods(s1, x1):
            """M'."""
            marginal = (self.consumption(s1, x1) / c) ** (kappa - 1)
            return discount * marginal * jnp.exp((aversion - kappa) * (gain(x1) - certain))

        def passed_on(shock, s1, x1):
            """What costs tomorrow makes of a unit of carbon, heat, mean and variance today."""

            def nature(carbon, heat, m, log_v):
                return self.nature(s._replace(carbon=carbon, heat=heat, m=m, log_v=log_v), x, shock)

            back = jax.vjp(nature, s.carbon, s.heat, s.m, s.log_v)[1](self.costs(x1))
            return jax.tree.map(lambda cost: goods(s1, x1) * cost, back)

        carbon, heat, mean, variance = E.with_shock(passed_on)
        return {
            "value": sp.power(own, kappa) + self.later(s) * sp.power(certain, kappa),
            "capital": E(lambda s1, x1: goods(s1, x1) * self.worth(s1, x1)[0]) / growth - 1,
            "price": E(lambda s1, x1: goods(s1, x1) * x1.carbon_cost[0]) / x.price - 1,
            "carbon": carbon / x.carbon_cost - 1,
            "heat": (heat - self.worth(s, x)[1]) / x.heat_cost - 1,
            "mean": mean / x.mean_cost - 1,
            "variance": (variance - x.variance_cost) / c,
        }

    def definitions(self, s, x):
        problem, labour = self.problem(), self.problem().effective_labour(s.t)
        dollars = labour / climate.CO2_PER_CARBON
        return {
            "scc": x.carbon_cost[0] / self.worth(s, x)[0] * dollars,
            "scc_emitted": x.price * dollars,
            "tax": self.spared(s) * problem.marginal_cost(x.mu, s.t),
            "emissions": 1000 * climate.CO2_PER_CARBON * self.emissions(s, x),
            "stock": s.k * labour,
            "output": self.output(s) * labour,
            "consumption": self.consumption(s, x) * labour,
            "damages": 1 - self.spared(s),
        }
