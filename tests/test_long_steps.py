"""Laws of carbon and heat over several years against the same years one by one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from saddlepath.climate.long_steps import Step, along_a_line, applied, long_steps, transposed
from saddlepath.models.cdice import CDICE

MODEL = CDICE.published("mesmo", "giss")
EXACT = 1e-13
"""Eight products of matrices of order one."""
DOUBLINGS = (0, 1, 3)


@pytest.fixture(params=[2**d for d in DOUBLINGS], ids="{} years".format)
def years(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture
def step(years: int) -> Step:
    with jax.enable_x64(True):
        steps = long_steps(MODEL.problem(), DOUBLINGS)
    return steps[years.bit_length() - 1]


def yearly(slope: float) -> np.ndarray:
    """The law of a year of carbon and heat together, by the slope of forcing in the carbon of the air."""
    law = np.eye(5)
    with jax.enable_x64(True):
        problem = MODEL.problem()
        law[:3, :3] += np.asarray(problem.carbon.exchange)
        law[3:, 3:] += np.asarray(problem.temperature.exchange)
    law[3, 0] = slope * MODEL.c1
    return law


def line(first: float, last: float, years: int) -> np.ndarray:
    """Years from 0 to `years`."""
    return first + (last - first) * np.arange(years + 1) / years


def test_stocks(step: Step, years: int) -> None:
    """Where emissions and forcing move along lines."""
    emissions, forcing = line(0.01, 0.004, years), line(3.0, 5.0, years)
    masses, heat = np.array([0.8, 0.4, 1.3]), np.array([1.1, 0.3])
    with jax.enable_x64(True):
        numbers = lambda values: tuple(map(jnp.asarray, values))
        ends = lambda path: numbers(path[[0, -1]])
        found = np.add(applied(step.carbon, numbers(masses)), along_a_line(ends(emissions), step.emitted))
        warmed = np.add(applied(step.heat, numbers(heat)), along_a_line(ends(forcing), step.forced))
    law = yearly(0.0)
    for flow, radiation in zip(emissions[:-1], forcing[:-1], strict=True):
        masses = law[:3, :3] @ masses + np.array([flow, 0.0, 0.0])
        heat = law[3:, 3:] @ heat + np.array([MODEL.c1 * radiation, 0.0])
    np.testing.assert_allclose(found, masses, rtol=EXACT)
    np.testing.assert_allclose(warmed, heat, rtol=EXACT)


def test_prices(step: Step, years: int) -> None:
    """What tomorrow's stocks cost today: harm of the step's years, and what is left then at the prices of its end.

    Harm and the slope of forcing move along lines.
    """
    harm, slope, later = line(0.02, 0.05, years), line(0.8, 0.6, years), np.array([1.2, 0.9, 0.2, 0.04, 0.3])
    with jax.enable_x64(True):
        numbers = lambda values: tuple(map(jnp.asarray, values))
        ends, masses, heat = numbers(harm[[0, -1]]), numbers(later[:3]), numbers(later[3:])
        of_heat = np.add(along_a_line(ends, step.worth_of_heat), applied(transposed(step.heat), heat))
        of_carbon = np.asarray(applied(transposed(step.carbon), masses))
        for steep, worth, warming in zip(slope[[0, -1]], step.worth_of_carbon, step.warming, strict=True):
            of_carbon = of_carbon + steep * np.add(along_a_line(ends, worth), applied(transposed(warming), heat))
    price = later
    for of_a_degree, steep in zip(harm[:0:-1], slope[:0:-1], strict=True):
        price = yearly(steep).T @ price + of_a_degree * np.array([0, 0, 0, 1, 0])
    np.testing.assert_allclose(np.concatenate([of_carbon, of_heat]), price, rtol=EXACT)
