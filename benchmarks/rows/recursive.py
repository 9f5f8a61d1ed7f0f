"""Growth with recursive preferences and stochastic volatility, at the benchmark and the extreme calibration."""

import functools

import numpy as np

import saddlepath as sp
from benchmarks.row import WIDE, Check, Row
from saddlepath.models.recursive_growth import RecursiveGrowth


@functools.cache
def referee(model: RecursiveGrowth) -> sp.Solution:
    """The spectral solution."""
    return sp.solve(model, sp.Collocation())


def referee_gap(model: RecursiveGrowth) -> Check:
    """Largest relative difference of a policy from the spectral solution, on fresh paths."""

    def gap(solution: sp.Solution) -> float:
        frame = sp.compare(solution, referee(model)).frame
        return float(frame.loc[list(model.Policy._fields), "largest relative"].max())

    return gap


def rest_gap(model: RecursiveGrowth) -> Check:
    """Largest relative distance, after 1,500 periods without shocks from 32 starts, from the referee's rest point."""

    def gap(solution: sp.Solution) -> float:
        data = sp.simulate(solution, periods=1, paths=32, burn_in=1500, seed=1, shocks=False)
        rest = float(sp.stochastic_steady_state(referee(model)).state.k)
        return float(np.max(np.abs(data["k"].values / rest - 1)))

    return gap


BENCHMARK = RecursiveGrowth()
EXTREME = RecursiveGrowth(gamma=40.0, sigma_bar=0.021, eta=0.1)
"""The two calibrations of Caldara, Fernandez-Villaverde, Rubio-Ramirez and Yao (2012), table 1."""

ROWS: dict[str, Row] = {
    "recursive": Row(
        "recursive preferences, benchmark", BENCHMARK, {"tol": 1e-7, "sampling": WIDE}, 40, 1e-6, 1e-5,
        {"policies of the referee": (referee_gap(BENCHMARK), 1e-5),
         "rest point from 32 starts": (rest_gap(BENCHMARK), 1e-5)},
    ),
    "recursive-extreme": Row(
        "recursive preferences, extreme", EXTREME, {"tol": 1e-6, "sampling": WIDE}, 40, 1e-5, 1e-4,
        {"policies of the referee": (referee_gap(EXTREME), 1e-4),
         "rest point from 32 starts": (rest_gap(EXTREME), 1e-4)},
    ),
}  # fmt: skip
