# %% [markdown]
# # A posterior on United States data
#
# The shock process and the discount factor of the growth model from 203 quarters of private output and its division
# between consumption and investment, the data set that ships with statsmodels. Quantities are per head, as shares of
# the exponential trend of output.

# %%
import matplotlib.pyplot as plt
import numpy as np

import saddlepath as sp
from saddlepath.models.growth import Growth

data = sp.us_macro()
figure, axes = plt.subplots(1, 2, figsize=(8, 3))
quarters = data.index.year + (data.index.quarter - 1) / 4
axes[0].plot(quarters, 100 * np.log(data["output"]), label="output")
axes[0].plot(quarters, 100 * np.log(data["consumption"] / data["consumption"].mean()), label="consumption")
axes[0].set(ylabel="per cent from trend")
axes[0].legend()
axes[1].plot(quarters, data["saving"])
axes[1].set(ylabel="investment as a share of output")
figure.tight_layout()

# %% [markdown]
# Depreciation and the capital share are set, 2.5 per cent a quarter and one third. The economy has one shock, the data
# two series: the investment share is measured with an error of two points, the growth rate of output with an error
# whose size is estimated.

# %%
box = sp.Box(beta=(0.965, 0.985), rho=(0.9, 0.995), sigma=(0.004, 0.015))
likelihood = sp.likelihood(
    Growth(alpha=0.33, delta=0.025), data, measurement={"dlog:output": "error", "saving": 0.02}, over=box
)
prior = sp.Prior(
    beta=sp.Beta(0.975, 0.005, lower=0.965, upper=0.985),
    rho=sp.Uniform(0.9, 0.995),
    sigma=sp.Uniform(0.004, 0.015),
    error=sp.Uniform(0.0005, 0.02),
)
draws = sp.posterior(likelihood, prior, draws=500, warmup=500)
draws

# %% [markdown]
# The discount factor is the one that makes people invest a sixth of their output. How much of the quarterly changes is
# productivity and how much is noise the data say only jointly.

# %%
figure, axes = plt.subplots(1, 4, figsize=(9, 2.4))
for panel, name, values in zip(axes, draws.names, draws.flat.T, strict=True):
    panel.hist(values, 40, density=True)
    panel.set(xlabel=name, yticks=[])
figure.tight_layout()

# %% [markdown]
# The likelihood above is that of the first-order solution. At the posterior mean, a particle filter on the global
# solution says how much that costs: its log likelihood beside the Kalman filter's.

# %%
mean = draws.mean
model = Growth(alpha=0.33, delta=0.025, **{name: mean[name] for name in ("beta", "rho", "sigma")})
globally = sp.solve(model, tol=1e-6)
filters = [
    sp.likelihood(
        globally, data, measurement={"dlog:output": mean["error"], "saving": 0.02}, method="auxiliary", seed=i
    )
    for i in range(5)
]
values = [float(one({})) for one in filters]
print(f"Kalman filter {float(likelihood(mean)):.2f}, particle filters {np.mean(values):.2f}, s.d. {np.std(values):.2f}")

# %% [markdown]
# One command does all of this from a file, with simulated moments beside the posterior and a page that shows both:
# `saddlepath estimate examples/us_growth.toml`.
