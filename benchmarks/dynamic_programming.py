"""Value functions of many-sector growth by Gaussian processes: `python -m benchmarks.dynamic_programming`.

Scheidegger and Bilionis (2019) report figures and no table: iterations end at a normalised average change of 1e-4, with
four to ten points per state. Here the change at the end, the error of the Bellman equation at fresh points, and for one
and two sectors the distance of policies from collocation of the first-order conditions, another method altogether.
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

import saddlepath as sp
from benchmarks.measure import surroundings
from saddlepath.dynamic_programming.value_iteration import ValueFunction
from saddlepath.models.multisector_growth import MultisectorGrowth

RESULT = Path(__file__).parent / "results" / "dynamic_programming.json"
LOW, HIGH = 0.2, 3.0
TOL = 1e-4
CASES = (
    ("1 sector, 10 points, logarithms", 1, 10, "logs"),
    ("2 sectors, 20 points, logarithms", 2, 20, "logs"),
    ("10 sectors, 100 points, active subspace", 10, 100, "active"),
    ("10 sectors, 100 points, pooled moments", 10, 100, "pooled"),
    ("50 sectors, 200 points, active subspace", 50, 200, "active"),
    ("50 sectors, 200 points, pooled moments", 50, 200, "pooled"),
)


def solve(sectors: int, points: int, how: str) -> tuple[ValueFunction, float]:
    """A value function and the seconds that it took, compilation included."""
    box = sp.Box(k=(np.full(sectors, LOW), np.full(sectors, HIGH)))
    settings: dict[str, Any] = {
        "logs": {"logs": ("k",)},
        "active": {"seen": "active"},
        "pooled": {"seen": sp.PooledMoments(box, ("k",))},
    }[how]
    began = time.perf_counter()
    found = sp.iterate_values(MultisectorGrowth(sectors=sectors), box, points=points, tol=TOL / 10, **settings)
    return found, time.perf_counter() - began


def row(case: str, sectors: int, points: int, how: str) -> dict[str, Any]:
    """What one case reached."""
    found, seconds = solve(sectors, points, how)
    errors = found.bellman_errors()
    rest = np.ones((1, sectors))
    result = {
        "case": case,
        "seconds": seconds,
        "iterations": len(found.changes),
        "converged": found.outcome.converged,
        "mean change (bar 1e-4)": found.changes[-1].mean,
        "met": found.changes[-1].mean <= TOL and found.outcome.converged,
        "mean Bellman error": float(np.nanmean(errors)),
        "largest Bellman error": float(np.nanmax(errors)),
        "maximisations that failed at fresh points": int(np.isnan(errors).sum()),
        "value at k = 1 (0 without risk)": float(found(rest)[0]),
        "investment at k = 1 (0.06 without risk)": float(found.policy(rest).investment.mean()),
    }
    if how == "active":
        direction = np.abs(found.process.seen.directions[:, 0])
        result["length of the first direction along the mean (bar 0.99)"] = float(direction.sum() / np.sqrt(sectors))
    return result | (against_collocation(sectors, found) if sectors <= 2 else {})


def against_collocation(sectors: int, found: ValueFunction) -> dict[str, float]:
    """Largest difference in investment at 50 states within a fifth of the steady state."""
    other = sp.solve(MultisectorGrowth(sectors=sectors), solver=sp.Collocation())
    k = np.random.default_rng(0).uniform(0.8, 1.2, (50, sectors))
    exact = np.array([np.ravel(other(k=at).investment) for at in k])
    return {
        "largest difference of investment from collocation": float(np.abs(found.policy(k).investment - exact).max())
    }


def main() -> None:
    """Measure and write the result."""
    rows = []
    for case in CASES:
        rows.append(row(*case))
        print(json.dumps(rows[-1], indent=1), flush=True)
        RESULT.write_text(json.dumps({"rows": rows} | surroundings(), indent=1) + "\n")


if __name__ == "__main__":
    main()
