"""DICE-2016R in steps of five years against Nordhaus' own solutions."""

import numpy as np
import pytest

from saddlepath.climate import FiveYearProblem, five_year_optimum

# The optimal run of DICE-2016R2 by GAMS, as it ships with the package MimiDICE2016R2: capital, abatement, consumption,
# carbon in the atmosphere and in the lower ocean, temperature, industrial emissions.
GAMS = {
    2015: (223.0, 0.03, 77.63287641, 851.0, 1740.0, 0.85, 35.74038462),
    2020: (268.5352253, 0.182602797, 92.8689174, 891.3318503, 1740.670698, 1.016341648, 33.28849904),
    2050: (664.2725223, 0.354199096, 220.688935, 1104.23355, 1746.760017, 2.036007965, 39.68874849),
    2100: (1878.798243, 0.821599017, 579.055288, 1349.758075, 1766.978665, 3.503082842, 14.34631453),
    2160: (4473.051412, 1.2, 1293.079884, 1313.306801, 1801.510005, 4.111501231, -16.09136373),
    2200: (6967.583563, 1.2, 1959.735985, 1170.47719, 1823.829513, 3.990655898, -14.47781256),
}


def test_gams() -> None:
    found = five_year_optimum(FiveYearProblem(pi2=0.00227))
    for year, printed in GAMS.items():
        at = found.sel(year=year)
        single = [float(at[name]) for name in ("capital", "abatement", "consumption")]
        carbon = [float(at.carbon.sel(reservoir=name)) for name in ("AT", "LO")]
        rest = [float(at.temperature.sel(box="AT")), float(at.industrial_emissions)]
        np.testing.assert_allclose([*single, *carbon, *rest], printed, rtol=2e-8)  # ten printed digits of two solvers
    population = [7403.0]
    for _ in range(99):
        population.append(population[-1] * (11500 / population[-1]) ** 0.134)
    utility = ((1000 * found.consumption.values / population) ** -0.45 - 1) / -0.45 - 1
    discounted = np.sum(utility * population * 1.015 ** (-5.0 * np.arange(100)))
    # The scale of the programme's file; the sum is a small difference of large numbers.
    assert 5 * 0.0302455265681763 * discounted - 10993.704 == pytest.approx(4520.557774, abs=1e-5)


# Nordhaus (2017, PNAS), Table 1: social cost of 2015, 2020, 2025, 2030 and of 2055, which the table heads with 2050.
PUBLISHED = {
    "baseline": (31.2, 37.3, 44.0, 51.6, 102.5),
    "optimal": (30.7, 36.7, 43.5, 51.2, 103.6),
    "max 2.5C": (184.4, 229.1, 284.1, 351.0, 1006.2),
}


@pytest.mark.parametrize("scenario", PUBLISHED)
def test_published_social_cost(scenario: str) -> None:
    found = five_year_optimum(baseline=scenario == "baseline", cap=2.5 if scenario == "max 2.5C" else None)
    printed = PUBLISHED[scenario]
    # One decimal is printed: half a unit, and a tenth more for the accuracy of either programme.
    np.testing.assert_allclose(found.scc.sel(year=[2015, 2020, 2025, 2030, 2055]), printed, atol=0.06)


def test_the_price_of_the_baseline() -> None:
    found = five_year_optimum(baseline=True)
    early = found.tax.sel(year=slice(2015, 2100))
    np.testing.assert_allclose(early, 2 * 1.02 ** (early.year - 2015), rtol=1e-6)
