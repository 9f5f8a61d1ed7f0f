"""What a tonne of CO2 costs under a solution, and how far a solution is from the planner's optimum found otherwise.

Both speak of models of growth and climate in calendar time that give their planner's problem as `problem()`, what is
imposed on the planner as `imposed(years)`, and among their definitions `scc`, `scc_emitted`, `tax`, `emissions`,
`stock` and `damages`.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from saddlepath.climate import optimum, prices_of_harm
from saddlepath.climate.carbon import CO2_PER_CARBON
from saddlepath.climate.numbers import as_arrays
from saddlepath.errors import ConfigError
from saddlepath.simulation import simulate
from saddlepath.table import Table, table

if TYPE_CHECKING:
    import xarray as xr

    from saddlepath.solution import Solution

CENTURY = (2015, 2115)
"""First and last year of the comparison with the optimum."""
FIRST_YEAR = CENTURY[0]
TAXED = 1500
"""Years over which what is imposed on a planner is laid out for the optimum."""
REPORTED = ("scc", "scc_emitted", "tax", "mu", "emissions", "damages")
"""What the social cost of carbon is reported with."""


def social_cost_of_carbon(solution: "Solution", *, years: int = 300, paths: int = 1, seed: int = 0) -> "xr.Dataset":
    """The social cost of carbon, the carbon tax, abatement, emissions and damages by year.

    Args:
        solution: A solution of a model of growth and climate, at one calibration.
        years: Years from 2015. [yr]
        paths: Number of paths; one where nothing is random.
        seed: Seed of the shocks.

    Returns:
        A dataset by `path` and `year`. `scc` is the value of a tonne that is in the atmosphere at the start of the
        year, `scc_emitted` of one that is emitted during the year and there at its end, both in USD per tonne of CO2;
        `scc_per_carbon` is the first per tonne of carbon. The price of the emitted tonne is the `tax` wherever
        abatement is chosen and below one.

    Raises:
        ConfigError: The model has no social cost of carbon, or the years lie beyond the horizon that was solved for.
    """
    _require_climate(solution)
    with jax.enable_x64(True):
        horizon = solution.economy.horizon
    if horizon is not None and years > horizon:
        raise ConfigError(
            f"{type(solution.model).__name__} was solved for {horizon} years from {FIRST_YEAR}, got years={years}; ask "
            "for fewer, or solve with a longer horizon."
        )
    data = simulate(solution, periods=years, paths=paths, seed=seed)
    found = data[[name for name in REPORTED if name in data]]
    found = found.assign(scc_per_carbon=found["scc"] * CO2_PER_CARBON)
    units = {"scc": "USD/tCO2", "scc_emitted": "USD/tCO2", "tax": "USD/tCO2", "scc_per_carbon": "USD/tC"}
    for name, unit in units.items():
        found[name].attrs["units"] = unit
    return found.rename(time="year").assign_coords(year=FIRST_YEAR + np.arange(years))


@dataclasses.dataclass(frozen=True)
class OptimumGap:
    """How far a solution is from the planner's optimum, over 2015 to 2115.

    Attributes:
        scc: Largest relative difference of the social cost of carbon. [-]
        capital: Largest relative difference of capital. [-]
        temperature: Largest difference of the temperature of the atmosphere. [K]
        abatement: Largest difference of the rate of abatement. [-]
        years: Year by year: both social costs, both capital stocks, both temperatures.
    """

    scc: float
    capital: float
    temperature: float
    abatement: float
    years: Table

    def __str__(self) -> str:
        return (
            f"{CENTURY[0]} to {CENTURY[1]}, against the optimum by nonlinear programming: social cost of carbon within "
            f"{100 * self.scc:.3f} %, capital within {100 * self.capital:.3f} %, temperature within "
            f"{self.temperature:.1e} K, abatement within {self.abatement:.1e}."
        )


@dataclasses.dataclass(frozen=True)
class DamagesGap:
    """How far the price of carbon is from the harm that it does along the solution's own path, over 2015 to 2115.

    Attributes:
        scc: Largest relative difference. [-]
        horizon: Years whose harm is counted one by one; what comes later is that of an economy at rest. [yr]
        years: Year by year: the price of carbon and its harm. [2010 USD/tCO2]
    """

    scc: float
    horizon: int
    years: Table

    def __str__(self) -> str:
        return (
            f"{CENTURY[0]} to {CENTURY[1]}, against the harm along its own path over {self.horizon} years and after: "
            f"social cost of carbon within {100 * self.scc:.3f} %."
        )


def compare_with_damages(solution: "Solution") -> DamagesGap:
    """The price of carbon of a deterministic solution beside the discounted harm along its own path.

    Conditions that hold from year to year do not tell the two apart where everything is abated: a price that grows with
    interest satisfies them too. It is a bubble, and its gap is as large as it.

    Args:
        solution: A solution of a deterministic model of growth and climate, at one calibration, with `carbon_price`
            among its policies.

    Raises:
        ConfigError: The model is no such model.
    """
    _require_climate(solution)
    model: Any = solution.model
    horizon = int(model.horizon)
    path = _certain_path(solution, horizon)
    if "carbon_price" not in path:
        raise ConfigError(
            f"{type(model).__name__} has no carbon_price among its policies; ask this of CDICE or a model like it."
        )
    with jax.enable_x64(True):
        problem, years = model.problem(), jnp.arange(float(horizon))
        labour = problem.effective_labour(years)
        given = (jnp.asarray(path[name].values) for name in ("output", "consumption", "carbon", "heat"))
        output, consumption, carbon, heat = given
        harm = prices_of_harm(as_arrays(problem), years, output / labour, consumption / labour, carbon, heat)[0]
        dollars = np.asarray(labour)[:, None] / CO2_PER_CARBON
    mine, theirs = (np.asarray(price)[:, :1] * dollars for price in (path["carbon_price"].values, harm))
    n = min(CENTURY[1] - CENTURY[0] + 1, horizon)
    rows = {str(FIRST_YEAR + t): {"price": float(mine[t, 0]), "harm": float(theirs[t, 0])} for t in range(n)}
    return DamagesGap(
        scc=float(np.max(np.abs(mine[:n] / theirs[:n] - 1))),
        horizon=horizon,
        years=table(rows, "year", title="Price of carbon and the harm along the path, 2010 USD/tCO2"),
    )


def compare_with_optimum(solution: "Solution") -> OptimumGap:
    """The distance of a deterministic solution from the same planner's optimum by nonlinear programming.

    The two share the equations and nothing else: no network, no sampling, no conditions of first order by hand.

    Args:
        solution: A solution of a deterministic model of growth and climate, at one calibration.

    Raises:
        ConfigError: The model is no such model, or casadi is not installed.
    """
    _require_climate(solution)
    model: Any = solution.model
    n = CENTURY[1] - CENTURY[0] + 1
    mine = _certain_path(solution, n)
    with jax.enable_x64(True):
        problem, imposed = model.problem(), model.imposed(jnp.arange(float(TAXED)))
    best = optimum(problem, **imposed).isel(year=slice(0, n))
    own, others = mine["heat"].values[:, 0], best["temperature"].values[:, 0]
    relative = lambda a, b: float(np.max(np.abs(a / b - 1)))
    rows = {
        str(FIRST_YEAR + t): {
            "scc": mine["scc"].values[t], "scc, optimum": best["scc"].values[t],
            "capital": mine["stock"].values[t], "capital, optimum": best["capital"].values[t],
            "temperature": own[t], "temperature, optimum": others[t],
        }
        for t in range(n)
    }  # fmt: skip
    return OptimumGap(
        scc=relative(mine["scc"].values, best["scc"].values),
        capital=relative(mine["stock"].values, best["capital"].values),
        temperature=float(np.max(np.abs(own - others))),
        abatement=float(np.max(np.abs(mine["mu"].values - best["abatement"].values))),
        years=table(rows, "year", title="Against the optimum by nonlinear programming"),
    )


def _certain_path(solution: "Solution", periods: int) -> "xr.Dataset":
    """The path of a solution without risk."""
    paths = simulate(solution, periods=periods, paths=2)
    if float(np.ptp(paths["stock"].values, axis=0).max()) > 0:
        raise ConfigError(
            f"paths of {type(solution.model).__name__} differ by their shocks, and the comparison is with a certain "
            "future; compare a solution without risk."
        )
    return paths.isel(path=0)


def _require_climate(solution: "Solution") -> None:
    """Refuse a model without a climate."""
    if not hasattr(solution.model, "problem"):
        raise ConfigError(
            f"{type(solution.model).__name__} has no climate, so carbon costs nothing in it; ask this of a model of "
            "growth and climate, which gives problem()."
        )
