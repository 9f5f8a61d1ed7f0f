"""One network for a family of CDICE economies, and which parameter moves its social cost of carbon.

`python -m benchmarks.climate_family`. Five parameters are pseudo-states: time preference, elasticity of intertemporal
substitution, damages, climate sensitivity and the carbon-cycle index. At random draws and at published calibrations the
social cost of carbon, capital and temperature over 2015 to 2115 stand beside the optimum by nonlinear programming. Then
the whole chain of `sp.study`: a Gaussian process on a design of 100 points, Sobol' indices, Shapley
effects and the page. Bars: 0.2 % of the social cost everywhere; 15 minutes for solve and chain on two cores.
"""

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import saddlepath as sp
from benchmarks.measure import surroundings
from saddlepath.models.cdice import CDICE

RESULT = Path(__file__).parent / "results" / "climate_family.json"
BARS = {"social cost of carbon": 2e-3, "minutes": 15.0}
DRAWS = 20
SOLVER = tuple(
    sp.LevenbergMarquardt(batch=384, equations=2, memory=memory, steps=steps, floor=1e-10)
    for memory, steps in ((0.97, 400), (0.99, None))
)
"""Two equations per state, so that a step sees three times as many calibrations as with all.

The crude plan is right to .3 %, nearly all conditions are linear in what is left, and memory may be long at once.
"""
SETTINGS: dict[str, Any] = {"solver": SOLVER, "network": sp.Network(width=28), "precision": "float32"}
"""In single precision a step takes two thirds of the time."""
TRAINING = 480.0
"""Solving takes two to five minutes more, the chain two. [s]"""
BOX = sp.Box(rho=(0.01, 0.02), psi=(0.5, 2.0), pi2=(0.002, 0.008), ecs=(2.15, 4.55), carbon_index=(-1.0, 1.0))
MEAN = {"rho": 0.015, "psi": 1 / 1.45, "pi2": 0.00236, "ecs": 3.25, "carbon_index": 0.0}
NAMED = {"CDICE": MEAN, "MESMO": MEAN | {"carbon_index": 1.0}, "LOVECLIM": MEAN | {"carbon_index": -1.0}}
QUANTITIES = ("at:5:scc", "at:35:scc", "at:85:scc", "at:85:heat[0]", "at:85:emissions")
"""Social cost of carbon in 2020, 2050 and 2100, temperature and emissions in 2100."""


def main() -> None:
    """Measure and write the result, and the page into the folder that is given."""
    began, worked = time.time(), time.process_time()
    family = solved(CDICE(inputs="plan", horizon=800), BOX, TRAINING, **SETTINGS)
    write(family, time.time() - began, time.process_time() - worked)


def solved(model: CDICE, box: sp.Box, training: float, **settings: Any) -> sp.Solution:
    """One network for the box.

    Args:
        model: The economy.
        box: Of its parameters.
        training: How long; looked at after every 200 steps. [s]
        settings: Other arguments of `sp.solve`.
    """
    usual = {"sampling": sp.Passages(restart=0.008, reserve=4), "steps": 20000, "every": 200}
    return sp.solve(model, over=box, tol=1e-6, seconds=training, **(usual | settings))


def write(family: sp.Solution, seconds: float, processor: float) -> None:
    """Everything that is asked of a solved family.

    Args:
        family: The solution.
        seconds: What it took. [s]
        processor: The same of all processors together, less where others use the machine. [s]
    """
    began, worked = time.time(), time.process_time()
    found = sp.study(family, QUANTITIES, uniform(BOX), points=100, base=1024, draws=4)
    if len(sys.argv) > 1:
        sp.write_uq_report(found.result, sys.argv[1], title="Which parameter moves the social cost of carbon")
    times = {"solve": seconds, "solve, processor": processor, "chain": time.time() - began}
    times |= {"chain, processor": time.process_time() - worked}
    minutes = (times["solve"] + times["chain"]) / 60
    checked = against_the_optimum(family, NAMED | drawn(BOX, DRAWS))
    worst = max(case["social cost of carbon"] for case in checked.values())
    result = {
        "bars": BARS,
        "met": {"social cost of carbon": worst <= BARS["social cost of carbon"], "minutes": minutes <= BARS["minutes"]},
        "outcome": family.outcome.sentence,
        "points": {"design": 100, "chosen": 0, "base": 1024, "draws": 4},
        "steps": family.how["steps"],
        "seconds": times,
        "largest error of the social cost of carbon": worst,
        "cases": checked,
        "quantities": {name: summary(found, name) for name in QUANTITIES},
    }
    RESULT.write_text(json.dumps(result | surroundings(), indent=1) + "\n")
    print(json.dumps(result, indent=1))


def uniform(box: sp.Box) -> sp.Prior:
    """Independent and uniform over a box."""
    bounds = zip(box.names, box.low, box.high, strict=True)
    return sp.Prior(**{name: sp.Uniform(float(low), float(high)) for name, low, high in bounds})


def drawn(box: sp.Box, count: int) -> dict[str, dict[str, float]]:
    """Random draws, always the same."""
    uniform = box.low + (box.high - box.low) * np.random.default_rng(1).random((count, box.size))
    return {f"draw {i + 1}": dict(zip(box.names, map(float, row), strict=True)) for i, row in enumerate(uniform)}


def against_the_optimum(family: sp.Solution, cases: dict[str, dict[str, float]]) -> dict[str, dict[str, Any]]:
    """Largest distances in every case, with its calibration."""
    found = {}
    for name, theta in cases.items():
        gap = sp.compare_with_optimum(family.at(**theta))
        found[name] = theta | {
            "social cost of carbon": gap.scc, "capital": gap.capital, "temperature [K]": gap.temperature,
        }  # fmt: skip
    return found


def summary(found: sp.Study, name: str) -> dict[str, Any]:
    """Indices with half their intervals, how well the surrogate predicts, and the inequalities."""
    one = found.result[name]
    indices = {"Shapley": one.shapley.effects}
    if one.sobol is not None:
        indices |= {"first order": one.sobol.first, "total": one.sobol.total}
    rounded = {
        label: {i: [float(v), float(m)] for i, v, m in zip(one.inputs, e.value, e.margin, strict=True)}
        for label, e in indices.items()
    }
    q2 = None if one.left_out is None else one.left_out.q2
    return rounded | {
        "Q2, leave one out": q2,
        "checks": [dataclasses.asdict(c) | {"holds": c.holds} for c in one.checks],
    }


if __name__ == "__main__":
    main()
