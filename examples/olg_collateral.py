# %% [markdown]
# # Capital, a bond and collateral
#
# Many generations live side by side, each with two ways to save: capital, which costs something to buy or sell quickly,
# and a bond, which is in zero net supply. Who sells bonds borrows, and must own capital that covers the debt in the
# worst case. Azinovic, Gaegauf and Scheidegger (2022) solve it for 56 ages; here are twelve, a period of four to five
# years each. The model file serves any number.
#
# Three conditions hold exactly at every state, whatever the network says: capital is not negative, debt is covered,
# and the bond market clears. The rule returns two numbers per age, what a bond is worth to it and what a unit of
# capital is worth in bonds; portfolios, multipliers and the price of the bond follow from them.

# %%
import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp
from saddlepath.models.olg_collateral import CollateralOLG

model = CollateralOLG(ages=12)
sp.describe(model)

# %% [markdown]
# ## Solve and verify
#
# One small network serves all ages: it sees functions of age, what the age owns, total capital, and moments of
# everybody's holdings that it learns. Of the 22 equations a step draws eight at every state, and it remembers what
# earlier steps have said about the weights.

# %%
solution = sp.solve(
    model,
    sp.LevenbergMarquardt(batch=32, equations=8, memory=0.8),
    start="steady",
    sampling=sp.Paths(restart=0.02, spread=0.25),
    tol=5e-4,
    seconds=60.0,
)
print(solution.outcome.sentence)
solution.accuracy

# %% [markdown]
# Both errors are those of the paper: how far consumption is from what would make the equation hold, as a share of it.

# %%
errors = sp.euler_errors(solution)
for name in ("capital", "bond"):
    print(f"{name}: mean relative Euler error {100 * np.mean(np.abs(errors[name])):.3f} %")

# %% [markdown]
# ## Who owns, who owes
#
# The young buy capital with borrowed money, as much as their collateral allows. The middle-aged repay; the old hold
# bonds and sell their capital slowly, because selling is costly.

# %%
panel = sp.simulate(solution, periods=200, paths=20, burn_in=50, seed=1)
by_age = panel.mean(("path", "time"))
ages = np.arange(2, 13)
figure, axes = plt.subplots(1, 2, figsize=(10, 3.5))
axes[0].plot(ages, by_age["k"].values, label="capital")
axes[0].plot(ages, by_age["bonds"].values, label="bonds")
axes[0].axhline(0.0, color="grey", linewidth=0.5)
axes[0].set(xlabel="age (periods)", ylabel="goods at the start of the period")
axes[0].legend()
axes[1].bar(ages - 1, (panel["slack"] <= 0).mean(("path", "time")).values)
axes[1].set(xlabel="age (periods)", ylabel="share of periods with binding collateral")
figure.tight_layout()

# %%
excess = np.abs(panel["bonds"].values.sum(axis=-1)) / panel["output"].values
print(f"largest excess demand for bonds over output: {np.max(excess):.1e}")

# %% [markdown]
# ## What an unexpected loss does
#
# Depreciation is high in a few percent of years, often for several in a row. The response to a period of high
# depreciation, with productivity as it was, compares the expected path after it with that before anything is known,
# from the stochastic steady state. The price of the bond is its inverse return; that of capital differs because it
# cannot be sold freely.

# %%
rest = sp.stochastic_steady_state(solution)
loss = int(rest.state.z) + 2  # the regimes of high depreciation follow those of low
response = sp.impulse_response(solution, outcome=loss, at=rest.state, periods=12, draws=100)
response = response.sel(solution="global", statistic="mean")
figure, axes = plt.subplots(1, 3, figsize=(11, 3))
axes[0].plot(100 * response["total_capital"] / np.sum(rest.state.k))
axes[0].set(title="capital", ylabel="per cent")
axes[1].plot(100 * response["gross_return"], label="capital")
axes[1].plot(-100 * response["price"] / rest.policy.price**2, label="bond")
axes[1].set(title="gross returns", ylabel="percentage points")
axes[1].legend()
for age in (2, 5, 8, 11):
    axes[2].plot(100 * response["consumption"][:, age - 1], label=f"age {age}")
axes[2].set(title="consumption", ylabel="goods x 100")
axes[2].legend()
for axis in axes:
    axis.set(xlabel="periods")
    axis.axhline(0.0, color="grey", linewidth=0.5)
figure.tight_layout()
