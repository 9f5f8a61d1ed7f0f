"""Priors: laws against SciPy's, the Gaussian copula, the way from a file, and what is refused."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats as st

from saddlepath.errors import ConfigError
from saddlepath.marginals import Beta, Gamma, Gaussian, InverseGamma, LogNormal, Uniform
from saddlepath.prior import Box, Prior, prior_from_table

# A law and SciPy's version of it before truncation.
LAWS = {
    "uniform": (Uniform(1.0, 3.0), st.uniform(1.0, 2.0)),
    "normal": (Gaussian(1.0, 2.0), st.norm(1.0, 2.0)),
    "normal between": (Gaussian(1.0, 2.0, 0.0, 2.0), st.norm(1.0, 2.0)),
    "lognormal": (LogNormal(0.5, 0.3), st.lognorm(0.3, scale=0.5)),
    "lognormal above": (LogNormal(1.0, 0.2, lower=0.9), st.lognorm(0.2, scale=1.0)),
    "beta": (Beta(0.7, 0.1), st.beta(14.0, 6.0)),  # total 0.7 * 0.3 / 0.01 - 1 = 20
    "beta stretched": (Beta(3.4, 0.2, 2.0, 4.0), st.beta(14.0, 6.0, loc=2.0, scale=2.0)),
    "gamma": (Gamma(2.0, 1.0), st.gamma(4.0, scale=0.5)),
    "gamma between": (Gamma(2.0, 1.0, 1.5, 3.0), st.gamma(4.0, scale=0.5)),
    "inverse gamma": (InverseGamma(0.1, 0.05), st.invgamma(6.0, scale=0.5)),  # 2 + (0.1 / 0.05)^2, 0.1 * (6 - 1)
    "inverse gamma, infinite sd": (InverseGamma(0.01, np.inf), st.invgamma(2.0, scale=0.01)),
}
U = np.array([1e-6, 1e-3, 0.05, 0.3, 0.5, 0.8, 0.99, 1 - 1e-6])


@pytest.mark.parametrize("name", LAWS)
def test_laws_agree_with_scipy(name: str) -> None:
    law, free = LAWS[name]
    low, high = law.support
    left, right = free.cdf(low), free.cdf(high)
    x = np.asarray(law.from_normal(jnp.asarray(st.norm.ppf(U))))
    # Cubic interpolation between 2,113 nodes leaves 1e-11 of a typical value; SciPy's own beta quantile 1e-9.
    np.testing.assert_allclose(x, free.ppf(left + U * (right - left)), rtol=1e-8)
    inside = free.logpdf(x) - np.log(right - left)
    np.testing.assert_allclose(law.log_density(jnp.asarray(x)), inside, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(law.to_normal(jnp.asarray(x)), st.norm.ppf(U), atol=1e-8)
    mean, sd = law.moments()
    exact = free.expect(lambda v: v, lb=low, ub=high, conditional=True)
    assert mean == pytest.approx(exact, rel=1e-6)  # SciPy's adaptive rule
    if np.isfinite(sd):
        spread = free.expect(lambda v: (v - exact) ** 2, lb=low, ub=high, conditional=True)
        assert sd == pytest.approx(np.sqrt(spread), rel=1e-5)


@pytest.mark.parametrize("name", LAWS)
def test_laws_are_differentiable_and_know_their_ends(name: str) -> None:
    law, _ = LAWS[name]
    z = jnp.linspace(-2.0, 2.0, 5)
    slope = jax.vmap(jax.grad(law.from_normal))(z)
    # Change of variables: density of x times dx/dz is the normal density.
    got = law.log_density(law.from_normal(z)) + jnp.log(slope)
    np.testing.assert_allclose(got, st.norm.logpdf(np.asarray(z)), atol=1e-7)
    low, high = law.support
    ends = np.asarray(law.from_normal(jnp.asarray([-np.inf, np.inf])))
    np.testing.assert_array_equal(ends, [low, high])
    outside = [v for v in (low - 1e-9, high + 1e-9) if np.isfinite(v)]
    if outside:
        assert np.all(np.asarray(law.log_density(jnp.asarray(outside))) == -np.inf)


@pytest.mark.slow
def test_copula_has_the_density_of_the_joint_normal() -> None:
    r = 0.6
    prior = Prior(a=Gaussian(1.0, 2.0), b=Gaussian(-1.0, 0.5), correlation={("a", "b"): r})
    covariance = np.array([[4.0, r], [r, 0.25]])  # r times 2 times 0.5
    theta = np.array([0.3, -0.8])
    want = st.multivariate_normal([1.0, -1.0], covariance).logpdf(theta)
    assert float(prior.log_density(theta)) == pytest.approx(want, abs=1e-12)
    got = np.cov(prior.draw(jax.random.key(0), 100_000).T)
    # Standard errors of covariances of 100,000 draws are below 0.02 and 0.005; four of them.
    assert np.all(np.abs(got - covariance) < [[0.08, 0.02], [0.02, 0.005]])


@pytest.mark.slow
def test_to_normal_inverts_from_normal_under_dependence() -> None:
    prior = Prior(
        a=Beta(0.5, 0.1), b=Gamma(2.0, 1.0), c=Uniform(0.0, 1.0), correlation={"a": {"b": 0.5}, "b": {"c": -0.3}}
    )
    z = jnp.asarray(np.random.default_rng(0).normal(size=(7, 3)))
    np.testing.assert_allclose(prior.to_normal(prior.from_normal(z)), z, atol=1e-8)
    u = jax.scipy.special.ndtr(z)
    np.testing.assert_allclose(prior.from_uniform(u), prior.from_normal(z), atol=1e-12)


@pytest.mark.slow
def test_density_is_the_change_of_variables_and_its_gradient_is_finite_outside() -> None:
    prior = Prior(a=Beta(0.5, 0.1), b=Gamma(2.0, 1.0), correlation={"a, b": 0.5})
    z = jnp.asarray([0.4, -1.1])
    jacobian = jax.jacobian(prior.from_normal)(z)
    want = float(jnp.sum(st.norm.logpdf(np.asarray(z)))) - float(jnp.linalg.slogdet(jacobian)[1])
    assert float(eqx.filter_jit(prior.log_density)(prior.from_normal(z))) == pytest.approx(want, abs=1e-8)
    outside = jnp.asarray([1.2, 0.5])
    assert float(prior.log_density(outside)) == -np.inf
    assert np.all(np.isfinite(jax.grad(prior.log_density)(outside)))


def test_draws_are_float64_in_a_plain_interpreter(plain_interpreter: None) -> None:
    prior = Prior(a=Uniform(0.0, 1.0), b=Gamma(2.0, 1.0))
    draws = prior.draw(jax.random.key(1), 5)
    assert isinstance(draws, np.ndarray) and draws.dtype == np.float64 and draws.shape == (5, 2)
    assert Gaussian(0.0, 1.0).mass(-np.inf, 1.0) == pytest.approx(st.norm.cdf(1.0), abs=1e-14)


def test_other_numbers_compile_nothing() -> None:
    seen = []

    @jax.jit
    def density(prior: Prior, theta: jax.Array) -> jax.Array:
        seen.append(1)
        return prior.log_density(theta)

    for mean in (0.4, 0.6):
        density(Prior(a=Beta(mean, 0.1)), jnp.asarray([0.5]))
    assert len(seen) == 1


def test_moments_support_and_central_box() -> None:
    prior = Prior(a=Uniform(0.0, 2.0), b=Gaussian(1.0, 0.5))
    np.testing.assert_allclose(prior.mean, [1.0, 1.0])
    np.testing.assert_allclose(prior.sd, [2 / np.sqrt(12), 0.5])
    np.testing.assert_array_equal(prior.support, [[0.0, -np.inf], [2.0, np.inf]])
    box = prior.box(0.9)
    np.testing.assert_allclose(box.low, [0.1, st.norm.ppf(0.05, 1.0, 0.5)], rtol=1e-10)
    assert Prior(a=Uniform(0.0, 2.0)).box().high.tolist() == [2.0]
    with pytest.raises(ConfigError, match="b has no bounds"):
        prior.box()


def test_a_prior_inside_the_box_passes_whatever_the_order() -> None:
    box = Box(beta=(0.9, 0.99), gamma=(1.0, 5.0))
    prior = Prior(gamma=Gamma(2.0, 1.0, 1.0, 5.0), beta=Beta(0.95, 0.01, 0.9, 0.99))
    prior.require_inside(box)
    assert prior.ordered(box.entries).names == ("beta", "gamma")


def test_a_prior_outside_the_box_is_refused_with_numbers() -> None:
    box = Box(beta=(0.9, 0.99))
    with pytest.raises(ConfigError, match=r"prior of beta reaches from 0\.8 to 1, .* from 0\.9 to 0\.99: only 45 %"):
        Prior(beta=Uniform(0.8, 1.0)).require_inside(box)
    with pytest.raises(ConfigError, match=r"only 99\.9968 % of"):  # two tails beyond 4.16 standard deviations
        Prior(beta=Gaussian(0.945, 0.045 / 4.16)).require_inside(box)
    with pytest.raises(ConfigError, match="no law of 'beta'"):
        Prior(gamma=Uniform(0.9, 0.99)).require_inside(box)
    with pytest.raises(ConfigError, match="a law of 'rho'; .*beta"):
        Prior(beta=Uniform(0.9, 0.99), rho=Uniform(0.0, 1.0)).require_inside(box)


def test_a_file_gives_the_same_prior() -> None:
    table = {
        "beta": {"kind": "Beta", "mean": 0.95, "sd": 0.01, "lower": 0.9, "upper": 0.99},
        "gamma": {"lower": 1, "upper": 5},
        "correlation": {"beta, gamma": 0.3},
    }
    prior = prior_from_table(table)
    assert prior.names == ("beta", "gamma") and isinstance(prior.marginals[1], Uniform)
    assert prior.correlation[0, 1] == 0.3
    theta = np.array([0.95, 2.0])
    same = Prior(beta=Beta(0.95, 0.01, 0.9, 0.99), gamma=Uniform(1, 5), correlation={("gamma", "beta"): 0.3})
    assert float(prior.log_density(theta)) == float(same.log_density(theta))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"beta": {"kind": "Betta", "mean": 0.9, "sd": 0.1}}, r"\[beta\] has no kind 'Betta'; did you mean Beta"),
        ({"beta": {"kind": "Beta", "mean": 0.9, "std": 0.1}}, r"\[beta\] has no key 'std'; did you mean sd"),
        ({"beta": {"kind": "Beta", "mean": 0.9}}, r"\[beta\] needs sd"),
        ({"beta": {"kind": "Beta", "mean": 0.9, "sd": "wide"}}, "needs a number as sd, got 'wide'"),
        ({"beta": {"lower": 0.0, "upper": 1.0}, "correlation": {"beta, gama": 0.5}}, "a correlation names 'gama'"),
        ({"beta": 0.9}, r"\[beta\] must be a table"),
        ({}, "needs at least one parameter"),
    ],
)
def test_a_wrong_file_is_answered(table: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        prior_from_table(table)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Uniform(1.0, 1.0), "lower below upper"),
        (lambda: Gaussian(0.0, 0.0), "positive sd"),
        (lambda: Gaussian(0.0, np.inf), "finite sd"),
        (lambda: Gaussian(0.0, 1.0, 9.0, 10.0), "probability of 1.1e-19 between its bounds"),
        (lambda: Gaussian(0.0, 1.0, 2.0, 1.0), "lower below upper, got 2.0 and 1.0"),
        (lambda: Beta(1.2, 0.1), "mean between 0.0 and 1.0"),
        (lambda: Beta(0.5, 0.6), "standard deviation below 0.5, got 0.6"),
        (lambda: Gamma(2.0, 1.0, lower=-1.0), "no values below zero"),
        (lambda: Prior(beta=0.9), "needs a law"),
        (lambda: Prior(a=Uniform(0, 1), b=Uniform(0, 1), correlation={("a", "b"): 1.0}), "between -1 and 1"),
        (lambda: Prior(a=Uniform(0, 1), b=Uniform(0, 1), correlation={"a": 0.5}), "needs a pair of names"),
        (lambda: Prior(a=Uniform(0, 1), correlation=[[1.0, 0.5]]), "symmetric matrix"),
        (
            lambda: Prior(
                **{n: Uniform(0, 1) for n in "abc"},
                correlation={("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9},
            ),
            "no joint law has these correlations",
        ),
        (lambda: Prior(a=Uniform(0, 1)).box(1.5), "share of a central box"),
    ],
)
def test_wrong_laws_are_answered(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make()
