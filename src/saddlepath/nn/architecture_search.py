"""Which architecture and optimizer: grid, random and successive-halving search with the same budget of gradients.

The budget counts gradients of one label. A grid and a random search give every candidate the same share; successive
halving gives all a short training, keeps the better half with twice the length, and so on. Candidates are compared at
the validation part; the test part answers once, for the winner.

References:
    Bergstra and Bengio (2012, JMLR), random search; Jamieson and Talwalkar (2016, AISTATS), successive halving.
"""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from saddlepath.errors import ConfigError
from saddlepath.nn.findings import Findings
from saddlepath.nn.fitted import FittedNetwork
from saddlepath.nn.fitting import Recipe, fit_network
from saddlepath.nn.genz import draw
from saddlepath.nn.optimizers import LINE_SEARCH
from saddlepath.nn.perceptron import Perceptron
from saddlepath.nn.splitting import Holdout, split
from saddlepath.nn.training import Training
from saddlepath.table import Table

METHODS = ("grid", "random", "halving")
LAYERS, WIDTHS = (1, 2), (16, 64)
ACTIVATIONS = ("relu", "tanh", "sigmoid", "swish")
OPTIMIZERS = {"sgd": 1e-1, "momentum": 1e-2, "adam": 1e-2, "lbfgs": 1e-2}
"""Optimizers of the study with their learning rates [-]."""
BATCH = 32


class Candidate(NamedTuple):
    """One combination.

    Attributes:
        layers: Hidden layers.
        width: Units per layer.
        activation: One of `saddlepath.network.ACTIVATIONS`.
        optimizer: One of `saddlepath.solvers.first_order.OPTIMIZERS`.
        rate: Learning rate. [-]
    """

    layers: int
    width: int
    activation: str
    optimizer: str
    rate: float

    def recipe(self, gradients: int, n: int) -> Recipe:
        """The recipe that spends so many gradients of one label on `n` labels."""
        network = Perceptron((self.width,) * self.layers, self.activation)
        batch = None if self.optimizer in LINE_SEARCH else BATCH
        epochs = max(1, gradients // n)
        return Recipe(network, Training(self.optimizer, self.rate, epochs=epochs, batch=batch))


class Trial(NamedTuple):
    """One training of a candidate.

    Attributes:
        candidate: What was trained.
        seed: Of its weights.
        gradients: Gradients of one label that were spent.
        error: Root mean squared error at the validation part. [units of the values]
    """

    candidate: Candidate
    seed: int
    gradients: int
    error: float


@dataclasses.dataclass(frozen=True)
class Searched:
    """What a search found.

    Attributes:
        method: `grid`, `random` or `halving`.
        trials: All trainings in order.
        winner: The candidate with the least error at the validation part, the mean over seeds.
        test_error: Root mean squared error of the winner at the test part, asked for once. [units of the values]
    """

    method: str
    trials: tuple[Trial, ...]
    winner: Candidate
    test_error: float

    def frame(self) -> Any:
        """A pandas table with one row per training."""
        import pandas as pd

        return pd.DataFrame([one.candidate._asdict() | one._asdict() for one in self.trials]).drop(columns="candidate")


def all_candidates() -> list[Candidate]:
    """Every combination of the study."""
    kinds = itertools.product(LAYERS, WIDTHS, ACTIVATIONS, OPTIMIZERS.items())
    return [Candidate(layers, width, activation, *pair) for layers, width, activation, pair in kinds]


def search(
    x: np.ndarray,
    y: np.ndarray,
    candidates: Sequence[Candidate],
    method: str,
    budget: int,
    *,
    tries: int = 16,
    seeds: int = 1,
    seed: int = 0,
) -> Searched:
    """Search among candidates with a budget.

    Args:
        x: Inputs `[n, n_inputs]`.
        y: Values `[n]`.
        candidates: What is tried: all of them by `grid`, `tries` of them, drawn without replacement, by the others.
        method: `grid`, `random` or `halving`.
        budget: Gradients of one label, all trainings together.
        tries: Candidates that are drawn.
        seeds: Trainings per candidate; their mean error counts.
        seed: Of the split, the draw of candidates and the weights.

    Raises:
        ConfigError: An unknown method, or a budget below one pass per training.
    """
    if method not in METHODS:
        raise ConfigError(f"method must be one of {', '.join(METHODS)}, got {method!r}.")
    data = Holdout(x, y, split(len(x), seed=seed))
    drawn = np.random.default_rng(seed).permutation(len(candidates))[:tries]
    field = list(candidates) if method == "grid" else [candidates[i] for i in drawn]
    rounds = max(1, math.ceil(math.log2(len(field)))) if method == "halving" else 1
    trials: list[Trial] = []
    winner = field[0]
    for _ in range(rounds):
        gradients = budget // rounds // len(field) // seeds
        if gradients < len(data.x):
            raise ConfigError(
                f"a budget of {budget} gradients gives each of {len(field)} candidates less than one pass through "
                f"{len(data.x)} labels; raise the budget or try fewer candidates."
            )
        found = [_trial(one, data, gradients, seed + i) for one in field for i in range(seeds)]
        trials += found
        field = sorted(field, key=lambda one, found=found: _mean_error(found, one))
        winner = field[0]
        field = field[: max(1, len(field) // 2)]
    last = max(one.gradients for one in trials)
    fitted = _fitted(winner, data, last, seed)
    return Searched(method, tuple(trials), winner, data.final_score(lambda x, y: _error(fitted, x, y)))


def _trial(candidate: Candidate, data: Holdout, gradients: int, seed: int) -> Trial:
    fitted = _fitted(candidate, data, gradients, seed)
    return Trial(candidate, seed, gradients, _error(fitted, data.x_out, data.y_out))


def _fitted(candidate: Candidate, data: Holdout, gradients: int, seed: int) -> FittedNetwork:
    recipe = candidate.recipe(gradients, len(data.x))
    return fit_network(data.x, data.y, recipe, validation=(data.x_out, data.y_out), seed=seed)


def _mean_error(trials: Sequence[Trial], candidate: Candidate) -> float:
    return float(np.mean([one.error for one in trials if one.candidate == candidate]))


def _error(fitted: FittedNetwork, x: np.ndarray, y: np.ndarray) -> float:
    return float(np.sqrt(np.mean((np.asarray(fitted.predict(x))[:, 0] - y) ** 2)))


def study_architecture(seed: int = 0) -> Findings:
    """Three searches with one budget on a Gaussian peak of two inputs, 200 points."""
    import pandas as pd

    random = np.random.default_rng(seed)
    f = draw("gaussian", 2, "course", random)
    x = random.random((200, 2))
    candidates = [one for one in all_candidates() if one.width == WIDTHS[0]]
    found = [search(x, f(x), candidates, method, 1_500_000, tries=8, seed=seed) for method in METHODS]
    rows = [
        one.winner._asdict()
        | {"trainings": len(one.trials), "validation": min(t.error for t in one.trials)}
        | {"test": one.test_error}
        for one in found
    ]
    frame = pd.DataFrame(rows, index=pd.Index(METHODS, name="search"))
    trials = pd.concat([one.frame().assign(search=one.method) for one in found])
    title, note = "Searches with the same budget", "Winners by the validation part, and their errors at the test part."
    by_optimizer = trials[trials["search"] == "grid"].groupby(["optimizer", "activation"])["error"].median().unstack()
    formats = dict.fromkeys(by_optimizer.columns, ".1e")
    return Findings(
        {
            "winners": Table(frame, title, note, {"validation": ".1e", "test": ".1e"}),
            "grid": Table(by_optimizer, "Grid: validation error by optimizer and activation", "Medians.", formats),
            "trials": Table(trials.reset_index(drop=True), "All trainings", "", {"error": ".1e"}),
        },
        {},
    )
