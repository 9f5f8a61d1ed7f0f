"""Fits to published curves, to curves of known calibrations, refusals."""

import numpy as np
import pytest

from saddlepath.climate import (
    CARBON_CYCLES,
    TEMPERATURES,
    fit_carbon_cycle,
    fit_temperature,
    joos_pulse,
    pulse,
    quadrupling,
)
from saddlepath.errors import ConfigError


def test_the_published_calibration_of_cdice() -> None:
    """Folini et al. (2024): b12 and b23 of CDICE, to the two digits that are printed, from the curve of Joos et al."""
    fitted = fit_carbon_cycle(joos_pulse(100))
    assert float(fitted.cycle.b12) == pytest.approx(0.054, abs=5e-4)
    assert float(fitted.cycle.b23) == pytest.approx(0.0082, abs=1e-4)
    # The coefficients as they are printed have this distance.
    printed = np.abs(pulse(years=100).sel(calibration="cdice") - joos_pulse(100)).max()
    assert fitted.distance < float(printed) == pytest.approx(0.02101, abs=1e-5)
    # Masses of 2015 that the authors take from a simulation of history of their own.
    np.testing.assert_allclose(fitted.cycle.initial, [0.851, 0.628, 1.323], rtol=0.007)


def test_free_masses_come_closer() -> None:
    assert fit_carbon_cycle(joos_pulse(100), masses=True).distance < 1e-3


@pytest.mark.parametrize("name", CARBON_CYCLES)
def test_a_carbon_cycle_is_found_again(name: str) -> None:
    known = CARBON_CYCLES[name]
    fitted = fit_carbon_cycle(pulse(years=100).sel(calibration=name).values, known.equilibrium * [1, 1.1, 0.9], True)
    assert fitted.distance < 1e-9
    found = [fitted.cycle.b12, fitted.cycle.b23, *fitted.cycle.equilibrium]
    np.testing.assert_allclose(found, [known.b12, known.b23, *known.equilibrium], rtol=1e-6)


@pytest.mark.parametrize("name", TEMPERATURES)
def test_boxes_of_heat_are_found_again(name: str) -> None:
    known = TEMPERATURES[name]
    warming = quadrupling(years=150).sel(calibration=name).values
    fitted = fit_temperature(warming, float(known.f2x), float(known.ecs))
    assert fitted.error < 1e-7
    found = [fitted.boxes.c1, fitted.boxes.c3, fitted.boxes.c4]
    np.testing.assert_allclose(found, [known.c1, known.c3, known.c4], rtol=1e-5)


def test_refusals() -> None:
    with pytest.raises(ConfigError, match=r"fraction must hold finite values for the years 0 to 20 or longer, got"):
        fit_carbon_cycle(np.ones(5))
    with pytest.raises(ConfigError, match="fraction must begin with 1, all that was emitted, got 100"):
        fit_carbon_cycle(100 * joos_pulse(50))
    with pytest.raises(ConfigError, match="warming must hold finite values"):
        fit_temperature(np.full(50, np.nan), 3.5, 3.0)
