"""The Genz exercise in full: `python -m benchmarks.genz networks`, `polynomial`, `plain`, `choice`.

Six functions, three dimensions, four sample sizes, five draws. `networks` fits the network and the output transform
that left-out labels choose; `plain` does the same without transforms, in ten dimensions with 500 points; `polynomial`
fits a penalised polynomial per problem, whose degree, decay, penalty and transform are chosen by its errors at left-out
labels. Every row keeps these errors, so that the better of the two by left-out labels can be judged from the two files:
`choice` does, beside the best of five methods measured once with other programs on three draws: networks with tanh and
with swish, a Gaussian process, a polynomial with a ridge, a Smolyak grid, all on the values themselves.
"""

import dataclasses
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import saddlepath as sp
from benchmarks.measure import surroundings
from saddlepath.nn.genz import FUNCTIONS
from saddlepath.nn.genz_suite import PIPELINE, genz_errors, networks
from saddlepath.nn.many import predict_many
from saddlepath.surrogate.auto import FEWEST_FOR_NETWORK
from saddlepath.surrogate.smooth_polynomial import SmoothPolynomial

RESULTS = Path(__file__).parent / "results"


def polynomial(x: np.ndarray, y: np.ndarray, x_new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A penalised polynomial per problem; the mean where all values are the same."""
    found, left_out = [], []
    for points, values, new in zip(x, y, x_new, strict=True):
        if np.ptp(values) == 0:
            found.append(np.full(len(new), values[0]))
            left_out.append(np.nan)
            continue
        box = sp.Box(x=(np.zeros(points.shape[1]), np.ones(points.shape[1])))
        fitted = SmoothPolynomial().fit(sp.Labels(box, points, values))
        found.append(np.asarray(fitted.predict(new).mean)[:, 0])
        left_out.append(fitted.left_out[0])
    return np.stack(found), np.asarray(left_out)


def plain(x: np.ndarray, y: np.ndarray, x_new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pipeline of networks on the values themselves."""
    return predict_many(x, y, x_new, [dataclasses.replace(recipe, transform="standardise") for recipe in PIPELINE])


REFERENCE = {  # NRMSE of the best of five methods: d, n, then oscillatory to continuous
    (2, 50): (1e-7, 2e-4, 3e-3, 8e-3, 0.29),
    (2, 100): (3e-9, 2e-5, 5e-4, 5e-4, 0.20),
    (2, 500): (3e-15, 9e-9, 4e-7, 5e-6, 5e-2),
    (5, 50): (5e-3, 6e-2, 0.19, 9e-2, 0.81),
    (5, 100): (3e-4, 3e-2, 0.16, 3e-2, 0.72),
    (5, 500): (9e-7, 2e-3, 3e-2, 4e-4, 0.35),
    (10, 50): (2e-2, 0.26, 0.55, 0.25, 0.86),
    (10, 100): (8e-3, 0.17, 0.51, 0.12, 0.85),
    (10, 500): (1e-4, 6e-2, 0.16, 2e-2, 0.34),
}
"""Best of a network with tanh or swish, a Gaussian process, a polynomial and a sparse grid per problem [-]."""

PLAIN = {  # NRMSE of the better of two plain recipes, standardised labels and a falling rate: d, n, then as above
    (2, 100): (6e-3, 4e-3, 4e-3, 2e-2, 0.20),
    (2, 500): (3e-3, 2e-3, 4e-3, 5e-3, 5e-2),
    (5, 100): (7e-3, 6e-2, 0.16, 0.11, 0.76),
    (5, 500): (4e-3, 1e-2, 3e-2, 2e-2, 0.35),
    (10, 100): (3e-2, 0.23, 0.51, 0.18, 0.85),
    (10, 500): (8e-3, 9e-2, 0.16, 3e-2, 0.34),
}
"""Networks with tanh or swish, trained by gradients with another program on three draws [-]."""


def choice() -> None:
    """What left-out labels choose between the networks and the polynomials of the two files, beside the references."""
    read = lambda name: pd.DataFrame(json.loads((RESULTS / f"genz-{name}.json").read_text())["rows"])
    median = lambda frame: frame.groupby(["d", "n", "function"], sort=False)["NRMSE"].median().unstack()
    fitted = median(read("networks"))
    halved = sum(
        int((fitted.loc[cell, list(FUNCTIONS[:5])] <= np.array(best) / 2).sum()) for cell, best in PLAIN.items()
    )
    both = read("networks").merge(read("polynomial"), on=["function", "d", "n", "draw"], suffixes=(" a", " b"))
    network, simple = (both[f"left out {which}"].astype(float).fillna(np.inf) for which in "ab")
    is_network = (network < simple) & (both["n"] >= FEWEST_FOR_NETWORK)  # as `auto` has it
    both["NRMSE"] = np.where(is_network, both["NRMSE a"], both["NRMSE b"])
    middle = median(both)
    ratios = {cell: middle.loc[cell, list(FUNCTIONS[:5])] / np.array(best) for cell, best in REFERENCE.items()}
    near = int(sum((ratio <= 2).sum() for ratio in ratios.values()))
    print(middle.to_string(float_format="%.1e"))
    print(f"{near} of 45 cells within twice the best reference; largest median NRMSE {middle.max().max():.2f}")
    print(f"{halved} of 30 cells in which networks have half the error of plain recipes")
    result = {"cells within twice the reference": near, "largest median": float(middle.max().max())}
    result |= {"cells with half the error of plain networks": halved}
    result["NRMSE"] = {f"{d}, {n}": row.to_dict() for (d, n), row in middle.iterrows()}
    (RESULTS / "genz-choice.json").write_text(json.dumps(result | surroundings(), indent=1) + "\n")


METHODS = {
    "networks": (networks, {}),
    "plain": (plain, {"dimensions": (10,), "sizes": (500,)}),
    "polynomial": (polynomial, {}),
}


def main(name: str) -> None:
    """Measure one method and write the result."""
    method, settings = METHODS[name]
    began = time.perf_counter()
    errors = genz_errors(
        method, show=lambda line: print(f"{time.perf_counter() - began:5.0f} s, {line}", flush=True), **settings
    )
    result = {
        "seconds": time.perf_counter() - began,
        "rows": json.loads(errors.to_json(orient="records", double_precision=15)),
    }
    path = RESULTS / f"genz-{name}.json"
    path.write_text(json.dumps(result | surroundings(), indent=None, separators=(",", ":")) + "\n")
    print(errors.groupby(["d", "n", "function"], sort=False)["NRMSE"].median().unstack().to_string(float_format="%.1e"))


if __name__ == "__main__":
    choice() if sys.argv[1] == "choice" else main(sys.argv[1])
