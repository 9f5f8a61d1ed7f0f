"""New-Keynesian economies with a lower bound on the policy rate: the published test of accuracy, and a referee."""

from collections.abc import Mapping

import numpy as np
from tests.new_keynesian import experiment, one_shock_box, one_shock_referee, published_errors

import saddlepath as sp
from benchmarks.row import Check, Row
from saddlepath.models.new_keynesian import NewKeynesian
from saddlepath.models.new_keynesian_one_shock import OneShockNewKeynesian

JUDGED = ("R", "pi", "C")
"""Gross rates and consumption of the one-shock economy, all of order one."""


def published_gap(statistic: str, region: str | None = None) -> Check:
    """log10 of the mean (`l1`) or the largest (`linf`) of nine residuals per date, on all dates or those of a region.

    A path of 10,201 quarters whose first 200 do not count, with the 73 nodes of the monomial rule of degree 5.
    """

    def gap(solution: sp.Solution) -> float:
        errors = published_errors(solution, seed=1)
        own = errors.residuals if region is None else errors.residuals[errors.regions()[region]]
        return float(np.log10(own.mean() if statistic == "l1" else own.max()))

    return gap


def referee_gap(solution: sp.Solution) -> float:
    """Largest relative difference of the rates and consumption from the collocation's, on fresh paths."""
    return float(sp.compare(solution, one_shock_referee()).frame.loc[list(JUDGED), "largest relative"].max())


def experiment_gap(solution: sp.Solution) -> float:
    """Largest difference of the rates and consumption along six innovations of +-0.025 and the quarters after."""
    pairs = [(experiment(solution, sign), experiment(one_shock_referee(), sign)) for sign in (1, -1)]
    return float(max(np.max(np.abs(mine[name] - theirs[name])) for mine, theirs in pairs for name in JUDGED))


def published(l1: float, linf: float) -> Mapping[str, tuple[Check, float]]:
    """The published statistics with their bars, and the regions without a bar of their own: that of the largest."""
    parts = {
        f"largest error, {region} [log10]": (published_gap("linf", region), linf)
        for region in ("near it", "away from it")
    }
    return {"L1 [log10]": (published_gap("l1"), l1), "Linf [log10]": (published_gap("linf"), linf)} | parts


ROWS: dict[str, Row] = {
    "new-keynesian": Row(
        "New-Keynesian, eight states, no bound", NewKeynesian(bound=0), {"tol": 4e-6}, 60, 1e-5, None,
        published(-5.71, -3.54), 3,
    ),
    "new-keynesian-bound": Row(
        "New-Keynesian, eight states, lower bound", NewKeynesian(),
        {"tol": 5e-6, "solver": sp.LevenbergMarquardt(batch=128), "quadrature": sp.Monomial(5),
         "test": sp.TestPaths(quadrature=sp.Monomial(5))}, 90, 1e-5, None,
        published(-5.6, -2.5), 3,
    ),
    "new-keynesian-one-shock": Row(
        "New-Keynesian, one shock, lower bound", OneShockNewKeynesian(),
        {"tol": 4.2e-6, "solver": sp.LevenbergMarquardt(batch=256), "quadrature": sp.GaussHermite(41),
         "sampling": sp.Region(one_shock_box())}, 60, 1e-5, None,
        {"referee, on paths": (referee_gap, 1e-4), "referee, six innovations": (experiment_gap, 1e-4)}, 3,
    ),
}  # fmt: skip
