"""Observed series from a file: CSV with a column per series, or netCDF as `saddlepath simulate` writes it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from saddlepath.container import PathLike
from saddlepath.errors import ConfigError, FileError
from saddlepath.macro_data import us_macro

if TYPE_CHECKING:
    import pandas as pd

US = "us-macro"
"""Name that stands for `us_macro()` instead of a file."""


def read_series(source: PathLike) -> "pd.DataFrame":
    """Series of a file by name, a row per period.

    Args:
        source: A CSV file whose first line names the series (a column that is not numeric, such as dates, becomes the
            index), a netCDF file with one path, or `us-macro`.

    Raises:
        FileError: The file cannot be read.
        ConfigError: It holds no numeric series, or several paths.
    """
    if str(source) == US:
        return us_macro()
    path = Path(source)
    try:
        frame = _from_netcdf(path) if path.suffix == ".nc" else _from_csv(path)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise FileError(f"cannot read the data {path}: {error}; check the path, or write {US} for US data.") from error
    if frame.empty:
        raise ConfigError(f"{path} holds no numeric series; its first line must name a column of numbers per series.")
    return frame


def _from_csv(path: Path) -> "pd.DataFrame":
    import pandas as pd

    frame = pd.read_csv(path, skipinitialspace=True)
    numeric = frame.select_dtypes(include=np.number)
    others = [name for name in frame.columns if name not in numeric.columns]
    return numeric.set_axis(pd.Index(frame[others[0]])) if others else numeric


def _from_netcdf(path: Path) -> "pd.DataFrame":
    import xarray as xr

    with xr.open_dataset(path) as panel:
        if panel.sizes.get("path", 1) != 1:
            raise ConfigError(f"{path} holds {panel.sizes['path']} paths; data are one: choose it, isel(path=0).")
        flat = panel.squeeze(drop=True)
        return flat[[name for name in flat.data_vars if flat[name].ndim == 1]].to_dataframe()
