"""Overlapping generations: the closed form, and the life cycle with a borrowing limit."""

import numpy as np
import xarray as xr

import saddlepath as sp
from benchmarks.row import WIDE, Row
from saddlepath.models.life_cycle import LifeCycle
from saddlepath.models.olg_analytic import DEPRECIATION, PRODUCTIVITY, AnalyticOLG
from saddlepath.models.olg_analytic_level import AnalyticOLGLevel
from saddlepath.models.olg_collateral import CollateralOLG


def capital_path_gap(solution: sp.Solution) -> float:
    """Largest relative error of aggregate capital over 15,000 periods, rule and closed form on common shocks.

    The path starts at the steady state's capital under the first of the four shocks: their mean never occurs.
    """
    exact = sp.closed_form(AnalyticOLG(ages=solution.model.ages))
    steady = sp.steady_state(solution.model).state
    first = {"eta": PRODUCTIVITY[0], "delta": DEPRECIATION[0], "k": steady.k}
    paths = [sp.simulate(s, periods=15_000, paths=1, seed=1, start=s.model.State(**first)) for s in (solution, exact)]
    ours, true = (path["capital"].values for path in paths)
    return float(np.max(np.abs(ours / true - 1)))


PUBLISHED_CAPITAL = 141.91
"""Mean of aggregate capital in the final sample that Azinovic, Gaegauf and Scheidegger (2022, IER) publish. [goods]"""
PUBLISHED_HOLDINGS = {
    26: (0.0, 0.0), 28: (0.018, -0.016), 30: (0.108, -0.095), 33: (0.388, -0.343), 35: (0.662, -0.587),
    37: (1.0, -0.886), 39: (1.392, -1.23), 40: (1.598, -1.399), 42: (2.006, -1.672), 45: (2.58, -1.877),
    50: (3.407, -1.673), 55: (4.031, -0.852), 60: (4.392, 0.484), 65: (4.396, 2.019), 70: (3.909, 2.304),
    75: (2.733, 1.418), 80: (0.582, 0.272),
}  # fmt: skip
"""Mean capital and bonds by age there. [goods]"""


def panel_of(solution: sp.Solution) -> xr.Dataset:
    """Simulated years of the economy with collateral."""
    return sp.simulate(solution, periods=200, paths=64, burn_in=200, seed=1)


def capital_gap(solution: sp.Solution) -> float:
    """Relative distance of mean aggregate capital from that of the published sample."""
    return float(abs(panel_of(solution)["total_capital"].mean() / PUBLISHED_CAPITAL - 1))


def holdings_gap(solution: sp.Solution) -> float:
    """Largest distance of mean holdings by age from the published ones, relative to the largest of that asset."""
    panel, places = panel_of(solution), np.array(list(PUBLISHED_HOLDINGS)) - 26
    published = np.array(list(PUBLISHED_HOLDINGS.values())).T
    found = np.stack([panel[name].mean(("path", "time")).values[places] for name in ("k", "bonds")])
    return float(np.max(np.abs(found - published) / np.max(np.abs(published), axis=1, keepdims=True)))


def clearing_error(solution: sp.Solution) -> float:
    """Largest excess demand for bonds over output, the capital that is left of the period included."""
    panel = panel_of(solution)
    return float(np.max(np.abs(panel["bonds"].values.sum(axis=-1)) / panel["output"].values))


def relative_euler_error(solution: sp.Solution) -> float:
    """Mean of the paper's relative Euler errors over ages and states, of the worse of the two assets."""
    errors = sp.euler_errors(solution)
    return max(float(np.mean(np.abs(np.expm1(-errors[name])))) for name in ("capital", "bond"))


def published_profile(solution: sp.Solution) -> dict[str, float]:
    """Shares of years in which each age borrows as much as it may, and capital, beside the bars."""
    panel = panel_of(solution)
    bound = (panel["slack"] <= 0).mean(("path", "time")).values
    capital = panel["total_capital"]
    shares = {f"collateral binds at age {25 + i}": float(share) for i, share in enumerate(bound) if share > 0}
    return {"mean capital": float(capital.mean()), "s.d. of capital": float(capital.std()), **shares}


AGES = {"quadrature": sp.GaussHermite(15), "start": "steady"}

ROWS: dict[str, Row] = {
    "olg-share": Row(
        "overlapping generations, six ages, random share head", AnalyticOLG(),
        {"start": "random", "tol": 1e-6}, 30, 1e-5, 1e-4, {"capital path": (capital_path_gap, 1e-5)},
    ),
    "olg-level": Row(
        "overlapping generations, six ages, level head", AnalyticOLGLevel(), {"tol": 5e-5, "start": "steady"},
        180, 1e-4, 1e-3, {"capital path": (capital_path_gap, 1e-3)}, 3,
    ),
    "life-cycle-6": Row(
        "life cycle, six ages, borrowing limit", LifeCycle(), {"tol": 1e-6, "sampling": WIDE}, 40, 1e-5, 1e-4,
    ),
    "life-cycle-20": Row(
        "life cycle, twenty ages", LifeCycle(ages=20),
        {"tol": 8e-5, **AGES, "solver": sp.LevenbergMarquardt(batch=32, equations=8, memory=0.8)},
        180, 1e-4, 1e-2, {}, 3,
    ),
    "life-cycle-60": Row(
        "life cycle, sixty ages", LifeCycle(ages=60),
        {"tol": 8e-4, **AGES, "solver": sp.LevenbergMarquardt(batch=20, equations=20, memory=0.8), "seconds": 800.0,
         "attempts": 1},
        900, 1e-3, 1e-1, {}, 3,
    ),
    "olg-56": Row(
        "overlapping generations, 56 ages, capital, bond and collateral", CollateralOLG(),
        {
            "tol": 1e-3, "start": "steady", "sampling": sp.Paths(restart=0.02, spread=0.25),
            "solver": sp.LevenbergMarquardt(batch=20, equations=20, memory=0.8), "seconds": 700.0, "attempts": 1,
        },
        1200, None, None,
        {
            "relative Euler error, mean": (relative_euler_error, 5e-3), "mean capital": (capital_gap, 0.01),
            "holdings by age": (holdings_gap, 0.02), "clearing over output": (clearing_error, 1e-5),
        },
        1, published_profile,
    ),
}  # fmt: skip
