"""Walk-forward tests: a model is fitted to what was known, forecasts, and is fitted again later, never the reverse.

A forecaster is handed the past and nothing else, so that no forecast can depend on what came after its origin. A gap
between the last known observation and the first one to be forecast, such as a delay of publication, is part of the
horizon of the forecaster, whose first steps are then not counted.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from saddlepath.errors import ConfigError
from saddlepath.forecast.series import FEWEST, Series

Path = Float[np.ndarray, "origins horizon"]
Quantiles = Float[np.ndarray, "origins horizon levels"]
Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True, eq=False)
class Past:
    """What is known at an origin.

    Attributes:
        values: Observations `[time, n_columns]`, the target first. [units of the data]
        first: Position of the first of them in the whole series.
        period: Observations per season; 1: no season. [-]
    """

    values: Float[np.ndarray, "time n_columns"]
    first: int = 0
    period: float = 1.0

    @property
    def target(self) -> Float[np.ndarray, " time"]:
        """The series to be forecast."""
        return self.values[:, 0]

    def __len__(self) -> int:
        return len(self.values)


@runtime_checkable
class Fitted(Protocol):
    """A fitted model."""

    def predict(self, pasts: Sequence[Past]) -> Path:
        """Point forecasts of all steps, after each of several pasts, with the same coefficients. [units of the data]"""
        ...


@runtime_checkable
class Distributional(Protocol):
    """A fitted model that can state whole distributions."""

    def quantiles(self, pasts: Sequence[Past], levels: Float[np.ndarray, " levels"]) -> Quantiles | None:
        """Quantiles of all steps, or None if this fit states points. [units of the data]"""
        ...


@runtime_checkable
class Forecaster(Protocol):
    """A model that can be fitted to a past."""

    @property
    def name(self) -> str:
        """For tables."""
        ...

    def fit(self, past: Past, horizon: int) -> Fitted:
        """Fit to a past, in order to forecast so many steps."""
        ...


@dataclasses.dataclass(frozen=True)
class WalkForward:
    """Where forecasts begin and when models are fitted again.

    Attributes:
        horizon: Steps that are forecast. [observations]
        first: Observations before the first forecast, or their share of all.
        step: From one origin to the next. [observations]
        refit: Origins after which a model is fitted again; None: it is fitted once, at the first.
        window: Observations of a rolling past; None: the past expands.
        gap: Observations between the last known one and the first one forecast.
    """

    horizon: int = 1
    first: int | float = 0.8
    step: int = 1
    refit: int | None = None
    window: int | None = None
    gap: int = 0

    def __post_init__(self) -> None:
        if min(self.horizon, self.step, self.refit or 1) < 1 or self.gap < 0 or self.first <= 0:
            raise ConfigError(
                f"a walk needs a horizon, a step and a refit of at least 1, a positive first and no negative gap, got "
                f"{self.horizon}, {self.step}, {self.refit}, {self.first} and {self.gap}."
            )
        if self.window is not None and self.window < FEWEST:
            raise ConfigError(f"a rolling window needs at least {FEWEST} observations, got {self.window}.")

    @property
    def reach(self) -> int:
        """Steps from the last known observation to the last one forecast."""
        return self.gap + self.horizon

    def origins(self, n: int) -> Int[np.ndarray, " origins"]:
        """Positions of the first observation that is not known.

        Raises:
            ConfigError: The series is too short for one forecast.
        """
        first = round(self.first * n) if self.first < 1 else int(self.first)
        if first < FEWEST or first + self.reach > n:
            raise ConfigError(
                f"a horizon of {self.horizon} after a gap of {self.gap} needs {first} + {self.reach} observations, and "
                f"at least {FEWEST} before the first forecast; the series has {n}. Shorten the horizon or move `first`."
            )
        return np.arange(first, n - self.reach + 1, self.step)

    def past(self, series: Series, origin: int) -> Past:
        """What is known at an origin."""
        first = 0 if self.window is None else max(0, origin - self.window)
        return Past(series.known(origin)[first:], first, series.period)


@dataclasses.dataclass(frozen=True, eq=False)
class Forecasts:
    """What one model forecast along a walk.

    Attributes:
        model: Its name.
        origins: Position of the first observation that was not known, of every forecast.
        point: Forecasts `[origins, horizon]`. [units of the data]
        actual: What came `[origins, horizon]`.
        quantiles: Forecast quantiles `[origins, horizon, levels]`, or None.
        levels: Their levels. [-]
        seconds: Time of fits and forecasts. [s]
    """

    model: str
    origins: Int[np.ndarray, " origins"]
    point: Path
    actual: Path
    quantiles: Quantiles | None = None
    levels: tuple[float, ...] = ()
    seconds: float = 0.0

    @property
    def errors(self) -> Path:
        """Actual minus forecast."""
        return self.actual - self.point


def walk_forward(
    forecaster: Forecaster,
    series: Series,
    walk: WalkForward = WalkForward(),
    *,
    levels: Sequence[float] = (),
    say: Say | None = None,
) -> Forecasts:
    """Forecasts of one model along a walk.

    Args:
        forecaster: The model.
        series: The data.
        walk: Origins, horizon, refits.
        levels: Of quantiles, which models that state distributions are asked for. [-]
        say: Called with a line per fit.

    Returns:
        Forecasts and what came, by origin and step.

    Raises:
        ConfigError: The series is too short, or the model refuses it.
    """
    begun = time.perf_counter()
    origins = walk.origins(len(series))
    every = len(origins) if walk.refit is None else walk.refit
    points, quantiles = [], []
    for start in range(0, len(origins), every):
        group = origins[start : start + every]
        if say is not None:
            say(f"{forecaster.name}: fit {start // every + 1} of {-(-len(origins) // every)}")
        fitted = forecaster.fit(walk.past(series, int(group[0])), walk.reach)
        pasts = [walk.past(series, int(origin)) for origin in group]
        points.append(fitted.predict(pasts)[:, walk.gap :])
        if levels and isinstance(fitted, Distributional):
            stated = fitted.quantiles(pasts, np.asarray(levels))
            quantiles += [] if stated is None else [stated[:, walk.gap :]]
    ahead = origins[:, None] + walk.gap + np.arange(walk.horizon)
    return Forecasts(
        forecaster.name,
        origins,
        np.concatenate(points),
        series.target[ahead],
        np.concatenate(quantiles) if quantiles else None,
        tuple(levels) if quantiles else (),
        time.perf_counter() - begun,
    )
