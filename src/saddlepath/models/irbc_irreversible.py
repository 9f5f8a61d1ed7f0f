"""International real business cycles in which installed capital can be neither consumed nor shipped."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

import saddlepath as sp


class IrreversibleIRBC(sp.Model):
    """International real business cycle with irreversible investment (Brumm and Scheidegger, 2017, Econometrica, s. 4).

    As `IRBC`, and investment of no country may be negative: `I = k' - (1 - delta) k >= 0` with multiplier `mu`. Euler
    equation: `lam (1 + kappa g) - mu = beta E[lam' (zeta A exp(z') k'^(zeta-1) + 1 - delta + kappa/2 g' (g' + 2)) -
    (1 - delta) mu']` and `0 <= mu  perp  I >= 0`.

    The rule returns the right-hand side, the value of a unit of capital in every country. A country invests where this
    exceeds `lam (1 - kappa delta)`, what the first unit costs; elsewhere `mu` is the difference. `lam` clears the
    world's market for goods. So resources and complementarity hold exactly at every state and there is always
    something left to consume; only the Euler equations are left, and the rule is almost smooth where the constraint
    begins to bind. A residual `r` of the Euler equation bounds the Fischer-Burmeister residual in `mu/lam` by `2 |r|`.

    Quarterly calibration of the paper, with the deviation of `IRBC`; with `sigma = 0.01` the constraint binds in about
    a quarter of the paper's box and hardly ever on simulated paths, with `sigma = 0.03` it also does on these.
    """

    beta: float = sp.parameter(0.99, "discount factor", unit="1/quarter", within=sp.Unit())
    zeta: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    delta: float = sp.parameter(0.01, "depreciation rate", unit="1/quarter", within=sp.Unit())
    rho: float = sp.parameter(0.95, "persistence of log productivity", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.01, "s.d. of the own and of the world's innovation", within=sp.NonNegative())
    kappa: float = sp.parameter(0.5, "cost of adjusting capital", within=sp.Positive())
    psi_low: float = sp.parameter(0.25, "lowest elasticity of intertemporal substitution", within=sp.Positive())
    psi_high: float = sp.parameter(1.0, "highest elasticity of intertemporal substitution", within=sp.Positive())
    countries: int = sp.parameter(2, "number of countries", within=sp.Interval(1, 1000))

    class State(NamedTuple):
        k: Annotated[Float[Array, " countries"], sp.label("capital", "goods")]
        z: Annotated[Float[Array, " countries"], sp.label("log productivity")]

    class Policy(NamedTuple):
        value: Annotated[Float[Array, " countries"], sp.label("value of a unit of capital", "utils/good")]
        capital: Annotated[Float[Array, " countries"], sp.label("capital of the next period", "goods")]
        lam: Annotated[sp.Scalar, sp.label("marginal utility of the world", "utils/good")]
        mu: Annotated[Float[Array, " countries"], sp.label("multiplier of investment", "utils/good")]

    exchangeable = ("k", "z")

    def state_range(self):
        shape = (self.countries,)
        return self.State(k=sp.Positive(shape), z=sp.Real(shape))

    def policy_range(self):
        shape = (self.countries,)
        free, filled = sp.Positive(shape, scale=0.1), sp.Completed(shape)
        return self.Policy(value=free, capital=filled, lam=sp.Completed(), mu=filled)

    def shocks(self):
        return sp.Normal(self.countries + 1)

    def scale(self):
        """Productivity `A` at which capital is one in the steady state. [goods]"""
        return (1 - self.beta * (1 - self.delta)) / (self.zeta * self.beta)

    def psi(self):
        """Elasticities of intertemporal substitution `[countries]`. [-]"""
        return jnp.linspace(self.psi_low, self.psi_high, self.countries)

    def output(self, s):
        return self.scale() * jnp.exp(s.z) * s.k**self.zeta

    def consumption(self, lam):
        """Consumption of all countries `[countries]`; `tau` makes it equal across countries at `lam = 1`. [goods]"""
        return (self.scale() - self.delta) * lam ** -self.psi()

    def investment(self, value, lam):
        """Investment over capital, and the multiplier over `lam`, at a value of capital, both `[countries]`. [-]"""
        rate, wedge = sp.split((value / lam - 1) / self.kappa + self.delta)
        return rate, self.kappa * wedge

    def excess_supply(self, s, value, lam):
        """Goods that nobody consumes, invests or spends on adjustment. [goods]"""
        rate, _ = self.investment(value, lam)
        used = s.k * (rate + self.kappa / 2 * (rate - self.delta) ** 2)
        return jnp.sum(self.output(s) - used - self.consumption(lam))

    def complete(self, s, x):
        """World marginal utility clears the market for goods; capital and multipliers follow."""
        middle = jnp.mean(jnp.log(x.value))
        log_lam = sp.clearing_price(lambda p: self.excess_supply(s, x.value, jnp.exp(p)), middle - 5, middle + 5)
        lam = jnp.exp(log_lam)
        rate, wedge = self.investment(x.value, lam)
        return x._replace(capital=s.k * (1 - self.delta + rate), lam=lam, mu=lam * wedge)

    def transition(self, s, x, shock):
        return self.State(k=x.capital, z=self.rho * s.z + self.sigma * (shock[:-1] + shock[-1]))

    def residuals(self, s, x, E):
        def payoff(s1, x1):
            g = x1.capital / s1.k - 1
            product = self.zeta * self.output(s1) / s1.k
            gross = product + 1 - self.delta + self.kappa / 2 * g * (g + 2)
            return x1.lam * gross - (1 - self.delta) * x1.mu

        return {"euler": self.beta * E(payoff) / x.value - 1}

    def definitions(self, s, x):
        investment = x.capital - (1 - self.delta) * s.k
        return {"output": self.output(s), "consumption": self.consumption(x.lam), "investment": investment}

    def steady_guess(self):
        one = jnp.ones(self.countries)
        return self.State(k=one, z=0 * one), self.Policy(value=one, capital=one, lam=jnp.ones(()), mu=0 * one)

    def initial(self, key):
        """Capital within about 10 % of the steady state, productivity as in the long run."""
        n = jax.random.truncated_normal(key, -3.0, 3.0, (2 * self.countries + 1,))
        own, world, capital = n[: self.countries], n[self.countries], n[self.countries + 1 :]
        z = self.sigma / jnp.sqrt(1 - self.rho**2) * (own + world)
        return self.State(k=jnp.exp(0.1 * capital), z=z)
