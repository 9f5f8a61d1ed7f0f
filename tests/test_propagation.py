"""The law of a quantity under a prior, against closed forms."""

import json

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats as st
from tests.uq_cases import LinearSurrogate

from saddlepath.errors import ConfigError
from saddlepath.marginals import Gaussian, LogNormal, Uniform
from saddlepath.prior import Box, Prior
from saddlepath.uq.propagation import LEVELS, propagate


def test_product_of_lognormals() -> None:
    prior = Prior(a=LogNormal(1.0, 0.3), b=LogNormal(2.0, 0.4), correlation={("a", "b"): 0.5})
    found = propagate(lambda x: x[:, 0] * x[:, 1], prior)["y1"]
    exact = st.lognorm(np.sqrt(0.09 + 0.16 + 2 * 0.5 * 0.12), scale=2.0)
    want = np.array([exact.mean(), exact.std(), *exact.ppf(LEVELS)])
    # 95 % each, and nine of them: none may miss by its own width.
    assert np.all(np.abs(found.statistics.value - want) < 2 * found.statistics.margin)
    np.testing.assert_allclose(found.statistics.value, want, rtol=1e-2)
    assert np.sum(found.density.value * np.diff(found.edges)) == pytest.approx(1.0, abs=1e-12)
    middle = np.argmax(found.density.value)
    average = np.diff(exact.cdf(found.edges[middle : middle + 2]))[0] / np.diff(found.edges)[0]
    assert found.density.value[middle] == pytest.approx(average, rel=2e-2)
    json.dumps(found.as_dict())


@pytest.mark.slow
def test_surrogate_error_in_mean_and_quantiles() -> None:
    box = Box(a=(1.0, 3.0))
    unsure = LinearSurrogate(box, ("y",), jnp.array([2.0]), jnp.array([0.1]))
    found = propagate(unsure, Prior(a=Uniform(1.0, 3.0)), base=1024, draws=200)["y"].statistics
    # y = s a: the mean is 2 s, the median too, and the standard deviation s / sqrt(3), with s known to 0.1.
    rows = [found.names.index(name) for name in ("mean", "50 %", "sd")]
    np.testing.assert_allclose(found.surrogate[rows], [0.2, 0.2, 0.1 / np.sqrt(3)], rtol=0.2)  # 200 draws: 5 %
    assert found.sampling[rows[0]] < 1e-2


def test_a_constant_quantity_is_refused() -> None:
    with pytest.raises(ConfigError, match="q is constant over the prior"):
        propagate(lambda x: np.ones(len(x)), Prior(a=Gaussian(0.0, 1.0)), outputs=["q"])


@pytest.mark.slow
def test_intervals_cover_at_their_level() -> None:
    prior = Prior(a=Gaussian(0.0, 1.0), b=Gaussian(0.0, 1.0))
    exact = np.r_[0.0, np.sqrt(2.0), st.norm(0.0, np.sqrt(2.0)).ppf(LEVELS)]
    inside = []
    for seed in range(200):
        found = propagate(lambda x: x.sum(axis=1), prior, base=4096, seed=seed)["y1"].statistics
        inside.append((found.low <= exact) & (exact <= found.high))
    # The outer quantiles are here because means over scramblings would miss them by twice their error. 200 events of
    # 95 %: below 0.88 with probability 1e-4.
    assert np.all(np.mean(inside, axis=0) >= 0.88)
