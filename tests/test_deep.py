"""Deep ensembles: accuracy and error bar on a known function, draws, files, repeatability, refusals."""

import jax
import numpy as np
import pytest

import saddlepath as sp
from saddlepath.errors import ConfigError
from saddlepath.surrogate.base import Labels
from saddlepath.surrogate.deep import Deep, DeepEnsemble
from saddlepath.surrogate.files import load_surrogate, save_surrogate

BOX = sp.Box(a=(0.0, 1.0), b=(1.0, 3.0))
SMALL = Deep(width=10, depth=1, members=2, epochs=200, polish=60, activation="tanh")


def known(theta: np.ndarray) -> np.ndarray:
    return np.stack([np.sin(3 * theta[:, 0]) * theta[:, 1], np.log(theta[:, 1]) + 5], axis=1)


def labels(n: int = 100) -> Labels:
    theta = BOX.design(n)
    return Labels(BOX, theta, known(theta), ("u", "w"))


@pytest.fixture(scope="module")
def fitted() -> DeepEnsemble:
    return SMALL.fit(labels())


@pytest.mark.slow
def test_accuracy_with_polish(fitted: DeepEnsemble) -> None:
    new = BOX.design(500, seed=5)
    error = fitted.predict(new).mean - known(new)
    # Levenberg-Marquardt fits sixty weights to a smooth function; Adam alone stays above 1e-2.
    assert np.sqrt(np.mean(error**2)) < 2e-3
    rough = Deep(width=10, depth=1, members=2, epochs=200, polish=0, activation="tanh").fit(labels())
    assert np.sqrt(np.mean((rough.predict(new).mean - known(new)) ** 2)) > 1e-2


@pytest.mark.slow
def test_error_bar_has_the_size_of_the_error(fitted: DeepEnsemble) -> None:
    """Calibrated on ten left-out labels; a factor of three is what so few say."""
    new = BOX.design(500, seed=6)
    found = fitted.predict(new)
    ratio = np.sqrt(np.mean((found.mean - known(new)) ** 2, axis=0) / np.mean(found.sd**2, axis=0))
    assert np.all((ratio > 1 / 3) & (ratio < 3))


@pytest.mark.slow
def test_draws_have_the_mean_and_the_deviation_of_the_prediction(fitted: DeepEnsemble) -> None:
    new = BOX.design(6, seed=7)
    drawn = np.asarray(jax.vmap(lambda key: jax.vmap(fitted.draw(key))(new))(jax.random.split(jax.random.key(0), 400)))
    found = fitted.predict(new)
    np.testing.assert_allclose(drawn.std(axis=0), found.sd, rtol=0.11)  # 3 / sqrt(2 x 400)
    assert np.all(np.abs(drawn.mean(axis=0) - found.mean) < 4 * found.sd / np.sqrt(400))


@pytest.mark.slow
def test_gradient_is_that_of_the_function(fitted: DeepEnsemble) -> None:
    slope = jax.jacobian(lambda t: fitted.at(t).mean)(np.array([0.4, 2.0]))
    exact = [[6 * np.cos(1.2), np.sin(1.2)], [0.0, 0.5]]
    np.testing.assert_allclose(slope, exact, atol=0.05)  # the error of values, times a few oscillations of the box


def test_file_and_seed(fitted: DeepEnsemble, tmp_path) -> None:
    theta = BOX.design(5)
    save_surrogate(fitted, tmp_path / "deep.surrogate")
    again = load_surrogate(tmp_path / "deep.surrogate")
    for one, other in zip(again.predict(theta), fitted.predict(theta), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(SMALL.fit(labels()).predict(theta).mean, fitted.predict(theta).mean)
    assert np.abs(SMALL.fit(labels(), seed=1).predict(theta).mean - fitted.predict(theta).mean).max() > 0


@pytest.mark.slow
def test_logarithms_single_precision_and_a_limit_of_time(tmp_path) -> None:
    kind = Deep(8, 1, members=1, epochs=10**6, seconds=0.5, transform="log", logs=("b",), precision="float32", polish=0)
    records, theta = [], BOX.design(80)
    one = kind.fit(Labels(BOX, theta, known(theta)[:, 1], ("w",)), log=records.append)
    assert records[-1]["share"] >= 1 and records[-1]["epoch"] < 10**6
    assert records[-1]["best"] < records[0]["best"]
    found = one.predict(theta[:5])
    assert found.mean.dtype == np.float64 and np.all(found.mean > 0)
    save_surrogate(one, tmp_path / "one.surrogate")
    np.testing.assert_array_equal(load_surrogate(tmp_path / "one.surrogate").predict(theta[:5]).sd, found.sd)
    # One member knows its error only as a whole: the error bar is a constant share of a positive quantity.
    np.testing.assert_allclose(found.sd / found.mean, found.sd[0, 0] / found.mean[0, 0], rtol=1e-12)


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="5 labels are too few for a network"):
        Deep().fit(labels(5))
    with pytest.raises(ConfigError, match="u is the same, 1, at all 40 points"):
        Deep().fit(Labels(BOX, BOX.design(40), np.ones(40), ("u",)))
    with pytest.raises(ConfigError, match="no activation 'swich'"):
        Deep(activation="swich")
    with pytest.raises(ConfigError, match="precision must be float32 or float64"):
        Deep(precision="float16")
    with pytest.raises(ConfigError, match="needs width, depth, members and epochs of at least 1"):
        Deep(members=0)
    with pytest.raises(ConfigError, match="a can be zero or negative in its box"):
        Deep(logs=("a",)).fit(labels())
