"""The representative concentration pathways: emissions, concentrations and forcing of 1765 to 2500.

The numbers ship with the package, rounded to five decimals (concentrations to three, forcing to four). History ends in
2005 and is the same for all pathways.

References:
    Meinshausen et al. (2011, Climatic Change), "The RCP greenhouse gas concentrations and their extensions from 1765 to
    2300", and the harmonised data published with it.
"""

import importlib.resources
from typing import TYPE_CHECKING

import numpy as np

from saddlepath.climate.labelled import labelled
from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names

if TYPE_CHECKING:
    import xarray as xr

SCENARIOS = ("rcp26", "rcp45", "rcp60", "rcp85")


def rcp(scenario: str) -> "xr.Dataset":
    """One pathway.

    Args:
        scenario: One of `SCENARIOS`: rcp26, rcp45, rcp60, rcp85.

    Returns:
        By `year`: `fossil` and `land`, emissions of CO2 [GtC/yr]; `co2`, its concentration [ppm]; `other`, the
        anthropogenic forcing of everything but CO2 [W/m2].

    Raises:
        ConfigError: There is no such pathway.
    """
    if scenario not in SCENARIOS:
        raise ConfigError(f"no pathway is called {scenario!r}; {nearest_names(scenario, list(SCENARIOS))}")
    with importlib.resources.files("saddlepath.climate").joinpath("data/rcp.csv").open() as stream:
        names = stream.readline().strip().split(",")
        table = np.loadtxt(stream, delimiter=",")
    units = {"fossil": "GtC/yr", "land": "GtC/yr", "co2": "ppm", "other": "W/m2"}
    series = {name: (unit, table[:, names.index(f"{name}_{scenario}")]) for name, unit in units.items()}
    return labelled(table[:, 0].astype(int), series, scenario=scenario)
