"""Moments of simulated variables, of levels or of deviations from a trend.

The trend is that of Hodrick and Prescott (1997, J. Money Credit Bank.), whose linear system has five diagonals and is
solved in banded form.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from saddlepath.errors import ConfigError
from saddlepath.layout import entry_name
from saddlepath.table import Table, table

if TYPE_CHECKING:
    import xarray as xr

RATIOS = ("autocorrelation", "correlation", "relative sd")
CONSTANT = 1e-11
"""A variable that varies less than this share of its size is constant; rounding is no variation [-]."""


def hodrick_prescott(series: Any, smoothing: float | int = 1600.0) -> tuple[np.ndarray, np.ndarray]:
    """Cycle and trend of Hodrick and Prescott.

    The trend `m` minimises `sum (x - m)^2 + smoothing * sum (second difference of m)^2`, hence solves
    `(I + smoothing D'D) m = x` with `D` the second difference: five diagonals.

    Args:
        series: Time along the last axis, at least three periods.
        smoothing: Weight of the trend's curvature; 1600 for quarters, 6.25 for years (Ravn and Uhlig, 2002).
            [-]

    Returns:
        Cycle and trend, each of the shape of `series`. [unit of the series]

    Raises:
        ConfigError: Fewer than three periods, or a weight that is not positive.
    """
    from scipy.linalg import solveh_banded

    x = np.asarray(series, dtype=float)
    n = x.shape[-1] if x.ndim else 0
    if n < 3 or not smoothing > 0:
        raise ConfigError(
            f"the HP filter needs at least three periods and a positive weight, got {n} periods and {smoothing}."
        )
    bands = _hp_bands(n, smoothing)
    trend = solveh_banded(bands, x.reshape(-1, n).T).T.reshape(x.shape)
    return x - trend, trend


def _hp_bands(n: int, smoothing: float | int) -> np.ndarray:
    """Upper bands of `I + smoothing D'D`, by adding what each second difference (1, -2, 1) contributes."""
    bands = np.zeros((3, n))
    for i, d in enumerate((1.0, -2.0, 1.0)):
        for j, e in enumerate((1.0, -2.0, 1.0)):
            if j >= i:
                bands[2 - (j - i), j : n - 2 + j] += smoothing * d * e
    bands[2] += 1.0
    return bands


def moments(
    data: "xr.Dataset",
    *,
    relative_to: str | None = None,
    hp_filter: float | int | None = None,
    logs: bool | None = None,
) -> Table:
    """Means, standard deviations, autocorrelations and correlations of simulated variables.

    Args:
        data: What `simulate` returned; all paths and periods count.
        relative_to: A variable; adds correlations with it and standard deviations relative to its own.
        hp_filter: Weight of the Hodrick-Prescott filter, 1600 for quarterly data; None: no filter. Means stay
            those of the levels. [-]
        logs: Whether variables that are always positive are first put in logs; default: only with the filter,
            as in the business-cycle literature.

    Returns:
        One row per variable, or per entry of an array field: mean, standard deviation, first autocorrelation.

    Raises:
        ConfigError: `relative_to` is no scalar variable, or there are too few periods.
    """
    logs = (hp_filter is not None) if logs is None else logs
    series = _series(data)
    if relative_to is not None and relative_to not in series:
        raise ConfigError(f"relative_to must be one of {', '.join(series)}, got {relative_to!r}.")
    if data.sizes["time"] < 3:
        raise ConfigError(f"moments need at least three periods, got {data.sizes['time']}; simulate more.")
    deviations = {name: _deviation(values, hp_filter, logs) for name, values in series.items()}
    reference = None if relative_to is None else deviations[relative_to]
    rows = {name: _moments_of(series[name], deviations[name], reference) for name in series}
    what = f"deviations from the HP trend ({hp_filter:g})" if hp_filter is not None else "levels"
    size = f"{data.sizes['path']} paths of {data.sizes['time']} periods"
    of = f"; means of levels, other moments of {what}" if logs or hp_filter is not None else ""
    note = f"{size}{of}{', always positive variables in logs' if logs else ''}."
    formats = dict.fromkeys(("mean", "sd"), "#.4g") | dict.fromkeys(RATIOS, ".3f")
    return table(rows, "variable", title="Simulated moments", note=note, formats=formats)


def _series(data: "xr.Dataset") -> dict[str, np.ndarray]:
    """Every scalar series `[path, time]` of a dataset."""
    ordered = {str(name): variable.transpose("path", "time", ...) for name, variable in data.data_vars.items()}
    return scalar_series({name: np.asarray(variable, dtype=float) for name, variable in ordered.items()})


def scalar_series(values: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays `[path, time, ...]` by name as series `[path, time]`, array fields entry by entry."""
    series = {}
    for name, array in values.items():
        for index in np.ndindex(array.shape[2:]):
            series[entry_name(name, index)] = array[(slice(None), slice(None), *index)]
    return series


def _deviation(values: np.ndarray, smoothing: float | int | None, logs: bool) -> np.ndarray:
    """Deviations from the mean or from the trend."""
    values = np.log(values) if logs and np.all(values > 0) else values
    return values - values.mean() if smoothing is None else hodrick_prescott(values, smoothing)[0]


def _moments_of(levels: np.ndarray, deviation: np.ndarray, reference: np.ndarray | None) -> dict[str, float]:
    variance = _second_moment(deviation, deviation)
    if variance**0.5 <= CONSTANT * np.abs(levels).max():
        variance = 0.0
    row = {
        "mean": float(levels.mean()),
        "sd": variance**0.5,
        "autocorrelation": _ratio(_second_moment(deviation[:, 1:], deviation[:, :-1]), variance),
    }
    if reference is not None:
        scale = _second_moment(reference, reference)
        row["correlation"] = _ratio(_second_moment(deviation, reference), (variance * scale) ** 0.5)
        row["relative sd"] = _ratio(variance**0.5, scale**0.5)
    return row


def _second_moment(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean(a * b))


def _ratio(a: float, b: float) -> float:
    return a / b if b > 0 else float("nan")
