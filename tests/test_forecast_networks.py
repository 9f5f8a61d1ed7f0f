"""Networks as forecasters: no look ahead, strategies, heads, hybrids, files, and a study that insists on baselines."""

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from saddlepath.errors import ConfigError, FileError
from saddlepath.forecast.baselines import AR, Rule
from saddlepath.forecast.conformal import conformal_width
from saddlepath.forecast.datasets import noisy_sine
from saddlepath.forecast.files import load_forecaster, save_forecaster
from saddlepath.forecast.heads import LEVELS, stated_quantiles, student, student_log_density
from saddlepath.forecast.linear_part import Windows, fit_ridge, head
from saddlepath.forecast.neural import FittedForecaster, NetworkForecaster, deserved
from saddlepath.forecast.series import Series, read_series
from saddlepath.forecast.study import BASELINE_NAMES, ForecastStudy, compare_forecasts
from saddlepath.forecast.transforms import Transform
from saddlepath.forecast.walking import Forecasts, Past, WalkForward, walk_forward
from saddlepath.nn.training import Training

SHORT = Training(rate=1e-2, epochs=8, batch=32)
SMALL = NetworkForecaster("gru", hidden=4, window=6, members=2, training=SHORT)


def waves(n: int = 200, noise: float = 0.1, seed: int = 0) -> np.ndarray:
    return np.sin(np.arange(n) / 3) + noise * np.random.default_rng(seed).normal(size=n) + 3


def series_of(values: np.ndarray) -> Series:
    return read_series(pd.Series(values, name="y"))


HYBRID = dataclasses.replace(SMALL, linear="ridge", transform=Transform(("log", "difference")))
WALK = WalkForward(2, first=85)


@pytest.fixture(scope="module")
def walked() -> Forecasts:
    return walk_forward(HYBRID, series_of(waves(120)), WALK)


@pytest.fixture(scope="module")
def fitted() -> FittedForecaster:
    return HYBRID.fit(Past(waves(120)[:85, None]), 2)


def test_masks_of_dropout_spread_around_the_forecast() -> None:
    pasts = [Past(waves(120)[:n, None]) for n in (90, 100)]
    fitted = dataclasses.replace(SMALL, dropout=0.2, hidden=8).fit(Past(waves(120)[:85, None]), 2)
    draws, again = (fitted.masked(pasts, 40, seed=1) for _ in range(2))
    assert draws.shape == (40, 2, 2)
    np.testing.assert_array_equal(draws, again)
    spread = draws.std(axis=0)
    assert np.all(spread > 0)
    assert np.all(np.abs(draws.mean(axis=0) - fitted.predict(pasts)) < spread)


def test_no_masks_without_dropout(fitted: FittedForecaster) -> None:
    with pytest.raises(ConfigError, match="no dropout and no masks"):
        fitted.masked([Past(waves(120)[:90, None])], 3)


def later_shuffled() -> Series:
    values = waves(120)
    np.random.default_rng(1).shuffle(values[90:])
    return series_of(values)


def test_what_comes_later_changes_no_forecast(walked: Forecasts) -> None:
    other = walk_forward(HYBRID, later_shuffled(), WALK)
    np.testing.assert_array_equal(walked.point[:6], other.point[:6])  # the sixth origin knows 90 observations
    assert not np.array_equal(walked.point[7:], other.point[7:])


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        dataclasses.replace(SMALL, linear="auto"),
        dataclasses.replace(SMALL, strategy="recursive"),
        dataclasses.replace(SMALL, head="student", strategy="direct"),
        dataclasses.replace(SMALL, head="quantiles", cell="transformer"),
    ],
    ids=["auto", "recursive", "direct", "transformer"],
)
def test_what_comes_later_changes_no_forecast_of_any_kind(model: NetworkForecaster) -> None:
    walk = dataclasses.replace(WALK, refit=3)
    one, other = (walk_forward(model, s, walk, levels=(0.1, 0.9)) for s in (series_of(waves(120)), later_shuffled()))
    np.testing.assert_array_equal(one.point[:6], other.point[:6])
    assert (one.quantiles is None) == (model.head == "point")
    if one.quantiles is not None:
        assert other.quantiles is not None and (one.quantiles[..., 0] < one.quantiles[..., 1]).all()
        np.testing.assert_array_equal(one.quantiles[:6], other.quantiles[:6])


def test_windows_and_distances_by_hand() -> None:
    """Differences of a random series: inputs are the last changes, targets the distances from the last value."""
    y = np.random.default_rng(2).normal(size=30)
    windows, past = Windows(3, Transform(("difference",))), Past(y[:, None])
    np.testing.assert_allclose(windows.at([head(past, 20)])[0, :, 0], np.diff(y[16:20]), rtol=1e-12)
    np.testing.assert_allclose(windows.distances(past, [20], 2)[0], y[20:22] - y[19], rtol=1e-12)


def test_ridge_finds_an_autoregression_without_noise() -> None:
    """y_t = 1.2 y_{t-1} - 0.8 y_{t-2} is linear in two lags; the smallest penalty leaves relative errors of 1e-3."""
    y = np.zeros(80)
    y[:2] = 1.0, -0.5
    for t in range(2, 80):
        y[t] = 1.2 * y[t - 1] - 0.98 * y[t - 2]
    past = Past(y[:60, None])
    found = fit_ridge(Windows(2, Transform()), past, 3).levels([past])[0]
    np.testing.assert_allclose(found, y[60:63], atol=2e-3 * np.abs(y).max())


def test_the_share_that_a_network_deserves() -> None:
    """A network that says half of the errors deserves them twice, clipped to one; one of pure noise about nothing."""
    random = np.random.default_rng(3)
    errors, noise = random.normal(size=(2, 400, 1))
    assert deserved(errors, errors / 2) == 1.0
    assert deserved(errors, np.zeros_like(errors)) == 0.0
    assert deserved(errors, -errors) == 0.0
    assert deserved(errors, noise) < 0.05
    # Signal of variance one in noise of variance one: a share of one less a standard error of 1 / sqrt(400).
    assert deserved(errors + noise, noise) == pytest.approx(0.95, abs=0.08)


def test_a_hybrid_without_a_network_is_its_linear_part(fitted: FittedForecaster) -> None:
    past = Past(waves(120)[:85, None])
    none = dataclasses.replace(fitted, shares=np.zeros(1))
    reference = fit_ridge(HYBRID.windows, past, 2).levels([past])
    np.testing.assert_allclose(none.predict([past]), np.exp(reference), rtol=1e-12)


@pytest.mark.slow
def test_a_network_learns_what_a_line_cannot() -> None:
    """The logistic map is chaotic, of zero autocorrelation and a parabola of its last value: an autoregression does no
    better than the mean, a network leaves less than a twentieth of the variance."""
    y = np.empty(260)
    y[0] = 0.3
    for t in range(1, 260):
        y[t] = 4 * y[t - 1] * (1 - y[t - 1])
    walk, series = WalkForward(1, first=220), series_of(y)
    training = Training(rate=2e-2, epochs=150, batch=64)
    model = NetworkForecaster("gru", "ar", hidden=8, window=3, members=1, training=training)
    error = lambda forecaster: float(np.mean(walk_forward(forecaster, series, walk).errors ** 2))
    assert error(AR()) > 0.8 * y.var()
    assert error(model) < 0.05 * y.var()


def test_student_density_and_quantiles_are_those_of_scipy() -> None:
    out = jnp.asarray([[0.3, -0.5, 1.0]])
    location, scale, nu = student(out)
    law = stats.t(float(nu[0]), float(location[0]), float(scale[0]))
    assert float(student_log_density(jnp.asarray(1.7), location, scale, nu)[0]) == pytest.approx(
        law.logpdf(1.7), rel=1e-10
    )
    levels = np.array([0.05, 0.5, 0.95])
    np.testing.assert_allclose(stated_quantiles("student", np.asarray(out), levels)[0], law.ppf(levels), rtol=1e-10)


def test_quantiles_never_cross() -> None:
    crossing = np.linspace(1.0, -1.0, len(LEVELS))[None]
    stated = stated_quantiles("quantiles", crossing, np.array([0.05, 0.3, 0.5, 0.9]))
    assert (np.diff(stated) > 0).all()


def test_a_file_brings_every_forecast_back(fitted: FittedForecaster, tmp_path) -> None:
    past = Past(waves(120)[:85, None])
    save_forecaster(fitted, tmp_path / "net.saddle")
    again = load_forecaster(tmp_path / "net.saddle", HYBRID)
    np.testing.assert_array_equal(again.predict([past]), fitted.predict([past]))
    other = dataclasses.replace(HYBRID, hidden=8)
    with pytest.raises(FileError, match="holds another forecaster: hidden 4, not 8; fit again"):
        load_forecaster(tmp_path / "net.saddle", other)


def test_a_file_of_something_else_is_refused(tmp_path) -> None:
    (tmp_path / "net.saddle").write_text("hello")
    with pytest.raises(FileError, match="is not a forecaster file of saddlepath"):
        load_forecaster(tmp_path / "net.saddle")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: NetworkForecaster("lstn"), "no cell 'lstn'"),
        (lambda: NetworkForecaster(window=0), "a network needs units, layers, a window and members of at least 1"),
        (lambda: NetworkForecaster(strategy="recursive", head="student"), "a recursive forecast feeds on points"),
        (lambda: SMALL.fit(Past(waves(28)[:, None]), 5), "leave 18 windows of 28 observations, at least 20 are needed"),
        (
            lambda: dataclasses.replace(SMALL, strategy="recursive").fit(Past(np.ones((80, 2))), 2),
            "would need later values of the other columns",
        ),
        (lambda: dataclasses.replace(SMALL, linear="har").fit(Past(waves()[:, None]), 1), "HAR needs windows of 22"),
        (lambda: compare_forecasts(series_of(waves()), ["lsmt"]), "no model 'lsmt'"),
        (lambda: compare_forecasts(series_of(waves()), ["lstm"], WalkForward(300)), "the series has 200"),
    ],
)
def test_impossible_networks(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        call()


def test_no_result_without_the_baselines() -> None:
    series, walk = series_of(waves()), WalkForward(1, first=180)
    alone = {"GRU": walk_forward(Rule("mean"), series, walk)}
    with pytest.raises(ConfigError, match="no result is shown without the baselines, and mean, last value, drift"):
        str(ForecastStudy(series, walk, Transform(), alone))


@pytest.mark.slow
def test_a_study_from_the_command_line(tmp_path) -> None:
    """All baselines stand in the table or say why not; what loses is said to lose; the report carries it all."""
    from saddlepath.cli.app import app

    months = pd.period_range("2001-01", periods=150, freq="M").astype(str)
    pd.DataFrame({"month": months, "y": waves(150)}).to_csv(tmp_path / "data.csv", index=False)
    arguments = ["forecast", str(tmp_path / "data.csv"), "--target", "y", "--horizon", "2", "--models", "gru,ar"]
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out")], catch_exceptions=False)
    assert done.exit_code == 0
    for name in (*BASELINE_NAMES, "GRU"):
        assert name in done.stdout
    assert "Not run: VAR, a VAR needs a second series" in done.stdout
    assert ("GRU loses to" in done.stdout) != ("GRU beats" in done.stdout)
    assert "2013-07" in done.stdout and "2013-08" in done.stdout
    page = (tmp_path / "out" / "forecast.html").read_text()
    assert "SARIMA" in page and page.count("data:image/svg+xml") == 3
    assert (tmp_path / "out" / "tables" / "errors.csv").is_file()


@pytest.mark.slow
def test_conformal_intervals_of_a_network_cover_what_they_say() -> None:
    """Split intervals of 90 % on fifty noisy sines: with 80 errors each their mean coverage lies in [87, 93] %."""
    model = NetworkForecaster("gru", "ridge", hidden=8, window=20, members=1, training=Training(epochs=30, batch=64))
    inside = []
    for seed in range(50):
        series = noisy_sine(seed)
        fitted = model.fit(Past(series.values[:320]), 1)
        pasts = [Past(series.values[:origin]) for origin in range(320, 500)]
        errors = series.target[320:] - fitted.predict(pasts)[:, 0]
        inside.append(np.mean(np.abs(errors[80:]) <= conformal_width(errors[:80], 0.9)))
    assert 0.87 <= np.mean(inside) <= 0.93
