"""Stochastic growth in which installed capital cannot be consumed: gross investment may not be negative."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp

import saddlepath as sp


class IrreversibleGrowth(sp.Model):
    """Stochastic growth with irreversible investment and log utility (Sargent, 1980, J. Polit. Econ.).

    `C + I = Y = exp(z) K^alpha`, `K' = (1-delta) K + I`, `I >= 0` with multiplier `mu`: `1/C - mu = beta E[R'/C' -
    (1-delta) mu']` with `R = 1 - delta + alpha Y/K`, and `0 <= mu  perp  I >= 0`. The rule returns desired consumption,
    `1/(1/C - mu)`: what would be consumed if the capital stock could be eaten. Then `C = min(desired, Y)` and
    `mu = 1/C - 1/desired` satisfy the three conditions exactly, the Euler equation is left, and the rule is almost
    smooth where the constraint begins to bind.

    Own calibration: the growth model of the course "Deep Learning for Economics and Finance" (Geneva, 2025) with delta
    0.02 and sigma 0.14, so that the constraint binds in 17 % of periods; with the course's 0.10 and 0.04 it never does.
    """

    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.99, "discount factor", unit="1/period", within=sp.Unit())
    delta: float = sp.parameter(0.02, "depreciation rate", unit="1/period", within=sp.Unit())
    rho: float = sp.parameter(0.90, "persistence of log TFP", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.14, "s.d. of the TFP innovation", within=sp.NonNegative())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[sp.Scalar, sp.label("log TFP")]

    class Policy(NamedTuple):
        desired: Annotated[sp.Scalar, sp.label("desired consumption over cash at hand")]
        consumption: Annotated[sp.Scalar, sp.label("consumption", "goods")]
        multiplier: Annotated[sp.Scalar, sp.label("multiplier of investment", "utils/good")]

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real())

    def policy_range(self):
        return self.Policy(desired=sp.Unit(), consumption=sp.Completed(), multiplier=sp.Completed())

    def shocks(self):
        return sp.Normal(1)

    def output(self, s):
        return jnp.exp(s.z) * s.k**self.alpha

    def desired(self, s, x):
        """Consumption if capital could be eaten. [goods]"""
        return x.desired * (self.output(s) + (1 - self.delta) * s.k)

    def complete(self, s, x):
        investment, _ = sp.split(self.output(s) - self.desired(s, x))
        c = self.output(s) - investment
        return x._replace(consumption=c, multiplier=1 / c - 1 / self.desired(s, x))

    def investment(self, s, x):
        return self.output(s) - x.consumption

    def transition(self, s, x, shock):
        k = (1 - self.delta) * s.k + self.investment(s, x)
        return self.State(k=k, z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            gross = 1 - self.delta + self.alpha * self.output(s1) / s1.k
            return gross / x1.consumption - (1 - self.delta) * x1.multiplier

        return {"euler": 1 / (self.desired(s, x) * self.beta * E(marginal_value)) - 1}

    def definitions(self, s, x):
        return {"output": self.output(s), "investment": self.investment(s, x)}
