"""International real business cycles: many countries, complete markets, capital that is costly to adjust."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

import saddlepath as sp


class IRBC(sp.Model):
    """International real business cycle with complete markets (Brumm and Scheidegger, 2017, Econometrica, section 4).

    A planner divides the world's goods among `N` countries. Country `j` produces `A exp(z) k^zeta`, changes its capital
    at the cost `kappa/2 k g^2` with `g = k'/k - 1`, and consumes `c = (lam/tau)^(-psi)`, where `lam` is the world's
    marginal utility and `psi` the country's elasticity of intertemporal substitution. Productivity is
    `z' = rho z + sigma (e + e0)` with a country's own and the world's innovation. Euler equation of capital:
    `lam (1 + kappa g) = beta E[lam' (zeta A exp(z') k'^(zeta-1) + 1 - delta + kappa/2 g' (g' + 2))]`.

    The rule returns the right-hand side, the value of a unit of capital in every country. Investment follows from
    it, `1 + kappa g = value/lam`, and `lam` clears the world's market for goods (`complete`); only the Euler equations
    are left. Values depend on the tastes of all countries through `lam` alone, so that countries are exchangeable.

    Quarterly calibration of the paper, elasticities evenly spaced from 0.25 to 1. `A` gives `k = 1` in the steady
    state. Deviation: weights `tau = (A - delta)^(1/psi)` instead of the paper's `A^(1/psi)`, so that `lam = 1` there.
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

    exchangeable = ("k", "z")

    def state_range(self):
        shape = (self.countries,)
        return self.State(k=sp.Positive(shape), z=sp.Real(shape))

    def policy_range(self):
        shape = (self.countries,)
        return self.Policy(value=sp.Positive(shape, scale=0.1), capital=sp.Completed(shape), lam=sp.Completed())

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

    def growth(self, value, lam):
        """Growth of capital that a value of capital over marginal utility (Tobin's q) is worth. [-]"""
        return (value / lam - 1) / self.kappa

    def excess_supply(self, s, value, lam):
        """Goods that nobody consumes, invests or spends on adjustment. [goods]"""
        g = self.growth(value, lam)
        used = s.k * (g + self.delta + self.kappa / 2 * g**2)
        return jnp.sum(self.output(s) - used - self.consumption(lam))

    def complete(self, s, x):
        """World marginal utility clears the market for goods; capital follows."""
        middle = jnp.mean(jnp.log(x.value))
        log_lam = sp.clearing_price(lambda p: self.excess_supply(s, x.value, jnp.exp(p)), middle - 5, middle + 5)
        lam = jnp.exp(log_lam)
        return x._replace(capital=s.k * (1 + self.growth(x.value, lam)), lam=lam)

    def transition(self, s, x, shock):
        return self.State(k=x.capital, z=self.rho * s.z + self.sigma * (shock[:-1] + shock[-1]))

    def residuals(self, s, x, E):
        def payoff(s1, x1):
            g = x1.capital / s1.k - 1
            product = self.zeta * self.output(s1) / s1.k
            return x1.lam * (product + 1 - self.delta + self.kappa / 2 * g * (g + 2))

        return {"euler": self.beta * E(payoff) / x.value - 1}

    def definitions(self, s, x):
        investment = x.capital - (1 - self.delta) * s.k
        return {"output": self.output(s), "consumption": self.consumption(x.lam), "investment": investment}

    def steady_guess(self):
        one = jnp.ones(self.countries)
        return self.State(k=one, z=0 * one), self.Policy(value=one, capital=one, lam=jnp.ones(()))

    def initial(self, key):
        """Capital within about 10 % of the steady state, productivity as in the long run."""
        n = jax.random.truncated_normal(key, -3.0, 3.0, (2 * self.countries + 1,))
        own, world, capital = n[: self.countries], n[self.countries], n[self.countries + 1 :]
        z = self.sigma / jnp.sqrt(1 - self.rho**2) * (own + world)
        return self.State(k=jnp.exp(0.1 * capital), z=z)
