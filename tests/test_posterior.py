"""Posteriors against conjugate answers, and what a table says of chains that did not mix."""

import jax.numpy as jnp
import numpy as np
import pytest
from tests.linear_gaussian import Autoregression

import saddlepath as sp
from saddlepath.estimate.posterior import Posterior

PRIOR = sp.Prior(a=sp.Gaussian(0.0, 1.0), b=sp.Gaussian(1.0, 2.0))
DATUM, NOISE = np.array([0.8, -0.4]), 0.5


def log_likelihood(theta):
    """Two normal observations, one of each parameter."""
    return -0.5 * jnp.sum((jnp.asarray(DATUM) - theta) ** 2) / NOISE**2


def exact() -> tuple[np.ndarray, np.ndarray, float]:
    """Mean, standard deviation and log evidence of the conjugate posterior, up to the likelihood's constant."""
    mean, sd = np.array([0.0, 1.0]), np.array([1.0, 2.0])
    precision = 1 / sd**2 + 1 / NOISE**2
    whole = sd**2 + NOISE**2
    evidence = np.sum(-0.5 * np.log(whole / NOISE**2) - 0.5 * (DATUM - mean) ** 2 / whole)
    return (mean / sd**2 + DATUM / NOISE**2) / precision, precision**-0.5, evidence


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["nuts", "smc"])
def test_draws_are_those_of_the_conjugate_posterior(sampler: str) -> None:
    found = sp.posterior(log_likelihood, PRIOR, sampler=sampler, chains=4, draws=1000, warmup=300)
    mean, sd, evidence = exact()
    np.testing.assert_allclose(list(found.mean.values()), mean, atol=0.05)  # four errors of 1,000 effective draws
    np.testing.assert_allclose(list(found.sd.values()), sd, rtol=0.1)  # the same of a deviation
    if sampler == "smc":
        assert found.log_marginal_likelihood[0] == pytest.approx(evidence, abs=0.2)


def test_chains_apart_are_named_first() -> None:
    random = np.random.default_rng(0)
    draws = random.standard_normal((4, 200, 2)) + np.array([0.0, 0.0, 0.0, 5.0])[:, None, None]
    apart = Posterior(("a", "b"), draws, "nuts", np.zeros((4, 200), dtype=bool), np.ones((4, 200)), None, 1.0)
    assert "R-hat" in str(apart).splitlines()[0]
    with pytest.raises(sp.ConvergenceError, match="R-hat"):
        apart.require_converged()
    draws = random.standard_normal((4, 1000, 2))
    together = Posterior(("a", "b"), draws, "nuts", np.zeros((4, 1000), dtype=bool), np.ones((4, 1000)), None, 1.0)
    assert not together.complaints


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sampler": "gibbs"}, "no sampler 'gibbs'"),
        ({"chains": 1}, "chains must be a whole number of at least 2"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(change: dict, words: str) -> None:
    with pytest.raises(sp.ConfigError, match=words):
        sp.posterior(log_likelihood, PRIOR, **change)


def test_particles_have_no_gradient_for_nuts() -> None:
    given = sp.likelihood(
        sp.closed_form(Autoregression()), {"level": np.zeros(10)}, measurement={"level": "noise"}, method="bootstrap"
    )
    with pytest.raises(sp.ConfigError, match="use sampler='smc'"):
        sp.posterior(given, sp.Prior(noise=sp.Uniform(0.2, 1.0)))
