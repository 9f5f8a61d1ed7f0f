"""Portfolio choice with proportional costs by Gaussian processes: `python -m benchmarks.portfolio [CASE ...]`.

The table of Gaegauf, Scheidegger and Trojani (2023) for two assets: distance between the value function of the first
date and the right-hand side of its Bellman equation, solved anew at a grid of all portfolios, in per cent of the value.
The grid has steps of 0.02, every second one of the source's. Beside it, three assets, for which the source has no such
table, and Merton's shares with the region in which nobody trades.
"""

import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import saddlepath as sp
from benchmarks.measure import surroundings
from saddlepath.models.portfolio_choice import PortfolioChoice

RESULT = Path(__file__).parent / "results" / "portfolio.json"
QUADRATURE = sp.Monomial(5)
CASES: dict[str, dict[str, Any]] = {
    "2 assets, 100 points": {"assets": 2, "points": 100, "grid": 50, "published": (0.0070, 0.101, 0.110)},
    "2 assets, 300 points": {"assets": 2, "points": 300, "grid": 50, "published": (0.0022, 0.0372, 0.0456)},
    "2 assets, 500 points": {"assets": 2, "points": 500, "grid": 50, "published": (0.0007, 0.0137, 0.0159)},
    "2 assets, 700 points": {"assets": 2, "points": 700, "grid": 50, "published": (0.0004, 0.0061, 0.0070)},
    "3 assets, 100 points": {"assets": 3, "points": 100, "grid": 10, "published": None},
    "3 assets, 300 points": {"assets": 3, "points": 300, "grid": 14, "published": None},
    "3 assets, 700 points": {"assets": 3, "points": 700, "grid": 14, "published": None},
}
ERRORS = ("mean", "99.9 %", "max")


def portfolios(assets: int, parts: int) -> np.ndarray:
    """All portfolios whose shares are whole parts of wealth, the bond's included `[n, assets]`. [wealth]"""
    rows = itertools.product(range(parts + 1), repeat=assets)
    return np.array([row for row in rows if sum(row) <= parts]) / parts


def row(case: str, assets: int, points: int, grid: int, published: tuple[float, ...] | None) -> dict[str, Any]:
    """What one case reached."""
    model = PortfolioChoice(assets=assets)
    box = sp.Box(x=(np.zeros(assets), np.ones(assets)))
    began = time.perf_counter()
    path = sp.backward_induction(
        model, box, points=points, inaction=PortfolioChoice.rebalanced, start=model.cautious, quadrature=QUADRATURE
    )
    seconds = time.perf_counter() - began
    states = portfolios(assets, grid)
    errors = 100 * path.bellman_errors(states)
    reached = (np.nanmean(errors), np.nanquantile(errors, 0.999), np.nanmax(errors))
    result: dict[str, Any] = {"case": case, "seconds": seconds, "grid points": len(states), "grid step": 1 / grid}
    for i, name in enumerate(ERRORS):
        result[f"error of the value, {name} [%]"] = float(reached[i])
        result[f"error of the value, {name}, published [%]"] = published and published[i]
    result["met"] = published and bool(np.all(np.array(reached) <= published))
    return result | {
        "maximisations that failed": int(np.isnan(errors).sum()) + sum(dated.lost for dated in path.dates),
        "largest first-order slope": max(dated.slope for dated in path.dates),
        "vertices of the region without trade, by date": [dated.region.vertices.tolist() for dated in path.dates],
        "Merton's shares of savings": model.merton_shares().tolist(),
        "shares of savings at the vertices, first date": savings(path).tolist(),
    }


def savings(path: sp.ValuePath) -> np.ndarray:
    """Risky shares of what is left after consumption at the vertices of the first date's region."""
    vertices = path.dates[0].region.vertices
    return vertices / (1 - path.policy(vertices).consumption[:, None])


def main(names: list[str]) -> None:
    """Measure and write the results, of some cases beside the others that are there."""
    rows = {row["case"]: row for row in json.loads(RESULT.read_text())["rows"]} if RESULT.exists() else {}
    for case in names or list(CASES):
        rows[case] = row(case, **CASES[case])
        print(json.dumps(rows[case], indent=1), flush=True)
        ordered = [rows[name] for name in CASES if name in rows]
        about = {"quadrature": QUADRATURE.describe(), "kernel": "Matern 5/2 of values and slopes, inside and outside"}
        RESULT.write_text(json.dumps({"rows": ordered} | about | surroundings(), indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
