"""Krusell and Smith's economy over a histogram, beside a solution by endogenous grid points.

The numbers to compare with were computed independently by endogenous grid points on 640 knots of assets and 40 of
capital, with a histogram of 3,000 bins: a log-linear law of motion iterated to a change of 2e-6, 11,000 quarters.
"""

import dataclasses
from typing import Any

import numpy as np
import xarray as xr

import saddlepath as sp
from benchmarks.row import Check, Row
from saddlepath.models.krusell_smith import KrusellSmith

MODEL = KrusellSmith()
QUARTERS = 10_000
EVERY = 20
"""Quarters between two dates at which Euler errors are computed."""
INDEPENDENT: dict[float, dict[str, float]] = {
    0.15: {
        "good intercept": 0.13767,
        "good slope": 0.963264,
        "bad intercept": 0.12429,
        "bad slope": 0.965440,
        "mean capital": 39.53,
        "s.d. capital": 1.01,
        "mean output": 3.842,
        "s.d. log output": 0.0344,
        "mean consumption": 2.854,
        "s.d. log consumption": 0.0177,
        "correlation of output and consumption": 0.696,
        "Gini": 0.271,
        "top 1 %": 0.029,
        "top 5 %": 0.116,
        "top 10 %": 0.206,
        "top 20 %": 0.357,
    },
    0.0: {
        "good intercept": 0.13905,
        "good slope": 0.962913,
        "bad intercept": 0.12685,
        "bad slope": 0.964773,
        "mean capital": 39.62,
        "s.d. capital": 1.03,
        "Gini": 0.239,
        "top 1 %": 0.026,
        "top 5 %": 0.106,
        "top 10 %": 0.190,
        "top 20 %": 0.335,
    },
}
"""By benefit; without any on 320 knots of assets, 22 of capital and 1,200 bins."""


@dataclasses.dataclass(frozen=True)
class Long:
    """Two long paths of a solution, and Euler errors of households on the second.

    Attributes:
        solution: The solution.
        fitted: The law of motion of the first path.
        path: The second path.
        errors: Absolute Euler errors of households who save `[n]`. [-]
        households: How many households have each `[n]`. [-]
    """

    solution: sp.Solution
    fitted: sp.LawOfMotion
    path: xr.Dataset
    errors: np.ndarray
    households: np.ndarray


_LAST: list[Long] = []
"""The paths simulated last, which all checks of a solution share."""


def simulated(solution: sp.Solution) -> Long:
    """Long paths of a solution."""
    if not _LAST or _LAST[0].solution is not solution:
        first, second = (sp.simulate(solution, periods=QUARTERS, burn_in=500, seed=seed) for seed in (1, 2))
        dates = second.isel(path=0, time=slice(None, None, EVERY))
        found = sp.euler_errors(solution, at=solution.model.State(mass=dates["mass"].values, z=dates["z"].values))
        saves = dates["assets"].values > 0
        errors, households = np.abs(found["euler"])[saves], dates["mass"].values[saves]
        _LAST[:] = [Long(solution, sp.fit_law_of_motion(first), second, errors, households)]
    return _LAST[0]


def mean_error(solution: sp.Solution) -> float:
    """Mean Euler error of households who save, on the second path."""
    long = simulated(solution)
    return float(np.average(long.errors, weights=long.households))


def tail_error(solution: sp.Solution) -> float:
    """Euler error that 99.9 % of these households do not exceed."""
    long = simulated(solution)
    order = np.argsort(long.errors)
    below = np.cumsum(long.households[order])
    return float(long.errors[order][np.searchsorted(below, 0.999 * below[-1])])


def forecast_errors(solution: sp.Solution) -> sp.ForecastErrors:
    """Errors of the law of the first path when it runs by itself along the second (den Haan, 2010)."""
    long = simulated(solution)
    return long.fitted.forecast_errors(long.path)


def statistics(solution: sp.Solution) -> dict[str, float]:
    """Moments of the second path and the law of motion, named as in `INDEPENDENT`, and the share at the limit."""
    long = simulated(solution)
    capital, output, consumption = (long.path[name].values[0] for name in ("capital", "output", "consumption"))
    grid, people = MODEL.grid(), long.path["mass"].values[0].sum(axis=-1)
    tops = {f"top {p} %": float(np.mean(sp.top_share(grid, people, p / 100))) for p in (1, 5, 10, 20)}
    return {
        "good intercept": float(long.fitted.intercept[1]),
        "good slope": float(long.fitted.slope[1]),
        "bad intercept": float(long.fitted.intercept[0]),
        "bad slope": float(long.fitted.slope[0]),
        "good unexplained": float(1 - long.fitted.r2[1]),
        "bad unexplained": float(1 - long.fitted.r2[0]),
        "mean capital": float(capital.mean()),
        "s.d. capital": float(capital.std()),
        "mean output": float(output.mean()),
        "s.d. log output": float(np.log(output).std()),
        "mean consumption": float(consumption.mean()),
        "s.d. log consumption": float(np.log(consumption).std()),
        "correlation of output and consumption": float(np.corrcoef(output, consumption)[0, 1]),
        "at the limit": float(long.path["at_limit"].mean()),
        "Gini": float(np.mean(sp.gini(grid, people))),
        **tops,
    }


def independent(solution: sp.Solution, name: str) -> float:
    """A moment of the independent solution of the same economy."""
    model: Any = solution.model
    return INDEPENDENT[float(model.benefit)][name]


def gap(name: str) -> Check:
    """Distance of a moment from the independent solution."""
    return lambda solution: abs(statistics(solution)[name] - independent(solution, name))


def relative_gap(name: str) -> Check:
    """The same, relative to it."""
    return lambda solution: abs(statistics(solution)[name] / independent(solution, name) - 1)


def row(title: str, model: KrusellSmith) -> Row:
    """Ten minutes, and errors and moments of two paths of 10,000 quarters."""
    return Row(
        title, model,
        {"solver": sp.LevenbergMarquardt(batch=32, equations=8), "start": "steady", "tol": 2e-4, "seconds": 400.0,
         "network": sp.Network(width=12, moments=1), "test": sp.TestPaths(paths=8, burn_in=200, dates=20, repeats=2)},
        600, 10**-3.5, None,
        {"mean error of savers": (mean_error, 10**-3.5),
         "99.9 % of savers": (tail_error, 10**-2.5),
         "law by itself, largest": (lambda solution: forecast_errors(solution).max, 3e-3),
         "law by itself, mean": (lambda solution: forecast_errors(solution).mean, 1e-3),
         "slope, booms": (gap("good slope"), 4e-3),
         "slope, recessions": (gap("bad slope"), 4e-3),
         "mean capital": (relative_gap("mean capital"), 0.01),
         "Gini": (gap("Gini"), 0.02)},
        5, statistics,
    )  # fmt: skip


ROWS: dict[str, Row] = {
    "krusell-smith": row("Krusell and Smith, ten minutes", MODEL),
    "krusell-smith-1998": row("Krusell and Smith, no benefits", KrusellSmith(benefit=0.0)),
}
