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
import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp
from saddlepath.models.new_keynesian import NewKeynesian
from saddlepath.models.new_keynesian_one_shock import OneShockNewKeynesian

model = NewKeynesian()
sp.describe(model)

# %%
solution = sp.solve(model, tol=1e-5)
print(solution.outcome)
solution.accuracy

# %% [markdown]
# ## At the bound, near it, and away from it
#
# The published test (Coleman, Lyon, Maliar and Maliar, 2021) follows one path of 10,201 quarters from `R = d = 1`,
# drops the first 200, and takes nine unit-free residuals per quarter, expectations by the monomial rule with 73 nodes.
# Six of the nine equations hold to rounding here, because `complete` solves them. A quarter counts as near the bound
# where the rate is less than one point a year above it.

# %%
normals = np.random.default_rng(0).standard_normal((10_201, 6))
start = model.State(*np.ones(2), *np.zeros(6))
path = sp.simulate(solution, periods=10_201, start=start, shocks=normals).isel(path=0, time=slice(200, None))
states = model.State(*(path[name].values for name in model.State._fields))
errors = sp.euler_errors(solution, at=states, quadrature=sp.Monomial(5))
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
# In the economy of Guerrieri and Iacoviello (2015) only the discount factor moves. It has two states, so that a
# collocation solves it, and no network is needed. Their experiment are six innovations in a row of five standard
# deviations each. This is far from where the economy usually is, and an economy with a bound has a second rest point,
# the liquidity trap. So the grid grows in steps, each from the solution of the last.

# %%
economy = OneShockNewKeynesian()


def box(low: float, high: float) -> sp.Box:
    """Price dispersion, and the discount factor from `low` to `high` log points around its rest."""
    return sp.Box(v=(1.0, 1.055), b=(economy.beta * np.exp(low), economy.beta * np.exp(high)))


bounded = sp.solve(economy, sp.Collocation())
for low, high, nodes in ((-0.05, 0.075, (6, 50)), (-0.1, 0.075, (6, 64)), (-0.1, 0.1, (6, 90))):
    grid = sp.Collocation(nodes=nodes, basis="spline", box=box(low, high))
    bounded = sp.solve(economy, grid, quadrature=sp.GaussHermite(11), tol=2e-5, start=bounded)
free = sp.solve(economy.replace(bound=0), sp.Collocation(nodes=(6, 24), box=box(-0.1, 0.1)), tol=1e-6)
print(bounded.outcome, free.outcome)

# %%
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
    quarters = int((slump["R"] < 1 + 1e-9).sum())
    trough, peak = 100 * float(slump["output"].min() - 1), 100 * float(boom["output"].max() - 1)
    print(
        f"{kind:8}: {quarters:2} quarters at the bound, output {trough:.1f} % at the trough, {peak:+.1f} % at the peak"
    )

# %% [markdown]
# The same innovations with the opposite sign have very different effects: with the bound, output falls by twice as much
# as it rises. Without it the central bank would follow the shock far below zero, and the two responses would nearly
# mirror each other. The rate is at the bound from the first quarter until two years after the last innovation.
