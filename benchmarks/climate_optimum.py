"""Seconds and accuracy of the planner's optimum: `python -m benchmarks.climate_optimum`.

Every standard case of CDICE and DICE-2016, annual, and DICE-2016R in steps of five years. Seconds are of one processor,
the least of three calls after a first one that compiles. Beside them stand how far the recursive first-order
condition of carbon is from zero over 250 years, relative to the value of carbon, and the social cost of carbon in 2020.
The bar is 0.8 s.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.measure import surroundings
from saddlepath import climate

RESULT = Path(__file__).parent / "results" / "climate_optimum.json"
BAR = 0.8


def problem(carbon: str, temperature: str, **values: Any) -> climate.PlannerProblem:
    return climate.PlannerProblem(climate.carbon_cycle(carbon), climate.temperature_boxes(temperature), **values)


CASES = {
    f"{carbon}, {temperature}": problem(carbon, temperature)
    for carbon in ("cdice", "mesmo", "loveclim")
    for temperature in ("cdice", "hadgem", "giss")
} | {
    "dice2016": problem("dice2016", "dice2016"),
    "psi 0.5": problem("cdice", "cdice", psi=0.5, rho=0.004),
    "psi 2": problem("cdice", "cdice", psi=2.0, rho=0.034),
    "forcing taken as given": problem("cdice", "cdice", forcing=climate.OtherForcing.proportional(internalised=False)),
}


def main() -> None:
    """Measure and write the result."""
    cases = {name: measured(lambda p=p: climate.optimum(p)) | accuracy(p) for name, p in CASES.items()}
    cases["business as usual"] = measured(lambda: climate.optimum(abatement=0.0))
    cases["five years"] = measured(climate.five_year_optimum)
    longest = max(case["seconds"] for name, case in cases.items() if "," in name or name == "dice2016")
    result = {"bar": BAR, "met by the ten standard cases": longest < BAR, "cases": cases}
    RESULT.write_text(json.dumps(result | surroundings(), indent=1) + "\n")
    print(json.dumps(result, indent=1))


def measured(solve: Callable[[], Any]) -> dict[str, float]:
    """Processor seconds, the least of three calls after the first, and the answer for 2020."""
    found, taken = solve(), []
    for _ in range(3):
        began = time.process_time()
        solve()
        taken.append(time.process_time() - began)
    return {"seconds": min(taken), "social cost 2020": float(found.scc.sel(year=2020))}


def accuracy(planner: climate.PlannerProblem) -> dict[str, float]:
    """Of the values of the lower ocean: the price that is discounted longest."""
    found, t = climate.optimum(planner), np.arange(250)
    with jax.enable_x64(True):
        discount, exchange = np.asarray(planner.discount_factor(t)), np.asarray(planner.carbon.exchange)
    value = found.value_carbon.values
    tomorrow = value[1:251] @ (np.eye(3) + exchange)
    gap = 1 - discount * tomorrow[:, 2] / value[:250, 2]
    return {"largest residual of the price of carbon in the lower ocean": float(np.abs(gap).max())}


if __name__ == "__main__":
    main()
