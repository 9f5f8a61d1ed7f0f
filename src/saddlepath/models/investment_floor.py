"""Stochastic growth with investment that may not fall far below its steady state."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp

import saddlepath as sp


class InvestmentFloor(sp.Model):
    """Growth with a floor under investment (Guerrieri and Iacoviello, 2015, J. Monet. Econ., section 3).

    `c + i = y = exp(z) k^alpha`, `k' = (1-delta) k + i`, `i >= phi i_ss` with multiplier `lam`: `c^-gamma - lam = beta
    E[c'^-gamma R' - (1-delta) lam']` with `R = 1 - delta + alpha y/k`, and `0 <= lam  perp  i >= phi i_ss`. The rule
    returns desired consumption, `(c^-gamma - lam)^(-1/gamma)`. Then `c = min(desired, y - phi i_ss)` and
    `lam = c^-gamma - desired^-gamma` satisfy the last three conditions exactly, the Euler equation is left, and the
    rule is almost smooth where the floor begins to bind.

    Calibration of the paper (annual). Deviations: the main text drops the date of `lam'`, its appendix and replication
    have it and so has this file; the paper studies single surprises, the innovation s.d. of 0.013 is our own choice.
    """

    alpha: float = sp.parameter(0.33, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.96, "discount factor", unit="1/year", within=sp.Unit())
    delta: float = sp.parameter(0.10, "depreciation rate", unit="1/year", within=sp.Unit())
    gamma: float = sp.parameter(2.0, "relative risk aversion", within=sp.Positive())
    rho: float = sp.parameter(0.90, "persistence of log TFP", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.013, "s.d. of the TFP innovation", within=sp.NonNegative())
    phi: float = sp.parameter(0.975, "floor over steady-state investment", within=sp.Unit())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[sp.Scalar, sp.label("log TFP")]

    class Policy(NamedTuple):
        desired: Annotated[sp.Scalar, sp.label("desired consumption over cash at hand")]
        consumption: Annotated[sp.Scalar, sp.label("consumption", "goods")]
        multiplier: Annotated[sp.Scalar, sp.label("multiplier of the floor", "utils/good")]

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real())

    def policy_range(self):
        return self.Policy(desired=sp.Unit(), consumption=sp.Completed(), multiplier=sp.Completed())

    def shocks(self):
        return sp.Normal(1)

    def floor(self):
        """`phi` times investment in the steady state without uncertainty. [goods]"""
        k = (self.alpha / (1 / self.beta - 1 + self.delta)) ** (1 / (1 - self.alpha))
        return self.phi * self.delta * k

    def output(self, s):
        return jnp.exp(s.z) * s.k**self.alpha

    def desired(self, s, x):
        """Consumption if there were no floor today. [goods]"""
        return x.desired * (self.output(s) + (1 - self.delta) * s.k)

    def marginal_utility(self, c):
        return c**-self.gamma

    def complete(self, s, x):
        above_floor, _ = sp.split(self.output(s) - self.floor() - self.desired(s, x))
        c = self.output(s) - self.floor() - above_floor
        multiplier = self.marginal_utility(c) - self.marginal_utility(self.desired(s, x))
        return x._replace(consumption=c, multiplier=multiplier)

    def investment(self, s, x):
        return self.output(s) - x.consumption

    def transition(self, s, x, shock):
        k = (1 - self.delta) * s.k + self.investment(s, x)
        return self.State(k=k, z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            gross = 1 - self.delta + self.alpha * self.output(s1) / s1.k
            return self.marginal_utility(x1.consumption) * gross - (1 - self.delta) * x1.multiplier

        return {"euler": (self.beta * E(marginal_value)) ** (-1 / self.gamma) / self.desired(s, x) - 1}

    def definitions(self, s, x):
        investment = self.investment(s, x)
        relative = {"investment_over_floor": investment / self.floor()}
        return {"output": self.output(s), "investment": investment, **relative}
