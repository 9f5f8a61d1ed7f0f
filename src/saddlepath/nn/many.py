"""Many regressions of one shape at once: one network per problem, all trained side by side in one compiled program."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from saddlepath.nn.fitting import FEWEST_TO_VALIDATE, Recipe
from saddlepath.nn.losses import Lasso, NetworkLoss
from saddlepath.nn.perceptron import PRECISIONS
from saddlepath.nn.polishing import polish
from saddlepath.nn.scaling import fit_scaler
from saddlepath.nn.training import Data, train
from saddlepath.nn.transforms import Scale, fit_scale, forward, inverse

Inputs = Float[np.ndarray, "problems n d"]
Values = Float[np.ndarray, "problems n"]
NewInputs = Float[np.ndarray, "problems m d"]
Predictions = Float[np.ndarray, "problems m"]
TRIAL = 0.25
"""Share of the epochs with which transforms are compared [-]."""


def predict_many(
    x: Inputs, y: Values, x_new: NewInputs, recipe: Recipe, *, logs: bool = True, seed: int = 0
) -> tuple[Predictions, Float[np.ndarray, " problems"]]:
    """Fit a network to every problem and predict.

    With `transform="auto"` a fifth of the labels is left out of a shorter training; per problem they decide whether
    logarithms are fitted and whether Levenberg-Marquardt steps are taken at the end. All labels enter the final fit.

    Args:
        x: Inputs `[problems, n, d]`. [any units]
        y: Values `[problems, n]`.
        x_new: Where to predict `[problems, m, d]`.
        recipe: How.
        logs: Whether logarithms are a choice.
        seed: Of the weights.

    Returns:
        Predictions `[problems, m]` in the units of the values, and the root mean squared error at left-out labels
        `[problems]`, which is not a number where none were left out.

    Raises:
        ConvergenceError: A loss is not finite.
    """
    plain = np.full(len(y), "standardise")
    if recipe.transform != "auto" or y.shape[1] < FEWEST_TO_VALIDATE:
        fixed = plain if recipe.transform == "auto" else np.full(len(y), recipe.transform)
        return _predicted(x, y, x_new, fixed, recipe, seed)[1], np.full(len(y), np.nan)
    transforms, polished, error = _choices(x, y, recipe, logs, seed)
    rough, fine = _predicted(x, y, x_new, transforms, recipe, seed)
    return np.where(polished[:, None], fine, rough), error


def _choices(x: Inputs, y: Values, recipe: Recipe, logs: bool, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per problem: the transform, whether it is polished, and the error that these have at left-out labels."""
    epochs = max(1, round(TRIAL * recipe.training.epochs))
    short = dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, epochs=epochs))
    n = y.shape[1] // 5
    plain = np.full(len(y), "standardise")
    candidates = [plain]
    if logs and (y.min(axis=1) > 0).any():
        candidates.append(np.where(y.min(axis=1) > 0, "log", "standardise"))
    errors = np.stack(
        [
            np.sqrt(np.mean((found - y[:, :n]) ** 2, axis=1))
            for transforms in candidates
            for found in _predicted(x[:, n:], y[:, n:], x[:, :n], transforms, short, seed)
        ]
    )
    best = np.argmin(np.where(np.isfinite(errors), errors, np.inf), axis=0)
    transforms = np.stack(candidates)[best // 2, np.arange(len(y))]
    return transforms, best % 2 == 1, errors[best, np.arange(len(y))]


def _predicted(
    x: Inputs, y: Values, x_new: NewInputs, transforms: np.ndarray, recipe: Recipe, seed: int
) -> tuple[Predictions, Predictions]:
    """Predictions before and after polishing."""
    scalers = [fit_scaler(recipe.scaling, one) for one in x]
    with jax.enable_x64(True):
        scales = [_scale(name, values) for name, values in zip(transforms, y, strict=True)]
        inputs, new = (np.stack([scale(one) for scale, one in zip(scalers, part, strict=True)]) for part in (x, x_new))
        values = np.stack(
            [
                (forward(name, one) - float(scale.centre)) / float(scale.spread)
                for name, one, scale in zip(transforms, y, scales, strict=True)
            ]
        )
        array = lambda a: jnp.asarray(a, dtype=PRECISIONS[recipe.precision])
        first = recipe.network.members(x.shape[2], 1, len(y), seed, recipe.precision)
        data = Data(array(inputs), array(values[:, :, None]))
        penalty = Lasso(recipe.lasso) if recipe.lasso else None
        rough = train(first, data, NetworkLoss(), recipe.training, seed, penalty=penalty, own=True)
        fine = polish(rough, data, recipe.polish, own=True)
        found = (np.asarray(_outputs(networks, array(new)), dtype=float) for networks in (rough, fine))
        rough, fine = (_restored(each, transforms, scales) for each in found)
        return rough, fine


def _restored(found: Predictions, transforms: np.ndarray, scales: list[Scale]) -> Predictions:
    """Predictions in the units of the values."""
    parts = zip(transforms, scales, found, strict=True)
    return np.stack([np.asarray(inverse(name, scale, jnp.asarray(one))) for name, scale, one in parts])


def _scale(name: str, values: Float[np.ndarray, " n"]) -> Scale:
    """Scale of one problem; values that are all the same need none."""
    if np.ptp(values) <= 1e-13 * np.abs(values).max():
        return Scale(jnp.asarray(forward(name, values[:1])[0]), jnp.ones(()))
    return fit_scale(name, values, "y")


@eqx.filter_jit
def _outputs(networks: Any, x: Float[jax.Array, "problems m d"]) -> Float[jax.Array, "problems m"]:
    return eqx.filter_vmap(lambda network, points: jax.vmap(network)(points)[:, 0])(networks, x)
