"""The four tests of a climate module, the pathways, and their figures."""

import numpy as np
import pytest

from saddlepath.climate import SCENARIOS, pulse, quadrupling, ramp, rcp, rcp_run
from saddlepath.errors import ConfigError
from saddlepath.report.climate_figures import pathways, responses

# Computed apart from this package, from the published coefficients by Euler steps of a year: eight printed digits.
PULSE = {
    "cdice": {1: 0.946, 10: 0.67435074, 50: 0.49567022, 100: 0.4281917, 500: 0.26794013, 1000: 0.25583921},
    "mesmo": {1: 0.941, 10: 0.71003503, 50: 0.60505523, 100: 0.54326046, 500: 0.36536597, 1000: 0.3432299},
    "loveclim": {1: 0.933, 10: 0.61660559, 50: 0.43359169, 100: 0.36404974, 500: 0.23842659, 1000: 0.23424108},
    "dice2016": {1: 0.976, 10: 0.81780686, 50: 0.6277865, 100: 0.59910329, 500: 0.49353689, 1000: 0.40223777},
}
QUADRUPLING = {
    "cdice": {1: 0.9453, 10: 3.6543992, 100: 4.6731254, 1000: 6.4520106},
    "hadgem": {1: 0.9086, 10: 4.3157313, 100: 6.063744, 1000: 8.9784915},
    "giss": {1: 1.5549, 10: 2.6171183, 100: 3.2698943, 1000: 4.2923852},
    "dice2016": {1: 0.14798826, 10: 1.320455, 100: 5.4035387, 1000: 6.1935885},
}
RAMP = {
    "cdice": {1: 0.0, 2: 0.0067850292, 70: 1.9568209, 140: 4.318304},
    "hadgem": {1: 0.0, 2: 0.0065216096, 70: 2.4569901, 140: 5.5240594},
    "giss": {1: 0.0, 2: 0.011160523, 70: 1.3866859, 140: 3.0390703},
    "dice2016": {1: 0.0, 2: 0.0010622074, 70: 1.5508083, 140: 4.2650321},
}


@pytest.mark.parametrize(("test", "table"), [(pulse, PULSE), (quadrupling, QUADRUPLING), (ramp, RAMP)])
def test_responses(test, table: dict[str, dict[int, float]]) -> None:
    found = test()
    for name, values in table.items():
        at = found.sel(calibration=name, year=list(values))
        np.testing.assert_allclose(at, list(values.values()), rtol=2e-7)


# IPCC (2013, Fifth Assessment Report, working group I, table SPM.2): warming from 1986-2005 to 2081-2100 in the models
# of CMIP5, mean and the range of 5 to 95 %; 1986-2005 was 0.61 K warmer than 1850-1900.
CMIP5 = {"rcp26": (1.0, 0.3, 1.7), "rcp45": (1.8, 1.1, 2.6), "rcp60": (2.2, 1.4, 3.1), "rcp85": (3.7, 2.6, 4.8)}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_cdice_warms_as_cmip5_does(scenario: str) -> None:
    mean, low, high = (value + 0.61 for value in CMIP5[scenario])
    late = {"box": "AT", "year": slice(2081, 2100)}
    for given in ({"first": 2015}, {"first": 1765}, {"concentrations": True}):
        found = float(rcp_run(scenario, **given).temperature.sel(late).mean())
        # The calibration is to the mean of the models, whose s.d. is a 3.3rd of the range: 0.43 K and more.
        assert low < found < high and abs(found - mean) < 0.3


def test_pathways_as_published() -> None:
    """Meinshausen et al. (2011): emissions and concentrations of single years, and history, common to all."""
    low, high = rcp("rcp26"), rcp("rcp85")
    assert float(high.fossil.sel(year=2100)) == pytest.approx(28.74, abs=1e-4)
    assert float(high.co2.sel(year=2100)) == pytest.approx(935.874, abs=1e-3)
    assert float(low.fossil.sel(year=2100)) == pytest.approx(-0.9308, abs=1e-4)
    past = slice(None, 2005)
    np.testing.assert_array_equal(low.fossil.sel(year=past), high.fossil.sel(year=past))
    assert low.sizes["year"] == 2500 - 1765 + 1


def test_historic_carbon_balance() -> None:
    found, given = rcp_run("rcp60"), rcp("rcp60")
    total = found.carbon.sum("reservoir")
    emitted = (given.fossil + given.land).cumsum()
    np.testing.assert_allclose(total[1:] - total[0], emitted[:-1], rtol=1e-10)


def test_figures() -> None:
    figure = responses(pulse(years=100), quadrupling(years=100), ramp())
    assert [len(panel.lines) for panel in figure.axes] == [4, 4, 4]
    figure = pathways({name: rcp_run(name) for name in ("rcp26", "rcp85")})
    assert [len(panel.lines) for panel in figure.axes] == [2, 2]


@pytest.mark.usefixtures("plain_interpreter")
def test_double_precision_without_a_flag() -> None:
    found = pulse(years=100).sel(calibration="cdice", year=100)
    assert float(found) == pytest.approx(
        PULSE["cdice"][100], rel=2e-7
    )  # float32 would keep six digits, after 100 steps
    assert rcp_run("rcp45").carbon.dtype == "float64"


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="nothing to compare"):
        pulse({})
    with pytest.raises(ConfigError, match="no pathway is called 'rcp70'; did you mean"):
        rcp("rcp70")
    with pytest.raises(ConfigError, match="begins in 1765, from equilibrium, or in 2015; got 1850"):
        rcp_run("rcp26", first=1850)
