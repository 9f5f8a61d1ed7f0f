"""Baselines that statsmodels and arch estimate: SARIMA, exponential smoothing with trend and season, GARCH(1,1)-t.

Coefficients are estimated at a fit and kept until the next; between fits, filters run over the whole past of every
origin. Both packages come with the extra `forecast`.

References:
    Box and Jenkins (1970); Holt (1957) and Winters (1960); Bollerslev (1987, Review of Economics and Statistics).
"""

import dataclasses
import importlib
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError
from saddlepath.forecast.baselines import harmonics
from saddlepath.forecast.transforms import Transform
from saddlepath.forecast.walking import Past, Path, Quantiles

LONGEST_SEASON = 24
"""Longest season that SARIMA models by its own lags; a longer one gets sines and cosines [observations]."""
PAIRS = 2
"""Pairs of sines and cosines of a long season [-]."""
MEMORY = 600
"""Observations at the end of a past over which a SARIMA filter runs; what came before has faded [observations]."""
BACKCAST = 75
"""First errors whose mean square starts the recursion of a variance [observations]."""
ORDERS = ((0, 1), (1, 0), (1, 1), (2, 1))
"""Orders of autoregression and moving average among which the criterion of Akaike chooses [-]."""


def optional(module: str) -> ModuleType:
    """A module of statsmodels or arch.

    Raises:
        ConfigError: The package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"this baseline needs the package {module.split('.')[0]}, which is not installed; run pip install "
            "'saddlepath[forecast]'."
        ) from error


def quiet() -> Any:
    """A context in which estimation routines keep their remarks to themselves: the walk-forward test judges them."""
    return warnings.catch_warnings(action="ignore")


class _Sarima(NamedTuple):
    transform: Transform
    horizon: int
    order: tuple[int, int, int]
    seasonal: tuple[int, int, int, int]
    pairs: int
    parameters: Float[np.ndarray, " n"]

    def predict(self, pasts: Sequence[Past]) -> Path:
        return self.transform.restore(np.stack([self._one(past) for past in pasts]))

    def _one(self, past: Past) -> Float[np.ndarray, " horizon"]:
        with quiet():
            model = _sarimax(self.transform.level(past.target), past, self.order, self.seasonal, self.pairs)
            ahead = _season(past.first + len(past), self.horizon, past.period, self.pairs)
            return np.asarray(model.filter(self.parameters, cov_type="none").forecast(self.horizon, exog=ahead))


def _season(first: int, n: int, period: float, pairs: int) -> Float[np.ndarray, "n terms"] | None:
    return harmonics(first + np.arange(n), period, pairs) if pairs else None


def _sarimax(level: Any, past: Past, order: Any, seasonal: Any, pairs: int) -> Any:
    level = level[-MEMORY:]
    season = _season(past.first + len(past) - len(level), len(level), past.period, pairs)
    trend = "c" if order[1] + seasonal[1] == 0 else None
    return optional("statsmodels.tsa.statespace.sarimax").SARIMAX(
        level, exog=season, order=order, seasonal_order=seasonal, trend=trend
    )


@dataclasses.dataclass(frozen=True)
class SARIMA:
    """Seasonal ARIMA: differences by a test of KPSS and by variance, orders by the criterion of Akaike.

    Attributes:
        transform: Only its logarithm is used; the model differences by itself.
        order: Order of the model (p, d, q), or None: chosen.
        name: For tables.
    """

    transform: Transform = Transform()
    order: tuple[int, int, int] | None = None
    name: str = "SARIMA"

    def fit(self, past: Past, horizon: int) -> _Sarima:
        """Fit to a past.

        Raises:
            ConfigError: statsmodels is not installed, or no order can be estimated.
        """
        transform = Transform(tuple(step for step in self.transform.steps if step == "log"))
        optional("statsmodels.tsa.statespace.sarimax")  # its own filters of warnings come with the import
        level, season = transform.level(past.target), round(past.period)
        own = 1 < season <= LONGEST_SEASON and len(past) >= 4 * season
        pairs = PAIRS if past.period > LONGEST_SEASON and len(past) >= 2 * past.period else 0
        d, seasonal_d = _differences(level, season if own else 1)
        seasonal = (0, seasonal_d, 1, season) if own and seasonal_d else (0, 0, 0, 0)
        orders = [(p, d, q) for p, q in ORDERS] if self.order is None else [self.order]
        found = []
        for order in orders:
            with quiet():
                try:
                    result = _sarimax(level, past, order, seasonal, pairs).fit(disp=False, maxiter=50, cov_type="none")
                except np.linalg.LinAlgError:
                    continue
            if np.isfinite(result.aic):
                found.append((float(result.aic), order, np.asarray(result.params)))
        if not found:
            raise ConfigError("no order of a SARIMA could be estimated; transform the series, or leave sarima out.")
        _, order, parameters = min(found, key=lambda one: one[0])
        return _Sarima(transform, horizon, order, seasonal, pairs, parameters)


def _differences(level: Float[np.ndarray, " time"], season: int) -> tuple[int, int]:
    """Numbers of plain and of seasonal differences."""
    seasonal = 0
    if season > 1 and np.var(level[season:] - level[:-season]) < np.var(np.diff(level)):
        seasonal, level = 1, level[season:] - level[:-season]
    kpss = optional("statsmodels.tsa.stattools").kpss
    with quiet():
        p_value = kpss(level, nlags="auto")[1]
    return int(p_value < 0.05), seasonal


class _Smoothing(NamedTuple):
    transform: Transform
    horizon: int
    season: int
    parameters: Float[np.ndarray, " n"]

    def predict(self, pasts: Sequence[Past]) -> Path:
        return self.transform.restore(np.stack([self._one(past) for past in pasts]))

    def _one(self, past: Past) -> Float[np.ndarray, " horizon"]:
        with quiet():
            model = _ets(self.transform.level(past.target), self.season)
            return np.asarray(model.smooth(self.parameters).forecast(self.horizon))


def _ets(level: Any, season: int) -> Any:
    seasonal = {"seasonal": "add", "seasonal_periods": season} if season > 1 else {}
    level = level[(len(level) % season if season > 1 else 0) :]  # whole seasons: the first season keeps its months
    module = optional("statsmodels.tsa.exponential_smoothing.ets")
    return module.ETSModel(
        level, error="add", trend="add", damped_trend=True, initialization_method="heuristic", **seasonal
    )


@dataclasses.dataclass(frozen=True)
class ETS:
    """Exponential smoothing with a damped trend and an additive season.

    Attributes:
        transform: Only its logarithm is used.
        name: For tables.
    """

    transform: Transform = Transform()
    name: str = "ETS"

    def fit(self, past: Past, horizon: int) -> _Smoothing:
        """Fit to a past.

        Raises:
            ConfigError: statsmodels is not installed.
        """
        transform = Transform(tuple(step for step in self.transform.steps if step == "log"))
        season = round(past.period) if past.period <= LONGEST_SEASON and len(past) >= 4 * past.period else 1
        with quiet():
            result = _ets(transform.level(past.target), season).fit(disp=False)
        return _Smoothing(transform, horizon, season, np.asarray(result.params))


class GarchFit(NamedTuple):
    """w_t = constant + slope w_{t-1} + e_t, with variance omega + alpha e_{t-1}^2 + beta variance_{t-1}, Student t.

    Attributes:
        transform: From the series to w.
        horizon: Steps that are forecast.
        constant: [units of w]
        slope: [-]
        omega: [squared units of w]
        alpha: [-]
        beta: [-]
        nu: Degrees of freedom. [-]
    """

    transform: Transform
    horizon: int
    constant: float
    slope: float
    omega: float
    alpha: float
    beta: float
    nu: float

    def predict(self, pasts: Sequence[Past]) -> Path:
        return self.transform.restore(np.stack([self._means(past) for past in pasts]))

    def _means(self, past: Past) -> Float[np.ndarray, " horizon"]:
        level = self.transform.level(past.target)
        w, path = self.transform.stationary(level)[-1], []
        for _ in range(self.horizon):
            w = self.constant + self.slope * w
            path.append(w)
        return self.transform.integrate(level, np.array(path))

    def variances(self, past: Past) -> Float[np.ndarray, " horizon"]:
        """Variance of the innovation of every step ahead. [squared units of w]"""
        w = self.transform.stationary(self.transform.level(past.target))
        path = [float(self.along(w)[-1])]
        for _ in range(self.horizon - 1):
            path.append(self.omega + (self.alpha + self.beta) * path[-1])
        return np.array(path)

    def along(self, w: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
        """Variance one step after every observation but the first: entry t is for t + 1. [squared units of w]"""
        from scipy.signal import lfilter

        squares = np.concatenate([[0.0], (w[1:] - self.constant - self.slope * w[:-1]) ** 2])
        squares[0] = squares[1 : 1 + BACKCAST].mean()
        start = np.array([self.beta * squares[0]])
        return np.asarray(lfilter([1.0], [1.0, -self.beta], self.omega + self.alpha * squares, zi=start)[0])

    def quantiles(self, pasts: Sequence[Past], levels: Float[np.ndarray, " levels"]) -> Quantiles:
        from scipy.stats import t

        impulse = self.slope ** np.arange(self.horizon)
        response = self.transform.integrate(np.zeros(max(1, self.transform.lost)), impulse)
        unit = t.ppf(levels, self.nu) * np.sqrt((self.nu - 2) / self.nu)
        found = []
        for past in pasts:
            variance = np.convolve(response**2, self.variances(past))[: self.horizon]
            found.append(self._means(past)[:, None] + np.sqrt(variance)[:, None] * unit)
        return self.transform.restore(np.stack(found))


@dataclasses.dataclass(frozen=True)
class GARCH:
    """GARCH(1,1) with errors of Student's t around an autoregression of order one, by maximum likelihood.

    Attributes:
        transform: From the series to what is modelled.
        name: For tables.
    """

    transform: Transform = Transform()
    name: str = "GARCH-t"

    def fit(self, past: Past, horizon: int) -> GarchFit:
        """Fit to a past.

        Raises:
            ConfigError: arch is not installed.
        """
        w = self.transform.stationary(self.transform.level(past.target))
        size = float(np.std(w)) or 1.0
        model = optional("arch").arch_model(w / size, mean="AR", lags=1, vol="GARCH", p=1, q=1, dist="t", rescale=False)
        with quiet():
            constant, slope, omega, alpha, beta, nu = np.asarray(model.fit(disp="off", show_warning=False).params)
        return GarchFit(
            self.transform, horizon, constant * size, slope, omega * size**2, alpha, beta, max(float(nu), 2.05)
        )
