"""Overlapping generations: the closed form, and the life cycle with a borrowing limit."""

import numpy as np

import saddlepath as sp
from benchmarks.row import WIDE, Row
from saddlepath.models.life_cycle import LifeCycle
from saddlepath.models.olg_analytic import DEPRECIATION, PRODUCTIVITY, AnalyticOLG
from saddlepath.models.olg_analytic_level import AnalyticOLGLevel


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
        "life cycle, twenty ages", LifeCycle(ages=20), {"tol": 8e-5, **AGES, "solver": sp.LevenbergMarquardt(batch=32)},
        180, 1e-4, 1e-2, {}, 3,
    ),
    "life-cycle-60": Row(
        "life cycle, sixty ages", LifeCycle(ages=60),
        {"tol": 8e-4, **AGES, "solver": sp.LevenbergMarquardt(batch=20), "seconds": 800.0, "attempts": 1},
        900, 1e-3, 1e-1, {}, 3,
    ),
}  # fmt: skip
