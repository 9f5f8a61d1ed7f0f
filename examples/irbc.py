# %% [markdown]
# # Many countries
#
# The world economy of Brumm and Scheidegger (2017) is the standard test of methods for many states. A planner
# shares the world's goods among `N` countries, which differ in capital, productivity and in their willingness
# to substitute over time. Changing capital costs something, and productivity has an own and a world component.
# There are `2 N` states.
#
# Two properties make the model small, whatever `N` is:
#
# - **Goods clear exactly.** The rule returns the value of a unit of capital in every country. Investment follows
#   from the cost of adjustment, consumption from the world's marginal utility `lam`, and `lam` is the one number
#   that clears the market for goods. `sp.clearing_price` finds it inside the rule.
# - **Countries are exchangeable.** Tastes matter through `lam` alone, so one function serves all countries. The
#   model says so with `exchangeable = ("k", "z")`.

# %%
import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp
from saddlepath.models.irbc import IRBC

model = IRBC(countries=4)
sp.describe(model)

# %% [markdown]
# ## Solve
#
# Eight states, four Euler equations, and about six hundred weights; the same number would serve a hundred
# countries. Each of the equations is the relative error of what a unit of capital is worth.

# %%
network = sp.Network(width=16, moments=4)
solution = sp.solve(model, sp.LevenbergMarquardt(batch=64), network=network, tol=3e-6)
print(solution.outcome)
solution.accuracy

# %% [markdown]
# ## The rest point
#
# Euler equations do not rule out paths on which capital explodes, and the differences between countries die out
# slowly. So the test that matters is where the economy rests when no shock arrives. From 32 dispersed starts it
# comes to rest just below the deterministic steady state, `k = 1`.

# %%
rest = sp.stochastic_steady_state(solution)
print(rest.state.k)

# %% [markdown]
# ## A boom in one country
#
# Productivity of the first country rises by one standard deviation of its own innovation. Capital flows there.
# All countries consume more, those with a high elasticity of substitution most, because the world's marginal
# utility falls.

# %%
shock = np.zeros(5)
shock[0] = 1.0
calm = np.zeros((40, 5))
boom = calm.copy()
boom[0] = shock
start = model.State(*(np.asarray(v) for v in rest.state))
paths = [sp.simulate(solution, periods=40, start=start, shocks=shocks) for shocks in (calm, boom)]
figure, axes = plt.subplots(1, 2, figsize=(9, 3), sharex=True)
for axis, name in zip(axes, ("k", "consumption"), strict=True):
    before, after = (np.squeeze(path[name].values) for path in paths)
    axis.plot(100 * (after / before - 1), label=[f"country {j + 1}" for j in range(4)])
    axis.set(title=name, xlabel="quarters", ylabel="per cent")
axes[0].legend()
figure.tight_layout()

# %% [markdown]
# ## More countries, and investment that cannot be undone
#
# The same lines solve twenty countries (`IRBC(countries=20)`), with `equations=8` in the solver: eight of the
# twenty Euler equations, drawn anew at every state, teach as much as all of them. In `IrreversibleIRBC` installed
# capital can be neither consumed nor shipped. There the same value of capital also gives the multiplier: it is
# the cost of the first unit of investment less its value, where this is positive. Complementarity holds exactly
# and the rule hardly has a kink.
