"""A household that saves against income risk and may not borrow, at given prices."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

import saddlepath as sp

SPAN = 3.0
"""Largest log efficiency in the chain [unconditional s.d.]."""


class AiyagariHousehold(sp.Model):
    """Uninsured income risk and saving at a given interest rate (Aiyagari, 1994, Q. J. Econ.).

    A household with log efficiency of labour on a Markov chain chooses consumption, `c + a' = w e(z) + (1 + r) a`, and
    may borrow up to `limit`: `a' >= -limit`. Its state is what the limit leaves, `k = a + limit >= 0` (the paper's
    `a-hat`). Euler equation `c^-gamma >= beta (1 + r) E[c'^-gamma]`, with equality where the limit does not bind. The
    rule returns desired consumption, `(beta (1 + r) E[c'^-gamma])^(-1/gamma)` at the saving that follows; then
    `c = min(desired, cash)` satisfies limit and complementarity exactly, and the Euler equation is left.

    Competitive firms with output `K^alpha N^(1-alpha)` pay the wage that belongs to `r`; mean efficiency, and so
    labour, is one. In equilibrium `capital_demand` equals the households' mean assets; `sp.stationary_distribution`
    gives these.

    Calibration of the paper (annual), `gamma = 3`, `sigma = 0.2`, `rho = 0.6`: log efficiency of s.d. `sigma` on
    seven values from -3 to 3 s.d., with probabilities of Tauchen (1986, Econ. Lett.). Deviation: the paper prints no
    rule by which mean efficiency is one in its chain; here efficiency is divided by its mean.
    """

    beta: float = sp.parameter(0.96, "discount factor", unit="1/year", within=sp.Unit())
    gamma: float = sp.parameter(3.0, "relative risk aversion", within=sp.Positive())
    r: float = sp.parameter(0.0388, "interest rate", unit="1/year", within=sp.Interval(-0.08, 1.0))
    limit: float = sp.parameter(0.0, "largest debt", unit="goods", within=sp.NonNegative())
    rho: float = sp.parameter(0.6, "autocorrelation of log efficiency", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.2, "s.d. of log efficiency", within=sp.NonNegative())
    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    delta: float = sp.parameter(0.08, "depreciation rate", unit="1/year", within=sp.Unit())
    n_levels: int = sp.parameter(7, "number of levels of efficiency", within=sp.Interval(2, 99))

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("assets above the borrowing limit", "goods")]
        z: Annotated[Int[Array, ""], sp.label("level of efficiency")]

    class Policy(NamedTuple):
        desired: Annotated[sp.Scalar, sp.label("consumption if there were no limit today", "goods")]
        consumption: Annotated[sp.Scalar, sp.label("consumption", "goods")]

    def state_range(self):
        return self.State(k=sp.NonNegative(), z=sp.Interval(0, self.n_levels - 1))

    def policy_range(self):
        return self.Policy(desired=sp.Positive(), consumption=sp.Completed())

    def levels(self):
        """Efficiency of labour `[n_levels]`, with mean one in the long run. [-]"""
        chain = self.chain()
        efficiency = jnp.exp(self.sigma * np.linspace(-SPAN, SPAN, self.n_levels))
        return efficiency / (chain.stationary() @ efficiency)

    def chain(self):
        """The chain of Tauchen (1986), whose probabilities depend on `rho` alone."""
        values = np.linspace(-SPAN, SPAN, self.n_levels)
        edges = (values[1:] + values[:-1]) / 2
        innovation = jnp.sqrt(1 - jnp.square(self.rho))
        below = jax.scipy.special.ndtr((edges[None, :] - self.rho * values[:, None]) / innovation)
        ends = jnp.zeros((self.n_levels, 1)), jnp.ones((self.n_levels, 1))
        return sp.MarkovChain(jnp.diff(below, axis=1, prepend=ends[0], append=ends[1]), regime="z")

    def shocks(self):
        return self.chain()

    def efficiency(self, s):
        """Efficiency of labour; in the steady state `z` holds probabilities. [-]"""
        return jnp.tensordot(s.z, self.levels(), axes=1) if jnp.ndim(s.z) == 1 else self.levels()[s.z]

    def capital_demand(self):
        """Capital at which its marginal product, less depreciation, is the interest rate. [goods]"""
        return (self.alpha / (self.r + self.delta)) ** (1 / (1 - self.alpha))

    def wage(self):
        return (1 - self.alpha) * self.capital_demand() ** self.alpha

    def cash(self, s):
        """Most that can be consumed: income and assets above the limit, less interest on the limit. [goods]"""
        return self.wage() * self.efficiency(s) + (1 + self.r) * s.k - self.r * self.limit

    def complete(self, s, x):
        saved, _ = sp.split(self.cash(s) - x.desired)
        return x._replace(consumption=self.cash(s) - saved)

    def transition(self, s, x, shock):
        saved, _ = sp.split(self.cash(s) - x.desired)
        return self.State(k=saved, z=shock)

    def residuals(self, s, x, E):
        marginal_utility = E(lambda s1, x1: x1.consumption**-self.gamma)
        wanted = (self.beta * (1 + self.r) * marginal_utility) ** (-1 / self.gamma)
        return {"euler": wanted / x.desired - 1}

    def definitions(self, s, x):
        assets = s.k - self.limit
        income = self.wage() * self.efficiency(s) + self.r * assets
        return {"assets": assets, "income": income, "saving": income - x.consumption}

    def steady_guess(self):
        """Without risk an impatient household owns nothing and consumes its wage."""
        c = self.wage() - self.r * self.limit
        wanted = c * (self.beta * (1 + self.r)) ** (-1 / self.gamma)
        state = self.State(k=jnp.zeros(()), z=jnp.asarray(self.n_levels // 2))
        return state, self.Policy(desired=wanted, consumption=c)

    def initial(self, key):
        """Assets up to three times those that firms use per household."""
        asset_key, level_key = jax.random.split(key)
        z = jax.random.randint(level_key, (), 0, self.n_levels, dtype=jnp.int32)
        return self.State(k=3 * self.capital_demand() * jax.random.uniform(asset_key) + self.limit, z=z)
