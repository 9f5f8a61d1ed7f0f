"""A household with uninsured income risk, by endogenous grid points and a histogram."""

import functools

import numpy as np
from tests.referee import household as referee

import saddlepath as sp
from benchmarks.row import Row
from saddlepath.models.aiyagari_household import AiyagariHousehold

GAMMA, RHO, SIGMA = 3.0, 0.6, 0.2
"""A case of Aiyagari (1994), table II."""
LARGEST = 40.0
"""Assets up to which rules are compared; less than one household in ten thousand holds more. [goods]"""
SOLVER = sp.EndogenousGrid(nodes=800)


@functools.cache
def independent(r: float) -> referee.Household:
    """The independent program's answer at an interest rate."""
    return referee.solve(r, GAMMA, RHO, SIGMA)


def consumption_gap(solution: sp.Solution) -> float:
    """Largest relative distance in consumption from the independent program, whose own error is 5e-5 at bends."""
    found = independent(float(solution.model.r))
    assets = found.assets[found.assets < LARGEST]
    mine = [solution(k=assets, z=np.full(assets.shape, z)).consumption for z in range(len(found.consumption))]
    return float(np.max(np.abs(np.stack(mine) / found.consumption[:, : assets.size] - 1)))


def assets_gap(solution: sp.Solution) -> float:
    """Relative distance in mean assets from the independent program."""
    return abs(sp.stationary_distribution(solution).mean("assets") / independent(float(solution.model.r)).mean - 1)


def rate_gap(solution: sp.Solution) -> float:
    """Distance in the interest rate at which households hold what firms use. [1/year]"""
    from scipy.optimize import brentq  # a third of a second, which no other row should pay for

    def excess(r: float) -> float:
        household = AiyagariHousehold(gamma=GAMMA, rho=RHO, sigma=SIGMA, r=r)
        rule = sp.solve(household, sp.EndogenousGrid(), start=solution)
        return sp.stationary_distribution(rule).mean("assets") - float(household.capital_demand())

    return abs(brentq(excess, 0.038, 0.0395, xtol=1e-7) - referee.interest_rate(GAMMA, RHO, SIGMA))


ROWS: dict[str, Row] = {
    "household": Row(
        "household with risky income, endogenous grid", AiyagariHousehold(gamma=GAMMA, rho=RHO, sigma=SIGMA),
        {"solver": SOLVER}, 60, 1e-6, 1e-3,
        {"consumption of an independent program": (consumption_gap, 2e-4),
         "its mean assets": (assets_gap, 1e-3),
         "its interest rate in equilibrium": (rate_gap, 1e-5)},
    ),
}  # fmt: skip
