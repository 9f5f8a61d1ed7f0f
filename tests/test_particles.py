"""Particle filters against the Kalman filter, where both are right."""

import jax
import numpy as np
import pytest
from tests.linear_gaussian import Autoregression

import saddlepath as sp

NOISE = {"level": 0.5}


def series(periods: int, seed: int = 0) -> dict[str, np.ndarray]:
    random, z, levels = np.random.default_rng(seed), 0.0, []
    for _ in range(periods):
        z = 0.9 * z + random.standard_normal()
        levels.append(z + 0.5 * random.standard_normal())
    return {"level": np.array(levels)}


@pytest.fixture(scope="module")
def solution() -> sp.Solution:
    return sp.closed_form(Autoregression())


def estimates(solution: sp.Solution, method: str, seeds: int) -> np.ndarray:
    """Errors of the log likelihood of 500 periods by 1,000 particles."""
    data = series(500)
    exact = float(sp.likelihood(solution, data, measurement=NOISE)({}))
    one = lambda seed: sp.likelihood(solution, data, measurement=NOISE, method=method, seed=seed)({})
    return np.array([float(one(seed)) for seed in range(seeds)]) - exact


@pytest.mark.slow
def test_a_thousand_guided_particles_are_within_one_of_kalman(solution: sp.Solution) -> None:
    """Over twenty seeds the largest error was 0.7."""
    assert np.max(np.abs(estimates(solution, "auxiliary", 3))) < 1.0


@pytest.mark.slow
def test_the_likelihood_of_blind_particles_is_unbiased(solution: sp.Solution) -> None:
    """Its logarithm is too low by half its variance, about one at this small measurement error."""
    errors = estimates(solution, "bootstrap", 8)
    assert abs(np.log(np.mean(np.exp(errors)))) < 1.5  # two deviations of the logarithm of a mean of eight


@pytest.mark.slow
def test_missing_data_leave_their_periods_out(solution: sp.Solution) -> None:
    data = series(500)
    data["level"][20:30] = np.nan
    exact = float(sp.likelihood(solution, data, measurement=NOISE)({}))
    found = float(sp.likelihood(solution, data, measurement=NOISE, method="auxiliary")({}))
    assert abs(found - exact) < 1.0  # as without gaps


@pytest.mark.slow
def test_the_same_seed_gives_the_same_number_also_compiled(solution: sp.Solution) -> None:
    given = sp.likelihood(solution, series(40), measurement=NOISE | {"level": "noise"}, method="bootstrap")
    theta = np.array([0.5])
    with jax.enable_x64(True):
        compiled = jax.jit(lambda at: given(at))
        assert float(given(theta)) == pytest.approx(float(compiled(theta)), abs=1e-9)  # round-off of fused sums
        assert float(given(theta)) != float(given(theta + 0.1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"method": "ensemble"}, "no method 'ensemble' of a likelihood"),
        ({"measurement": {"level": 0.0}, "method": "bootstrap"}, "level"),
        ({"measurement": {"output": 0.1}}, "output"),
        ({"particles": 0, "method": "bootstrap"}, "particles must be a whole number"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(solution: sp.Solution, change: dict, words: str) -> None:
    arguments = {"measurement": NOISE} | change
    with pytest.raises(sp.ConfigError, match=words):
        sp.likelihood(solution, series(20), **arguments)
