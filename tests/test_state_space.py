"""Observables of a model as a state space: against a hand-written one, and what is refused."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from tests.economies import FullDepreciation, TwoTechnologies

import saddlepath as sp
from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.estimate.kalman import LinearStateSpace
from saddlepath.estimate.likelihood import likelihood
from saddlepath.estimate.linear import LinearLikelihood, first_order
from saddlepath.models.growth import Growth
from saddlepath.models.new_keynesian import NewKeynesian

BOX = sp.Box(rho=(0.5, 0.99), sigma=(0.01, 0.1))
SERIES = {"log:output": "sd", "dlog:consumption": 0.01}
PERIODS = 60


def data() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    values = {"log:output": -1.0 + 0.1 * random.normal(size=PERIODS), "dlog:consumption": random.normal(size=PERIODS)}
    values["log:output"][5] = values["dlog:consumption"][0] = np.nan
    return values


@pytest.fixture(scope="module")
def fitted() -> LinearLikelihood:
    return likelihood(FullDepreciation(), data(), measurement=SERIES, over=BOX)


def by_hand(rho: float, sigma: float, sd: float, alpha: float = 0.36, beta: float = 0.96) -> LinearStateSpace:
    """Full depreciation in logs: states `k, z, output of the period before`, in deviations from the steady state."""
    transition = np.array([[alpha, 1, 0], [0, rho, 0], [alpha, 1, 0]])
    loading = np.array([[alpha, 1, 0], [alpha, 1, -1]])  # consumption is a constant share of output
    log_k = np.log(alpha * beta) / (1 - alpha)
    return LinearStateSpace(
        transition, np.array([[0], [sigma], [0.0]]), loading, np.array([alpha * log_k, 0.0]), np.array([sd, 0.01])
    )


def test_likelihood_is_that_of_the_state_space_by_hand(fitted: LinearLikelihood) -> None:
    assert fitted.names == ("rho", "sigma", "sd")
    expected = float(by_hand(0.8, 0.05, 0.02).log_likelihood(np.stack([*data().values()], axis=1)))
    # The steady state is known to 1e-13 and the log likelihood is of the order of 1e5 of its curvature.
    assert fitted(rho=0.8, sigma=0.05, sd=0.02) == pytest.approx(expected, rel=1e-9)
    assert fitted([0.8, 0.05, 0.02]) == fitted({"rho": 0.8, "sigma": 0.05, "sd": 0.02})


@pytest.mark.slow
def test_outside_the_box_a_sentence_and_minus_infinity_when_compiled(fitted: LinearLikelihood) -> None:
    with pytest.raises(ConfigError, match=r"rho = 0\.995 lies outside \[0\.5, 0\.99\].*larger box"):
        fitted(rho=0.995, sigma=0.05, sd=0.02)
    points = jnp.array([[0.995, 0.05, 0.02], [0.8, 0.05, -0.1], [0.8, 0.05, 0.02]])
    assert np.isfinite(np.asarray(jax.jit(jax.vmap(fitted))(points))).tolist() == [False, False, True]


def test_names_and_length_of_parameters(fitted: LinearLikelihood) -> None:
    with pytest.raises(ConfigError, match="needs a value of sigma, sd"):
        fitted(rho=0.8)
    with pytest.raises(ConfigError, match="'roh' is not estimated; did you mean rho"):
        fitted(roh=0.8)
    with pytest.raises(ConfigError, match=r"shape \(3,\).*got shape \(2,\)"):
        fitted([0.8, 0.05])


def test_a_panel_of_levels_is_transformed(fitted: LinearLikelihood) -> None:
    """Under the name of a variable the transform is applied; the first growth rate is missing."""
    random = np.random.default_rng(1)
    output, consumption = np.exp(0.1 * random.normal(size=(2, PERIODS)))
    panel = xr.Dataset(
        {"output": (("path", "time"), output[None]), "consumption": (("path", "time"), consumption[None])}
    )
    from_levels = likelihood(FullDepreciation(), panel, measurement=SERIES, over=BOX).data
    np.testing.assert_array_equal(from_levels[:, 0], np.log(output))
    np.testing.assert_array_equal(from_levels[:, 1], np.diff(np.log(consumption), prepend=np.nan))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"measurement": {"log:outptu": 0.1}}, "needs the variable 'outptu' of FullDepreciation; did you mean output"),
        ({"measurement": {"lg:output": 0.1}}, "transforms by 'lg'; did you mean log"),
        ({"measurement": {}}, "must map observed series to standard deviations"),
        ({"measurement": {"output": -0.1}}, "standard deviation of at least 0 or the name of a parameter"),
        ({"measurement": {"log:k": 0.1}}, "the data have no series 'log:k'"),
        ({"measurement": {"log:output": 0.0, "dlog:consumption": 0}}, "2 series driven by 1 shock.*singularity"),
        ({"data": data() | {"log:output": np.full(PERIODS, np.nan)}}, "'log:output' are missing in every period"),
        ({"data": data() | {"log:output": np.full(PERIODS, np.inf)}}, "missing in every period"),
        ({"data": data() | {"log:output": np.r_[1.0, np.inf]}}, "log:output has 2, dlog:consumption has 60"),
        ({"data": data() | {"log:output": np.r_[np.inf, np.ones(PERIODS - 1)]}}, "infinite in period 0"),
        ({"data": data() | {"log:output": np.ones((2, PERIODS))}}, r"must be one path \[time\].*shape \(2, 60\)"),
        ({"method": "kalmann"}, "no method 'kalmann' of a likelihood; did you mean kalman"),
        ({"method": "bootstrap"}, "needs the global solution of FullDepreciation, got the model"),
    ],
)
def test_bad_input(change: dict, sentence: str) -> None:
    given = {"data": data(), "measurement": SERIES, "over": BOX} | change
    with pytest.raises(ConfigError, match=sentence):
        likelihood(FullDepreciation(), given.pop("data"), **given)


def test_regimes_are_refused_by_the_kalman_filter() -> None:
    with pytest.raises(ConfigError, match="needs normal shocks.*use method='bootstrap'"):
        likelihood(TwoTechnologies(), {"log:output": np.ones(5)}, measurement={"log:output": 0.1})


@pytest.mark.slow
def test_first_order_solution_and_its_derivatives() -> None:
    """Against the ordered Schur form at other parameters; derivatives against its differences."""
    box = sp.Box(beta=(0.9, 0.995), rho=(0.5, 0.99))
    given = likelihood(Growth(), {"log:output": np.ones(3)}, measurement={"log:output": 0.1}, over=box)
    at = jax.jit(lambda t: dataclasses.replace(first_order(given.economy, given.economy.at(t), given.start)))
    theta, step = np.array([0.95, 0.8]), 1e-4
    found = at(jnp.asarray(theta))
    expected = sp.linearise(Growth(beta=0.95, rho=0.8))
    np.testing.assert_allclose(found.slopes, expected.slopes, rtol=1e-8)  # steady states agree to 1e-10
    np.testing.assert_allclose(found.transition, expected.transition, rtol=1e-8, atol=1e-12)
    forward, reverse = (mode(lambda t: at(t).slopes)(jnp.asarray(theta)) for mode in (jax.jacfwd, jax.jacrev))
    np.testing.assert_allclose(forward, reverse, rtol=1e-9)
    moved = [[sp.linearise(Growth(beta=b, rho=r)).slopes for b, r in (theta + e, theta - e)] for e in np.eye(2) * step]
    differences = np.stack([(up - down) / (2 * step) for up, down in moved], axis=-1)
    np.testing.assert_allclose(forward, differences, rtol=1e-4)  # second-order truncation: 1e-8 times curvature of 1e3


@pytest.mark.slow
def test_no_unique_stable_solution_is_minus_infinity() -> None:
    """Without the Taylor principle beliefs confirm themselves."""
    series = {"dlog:output": np.random.default_rng(0).normal(size=20)}
    name, model = "phi_pi", NewKeynesian()
    given = likelihood(model, series, measurement={"dlog:output": 0.1}, over=sp.Box(**{name: (0.5, 2.5)}))
    assert np.isfinite(given([1.5])) and given([0.8]) == -np.inf
    with pytest.raises(ConvergenceError, match="no unique stable linear solution"):
        likelihood(model, series, measurement={"dlog:output": 0.1}, over=sp.Box(**{name: (0.5, 0.9)}))
