"""Every calibration of CDICE in one network: `python -m benchmarks.climate_calibrations [--abatement none]`.

Fifteen parameters are pseudo-states: those of the climate, of preferences, damages and abatement costs, two that lead
from CDICE to the carbon cycle and boxes of heat of DICE-2016, and one from the linear path of other forcing to a share
of that of CO2, taken as given. At fifty random draws and at every published climate and variant the social cost of
carbon over 2015 to 2115 stands beside the optimum by nonlinear programming; with `--abatement none` the same for
business as usual. Bars: 0.2 % everywhere; fifteen minutes on two cores.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import saddlepath as sp
from benchmarks.climate_family import SETTINGS, against_the_optimum, drawn, solved
from benchmarks.measure import surroundings
from saddlepath import climate
from saddlepath.models.cdice import CDICE

RESULT = Path(__file__).parent / "results" / "climate_calibrations.json"
BARS = {"social cost of carbon": 2e-3, "minutes": 15.0}
DRAWS = 50
INTEREST, GROWTH = 0.044, 0.02
"""Published pairs of `rho` and `psi` have this rate of interest at this growth. [1/yr]"""


class Interested(CDICE):
    """CDICE by the curvature of utility, `1/psi`, and by time preference over what a rate of interest asks of it.

    Its carbon cycle and its boxes of heat are geometric means of the given ones and those of DICE-2016, but for the
    sensitivity, which is given; its other forcing is a mean of the linear path and the share of that of CO2.
    """

    curvature: float = sp.parameter(1.45, "curvature of utility, 1/psi", within=sp.Positive())
    impatience: float = sp.parameter(1.0, "time preference over what interest of .044 asks", within=sp.Positive())
    older_carbon: float = sp.parameter(0.0, "weight of the carbon cycle of DICE-2016", within=sp.Interval(0.0, 1.0))
    older_heat: float = sp.parameter(0.0, "weight of its boxes of heat", within=sp.Interval(0.0, 1.0))
    shared: float = sp.parameter(0.0, "weight of other forcing as a share of that of CO2", within=sp.Interval(0.0, 1.0))

    def problem(self):
        given, boxes = super().problem(), climate.temperature_boxes("dice2016")
        boxes = dataclasses.replace(boxes, ecs=given.temperature.ecs)
        path, share = given.forcing, climate.OtherForcing.proportional(internalised=False)
        forcing = jax.tree.map(lambda a, b: a + self.shared * (b - a), path, share)
        return dataclasses.replace(
            given, psi=1 / self.curvature, rho=self.impatience * (INTEREST - GROWTH * self.curvature),
            carbon=towards(given.carbon, climate.carbon_cycle("dice2016"), self.older_carbon),
            temperature=towards(given.temperature, boxes, self.older_heat), forcing=forcing,
        )  # fmt: skip


def towards(given: Any, other: Any, weight: Any) -> Any:
    """Geometric means of positive coefficients."""
    return jax.tree.map(lambda a, b: jnp.asarray(a) ** (1 - weight) * jnp.asarray(b) ** weight, given, other)


BOX = sp.Box(
    impatience=(0.85, 1.25), curvature=(0.48, 2.03), pi2=(0.0018, 0.006), theta2=(2.4, 2.8), carbon_index=(-1.0, 1.0),
    b12=(0.05, 0.058), b23=(0.0075, 0.009), c1=(0.13, 0.22), c3=(0.5, 1.2), c4=(0.0065, 0.0095), f2x=(2.9, 3.7),
    ecs=(2.1, 4.6), older_carbon=(0.0, 1.0), older_heat=(0.0, 1.0), shared=(0.0, 1.0),
)  # fmt: skip
HORIZON = 600
"""With a longer one less of what is seen lies before 2115. [yr]"""
TRAINING = 450.0
"""Looked at after every 200 steps, which take up to two minutes; before them four are spent compiling. [s]"""


def named() -> dict[str, dict[str, float]]:
    """Published carbon cycles with published temperatures, preferences and other forcing, as points of the box."""
    return {case: {name: float(getattr(model, name)) for name in BOX.names} for case, model in published().items()}


def published() -> dict[str, Interested]:
    """Every published climate and variant, by name."""
    cases, older = {}, {"older_carbon": 1.0, "older_heat": 1.0}
    for cycle, index in (("loveclim", -1.0), ("cdice", 0.0), ("mesmo", 1.0)):
        for warming in ("cdice", "hadgem", "giss"):
            cases[f"{cycle}, {warming}"] = Interested.published("cdice", warming, carbon_index=index)
    cases |= {f"dice2016, ecs {ecs}": Interested(ecs=ecs, **older) for ecs in (2.15, 3.1, 4.55)}
    cases["dice2016, cdice"] = Interested(older_carbon=1.0)
    cases["cdice, forcing shared"] = Interested(shared=1.0)
    cases["dice2016, forcing shared"] = Interested(shared=1.0, ecs=3.1, **older)
    for psi in (0.5, 2.0):
        cases[f"psi {psi}"] = Interested(curvature=1 / psi)
        cases[f"dice2016, psi {psi}"] = Interested(curvature=1 / psi, ecs=3.1, **older)
        for warming in ("hadgem", "giss"):
            cases[f"cdice, {warming}, psi {psi}"] = Interested.published("cdice", warming, curvature=1 / psi)
    return cases


def main() -> None:
    """Solve, compare, and write the result."""
    parser = argparse.ArgumentParser(description="Every calibration of CDICE in one network.")
    parser.add_argument("--abatement", choices=("optimal", "none"), default="optimal", help="none: business as usual")
    parser.add_argument("--save", metavar="FILE", help="where the solved family goes")
    given = parser.parse_args()
    began = time.time()
    model = Interested(inputs="plan", horizon=HORIZON, abatement=given.abatement)
    family = solved(model, BOX, TRAINING, **SETTINGS)
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
    print(given.abatement, json.dumps({key: value for key, value in result.items() if key != "cases"}, indent=1))
    print({one: f"{case['social cost of carbon']:.1e}" for one, case in cases.items()})


if __name__ == "__main__":
    main()
