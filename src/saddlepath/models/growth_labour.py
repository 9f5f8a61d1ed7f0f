"""Stochastic growth with elastic labour: two decisions, an intertemporal and a static condition."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp

import saddlepath as sp


class GrowthLabour(sp.Model):
    """Stochastic growth with partial depreciation and elastic labour.

    `max E sum beta^t [ln C - chi L^(1+theta)/(1+theta)]`, `C + K' = exp(z) K^alpha L^(1-alpha) + (1-delta) K`, with
    `1/C = beta E[(1 - delta + alpha Y'/K') / C']` and `chi L^theta C = w = (1-alpha) Y/L`. Exercise 2 of the course
    "Deep Learning for Economics and Finance" (Geneva, 2025), day 2, in its calibration. The course's letters psi
    (weight of labour) and theta are `chi` and `frisch_inverse` here. The static condition is solved for labour inside
    the rule.
    """

    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.99, "discount factor", unit="1/period", within=sp.Unit())
    delta: float = sp.parameter(0.10, "depreciation rate", unit="1/period", within=sp.Unit())
    rho: float = sp.parameter(0.90, "persistence of log TFP", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.04, "s.d. of the TFP innovation", within=sp.NonNegative())
    chi: float = sp.parameter(1.0, "weight of the disutility of labour", within=sp.Positive())
    frisch_inverse: float = sp.parameter(1.0, "inverse Frisch elasticity", within=sp.NonNegative())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[sp.Scalar, sp.label("log TFP")]

    class Policy(NamedTuple):
        saving: Annotated[sp.Scalar, sp.label("share of output saved")]
        labour: Annotated[sp.Scalar, sp.label("labour", "hours")]

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real())

    def policy_range(self):
        return self.Policy(saving=sp.Unit(), labour=sp.Completed())

    def shocks(self):
        return sp.Normal(1)

    def complete(self, s, x):
        """Labour from its static condition, `chi L^(1+theta) (1 - saving) = 1 - alpha`."""
        labour = ((1 - self.alpha) / (self.chi * (1 - x.saving))) ** (1 / (1 + self.frisch_inverse))
        return x._replace(labour=labour)

    def output(self, s, x):
        return jnp.exp(s.z) * s.k**self.alpha * x.labour ** (1 - self.alpha)

    def wage(self, s, x):
        return (1 - self.alpha) * self.output(s, x) / x.labour

    def consumption(self, s, x):
        return (1 - x.saving) * self.output(s, x)

    def transition(self, s, x, shock):
        k = (1 - self.delta) * s.k + x.saving * self.output(s, x)
        return self.State(k=k, z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            return (1 - self.delta + self.alpha * self.output(s1, x1) / s1.k) / self.consumption(s1, x1)

        return {"euler": 1 / (self.beta * self.consumption(s, x) * E(marginal_value)) - 1}

    def definitions(self, s, x):
        c, wage = self.consumption(s, x), self.wage(s, x)
        gap = self.chi * x.labour**self.frisch_inverse * c / wage - 1
        return {"output": self.output(s, x), "consumption": c, "wage": wage, "labour_gap": gap}
