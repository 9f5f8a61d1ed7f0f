"""Irreversible investment with two shocks, over capital share and discount factor."""

from tests.referee import two_shocks

import saddlepath as sp
from benchmarks.row import Row
from benchmarks.rows.growth import FAMILY
from saddlepath.models.irreversible_two_shocks import IrreversibleTwoShocks

BOX = sp.Box(alpha=(0.22, 0.38), beta=(0.75, 0.95))
"""The parameters that are inputs of the course's rule."""


def moments(family: sp.Solution, alpha: float, beta: float, seed: int = 1) -> dict[str, float]:
    """Simulated moments of one member of the family, named as in the reference's table."""
    size = {"periods": two_shocks.PERIODS, "paths": two_shocks.PATHS, "burn_in": two_shocks.BURN_IN}
    data = sp.simulate(family.at(alpha=alpha, beta=beta), seed=seed, **size)
    return two_shocks.moments({name: data[name].values for name in ("k", "consumption_capital", "investment")})


def table_gap(family: sp.Solution) -> float:
    """Largest distance of a moment from the table of seven economies, as a multiple of what is allowed."""
    return max(two_shocks.worst(economy, moments(family, economy.alpha, economy.beta)) for economy in two_shocks.TABLE)


ROWS: dict[str, Row] = {
    "two-shocks-family": Row(
        "irreversible investment, two shocks, over alpha and beta", IrreversibleTwoShocks(),
        {"over": BOX, "tol": 8e-6, "sampling": FAMILY, "steps": 4000, "network": sp.Network(width=28),
         "solver": sp.LevenbergMarquardt(memory=0.8)},
        120, 1e-5, None,
        {"28 moments at seven points, over their bars": (table_gap, 1.0)}, seeds=3,
    ),
}  # fmt: skip
