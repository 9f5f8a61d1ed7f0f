"""A deep surrogate of Heston's implied volatility within a time budget: `python -m benchmarks.heston`.

Labels, training and everything compiled count. Errors are measured at fresh uniform points of the whole box and of the
box 5 % inside its bounds; the speed of the surrogate and of the integral in the same run, second calls. Calibration
recovers the parameters of synthetic days whose quotes are exact. `--minutes 3` is a quick look; `--jumps` takes the
thirteen-dimensional box with double-exponential jumps, for which a larger machine is meant: no bar.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.timing import seconds_of
from saddlepath.options.calibration import Quotes, calibrate, parameter_box
from saddlepath.options.inputs import HESTON, JUMPS, law_of, standard_deviation
from saddlepath.options.labels import label_volatilities, volatilities
from saddlepath.options.pricing import greeks, price
from saddlepath.options.surface import VolatilitySurface, fit_surface
from saddlepath.prior import Box
from saddlepath.surrogate.deep import Deep

RESULTS = Path(__file__).parent / "results"
BARS = {"volatility": 2e-3, "delta": 1e-3, "minutes": 30.0}
"""95 % of the errors of volatility below the first, of delta below the second, labels and training within the third."""
PER_MINUTE = 60_000
"""Labels per minute of the budget, a tenth of which they take."""
TESTS, TERMS = 100_000, 20_000
"""Points of the test of volatilities, and of that of deltas and speed."""
QUANTILES = {"50 %": 0.5, "95 %": 0.95, "99 %": 0.99, "max": 1.0}
DAYS = {"up to 30 days": (0, 30), "30 to 90 days": (30, 90), "90 to 365 days": (90, 366)}
MONEYNESS, MATURITIES = np.linspace(-2, 1.5, 15), np.array([14, 30, 60, 91, 182, 273, 365]) / 365
"""Quotes of a synthetic day."""


def main() -> None:
    """Measure and write the result."""
    from benchmarks.measure import surroundings

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=BARS["minutes"], help="budget of labels and training")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--days", type=int, default=20, help="synthetic days to calibrate")
    parser.add_argument("--jumps", action="store_true", help="the box with jumps")
    parser.add_argument("--save", type=Path, help="file for the surface")
    given = parser.parse_args()
    box = JUMPS if given.jumps else HESTON
    surface, cost = trained(box, given)
    if given.save:
        surface.save(given.save)
    random = np.random.default_rng(given.seed + 1)
    result = {"budget [minutes]": given.minutes, "seed": given.seed, "cost": cost, **errors(surface, random)}
    result |= {"speed": speed(surface, random), "calibration": calibration(surface, random, given.days)}
    if not given.jumps:
        reached = {name: result[f"error of {name}"]["whole box"]["all"]["95 %"] for name in ("volatility", "delta")}
        reached["minutes"] = cost["total [s]"] / 60
        result["bars"] = {n: {"reached": v, "bar": BARS[n], "met": bool(v <= BARS[n])} for n, v in reached.items()}
    path = RESULTS / f"heston{'-jumps' if given.jumps else ''}.json"
    path.write_text(json.dumps(result | surroundings(), indent=1) + "\n")
    print(json.dumps(result, indent=1))


def trained(box: Box, given: argparse.Namespace) -> tuple[VolatilitySurface, dict[str, Any]]:
    """A surface, and what it cost."""
    begun = time.perf_counter()
    labels = label_volatilities(box, int(PER_MINUTE * given.minutes), given.seed, progress=True)
    labelled = time.perf_counter() - begun
    last = [0.0]

    def log(record: dict[str, Any]) -> None:
        if record["seconds"] - last[0] > 30:
            last[0] = record["seconds"]
            print(f"{record['seconds']:5.0f} s, epoch {record['epoch']}: {record['best'] ** 0.5:.2e}", flush=True)

    kind = Deep(
        width=given.width,
        depth=given.depth,
        members=1,
        epochs=10_000,
        seconds=0.98 * (60 * given.minutes - labelled),  # the last part of the training may take a little longer
        batch=1024,
        rate=2e-3,
        polish=0,
        precision="float32",
    )
    surface = fit_surface(labels, kind, given.seed, log)
    total = time.perf_counter() - begun
    cost = {"labels": len(labels), "labels [s]": labelled, "training [s]": total - labelled, "total [s]": total}
    return surface, cost | {"network": kind.describe()}


def uniform(box: Box, n: int, random: np.random.Generator, inside: float = 0.0) -> np.ndarray:
    """Uniform points of a box, or of what is left without a share of its width at every bound."""
    return box.low + (box.high - box.low) * (inside + (1 - 2 * inside) * random.random((n, box.size)))


def errors(surface: VolatilitySurface, random: np.random.Generator) -> dict[str, Any]:
    """Quantiles of the errors of volatility and delta."""
    box, found = surface.box, {"error of volatility": {}, "error of delta": {}}
    for name, inside in (("whole box", 0.0), ("5 % inside", 0.05)):
        theta = uniform(box, TESTS, random, inside)
        exact = volatilities(box, theta)
        error = np.abs(surface.predict(theta).mean[:, 0] - exact)
        found["error of volatility"][name] = by_maturity(error, theta[:, box.names.index("tau")])
        theta = uniform(box, TERMS, random, inside)
        law, terms = options(box, theta)
        exact, other = (greeks(law, *terms, value=value).delta for value in (None, surface.value))
        found["error of delta"][name] = by_maturity(np.abs(exact - other), terms[2])
    return found


def options(box: Box, theta: np.ndarray) -> tuple[Any, tuple[np.ndarray, ...]]:
    """Laws and terms (spot, strike, time to maturity, rate, dividend) of points of a box; the asset costs one."""
    inputs = {name: theta[:, i] for i, name in enumerate(box.names)}
    law, tau, rate = law_of(inputs), inputs["tau"], inputs["rate"]
    dividend = inputs.get("dividend", np.zeros(len(theta)))
    k = inputs["moneyness"] * unit(law, tau)
    return law, (np.ones(len(theta)), np.exp(k + (rate - dividend) * tau), tau, rate, dividend)


def unit(law: Any, tau: np.ndarray) -> np.ndarray:
    """Of moneyness, in float64."""
    with jax.enable_x64(True):
        return np.asarray(standard_deviation(law, tau))


def by_maturity(error: np.ndarray, tau: np.ndarray) -> dict[str, dict[str, float]]:
    """Quantiles of all errors and of those of some maturities; labels that have no volatility are not counted."""
    groups = {"all": np.isfinite(error)}
    groups |= {n: (tau * 365 >= low) & (tau * 365 < high) & groups["all"] for n, (low, high) in DAYS.items()}
    return {
        name: {head: float(np.quantile(error[rows], q)) for head, q in QUANTILES.items()}
        for name, rows in groups.items()
        if rows.any()
    }


def speed(surface: VolatilitySurface, random: np.random.Generator) -> dict[str, float]:
    """Options per second of both ways to price."""
    law, terms = options(surface.box, uniform(surface.box, TERMS, random))
    calls = {
        "prices by the integral": lambda: price(law, *terms),
        "prices by the surrogate": lambda: price(law, *terms, value=surface.value),
        "Greeks by the integral": lambda: greeks(law, *terms),
        "Greeks by the surrogate": lambda: greeks(law, *terms, value=surface.value),
    }
    return {f"{name} [1/s]": TERMS / min(seconds_of(call, 2)) for name, call in calls.items()}


def calibration(surface: VolatilitySurface, random: np.random.Generator, days: int) -> dict[str, Any]:
    """Errors |found - true| / (0.1 + |true|) of parameters of synthetic days drawn 5 % inside the box."""
    box, distances, residuals, seconds = parameter_box(surface), [], [], []
    for theta in uniform(box, days, random, inside=0.05):
        true = dict(zip(box.names, theta.tolist(), strict=True))
        m, tau = (part.ravel() for part in np.meshgrid(MONEYNESS, MATURITIES))
        given = true | {"moneyness": m, "tau": tau}
        columns = [np.broadcast_to(given.get(name, 0.0), m.shape) for name in surface.box.names]
        volatility = volatilities(surface.box, np.stack(columns, axis=1))
        k = m * unit(law_of(given), tau)
        keep = np.isfinite(volatility)
        begun = time.perf_counter()
        found = calibrate(surface, Quotes(k[keep], tau[keep], volatility[keep]))
        seconds.append(time.perf_counter() - begun)
        distances.append([abs(found.parameters[n] - true[n]) / (0.1 + abs(true[n])) for n in box.names])
        residuals.append(found.error)
    quantiles = {q: np.quantile(distances, q, axis=0) for q in (0.5, 0.75, 1.0)}
    return {
        "days": days,
        "quotes per day": m.size,
        "relative error": {
            name: {"50 %": float(quantiles[0.5][i]), "75 %": float(quantiles[0.75][i]), "max": float(quantiles[1.0][i])}
            for i, name in enumerate(box.names)
        },
        "residual": float(np.median(residuals)),
        "seconds per day": float(np.median(seconds)),
    }


if __name__ == "__main__":
    main()
