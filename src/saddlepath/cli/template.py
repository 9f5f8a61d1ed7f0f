"""What `saddlepath new` writes: a commented model that solves as it stands."""

_TEMPLATE = '''"""{name}: say here what the model is, and which paper it follows."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp

import saddlepath as sp


class {name}(sp.Model):
    """Stochastic growth with partial depreciation: replace it by your model, method by method.

    Everything below is written for ONE point: one state, one policy. The library does the batches, the
    expectation, the steady state, the training and the tests.
    """

    # Parameters: value, meaning, unit, domain. `--set calibration.beta=0.97` changes one for one run.
    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.96, "discount factor", unit="1/period", within=sp.Unit())
    gamma: float = sp.parameter(2.0, "relative risk aversion", within=sp.Positive())
    delta: float = sp.parameter(0.10, "depreciation rate", unit="1/period", within=sp.Unit())
    rho: float = sp.parameter(0.90, "persistence of log productivity", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.02, "s.d. of the innovation", within=sp.NonNegative())

    # What is known at the start of a period.
    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[sp.Scalar, sp.label("log productivity")]

    # What the decision rule returns: as many numbers as there are equations below.
    class Policy(NamedTuple):
        saving: Annotated[sp.Scalar, sp.label("gross investment", "share of resources")]

    # Domains. Positive states are standardised in logs; a share between 0 and 1 can violate no bound.
    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real())

    def policy_range(self):
        return self.Policy(saving=sp.Unit())

    # The law of the innovations: one standard normal number per period.
    def shocks(self):
        return sp.Normal(1)

    # Economics that several equations share.
    def output(self, s):
        return jnp.exp(s.z) * s.k**self.alpha

    def resources(self, s):
        return self.output(s) + (1 - self.delta) * s.k

    def consumption(self, s, x):
        return (1 - x.saving) * self.resources(s)

    # Next period's state.
    def transition(self, s, x, shock):
        return self.State(k=x.saving * self.resources(s), z=self.rho * s.z + self.sigma * shock[0])

    # Equilibrium conditions, one for each policy, each without unit. E averages over next period's states
    # `s1` and policies `x1`; a nonlinear function of an expectation stands outside E.
    def residuals(self, s, x, E):
        def marginal_value(s1, x1):
            gross_return = 1 - self.delta + self.alpha * self.output(s1) / s1.k
            return gross_return * self.consumption(s1, x1) ** -self.gamma

        expected = self.beta * E(marginal_value)
        return {{"euler": expected ** (-1 / self.gamma) / self.consumption(s, x) - 1}}

    # Further variables for simulations and reports.
    def definitions(self, s, x):
        return {{"output": self.output(s), "consumption": self.consumption(s, x)}}
'''


def template(name: str) -> str:
    """Text of a model file whose class is called `name`."""
    return _TEMPLATE.format(name=name)
