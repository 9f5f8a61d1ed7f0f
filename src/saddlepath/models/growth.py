"""Stochastic growth with partial depreciation, log utility and a saving share."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp

import saddlepath as sp
from saddlepath import Scalar


class Growth(sp.Model):
    """Stochastic growth with partial depreciation (Brock and Mirman, 1972, J. Econ. Theory).

    Euler equation `1/c = beta E[(1 - delta + alpha y'/k') / c']`, output `y = exp(z) k^alpha`, resources
    `c + k' = y + (1 - delta) k`. The rule returns gross investment as a share of output, which is inside (0, 1) for
    this calibration. Quarterly calibration of the course "Deep Learning for Economics and Finance" (Geneva, 2025),
    notebook 02.
    """

    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.99, "discount factor", unit="1/period", within=sp.Unit())
    delta: float = sp.parameter(0.10, "depreciation rate", unit="1/period", within=sp.Unit())
    rho: float = sp.parameter(0.90, "persistence of log TFP", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.04, "s.d. of the TFP innovation", within=sp.NonNegative())

    class State(NamedTuple):
        k: Annotated[Scalar, sp.label("capital", "goods")]
        z: Annotated[Scalar, sp.label("log TFP")]

    class Policy(NamedTuple):
        saving: Annotated[Scalar, sp.label("share of output saved")]

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real())

    def policy_range(self):
        return self.Policy(saving=sp.Unit())

    def shocks(self):
        return sp.Normal(1)

    def output(self, s):
        return jnp.exp(s.z) * s.k**self.alpha

    def consumption(self, s, x):
        return (1 - x.saving) * self.output(s)

    def transition(self, s, x, shock):
        k = (1 - self.delta) * s.k + x.saving * self.output(s)
        return self.State(k=k, z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            return (1 - self.delta + self.alpha * self.output(s1) / s1.k) / self.consumption(s1, x1)

        return {"euler": 1 / (self.beta * self.consumption(s, x) * E(marginal_value)) - 1}

    def definitions(self, s, x):
        return {"output": self.output(s), "consumption": self.consumption(s, x)}
