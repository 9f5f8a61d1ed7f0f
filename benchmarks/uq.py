"""Sensitivity estimators against exact values, and how long they take: `python -m benchmarks.uq`.

Accuracy is reported beside the half width of the intervals and the bar of 1e-2; time is the median of five calls
after compilation, beside the bar of one second for Shapley effects of six inputs at 16,384 base points.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import seconds_of
from saddlepath.marginals import Gaussian, Uniform
from saddlepath.prior import Prior
from saddlepath.uq.estimates import Estimates
from saddlepath.uq.sensitivity import sensitivity
from saddlepath.uq.shapley import shapley
from saddlepath.uq.sobol import sobol

RESULT = Path(__file__).parent / "results" / "uq.json"
BASE = 16_384
SECONDS, ACCURACY = 1.0, 1e-2
COEFFICIENTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0])


def ishigami(x: np.ndarray) -> np.ndarray:
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def g_function(x: np.ndarray) -> np.ndarray:
    return np.prod((np.abs(4 * x - 2) + COEFFICIENTS) / (1 + COEFFICIENTS), axis=1)


def total(x: np.ndarray) -> np.ndarray:
    return x.sum(axis=1)


ISHIGAMI = Prior(**{name: Uniform(-np.pi, np.pi) for name in "abc"})
G = Prior(**{f"x{i}": Uniform(0.0, 1.0) for i in range(6)})
EXACT: dict[str, tuple[Callable, Prior, dict[str, tuple[float, ...]]]] = {
    "Ishigami": (
        ishigami,
        ISHIGAMI,
        {
            "first": (0.3139, 0.4424, 0.0),
            "total": (0.5576, 0.4424, 0.2437),
            "Shapley": (0.435747, 0.442411, 0.121842),
        },
    ),
    "g-function": (
        g_function,
        G,
        {
            "first": (0.716343, 0.179086, 0.023681, 0.007163, 7.163e-5, 7.163e-5),
            "total": (0.787257, 0.242233, 0.034322, 0.010462, 1.0496e-4, 1.0496e-4),
            "Shapley": (0.751651, 0.210514, 0.028886, 0.008773, 8.789e-5, 8.789e-5),
        },
    ),
}
LINEAR = {0.5: (0.125, 0.296875, 0.578125), 0.9: (0.104167, 0.418229, 0.477604)}


def main() -> None:
    """Measure and write the result."""
    from benchmarks.measure import surroundings

    rows = []
    for name, (function, prior, exact) in EXACT.items():
        indices, effects = sobol(function, prior, base=BASE)["y1"], shapley(function, prior, base=BASE)["y1"]
        for kind, found in (("first", indices.first), ("total", indices.total), ("Shapley", effects.effects)):
            rows.append(compared(f"{name}, {kind}", found, exact[kind]))
    for correlation, exact in LINEAR.items():
        prior = Prior(
            a=Gaussian(0.0, 1.0), b=Gaussian(0.0, 1.0), c=Gaussian(0.0, 2.0), correlation={"b, c": correlation}
        )
        found = shapley(total, prior, base=BASE)["y1"].effects
        rows.append(compared(f"linear, correlation {correlation}, Shapley", found, exact))
    result = {"base": BASE, "accuracy": rows, "seconds": seconds(), "bars": {"seconds": SECONDS, "accuracy": ACCURACY}}
    RESULT.write_text(json.dumps(result | surroundings(), indent=1) + "\n")
    for row in rows:
        print(f"{row['case']}: worst error {row['worst error']:.1e}, {row['inside']} of {row['of']} inside")
    print(", ".join(f"{what}: {value:.2f} s" for what, value in result["seconds"].items()))


def compared(case: str, found: Estimates, exact: tuple[float, ...]) -> dict[str, Any]:
    """Errors of estimates beside their intervals; exact values with four digits are known to 5e-5."""
    errors = np.abs(found.value - exact)
    known = 5e-5 if case.startswith("Ishigami") and "Shapley" not in case else 1e-6
    inside = int(np.sum(errors <= found.margin + known))
    return {
        "case": case,
        "estimates": found.value.tolist(),
        "margins": found.margin.tolist(),
        "exact": list(exact),
        "worst error": float(errors.max()),
        "met": bool(errors.max() <= ACCURACY),
        "inside": inside,
        "of": len(exact),
    }


def seconds() -> dict[str, float]:
    """Of each, compiled, on six inputs."""
    gp = process()
    calls = {
        "Shapley, six inputs, a cheap function": lambda: shapley(g_function, G, base=BASE),
        "Shapley, six inputs, the mean of a Gaussian process of 200 points": lambda: shapley(gp, G, base=BASE, draws=0),
        "Shapley, six inputs, that process with 32 function draws": lambda: shapley(gp, G, base=BASE, draws=32),
        "everything, six inputs, a cheap function": lambda: sensitivity(g_function, G, base=BASE),
    }
    return {what: float(np.median(seconds_of(call, 5))) for what, call in calls.items()}


def process() -> Any:
    """A Gaussian process of the g-function."""
    from saddlepath.surrogate.base import Labels
    from saddlepath.surrogate.gaussian_process import GP

    box = G.box()
    theta = box.design(200)
    return GP(restarts=1).fit(Labels(box, theta, g_function(theta), ("g",)))


if __name__ == "__main__":
    main()
