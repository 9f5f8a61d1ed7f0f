# %% [markdown]
# # A whole family at once
#
# Estimation, calibration and uncertainty all ask for the same model at many parameter values. Instead of
# many solves, make the parameters inputs of the decision rule: one solve then covers a box. The model does
# not change.

# %%
from typing import NamedTuple

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp


class BrockMirman(sp.Model):
    """Stochastic growth with log utility and full depreciation (Brock and Mirman, 1972)."""

    alpha: float = 0.36  # capital share [-]
    beta: float = 0.90  # discount factor [1/period]
    rho: float = 0.95  # persistence of log productivity [-]
    sigma: float = 0.01  # s.d. of the innovation [-]

    class State(NamedTuple):
        k: sp.Scalar  # capital [goods]
        z: sp.Scalar  # log productivity [-]

    class Policy(NamedTuple):
        saving: sp.Scalar  # share of output saved [-]

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
        def marginal_return(s1, x1):
            return self.alpha * self.output(s1) / s1.k / self.consumption(s1, x1)

        return {"euler": self.beta * self.consumption(s, x) * E(marginal_return) - 1}


# %% [markdown]
# The discount factor and the capital share become pseudo-states: every simulated path carries its own pair
# of values.

# %%
box = sp.Box(alpha=(0.26, 0.46), beta=(0.85, 0.95))
family = sp.solve(BrockMirman(), over=box, tol=1e-5)
family

# %% [markdown]
# `at` picks a member, which is a solution like any other. Its saving rate should be `alpha * beta`.

# %%
figure, axes = plt.subplots(figsize=(6, 4))
betas = np.linspace(0.85, 0.95, 15)
for alpha in (0.26, 0.36, 0.46):
    rates = [float(family.at(alpha=alpha, beta=beta)(k=0.2, z=0.0).saving) for beta in betas]
    axes.plot(betas, rates, label=f"alpha = {alpha}")
    axes.plot(betas, alpha * betas, "k.", markersize=3)
axes.set(xlabel="discount factor", ylabel="saving rate (dots: by hand)")
axes.legend()
# %% [markdown]
# A value outside the box is refused rather than extrapolated.

# %%
try:
    family.at(alpha=0.36, beta=0.99)
except sp.ConfigError as error:
    print(error)
