"""Simulation-based calibration and synthetic likelihoods, where the truth is drawn or known."""

import numpy as np
import pytest
from tests.linear_gaussian import PRIOR, space

import saddlepath as sp
from saddlepath.estimate.calibration import calibrate

PERIODS = 60


@pytest.mark.slow
def test_ranks_of_the_truth_are_uniform() -> None:
    """A hundred replications; a right sampler falls below one per cent once in a hundred seeds."""
    simulate = lambda key, theta: space(theta).draw(key, PERIODS)
    found = calibrate(simulate, lambda theta, data: space(theta).log_likelihood(data), PRIOR)
    for name, values in found.p_values().items():
        assert min(values.values()) > 0.01, name


@pytest.mark.slow
def test_a_curve_and_its_surrogate_give_back_the_parameter() -> None:
    """f(a, x) = (x - a)^3 + (x - a) at eight x, seen with noise 0.1."""
    x, box = np.linspace(0, 4, 8), sp.Box(a=(1.0, 2.0))
    curve = lambda a: (x - a) ** 3 + x - a
    theta = box.design(20)
    gp = sp.GP(sp.SquaredExponential()).fit(sp.Labels(box, theta, curve(theta)))
    data = curve(1.6) + 0.1 * np.random.default_rng(0).standard_normal(8)
    given = sp.synthetic_likelihood(gp, data, 0.01 * np.eye(8))
    found = sp.posterior(given, sp.Prior(a=sp.Uniform(1.0, 2.0)), chains=2, draws=500, warmup=200)
    assert abs(found.mean["a"] - 1.6) < 2 * found.sd["a"]
    slope = np.gradient(curve(np.array([1.59, 1.61])[:, None]), axis=0)[0] / 0.02
    assert found.sd["a"] == pytest.approx(0.1 / np.sqrt(slope @ slope), rel=0.15)  # of the normal limit


def test_a_singular_covariance_is_refused() -> None:
    box = sp.Box(a=(1.0, 2.0))
    theta = box.design(10)
    gp = sp.GP().fit(sp.Labels(box, theta, np.hstack([theta, theta**2]), ("mean:c", "mean:k")))
    with pytest.raises(sp.ConfigError, match="singular"):
        sp.synthetic_likelihood(gp, [1.5, 2.0], np.ones((2, 2)))
