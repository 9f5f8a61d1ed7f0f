"""Reference moments of irreversible investment with shocks to TFP and patience, and how far a solution is from them.

There are no published numbers. These come from time iteration with endogenous grid points (300 x 21 x 11 grid, 5 x 5
Gauss-Hermite nodes, tolerance 1e-8), written independently of this package, and from 800 antithetic paths of 2,000
periods after 600 of burn-in. The standard error of the mean of consumption over capital is at most 1.2e-5; antithetic
pairs say the same of squares, so that of its standard deviation is that of 400 independent paths, 0.4 %.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


class Economy(NamedTuple):
    """One pair of parameters; `ratio` is consumption over capital [1/period], capital is in [goods]."""

    alpha: float
    beta: float
    steady_capital: float
    steady_ratio: float
    mean_ratio: float
    sd_ratio: float
    mean_capital: float
    sd_capital: float
    idle: float
    """Share of periods without investment, from a second program of the same method (300 x 61 x 21 linear grid) [-]."""


TABLE = (
    Economy(0.30, 0.85, 1.12376, 0.82157, 0.81786, 0.06746, 1.1498, 0.1846, 3.6e-4),
    Economy(0.22, 0.75, 0.41934, 1.86970, 1.86669, 0.13683, 0.4260, 0.0616, 2.5e-3),
    Economy(0.22, 0.95, 1.59795, 0.59378, 0.58672, 0.06486, 1.6517, 0.2767, 2.9e-4),
    Economy(0.38, 0.75, 0.80910, 1.04035, 1.03815, 0.07015, 0.8256, 0.1356, 5.6e-4),
    Economy(0.38, 0.95, 4.35446, 0.30166, 0.29638, 0.02981, 4.5361, 0.7665, 2e-6),
    Economy(0.26, 0.80, 0.66919, 1.24615, 1.24285, 0.09601, 0.6819, 0.1041, 1.1e-3),
    Economy(0.34, 0.90, 2.05867, 0.52092, 0.51661, 0.04637, 2.1199, 0.3539, 6.5e-5),
)
ALLOWED = {"mean_ratio": 0.002, "sd_ratio": 0.01, "mean_capital": 0.002, "sd_capital": 0.01}
"""Largest relative distance from the table that is allowed. [-]"""
PERIODS, PATHS, BURN_IN = 2000, 1600, 600
"""Length and number of our own paths, and periods before the first: standard errors 0.02 % of means of consumption over
capital and 0.2 % of its standard deviations."""


def moments(paths: dict[str, Array]) -> dict[str, float]:
    """Moments of simulated `k`, `consumption_capital` and `investment`, `[paths, periods]`, named as in `TABLE`."""
    ratio, k = paths["consumption_capital"], paths["k"]
    return {
        "mean_ratio": float(ratio.mean()),
        "sd_ratio": float(ratio.std()),
        "mean_capital": float(k.mean()),
        "sd_capital": float(k.std()),
        "idle": float(np.mean(paths["investment"] <= 0)),
    }


def gaps(economy: Economy, found: dict[str, float]) -> dict[str, float]:
    """Relative distance of every moment from the table. [-]"""
    return {name: found[name] / getattr(economy, name) - 1 for name in ALLOWED}


def worst(economy: Economy, found: dict[str, float]) -> float:
    """The largest of these as a multiple of what is allowed. [-]"""
    return max(abs(gap) / ALLOWED[name] for name, gap in gaps(economy, found).items())
