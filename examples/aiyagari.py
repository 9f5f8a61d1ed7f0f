# %% [markdown]
# # Uninsured income risk
#
# Households with risky income who may not borrow save as insurance. Aiyagari (1994) asks what that does to capital
# and the interest rate. One household has one asset and one risky efficiency of labour: no network is needed.
# `EndogenousGrid` runs time backward on endogenous grid points, and `stationary_distribution` says how many households
# end up with how much, without drawing anything at random.

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq

import saddlepath as sp
from saddlepath.models.aiyagari_household import AiyagariHousehold

model = AiyagariHousehold(gamma=3.0, rho=0.6, sigma=0.2)
sp.describe(model)

# %% [markdown]
# ## A household at a given interest rate
#
# The solver is told nothing about the household: it finds decisions and states from the model's own `residuals` and
# `transition`. The grid is made so long that nobody leaves it, and then finer until the errors meet the tolerance.

# %%
solution = sp.solve(model, sp.EndogenousGrid())
print(solution.outcome, "with", solution.how["nodes"], "over", solution.how["region"])
solution.accuracy

# %% [markdown]
# Consumption is cash where the limit binds, exactly, and rises ever more slowly in wealth beyond.

# %%
k = np.linspace(0.0, 8.0, 400)
figure, axes = plt.subplots(1, 2, figsize=(10, 3.5))
for z in (0, 3, 6):
    households = model.State(k=k, z=np.full(k.size, z))
    years = sp.simulate(solution, periods=2, paths=k.size, burn_in=0, start=households)
    axes[0].plot(k, years["consumption"].values[:, 0], label=f"efficiency {z + 1} of 7")
    axes[1].plot(k, years["k"].values[:, 1], label=f"efficiency {z + 1} of 7")
axes[1].plot(k, k, ":", color="grey")
axes[0].set(xlabel="assets", ylabel="consumption")
axes[1].set(xlabel="assets", ylabel="assets next year")
axes[0].legend()
figure.tight_layout()

# %% [markdown]
# ## Who holds what
#
# The histogram's own error is found with half as many nodes.

# %%
distribution = sp.stationary_distribution(solution)
print(distribution)
print(f"at the limit {distribution.share(0.0):.1%}, Gini {distribution.gini():.3f}, "
      f"richest tenth {distribution.top_share(0.1):.1%}")  # fmt: skip

# %% [markdown]
# The same households simulated, as a second opinion.

# %%
panel = sp.simulate(solution, periods=1, paths=2000, burn_in=1000, seed=1)
mean, noise = panel["assets"].values.mean(), panel["assets"].values.std() / np.sqrt(2000)
print(f"mean assets {distribution.mean('assets'):.3f}; of 2,000 simulated households {mean:.3f} (s.e. {noise:.3f})")

# %% [markdown]
# ## The interest rate
#
# Firms use capital up to its marginal product. In equilibrium that is what households hold.


# %%
def supply(r):
    household = AiyagariHousehold(gamma=3.0, rho=0.6, sigma=0.2, r=float(r))
    rule = sp.solve(household, sp.EndogenousGrid(), start=solution)
    return sp.stationary_distribution(rule).mean("assets")


def demand(r):
    return float(AiyagariHousehold(r=float(r)).capital_demand())


rate = brentq(lambda r: supply(r) - demand(r), 0.036, 0.0395, xtol=1e-6)
print(f"interest rate {100 * rate:.3f} % a year; an independent program finds 3.878 %")
print(f"without risk it would be {100 * (1 / model.beta - 1):.3f} %; risk raises capital by "
      f"{demand(rate) / demand(1 / model.beta - 1) - 1:.1%}")  # fmt: skip

# %% [markdown]
# The figure that the paper prints: what households hold grows without bound as the interest rate approaches their
# impatience.

# %%
rates = 1 / model.beta - 1 - np.geomspace(0.022, 0.0018, 7)
figure, axes = plt.subplots(1, 2, figsize=(10, 3.5))
axes[0].plot([supply(r) for r in rates], 100 * rates, "o-", label="held by households")
axes[0].plot([demand(r) for r in rates], 100 * rates, label="used by firms")
axes[0].axhline(100 * (1 / model.beta - 1), color="grey", linestyle=":")
axes[0].set(xlabel="capital", ylabel="interest rate, per cent")
axes[0].legend()
held = distribution.probabilities.sum(axis=1)
axes[1].plot(distribution.levels, np.cumsum(held))
axes[1].set(xlim=(0, 25), ylim=(0, 1), xlabel="assets", ylabel="share of households")
figure.tight_layout()
