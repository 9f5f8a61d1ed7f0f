"""Four tests that tell whether a carbon cycle and boxes of heat behave like the climate models they stand for.

A pulse of carbon into an atmosphere at rest; a sudden quadrupling of CO2; CO2 that grows by one percent a year; history
and the representative concentration pathways. Steps are of one year, and the forcing of a year's start warms it.

References:
    Folini, Friedl, Kuebler and Scheidegger (2024, Review of Economic Studies), the four tests; Joos et al. (2013,
    Atmospheric Chemistry and Physics), pulses; Dietz, van der Ploeg, Rezai and Venmans (2021, JAERE), what economists'
    climate modules got wrong.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.climate.calibrations import CARBON_CYCLES, TEMPERATURES
from saddlepath.climate.carbon import CarbonCycle
from saddlepath.climate.forcing import co2_forcing
from saddlepath.climate.labelled import labelled
from saddlepath.climate.numbers import as_arrays
from saddlepath.climate.rcp import rcp
from saddlepath.climate.temperature import Temperature
from saddlepath.errors import ConfigError

if TYPE_CHECKING:
    import xarray as xr

PPM = 2.13
"""Carbon in the atmosphere per concentration of CO2. [GtC/ppm]"""
GROWTH = 1.01
"""Growth factor of CO2 on the ramp, whose warming after 70 years is the transient climate response. [1/yr]"""


def pulse(cycles: Mapping[str, CarbonCycle] = CARBON_CYCLES, years: int = 1000) -> "xr.DataArray":
    """What is left in the atmosphere of a pulse of carbon, of any size since the cycles are linear.

    Args:
        cycles: Carbon cycles by name.
        years: Length of the response. [yr]

    Returns:
        Fraction left `[calibration, year]`, one at the start. [-]
    """
    with jax.enable_x64(True):
        start, none = jnp.asarray((1.0, 0.0, 0.0)), jnp.zeros(years)
        left = {name: np.asarray(masses_along(as_arrays(cycle), start, none)[:, 0]) for name, cycle in cycles.items()}
    return _compared(left, "fraction of the pulse left in the atmosphere", "-")


def quadrupling(boxes: Mapping[str, Temperature] = TEMPERATURES, years: int = 1000) -> "xr.DataArray":
    """Warming of the atmosphere after CO2 is suddenly four times that of equilibrium.

    Args:
        boxes: Boxes of heat by name.
        years: Length of the response. [yr]

    Returns:
        Temperature `[calibration, year]`. [K above pre-industrial]
    """
    return _warmings(boxes, jnp.full(years, 4.0), "warming by four times the CO2")


def ramp(boxes: Mapping[str, Temperature] = TEMPERATURES, years: int = 140) -> "xr.DataArray":
    """Warming of the atmosphere while CO2 grows by one percent a year; at year 70 the transient climate response.

    Args:
        boxes: Boxes of heat by name.
        years: Length of the response. [yr]

    Returns:
        Temperature `[calibration, year]`. [K above pre-industrial]
    """
    return _warmings(boxes, GROWTH ** np.arange(years), "warming while CO2 grows by 1 % a year")


def rcp_run(
    scenario: str,
    carbon: CarbonCycle = CARBON_CYCLES["cdice"],
    temperature: Temperature = TEMPERATURES["cdice"],
    *,
    first: int = 1765,
    concentrations: bool = False,
) -> "xr.Dataset":
    """History and one representative concentration pathway.

    Args:
        scenario: rcp26, rcp45, rcp60 or rcp85.
        carbon: The carbon cycle.
        temperature: The boxes of heat.
        first: 1765, from equilibrium, or 2015, from the calibration's states of that year.
        concentrations: Whether the atmosphere holds the published concentrations; else published emissions drive the
            carbon cycle.

    Returns:
        Until 2500 by `year`, `reservoir` and `box`, at the start of the year: `carbon` [GtC], unless concentrations are
        given, `co2` [ppm], `forcing` [W/m2] and `temperature` [K above pre-industrial]. Forcing of everything but CO2
        is the published one.

    Raises:
        ConfigError: No such pathway, or another first year.
    """
    if first not in (1765, 2015):
        raise ConfigError(f"a run begins in 1765, from equilibrium, or in 2015; got {first}, choose one of the two.")
    given = rcp(scenario).sel(year=slice(first, None))
    start = (carbon.equilibrium, np.zeros(2)) if first == 1765 else (carbon.initial, temperature.initial)
    emissions = (given.fossil + given.land).values / 1000
    with jax.enable_x64(True):
        masses = np.asarray(masses_along(as_arrays(carbon), jnp.asarray(start[0]), jnp.asarray(emissions)))[:-1]
        co2 = given.co2.values if concentrations else 1000 * masses[:, 0] / PPM
        origin = rcp(scenario).co2.values[0] if concentrations else 1000 * carbon.equilibrium[0] / PPM
        forcing = np.asarray(co2_forcing(co2, origin, temperature.f2x)) + given.other.values
        warmth = np.asarray(warmth_along(as_arrays(temperature), jnp.asarray(start[1]), jnp.asarray(forcing)))[:-1]
    series = {"co2": ("ppm", co2), "forcing": ("W/m2", forcing), "temperature": ("K above pre-industrial", warmth)}
    if not concentrations:
        series["carbon"] = ("GtC", 1000 * masses)
    return labelled(given.year.values, series, scenario=scenario)


def _warmings(boxes: Mapping[str, Temperature], multiple: Any, name: str) -> "xr.DataArray":
    """Warming by multiples of the CO2 of equilibrium."""
    with jax.enable_x64(True):
        doublings, rest = jnp.log2(jnp.asarray(multiple)), jnp.zeros(2)
        found = {
            name: np.asarray(warmth_along(as_arrays(box), rest, box.f2x * doublings)[:, 0])
            for name, box in boxes.items()
        }
    return _compared(found, name, "K")


@eqx.filter_jit
def masses_along(
    cycle: CarbonCycle, start: Float[Array, "3"], emissions: Float[Array, " years"]
) -> Float[Array, "dates 3"]:
    """Masses at the start of every year and at the end of the last."""
    return _along(cycle.step, start, emissions)


@eqx.filter_jit
def warmth_along(
    box: Temperature, start: Float[Array, "2"], forcing: Float[Array, " years"]
) -> Float[Array, "dates 2"]:
    """Temperatures at the start of every year and at the end of the last."""
    return _along(box.step, start, forcing)


def _along(step: Callable[[Array, Array], Array], start: Array, driving: Array) -> Float[Array, "dates boxes"]:
    """Boxes at the start of every year and at the end of the last, under what drives them."""

    def year(boxes: Array, driver: Array) -> tuple[Array, Array]:
        later = step(boxes, driver)
        return later, later

    return jnp.concatenate([start[None], jax.lax.scan(year, start, driving)[1]])


def _compared(found: dict[str, np.ndarray], name: str, unit: str) -> "xr.DataArray":
    import xarray as xr

    if not found:
        raise ConfigError("there is nothing to compare; give one calibration or more by name, such as {'mine': ...}.")
    table, years = np.stack(list(found.values())), np.arange(len(next(iter(found.values()))))
    coords = {"calibration": list(found), "year": ("year", years, {"long_name": "years", "units": "yr"})}
    return xr.DataArray(table, coords, ("calibration", "year"), attrs={"long_name": name, "units": unit})
