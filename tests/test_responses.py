"""Generalised impulse responses against the closed form of a log-linear economy.

With full depreciation one innovation e moves `ln k` after n + 1 periods by `sigma psi_n e`, where `psi_0 = 0`
and `psi_n = sum over i < n of alpha^i rho^(n - 1 - i)`. Everything else is normal and independent of e, so
that

    GIRF_n = exp(m_n + v_n / 2) (exp(sigma psi_n d) - exp(sigma^2 psi_n^2 / 2)),   v_n = sigma^2 sum_{i < n}
    psi_i^2,

with d the size of the impulse and m_n the mean of ln k without shocks (Koop, Pesaran and Potter, 1996).
"""

import numpy as np
import pytest
from tests.economies import FullDepreciation, TwoTechnologies, exact_solution

import saddlepath as sp

PERIODS, DRAWS = 12, 2000


@pytest.fixture(scope="module")
def exact() -> sp.Solution:
    return exact_solution(FullDepreciation)


@pytest.fixture(scope="module")
def regimes() -> sp.Solution:
    return exact_solution(TwoTechnologies)


def psi(model: FullDepreciation) -> np.ndarray:
    """Response of ln k, per unit of productivity, at the dates 0 to PERIODS - 1 after the impulse."""
    a, r = model.alpha, model.rho
    return np.array([sum(a**i * r ** (n - 1 - i) for i in range(n)) for n in range(PERIODS)])


def log_capital(model: FullDepreciation, k: float, z: float) -> np.ndarray:
    """Path of ln k without shocks, from the period after (k, z)."""
    path = []
    for _ in range(PERIODS):
        k, z = model.alpha * model.beta * np.exp(z) * k**model.alpha, model.rho * z
        path.append(np.log(k))
    return np.array(path)


def spread(model: FullDepreciation) -> np.ndarray:
    """Variance of ln k that the later innovations add."""
    return model.sigma**2 * np.concatenate([[0.0], np.cumsum(psi(model)[:-1] ** 2)])


@pytest.mark.parametrize("size", [1.0, -2.0])
def test_response_of_capital(exact: sp.Solution, size: float) -> None:
    model = FullDepreciation()
    at = model.State(k=0.25, z=0.05)
    found = sp.impulse_response(exact, 0, size, at=at, periods=PERIODS, draws=DRAWS, seed=4)
    mean, variance = log_capital(model, 0.25, 0.05), spread(model)
    step = model.sigma * psi(model)
    jump = np.exp(step * size) - np.exp(step**2 / 2)
    expected = np.exp(mean + variance / 2) * jump
    got = found["k"].sel(solution="global", statistic="mean").values
    # the mean over draws has a relative standard error of at most sd(ln k) / sqrt(draws); four of them
    np.testing.assert_allclose(got, expected, rtol=4 * variance.max() ** 0.5 / DRAWS**0.5, atol=1e-12)


def test_bands_are_quantiles_over_what_else_happens(exact: sp.Solution) -> None:
    model = FullDepreciation()
    found = sp.impulse_response(exact, at=model.State(k=0.25, z=0.05), periods=PERIODS, draws=DRAWS, bands=(0.1, 0.9))
    step = model.sigma * psi(model)
    middle = np.exp(log_capital(model, 0.25, 0.05)) * (np.exp(step) - np.exp(step**2 / 2))
    width = 1.2816 * spread(model) ** 0.5  # the 90 % quantile of a normal variable
    for statistic, sign in (("10 %", -1), ("90 %", 1)):
        got = found["k"].sel(solution="global", statistic=statistic).values
        # a quantile of 2000 draws is known to 1.7 sd / sqrt(2000), about 0.04 sd; sd(ln k) is 0.1
        np.testing.assert_allclose(got, middle * np.exp(sign * width), rtol=0.02, atol=1e-12)


def test_linear_variables_respond_alike_in_every_draw(exact: sp.Solution) -> None:
    """Productivity is linear: the response is known without error, and bands have no width."""
    model = FullDepreciation()
    found = sp.impulse_response(exact, size=-1.5, periods=PERIODS, draws=20)["z"].sel(solution="global")
    expected = -1.5 * model.sigma * model.rho ** np.arange(PERIODS)
    for statistic in found["statistic"].values:
        np.testing.assert_allclose(found.sel(statistic=statistic), expected, rtol=1e-10)


def test_the_linear_solution_stands_beside(exact: sp.Solution) -> None:
    """In logs the economy is linear: the first-order response from the steady state is known exactly."""
    model = FullDepreciation()
    found = sp.impulse_response(exact, size=2.0, periods=PERIODS, draws=5)
    k = (model.alpha * model.beta) ** (1 / (1 - model.alpha))
    expected = k * np.expm1(2.0 * model.sigma * psi(model))
    got = found["k"].sel(solution="linear", statistic="mean").values
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-13)  # steady state to 1e-12
    assert found["k"].attrs["units"] == "goods"
    assert found.sizes["time"] == PERIODS


@pytest.mark.slow
def test_innovations_have_names(regimes: sp.Solution) -> None:
    model = TwoTechnologies()
    found = sp.impulse_response(regimes, "tfp[1]", periods=5, draws=10)
    z = found["z"].sel(solution="global", statistic="mean").values
    np.testing.assert_allclose(z[:, 1], 0.5 * model.sigma * model.rho ** np.arange(5), rtol=1e-10)
    np.testing.assert_allclose(z[:, 0], 0, atol=1e-15)
    linear = found["z"].sel(solution="linear", statistic="mean").values
    np.testing.assert_allclose(linear, z, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(
        found["regime"].sel(solution="global"), 0, atol=1e-15
    )  # drawn alike with and without the impulse
    by_position = sp.impulse_response(regimes, 1, periods=5, draws=10)
    np.testing.assert_array_equal(by_position["k"], found["k"])


def test_response_to_a_regime(regimes: sp.Solution) -> None:
    """In logs capital and regime are linear, so that the response is known period by period."""
    model = TwoTechnologies()
    today = model.State(k=0.25, z=np.zeros(2), regime=0)
    found = sp.impulse_response(regimes, outcome=1, at=today, periods=6, draws=4000, seed=2)
    assert list(found["solution"].values) == ["global"]
    matrix = np.array([[0.9, 0.1], [0.3, 0.7]])
    given, usual = np.array([0.0, 1.0]), matrix[0]
    share = found["regime"].sel(solution="global", statistic="mean").values
    for t in range(6):
        expected = given[1] - usual[1]
        assert share[t] == pytest.approx(expected, abs=0.02)  # at most 4,000 draws of zero or one, 0.008 a s.d.
        given, usual = given @ matrix, usual @ matrix
    k = found["k"].sel(solution="global", statistic="mean").values
    assert k[0] == pytest.approx(0.0, abs=1e-15)  # decided before the regime was seen
    # Output of the good regime is exp(2 spread) times that of the bad; capital follows one for one.
    bad = (
        model.alpha * model.beta * float(model.output(today._replace(k=model.alpha * model.beta * model.output(today))))
    )
    assert k[1] == pytest.approx(0.9 * bad * np.expm1(2 * model.spread), rel=0.01)  # z adds a variance of 3e-4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"outcome": 2}, "no outcome 2: this model has .* outcomes from 0 to 1"),
        ({"outcome": 1, "shock": 0}, "an innovation or an outcome"),
        ({}, r"say which one: shock = tfp\[0\] or tfp\[1\]"),
        ({"shock": "tpf[1]"}, r"did you mean tfp\[1\]"),
        ({"shock": 2}, "no innovation 2"),
        ({"shock": 0, "draws": 0}, "draws must be a whole number"),
        ({"shock": 0, "bands": (0.9, 0.1)}, "the lower first"),
    ],
)
def test_what_does_not_fit_is_refused(regimes: sp.Solution, arguments: dict, message: str) -> None:
    with pytest.raises(sp.ConfigError, match=message):
        sp.impulse_response(regimes, **arguments)


class OnlyRegimes(TwoTechnologies):
    def shocks(self):
        return self.chain()


def test_a_chain_has_no_impulse() -> None:
    from saddlepath.responses import shock_position

    with pytest.raises(sp.ConfigError, match="needs a normal innovation.*give one of its outcomes, outcome = 0 to 1"):
        shock_position(OnlyRegimes().shocks(), None)
