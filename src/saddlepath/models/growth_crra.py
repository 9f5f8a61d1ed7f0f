"""Stochastic growth with constant relative risk aversion: the economy with published errors of polynomials."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp

import saddlepath as sp


class GrowthCRRA(sp.Model):
    """Stochastic growth with constant relative risk aversion (Coleman, Lyon, Maliar and Maliar, 2021, Comput. Econ.).

    `max E sum beta^t (c^(1-gamma) - 1) / (1-gamma)`, `c + k' = (1-delta) k + A exp(z) k^alpha`, with the Euler equation
    `c^-gamma = beta E[c'^-gamma (1 - delta + alpha A exp(z') k'^(alpha-1))]`. `A` gives `k = 1` in the steady state.
    The rule returns consumption as a share of output and undepreciated capital. The residual is the paper's error in
    units of marginal utility, `1 - beta E[...] / c^-gamma`; divided by `gamma` it is about a share of consumption.

    Quarterly calibration of the paper. Its second state is the level of productivity, `exp(z)`.
    """

    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.99, "discount factor", unit="1/quarter", within=sp.Unit())
    gamma: float = sp.parameter(2.0, "relative risk aversion", within=sp.Positive())
    delta: float = sp.parameter(0.02, "depreciation rate", unit="1/quarter", within=sp.Unit())
    rho: float = sp.parameter(0.95, "persistence of log productivity", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.01, "s.d. of the innovation", within=sp.NonNegative())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[sp.Scalar, sp.label("log productivity")]

    class Policy(NamedTuple):
        share: Annotated[sp.Scalar, sp.label("share of resources consumed")]

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real())

    def policy_range(self):
        return self.Policy(share=sp.Unit())

    def shocks(self):
        return sp.Normal(1)

    def scale(self):
        """Productivity `A` at which capital is one in the steady state. [goods]"""
        return (1 / self.beta - 1 + self.delta) / self.alpha

    def output(self, s):
        return self.scale() * jnp.exp(s.z) * s.k**self.alpha

    def resources(self, s):
        return (1 - self.delta) * s.k + self.output(s)

    def consumption(self, s, x):
        return x.share * self.resources(s)

    def transition(self, s, x, shock):
        return self.State(k=(1 - x.share) * self.resources(s), z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        c = self.consumption(s, x)

        def marginal_value(s1, x1):
            gross_return = 1 - self.delta + self.alpha * self.output(s1) / s1.k
            return (self.consumption(s1, x1) / c) ** -self.gamma * gross_return

        return {"euler": 1 - self.beta * E(marginal_value)}

    def definitions(self, s, x):
        c, y = self.consumption(s, x), self.output(s)
        return {"output": y, "consumption": c, "investment": y - c}
