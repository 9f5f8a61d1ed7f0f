"""Penalised polynomials: exact polynomials, left-out errors, error bars, scales, files, refusals."""

from pathlib import Path

import jax
import numpy as np
import pytest

import saddlepath as sp
from saddlepath.errors import ConfigError
from saddlepath.surrogate.base import Labels
from saddlepath.surrogate.files import load_surrogate, save_surrogate
from saddlepath.surrogate.smooth_polynomial import SmoothPolynomial

BOX = sp.Box(a=(0.0, 1.0), b=(0.0, 1.0), c=(0.0, 1.0))


def labels(n: int, of, seed: int = 0) -> Labels:
    theta = BOX.design(n, seed=seed)
    return Labels(BOX, theta, of(theta))


def smooth(theta: np.ndarray) -> np.ndarray:
    return np.exp(-((theta @ np.array([1.0, 2.0, -0.5]) - 0.3) ** 2))


def test_a_quadratic_is_found_with_fewer_labels_than_terms_of_the_search() -> None:
    quadratic = lambda t: 1 + t[:, 0] - 2 * t[:, 1] * t[:, 2] + 0.5 * t[:, 0] ** 2
    fitted = SmoothPolynomial().fit(labels(30, quadratic))
    new = BOX.design(200, seed=9)
    np.testing.assert_allclose(fitted.predict(new).mean[:, 0], quadratic(new), atol=1e-10)


def test_logarithms_of_a_log_quadratic() -> None:
    """The log of this function is a quadratic: on its own scale the error is rounding, on the values' it is not."""
    new = BOX.design(200, seed=9)
    error = {
        name: np.abs(SmoothPolynomial(name).fit(labels(40, smooth)).predict(new).mean[:, 0] - smooth(new)).max()
        for name in ("auto", "log", "standardise")
    }
    assert error["auto"] == error["log"] < 1e-9 < error["standardise"]


def test_left_out_errors_are_those_of_fits_without_the_label() -> None:
    """The closed form against fits without each label, of the same basis, penalty and scale."""
    data = labels(25, lambda t: np.sin(4 * t[:, 0]) + np.abs(t[:, 1] - 0.4))
    fitted = SmoothPolynomial("standardise").fit(data)
    size = np.sqrt(np.mean((fitted.predict(data.theta).mean - data.values) ** 2))
    assert float(fitted.left_out[0]) > size  # left-out errors exceed residuals
    new = BOX.design(2000, seed=9)
    error = fitted.predict(new).mean[:, 0] - (np.sin(4 * new[:, 0]) + np.abs(new[:, 1] - 0.4))
    assert 0.4 < np.sqrt(np.mean(error**2)) / float(fitted.left_out[0]) < 2.5  # known from 25 labels


@pytest.mark.slow
def test_error_bars_draws_and_files(tmp_path: Path) -> None:
    data = labels(40, lambda t: np.exp(np.abs(t[:, 0] - 0.5) + t[:, 1]))
    fitted = SmoothPolynomial().fit(data)
    new = BOX.design(500, seed=9)
    found = fitted.predict(new)
    error = found.mean[:, 0] - np.exp(np.abs(new[:, 0] - 0.5) + new[:, 1])
    assert 1 / 3 < np.sqrt(np.mean(error**2) / np.mean(found.sd**2)) < 3
    keys = jax.random.split(jax.random.key(0), 500)
    drawn = np.asarray(jax.vmap(lambda key: jax.vmap(fitted.draw(key))(new[:5]))(keys))
    assert np.all(np.abs(drawn.mean(axis=0) - found.mean[:5]) < 5 * found.sd[:5] / np.sqrt(500))
    save_surrogate(fitted, tmp_path / "s.saddle")
    np.testing.assert_array_equal(load_surrogate(tmp_path / "s.saddle").predict(new).mean, found.mean)


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="transform must be auto, standardise or log, got 'root'"):
        SmoothPolynomial("root")
    with pytest.raises(ConfigError, match="basis must be chebyshev or legendre"):
        SmoothPolynomial(basis="fourier")
    with pytest.raises(ConfigError, match="2 labels are too few"):
        SmoothPolynomial().fit(labels(2, smooth))
    with pytest.raises(ConfigError, match="logarithms need positive ones"):
        SmoothPolynomial("log").fit(labels(20, lambda t: t[:, 0] - 0.5))
