"""Deep uncertainty quantification under learning: `python -m benchmarks.learning_climate_uq [above] [below] [FOLDER]`.

Six parameters of Friedl, Kuebler, Scheidegger and Usui (2023, Table 1) are pseudo-states, one solution on either side
of `psi = 1`. Mean social costs of carbon in 2020, 2050 and 2100, temperature in 2100 and emissions in 2050 are
simulated at 200 points of a design; Sobol' indices, Shapley and univariate effects follow, with their page. Bar: forty
minutes on two cores for everything, where the source needs four hours for a solution alone. Residuals on fresh paths
tell how right the rules are, and so does the social cost of the planner at the source's benchmark, whom
`benchmarks.learning_climate` solves alone, on the same paths.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import saddlepath as sp
from benchmarks.climate_family import summary, uniform
from benchmarks.learning_climate import costs_of, world
from benchmarks.measure import surroundings
from saddlepath.models.learning_climate import LearningClimate

RESULT = Path(__file__).parent / "results" / "learning_climate_uq.json"
MINUTES = 40.0
QUANTITIES = ("at:5:scc", "at:35:scc", "at:85:scc", "at:85:heat[0]", "at:35:emissions")
"""Emissions in 2050: in 2100 everything is abated in much of the box."""
DESIGN, CHOSEN, PATHS, YEARS = 200, 0, 256, 86
COMMON = {
    "rho": (0.01, 0.02),
    "gamma": (5.0, 10.0),
    "pi2": (0.002, 0.008),
    "mean": (0.45, 0.73),
    "variance": (0.01, 0.04),
}
SIDES = {"above": sp.Box(psi=(1.05, 2.0), **COMMON), "below": sp.Box(psi=(0.5, 0.95), **COMMON)}
NODES = sp.GaussHermite((7, 3))
TEST = sp.TestPaths(paths=24, burn_in=0, dates=300, repeats=1, quadrature=NODES)
MODEL = LearningClimate(inputs="prices", horizon=400)
"""Where a network gave costs themselves they settled at twice what they should be, at residuals as small."""
SETTINGS: dict[str, Any] = {
    "network": sp.Network(width=28),
    "solver": tuple(
        sp.LevenbergMarquardt(batch=96, equations=5, memory=memory, steps=steps, floor=1e-7)
        for memory, steps in ((0.9, 300), (0.96, 700), (0.98, None))
    ),
    "sampling": sp.Passages(tube=0.05, settled_tube=0.02, restart=0.008, reach=12.0),
    "quadrature": NODES,
    "test": TEST,
    "tol": 1e-6,
    "steps": 20000,
    "seconds": 400,
    "every": 200,
    "attempts": 1,
}
SOURCE = {"gamma": 10.0, "rho": 0.015, "pi2": 0.00236, "mean": 0.65, "variance": 0.0169}
PSI = {"above": 1.5, "below": 0.5}
"""The benchmark of the source."""


def main() -> None:
    """Both sides, or those that are named."""
    named = [side for side in SIDES if side in sys.argv[1:]]
    folder = next((word for word in sys.argv[1:] if word not in SIDES), None)
    for side in named or SIDES:
        result = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        result |= {side: measured(side, folder)} | surroundings()
        minutes = sum(sum(result[one]["seconds"].values()) for one in SIDES if one in result) / 60
        RESULT.write_text(json.dumps(result | {"minutes": minutes, "bar": MINUTES}, indent=1) + "\n")
        print(json.dumps(result, indent=1))


def measured(side: str, folder: str | None) -> dict[str, Any]:
    """One side of `psi = 1`: solution, residuals and study."""
    clock = Clock()
    family = solved(side, folder, clock)
    found = sp.study(
        family, QUANTITIES, uniform(SIDES[side]), points=DESIGN, chosen=CHOSEN, periods=YEARS, paths=PATHS, base=1024,
        draws=8,
    )  # fmt: skip
    if folder:
        sp.write_uq_report(found.result, Path(folder) / side, title=f"Learning about the climate, psi {side} one")
    clock.stop("study")
    equations = sp.euler_errors(family, test=TEST, seed=1).accuracy.equations
    planner = family.at(psi=PSI[side], **SOURCE)
    paths = sp.simulate(planner, periods=YEARS, paths=1000, world=world(3.42), seed=2)
    return {
        "seconds": clock.seconds,
        "steps": family.how["steps"],
        "residuals": {name: {bar: row[bar] for bar in ("mean", "99.9 %")} for name, row in equations.items()},
        "the source's planner, 3.42 K": {str(year): costs_of(paths, year) for year in (2020, 2050, 2100)},
        "means": dict(zip(QUANTITIES, np.mean(found.labels.values, axis=0).tolist(), strict=True)),
        "quantities": {name: summary(found, name) for name in QUANTITIES},
    }


def solved(side: str, folder: str | None, clock: "Clock") -> sp.Solution:
    """The solution; one that lies in the folder is taken as it is, with the time that it took."""
    if folder is None:
        family = sp.solve(MODEL, over=SIDES[side], **SETTINGS)
        clock.stop("solve")
        return family
    file, took = Path(folder) / f"{side}.sp", Path(folder) / f"{side}-seconds.json"
    if file.exists():
        clock.stop("loading")
        clock.seconds = json.loads(took.read_text())
        return sp.load(file, LearningClimate)
    family = solved(side, None, clock)
    family.save(file)
    took.write_text(json.dumps(clock.seconds))
    return family


class Clock:
    """Seconds between stops, by what was done."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def stop(self, what: str) -> None:
        now = time.perf_counter()
        self.seconds[what], self._last = now - self._last, now


if __name__ == "__main__":
    main()
