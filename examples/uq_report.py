# %% [markdown]
# # Which parameter matters
#
# Growth with full depreciation over three of its parameters. How much of the uncertainty about the volatility of
# capital is due to each? The saving rate is known by hand, `alpha beta`, and so is that volatility, so every number
# below can be checked.

# %%
import numpy as np

import saddlepath as sp
from saddlepath.models.brock_mirman import BrockMirman
from saddlepath.report.uq_figures import shapley_bars, univariate_panels

box = sp.Box(alpha=(0.3, 0.4), rho=(0.7, 0.95), sigma=(0.01, 0.03))
family = sp.solve(BrockMirman(), over=box, tol=1e-5)
print(family.outcome.sentence)

# %% [markdown]
# The prior says what is known about the parameters. It may have correlations; then Sobol' indices lose their meaning,
# and Shapley effects keep theirs.

# %%
prior = sp.Prior(
    alpha=sp.Beta(0.35, 0.02, lower=0.3, upper=0.4),
    rho=sp.Beta(0.85, 0.04, lower=0.7, upper=0.95),
    sigma=sp.Uniform(0.01, 0.03),
)
found = sp.study(family, ["sd:log:k"], prior, points=80, periods=4000)
found.result

# %% [markdown]
# The same from the formula, `sd = sigma sqrt((1 + alpha rho) / ((1 - alpha rho)(1 - alpha^2)(1 - rho^2)))`: no
# network, no simulation, no surrogate.


# %%
def volatility(theta):
    alpha, rho, sigma = theta.T
    return sigma * np.sqrt((1 + alpha * rho) / ((1 - alpha * rho) * (1 - alpha**2) * (1 - rho**2)))


by_hand = sp.sensitivity(volatility, prior, outputs=["by hand"])
by_hand

# %% [markdown]
# How the mean of the volatility moves with each parameter, and where the volatility itself lies. `write_uq_report`
# makes a page of all tables and figures, and so does `saddlepath uq RUN --qoi sd:log:k --prior prior.toml` for a run
# folder.

# %%
shapley_bars(found.result["sd:log:k"])

# %%
univariate_panels(found.result["sd:log:k"].univariate)
