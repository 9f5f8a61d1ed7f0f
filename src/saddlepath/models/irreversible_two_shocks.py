"""Stochastic growth with irreversible investment and shocks to productivity and to patience."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp

import saddlepath as sp


class IrreversibleTwoShocks(sp.Model):
    """Irreversible investment (Sargent, 1980, J. Polit. Econ.) with shocks to TFP and to the discount factor.

    `C + I = Y = a K^alpha`, `K' = (1-delta) K + I`, `I >= 0` with multiplier `mu`:
    `C^-gamma - mu = beta E[d' (C'^-gamma R' - (1-delta) mu')]` with `R = 1 - delta + alpha Y/K`, and `0 <= mu  perp
    I >= 0`. Tomorrow's `d'` multiplies the discount factor from today to tomorrow, so that today's `d` matters only by
    what it says of `d'`. Their logarithms follow `log a' = (1-rho_a) log productivity + rho_a log a + sigma_a e_a` and
    `log d' = rho_d log d + sigma_d e_d`.

    As in `IrreversibleGrowth` the rule returns desired consumption `(C^-gamma - mu)^(-1/gamma)`, what would be consumed
    if the capital stock could be eaten; then `C = min(desired, Y)` satisfies complementarity exactly.

    Calibration of the course "Deep Learning for Economics and Finance" (Geneva, 2025), day 4, whose rule takes alpha in
    [0.22, 0.38] and beta in [0.75, 0.95] as inputs; `gamma` is its tau, `productivity` its A*. Investment is zero in at
    most 0.25 % of periods there.
    """

    alpha: float = sp.parameter(0.30, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.85, "discount factor", unit="1/period", within=sp.Unit())
    delta: float = sp.parameter(0.10, "depreciation rate", unit="1/period", within=sp.Unit())
    gamma: float = sp.parameter(1.0, "relative risk aversion", within=sp.Positive())
    productivity: float = sp.parameter(1.0, "TFP at the steady state", within=sp.Positive())
    rho_a: float = sp.parameter(0.90, "persistence of log TFP", within=sp.Interval(-1.0, 1.0))
    sigma_a: float = sp.parameter(0.04, "s.d. of the TFP innovation", within=sp.NonNegative())
    rho_d: float = sp.parameter(0.80, "persistence of the log discount-factor shock", within=sp.Interval(-1.0, 1.0))
    sigma_d: float = sp.parameter(0.02, "s.d. of the discount-factor innovation", within=sp.NonNegative())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[sp.Scalar, sp.label("log TFP")]
        d: Annotated[sp.Scalar, sp.label("log discount-factor shock")]

    class Policy(NamedTuple):
        desired: Annotated[sp.Scalar, sp.label("desired consumption over cash at hand")]
        consumption: Annotated[sp.Scalar, sp.label("consumption", "goods")]
        multiplier: Annotated[sp.Scalar, sp.label("multiplier of investment", "utils/good")]

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real(), d=sp.Real())

    def policy_range(self):
        return self.Policy(desired=sp.Unit(), consumption=sp.Completed(), multiplier=sp.Completed())

    def shocks(self):
        return sp.Normal(2)

    def output(self, s):
        return jnp.exp(s.z) * s.k**self.alpha

    def desired(self, s, x):
        """Consumption if capital could be eaten. [goods]"""
        return x.desired * (self.output(s) + (1 - self.delta) * s.k)

    def complete(self, s, x):
        investment, _ = sp.split(self.output(s) - self.desired(s, x))
        c = self.output(s) - investment
        return x._replace(consumption=c, multiplier=c**-self.gamma - self.desired(s, x) ** -self.gamma)

    def investment(self, s, x):
        return self.output(s) - x.consumption

    def transition(self, s, x, shock):
        return self.State(
            k=(1 - self.delta) * s.k + self.investment(s, x),
            z=(1 - self.rho_a) * jnp.log(self.productivity) + self.rho_a * s.z + self.sigma_a * shock[0],
            d=self.rho_d * s.d + self.sigma_d * shock[1],
        )

    def residuals(self, s, x, E):
        def discounted_value(s1, x1):
            gross = 1 - self.delta + self.alpha * self.output(s1) / s1.k
            value = gross * x1.consumption**-self.gamma - (1 - self.delta) * x1.multiplier
            return jnp.exp(s1.d) * value

        planned = (self.beta * E(discounted_value)) ** (-1 / self.gamma)
        return {"euler": planned / self.desired(s, x) - 1}

    def definitions(self, s, x):
        return {
            "output": self.output(s),
            "investment": self.investment(s, x),
            "consumption_capital": x.consumption / s.k,
        }
