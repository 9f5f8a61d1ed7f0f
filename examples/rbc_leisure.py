# %% [markdown]
# # The business cycle with leisure
#
# Aruoba, Fernandez-Villaverde and Rubio-Ramirez (2006) compare solution methods on one economy: households choose
# consumption and leisure, capital is the only asset, and productivity is persistent. Their benchmark is easy. Their
# extreme calibration, in which people are very averse to risk (`gamma = 50`) and shocks are five times larger, is
# a trap: precaution takes capital to twice its deterministic steady state, where few solvers look.
#
# The rule returns labour. Consumption follows from the labour condition and capital from the budget, exactly, so
# that one Euler equation is left to learn.

# %%
import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp
from saddlepath.models.rbc_leisure import RBCLeisure

benchmark = RBCLeisure()
sp.describe(benchmark)

# %% [markdown]
# ## Solve
#
# Half of every batch comes from a wide cloud of states, because we shall look at a box that paths hardly visit.
# Training paths seldom start again and tests wait for a thousand quarters: the extreme economy needs centuries to
# arrive where it lives, and what is asked of it may be asked of the benchmark too.

# %%
sampling = sp.Paths(settled_restart=0.001, dispersed=0.5, spread=1.5)
patient = sp.TestPaths(burn_in=1000)
solution = sp.solve(benchmark, sampling=sampling, test=patient, tol=1e-7)
print(solution.outcome)
solution.accuracy

# %% [markdown]
# For two states a polynomial is the natural competitor, and it wins: Newton's method on a Chebyshev grid solves the
# same equations to ten digits or more, in less time. Here it serves as a measure of distance. From the network's rule
# it starts on a fine grid at once.

# %%
referee = sp.solve(benchmark, sp.Collocation(nodes=10), start=solution, test=patient)
print(referee.outcome, referee.how["nodes"], f"nodes, mean Euler error {referee.accuracy.mean:.0e}")
sp.compare(solution, referee, test=patient)

# %% [markdown]
# ## Against reference numbers
#
# Labour, consumption and capital of the next quarter, computed independently of this package by Chebyshev
# collocation. The states are multiples of steady capital, and productivity in its standard deviations.

# %%
steady = float(sp.steady_state(benchmark).state.k)
sd = benchmark.sigma / np.sqrt(1 - benchmark.rho**2)
reference = np.array([
    (1.0, 0, 0.310542, 1.288309, 23.14087),
    (0.8, 0, 0.321098, 1.144849, 18.63041),
    (1.2, 0, 0.301529, 1.420528, 27.64507),
    (1.0, 2, 0.319279, 1.315626, 23.22402),
    (1.0, -2, 0.301750, 1.261944, 23.06241),
])  # fmt: skip
found = solution(k=reference[:, 0] * steady, z=reference[:, 1] * sd)
policies = np.stack([found.labour, found.consumption, found.capital], axis=1)
for row, ours in zip(reference, policies, strict=True):
    print(f"{row[0]:.1f} k, {row[1]:+.0f} sd:", *(f"{a:.6f} ({b:.6f})" for a, b in zip(ours, row[2:], strict=True)))
print(f"largest relative distance {np.max(np.abs(policies / reference[:, 2:] - 1)):.1e}")

# %% [markdown]
# ## The extreme case
#
# The same lines, with other parameters.

# %%
extreme = RBCLeisure(gamma=50.0, sigma=0.035)
risky = sp.solve(extreme, sampling=sampling, test=patient, tol=5e-7)
print(risky.outcome)
risky_referee = sp.solve(extreme, sp.Collocation(nodes=10), start=risky, test=patient)
sp.compare(risky, risky_referee, test=patient)

# %% [markdown]
# The moments of our paths beside those of one independent path of 19,000 quarters, in brackets. The mean of capital on
# a path as long as that still has a standard error of 2.6.

# %%
panels = {
    name: sp.simulate(one, periods=2000, paths=32, burn_in=1000, seed=1)
    for name, one in (("benchmark", solution), ("extreme", risky))
}
independent = {
    "benchmark": {"output": (1.7476, 0.0710), "labour": (0.31057, 0.00373), "k": (23.244, 0.961)},
    "extreme": {"output": (2.511, 0.595), "labour": (0.3440, 0.0234), "k": (48.1, 15.0)},
}
for name, panel in panels.items():
    for variable, (mean, deviation) in independent[name].items():
        ours = panel[variable].values
        print(f"{name:10} {variable:7} mean {ours.mean():.4f} ({mean}), s.d. {ours.std():.4f} ({deviation})")
print(f"mean capital / steady state, extreme: {panels['extreme']['k'].values.mean() / steady:.2f}")

# %% [markdown]
# ## What the paper prints
#
# Log10 Euler errors along capital at mean productivity, in the first panel over the paper's box of 30 % around the
# steady state. The dotted line is the first-order solution. The second panel covers the states that the extreme
# economy visits, and the third the density of capital in both: the box would have missed most of the second.

# %%
figure, axes = plt.subplots(1, 3, figsize=(12, 3.5))


def log_errors(rule, ratio):
    at = rule.model.State(k=steady * ratio, z=np.zeros(ratio.size))
    return np.log10(np.maximum(np.abs(sp.euler_errors(rule, at=at)["euler"]), 1e-16))


for axis, rules, ratio in (
    (axes[0], (solution, referee), np.linspace(0.7, 1.3, 200)),
    (axes[1], (risky, risky_referee), np.linspace(0.7, 4.0, 200)),
):
    for label, rule in zip(("network", "collocation"), rules, strict=True):
        axis.plot(ratio, log_errors(rule, ratio), label=label)
    axis.set(xlabel="capital / steady state", ylabel="log10 Euler error")
axes[0].set_title("benchmark")
axes[1].set_title("extreme case")
axes[0].legend()
for name, panel in panels.items():
    axes[2].hist(panel["k"].values.ravel() / steady, bins=80, density=True, histtype="step", label=name)
axes[2].axvspan(0.7, 1.3, color="grey", alpha=0.2, label="box of the paper")
axes[2].set(xlabel="capital / steady state", title="density of capital", yscale="log")
axes[2].legend()
figure.tight_layout()

# %% [markdown]
# ## A rise of productivity
#
# By one standard deviation, from the stochastic steady state of each economy, in per cent of the value there. In the
# extreme case the shock is five times larger; labour reacts less than five times as much, because people who hate
# risk that much want smooth leisure too.

# %%
figure, axes = plt.subplots(1, 4, figsize=(12, 3), sharex=True)
for name, one in (("benchmark", solution), ("extreme", risky)):
    rest = sp.stochastic_steady_state(one)
    level = sp.simulate(one, periods=1, start=one.model.State(*rest.state), shocks=False)
    response = sp.impulse_response(one, periods=60, draws=128)
    for axis, variable in zip(axes, ("output", "consumption", "investment", "labour"), strict=True):
        mean = response[variable].sel(solution="global", statistic="mean").values
        axis.plot(100 * mean / float(level[variable].values.squeeze()), label=name)
        axis.set(title=variable, xlabel="quarters")
axes[0].set_ylabel("per cent")
axes[0].legend()
figure.tight_layout()
