"""Laws of motion: data that follow one exactly, and den Haan's case of a law that fits one period and fails many."""

import numpy as np
import pytest
import xarray as xr

import saddlepath as sp

INTERCEPT, SLOPE = np.array([0.12, 0.14]), np.array([0.965, 0.963])
ROUNDOFF = 1e-9
"""Least squares of 1,000 dates loses some digits [-]."""


def simulated(seed: int, noise: float = 0.0, intercept: np.ndarray = INTERCEPT) -> xr.Dataset:
    """Two paths of a log-linear law with regimes, and normal errors of a size."""
    random = np.random.default_rng(seed)
    regimes = (np.cumsum(random.uniform(size=(2, 1000)) < 0.125, axis=1) % 2).astype(np.int32)
    logs = np.full((2, 1000), 3.7)
    for t in range(999):
        z = regimes[:, t]
        logs[:, t + 1] = intercept[z] + SLOPE[z] * logs[:, t] + noise * random.normal(size=2)
    dims = ("path", "time")
    return xr.Dataset({"capital": (dims, np.exp(logs)), "z": (dims, regimes), "w": (("path",), np.zeros(2))})


def test_an_exact_law_is_recovered_and_makes_no_error() -> None:
    law = sp.fit_law_of_motion(simulated(0))
    np.testing.assert_allclose(law.intercept, INTERCEPT, atol=ROUNDOFF)
    np.testing.assert_allclose(law.slope, SLOPE, atol=ROUNDOFF)
    np.testing.assert_allclose(law.r2, 1.0, atol=ROUNDOFF)
    found = law.forecast_errors(simulated(1))
    assert found.max < 1e-7 and found.periods == 2 * 999  # round-off of the coefficients, over 1 - slope
    assert "0.965000" in str(law)


def test_a_small_error_of_one_period_is_large_when_nothing_corrects_it() -> None:
    """Den Haan's point: an intercept that is wrong by .001 moves the path by .001 / (1 - slope), 2.8 %."""
    law = sp.fit_law_of_motion(simulated(0, intercept=INTERCEPT + 1e-3))
    found = law.forecast_errors(simulated(1))
    assert found.max == pytest.approx(1e-3 / (1 - 0.964), rel=0.05)  # between 1 / .035 and 1 / .037
    assert law.r2.min() > 1 - 1e-7


def test_errors_of_one_period_have_the_size_of_the_noise() -> None:
    law = sp.fit_law_of_motion(simulated(2, noise=1e-3))
    np.testing.assert_allclose(law.deviation, 1e-3, rtol=0.1)  # four standard errors of a deviation over 900 dates
    np.testing.assert_allclose(law.slope, SLOPE, atol=0.01)


def test_what_has_no_law_is_refused() -> None:
    data = simulated(0)
    with pytest.raises(sp.ConfigError, match="'wealth' as one number per path and date"):
        sp.fit_law_of_motion(data, "wealth")
    with pytest.raises(sp.ConfigError, match="'w' as one number"):
        sp.fit_law_of_motion(data, "w")
    with pytest.raises(sp.ConfigError, match="positive"):
        sp.fit_law_of_motion(data.assign(capital=data["capital"] - 40.0))
    with pytest.raises(sp.ConfigError, match="more periods"):
        sp.fit_law_of_motion(data.isel(time=slice(0, 3)))
    with pytest.raises(sp.ConfigError, match="knows 2 regimes"):
        sp.fit_law_of_motion(data).forecast_errors(data.assign(z=data["z"] + 1))
