# %% [markdown]
# # Interest rates at the lower bound
#
# Prices are sticky (Calvo), and the central bank follows a Taylor rule. It cannot follow it below a rate of zero.
# This makes the economy nonlinear where it matters most: once the rate is stuck, every bad shock raises the real rate
# instead of being met by a lower nominal one. Two economies show how to write and solve this.
#
# The first is that of Maliar and Maliar (2015), with eight states: the last rate, the dispersion of prices, and six
# shocks. Three conditions involve the future: costs and revenues of a price that is reset, and the Euler equation of
# bonds. Everything else follows from them, the rate included:
#
#     R = max(1, R*),     R* = (pi*/beta) (R_{-1} beta/pi*)^mu [(pi/pi*)^phi_pi (Y/Yn)^phi_y]^(1-mu) exp(eta_R).
#
# **The kink stays outside of the network.** Inflation, consumption and revenues all bend where the rate stops moving.
# So the decision rule returns what they would be at a rate of zero, and `complete` adds the response to the rate in
# force, which has a closed form. The bound holds exactly at every state; what is left to learn is nearly smooth.

# %%
import warnings

import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp
from saddlepath.models.new_keynesian import NewKeynesian
from saddlepath.models.new_keynesian_one_shock import OneShockNewKeynesian

model = NewKeynesian()
sp.describe(model)

# %% [markdown]
# Where the bound begins to bind, expectations depend on how they are computed. The published test of accuracy does so
# by a rule with 73 nodes for the six shocks. The same rule serves here, for training and for tests.

# %%
nodes = sp.Monomial(5)
solver, test = sp.LevenbergMarquardt(batch=128), sp.TestPaths(quadrature=nodes)
solution = sp.solve(model, solver, quadrature=nodes, test=test, tol=5e-6)
print(solution.outcome)
solution.accuracy

# %% [markdown]
# ## At the bound, near it, and away from it
#
# The published test (Coleman, Lyon, Maliar and Maliar, 2021) follows one path of 10,201 quarters from `R = d = 1`,
# drops the first 200, and takes nine unit-free residuals per quarter. Six of the nine equations hold to rounding here,
# because `complete` solves them. A quarter counts as near the bound where the rate is less than one point a year above.

# %%
normals = np.random.default_rng(0).standard_normal((10_201, 6))
start = model.State(*np.ones(2), *np.zeros(6))
path = sp.simulate(solution, periods=10_201, start=start, shocks=normals).isel(path=0, time=slice(200, None))
states = model.State(*(path[name].values for name in model.State._fields))
errors = sp.euler_errors(solution, at=states, quadrature=nodes)
three = np.abs(np.stack([errors[name] for name in ("cost", "revenue", "euler")]))
at = path["shadow_rate"].values < 1
near = ~at & (path["R"].values < 1.0025)
for name, where in {"all": at | ~at, "at the bound": at, "near it": near, "away from it": ~at & ~near}.items():
    if where.any():
        mean, largest = np.log10(three[:, where].sum(axis=0).mean() / 9), np.log10(three[:, where].max())
        print(f"{name:13} {where.sum():6} quarters   L1 {mean:.2f}   Linf {largest:.2f}")

# %% [markdown]
# Published accuracy of complete polynomials on this economy with the bound, with seconds of the authors' Matlab code on
# their machine. A polynomial cannot bend, and the largest error no longer falls from the second degree on.
#
# | | L1 | Linf | seconds |
# |---|---|---|---|
# | degree 1 | -3.12 | -1.73 | 0.4 |
# | degree 2 | -4.40 | -2.16 | 0.7 |
# | degree 3 | -5.60 | -2.15 | 2.8 |
# | degree 4 | -6.17 | -2.15 | 22 |
# | degree 5 | -6.20 | -2.15 | 389 |
#
# The bound binds rarely in this calibration. The second economy lives closer to it.

# %% [markdown]
# ## Six quarters of patience
#
# In the economy of Guerrieri and Iacoviello (2015) only the discount factor moves. Their experiment is a row of six
# innovations of five standard deviations each, far from where the economy usually is. A rule can be trusted where it
# was trained, so the states of every step are drawn from a box that reaches that far.

# %%
economy = OneShockNewKeynesian()
reach = np.exp(0.1)
box = sp.Box(v=(1.0, 1.06), b=(economy.beta / reach, economy.beta * reach))
settings = {"sampling": sp.Region(box), "quadrature": sp.GaussHermite(21), "tol": 5e-5}
bounded = sp.solve(economy, **settings)
free = sp.solve(economy.replace(bound=0), **settings)
print(bounded.outcome, free.outcome)

# %%
warnings.filterwarnings("ignore", ".*further than 10 scales")  # far from rest, but inside the box
rest = sp.steady_state(economy).state
paths = {}
for sign in (1, -1):
    shocks = np.zeros((30, 1))
    shocks[:6] = 5.0 * sign
    for name, rule in (("bound", bounded), ("no bound", free)):
        paths[sign, name] = sp.simulate(rule, periods=30, start=rest, shocks=shocks).isel(path=0)

panels = {"annual_rate": "policy rate", "annual_inflation": "inflation", "output": "output"}
figure, axes = plt.subplots(1, 3, figsize=(10, 3), sharex=True)
for axis, (name, title) in zip(axes, panels.items(), strict=True):
    for (sign, kind), data in paths.items():
        values = 100 * (data[name] - 1) if name == "output" else data[name]
        label = f"{'patience' if sign > 0 else 'impatience'}, {kind}"
        axis.plot(values, color="C3" if sign > 0 else "C0", linestyle="-" if kind == "bound" else "--", label=label)
    axis.axhline(0.0, color="grey", linewidth=0.5)
    axis.set(title=title, xlabel="quarters", ylabel="per cent" if name == "output" else "per cent a year")
axes[0].legend(fontsize=7)
figure.tight_layout()

# %%
for kind in ("bound", "no bound"):
    slump, boom = paths[1, kind], paths[-1, kind]
    quarters = int((slump["R"] < 1 + 1e-9).sum()) if kind == "bound" else 0
    trough, peak = 100 * float(slump["output"].min() - 1), 100 * float(boom["output"].max() - 1)
    print(
        f"{kind:8}: {quarters:2} quarters at the bound, output {trough:.1f} % at the trough, {peak:+.1f} % at the peak"
    )

# %% [markdown]
# With the bound, output falls under patience by twice as much as it rises under impatience. Without it the central bank
# would follow the shock far below zero, and the two responses would nearly mirror each other. The rate is at the bound
# from the first innovation on, and leaves it two years after the last. With two states there is a second opinion:
# `sp.Collocation` on the same box gives the same rates and the same consumption.
