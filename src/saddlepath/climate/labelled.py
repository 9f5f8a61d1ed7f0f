"""Paths as datasets with names and units."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from saddlepath.climate.carbon import RESERVOIRS
from saddlepath.climate.temperature import BOXES

if TYPE_CHECKING:
    import xarray as xr

COLUMNS = {len(RESERVOIRS): ("reservoir", RESERVOIRS), len(BOXES): ("box", BOXES)}
"""What the columns of a table are, by their number."""


def labelled(years: np.ndarray, series: Mapping[str, tuple[str, np.ndarray]], **about: Any) -> "xr.Dataset":
    """A dataset by `year`, and by `reservoir` or `box` where a variable has three or two columns.

    Args:
        years: Calendar years `[n_years]`.
        series: Unit and values `[n_years]` or `[n_years, columns]` by name.
        about: Attributes of the dataset.
    """
    import xarray as xr

    data: dict[str, Any] = {}
    coords: dict[str, Any] = {"year": years}
    for name, (unit, values) in series.items():
        if values.ndim == 1:
            data[name] = ("year", values, {"units": unit})
        else:
            dimension, entries = COLUMNS[values.shape[1]]
            data[name] = (("year", dimension), values, {"units": unit})
            coords[dimension] = list(entries)
    return xr.Dataset(data, coords, about)
