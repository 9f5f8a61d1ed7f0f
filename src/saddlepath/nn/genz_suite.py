"""The Genz exercise: how the errors of a method fall with the number of training points, function by function.

Training points are uniform and nested: those of a small sample are the first of a larger one. Errors are measured at
1,000 independent points, for several draws of the functions' parameters. Beside the average and the largest absolute
error stand both over the largest value of the function, and the root mean squared error over the standard deviation of
the function (NRMSE), in which the best constant scores one: product and corner peaks are tiny in many dimensions, where
absolute errors alone say little. The discontinuous function is zero almost everywhere in many dimensions with the
convention `course`, so the table states how many training points are not zero.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from saddlepath.nn.findings import Findings, Line, Panel
from saddlepath.nn.fitting import Recipe
from saddlepath.nn.genz import FUNCTIONS, GenzFunction, draw
from saddlepath.nn.least_squares import LeastSquares
from saddlepath.nn.many import predict_many
from saddlepath.nn.perceptron import Perceptron
from saddlepath.table import Table

DIMENSIONS, SIZES, DRAWS = (2, 5, 10), (10, 50, 100, 500), 5
TESTED = 1_000
"""Independent points at which errors are measured [-]."""
MEASURES = ("average", "maximum", "average / max|f|", "maximum / max|f|", "NRMSE")
PIPELINE = tuple(
    Recipe(Perceptron((32, *second), activation, bypass=True), LeastSquares(), transform="auto", validation=0.0)
    for activation, second in (("tanh", ()), ("swish", ()), ("relu", ()), ("swish", (4,)))
)
"""The network pipeline of the suite: what left-out labels choose among smooth, kinked and deeper networks."""

Method = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Predictions `[problems, m]` and errors at left-out labels `[problems]`, from inputs `[problems, n, d]`, their values
and new inputs `[problems, m, d]`."""


class Problems(NamedTuple):
    """Problems of one dimension: every function with every draw.

    Attributes:
        functions: The functions `[problems]`.
        draws: Number of the draw `[problems]`.
        x: Training points of the largest sample `[problems, n, d]`.
        x_test: Points at which errors are measured `[problems, 1000, d]`.
    """

    functions: list[GenzFunction]
    draws: list[int]
    x: Float[np.ndarray, "problems n d"]
    x_test: Float[np.ndarray, "problems m d"]


def problems(dimension: int, convention: str = "course", draws: int = DRAWS, n: int = SIZES[-1]) -> Problems:
    """All problems of one dimension, the same at every call.

    Args:
        dimension: Number of inputs.
        convention: How parameters are drawn: `course`, `bnr2000` or `raw`.
        draws: Draws of the parameters per function.
        n: Training points of the largest sample.
    """
    functions, numbers, x, x_test = [], [], [], []
    for position, name in enumerate(FUNCTIONS):
        for number in range(draws):
            random = np.random.default_rng([number, dimension, position])
            functions.append(draw(name, dimension, convention, random))
            numbers.append(number)
            x.append(random.random((n, dimension)))
            x_test.append(random.random((TESTED, dimension)))
    return Problems(functions, numbers, np.stack(x), np.stack(x_test))


def networks(x: np.ndarray, y: np.ndarray, x_new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pipeline of networks as a method of the suite."""
    return predict_many(x, y, x_new, PIPELINE)


def genz_errors(
    method: Method = networks,
    *,
    dimensions: Sequence[int] = DIMENSIONS,
    sizes: Sequence[int] = SIZES,
    draws: int = DRAWS,
    convention: str = "course",
    show: Callable[[str], None] | None = None,
) -> Any:
    """Errors of a method on all problems.

    Args:
        method: Fits and predicts many problems of one shape.
        dimensions: Numbers of inputs.
        sizes: Numbers of training points.
        draws: Draws of the parameters per function.
        convention: How parameters are drawn.
        show: Called with a line per dimension and size.

    Returns:
        A pandas table with one row per function, dimension, size and draw: `function`, `d`, `n`, `draw`, the
        `MEASURES`, `not zero`, the number of training values that are not zero, and `left out`, the root mean squared
        error at left-out labels where the method knows it.
    """
    import pandas as pd

    rows = []
    for d in dimensions:
        given = problems(d, convention, draws, max(sizes))
        truth = np.stack([f(x) for f, x in zip(given.functions, given.x_test, strict=True)])
        values = np.stack([f(x) for f, x in zip(given.functions, given.x, strict=True)])
        for n in sizes:
            found, left_out = method(given.x[:, :n], values[:, :n], given.x_test)
            rows += [
                {"function": f.name, "d": d, "n": n, "draw": number}
                | measured(found[i], truth[i])
                | {"not zero": int(np.count_nonzero(values[i, :n])), "left out": float(left_out[i])}
                for i, (f, number) in enumerate(zip(given.functions, given.draws, strict=True))
            ]
            if show is not None:
                middle = np.nanmedian([row["NRMSE"] for row in rows[-len(given.functions) :]])
                show(f"d = {d}, n = {n}: median NRMSE {middle:.2g}")
    return pd.DataFrame(rows)


def measured(found: Float[np.ndarray, " m"], truth: Float[np.ndarray, " m"]) -> dict[str, float]:
    """The `MEASURES` of predictions; NRMSE is not a number where the function is constant at all test points."""
    size, error = np.abs(found - truth), float(np.sqrt(np.mean((found - truth) ** 2)))
    largest, spread = float(np.abs(truth).max()), float(truth.std())
    absolute = float(size.mean()), float(size.max())
    relative = tuple(value / largest if largest > 0 else float("nan") for value in absolute)
    return dict(zip(MEASURES, (*absolute, *relative, error / spread if spread > 0 else float("nan")), strict=True))


def genz_table(errors: Any) -> Table:
    """Medians over draws of all measures, with the 10 % and 90 % quantiles of the NRMSE."""
    groups = errors.groupby(["function", "d", "n"], sort=False)
    frame = groups[[*MEASURES, "not zero"]].median()
    frame["NRMSE 10 %"] = groups["NRMSE"].quantile(0.1)
    frame["NRMSE 90 %"] = groups["NRMSE"].quantile(0.9)
    import pandas as pd

    frame.index = pd.Index([f"{name}, d = {d}, n = {n}" for name, d, n in frame.index], name="problem")
    note = (
        f"Medians over draws at {TESTED} independent points. NRMSE: a constant scores one. not zero: training values."
    )
    return Table(frame, "Genz functions", note, dict.fromkeys(frame.columns, ".2g"))


def genz_panels(errors: Any, measure: str) -> tuple[Panel, ...]:
    """One panel per function: an error against the number of training points, a line with a band per dimension."""
    panels = []
    for name, of_function in errors.groupby("function", sort=False):
        lines = []
        for d, rows in of_function.groupby("d", sort=False):
            by_size = rows.groupby("n")[measure]
            quantiles = [by_size.quantile(q).to_numpy() for q in (0.5, 0.1, 0.9)]
            lines.append(Line(f"d = {d}", np.array(sorted(rows["n"].unique()), dtype=float), *quantiles))
        panels.append(Panel(str(name), tuple(lines), "training points [-]", f"{measure} error [-]", True, True))
    return tuple(panels)


def study_genz(seed: int = 0) -> Findings:
    """The suite of networks in full, with average and maximum error against the number of training points.

    Args:
        seed: The problems are fixed; nothing else is random.
    """
    errors = genz_errors()
    figures = {measure: genz_panels(errors, measure) for measure in ("average", "maximum")}
    return Findings({"genz": genz_table(errors)}, figures)
