"""Stochastic growth with a limit on working time that binds in part of all periods."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp

import saddlepath as sp


class GrowthLabourCap(sp.Model):
    """Stochastic growth with elastic labour and a time limit `L <= cap`.

    As `GrowthLabour`, with the static condition `0 <= cap - L  perp  w / (chi L^theta C) - 1 >= 0`. Exercise 3 of the
    course "Deep Learning for Economics and Finance" (Geneva, 2025), day 2, in its calibration; the course's letters psi
    (weight of labour) and theta are `chi` and `frisch_inverse` here.

    Deviations. The course's solution keeps labour below 1.01 and measures the slack to 1.02, so that its limit can
    never bind; here one `cap` does both, and binds in 15 % of periods at 1.0, in 54 % at 0.975. The course puts it
    into a Fischer-Burmeister equation; here it is solved exactly, labour being the smaller of the cap and what the
    static condition asks for given consumption. The rule returns consumption, which is almost smooth where the cap
    begins to bind; the saving share and labour are not. Errors below 1e-5 at 0.975 need
    `quadrature=sp.GaussHermite(9)`: five nodes step over the kink.
    """

    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.99, "discount factor", unit="1/period", within=sp.Unit())
    delta: float = sp.parameter(0.10, "depreciation rate", unit="1/period", within=sp.Unit())
    rho: float = sp.parameter(0.90, "persistence of log TFP", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.04, "s.d. of the TFP innovation", within=sp.NonNegative())
    chi: float = sp.parameter(1.0, "weight of the disutility of labour", within=sp.Positive())
    frisch_inverse: float = sp.parameter(1.0, "inverse Frisch elasticity", within=sp.NonNegative())
    cap: float = sp.parameter(1.0, "limit on working time", unit="hours", within=sp.Positive())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[sp.Scalar, sp.label("log TFP")]

    class Policy(NamedTuple):
        consumed: Annotated[sp.Scalar, sp.label("consumption over output at the cap")]
        labour: Annotated[sp.Scalar, sp.label("labour", "hours")]

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real())

    def policy_range(self):
        return self.Policy(consumed=sp.Unit(), labour=sp.Completed())

    def shocks(self):
        return sp.Normal(1)

    def production(self, s, labour):
        return jnp.exp(s.z) * s.k**self.alpha * labour ** (1 - self.alpha)

    def consumption(self, s, x):
        return x.consumed * self.production(s, self.cap)

    def complete(self, s, x):
        """Labour from its static condition, `chi L^theta C = (1-alpha) Y/L`, where that is below the cap."""
        wage_of_one_hour = (1 - self.alpha) * self.production(s, 1.0)
        free = (wage_of_one_hour / (self.chi * self.consumption(s, x))) ** (1 / (self.alpha + self.frisch_inverse))
        slack, _ = sp.split(self.cap - free)
        return x._replace(labour=self.cap - slack)

    def output(self, s, x):
        return self.production(s, x.labour)

    def transition(self, s, x, shock):
        k = (1 - self.delta) * s.k + self.output(s, x) - self.consumption(s, x)
        return self.State(k=k, z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            return (1 - self.delta + self.alpha * self.output(s1, x1) / s1.k) / self.consumption(s1, x1)

        return {"euler": 1 / (self.beta * self.consumption(s, x) * E(marginal_value)) - 1}

    def definitions(self, s, x):
        output, c = self.output(s, x), self.consumption(s, x)
        wedge = (1 - self.alpha) * output / (self.chi * x.labour ** (1 + self.frisch_inverse) * c) - 1
        limit = {"slack": 1 - x.labour / self.cap, "wedge": wedge}
        return {"output": output, "consumption": c, "saving": 1 - c / output, **limit}
