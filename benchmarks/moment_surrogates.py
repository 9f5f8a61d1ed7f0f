"""Moments as functions of parameters, and parameters back from moments: `python -m benchmarks.moment_surrogates`.

One network per family (full depreciation; irreversible investment with two shocks) is solved over capital share and
discount factor. Mean and standard deviation of consumption over capital, simulated at a Sobol' design with common
shocks, are labels of a Gaussian process; its error is measured at points of another design. Then ten economies are
drawn, and both moments together give back their parameters: from moments on the shocks of the labels, so that the
surrogate alone errs, and on others, as with data. Full depreciation has exact moments beside.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from saddlepath.surrogate.gp import GP
from scipy.optimize import least_squares
from tests.referee import two_shocks

import saddlepath as sp
from benchmarks.measure import surroundings
from benchmarks.rows.growth import ROWS as GROWTH
from benchmarks.rows.growth import saving_gap
from benchmarks.rows.irreversible import ROWS as IRREVERSIBLE
from saddlepath.cli.environment import prepare
from saddlepath.models.brock_mirman import BrockMirman
from saddlepath.surrogate.base import Labels, Surrogate

RESULT = Path(__file__).parent / "results" / "moment-surrogates.json"
OUTPUTS = ("mean", "sd")
LABELS, CHECKS, TARGETS = 60, 20, 10
SIZE = {"periods": 2000, "paths": 400, "burn_in": 600}
SHOCKS, OTHER_SHOCKS = 1, 2
MODEL = BrockMirman(beta=0.9, rho=0.95, sigma=0.01)
"""The model of the row `growth-b-family`, typed."""
Moments = Callable[[np.ndarray, int], np.ndarray]
"""From parameters `[2]` and a seed to mean and standard deviation of consumption over capital."""


def main() -> None:
    """Run in a process of its own, so that the clock starts with it."""
    if len(sys.argv) == 1:
        prepare(cache=False)
        command = [sys.executable, "-m", "benchmarks.moment_surrogates", repr(time.time())]
        subprocess.run(command, check=True)
        return
    launched = float(sys.argv[1])
    growth = full_depreciation(launched)
    result = {"growth, full depreciation": growth, "irreversible, two shocks": irreversible(time.time())}
    RESULT.write_text(json.dumps(result | surroundings(), indent=1) + "\n")
    for name, found in result.items():
        print(f"{name}: {json.dumps({key: value for key, value in found.items() if key != 'points'}, indent=1)}")


def full_depreciation(began: float) -> dict[str, Any]:
    """Growth with full depreciation, where the rule and the moments are known."""
    row = GROWTH["growth-b-family"]
    family = sp.solve(MODEL, seed=0, **row.settings)
    solved = time.time() - began

    def moments(theta: np.ndarray, seed: int) -> np.ndarray:
        data = sp.simulate(family.at(**dict(zip(family.box.names, map(float, theta), strict=True))), seed=seed, **SIZE)
        ratio = (data["consumption"] / data["k"]).values
        return np.array([ratio.mean(), ratio.std()])

    surrogate, found = study(family.box, moments, sp.Box(alpha=(0.31, 0.41), beta=(0.87, 0.93)))
    theta = family.box.design(CHECKS, seed=5)
    exact = np.array([exact_moments(float(alpha), float(beta), MODEL) for alpha, beta in theta])
    gaps = np.abs(surrogate.predict(theta).mean / exact - 1)
    return {
        "seconds from process start to the solution": round(solved, 1),
        "seconds in all": round(time.time() - began, 1),
        "saving rate over the box, largest relative error": {"reached": saving_gap(family), "bar": 1e-3},
        "surrogate against exact moments, largest relative error": dict(
            zip(OUTPUTS, gaps.max(0).tolist(), strict=True)
        ),
    } | found


def exact_moments(alpha: float, beta: float, model: BrockMirman) -> tuple[float, float]:
    """Mean and standard deviation of consumption over capital, which is lognormal.

    With `log k' = log(alpha beta) + z + alpha log k` and `z' = rho z + sigma e`, `log c/k = log(1 - alpha beta) + z -
    (1 - alpha) log k`.
    """
    rho, var_z = model.rho, model.sigma**2 / (1 - model.rho**2)
    cov = rho * var_z / (1 - alpha * rho)
    var_k = (var_z + 2 * alpha * cov) / (1 - alpha**2)
    location = np.log(1 - alpha * beta) - np.log(alpha * beta)
    variance = var_z + (1 - alpha) ** 2 * var_k - 2 * (1 - alpha) * cov
    mean = float(np.exp(location + variance / 2))
    return mean, mean * float(np.sqrt(np.expm1(variance)))


def irreversible(began: float) -> dict[str, Any]:
    """Irreversible investment with two shocks, and the reference's table from the same network."""
    row = IRREVERSIBLE["two-shocks-family"]
    family = sp.solve(row.model, seed=0, **row.settings)
    solved = time.time() - began

    def data(theta: np.ndarray, seed: int, paths: int = SIZE["paths"]) -> dict[str, np.ndarray]:
        member = family.at(**dict(zip(family.box.names, map(float, theta), strict=True)))
        simulated = sp.simulate(member, seed=seed, **(SIZE | {"paths": paths}))
        return {name: simulated[name].values for name in ("k", "consumption_capital", "investment")}

    def moments(theta: np.ndarray, seed: int) -> np.ndarray:
        ratio = data(theta, seed)["consumption_capital"]
        return np.array([ratio.mean(), ratio.std()])

    table = []
    for economy in two_shocks.TABLE:
        reached = two_shocks.moments(data(np.array([economy.alpha, economy.beta]), SHOCKS, two_shocks.PATHS))
        table.append({"table": economy._asdict(), "reached": reached, "gap": two_shocks.gaps(economy, reached)})
    worst = {name: max(abs(entry["gap"][name]) for entry in table) for name in two_shocks.ALLOWED}
    surrogate, found = study(family.box, moments, sp.Box(alpha=(0.26, 0.34), beta=(0.79, 0.91)))
    found["points"]["table"] = table
    at_table = surrogate.predict(np.array([[economy.alpha, economy.beta] for economy in two_shocks.TABLE])).mean
    stated = np.array([[economy.mean_ratio, economy.sd_ratio] for economy in two_shocks.TABLE])
    return {
        "seconds to the solution": round(solved, 1),
        "seconds in all": round(time.time() - began, 1),
        "table, largest relative gap": {n: {"reached": worst[n], "bar": two_shocks.ALLOWED[n]} for n in worst},
        "surrogate against the table, largest relative gap": dict(
            zip(OUTPUTS, np.abs(at_table / stated - 1).max(0).tolist(), strict=True)
        ),
    } | found


def study(box: sp.Box, moments: Moments, truths: sp.Box) -> tuple[Surrogate, dict[str, Any]]:
    """Surrogate of the moments over a box, its errors, and what it finds of parameters in a smaller box."""
    began = time.time()
    design = box.design(LABELS, seed=0)
    labels = Labels(box, design, np.array([moments(theta, SHOCKS) for theta in design]), OUTPUTS)
    labelled = time.time() - began
    surrogate = GP().fit(labels, seed=0)
    fitted = time.time() - began - labelled
    checks = [checked(surrogate, theta, moments) for theta in box.design(CHECKS + 1, seed=7)[1:]]
    found = [recovered(surrogate, theta, moments) for theta in truths.design(TARGETS + 1, seed=3)[1:]]
    return surrogate, {
        "seconds of labels": round(labelled, 1),
        "seconds of the fit": round(fitted, 2),
        "surrogate at new points, largest relative error": {
            name: max(abs(check["relative error"][i]) for check in checks) for i, name in enumerate(OUTPUTS)
        },
        "parameters back, labels' shocks": summary(found, "labels' shocks"),
        "parameters back, other shocks": summary(found, "other shocks"),
        "one moment alone": level_curves(surrogate, truths),
        "points": {"new": checks, "targets": found},
    }


def checked(surrogate: Surrogate, theta: np.ndarray, moments: Moments) -> dict[str, Any]:
    """Error of the surrogate at a point, against a simulation on the labels' shocks."""
    prediction, simulated = surrogate.predict(theta), moments(theta, SHOCKS)
    return {
        "theta": theta.tolist(),
        "simulated": simulated.tolist(),
        "relative error": (prediction.mean / simulated - 1).tolist(),
        "predicted relative sd": (prediction.sd / simulated).tolist(),
    }


def recovered(surrogate: Surrogate, truth: np.ndarray, moments: Moments) -> dict[str, Any]:
    """Parameters at which the surrogate has both moments of an economy, and moments simulated there."""
    found: dict[str, Any] = {"truth": truth.tolist()}
    for name, seed in (("labels' shocks", SHOCKS), ("other shocks", OTHER_SHOCKS)):
        target = moments(truth, seed)
        estimates = matches(surrogate, target)
        again = moments(estimates[0], seed)
        found[name] = {
            "estimate": estimates[0].tolist(),
            "error": (estimates[0] - truth).tolist(),
            "moments at the estimate, relative to the target": (again / target - 1).tolist(),
            "distinct estimates from 8 starts": len(estimates),
        }
    return found


def matches(surrogate: Surrogate, target: np.ndarray) -> list[np.ndarray]:
    """All points of the box, from eight starts, at which both moments agree with the target to 1e-6."""
    box, points = surrogate.box, []
    relative = lambda theta: surrogate.predict(theta).mean / target - 1
    for start in box.design(8, seed=11):
        fit = least_squares(relative, start, bounds=(box.low, box.high), x_scale=box.high - box.low, xtol=1e-12)
        same = any(np.allclose(fit.x, point, atol=1e-5) for point in points)
        if np.max(np.abs(fit.fun)) < 1e-6 and not same:
            points.append(fit.x)
    return points


def summary(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Largest errors over all targets."""
    errors = np.abs([entry[kind]["error"] for entry in found]).max(0)
    again = np.abs([entry[kind]["moments at the estimate, relative to the target"] for entry in found]).max(0)
    return {
        "largest error": {"alpha": errors[0], "beta": errors[1]},
        "moments at the estimate, largest relative gap": dict(zip(OUTPUTS, again.tolist(), strict=True)),
        "most distinct estimates": max(entry[kind]["distinct estimates from 8 starts"] for entry in found),
    }


def level_curves(surrogate: Surrogate, truths: sp.Box) -> dict[str, Any]:
    """How much of the box agrees with one moment at the centre to 0.1 %: a curve, so that one is not enough."""
    alphas, betas = (
        np.linspace(low, high, 201) for low, high in zip(surrogate.box.low, surrogate.box.high, strict=True)
    )
    grid = np.stack(np.meshgrid(alphas, betas, indexing="ij"), axis=-1)
    gap = np.abs(surrogate.predict(grid).mean / surrogate.predict(truths.centre).mean - 1) < 1e-3
    curves = {}
    for i, name in enumerate(OUTPUTS):
        agree = grid[gap[..., i]]
        curves[name] = {p: [agree[:, j].min(), agree[:, j].max()] for j, p in enumerate(surrogate.inputs)}
    return curves


if __name__ == "__main__":
    main()
