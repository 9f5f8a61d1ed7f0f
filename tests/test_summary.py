"""Moments of a log-linear economy against their formulas, the HP filter against a dense solve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.economies import FullDepreciation, exact_solution
from tests.test_simulation import PATHS, PERIODS, variance_of_log_capital

import saddlepath as sp
from saddlepath.summary import hodrick_prescott


@pytest.fixture(scope="module")
def exact() -> sp.Solution:
    return exact_solution(FullDepreciation)


def test_moments_table(exact: sp.Solution) -> None:
    model = FullDepreciation()
    data = sp.simulate(exact, periods=PERIODS, paths=PATHS, burn_in=200, seed=5)
    found = sp.moments(np.log(data[["k", "output"]]), relative_to="output").frame
    # four standard errors of an autocorrelation over 400 paths of 300 periods
    assert found.loc["k", "autocorrelation"] == pytest.approx(
        (model.alpha + model.rho) / (1 + model.alpha * model.rho), abs=2e-3
    )
    assert found.loc["k", "sd"] == pytest.approx(variance_of_log_capital(model) ** 0.5, rel=0.02)
    assert found.loc["output", "correlation"] == pytest.approx(1, abs=1e-12)
    assert found.loc["output", "relative sd"] == pytest.approx(1, abs=1e-12)


def test_a_constant_has_no_autocorrelation(exact: sp.Solution) -> None:
    data = sp.simulate(exact, periods=50, paths=4)
    row = sp.moments(data, relative_to="k", hp_filter=100).frame.loc["saving"]
    assert row["sd"] == 0
    assert np.isnan(row["autocorrelation"]) and np.isnan(row["correlation"])


def test_filtered_moments_are_of_the_cycle(exact: sp.Solution) -> None:
    data = sp.simulate(exact, periods=120, paths=3)
    found = sp.moments(data, hp_filter=1600).frame
    cycle, _ = hodrick_prescott(np.log(data["k"].values), 1600)
    assert found.loc["k", "sd"] == pytest.approx(np.mean(cycle**2) ** 0.5, rel=1e-12)
    assert found.loc["k", "mean"] == pytest.approx(float(data["k"].mean()), rel=1e-12)
    level, _ = hodrick_prescott(data["z"].values, 1600)  # takes both signs, hence no log
    assert found.loc["z", "sd"] == pytest.approx(np.mean(level**2) ** 0.5, rel=1e-12)


def dense_trend(x: np.ndarray, smoothing: float) -> np.ndarray:
    second = np.diff(np.eye(x.size), n=2, axis=0)
    return np.linalg.solve(np.eye(x.size) + smoothing * second.T @ second, x)


@given(n=st.integers(3, 60), smoothing=st.floats(0.1, 1e5), seed=st.integers(0, 99))
@settings(max_examples=30)
def test_hp_filter_against_a_dense_solve(n: int, smoothing: float, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=n).cumsum()
    cycle, trend = hodrick_prescott(x, smoothing)
    # the condition number is at most 1 + 16 smoothing, so that ten digits are left at the largest weight
    np.testing.assert_allclose(trend, dense_trend(x, smoothing), atol=1e-9 * (1 + np.abs(x).max()))
    np.testing.assert_allclose(cycle + trend, x, atol=1e-12 * (1 + np.abs(x).max()))


def test_hp_filter_keeps_a_straight_line_and_works_on_panels() -> None:
    line = 3.0 + 0.5 * np.arange(50)
    panel = np.stack([line, -line]).reshape(2, 1, 50)
    cycle, trend = hodrick_prescott(panel)
    np.testing.assert_allclose(trend, panel, atol=1e-8)  # no second difference, no cycle
    assert cycle.shape == panel.shape


@pytest.mark.parametrize(("length", "smoothing"), [(2, 1600.0), (10, 0.0), (10, -1.0)])
def test_hp_filter_refuses(length: int, smoothing: float) -> None:
    with pytest.raises(sp.ConfigError, match="at least three periods and a positive weight"):
        hodrick_prescott(np.ones(length), smoothing)
