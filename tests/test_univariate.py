"""Univariate effects against closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest
from tests.uq_cases import ISHIGAMI, LinearSurrogate, ishigami, linear_prior, total

from saddlepath.errors import ConfigError
from saddlepath.marginals import Uniform
from saddlepath.prior import Box, Prior
from saddlepath.surrogate.files import save_surrogate
from saddlepath.uq.univariate import univariate_effects


def test_ishigami() -> None:
    found = univariate_effects(ishigami, ISHIGAMI)["y1"]
    a, b, c = found.at
    # Means over the other inputs: 7 sin^2 has mean 3.5, and c^4 has mean pi^4 / 5.
    exact = np.stack([(1 + 0.1 * np.pi**4 / 5) * np.sin(a) + 3.5, 7 * np.sin(b) ** 2, np.full_like(c, 3.5)])
    assert np.mean((found.low <= exact) & (exact <= found.high)) > 0.85  # nominal 95 % of 75 correlated points
    np.testing.assert_allclose(found.mean, exact, atol=5e-2)  # 2,048 points; the standard deviation is 3.7
    # Given b, the rest (1 + c^4 / 10) sin a is symmetric around zero.
    middle = (found.spread_low[1] + found.spread_high[1]) / 2
    np.testing.assert_allclose(middle, exact[1], atol=0.2)


def test_dependence_is_kept() -> None:
    r = 0.5
    found = univariate_effects(total, linear_prior(r))["y1"]
    # E[b + c | b] = b + r 2 b, E[b + c | c] = c + r c / 2.
    np.testing.assert_allclose(found.mean[1], (1 + 2 * r) * found.at[1], atol=2e-2)
    np.testing.assert_allclose(found.mean[2], (1 + r / 2) * found.at[2], atol=2e-2)
    # y given a is N(a, 1 + 4 + 2 r 2): five per cent below 1.645 standard deviations.
    np.testing.assert_allclose(found.spread_low[0], found.at[0] - 1.6449 * np.sqrt(7.0), atol=0.1)


def test_surrogate_error_widens_the_band_where_the_surrogate_is_unsure() -> None:
    box = Box(a=(-1.0, 1.0), b=(-1.0, 1.0))
    prior = Prior(b=Uniform(-1.0, 1.0), a=Uniform(-1.0, 1.0))  # in another order than the surrogate's inputs
    unsure = LinearSurrogate(box, ("y",), jnp.array([1.0, 2.0]), jnp.array([0.1, 0.0]))
    found = univariate_effects(unsure, prior, draws=100, base=1024)["y"]
    assert found.inputs == ("a", "b")
    np.testing.assert_allclose(found.mean[1], 2 * found.at[1], atol=1e-2)
    half = (found.high - found.low) / 2
    # The slope of a is known to 0.1: at a = 0.98 the mean is to about 2 * 0.098; at b = 0.98 it is exact.
    assert half[0, -1] == pytest.approx(1.98 * 0.1 * found.at[0, -1], rel=0.25)  # 100 draws know a spread to 7 %
    assert half[1, -1] < 1e-2


def test_table_and_plain_data() -> None:
    found = univariate_effects(ishigami, ISHIGAMI, base=256)["y1"]
    assert found.table().columns[0] == "low" and "mean at high" in str(found)
    assert len(found.as_dict()["a"]["mean"]) == found.at.shape[1]


def test_a_surrogate_of_another_class_is_not_written(tmp_path) -> None:
    unsure = LinearSurrogate(Box(a=(0.0, 1.0)), ("y",), jnp.array([1.0]), jnp.array([0.1]))
    with pytest.raises(ConfigError, match="a LinearSurrogate is none of the surrogates that such a file holds"):
        save_surrogate(unsure, tmp_path / "own.surrogate")
    assert not (tmp_path / "own.surrogate").exists()
