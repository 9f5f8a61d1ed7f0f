"""What forecasts are worth: errors of points, of quantiles, of densities and intervals, of variances.

Arrays are `[n]` or `[n, horizon]`; every function averages over all entries. Proper scores are oriented so that
smaller is better.

References:
    Hyndman and Koehler (2006, International Journal of Forecasting), MASE; Campbell and Thompson (2008, Review of
    Financial Studies), R2 out of sample; Gneiting and Raftery (2007, JASA), CRPS and logarithmic score; Patton (2011,
    Journal of Econometrics), QLIKE.
"""

import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError

Values = Float[np.ndarray, "*shape"]


def rmse(actual: Values, forecast: Values) -> float:
    """Root of the mean squared error. [units of the data]"""
    return float(np.sqrt(np.mean((actual - forecast) ** 2)))


def mae(actual: Values, forecast: Values) -> float:
    """Mean absolute error. [units of the data]"""
    return float(np.mean(np.abs(actual - forecast)))


def mase(actual: Values, forecast: Values, past: Float[np.ndarray, " time"], season: int = 1) -> float:
    """Mean absolute error over that of the seasonal naive forecast within the past. [-]"""
    return mae(actual, forecast) / float(np.mean(np.abs(past[season:] - past[:-season])))


def smape(actual: Values, forecast: Values) -> float:
    """Mean of 200 |y - f| / (|y| + |f|); zero where both are zero. [%]"""
    size = np.abs(actual) + np.abs(forecast)
    return float(np.mean(200 * np.abs(actual - forecast) / np.where(size == 0, 1.0, size)))


def r2_out_of_sample(actual: Values, forecast: Values, benchmark: Values) -> float:
    """One minus the ratio of squared errors to those of a benchmark, the mean of the past. [-]"""
    return 1 - float(np.sum((actual - forecast) ** 2) / np.sum((actual - benchmark) ** 2))


def directional_accuracy(actual: Values, forecast: Values, last: Values) -> float:
    """Share of forecasts on the right side of the last known value; no change is no hit. [-]"""
    return float(np.mean((actual - last) * (forecast - last) > 0))


def pinball_loss(
    actual: Values, quantiles: Float[np.ndarray, "*shape levels"], levels: Float[np.ndarray, " levels"]
) -> Float[np.ndarray, " levels"]:
    """Mean of max(level e, (level - 1) e) by level, with e = y - q. [units of the data]"""
    error = actual[..., None] - quantiles
    return np.mean(np.maximum(levels * error, (levels - 1) * error), axis=tuple(range(actual.ndim)))


def crps_of_samples(actual: Values, samples: Float[np.ndarray, "*shape draws"]) -> float:
    """Mean of E|Y - y| - E|Y - Y'| / 2 under the empirical law of draws. [units of the data]"""
    draws = np.sort(samples, axis=-1)
    n = draws.shape[-1]
    spread = draws @ (2 * np.arange(1, n + 1) - n - 1.0) / n**2
    return float(np.mean(np.mean(np.abs(draws - actual[..., None]), axis=-1) - spread))


def crps_of_quantiles(
    actual: Values, quantiles: Float[np.ndarray, "*shape levels"], levels: Float[np.ndarray, " levels"]
) -> float:
    """Twice the integral of the pinball loss over levels, by trapezoids between the outermost. [units of the data]"""
    return 2 * float(np.trapezoid(pinball_loss(actual, quantiles, levels), levels))


def log_score(actual: Values, mean: Values, sd: Values, nu: float | None = None) -> float:
    """Mean of minus the logarithm of the density: normal, or Student's t with this standard deviation. [-]"""
    from scipy.stats import norm, t

    if nu is None:
        return -float(np.mean(norm.logpdf(actual, mean, sd)))
    return -float(np.mean(t.logpdf(actual, nu, mean, sd * np.sqrt((nu - 2) / nu))))


def coverage(actual: Values, low: Values, high: Values) -> float:
    """Share of values inside their interval, of those that have one. [-]"""
    known = np.isfinite(low) & np.isfinite(high)
    return float(np.mean(((low <= actual) & (actual <= high))[known])) if known.any() else float("nan")


def width(low: Values, high: Values) -> float:
    """Mean width of intervals, of those that exist. [units of the data]"""
    size = high - low
    return float(np.mean(size[np.isfinite(size)])) if np.isfinite(size).any() else float("nan")


def qlike(variance: Values, forecast: Values) -> float:
    """Mean of v / f - log(v / f) - 1, with v an unbiased measure of the variance, such as a squared return. [-]

    Raises:
        ConfigError: A measure or a forecast that is not positive.
    """
    if min(np.min(variance), np.min(forecast)) <= 0:
        raise ConfigError(
            f"QLIKE needs positive variances, the smallest is {min(np.min(variance), np.min(forecast)):g}; leave days "
            "without a return out, or measure the variance by the range of prices."
        )
    ratio = variance / forecast
    return float(np.mean(ratio - np.log(ratio) - 1))


def seasonal_lag(period: float, n: int) -> int:
    """Lag of the naive forecast by which MASE scales: a season, or one where the past holds no two."""
    return round(period) if period > 1 and 2 * period < n else 1
