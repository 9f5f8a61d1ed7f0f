"""Stochastic growth with many sectors: the test economy of Gaussian-process dynamic programming."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

import saddlepath as sp

LEAST = 0.01
"""Consumption, relative to the steady state's, below which utility is replaced by its tangent [-]."""


class MultisectorGrowth(sp.Model):
    """Growth with `n` `sectors`, adjustment costs and elastic labour (Scheidegger and Bilionis, 2019, J. Comput. Sci.).

    Every sector produces `f = a k^psi l^(1-psi)` and invests at a cost `(zeta/2) k (i - delta)^2`, with `i` its
    investment per unit of capital. The goods of all sectors are one good, so that consumption, whose utility is the
    same in every sector, is the same too: total resources over `n`,

        n c = sum_j (f_j + delta k_j - i_j k_j - (zeta/2) k_j (i_j - delta)^2).

    Output is net of depreciation as in the source, hence `delta k_j`. Capital becomes
    `k_j' = (1 - delta + i_j) k_j + sigma eps_j`, a shock that adds. The planner maximises
    `sum_j ((c/a)^(1-gamma) - 1)/(1-gamma) - (1-psi) (l_j^(1+eta) - 1)/(1+eta)`. With `a = (1-beta)/(psi beta)` the
    deterministic steady state is `k = l = 1`, `c = a`, `i = delta`.
    """

    sectors: int = sp.parameter(1, "number of sectors", within=sp.Interval(1, 1000))
    beta: float = sp.parameter(0.96, "discount factor", within=sp.Unit())
    delta: float = sp.parameter(0.06, "depreciation rate", within=sp.Unit())
    zeta: float = sp.parameter(0.5, "adjustment costs", within=sp.NonNegative())
    psi: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    gamma: float = sp.parameter(2.0, "relative risk aversion", within=sp.Positive())
    eta: float = sp.parameter(1.0, "inverse elasticity of labour supply", within=sp.NonNegative())
    sigma: float = sp.parameter(0.01, "s.d. of the shock to capital", unit="goods", within=sp.NonNegative())

    exchangeable = ("k",)

    class State(NamedTuple):
        k: Annotated[Float[Array, " sectors"], sp.label("capital", "goods")]

    class Policy(NamedTuple):
        investment: Annotated[Float[Array, " sectors"], sp.label("investment per unit of capital")]
        labour: Annotated[Float[Array, " sectors"], sp.label("labour", "steady state")]

    def state_range(self):
        return self.State(k=sp.Positive(shape=(self.sectors,)))

    def policy_range(self):
        return self.Policy(investment=sp.Real(shape=(self.sectors,)), labour=sp.Positive(shape=(self.sectors,)))

    def shocks(self):
        return sp.Normal(self.sectors)

    @property
    def discount(self):
        return self.beta

    @property
    def productivity(self):
        return (1 - self.beta) / (self.psi * self.beta)

    def output(self, s, x):
        return self.productivity * s.k**self.psi * x.labour ** (1 - self.psi)

    def consumption(self, s, x):
        """Consumption in every sector; negative where investment takes more than there is."""
        costs = self.zeta / 2 * s.k * (x.investment - self.delta) ** 2
        return jnp.mean(self.output(s, x) + (self.delta - x.investment) * s.k - costs)

    def period_return(self, s, x):
        c = self.consumption(s, x) / self.productivity
        least = jnp.maximum(c, LEAST)  # below, utility goes on as its tangent: finite, and far worse than any plan
        enjoyed = sp.power(jnp.log(least), 1 - self.gamma) + (c - least) * LEAST**-self.gamma
        worked = (1 - self.psi) * sp.power(jnp.log(x.labour), 1 + self.eta)
        return self.sectors * enjoyed - jnp.sum(worked)

    def transition(self, s, x, shock):
        return self.State(k=(1 - self.delta + x.investment) * s.k + self.sigma * shock)

    def definitions(self, s, x):
        return {"consumption": self.consumption(s, x), "output": jnp.sum(self.output(s, x))}

    def steady_guess(self):
        one = jnp.ones(self.sectors)
        return self.State(k=one), self.Policy(investment=self.delta * one, labour=one)
