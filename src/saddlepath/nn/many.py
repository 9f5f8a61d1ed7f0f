"""Many regressions of one shape, each by the recipe that its own left-out labels choose, on all cores."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float

from saddlepath.nn.fitting import Recipe, fit_best

Inputs = Float[np.ndarray, "problems n d"]
Values = Float[np.ndarray, "problems n"]
NewInputs = Float[np.ndarray, "problems m d"]
Predictions = Float[np.ndarray, "problems m"]


def predict_many(
    x: Inputs, y: Values, x_new: NewInputs, recipes: Sequence[Recipe], *, seed: int = 0
) -> tuple[Predictions, Float[np.ndarray, " problems"]]:
    """Fit a network to every problem and predict; programs are compiled once for all of them.

    Args:
        x: Inputs `[problems, n, d]`. [any units]
        y: Values `[problems, n]`.
        x_new: Where to predict `[problems, m, d]`.
        recipes: Of which every problem gets the one that predicts a fifth of its labels best; all labels enter its
            final fit.
        seed: Of the weights and of the labels that are left out.

    Returns:
        Predictions `[problems, m]` in the units of the values, and the root mean squared error at left-out labels
        `[problems]`, which is not a number where there are too few to leave any out.

    Raises:
        ConvergenceError: A loss is not finite.
    """

    def one(x: np.ndarray, y: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, float]:
        best = fit_best(x, y, recipes, seed=seed)
        return np.asarray(best.fitted.predict(new))[:, 0], best.error * float(y.std())

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found, errors = zip(*pool.map(one, x, y, x_new), strict=True)
    return np.stack(found), np.asarray(errors)
