"""A perceived law of motion: how well an aggregate is forecast from itself and the regime.

Where households carry a distribution, economists ask whether its mean says all that matters for its own future
(Krusell and Smith, 1998, J. Polit. Econ.): `log K' = b0 + b1 log K` in every regime. The share of variance that such a
law explains says little, for errors of one period are corrected by the data of the next; the test of den Haan (2010,
J. Econ. Dyn. Control) lets the law run by itself along the regimes of another path and compares at the end.
"""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from saddlepath.errors import ConfigError
from saddlepath.table import Table, table

if TYPE_CHECKING:
    import xarray as xr

FEWEST_DATES = 3
"""Dates in every regime that a law with two coefficients and an error needs."""


@dataclasses.dataclass(frozen=True)
class ForecastErrors:
    """How far a law that runs by itself goes from a simulated path.

    Attributes:
        max: Largest absolute error of the log. [-]
        mean: Mean absolute error of the log. [-]
        periods: Transitions that were compared, all paths.
    """

    max: float
    mean: float
    periods: int


@dataclasses.dataclass(frozen=True)
class LawOfMotion:
    """A log-linear law of an aggregate, one line per regime.

    Attributes:
        variable: Name of the aggregate.
        regime: Name of the regime.
        intercept: `b0` by regime `[n_regimes]`. [log of the unit]
        slope: `b1` by regime `[n_regimes]`. [-]
        r2: Share of the variance of next period's log that the line explains `[n_regimes]`. [-]
        deviation: Standard deviation of the error of one period `[n_regimes]`. [log points]
    """

    variable: str
    regime: str
    intercept: np.ndarray
    slope: np.ndarray
    r2: np.ndarray
    deviation: np.ndarray

    def path(self, first: float, regimes: Int[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
        """The aggregate along given regimes when the law runs by itself.

        Args:
            first: The aggregate at the first date. [unit of the variable]
            regimes: Regime of every date.

        Returns:
            The aggregate at every date. [unit of the variable]
        """
        logs = np.empty(len(regimes))
        logs[0] = np.log(first)
        for t, z in enumerate(regimes[:-1]):
            logs[t + 1] = self.intercept[z] + self.slope[z] * logs[t]
        return np.exp(logs)

    def forecast_errors(self, data: "xr.Dataset") -> ForecastErrors:
        """Errors on simulated paths of which the law is told the first value and the regimes, and nothing else.

        Args:
            data: What `simulate` returned, another path than that of the fit.

        Raises:
            ConfigError: The dataset lacks the variable, or shows a regime that the law has not.
        """
        levels, regimes = _series(data, self.variable, self.regime)
        if regimes.max() >= self.slope.size:
            raise ConfigError(f"the law knows {self.slope.size} regimes, the data show regime {regimes.max()}.")
        paths = [self.path(float(own[0]), z) for own, z in zip(levels, regimes, strict=True)]
        gap = np.abs(np.log(np.stack(paths)) - np.log(levels))[:, 1:]
        return ForecastErrors(float(gap.max()), float(gap.mean()), gap.size)

    def table(self) -> Table:
        """Coefficients by regime, with the fit of one period."""
        rows = {
            f"{self.regime} = {z}": {
                "intercept": self.intercept[z],
                "slope": self.slope[z],
                "R2": self.r2[z],
                "s.d. of the error": self.deviation[z],
            }
            for z in range(self.slope.size)
        }
        formats = {"intercept": ".5f", "slope": ".6f", "R2": ".7f", "s.d. of the error": ".1e"}
        title, note = f"Law of motion of log {self.variable}", "R2 says little: ask for forecast_errors() too."
        return table(rows, "regime", title=title, note=note, formats=formats)

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()


def fit_law_of_motion(data: "xr.Dataset", variable: str = "capital", regime: str = "z") -> LawOfMotion:
    """Fit `log K' = b0 + b1 log K` by least squares in every regime.

    Args:
        data: What `simulate` returned; all paths count.
        variable: Name of the aggregate, positive and one number per date.
        regime: Name of the regime today.

    Returns:
        The law.

    Raises:
        ConfigError: The dataset lacks a variable, values are not positive, or a regime is too rare.
    """
    levels, regimes = _series(data, variable, regime)
    today, tomorrow, now = np.log(levels[:, :-1]), np.log(levels[:, 1:]), regimes[:, :-1]
    counts = np.bincount(now.ravel())
    if counts.min() < FEWEST_DATES:
        raise ConfigError(
            f"a law of motion needs {FEWEST_DATES} dates or more in every regime of {regime}, got "
            f"{', '.join(map(str, counts))}; simulate more periods."
        )
    lines = np.array([_line(today[now == z], tomorrow[now == z]) for z in range(counts.size)])
    return LawOfMotion(variable, regime, *lines.T)


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float]:
    """Intercept, slope, explained share and standard deviation of the error."""
    slope, mean = float(np.cov(x, y)[0, 1] / np.var(x, ddof=1)), float(x.mean())
    error = y - y.mean() - slope * (x - mean)
    unexplained = float(error @ error)
    explained = 1 - unexplained / float(np.sum((y - y.mean()) ** 2))
    return float(y.mean()) - slope * mean, slope, explained, (unexplained / (x.size - 2)) ** 0.5


def _series(data: "xr.Dataset", variable: str, regime: str) -> tuple[np.ndarray, np.ndarray]:
    """The aggregate and the regime `[path, time]`.

    Raises:
        ConfigError: The dataset lacks one of them, or the aggregate is not positive.
    """
    for name in (variable, regime):
        if name not in data or set(data[name].dims) != {"path", "time"}:
            raise ConfigError(
                f"a law of motion needs {name!r} as one number per path and date; the data have "
                f"{', '.join(map(str, data))}."
            )
    levels, regimes = (data[name].transpose("path", "time").values for name in (variable, regime))
    if not np.all(levels > 0):
        raise ConfigError(f"a log-linear law needs {variable} positive at every date; take another variable.")
    return levels, regimes.astype(int)
