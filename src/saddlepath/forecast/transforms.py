"""Logarithms and differences of a series, and the way back, exact for any forecast.

With L = log y (or y), w = (1 - B)^d (1 - B^m)^D L is what models see. What they forecast at step h is the distance of
L from `base`, the path on which every later w is zero: the last value, the same season of last year, or both. The way
back is monotone in that distance, so that quantiles are restored as exactly as points are.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError

STEPS = ("log", "difference", "season")


@dataclasses.dataclass(frozen=True)
class Transform:
    """What is taken of a series before a model is fitted; nothing in it looks at data.

    Attributes:
        steps: Some of `log`, `difference` (a step twice: a second difference) and `season`, a seasonal difference.
        period: Observations per season, of the seasonal difference. [-]
    """

    steps: tuple[str, ...] = ()
    period: int = 1

    def __post_init__(self) -> None:
        unknown = [step for step in self.steps if step not in STEPS]
        if unknown:
            raise ConfigError(f"no transform {unknown[0]!r}; choose some of {', '.join(STEPS)}.")
        if "season" in self.steps and self.period < 2:
            raise ConfigError(f"a seasonal difference needs a period of at least 2, got {self.period}; give period=12.")
        if self.steps.count("log") > 1:
            raise ConfigError("a logarithm is taken once; leave the second log out.")

    @property
    def filter(self) -> Float[np.ndarray, " lags"]:
        """Coefficients of (1 - B)^d (1 - B^m)^D, from lag zero."""
        found = np.ones(1)
        for step in self.steps:
            if step != "log":
                lag = 1 if step == "difference" else self.period
                found = np.convolve(found, np.concatenate([[1.0], np.zeros(lag - 1), [-1.0]]))
        return found

    @property
    def lost(self) -> int:
        """Observations at the beginning that differences use up."""
        return len(self.filter) - 1

    def level(self, y: Float[np.ndarray, "*time"]) -> Float[np.ndarray, "*time"]:
        """L: the logarithm, or the series itself.

        Raises:
            ConfigError: A logarithm of numbers that are not positive.
        """
        if "log" not in self.steps:
            return y
        if np.min(y) <= 0:
            raise ConfigError(f"a logarithm needs positive numbers, the series falls to {np.min(y):g}; leave log out.")
        return np.log(y)

    def stationary(self, level: Float[np.ndarray, " time"]) -> Float[np.ndarray, " rest"]:
        """w from L, `lost` observations shorter.

        Raises:
            ConfigError: The series is not longer than what is lost.
        """
        if len(level) <= self.lost:
            raise ConfigError(
                f"differences use up {self.lost} observations and there are {len(level)}; give a longer series."
            )
        return np.convolve(level, self.filter, mode="valid")

    def integrate(
        self, level: Float[np.ndarray, "*many time"], later: Float[np.ndarray, "*many horizon"]
    ) -> Float[np.ndarray, "*many horizon"]:
        """Later L from the last ones and later w."""
        weights, lost, horizon = self.filter, self.lost, later.shape[-1]
        path = np.concatenate([level[..., level.shape[-1] - lost :], np.zeros(later.shape)], axis=-1)
        for h in range(horizon):
            earlier = path[..., h : h + lost][..., ::-1]
            path[..., lost + h] = later[..., h] - earlier @ weights[1:]
        return path[..., lost:]

    def base(self, level: Float[np.ndarray, "*many time"], horizon: int) -> Float[np.ndarray, "*many horizon"]:
        """Later L if every later w is zero."""
        return self.integrate(level, np.zeros((*level.shape[:-1], horizon)))

    def restore(self, level: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """The series from L."""
        return np.exp(level) if "log" in self.steps else level


def transform_of(steps: Sequence[str], period: float) -> Transform:
    """A transform by the names of its steps, for a series with this period.

    Raises:
        ConfigError: An unknown step, or a seasonal difference of a series without a season of whole length.
    """
    whole = math.isclose(period, round(period))
    if "season" in steps and not whole:
        raise ConfigError(
            f"a seasonal difference needs a season of whole length, this one has {period:.4g} observations; give "
            "period=52, or leave season out."
        )
    return Transform(tuple(steps), round(period))
