"""The Genz exercise in full: `python -m benchmarks.genz networks`, then `polynomial`, then `plain`.

Six functions, three dimensions, four sample sizes, five draws. `networks` trains all networks of one dimension and size
at once, output transforms and Levenberg-Marquardt steps chosen by left-out labels; `plain` does the same without
transforms, in ten dimensions with 500 points; `polynomial` fits a penalised polynomial per problem, whose degree,
decay, penalty and transform are chosen by its errors at left-out labels. Every row keeps these errors, so that the
better of the two by left-out labels can be judged from the two files.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

import saddlepath as sp
from benchmarks.measure import surroundings
from saddlepath.nn.genz_suite import PIPELINE, genz_errors, networks
from saddlepath.nn.many import predict_many
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
    return predict_many(x, y, x_new, PIPELINE, logs=False)


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
    result = {"seconds": time.perf_counter() - began, "rows": json.loads(errors.to_json(orient="records"))}
    path = RESULTS / f"genz-{name}.json"
    path.write_text(json.dumps(result | surroundings(), indent=None, separators=(",", ":")) + "\n")
    print(errors.groupby(["d", "n", "function"], sort=False)["NRMSE"].median().unstack().to_string(float_format="%.1e"))


if __name__ == "__main__":
    main(sys.argv[1])
