"""`fit_network`: one verb for regression and classification, from arrays to a network that predicts.

Inputs are normalised and values brought to a fitted scale inside of the network's own file, so that it is used on
physical units. Early stopping and the choice of weights look at a validation part, never at the training loss.
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError
from saddlepath.nn.fitted import FittedNetwork, coded
from saddlepath.nn.losses import CLASSIFICATION, Lasso, NetworkLoss
from saddlepath.nn.perceptron import PRECISIONS, Perceptron
from saddlepath.nn.polishing import polish
from saddlepath.nn.scaling import SCALINGS, Scaler, fit_scaler
from saddlepath.nn.splitting import split
from saddlepath.nn.training import Data, Log, Training, train
from saddlepath.nn.transforms import TRANSFORMS, Scale, fit_scale, forward

FEWEST_TO_VALIDATE = 20
"""Labels from which some are left out for validation; below, every label is needed for the training [-]."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is fitted to labels.

    Attributes:
        network: Its architecture.
        training: Optimizer, rate, epochs, batch.
        loss: `squared`, `absolute`, `huber`, `pinball` of regression; `cross_entropy`, `binary_cross_entropy`, `hinge`,
            `logistic` of classification.
        options: Arguments of the loss: `(("level", 0.9),)` of `pinball`, `(("delta", 1.0),)` of `huber`.
        scaling: Of inputs: `standard`, `minmax`, `maxabs` or `none`.
        transform: Of values: `standardise`, `none`, `log`, `root`, or `auto`: what predicts left-out labels best.
        members: Networks whose mean is the prediction.
        lasso: Penalty on absolute weights of the first layer. [-]
        polish: Levenberg-Marquardt steps at the end, of the loss `squared` and with few labels.
        validation: Share of the labels for validation; 0: none, and the last weights count. [-]
        precision: `float32` or `float64`.
    """

    network: Perceptron = Perceptron()
    training: Training = Training(batch=64, epochs=300, patience=60)
    loss: str = "squared"
    options: tuple[tuple[str, float], ...] = ()
    scaling: str = "standard"
    transform: str = "standardise"
    members: int = 1
    lasso: float = 0.0
    polish: int = 0
    validation: float = 0.2
    precision: str = "float32"

    def __post_init__(self) -> None:
        NetworkLoss(self.loss, self.options)  # refuses unknown ones
        for what, value, valid in (
            ("scaling", self.scaling, SCALINGS),
            ("transform", self.transform, (*TRANSFORMS, "auto")),
            ("precision", self.precision, tuple(PRECISIONS)),
        ):
            if value not in valid:
                raise ConfigError(f"{what} must be one of {', '.join(valid)}, got {value!r}.")
        if self.members < 1 or not 0 <= self.validation < 1 or min(self.lasso, self.polish) < 0:
            raise ConfigError(
                f"a recipe needs one member or more, a validation share from 0 to below 1, lasso and polish of at "
                f"least 0, got {self.members}, {self.validation}, {self.lasso} and {self.polish}."
            )
        if self.polish and (self.loss != "squared" or self.network.dropout):
            raise ConfigError("polish solves a least-squares problem: it needs the loss squared and no dropout.")

    @property
    def classifies(self) -> bool:
        """Whether the loss is one of classification."""
        return self.loss in CLASSIFICATION


def fit_network(
    x: Any,
    y: Any,
    recipe: Recipe = Recipe(),
    *,
    validation: tuple[Any, Any] | None = None,
    weight: Any = None,
    seed: int = 0,
    log: Log | None = None,
) -> FittedNetwork:
    """Fit a network to labels.

    Args:
        x: Inputs `[n, n_inputs]`. [any units]
        y: Values `[n]` or `[n, n_outputs]` of a regression; classes `[n]`, numbers or words, of a classification.
        recipe: How.
        validation: Inputs and values of a validation part of your own, in place of a share of the labels.
        weight: Of every label `[n]`; None: all count the same. [-]
        seed: Of weights, orders and the validation part.
        log: Called with a record per part of the training.

    Returns:
        A network that predicts in the units of `y`.

    Raises:
        ConfigError: Shapes that do not fit, values that are not finite, a single class, or too few labels.
        ConvergenceError: The loss is not finite.
    """
    x, y, weight = checked(x, y, weight, recipe.classifies)
    own = None if validation is None else checked(*validation, None, recipe.classifies)[:2]
    if recipe.transform == "auto":
        recipe = dataclasses.replace(recipe, transform=_best_transform(x, y, recipe, seed))
    with jax.enable_x64(True):
        parts = _parts(x, y, weight, own, recipe, seed)
        return _fitted(parts, recipe, seed, log)


@dataclasses.dataclass(frozen=True)
class _Parts:
    """Labels of training and validation in physical units."""

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None
    x_out: np.ndarray | None
    y_out: np.ndarray | None


def _parts(x: Any, y: Any, weight: Any, own: Any, recipe: Recipe, seed: int) -> _Parts:
    if own is not None:
        return _Parts(x, y, weight, *own)
    if recipe.validation == 0 or len(x) < FEWEST_TO_VALIDATE:
        return _Parts(x, y, weight, None, None)
    classes = y if recipe.classifies else None
    rows = split(len(x), (1 - recipe.validation, recipe.validation, 0.0), seed, classes=classes)
    kept = None if weight is None else weight[rows.training]
    return _Parts(x[rows.training], y[rows.training], kept, x[rows.validation], y[rows.validation])


def _fitted(parts: _Parts, recipe: Recipe, seed: int, log: Log | None) -> FittedNetwork:
    classes, scale = None, None
    if recipe.classifies:
        classes = np.unique(parts.y)
        on_scale = functools.partial(coded, classes=classes, loss=recipe.loss)
        n_out = len(classes) if recipe.loss == "cross_entropy" else 1
    else:
        scale = _output_scale(parts.y, recipe.transform)
        on_scale = functools.partial(to_scale, recipe.transform, scale)
        n_out = parts.y.shape[1]
    scaler = fit_scaler(recipe.scaling, parts.x)
    array = lambda a: jnp.asarray(np.asarray(a), PRECISIONS[recipe.precision])
    maybe = lambda of, a: None if a is None else array(of(a))
    data = Data(
        array(scaler(parts.x)),
        array(on_scale(parts.y)),
        maybe(scaler, parts.x_out),
        maybe(on_scale, parts.y_out),
        maybe(np.asarray, parts.weight),
    )
    first = recipe.network.members(parts.x.shape[1], n_out, recipe.members, seed, recipe.precision)
    penalty = Lasso(recipe.lasso) if recipe.lasso else None
    loss = NetworkLoss(recipe.loss, recipe.options)
    drops = recipe.network.dropout > 0
    networks = train(first, data, loss, recipe.training, seed, penalty=penalty, random=drops, log=log)
    networks = polish(networks, data, recipe.polish)
    inputs = Scaler(jnp.asarray(scaler.shift), jnp.asarray(scaler.size))
    names = None if classes is None else tuple(classes.tolist())
    return FittedNetwork(networks, inputs, scale, recipe.network, recipe.transform, recipe.loss, names)


def _output_scale(y: Float[np.ndarray, "n n_outputs"], transform: str) -> Scale:
    """Centre and spread of every output; an output that never changes gets spread one."""
    scales = [
        fit_scale(transform, column, f"column {j} of y")
        if np.ptp(column)
        else Scale(jnp.asarray(column[0]), jnp.ones(()))
        for j, column in enumerate(y.T)
    ]
    return Scale(jnp.stack([s.centre for s in scales]), jnp.stack([s.spread for s in scales]))


def to_scale(transform: str, scale: Scale, y: Float[np.ndarray, "n n_outputs"]) -> Float[np.ndarray, "n n_outputs"]:
    """Values on the scale on which they are fitted."""
    return (forward(transform, y) - np.asarray(scale.centre)) / np.asarray(scale.spread)


def _best_transform(x: np.ndarray, y: np.ndarray, recipe: Recipe, seed: int) -> str:
    """The transform whose network predicts a left-out part best, on the scale of the values themselves."""
    if recipe.classifies:
        raise ConfigError("transform is for values of a regression; leave it standardise where classes are predicted.")
    candidates = ("standardise", "log") if y.min() > 0 else ("standardise",)
    if len(candidates) == 1 or len(x) < FEWEST_TO_VALIDATE:
        return candidates[0]
    rows = split(len(x), (0.8, 0.2, 0.0), seed)
    errors = {}
    for name in candidates:
        trial = dataclasses.replace(recipe, transform=name, validation=0.0, members=1)
        found = fit_network(x[rows.training], y[rows.training], trial, seed=seed)
        error = found.predict(x[rows.validation]).reshape(-1, y.shape[1]) - y[rows.validation]
        errors[name] = float(np.mean(np.mean(error**2, axis=0) / y.var(axis=0).clip(1e-300)))
    return min(candidates, key=errors.__getitem__)


def checked(
    x: Any, y: Any, weight: Any, classifies: bool
) -> tuple[Float[np.ndarray, "n n_inputs"], np.ndarray, Float[np.ndarray, " n"] | None]:
    """Labels as arrays.

    Raises:
        ConfigError: Shapes that do not fit, columns that are no numbers, values that are not finite, a single class.
    """
    x, y = _numbers(x, "x"), np.asarray(y) if classifies else _numbers(y, "y")
    if x.ndim != 2 or x.shape[1] < 1:
        raise ConfigError(f"x must have one row per label and one column per input, got shape {x.shape}.")
    if len(y) != len(x) or len(x) < 2:
        raise ConfigError(f"x has {len(x)} rows and y {len(y)}; give one value per row, and two rows or more.")
    if classifies:
        if y.ndim != 1 or len(np.unique(y)) < 2:
            raise ConfigError(
                f"y must be one class per row, of at least two classes, got shape {y.shape} with "
                f"{len(np.unique(y))} class; collect labels of another class, or use a loss of regression."
            )
    else:
        y = y[:, None] if y.ndim == 1 else y
    if weight is None:
        return x, y, None
    weight = _numbers(weight, "weight")
    if weight.shape != (len(x),) or weight.min() < 0 or weight.sum() == 0:
        raise ConfigError(f"weight must be one number of at least 0 per row, not all zero, got shape {weight.shape}.")
    return x, y, weight


def _numbers(values: Any, name: str) -> np.ndarray:
    try:
        found = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{name} must hold numbers only: {error}; encode words and dates as numbers first."
        ) from error
    wrong = np.argwhere(~np.isfinite(found))
    if wrong.size:
        raise ConfigError(
            f"{name} has {len(wrong)} entries that are not finite, the first in row {wrong[0][0]}; drop or fill them."
        )
    return found
