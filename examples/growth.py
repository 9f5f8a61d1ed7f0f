# %% [markdown]
# # A first solution
#
# Brock and Mirman (1972): a planner with logarithmic utility owns capital that depreciates fully and a
# technology with random productivity. The optimal saving rate is known by hand: save the share `alpha *
# beta` of output, always. That makes the model a good first test of any solver, this one included.
#
# A model is a class. Its fields are parameters, `State` is what must be known to decide, `Policy` what is
# decided, and its methods are the equations of one point in time and state.

# %%
from typing import Annotated, NamedTuple

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp


class BrockMirman(sp.Model):
    """Stochastic growth with log utility and full depreciation (Brock and Mirman, 1972, J. Econ. Theory)."""

    alpha: float = sp.parameter(0.36, "capital share", within=sp.Unit())
    beta: float = sp.parameter(0.96, "discount factor", unit="1/period", within=sp.Unit())
    rho: float = sp.parameter(0.90, "persistence of log productivity", within=sp.Interval(-1.0, 1.0))
    sigma: float = sp.parameter(0.04, "s.d. of the innovation", within=sp.NonNegative())

    class State(NamedTuple):
        k: Annotated[sp.Scalar, sp.label("capital", "goods")]
        z: Annotated[sp.Scalar, sp.label("log productivity")]

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
        def marginal_return(s1, x1):
            return self.alpha * self.output(s1) / s1.k / self.consumption(s1, x1)

        return {"euler": self.beta * self.consumption(s, x) * E(marginal_return) - 1}

    def definitions(self, s, x):
        return {"output": self.output(s), "consumption": self.consumption(s, x)}

    def exact(self, s):
        return self.Policy(saving=self.alpha * self.beta)


model = BrockMirman()
model

# %% [markdown]
# ## Check, then solve
#
# `check` evaluates the equations at the steady state and around it and reports, in words, what does not
# fit.

# %%
sp.check(model)

# %% [markdown]
# `solve` finds the steady state, linearises around it, and trains a correction until the Euler errors on
# fresh simulated paths are below the tolerance. The linear solution is exact for this model in the
# coordinates that the library chooses, so we begin with random weights to see it learn.

# %%
solution = sp.solve(model, tol=1e-6, start="random")
solution

# %% [markdown]
# The decision rule is a function. It returns the saving rate that we know by hand:

# %%
saving = float(solution(k=0.2, z=0.05).saving)
print(f"saving rate {saving:.7f}, by hand {model.alpha * model.beta:.7f}")

# %% [markdown]
# ## How wrong is it?
#
# Each residual is a fraction of consumption. The report uses states that training has never seen and a
# finer quadrature than the one used to solve.

# %%
sp.euler_errors(solution)

# %% [markdown]
# ## What does the economy do?
#
# A simulation is a labelled dataset with dimensions for path and time, and a unit for every variable.

# %%
panel = sp.simulate(solution, periods=500, paths=200, burn_in=100, seed=1)
sp.moments(panel)

# %% [markdown]
# With full depreciation the mean and the variance of log capital are known too: `E ln k = ln(alpha beta) /
# (1 - alpha)`.

# %%
print(f"simulated {float(np.log(panel['k']).mean()):.4f}")
print(f"by hand   {np.log(model.alpha * model.beta) / (1 - model.alpha):.4f}")

# %% [markdown]
# An impulse response compares paths with and without a shock today, all other shocks drawn alike.

# %%
response = sp.impulse_response(solution, periods=20)
response

# %% [markdown]
# And a decision rule is best looked at as a slice: next period's capital against today's, for three levels
# of productivity.

# %%
figure, axes = plt.subplots(figsize=(6, 4))
capital = np.linspace(0.1, 0.35, 60)
for z in (-0.2, 0.0, 0.2):
    saving = solution(k=capital, z=np.full(60, z)).saving
    axes.plot(capital, saving * np.exp(z) * capital**model.alpha, label=f"log productivity {z:+.1f}")
axes.plot(capital, capital, color="grey", linestyle=":", label="45 degrees")
axes.set(xlabel="capital today", ylabel="capital tomorrow")
axes.legend()
