"""Baselines in closed form: mean, last value, drift, seasonal naive, exponential smoothing, AR, VAR, HAR.

A network that does not beat these has learnt nothing. Autoregressions are least squares on the transformed series;
their order is chosen by the criterion of Schwarz (1978, Annals of Statistics) on one common sample. HAR restricts an
autoregression to means over a day, a week and a month (Corsi, 2009, Journal of Financial Econometrics).
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from saddlepath.errors import ConfigError
from saddlepath.forecast.transforms import Transform
from saddlepath.forecast.walking import Past, Path

RISK_METRICS = 0.94
"""Weight of the past in exponential smoothing of daily data (J.P. Morgan, 1996, RiskMetrics) [-]."""
HAR_LAGS = (1, 5, 22)
"""Trading days of a day, a week and a month [observations]."""


class _Rule(NamedTuple):
    """A forecast that has nothing to fit."""

    kind: str
    horizon: int

    def predict(self, pasts: Sequence[Past]) -> Path:
        return np.stack([RULES[self.kind](past, self.horizon) for past in pasts])


def _seasonal(past: Past, horizon: int) -> Float[np.ndarray, " horizon"]:
    season = max(1, min(round(past.period), len(past)))
    return past.target[len(past) - season + np.arange(horizon) % season]


def _drift(past: Past, horizon: int) -> Float[np.ndarray, " horizon"]:
    slope = (past.target[-1] - past.target[0]) / max(1, len(past) - 1)
    return past.target[-1] + slope * np.arange(1, horizon + 1)


def _smoothed(past: Past, horizon: int) -> Float[np.ndarray, " horizon"]:
    weights = RISK_METRICS ** np.arange(len(past))[::-1]
    return np.full(horizon, float(weights @ past.target / weights.sum()))


RULES = {
    "mean": lambda past, horizon: np.full(horizon, past.target.mean()),
    "last value": lambda past, horizon: np.full(horizon, past.target[-1]),
    "drift": _drift,
    "seasonal naive": _seasonal,
    "EWMA": _smoothed,
}
"""Forecasts without coefficients, by name."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """A baseline without coefficients.

    Attributes:
        name: One of `RULES`.
    """

    name: str

    def fit(self, past: Past, horizon: int) -> _Rule:
        return _Rule(self.name, horizon)


def harmonics(positions: Int[np.ndarray, "*any"], period: float, pairs: int) -> Float[np.ndarray, "*any terms"]:
    """Sines and cosines of a season, `pairs` of each, at positions in the series. [-]"""
    angle = 2 * np.pi * positions[..., None] * np.arange(1, pairs + 1) / period
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=-1)


def lagged(w: Float[np.ndarray, " time"], lags: int, most: int) -> Float[np.ndarray, "rows lags"]:
    """Lags 1 to `lags` of every entry from `most` on, most recent first."""
    return (
        np.stack([w[most - k : len(w) - k] for k in range(1, lags + 1)], axis=1)
        if lags
        else np.empty((len(w) - most, 0))
    )


class LinearLags(NamedTuple):
    """w_t = constant + sum_k weights_k w_{t-k} + season_t, iterated forward.

    Attributes:
        transform: From the series to w.
        horizon: Steps that are forecast.
        constant: The constant. [units of w]
        weights: Of the lags, the most recent first. [-]
        season: Of sines and cosines. [units of w]
    """

    transform: Transform
    horizon: int
    constant: float
    weights: Float[np.ndarray, " lags"]
    season: Float[np.ndarray, " terms"]

    @property
    def memory(self) -> int:
        """Observations that a forecast looks at."""
        return len(self.weights) + self.transform.lost

    def predict(self, pasts: Sequence[Past]) -> Path:
        return self.transform.restore(self.levels(pasts))

    def levels(self, pasts: Sequence[Past]) -> Path:
        """Forecasts of the transformed level."""
        p = len(self.weights)
        tails = np.stack([past.target[len(past) - max(1, self.memory) :] for past in pasts])
        level = self.transform.level(tails)
        w = np.stack([self.transform.stationary(one) for one in level])[:, -p:] if p else np.empty((len(pasts), 0))
        season = np.zeros((len(pasts), self.horizon))
        if self.season.size:
            ahead = np.array([past.first + len(past) for past in pasts])[:, None] + np.arange(self.horizon)
            season = harmonics(ahead, pasts[0].period, self.season.size // 2) @ self.season
        path = np.concatenate([w, np.zeros((len(pasts), self.horizon))], axis=1)
        for h in range(self.horizon):
            path[:, p + h] = self.constant + path[:, h : h + p][:, ::-1] @ self.weights + season[:, h]
        return self.transform.integrate(level, path[:, p:])


def least_squares(
    x: Float[np.ndarray, "rows terms"], y: Float[np.ndarray, " rows"]
) -> tuple[Float[np.ndarray, " terms"], float]:
    """Coefficients and the criterion of Schwarz."""
    found = np.linalg.lstsq(x, y, rcond=None)[0]
    errors = y - x @ found
    n = len(y)
    return found, n * float(np.log(max(errors @ errors / n, 1e-300))) + x.shape[1] * float(np.log(n))


@dataclasses.dataclass(frozen=True)
class AR:
    """Autoregression whose order, and number of seasonal harmonics, the criterion of Schwarz chooses.

    Attributes:
        transform: From the series to what is regressed.
        most: Highest order; as many as a tenth of the observations allow.
        pairs: Numbers of harmonics to choose from.
        name: For tables.
    """

    transform: Transform = Transform()
    most: int = 25
    pairs: tuple[int, ...] = (0,)
    name: str = "AR"

    def fit(self, past: Past, horizon: int) -> LinearLags:
        """Fit to a past.

        Raises:
            ConfigError: The past is too short for the transform.
        """
        w = self.transform.stationary(self.transform.level(past.target))
        most = max(1, min(self.most, len(w) // 10))
        at = past.first + self.transform.lost + most + np.arange(len(w) - most)
        best, criterion = None, np.inf
        for pairs in self.pairs if past.period > 1 else (0,):
            season = harmonics(at, past.period, pairs)
            for p in range(most + 1):
                x = np.column_stack([np.ones(len(w) - most), lagged(w, p, most), season])
                found, value = least_squares(x, w[most:])
                if value < criterion:
                    best, criterion = (found, p), value
        assert best is not None
        found, p = best
        return LinearLags(self.transform, horizon, float(found[0]), found[1 : p + 1], found[p + 1 :])


@dataclasses.dataclass(frozen=True)
class HAR:
    """Autoregression on means over a day, a week and a month.

    Attributes:
        transform: From the series to what is regressed.
        name: For tables.
    """

    transform: Transform = Transform()
    name: str = "HAR"

    def fit(self, past: Past, horizon: int) -> LinearLags:
        """Fit to a past.

        Raises:
            ConfigError: The past is too short.
        """
        w = self.transform.stationary(self.transform.level(past.target))
        most = HAR_LAGS[-1]
        if len(w) < 2 * most:
            raise ConfigError(f"HAR averages {most} observations and needs {2 * most}, got {len(w)}.")
        lags = lagged(w, most, most)
        x = np.column_stack([np.ones(len(lags)), *(lags[:, :k].mean(axis=1) for k in HAR_LAGS)])
        found, _ = least_squares(x, w[most:])
        weights = np.zeros(most)
        for k, coefficient in zip(HAR_LAGS, found[1:], strict=True):
            weights[:k] += coefficient / k
        return LinearLags(self.transform, horizon, float(found[0]), weights, np.empty(0))


class _Vector(NamedTuple):
    transform: Transform
    horizon: int
    constant: Float[np.ndarray, " n_columns"]
    weights: Float[np.ndarray, "lags n_columns n_columns"]

    def predict(self, pasts: Sequence[Past]) -> Path:
        return np.stack([self._one(past) for past in pasts])

    def _one(self, past: Past) -> Float[np.ndarray, " horizon"]:
        p = len(self.weights)
        w = _all_stationary(self.transform, past.values[len(past) - p - self.transform.lost :])
        path = list(w[len(w) - p :])
        for _ in range(self.horizon):
            path.append(self.constant + sum(path[-k] @ self.weights[k - 1] for k in range(1, p + 1)))
        later = np.array([step[0] for step in path[p:]])
        return self.transform.restore(self.transform.integrate(self.transform.level(past.target), later))


def _all_stationary(transform: Transform, values: Float[np.ndarray, "time n"]) -> Float[np.ndarray, "rest n"]:
    """The target transformed, the other columns as they are, where both exist."""
    target = transform.stationary(transform.level(values[:, 0]))
    return np.column_stack([target, values[transform.lost :, 1:]])


@dataclasses.dataclass(frozen=True)
class VAR:
    """Vector autoregression of the target and the columns beside it, its order by the criterion of Schwarz.

    Attributes:
        transform: Of the target; the other columns enter as they are.
        most: Highest order.
        name: For tables.
    """

    transform: Transform = Transform()
    most: int = 8
    name: str = "VAR"

    def fit(self, past: Past, horizon: int) -> _Vector:
        """Fit to a past.

        Raises:
            ConfigError: There is one column only, or the past is too short.
        """
        if past.values.shape[1] < 2:
            raise ConfigError("a VAR needs a second series; name one with --beside, or read_series(beside=...).")
        w = _all_stationary(self.transform, past.values)
        n = w.shape[1]
        most = max(1, min(self.most, len(w) // (10 * n)))
        rows = len(w) - most
        if rows < 2 * n:
            raise ConfigError(f"a VAR of {n} series needs more than {len(w)} observations; leave some out.")
        best, criterion = None, np.inf
        for p in range(1, most + 1):
            x = np.column_stack([np.ones(rows), *(w[most - k : len(w) - k] for k in range(1, p + 1))])
            found = np.linalg.lstsq(x, w[most:], rcond=None)[0]
            errors = w[most:] - x @ found
            value = rows * np.linalg.slogdet(errors.T @ errors / rows)[1] + found.size * np.log(rows)
            if value < criterion:
                best, criterion = (found, p), value
        assert best is not None
        found, p = best
        return _Vector(self.transform, horizon, found[0], found[1:].reshape(p, n, n))
