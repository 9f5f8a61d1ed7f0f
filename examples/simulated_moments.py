# %% [markdown]
# # Estimation by simulated moments
#
# The growth model is solved once for a whole box of discount factors and persistences. Its moments are then a smooth
# function of both parameters, which can be matched to data in seconds.

# %%
import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp
from saddlepath.models.growth import Growth

box = sp.Box(beta=(0.94, 0.98), rho=(0.7, 0.97))
family = sp.solve(Growth(beta=0.96), over=box, tol=2e-5, network=sp.Network(width=24))
print(family.outcome.sentence)

# %% [markdown]
# The data come from another method, a fine collocation at `beta = 0.96`, `rho = 0.9`, so that an error of the family
# would show: 500 periods of one path.

# %%
exact = sp.solve(Growth(beta=0.96, rho=0.9), sp.Collocation(), tol=1e-7)
path = sp.simulate(exact, periods=500, paths=1, burn_in=200, seed=7).isel(path=0)
names = ("mean:saving", "sd:dlog:consumption", "autocorr:dlog:consumption", "autocorr:log:output")
data = sp.moments_of({name: path[name].values for name in ("saving", "consumption", "output")}, names)

# %% [markdown]
# What can these moments tell apart? A singular value below one would belong to a direction through the box along which
# they move by less than their standard error.

# %%
moments = sp.simulated(family, names, periods=data.periods, paths=100, each=True)
sp.identification(moments, data, [0.96, 0.9])

# %% [markdown]
# Every evaluation simulates a hundred paths of the data's length with the same shocks, so that the objective is smooth
# and its derivatives exact. The covariance of the moments comes from those paths: with 500 persistent observations the
# data's own long-run covariance is a poor guide.

# %%
found = sp.smm(moments, data, sampling="model")
found

# %% [markdown]
# The objective around the estimate, on a surrogate of the moments: a Gaussian process of forty simulated points, which
# answers in microseconds. The ellipses of a well-identified model.

# %%
theta = box.design(40)
surrogate = sp.fit(sp.Labels(box, theta, moments(theta), names), sp.GP())
betas = np.linspace(found.theta[0] - 4 * found.sd[0], found.theta[0] + 4 * found.sd[0], 41)
rhos = np.linspace(max(0.7, found.theta[1] - 4 * found.sd[1]), min(0.97, found.theta[1] + 4 * found.sd[1]), 41)
grid = np.stack(np.meshgrid(betas, rhos), axis=-1)
gap = surrogate.predict(grid).mean - data.values
objective = np.einsum("...i,ij,...j", gap, found.weights, gap)
figure, axes = plt.subplots(figsize=(6, 4))
lines = axes.contour(betas, rhos, objective - objective.min(), levels=[1, 2.3, 4.6, 9.2])
axes.clabel(lines, fmt="%.1f")
axes.plot(*found.theta, "o", label="estimate")
axes.plot(0.96, 0.9, "k+", markersize=10, label="truth")
axes.set(xlabel="discount factor beta", ylabel="persistence rho")
axes.legend()

# %% [markdown]
# Two more questions before the numbers are quoted. How far could the family's own error have moved them? The model is
# solved again at the estimate, to a tighter tolerance, and simulated with the same shocks.

# %%
finer = sp.solve(family.at(**found.values).model, tol=1e-6)
sp.second_look(found, finer, moments)

# %% [markdown]
# And do the standard errors, which rest on linearity, hold? Two hundred data sets of the estimated model, each
# estimated anew.

# %%
sp.bootstrap(found, surrogate, moments)
