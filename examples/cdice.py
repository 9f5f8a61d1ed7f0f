# %% [markdown]
# # The social cost of carbon
#
# CDICE (Folini, Friedl, Kuebler and Scheidegger, 2024, Review of Economic Studies) is a planner who saves, abates and
# warms the planet, from 2015 on. Population, productivity and technology change with the date, so nothing comes to
# rest: the model lives in calendar time. It is solved here from random weights, without a homotopy and without having
# seen another solution, and is then held against the same planner's optimum by nonlinear programming.

# %%
import saddlepath as sp
from saddlepath import climate
from saddlepath.models.cdice import CDICE
from saddlepath.report.climate_figures import optimal_paths
from saddlepath.report.passage_figures import error_by_date, passage

# %%
model = CDICE()
solution = sp.solve(
    model,
    network=sp.Network(width=20),
    solver=sp.LevenbergMarquardt(batch=128, memory=0.8),
    tol=2e-5,
    steps=300,
    every=25,
)
print(solution.outcome.sentence)
print(solution.accuracy)

# %% [markdown]
# ## What a tonne costs
#
# `scc` is what a tonne that is in the air at the start of the year costs, `scc_emitted` one that is emitted during the
# year; the tax equals the second until everything is abated.

# %%
costs = sp.social_cost_of_carbon(solution)
years = [2015, 2020, 2050, 2100]
costs[["scc", "scc_emitted", "tax", "mu", "emissions"]].sel(year=years).isel(path=0).to_dataframe().round(3)

# %% [markdown]
# The published network gives 24.82, 28.51, 65.69 and 186.4 USD per tonne of CO2 in these years. It errs by up to .33 %;
# the optimum by nonlinear programming decides.

# %%
gap = sp.compare_with_optimum(solution)
print(gap)

# %%
passage(sp.simulate(solution, periods=286), ["k", "carbon", "heat", "mu", "scc", "emissions"])

# %%
error_by_date(sp.euler_errors(solution), model.horizon)

# %% [markdown]
# ## Other planners
#
# Business as usual chooses savings alone. The optimum of both, from the same problem:

# %%
usual = climate.optimum(CDICE(abatement="none").problem(), abatement=0.0)
optimal_paths(
    {"optimal": climate.optimum(model.problem()), "business as usual": usual},
    published={"optimal": climate.published(), "business as usual": climate.published(abatement="none")},
)
