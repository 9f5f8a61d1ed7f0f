"""The real business cycle with leisure, and stochastic growth with published errors of polynomials."""

import numpy as np
from tests.referee import growth_crra, rbc

import saddlepath as sp
from benchmarks.row import WIDE, Check, Row
from saddlepath.models.growth_crra import GrowthCRRA
from saddlepath.models.rbc_leisure import RBCLeisure

BURN_IN = 1000
"""Periods after which the slowest of the four economies has left its start by 97 % [quarters]."""


def table_gap(case: str) -> Check:
    """Largest relative difference of labour, consumption and capital from the table of a case."""

    def gap(solution: sp.Solution) -> float:
        return rbc.table_gap(case, solution(k=rbc.column(case, "k"), z=rbc.column(case, "z")))

    return gap


def moment_gap(case: str) -> Check:
    """Largest distance of a long-run moment from the reference's. [standard errors of a path of its length]"""

    def gap(solution: sp.Solution) -> float:
        data = sp.simulate(solution, periods=rbc.PERIODS, paths=rbc.PATHS, burn_in=BURN_IN, seed=1)
        return rbc.moment_gap(case, {name: data[name].values for name in rbc.CASES[case]["moments"]})

    return gap


def box_worst(solution: sp.Solution) -> float:
    """Largest Euler error on the box of Aruoba, Fernandez-Villaverde and Rubio-Ramirez (2006)."""
    k, z = (side.ravel() for side in np.meshgrid(*(np.linspace(*rbc.BOX[name], 61) for name in ("k", "z"))))
    return sp.euler_errors(solution, at=solution.model.State(k=k, z=z)).accuracy.max


def far_worst(solution: sp.Solution) -> float:
    """Largest Euler error on simulated states with more than twice the capital of the deterministic steady state."""
    data = sp.simulate(solution, periods=1000, paths=16, burn_in=BURN_IN, seed=1)
    k, z = (data[name].values.ravel() for name in ("k", "z"))
    far = k > 2 * rbc.STEADY_CAPITAL
    return sp.euler_errors(solution, at=solution.model.State(k=k[far][::4], z=z[far][::4])).accuracy.max


def referee_gap(solution: sp.Solution) -> float:
    """Largest relative difference of any policy or definition from collocation, on paths."""
    test = sp.TestPaths(burn_in=BURN_IN, repeats=1)
    referee = sp.solve(solution.model, sp.Collocation(), test=test)
    return float(sp.compare(solution, referee, test=test).frame["largest relative"].max())


def published_error(kind: str) -> Check:
    """The mean or largest error of the paper, on a path of our own draws."""

    def error(solution: sp.Solution) -> float:
        economy, model = growth_crra.Economy(), solution.model
        draws = growth_crra.innovations()[:, None]
        data = sp.simulate(solution, periods=growth_crra.PERIODS, start=model.State(k=1.0, z=0.0), shocks=draws)
        rule = lambda k, z: (1 - solution(k=k, z=z).share) * economy.resources(k, z)
        found = growth_crra.published_errors(economy, rule, *(data[name].values[0] for name in ("k", "z")))
        return float(10 ** getattr(found, kind))

    return error


def leisure(title: str, case: str, settings: dict, worst: float, table: float, seeds: int = 5, **checks: Check) -> Row:
    """A row of the business cycle: policies against the table, moments within three standard errors."""
    figures = {"table": (table_gap(case), table), "moments [s.e.]": (moment_gap(case), 3.0)}
    figures |= {name.replace("_", " "): (check, worst) for name, check in checks.items()}
    model = RBCLeisure(**rbc.CASES[case]["calibration"])
    return Row(f"business cycle with leisure, {title}", model, settings, 30, worst / 100, worst, figures, seeds)


PLAIN = {"tol": 1e-7, "sampling": WIDE}
ERGODIC = {"tol": 5e-7, "sampling": sp.Paths(settled_restart=0.001, dispersed=0.5, spread=1.5),
           "test": sp.TestPaths(burn_in=BURN_IN)}  # fmt: skip
"""In the extreme case capital drifts to twice its steady state with a half-life of fifty years."""

ROWS: dict[str, Row] = {
    "rbc": leisure("benchmark", "benchmark", PLAIN, 1e-5, 1e-5, on_the_box=box_worst, referee_on_paths=referee_gap),
    "rbc-gamma-10": leisure("gamma 10", "gamma_10", PLAIN, 1e-5, 1e-5, on_the_box=box_worst),
    "rbc-gamma-50": leisure("gamma 50", "gamma_50", PLAIN, 1e-5, 1e-5, on_the_box=box_worst),
    "rbc-extreme": leisure(
        "gamma 50, sigma 0.035", "extreme", ERGODIC, 1e-3, 1e-3,
        beyond_twice_steady_capital=far_worst, referee_on_paths=referee_gap,
    ),
    "rbc-collocation": leisure(
        "benchmark, by collocation", "benchmark", {"solver": sp.Collocation()}, 1e-5, 1e-5, 1, on_the_box=box_worst,
    ),
    "growth-crra": Row(
        "growth with published polynomials", GrowthCRRA(), {"tol": 3e-8, "sampling": WIDE}, 20, None, None,
        {"published test, mean": (published_error("mean"), 1e-7),
         "published test, largest": (published_error("largest"), 10 ** growth_crra.PUBLISHED[5][1])},
    ),
}  # fmt: skip
