"""Small economies with known answers, for tests that need a solution and no training."""

import functools
from typing import Annotated, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import saddlepath as sp
from saddlepath.models.brock_mirman import BrockMirman


@functools.cache
def exact_solution(model: type[sp.Model]) -> sp.Solution:
    """The closed form of a model as a solution, made once for all tests."""
    return sp.closed_form(model())


@functools.cache
def exact_family() -> sp.Solution:
    """The closed form of full depreciation over a box of two parameters."""
    return sp.closed_form(FullDepreciation(), over=sp.Box(alpha=(0.3, 0.4), beta=(0.9, 0.97)))


class FullDepreciation(BrockMirman):
    """The shipped economy at another discount factor, its Euler equation affine in the expectation.

    Then `ln k' = ln(alpha beta) + z + alpha ln k` and `z' = rho z + sigma e`: logs are linear and normal.
    """

    beta: float = sp.parameter(0.96, "discount factor", unit="1/period", within=sp.Unit())

    def residuals(self, s, x, E):
        def marginal_return(s1, x1):
            return self.alpha * self.output(s1) / s1.k / self.consumption(s1, x1)

        return {"euler": self.beta * self.consumption(s, x) * E(marginal_return) - 1}


class TwoTechnologies(FullDepreciation):
    """The same planner with two productivities and a regime that multiplies output; still exact."""

    spread: float = sp.parameter(0.05, "log productivity of the good regime", within=sp.NonNegative())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[Float[Array, "2"], sp.label("log productivities")]
        regime: Annotated[sp.Scalar, sp.label("regime")]

    def state_range(self):
        return self.State(k=sp.Positive(), z=sp.Real((2,)), regime=sp.Real())

    def chain(self):
        level = self.spread * jnp.asarray([-1.0, 1.0])
        return sp.MarkovChain([[0.9, 0.1], [0.3, 0.7]], regime="regime", values=level)

    def shocks(self):
        return sp.Independent(tfp=sp.Normal(2), mood=self.chain())

    def output(self, s):
        return jnp.exp(jnp.sum(s.z) + self.chain().value(s.regime)) * s.k**self.alpha

    def transition(self, s, x, shock):
        z = self.rho * s.z + self.sigma * np.array([1.0, 0.5]) * shock["tfp"]
        return self.State(k=x.saving * self.output(s), z=z, regime=shock["mood"])
