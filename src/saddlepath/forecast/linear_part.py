"""The linear part of a hybrid forecast: an autoregression, HAR, or a ridge regression on the whole window.

Linear dynamics are learnt from few observations by least squares and hardly at all by gradient descent; a network is
then left with what is not linear. Which linear part forecasts best is decided on a validation part of the past.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError
from saddlepath.forecast.baselines import AR, HAR, HAR_LAGS, LinearLags, harmonics
from saddlepath.forecast.transforms import Transform
from saddlepath.forecast.walking import Past, Path

LINEAR = ("ar", "har", "ridge")
"""Linear parts by name."""
PAIRS = 2
"""Pairs of sines and cosines of a season [-]."""
PENALTIES = np.geomspace(1e-4, 1e4, 33)
"""Ridge penalties to choose from, relative to a mean squared singular value of one per observation [-]."""


class Windows(NamedTuple):
    """How a past becomes the inputs of a regression or of a network.

    Attributes:
        length: Observations in a window.
        transform: From the target to w.
        season: Whether sines and cosines of the season are inputs.
    """

    length: int
    transform: Transform
    season: bool = True

    @property
    def memory(self) -> int:
        """Observations that a window looks at."""
        return self.length + self.transform.lost

    def columns(self, past: Past) -> Float[np.ndarray, "rest n_inputs"]:
        """w, the other columns, and the season, by date, without the dates that differences use up."""
        w = self.transform.stationary(self.transform.level(past.target))
        position = past.first + self.transform.lost + np.arange(len(w))
        season = harmonics(position, past.period, PAIRS if self.season and past.period > 1 else 0)
        return np.column_stack([w, past.values[self.transform.lost :, 1:], season])

    def at(self, pasts: Sequence[Past]) -> Float[np.ndarray, "origins length n_inputs"]:
        """The last window of every past."""
        return np.stack([self.columns(tail(past, self.memory)) for past in pasts])

    def distances(self, past: Past, ends: Sequence[int], horizon: int) -> Path:
        """What is learnt: later levels less the base path, after the first `end` observations. [units of the level]"""
        level = self.transform.level(past.target)
        history = np.stack([level[end - max(1, self.transform.lost) : end] for end in ends])
        later = np.stack([level[end : end + horizon] for end in ends])
        return later - self.transform.base(history, horizon)

    def base(self, pasts: Sequence[Past], horizon: int) -> Path:
        """The base path after every past. [units of the level]"""
        last = np.stack([past.target[len(past) - max(1, self.transform.lost) :] for past in pasts])
        return self.transform.base(self.transform.level(last), horizon)


def tail(past: Past, length: int) -> Past:
    """The last observations of a past."""
    return Past(past.values[len(past) - length :], past.first + len(past) - length, past.period)


def head(past: Past, length: int) -> Past:
    """The first observations of a past."""
    return Past(past.values[:length], past.first, past.period)


class Ridge(NamedTuple):
    """Distances of all steps as a linear function of a window.

    Attributes:
        windows: The inputs.
        horizon: Steps that are forecast.
        centre: Mean of the inputs. [units of the inputs]
        weights: `[n_inputs, horizon]`.
        constant: `[horizon]`. [units of the level]
    """

    windows: Windows
    horizon: int
    centre: Float[np.ndarray, " n_inputs"]
    weights: Float[np.ndarray, "n_inputs horizon"]
    constant: Float[np.ndarray, " horizon"]

    def levels(self, pasts: Sequence[Past]) -> Path:
        """Forecasts of the transformed level."""
        x = _flat(self.windows.at(pasts))
        return self.windows.base(pasts, self.horizon) + self.constant + (x - self.centre) @ self.weights


def _flat(x: Float[np.ndarray, "origins length n_inputs"]) -> Float[np.ndarray, "origins n"]:
    return x.reshape(len(x), -1)


def fit_ridge(windows: Windows, past: Past, horizon: int) -> Ridge:
    """A ridge regression for every step, its penalty by generalised cross-validation (Golub et al., 1979)."""
    ends = range(windows.memory, len(past) - horizon + 1)
    x = _flat(windows.at([head(past, end) for end in ends]))
    z = windows.distances(past, ends, horizon)
    centre, size = x.mean(axis=0), x.std(axis=0)
    size = np.where(size > 1e-12 * np.abs(x).max(), size, 1.0)
    u, s, vt = np.linalg.svd((x - centre) / size, full_matrices=False)
    fitted, n = u.T @ (z - z.mean(axis=0)), len(z)
    weights = np.empty((x.shape[1], horizon))
    for h in range(horizon):
        total = float(np.sum((z[:, h] - z[:, h].mean()) ** 2))
        scores = []
        for penalty in PENALTIES:
            kept = s**2 / (s**2 + penalty * n)
            error = total - float(np.sum((2 * kept - kept**2) * fitted[:, h] ** 2))
            scores.append(error / max(n - 1 - kept.sum(), 1e-9) ** 2)
        shrunk = s / (s**2 + PENALTIES[int(np.argmin(scores))] * n)
        weights[:, h] = (vt.T @ (shrunk * fitted[:, h])) / size
    return Ridge(windows, horizon, centre, weights, z.mean(axis=0))


def fit_linear(kind: str, windows: Windows, past: Past, horizon: int) -> LinearLags | Ridge:
    """The linear part of one kind, which looks no further back than the windows.

    Raises:
        ConfigError: The windows, or the past, are too short for a HAR.
    """
    if kind == "ridge":
        return fit_ridge(windows, past, horizon)
    if kind == "ar":
        return AR(windows.transform, windows.length, (0, PAIRS) if windows.season else (0,)).fit(past, horizon)
    if windows.length < HAR_LAGS[-1]:
        raise ConfigError(f"HAR needs windows of {HAR_LAGS[-1]} observations, got {windows.length}; lengthen them.")
    return HAR(windows.transform).fit(past, horizon)


def choose_linear(windows: Windows, past: Past, horizon: int, validated: int) -> str:
    """The linear part whose forecasts of the last `validated` origins are best when fitted to what came before.

    Raises:
        ConfigError: No linear part can be fitted to so few observations.
    """
    known = len(past) - validated - horizon + 1
    ends = range(known, len(past) - horizon + 1)
    pasts = [head(past, end) for end in ends]
    later = windows.distances(past, ends, horizon) + windows.base(pasts, horizon)
    errors = {}
    for kind in LINEAR:
        try:
            found = fit_linear(kind, windows, head(past, known), horizon).levels(pasts)
        except ConfigError:
            continue  # a HAR needs two months of days
        errors[kind] = float(np.mean((later - found) ** 2))
    if not errors:
        raise ConfigError(f"no linear part can be fitted to {known} observations; give a longer series.")
    return min(errors, key=errors.__getitem__)
