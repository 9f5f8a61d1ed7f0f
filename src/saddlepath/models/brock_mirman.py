"""Stochastic growth with full depreciation: the saving share is a constant, known in closed form."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp

import saddlepath as sp


class BrockMirman(sp.Model):
    """Stochastic growth with log utility and full depreciation (Brock and Mirman, 1972, J. Econ. Theory).

    Euler equation `1/c = beta E[alpha y'/(k' c')]`, output `y = exp(z) k^alpha`, resources `c + k' = y`. Closed form:
    `k' = alpha beta y` for any law of productivity. Calibration of the loss-function study of the course "Deep Learning
    for Economics and Finance" (Geneva, 2025); its production code uses beta 0.90, rho 0.95 and sigma 0.01.

    Deviation: in the course's version with beta as a pseudo-state the Euler equation reads the constant 0.9, so that
    the state is ignored. Here every equation reads the field `beta`, whether it is fixed or a pseudo-state.
    """

    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.99, "discount factor", unit="1/period", within=sp.Unit())
    rho: float = sp.parameter(0.90, "persistence of log TFP", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.04, "s.d. of the TFP innovation", within=sp.NonNegative())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[sp.Scalar, sp.label("log TFP")]

    class Policy(NamedTuple):
        saving: Annotated[sp.Scalar, sp.label("share of output saved")]

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
        return self.State(k=x.saving * self.output(s), z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            return self.alpha * self.output(s1) / s1.k / self.consumption(s1, x1)

        return {"euler": 1 / (self.beta * self.consumption(s, x) * E(marginal_value)) - 1}

    def definitions(self, s, x):
        return {"output": self.output(s), "consumption": self.consumption(s, x)}

    def exact(self, s):
        return self.Policy(saving=jnp.asarray(self.alpha * self.beta))
