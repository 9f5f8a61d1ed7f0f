"""Growth with full depreciation and no shocks: one state, one decision, a known answer."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp

import saddlepath as sp


class BrockMirmanDeterministic(sp.Model):
    """Deterministic growth with log utility and full depreciation (Brock and Mirman, 1972, J. Econ. Theory).

    Euler equation `1/c = beta alpha y'/(k' c')`, output `y = k^alpha`, resources `c + k' = y`; closed form
    `k' = alpha beta y`. Notebook 01, day 2, of the course "Deep Learning for Economics and Finance" (Geneva, 2025).
    """

    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.99, "discount factor", unit="1/period", within=sp.Unit())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]

    class Policy(NamedTuple):
        saving: Annotated[sp.Scalar, sp.label("share of output saved")]

    def state_range(self):
        return self.State(k=sp.Positive())

    def policy_range(self):
        return self.Policy(saving=sp.Unit())

    def shocks(self):
        return sp.NoShocks()

    def output(self, s):
        return s.k**self.alpha

    def consumption(self, s, x):
        return (1 - x.saving) * self.output(s)

    def transition(self, s, x, shock):
        return self.State(k=x.saving * self.output(s))

    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            return self.alpha * self.output(s1) / s1.k / self.consumption(s1, x1)

        return {"euler": 1 / (self.beta * self.consumption(s, x) * E(marginal_value)) - 1}

    def definitions(self, s, x):
        return {"output": self.output(s), "consumption": self.consumption(s, x)}

    def exact(self, s):
        return self.Policy(saving=jnp.asarray(self.alpha * self.beta))
