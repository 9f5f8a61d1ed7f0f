"""Every calibration of CDICE in one network: `python -m benchmarks.climate_calibrations [--abatement none]`.

Twelve parameters are pseudo-states: those of the climate, of preferences, damages and abatement costs. At fifty random
draws, at the nine published climates and at the published preferences the social cost of carbon over 2015 to 2115
stands beside the optimum by nonlinear programming; with `--abatement none` the same for business as usual. Bars: 0.2 %
everywhere; fifteen minutes on two cores.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import equinox as eqx
import numpy as np

import saddlepath as sp
from benchmarks.climate_family import against_the_optimum, drawn, solved
from benchmarks.measure import surroundings
from saddlepath.models.cdice import CDICE

RESULT = Path(__file__).parent / "results" / "climate_calibrations.json"
BARS = {"social cost of carbon": 2e-3, "minutes": 15.0}
DRAWS = 50
INTEREST, GROWTH = 0.044, 0.02
"""Published pairs of `rho` and `psi` have this rate of interest at this growth. [1/yr]"""


class Interested(CDICE):
    """CDICE by the curvature of utility, `1/psi`, and by time preference over what a rate of interest asks of it."""

    curvature: float = sp.parameter(1.45, "curvature of utility, 1/psi", within=sp.Positive())
    impatience: float = sp.parameter(1.0, "time preference over what interest of .044 asks", within=sp.Positive())

    def problem(self):
        preferences = 1 / self.curvature, self.impatience * (INTEREST - GROWTH * self.curvature)
        return eqx.tree_at(lambda problem: (problem.psi, problem.rho), super().problem(), preferences)


BOX = sp.Box(
    impatience=(0.85, 1.25), curvature=(0.48, 2.03), pi2=(0.0018, 0.006), theta2=(2.4, 2.8), carbon_index=(-1.0, 1.0),
    b12=(0.05, 0.058), b23=(0.0075, 0.009), c1=(0.13, 0.22), c3=(0.5, 1.2), c4=(0.0065, 0.0095), f2x=(2.9, 3.7),
    ecs=(2.1, 4.6),
)  # fmt: skip


SETTINGS: dict[str, Any] = {
    "solver": tuple(
        sp.LevenbergMarquardt(batch=384, equations=2, memory=memory, steps=steps)
        for memory, steps in ((0.8, 400), (0.97, 1200), (0.99, None))
    ),
    "network": sp.Network(width=34),
    "sampling": sp.Passages(restart=0.008),
    "steps": 20000,
    "every": 100,
}
"""Two equations per state, so that a step sees three times as many calibrations; tests so rare that none ends it."""

TRAINING = 620.0
"""Looked at after every 100 steps, each of a third to half a second: most of a minute more may pass [s]."""


def named() -> dict[str, dict[str, float]]:
    """Published carbon cycles with published temperatures, and published preferences."""
    values = lambda model: {name: float(getattr(model, name)) for name in BOX.names}
    cases = {}
    for cycle, index in (("loveclim", -1.0), ("cdice", 0.0), ("mesmo", 1.0)):
        for warming in ("cdice", "hadgem", "giss"):
            cases[f"{cycle}, {warming}"] = values(Interested.published("cdice", warming, carbon_index=index))
    return cases | {f"psi {psi}": values(Interested(curvature=1 / psi)) for psi in (0.5, 2.0)}


def main() -> None:
    """Solve, compare, and write the result."""
    parser = argparse.ArgumentParser(description="Every calibration of CDICE in one network.")
    parser.add_argument("--abatement", choices=("optimal", "none"), default="optimal", help="none: business as usual")
    parser.add_argument("--save", metavar="FILE", help="where the solved family goes")
    given = parser.parse_args()
    began = time.time()
    family = solved(Interested(inputs="plan", horizon=1000, abatement=given.abatement), BOX, TRAINING, **SETTINGS)
    minutes = (time.time() - began) / 60
    if given.save:
        family.save(given.save)
    cases = against_the_optimum(family, named() | drawn(BOX, DRAWS))
    errors = np.array([case["social cost of carbon"] for case in cases.values()])
    result = {
        "reached": {"social cost of carbon": float(errors.max()), "minutes": minutes},
        "met": {
            "social cost of carbon": bool(errors.max() <= BARS["social cost of carbon"]),
            "minutes": minutes <= BARS["minutes"],
        },
        "steps": family.how["steps"],
        "median": float(np.median(errors)),
        "within the bar": int(np.sum(errors <= BARS["social cost of carbon"])),
        "cases": cases,
    }
    results = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    results |= {"bars": BARS, given.abatement: result} | surroundings()
    RESULT.write_text(json.dumps(results, indent=1) + "\n")
    print(given.abatement, json.dumps({name: value for name, value in result.items() if name != "cases"}, indent=1))
    print({name: f"{case['social cost of carbon']:.1e}" for name, case in cases.items()})


if __name__ == "__main__":
    main()
