"""Polynomial surrogates: exact on polynomials, left-out errors equal to refits, the degree chosen by them."""

import dataclasses

import jax
import numpy as np
import pytest

import saddlepath as sp
from saddlepath.errors import ConfigError
from saddlepath.surrogate.base import Labels
from saddlepath.surrogate.files import load_surrogate, save_surrogate
from saddlepath.surrogate.polynomial import Polynomial, exponents

BOX = sp.Box(a=(0.0, 1.0), b=(-2.0, 1.0))


def cubic(theta: np.ndarray) -> np.ndarray:
    a, b = theta.T
    return np.stack([1 + a - 2 * a * b + a * b**2, b**3], axis=1)


def smooth(theta: np.ndarray) -> np.ndarray:
    return np.sin(2 * theta[:, 0]) * np.exp(theta[:, 1] / 2)


def labels(n: int = 40, of=cubic, noise: float = 0.0) -> Labels:
    theta = BOX.design(n)
    values = of(theta)
    return Labels(BOX, theta, values + noise * np.random.default_rng(0).normal(size=values.shape))


@pytest.mark.parametrize("basis", ["chebyshev", "legendre"])
def test_a_polynomial_is_found_with_its_degree(basis: str) -> None:
    fitted = Polynomial(basis=basis).fit(labels())
    new = BOX.design(50, seed=3)
    assert fitted.degree >= 3  # more terms change nothing but round-off
    np.testing.assert_allclose(fitted.predict(new).mean, cubic(new), atol=1e-12)
    assert Polynomial(3, basis).fit(labels()).coefficients.shape == (10, 2)


def test_noise_stops_the_degree() -> None:
    """With noise a higher degree predicts left-out labels worse, so that the cubic is found."""
    assert Polynomial().fit(labels(80, noise=0.05)).degree == 3


def test_left_out_errors_are_those_of_refits() -> None:
    data = labels(30, lambda theta: smooth(theta)[:, None])
    fitted = Polynomial(4).fit(data)
    errors = []
    for i in range(len(data)):
        rest = np.arange(len(data)) != i
        other = Polynomial(4).fit(dataclasses.replace(data, theta=data.theta[rest], values=data.values[rest]))
        errors.append(other.predict(data.theta[i]).mean - data.values[i])
    assert float(fitted.sd[0]) == pytest.approx(float(np.sqrt(np.mean(np.square(errors)))), rel=1e-8)


@pytest.mark.slow
def test_error_bar_and_draws() -> None:
    """With noise the error bar covers new labels, and functions drawn spread as it says."""
    noise = 0.05
    data = labels(150, smooth, noise)
    fitted = Polynomial(4).fit(data)
    new = BOX.design(400, seed=5)
    found = fitted.predict(new)
    fresh = smooth(new) + noise * np.random.default_rng(1).normal(size=len(new))
    inside = np.mean(np.abs(found.mean[:, 0] - fresh) < 1.96 * found.sd[:, 0])
    assert 0.91 < inside < 0.99  # 95 %, with three standard deviations of a share of 400 and of the estimated noise
    drawn = jax.vmap(lambda key: jax.vmap(fitted.draw(key))(new[:5]))(jax.random.split(jax.random.key(0), 300))
    np.testing.assert_allclose(np.std(np.asarray(drawn), axis=0), found.sd[:5], rtol=0.15)  # 3 / sqrt(2 x 300)


def test_gradient_and_file(tmp_path) -> None:
    fitted = Polynomial(6).fit(labels(60, smooth))
    theta = np.array([0.3, 0.2])
    slope = jax.grad(lambda t: fitted.at(t).mean[0])(theta)
    # The error of the fit, times the degree.
    np.testing.assert_allclose(slope, [2 * np.cos(0.6) * np.exp(0.1), np.sin(0.6) * np.exp(0.1) / 2], atol=1e-3)
    save_surrogate(fitted, tmp_path / "p.surrogate")
    again = load_surrogate(tmp_path / "p.surrogate")
    np.testing.assert_array_equal(again.predict(theta).mean, fitted.predict(theta).mean)


def test_number_of_terms() -> None:
    assert len(exponents(3, 4)) == 35
    assert exponents(2, 1) == [(0, 0), (1, 0), (0, 1)]


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="degree 8 in 2 inputs has 45 terms, but there are only 40 labels"):
        Polynomial(8).fit(labels(40))
    line = Labels(BOX, np.linspace([0.0, -2.0], [1.0, 1.0], 40), np.zeros(40))
    with pytest.raises(ConfigError, match="do not determine a polynomial of degree 2"):
        Polynomial(2).fit(line)
    with pytest.raises(ConfigError, match="basis must be chebyshev or legendre"):
        Polynomial(basis="monomial")
