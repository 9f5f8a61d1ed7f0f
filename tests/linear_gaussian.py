"""An AR(1) plus noise, as a state space and as a model: the test economy of likelihoods, where everything is known."""

from typing import Annotated, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

import saddlepath as sp
from saddlepath.estimate.kalman import LinearStateSpace
from saddlepath.marginals import Uniform
from saddlepath.prior import Prior

PRIOR = Prior(rho=Uniform(0.3, 0.98), sigma=Uniform(0.5, 1.5), noise=Uniform(0.2, 1.0))


class Autoregression(sp.Model):
    """`z' = rho z + sigma e`, of which `level = z` is seen."""

    rho: float = sp.parameter(0.9, "persistence", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(1.0, "s.d. of the innovation", within=sp.NonNegative())

    class State(NamedTuple):
        z: Annotated[sp.Scalar, sp.label("state")]

    class Policy(NamedTuple):
        level: Annotated[sp.Scalar, sp.label("level")]

    def shocks(self):
        return sp.Normal(1)

    def transition(self, s, x, shock):
        return self.State(z=self.rho * s.z + self.sigma * shock[0])

    def residuals(self, s, x, E):
        return {"level": x.level - s.z}

    def exact(self, s):
        return self.Policy(level=s.z)


def space(theta: Array | np.ndarray) -> LinearStateSpace:
    """The state space at `theta = (rho, sigma, noise)`."""
    matrix = lambda value: jnp.reshape(value, (1, 1))
    theta = jnp.asarray(theta)
    return LinearStateSpace(matrix(theta[0]), matrix(theta[1]), jnp.ones((1, 1)), jnp.zeros(1), theta[2:3])
