"""Deep uncertainty quantification under learning: `python -m benchmarks.learning_climate_uq [PART ...] [FOLDER]`.

Parts are `above`, `below` and `known`; default all. Six parameters of Friedl, Kuebler, Scheidegger and Usui (2023,
Table 1) are pseudo-states, one solution on either side of `psi = 1`. Mean social costs of carbon in 2020, 2050 and
2100, temperature in 2100 and emissions in 2050 are simulated at 100 points of a design and 100 chosen ones; Sobol'
indices, Shapley and univariate effects follow, with their page. Bar: forty minutes on two cores for everything, where
the source needs four hours for a solution alone. Residuals on fresh paths tell how right the rules are, and so does the
social cost of the planner at the source's benchmark, whom `benchmarks.learning_climate` solves alone, on the same
paths. `known` asks the same question where the feedback is known and nothing is random, of 100 optima by nonlinear
programming instead of a family.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

import saddlepath as sp
from benchmarks.climate_family import summary, uniform
from benchmarks.learning_climate import costs_of, world
from benchmarks.measure import surroundings
from saddlepath import climate
from saddlepath.models.learning_climate import LearningClimate

RESULT = Path(__file__).parent / "results" / "learning_climate_uq.json"
MINUTES = 40.0
QUANTITIES = ("at:5:scc", "at:35:scc", "at:85:scc", "at:85:heat[0]", "at:35:emissions")
"""Emissions in 2050: in 2100 everything is abated in much of the box."""
DESIGN, CHOSEN, PATHS, YEARS = 100, 100, 256, 86
DATES = (2020, 2050, 2100)
BELOW: dict[str, Any] = {
    "psi": (0.5, 0.95),
    "rho": (0.01, 0.02),
    "gamma": (5.0, 10.0),
    "pi2": (0.002, 0.008),
    "mean": (0.45, 0.73),
    "variance": (0.01, 0.04),
}
ABOVE = BELOW | {"psi": (1.05, 2.0)}
SIDES = {"above": sp.Box(**ABOVE), "below": sp.Box(**BELOW)}
KNOWN = "known"
NODES = sp.GaussHermite((7, 3))
TEST = sp.TestPaths(paths=24, burn_in=0, dates=300, repeats=1, quadrature=NODES)
MODEL = LearningClimate(inputs="plan", horizon=400)
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
    """All parts, or those that are named."""
    parts = (*SIDES, KNOWN)
    named = [part for part in parts if part in sys.argv[1:]]
    folder = next((word for word in sys.argv[1:] if word not in parts), None)
    for part in named or parts:
        found = known_feedback() if part == KNOWN else measured(part, folder)
        result = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        result |= {part: found} | surroundings()
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
        "the source's planner, 3.42 K": {str(year): costs_of(paths, year) for year in DATES},
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


def known_feedback() -> dict[str, Any]:
    """Indices of the social cost above psi one where the mean of the belief is the feedback, from optima."""
    box = sp.Box(**{name: bounds for name, bounds in ABOVE.items() if name not in ("gamma", "variance")})
    began, theta = time.perf_counter(), box.design(DESIGN, 0)
    costs = np.array([optimal_costs(**dict(zip(box.names, point, strict=True))) for point in theta])
    labels = sp.Labels(box, theta, costs, QUANTITIES[:3])
    surrogate = sp.fit(labels, sp.GP(transform="auto"))
    found = sp.Study(labels, surrogate, sp.sensitivity(surrogate, uniform(box), base=1024, draws=8))
    quantities = {name: summary(found, name) for name in labels.outputs}
    return {"seconds": {"optima": time.perf_counter() - began}, "quantities": quantities}


def optimal_costs(psi: float, rho: float, pi2: float, mean: float) -> list[float]:
    """Social cost of carbon in 2020, 2050 and 2100 of a planner who knows the feedback. [USD/tCO2]"""
    known = LearningClimate(psi=psi, rho=rho, pi2=pi2, mean=mean)
    with jax.enable_x64(True):
        problem = known.expected(known.start())
    path = climate.optimum(problem)
    return [float(path["scc"].sel(year=year)) for year in DATES]


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
