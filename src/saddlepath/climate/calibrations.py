"""Published calibrations of the carbon cycle and of the two boxes of heat, by name. Coefficients are per year.

| name | carbon cycle | temperature |
|---|---|---|
| `cdice` | mean of the models of the CMIP5 generation | mean of them |
| `mesmo`, `loveclim` | the models that keep most and least carbon in the air | |
| `hadgem`, `giss` | | the models that warm most and least (HadGEM2-ES, GISS-E2-R) |
| `dice2016` | Nordhaus (2017), per year instead of per five | the same |

References:
    Folini, Friedl, Kuebler and Scheidegger (2024, Review of Economic Studies), tables of the calibrations; Nordhaus
    (2017, PNAS).
"""

from collections.abc import Mapping
from types import MappingProxyType

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from saddlepath.climate.carbon import CarbonCycle
from saddlepath.climate.numbers import Number, Value, as_arrays
from saddlepath.climate.temperature import Temperature
from saddlepath.errors import ConfigError
from saddlepath.model import nearest_names

CARBON_CYCLES: Mapping[str, CarbonCycle] = MappingProxyType(
    {
        "cdice": CarbonCycle(0.054, 0.0082, np.array([0.607, 0.489, 1.281]), np.array([0.851, 0.628, 1.323])),
        "mesmo": CarbonCycle(0.059, 0.0080, np.array([0.607, 0.305, 0.865]), np.array([0.851, 0.403, 0.894])),
        "loveclim": CarbonCycle(0.067, 0.0095, np.array([0.607, 0.600, 1.385]), np.array([0.850, 0.770, 1.444])),
        "dice2016": CarbonCycle(0.024, 0.0014, np.array([0.588, 0.360, 1.720]), np.array([0.851, 0.460, 1.740])),
    }
)
TEMPERATURES: Mapping[str, Temperature] = MappingProxyType(
    {
        "cdice": Temperature(0.137, 0.73, 0.00689, 3.45, 3.25, np.array([1.1, 0.27])),
        "hadgem": Temperature(0.154, 0.55, 0.00671, 2.95, 4.55, np.array([1.1, 0.27])),
        "giss": Temperature(0.213, 1.16, 0.00921, 3.65, 2.15, np.array([1.1, 0.27])),
        "dice2016": Temperature(0.0201, 0.088, 0.005, 3.6813, 3.1, np.array([0.85, 0.0068])),
    }
)


def carbon_cycle(name: str) -> CarbonCycle:
    """A published carbon cycle.

    Args:
        name: One of `CARBON_CYCLES`: cdice, mesmo, loveclim, dice2016.

    Raises:
        ConfigError: There is no such calibration.
    """
    return _named(CARBON_CYCLES, name, "carbon cycle")


def between_extremes(cycle: CarbonCycle, index: Number) -> CarbonCycle:
    """A carbon cycle on the way from the one that keeps least carbon in the air to the one that keeps most.

    Every coefficient is the quadratic polynomial of the index through three cycles, so that one number says how much
    carbon stays in the air and prices are smooth in it.

    Args:
        cycle: The cycle at 0.
        index: -1 is LOVECLIM, 1 is MESMO. [-]
    """
    least, most = CARBON_CYCLES["loveclim"], CARBON_CYCLES["mesmo"]
    index = jnp.asarray(index)
    shares = jnp.stack([index * (index - 1) / 2, 1 - index**2, index * (index + 1) / 2])
    (given, whole), *others = (ravel_pytree(as_arrays(one)) for one in (cycle, least, most))
    return whole(shares @ jnp.stack([others[0][0], given, others[1][0]]))


def temperature_boxes(name: str) -> Temperature:
    """Published boxes of heat; other sensitivities by `dataclasses.replace(temperature_boxes("dice2016"), ecs=4.55)`.

    Args:
        name: One of `TEMPERATURES`: cdice, hadgem, giss, dice2016.

    Raises:
        ConfigError: There is no such calibration.
    """
    return _named(TEMPERATURES, name, "temperature")


def _named(calibrations: Mapping[str, Value], name: str, what: str) -> Value:
    if name not in calibrations:
        raise ConfigError(f"no {what} calibration is called {name!r}; {nearest_names(name, list(calibrations))}")
    return calibrations[name]
