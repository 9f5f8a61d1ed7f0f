"""`fit_network` behind the interface of scikit-learn: pipelines, cross-validation and grid search work with it.

A module of its own because scikit-learn is an optional extra: nothing else of the package imports it.
"""

from typing import Any

import jax
import numpy as np

from saddlepath.errors import ConfigError

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ConfigError(
        "networks as scikit-learn estimators need the package scikit-learn, which is not installed; run pip install "
        "'saddlepath[learn]', or use fit_network."
    ) from error

from saddlepath.nn.fitted import FittedNetwork
from saddlepath.nn.fitting import Recipe, fit_network
from saddlepath.nn.perceptron import Perceptron
from saddlepath.nn.training import Training


class InputError(ConfigError, ValueError):
    """A setting or labels that cannot be used; scikit-learn expects a `ValueError`."""


class _NetworkEstimator(BaseEstimator):
    """What regressor and classifier share: settings as plain arguments, and the fit."""

    def __init__(
        self,
        hidden: tuple[int, ...] = (64, 64),
        loss: str = "",
        activation: str = "swish",
        dropout: float = 0.0,
        optimizer: str = "adam",
        rate: float = 3e-3,
        schedule: str = "cosine",
        epochs: int = 300,
        batch: int | None = 64,
        patience: int | None = 60,
        decay: float = 0.0,
        scaling: str = "standard",
        value_transform: str = "standardise",
        members: int = 1,
        validation: float = 0.2,
        random_state: Any = 0,
    ):
        self.loss = loss
        self.hidden = hidden
        self.activation = activation
        self.dropout = dropout
        self.optimizer = optimizer
        self.rate = rate
        self.schedule = schedule
        self.epochs = epochs
        self.batch = batch
        self.patience = patience
        self.decay = decay
        self.scaling = scaling
        self.value_transform = value_transform
        self.members = members
        self.validation = validation
        self.random_state = random_state

    def _recipe(self, loss: str) -> Recipe:
        return Recipe(
            network=Perceptron(tuple(self.hidden), self.activation, dropout=self.dropout),
            training=Training(
                optimizer=self.optimizer,
                rate=self.rate,
                schedule=self.schedule,
                epochs=self.epochs,
                batch=self.batch,
                patience=self.patience,
                decay=self.decay,
            ),
            loss=self.loss or loss,
            scaling=self.scaling,
            transform=self.value_transform,
            members=self.members,
            validation=self.validation,
            precision="float64",
        )

    def _network_of(self, x: Any, y: Any, loss: str) -> FittedNetwork:
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        try:
            fitted = fit_network(x, y, self._recipe(loss), seed=seed)
        except ConfigError as error:
            raise InputError(str(error)) from error
        # Copied by another process outside of a float64 context, JAX's arrays would lose half of their digits.
        return jax.tree.map(np.asarray, fitted)


class NetworkRegressor(RegressorMixin, _NetworkEstimator):
    """A neural network for one or more values, as a scikit-learn regressor.

    Attributes:
        network_: The fitted network. Arguments are those of `Recipe`, `Perceptron` and `Training`; an empty `loss` is
            `squared`.
    """

    network_: FittedNetwork

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> "NetworkRegressor":
        """Fit to inputs `[n, n_inputs]` and values `[n]` or `[n, n_outputs]`.

        Raises:
            InputError: Labels or settings that cannot be used.
        """
        x, y = validate_data(self, X, y, multi_output=True, y_numeric=True, ensure_min_samples=2)
        self.network_ = self._network_of(x, y, "squared")
        self._is_flat = y.ndim == 1
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Values `[n]` or `[n, n_outputs]`, as `y` was. [units of y]"""
        check_is_fitted(self)
        found = np.asarray(self.network_.predict(validate_data(self, X, reset=False)))
        return found[:, 0] if self._is_flat else found


class NetworkClassifier(ClassifierMixin, _NetworkEstimator):
    """A neural network for two or more classes, as a scikit-learn classifier.

    Attributes:
        network_: The fitted network. Arguments are those of `Recipe`, `Perceptron` and `Training`; an empty `loss` is
            `cross_entropy`.
        classes_: The classes in order.
    """

    network_: FittedNetwork
    classes_: np.ndarray

    def fit(self, X: Any, y: Any) -> "NetworkClassifier":
        """Fit to inputs `[n, n_inputs]` and classes `[n]`.

        Raises:
            InputError: Labels or settings that cannot be used.
        """
        x, y = validate_data(self, X, y, ensure_min_samples=2)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        self.network_ = self._network_of(x, y, "cross_entropy")
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Most probable class `[n]`."""
        shares = self._shares(X)
        return self.classes_[np.argmax(shares, axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of every class `[n, n_classes]`, in the order of `classes_`. [-]"""
        return self._shares(X)

    def _shares(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return np.asarray(self.network_.probabilities(validate_data(self, X, reset=False)))
