# %% [markdown]
# # From dolo
#
# A dolo file names states, controls, transition and arbitrage equations. `saddlepath import` turns it into a model file
# that is yours to read and edit. Here is growth with elastic labour.

# %%
import importlib
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp

folder = Path(tempfile.mkdtemp())
YAML = """
name: Stochastic growth with elastic labour

symbols:
  exogenous: [z]
  states: [k]
  controls: [i, n]
  parameters: [alpha, beta, delta, chi, eta, rho, sig_z]

definitions: |
  y[t] = exp(z[t])*k[t]^alpha*n[t]^(1-alpha)
  c[t] = y[t] - i[t]
  rk[t] = alpha*y[t]/k[t]
  w[t] = (1-alpha)*y[t]/n[t]

equations:
  arbitrage: |
    1 - beta*(c[t]/c[t+1])*(1-delta+rk[t+1])   ⟂ 0.0 <= i[t] <= inf
    chi*n[t]^eta*c[t] - w[t]                   ⟂ 0.0 <= n[t] <= inf
  transition: |
    k[t] = (1-delta)*k[t-1] + i[t-1]

calibration:
  alpha: 0.36
  beta: 0.99
  delta: 0.10
  chi: 1
  eta: 1
  rho: 0.9
  sig_z: 0.02
  z: 0
  rk: 1/beta - 1 + delta
  ratio: (alpha/rk)^(1/(1-alpha))
  share: 1 - delta*ratio^(1-alpha)
  n: ((1-alpha)/(chi*share))^(1/(1+eta))
  k: ratio*n
  i: delta*k
  y: k^alpha*n^(1-alpha)
  c: y - i
  w: (1-alpha)*y/n

exogenous: !VAR1
  rho: rho
  Sigma: [[sig_z**2]]
"""
(folder / "labour.yaml").write_text(YAML, encoding="utf-8")

# %% [markdown]
# ## Read it
#
# On the command line this is `saddlepath import labour.yaml`.

# %%
imported = sp.import_model(folder / "labour.yaml")
print(*imported.notes, sep="\n")
print(imported.text)

# %% [markdown]
# dolo's states are known today, as here; the law of the exogenous variable has become a state with an innovation.
# bounds after `⟂` are left to the ranges of the two decisions, which must be positive anyway.
#
# ## Use it

# %%
imported.write(folder / "labour.py")
sys.path.append(str(folder))
model = getattr(importlib.import_module("labour"), imported.name)()
sp.check(model)

# %%
solution = sp.solve(model, tol=1e-5)
solution

# %%
sp.euler_errors(solution)

# %% [markdown]
# Impulse responses to one standard deviation, from the global solution and from the linear one.

# %%
response = sp.impulse_response(solution, periods=40).sel(statistic="mean")
figure, axes = plt.subplots(1, 3, figsize=(10, 3))
for axis, name, title in zip(axes, ("k", "n", "i"), ("capital", "hours", "investment"), strict=True):
    axis.plot(100 * response[name].sel(solution="global"), label="global")
    axis.plot(100 * response[name].sel(solution="linear"), "--", label="linear")
    axis.set(title=title, xlabel="quarters", ylabel="units x 100")
axes[0].legend()
figure.tight_layout()

# %%
figure, axis = plt.subplots(figsize=(5, 3.5))
rest = sp.steady_state(model)
capital = float(rest.state.k) * np.linspace(0.7, 1.3, 60)
for z in (-0.1, 0.0, 0.1):
    axis.plot(capital, solution(k=capital, z=np.full(60, z)).n, label=f"log productivity {z:+.1f}")
axis.set(xlabel="capital", ylabel="hours")
axis.legend()
figure.tight_layout()
