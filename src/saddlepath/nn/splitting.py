"""Training, validation and test parts of a data set, the last of which answers once.

A test set that has been looked at while choosing is a second validation set. `Holdout` therefore keeps the rows of the
test part to itself and hands a score out a single time.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from saddlepath.errors import ConfigError

Rows = Int[np.ndarray, " _"]
LEAST = 10
"""Labels without which there is nothing to split [-]."""


class Split(NamedTuple):
    """Rows of each part; together all rows, none twice.

    Attributes:
        training: What weights are fitted to.
        validation: What decides when to stop and what to choose.
        test: What the result is judged by.
    """

    training: Rows
    validation: Rows
    test: Rows


def split(
    n: int,
    shares: tuple[float, float, float] = (0.7, 0.2, 0.1),
    seed: int = 0,
    *,
    classes: np.ndarray | None = None,
    ordered: bool = False,
) -> Split:
    """Split the rows of a data set.

    Args:
        n: Number of rows.
        shares: Of training, validation and test; they sum to one. [-]
        seed: Of the shuffling.
        classes: A class per row: every part then has the same shares of all classes, up to one row each.
        ordered: Rows are in order of time: the first ones are for training, the last ones for the test, no shuffling.

    Raises:
        ConfigError: Shares that are no shares, too few rows, or an order together with classes.
    """
    if n < LEAST:
        raise ConfigError(f"{n} rows are too few to split; give at least {LEAST}, or use cross-validation.")
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise ConfigError(f"shares of training, validation and test must sum to one, got {shares}.")
    if ordered and classes is not None:
        raise ConfigError("rows in order of time cannot be stratified by classes; leave classes or ordered out.")
    if classes is not None and len(classes) != n:
        raise ConfigError(f"classes must name one class per row, expected {n}, got {len(classes)}.")
    if ordered:
        return Split(*_cut(np.arange(n), shares))
    random = np.random.default_rng(seed)
    labels = np.zeros(n, dtype=int) if classes is None else np.unique(classes, return_inverse=True)[1]
    groups = [_cut(random.permutation(np.flatnonzero(labels == label)), shares) for label in np.unique(labels)]
    return Split(*(np.sort(np.concatenate(part)) for part in zip(*groups, strict=True)))


def _cut(rows: Rows, shares: tuple[float, float, float]) -> tuple[Rows, Rows, Rows]:
    first = round(shares[0] * len(rows))
    second = round((shares[0] + shares[1]) * len(rows))
    return rows[:first], rows[first:second], rows[second:]


class Holdout:
    """A data set of which the test part is under lock.

    Attributes:
        x: Inputs of training and validation.
        y: Values of training and validation.
        x_out: Inputs of the validation part.
        y_out: Values of the validation part.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, parts: Split):
        """Args:
        x: Inputs, one row per label.
        y: Values, one row per label.
        parts: From `split`.
        """
        self.x, self.y = x[parts.training], y[parts.training]
        self.x_out, self.y_out = x[parts.validation], y[parts.validation]
        self._test: tuple[np.ndarray, np.ndarray] | None = (x[parts.test], y[parts.test])

    def final_score(self, score: Callable[[np.ndarray, np.ndarray], Any]) -> Any:
        """The score of the final choice at the test part; there is no second one.

        Args:
            score: Of inputs and values of the test part.

        Raises:
            ConfigError: The test part has answered already.
        """
        if self._test is None:
            raise ConfigError(
                "the test part has answered already, and a choice made after that answer would be fitted to it; split "
                "fresh data for a new test, or compare candidates at the validation part."
            )
        part, self._test = self._test, None
        return score(*part)
