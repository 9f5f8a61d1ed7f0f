"""`fit_network`: one verb for regression and classification, from arrays to a network that predicts.

Inputs are normalised and values brought to a fitted scale inside of the network's own file, so that it is used on
physical units. Early stopping, the choice of weights and that among recipes look at labels that were left out, never at
the training loss.
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError
from saddlepath.nn.fitted import FittedNetwork, coded
from saddlepath.nn.least_squares import LeastSquares, fit_least_squares, polish
from saddlepath.nn.losses import CLASSIFICATION, NetworkLoss
from saddlepath.nn.perceptron import PRECISIONS, Perceptron
from saddlepath.nn.scaling import SCALINGS, Scaler, fit_scaler
from saddlepath.nn.splitting import split
from saddlepath.nn.training import Data, Log, Training, train
from saddlepath.nn.transforms import TRANSFORMS, Scale, fit_scale, forward

FEWEST_TO_VALIDATE, LEFT_OUT = 20, 0.2
"""Labels from which some are left out; below, every label is needed for the training. Share that is left out [-]."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is fitted to labels.

    Attributes:
        network: Its architecture.
        training: Optimizer, rate, epochs, batch; or `LeastSquares`, for few labels and the loss `squared`.
        loss: `squared`, `absolute`, `huber`, `pinball` of regression; `cross_entropy`, `binary_cross_entropy`, `hinge`,
            `logistic` of classification.
        options: Arguments of the loss: `(("level", 0.9),)` of `pinball`, `(("delta", 1.0),)` of `huber`.
        scaling: Of inputs: `standard`, `minmax`, `maxabs` or `none`.
        transform: Of values: `standardise`, `none`, `log`, `root`, or `auto`: what predicts left-out labels best.
        members: Networks whose mean is the prediction.
        polish: Levenberg-Marquardt steps at the end, of the loss `squared` and with few labels.
        validation: Share of the labels for validation; 0: none, and the last weights count. [-]
        precision: `float32` or `float64`.
    """

    network: Perceptron = Perceptron()
    training: Training | LeastSquares = Training(batch=64, epochs=300, patience=60)
    loss: str = "squared"
    options: tuple[tuple[str, float], ...] = ()
    scaling: str = "standard"
    transform: str = "standardise"
    members: int = 1
    polish: int = 0
    validation: float = LEFT_OUT
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
        if self.members < 1 or not 0 <= self.validation < 1 or self.polish < 0:
            raise ConfigError(
                "a recipe needs one member or more, a validation share from 0 to below 1 and polish of at least 0, "
                f"got {self.members}, {self.validation} and {self.polish}."
            )
        solves = self.polish or isinstance(self.training, LeastSquares)
        if solves and (self.loss != "squared" or self.network.dropout):
            raise ConfigError(
                "polish and LeastSquares solve a least-squares problem: they need the loss squared and no dropout."
            )

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
    start: FittedNetwork | None = None,
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
        start: Where training begins: weights and scales of an earlier fit with the same architecture.
        seed: Of weights, orders and the validation part.
        log: Called with a record per part of the training; `LeastSquares` have one part, which is not recorded.

    Returns:
        A network that predicts in the units of `y`.

    Raises:
        ConfigError: Shapes that do not fit, values that are not finite, a single class, or too few labels.
        ConvergenceError: The loss is not finite.
    """
    x, y, weight = checked(x, y, weight, recipe.classifies)
    own = None if validation is None else checked(*validation, None, recipe.classifies)[:2]
    if recipe.transform == "auto" and start is None:
        recipe, start, _ = _best_trial(x, y, (recipe,), seed)
    if start is not None:
        recipe = dataclasses.replace(recipe, transform=start.transform) if recipe.transform == "auto" else recipe
        _require_alike(start, recipe, x, y)
    with jax.enable_x64(True):
        return _fitted(_parts(x, y, weight, own, recipe, seed), recipe, seed, log, start)[0]


class Best(NamedTuple):
    """What `fit_best` returns.

    Attributes:
        fitted: The network, fitted to all labels.
        recipe: That of the final fit: it predicted left-out labels best, its transform is chosen, and its
            `LeastSquares` are held where they did best.
        error: Root mean squared error at these labels over the standard deviation of the values, the mean over outputs;
            not a number where there are too few labels to leave any out. [-]
    """

    fitted: FittedNetwork
    recipe: Recipe
    error: float


def fit_best(x: Any, y: Any, recipes: Sequence[Recipe], *, seed: int = 0) -> Best:
    """Fit values by the recipe, and where it says `auto` the transform, that predicts left-out labels best.

    A fifth of the labels is left out first; all enter the final fit. With `LeastSquares` that goes on from the weights
    that predicted best, under the penalty that these had.

    Args:
        x: Inputs `[n, n_inputs]`. [any units]
        y: Values `[n]` or `[n, n_outputs]`.
        recipes: One or more.
        seed: Of weights, orders and the left-out labels.

    Raises:
        ConfigError: Labels that `fit_network` would refuse, no recipe, or one for a classification.
    """
    x, y, _ = checked(x, y, None, classifies=False)
    trial = _best_trial(x, y, recipes, seed)
    return Best(fit_network(x, y, trial.recipe, start=trial.start, seed=seed), trial.recipe, trial.error)


class _Trial(NamedTuple):
    """How a recipe did at left-out labels; where its final fit starts, and what that does."""

    recipe: Recipe
    start: FittedNetwork | None
    error: float


def _best_trial(x: np.ndarray, y: np.ndarray, recipes: Sequence[Recipe], seed: int) -> _Trial:
    if not recipes or any(recipe.classifies for recipe in recipes):
        raise ConfigError(
            "recipes and transforms are chosen by the errors of values: give one recipe or more for a regression; "
            "where classes are predicted, leave transform standardise."
        )
    logs = ("log",) if y.min() > 0 else ()
    candidates = [
        dataclasses.replace(recipe, transform=name)
        for recipe in recipes
        for name in (("standardise", *logs) if recipe.transform == "auto" else (recipe.transform,))
    ]
    if len(x) < FEWEST_TO_VALIDATE:
        return _Trial(candidates[0], None, float("nan"))
    trials = [_tried(x, y, candidate, seed) for candidate in candidates]
    return min(trials, key=lambda trial: trial.error if np.isfinite(trial.error) else np.inf)


def _tried(x: np.ndarray, y: np.ndarray, recipe: Recipe, seed: int) -> _Trial:
    """One recipe with its error at left-out labels, which nothing has seen but the scales of `LeastSquares`."""
    rows = split(len(x), (1 - LEFT_OUT, LEFT_OUT, 0.0), seed)
    out, kept = rows.validation, rows.training
    start = None
    with jax.enable_x64(True):
        if isinstance(recipe.training, LeastSquares):
            weight = np.ones(len(x))
            weight[out] = 0.0  # rather than shorter arrays, for which programs would be compiled again
            fitted, steps = _fitted(_Parts(x, y, weight, x[out], y[out]), recipe, seed, None, None)
            start, recipe = fitted, dataclasses.replace(recipe, training=recipe.training.held(max(steps, 1)))
        else:
            single = dataclasses.replace(recipe, members=1)
            fitted, _ = _fitted(_Parts(x[kept], y[kept], None, None, None), single, seed, None, None)
        found = np.asarray(fitted.predict(x[out])).reshape(-1, y.shape[1])
    size = np.sqrt(np.mean((found - y[out]) ** 2, axis=0))
    return _Trial(recipe, start, float(np.mean(size / np.maximum(y.std(axis=0), 1e-300))))


def _require_alike(start: FittedNetwork, recipe: Recipe, x: np.ndarray, y: np.ndarray) -> None:
    """Refuse weights of another architecture, transform, or kind of labels."""
    outputs = None if recipe.classifies else y.shape[1]
    theirs = None if start.outputs is None else start.outputs.centre.size
    classes = tuple(np.unique(y).tolist()) if recipe.classifies else None
    same = (start.network, start.transform, start.n_inputs, theirs, start.classes) == (
        recipe.network, recipe.transform, x.shape[1], outputs, classes,
    )  # fmt: skip
    if not same:
        raise ConfigError(
            f"start is a {start.network} for {start.n_inputs} inputs with transform {start.transform!r}, and the "
            f"recipe asks for a {recipe.network} for {x.shape[1]} inputs with transform {recipe.transform!r}; both "
            "must agree, and so must the outputs or classes."
        )


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


def _fitted(
    parts: _Parts, recipe: Recipe, seed: int, log: Log | None, start: FittedNetwork | None
) -> tuple[FittedNetwork, int]:
    """A network, and after how many steps of its path its first member was best."""
    if recipe.classifies:
        classes, scale = np.unique(parts.y), None
        on_scale = functools.partial(coded, classes=classes, loss=recipe.loss)
        n_out = len(classes) if recipe.loss == "cross_entropy" else 1
    else:
        classes, scale = None, None if start is None else start.outputs
        scale = scale or _output_scale(parts.y, recipe.transform)
        on_scale = functools.partial(to_scale, recipe.transform, scale)
        n_out = parts.y.shape[1]
    scaler = fit_scaler(recipe.scaling, parts.x) if start is None else jax.tree.map(np.asarray, start.inputs)
    array = lambda a: jnp.asarray(np.asarray(a), PRECISIONS[recipe.precision])
    maybe = lambda of, a: None if a is None else array(of(a))
    data = Data(
        array(scaler(parts.x)),
        array(on_scale(parts.y)),
        maybe(scaler, parts.x_out),
        maybe(on_scale, parts.y_out),
        maybe(np.asarray, parts.weight),
    )
    if start is None:
        networks = recipe.network.members(parts.x.shape[1], n_out, recipe.members, seed, recipe.precision)
    else:
        networks = jax.tree.map(array, start.networks)
    steps = np.zeros(1)
    if isinstance(recipe.training, LeastSquares):
        networks, steps = fit_least_squares(networks, data, recipe.training)
    else:
        loss, drops = NetworkLoss(recipe.loss, recipe.options), recipe.network.dropout > 0
        networks = train(networks, data, loss, recipe.training, seed, random=drops, log=log)
    networks = polish(networks, data, recipe.polish)
    inputs = Scaler(jnp.asarray(scaler.shift), jnp.asarray(scaler.size))
    names = None if classes is None else tuple(classes.tolist())
    fitted = FittedNetwork(networks, inputs, scale, recipe.network, recipe.transform, recipe.loss, names)
    return fitted, int(steps[0])


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
