"""Models by name, the baselines among them that every comparison runs, and a transform chosen on the past."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from saddlepath.errors import ConfigError
from saddlepath.forecast.baselines import AR, HAR, VAR, Rule
from saddlepath.forecast.econometric import ETS, GARCH, SARIMA
from saddlepath.forecast.linear_part import PAIRS
from saddlepath.forecast.neural import CELLS, NetworkForecaster
from saddlepath.forecast.series import Series
from saddlepath.forecast.transforms import Transform, transform_of
from saddlepath.forecast.walking import Forecaster, WalkForward, walk_forward
from saddlepath.model import nearest_names

BASELINES: dict[str, Callable[[Transform], Forecaster]] = {
    "mean": lambda transform: Rule("mean"),
    "last": lambda transform: Rule("last value"),
    "drift": lambda transform: Rule("drift"),
    "seasonal": lambda transform: Rule("seasonal naive"),
    "ewma": lambda transform: Rule("EWMA"),
    "ar": lambda transform: AR(transform, pairs=(0, PAIRS)),
    "var": VAR,
    "har": HAR,
    "sarima": SARIMA,
    "ets": ETS,
    "garch": GARCH,
}
"""Baselines by the name that the command line uses; all of them run in every comparison."""
NETWORKS = (*CELLS, *(f"hybrid-{cell}" for cell in CELLS))
"""Networks by name: alone, or on the errors of a linear part."""
CANDIDATES = ((), ("difference",), ("season",), ("difference", "season"))
"""Differences among which `choose_transform` looks, each with and without a logarithm."""
LONGEST_WINDOW = 48
"""Observations that a network looks at by default, at most [observations]."""


def window_of(period: float, n: int) -> int:
    """Observations that a network looks at by default: two seasons, 24 without any, a tenth of the data at most."""
    wanted = 24 if period <= 4 else math.ceil(2 * period)
    return max(4, min(wanted, LONGEST_WINDOW, n // 10))


def forecaster(name: str, transform: Transform, window: int = 24, seed: int = 0) -> Forecaster:
    """A model by its name.

    Args:
        name: One of `BASELINES` or `NETWORKS`.
        transform: From the series to what the model is fitted to.
        window: Observations that a network looks at.
        seed: Of a network.

    Raises:
        ConfigError: No such model.
    """
    if name in BASELINES:
        return BASELINES[name](transform)
    if name not in NETWORKS:
        raise ConfigError(f"no model {name!r}; {nearest_names(name, [*BASELINES, *NETWORKS])}")
    linear, cell = ("auto" if name.startswith("hybrid-") else "none"), name.removeprefix("hybrid-")
    return NetworkForecaster(cell, linear, window=window, transform=transform, seed=seed)


def choose_transform(series: Series, walk: WalkForward) -> Transform:
    """The transform whose autoregression forecasts best within what is known at the first origin.

    Args:
        series: The data; nothing after the first origin is looked at.
        walk: Origins and horizon.
    """
    known = int(walk.origins(len(series))[0])
    early = Series(series.known(known), series.names, series.dates[:known], series.frequency, series.period)
    trial = WalkForward(walk.horizon, first=max(known // 2, round(0.75 * known)), gap=walk.gap)
    errors = {}
    for steps in candidates(series):
        try:
            found = walk_forward(AR(transform_of(steps, series.period), pairs=(0, PAIRS)), early, trial)
        except ConfigError:
            continue  # too few observations for these differences
        errors[steps] = float(np.mean(found.errors**2))
    return transform_of(min(errors, key=errors.__getitem__), series.period) if errors else Transform()


def candidates(series: Series) -> Sequence[tuple[str, ...]]:
    """Steps that the series allows: logarithms of positive numbers, seasons of a whole length."""
    seasonal = series.period >= 2 and math.isclose(series.period, round(series.period))
    known = [steps for steps in CANDIDATES if seasonal or "season" not in steps]
    logs = [("log", *steps) for steps in known] if series.target.min() > 0 else []
    return [*known, *logs]
