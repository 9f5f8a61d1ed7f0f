"""Baselines against other programs and by hand; walks that never look ahead."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.api import VAR as StatsmodelsVAR
from statsmodels.tsa.ar_model import AutoReg
from tests.cases import mostly_slow

from saddlepath.errors import ConfigError
from saddlepath.forecast.baselines import AR, HAR, HAR_LAGS, RISK_METRICS, VAR, LinearLags, Rule
from saddlepath.forecast.datasets import airline, noisy_sine, sample_series
from saddlepath.forecast.econometric import ETS, GARCH, SARIMA
from saddlepath.forecast.series import Series, read_series
from saddlepath.forecast.transforms import Transform
from saddlepath.forecast.walking import Forecaster, Past, WalkForward, walk_forward


def autoregression(n: int = 300, seed: int = 0) -> np.ndarray:
    e = np.random.default_rng(seed).normal(size=n)
    y = np.zeros(n)
    for t in range(2, n):
        y[t] = 0.5 + 0.6 * y[t - 1] - 0.3 * y[t - 2] + e[t]
    return y


def past_of(*columns: np.ndarray, period: float = 1.0) -> Past:
    return Past(np.column_stack(columns), 0, period)


def test_rules_by_hand() -> None:
    y = np.arange(1.0, 31.0) + np.tile([5.0, 0.0, -1.0], 10)
    past = past_of(y, period=3.0)
    say = lambda name: Rule(name).fit(past, 4).predict([past])[0]
    np.testing.assert_allclose(say("mean"), y.mean())
    np.testing.assert_allclose(say("last value"), y[-1])
    np.testing.assert_allclose(say("drift"), y[-1] + (y[-1] - y[0]) / 29 * np.arange(1, 5))
    np.testing.assert_allclose(say("seasonal naive"), y[[-3, -2, -1, -3]])
    weights = RISK_METRICS ** np.arange(30)[::-1]
    np.testing.assert_allclose(say("EWMA"), np.average(y, weights=weights))


def test_autoregression_is_that_of_statsmodels() -> None:
    """Order two is found; with it coefficients and forecasts are least squares, to the rounding of two solvers."""
    y = autoregression()
    fitted = AR(most=8).fit(past_of(y), 5)
    reference = AutoReg(y[6:], 2).fit()  # the same sample: the first eight observations are lags of the longest order
    assert len(fitted.weights) == 2
    np.testing.assert_allclose([fitted.constant, *fitted.weights], reference.params, rtol=1e-8)
    np.testing.assert_allclose(fitted.predict([past_of(y)])[0], reference.forecast(5), rtol=1e-8)


def test_vector_autoregression_is_that_of_statsmodels() -> None:
    data = np.column_stack([autoregression(seed=1), autoregression(seed=2)])
    data[1:, 0] += 0.4 * data[:-1, 1]
    past = Past(data)
    fitted = VAR(most=1).fit(past, 3)
    expected = StatsmodelsVAR(data).fit(1).forecast(data[-1:], 3)[:, 0]
    np.testing.assert_allclose(fitted.predict([past])[0], expected, rtol=1e-7)
    with pytest.raises(ConfigError, match="a VAR needs a second series"):
        VAR().fit(past_of(data[:, 0]), 1)


def test_har_is_least_squares_on_three_means() -> None:
    y = np.abs(autoregression(400, seed=3))
    fitted = HAR().fit(past_of(y), 1)
    rows = np.arange(22, 400)
    means = [np.array([y[t - k : t].mean() for t in rows]) for k in HAR_LAGS]
    coefficients = np.linalg.lstsq(np.column_stack([np.ones(len(rows)), *means]), y[rows], rcond=None)[0]
    expected = coefficients @ [1.0, *(y[-k:].mean() for k in HAR_LAGS)]
    np.testing.assert_allclose(fitted.predict([past_of(y)])[0, 0], expected, rtol=1e-9)
    with pytest.raises(ConfigError, match="averages 22 observations and needs 44, got 30"):
        HAR().fit(past_of(y[:30]), 1)


def test_seasonal_harmonics_continue_from_the_right_date() -> None:
    """A pure sine is forecast exactly, also by a past that does not begin with the series."""
    y = np.sin(2 * np.pi * np.arange(120) / 10.3) + 3
    past = Past(y[37:100, None], 37, 10.3)
    np.testing.assert_allclose(AR(most=0, pairs=(1,)).fit(past, 20).predict([past])[0], y[100:], atol=1e-10)


@pytest.mark.slow
def test_sarima_reproduces_the_airline_model() -> None:
    """An own run of the course's data measured 15.7 for (0,1,1)(0,1,1)12 in logarithms, 46.3 and 53.4 for the
    naive forecasts, on the last 28 months."""
    walk = WalkForward(1, first=116)
    rmse = lambda model: float(np.sqrt(np.mean(walk_forward(model, airline(), walk).errors ** 2)))
    assert rmse(SARIMA(Transform(("log",)), order=(0, 1, 1))) == pytest.approx(15.7, abs=0.1)
    assert rmse(Rule("seasonal naive")) == pytest.approx(46.3, abs=0.05)
    assert rmse(Rule("last value")) == pytest.approx(53.4, abs=0.05)


def test_garch_filters_the_variance_as_arch_does() -> None:
    from arch import arch_model

    random, w, variance = np.random.default_rng(5), np.zeros(800), 1.0
    for t in range(1, 800):
        w[t] = np.sqrt(variance) * random.normal()
        variance = 0.05 + 0.1 * w[t] ** 2 + 0.85 * variance
    fitted = GARCH().fit(past_of(w), 3)
    size = w.std()
    model = arch_model(w / size, mean="AR", lags=1, p=1, q=1, dist="t", rescale=False)
    parameters = [fitted.constant / size, fitted.slope, fitted.omega / size**2, fitted.alpha, fitted.beta, fitted.nu]
    expected = model.fix(parameters).forecast(horizon=3).residual_variance.to_numpy()[-1] * size**2
    # The start of the recursion differs, and 0.95^800 of that difference is left.
    np.testing.assert_allclose(fitted.variances(past_of(w)), expected, rtol=1e-6)
    quantiles = fitted.quantiles([past_of(w)], np.array([0.05, 0.5, 0.95]))[0]
    np.testing.assert_allclose(quantiles[:, 1], fitted.predict([past_of(w)])[0], atol=1e-12)


def shuffled(series: Series, known: int) -> Series:
    values = series.values.copy()
    np.random.default_rng(6).shuffle(values[known:])
    return Series(values, series.names, series.dates, series.frequency, series.period)


MODELS: dict[str, Callable[[], Forecaster]] = {
    "mean": lambda: Rule("mean"),
    "last": lambda: Rule("last value"),
    "drift": lambda: Rule("drift"),
    "seasonal": lambda: Rule("seasonal naive"),
    "ewma": lambda: Rule("EWMA"),
    "ar": lambda: AR(Transform(("difference",)), most=6),
    "var": lambda: VAR(most=2),
    "har": HAR,
    "sarima": lambda: SARIMA(order=(1, 0, 0)),
    "ets": ETS,
    "garch": GARCH,
}


SEARCHED = {"sarima", "garch"}
"""Models that are fitted by search."""


@pytest.mark.parametrize("name", mostly_slow(MODELS, MODELS.keys() - SEARCHED))
def test_what_comes_later_changes_no_forecast(name: str) -> None:
    """The leak test: the first ten forecasts are the same bit for bit whatever follows their last origin."""
    y = autoregression(160, seed=7)
    series = read_series(pd.DataFrame({"y": y, "x": np.roll(y, 3)}), "y", beside=["x"])
    walk = WalkForward(2, first=120, refit=5, gap=1)
    one, other = (walk_forward(MODELS[name](), s, walk) for s in (series, shuffled(series, 129)))
    np.testing.assert_array_equal(one.point[:10], other.point[:10])
    assert not np.array_equal(one.actual, other.actual)


class Recorder:
    """Says at which pasts it was fitted and asked."""

    name = "recorder"

    def __init__(self) -> None:
        self.fits: list[tuple[int, int]] = []

    def fit(self, past: Past, horizon: int) -> "Recorder":
        self.fits.append((past.first, past.first + len(past)))
        self.horizon = horizon
        return self

    def predict(self, pasts) -> np.ndarray:
        return np.array([[past.first + len(past) + h for h in range(self.horizon)] for past in pasts], dtype=float)


def test_walks_fit_and_forecast_where_they_say() -> None:
    """The series is its own position: a forecaster that names positions makes no error, gap included."""
    series = read_series(pd.Series(np.arange(60.0)))
    expanding, rolling = Recorder(), Recorder()
    found = walk_forward(expanding, series, WalkForward(3, first=40, refit=4, step=2, gap=2))
    assert expanding.fits == [(0, 40), (0, 48)] and list(found.origins) == list(range(40, 56, 2))
    np.testing.assert_array_equal(found.errors, 0)
    walk_forward(rolling, series, WalkForward(1, first=40, refit=10, window=25))
    assert rolling.fits == [(15, 40), (25, 50)]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: WalkForward(0), "needs a horizon, a step and a refit of at least 1"),
        (lambda: WalkForward(window=5), "a rolling window needs at least 20 observations, got 5"),
        (lambda: WalkForward(200).origins(144), "a horizon of 200 after a gap of 0 needs 115"),
        (lambda: WalkForward(first=10).origins(144), "at least 20 before the first forecast; the series has 144"),
        (lambda: sample_series("airlines"), "no series 'airlines'"),
    ],
)
def test_impossible_walks(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        call()


@pytest.mark.parametrize(
    ("name", "length", "frequency"),
    [("airline", 144, "month"), ("sine", 500, "step"), ("co2", 2284, "week"), ("sunspots", 309, "year"),
     ("macro", 202, "quarter"), ("sp500", 5030, "trading day")],
)  # fmt: skip
def test_series_that_ship_with_packages(name: str, length: int, frequency: str) -> None:
    series = sample_series(name)
    assert (len(series), series.frequency) == (length, frequency)


def test_the_noisy_sine_is_that_of_the_course() -> None:
    """An own run of the course's example measured 0.0633 for order ten on 96 windows; targets here are 100."""
    walk = WalkForward(1, first=400)
    fitted = AR(most=10).fit(walk.past(noisy_sine(), 400), 1)
    assert isinstance(fitted, LinearLags)
    error = float(np.mean(walk_forward(AR(most=10), noisy_sine(), walk).errors ** 2))
    assert error == pytest.approx(0.0633, abs=0.002)
