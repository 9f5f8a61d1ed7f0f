"""Networks in the ecosystem of scikit-learn: its own checks, pipelines, cross-validation, grid search."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from saddlepath.nn.estimators import InputError, NetworkClassifier, NetworkRegressor


def data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    x = random.standard_normal((60, 2))
    return x, x @ np.array([1.0, -2.0]) + 0.1 * random.standard_normal(60)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [NetworkRegressor((32,), epochs=100), NetworkClassifier((32,), epochs=100)])
def test_the_checks_of_scikit_learn(estimator: NetworkRegressor | NetworkClassifier) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)  # what needs an array library that is not installed
        check_estimator(estimator)


@pytest.mark.slow
def test_pipelines_and_searches() -> None:
    x, y = data()
    small = NetworkRegressor((8,), epochs=40, rate=1e-2, validation=0.0, patience=None)
    assert cross_val_score(make_pipeline(StandardScaler(), small), x, y, cv=2).min() > 0.9  # a line, noise of 0.1
    search = GridSearchCV(small, {"rate": [1e-5, 1e-2]}, cv=2).fit(x, y)
    assert search.best_params_ == {"rate": 1e-2}


def test_classes_and_refusals() -> None:
    x, y = data()
    named = np.where(y > 0, "boom", "bust")
    fitted = NetworkClassifier((8,), epochs=60, rate=1e-2).fit(x, named)
    assert fitted.score(x, named) > 0.9 and list(fitted.classes_) == ["boom", "bust"]
    np.testing.assert_allclose(fitted.predict_proba(x).sum(axis=1), 1)
    with pytest.raises(NotFittedError):
        NetworkClassifier().predict(x)
    with pytest.raises(InputError, match="no activation 'swich'"):
        NetworkRegressor(activation="swich").fit(x, y)
    with pytest.raises(InputError, match="at least two classes"):
        NetworkClassifier().fit(x, np.ones(60, dtype=int))
