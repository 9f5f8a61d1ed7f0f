# %% [markdown]
# # Does the mean suffice?
#
# Households lose and find work, cannot insure against it, and save in capital whose return depends on what everybody
# owns. So the state of Krusell and Smith's economy (1998) is a distribution: here a histogram of households over assets
# and employment, hundreds of numbers. Its law of large numbers is exact: the flows between employment and
# unemployment are those of a continuum, and only booms and recessions are drawn.
#
# The usual way is to let households forecast with the mean alone, simulate, regress, and repeat until forecasts come
# true. Here nothing is forecast: next period's distribution and prices follow from everybody's decisions today, inside
# the Euler equation. Whether the mean suffices is a question for afterwards.

# %%
import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp
from saddlepath.models.krusell_smith import KrusellSmith

model = KrusellSmith(nodes=40)  # a coarse histogram, for speed; the default has 100 nodes
sp.describe(model)

# %% [markdown]
# ## Solve
#
# One small network gives the consumption of all households: it sees a node's assets, productivity and the mean of all
# assets. A step takes eight Euler equations per state, drawn anew every time. Training begins at the steady state
# without aggregate risk.

# %%
solution = sp.solve(
    model,
    sp.LevenbergMarquardt(batch=32, equations=8),
    start="steady",
    network=sp.Network(width=8, moments=1),
    test=sp.TestPaths(paths=8, dates=20, repeats=2),
    tol=3e-4,
)
print(solution.outcome.sentence)
solution.accuracy

# %% [markdown]
# The table speaks of the worst node, wherever it is. What households do where they are is better.

# %%
path = sp.simulate(solution, periods=4000, burn_in=300, seed=1)
dates = path.isel(path=0, time=slice(None, None, 20))
errors = np.abs(sp.euler_errors(solution, at=model.State(mass=dates["mass"].values, z=dates["z"].values))["euler"])
print(f"mean Euler error of a household {np.average(errors, weights=dates['mass'].values):.1e}")

# %% [markdown]
# ## The law of motion
#
# Regress next quarter's capital on this quarter's in booms (`z = 1`) and recessions, as Krusell and Smith did. The fit
# is famous, and says little: an error of one quarter is corrected by the data of the next. Den Haan (2010) lets the law
# run by itself along the booms and recessions of a path that it has not seen.

# %%
law = sp.fit_law_of_motion(path)
law

# %%
fresh = sp.simulate(solution, periods=4000, burn_in=300, seed=2)
found = law.forecast_errors(fresh)
print(f"after thousands of quarters without a look at the data: at most {found.max:.2%}, on average {found.mean:.3%}")
capital = fresh["capital"].values[0]
alone = law.path(float(capital[0]), fresh["z"].values[0])
figure, axes = plt.subplots(1, 2, figsize=(10, 3.5))
axes[0].plot(capital[-400:], label="economy")
axes[0].plot(alone[-400:], "--", label="law of motion by itself")
axes[0].set(xlabel="quarter", ylabel="capital")
axes[0].legend()
axes[1].plot(100 * np.log(alone / capital))
axes[1].set(xlabel="quarter", ylabel="error, %")
figure.tight_layout()

# %% [markdown]
# An independent solution by endogenous grid points, on a much finer grid, has slopes of .9633 and .9654, mean capital
# 39.5, and a largest error of .19 % over 10,000 quarters.

# %%
print(f"mean capital {capital.mean():.2f}, s.d. {capital.std():.2f}")
output, consumption = fresh["output"].values[0], fresh["consumption"].values[0]
print(f"correlation of output and consumption {np.corrcoef(output, consumption)[0, 1]:.2f} (.70)")

# %% [markdown]
# ## Who holds what
#
# Wealth is far more equal than in the data: where all are equally patient, only luck with jobs tells households apart.

# %%
assets, people = np.asarray(model.grid()), fresh["mass"].values[0]
held = people.sum(axis=-1)
print(f"Gini {sp.gini(assets, held).mean():.2f}; the richest tenth holds {sp.top_share(assets, held, 0.1).mean():.0%}")
figure, axes = plt.subplots(1, 2, figsize=(10, 3.5))
density = people.mean(axis=0) / np.gradient(assets)[:, None]
axes[0].plot(assets, density[:, 1], label="at work")
axes[0].plot(assets, 10 * density[:, 0], label="without work, times ten")
axes[0].set(xlim=(0, 120), xlabel="assets", ylabel="households")
axes[0].legend()
last = fresh.isel(path=0, time=-1)
cash = np.asarray(model.cash(assets, float(last["capital"]), int(last["z"])))
consumed = cash - last["assets"].values
axes[1].plot(assets, consumed[:, 1], label="at work")
axes[1].plot(assets, consumed[:, 0], label="without work")
axes[1].set(xlim=(0, 20), ylim=(1, 3), xlabel="assets", ylabel="consumption")
axes[1].legend()
figure.tight_layout()

# %% [markdown]
# ## When a recession begins
#
# The response to a recession next quarter: the expected path after it, less that before anything is known, from the
# state to which a long boom leads.

# %%
boom = sp.stochastic_steady_state(solution).state
response = sp.impulse_response(solution, outcome=0, at=boom._replace(z=1), periods=40, draws=50)
response = response.sel(solution="global", statistic="mean")
figure, axis = plt.subplots(figsize=(6, 3.5))
for name in ("output", "consumption", "capital"):
    axis.plot(100 * response[name] / float(last[name]), label=name)
axis.set(xlabel="quarters", ylabel="per cent")
axis.axhline(0.0, color="grey", linewidth=0.5)
axis.legend()
figure.tight_layout()
