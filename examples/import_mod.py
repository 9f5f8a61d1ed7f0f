# %% [markdown]
# # From a Dynare file to a global solution
#
# A `.mod` file says almost everything that a global solution needs. This page reads one, looks at the class that it
# becomes, compares the first-order solution with known numbers, and solves the model globally.
#
# The economy is stochastic growth with partial depreciation and constant relative risk aversion, in the quarterly
# calibration of Coleman, Lyon, Maliar and Maliar (2021).

# %%
import importlib
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp

folder = Path(tempfile.mkdtemp())
MOD = """
var c       // consumption
    k       // capital at the end of the period
    y       // output
    z;      // log productivity
varexo e;
parameters alpha beta gamma delta rho scale;
alpha = 0.36;   // capital share
beta  = 0.99;   // discount factor
gamma = 2;      // relative risk aversion
delta = 0.02;   // depreciation rate
rho   = 0.95;   // persistence of log productivity
scale = (1/beta - 1 + delta)/alpha;

model;
  [name = 'Euler equation']
  c^(-gamma) = beta*c(+1)^(-gamma)*(1 - delta + alpha*y(+1)/k);
  y = scale*exp(z)*k(-1)^alpha;
  c + k = y + (1-delta)*k(-1);
  z = rho*z(-1) + e;
end;

initval;
  k = 1; c = 0.07; y = 0.1; z = 0;
end;

shocks;
  var e; stderr 0.01;
end;

steady;
stoch_simul(order = 1, irf = 40) c k y;
"""
(folder / "ramsey.mod").write_text(MOD)

# %% [markdown]
# ## Read it
#
# On the command line this is `saddlepath import ramsey.mod`.

# %%
imported = sp.import_model(folder / "ramsey.mod")
print(*imported.notes, sep="\n")

# %%
print(imported.text)

# %% [markdown]
# `k(-1)` has become the state `k_lag`, and log productivity a state of its own, because it depends on nothing but its
# past and an innovation. Output and capital are formulas, so that only consumption is left to the decision rule and
# only the Euler equation to the residuals. What depends on tomorrow stands inside of `E`; there, `s1.k_lag` is the
# capital that today's decision leaves.
#
# ## Use it
#
# The file is written and imported like any other.

# %%
imported.write(folder / "ramsey.py")
sys.path.append(str(folder))
model = importlib.import_module("ramsey").Ramsey()
sp.check(model)

# %% [markdown]
# The steady state has `k = 1` by the choice of `scale`, and the first-order solution is the one that `stoch_simul(order
# = 1)` gives: a stable root for capital beside the persistence of productivity.

# %%
linear = sp.linearise(model)
print("steady state", linear.steady.state)
print("stable roots", np.sort(np.abs(np.linalg.eigvals(linear.transition))))

# %% [markdown]
# ## Solve it

# %%
solution = sp.solve(model, tol=1e-5)
solution

# %%
sp.euler_errors(solution)

# %% [markdown]
# The same paper's polynomials of degree three have a mean error of 1e-5 and a largest of 5e-4 in these units. Edit the
# file (a constraint, another utility), and solve again: nothing of it depends on where it came from.

# %%
figure, axes = plt.subplots(figsize=(6, 4))
capital = np.linspace(0.7, 1.3, 60)
for z in (-0.06, 0.0, 0.06):
    axes.plot(capital, solution(k_lag=capital, z=np.full(60, z)).c, label=f"log productivity {z:+.2f}")
axes.set(xlabel="capital", ylabel="consumption")
axes.legend()

# %% [markdown]
# What `stoch_simul` prints as impulse responses, to one standard deviation: from the global solution and from the
# linear one.

# %%
response = sp.impulse_response(solution, periods=40).sel(statistic="mean")
figure, axes = plt.subplots(1, 2, figsize=(9, 3), sharex=True)
for axis, name in zip(axes, ("k", "c"), strict=True):
    axis.plot(100 * response[name].sel(solution="global"), label="global")
    axis.plot(100 * response[name].sel(solution="linear"), "--", label="linear")
    axis.set(title={"k": "capital", "c": "consumption"}[name], xlabel="quarters", ylabel="goods x 100")
axes[0].legend()
figure.tight_layout()
