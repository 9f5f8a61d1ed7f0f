# %% [markdown]
# # Climate modules and the optimum
#
# Before a planner is asked what carbon costs, the climate he lives in has to pass four tests that climate models pass
# (Folini, Friedl, Kuebler and Scheidegger, 2024, Review of Economic Studies). Then the planner's problem is solved by
# nonlinear programming: the number that every other method has to match. The second half needs the extra `climate`.

# %%
import dataclasses

import numpy as np

from saddlepath import climate
from saddlepath.report.climate_figures import optimal_paths, pathways, responses

# %% [markdown]
# ## Four tests
#
# A pulse of carbon into an atmosphere at rest, a sudden quadrupling of CO2, and CO2 that grows by one percent a year.
# The carbon cycle of DICE-2016 keeps too much carbon and its air warms too late; the calibrations of CDICE follow the
# mean of the climate models and its extremes.

# %%
responses(climate.pulse(years=200), climate.quadrupling(years=200), climate.ramp())

# %%
climate.pulse().sel(year=[10, 50, 100, 500]).to_pandas().round(3)

# %% [markdown]
# History and the representative concentration pathways, driven by emissions from 2015 on.

# %%
pathways({name: climate.rcp_run(name, first=2015).sel(year=slice(2015, 2300)) for name in climate.SCENARIOS})

# %% [markdown]
# ## A calibration of one's own
#
# From the decay of a pulse: the mean curve of Joos et al. (2013). With the masses of CDICE at rest, the search finds
# the published coefficients, .054 and .0082, before they were rounded.

# %%
fitted = climate.fit_carbon_cycle(climate.joos_pulse(100))
print(f"b12 {fitted.cycle.b12:.4f}, b23 {fitted.cycle.b23:.5f}, largest distance {fitted.distance:.4f}")

# %% [markdown]
# ## The optimum
#
# One sparse programme over a thousand years. The social cost of carbon is minus the multiplier of carbon in the air
# over that of capital.

# %%
problem = climate.PlannerProblem()
best, usual = climate.optimum(problem), climate.optimum(problem, abatement=0.0)
years = [2015, 2020, 2050, 2100, 2150]
best[["scc", "tax", "abatement", "emissions", "capital", "damages"]].sel(year=years).to_dataframe().round(4)

# %%
hot = climate.PlannerProblem(climate.carbon_cycle("mesmo"), climate.temperature_boxes("hadgem"))
optimal_paths(
    {"CDICE": best, "business as usual": usual, "MESMO and HadGEM2-ES": climate.optimum(hot)},
)

# %% [markdown]
# Is a multiplier what it says? A little more carbon in 2015, a little more capital: what they do to welfare, one over
# the other, is the same number.


# %%
def welfare(carbon=0.0, capital=0.0):
    start = problem.carbon.initial + np.array([carbon, 0.0, 0.0])
    cycle = dataclasses.replace(problem.carbon, initial=start)
    changed = dataclasses.replace(problem, carbon=cycle, capital=problem.capital + capital)
    return climate.optimum(changed).attrs["welfare"]


by_carbon = (welfare(carbon=1e-4) - welfare(carbon=-1e-4)) / 2e-4
by_capital = (welfare(capital=0.1) - welfare(capital=-0.1)) / 0.2
print(f"by differences {-by_carbon / by_capital / climate.CO2_PER_CARBON:.5f}, multiplier {float(best.scc[0]):.5f}")

# %% [markdown]
# ## The original
#
# DICE-2016R in its own steps of five years: Nordhaus (2017, PNAS) prints 30.7, 36.7, 43.5 and 51.2.

# %%
climate.five_year_optimum().scc.sel(year=[2015, 2020, 2025, 2030]).to_pandas().round(3)
