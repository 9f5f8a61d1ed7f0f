"""Series: frequencies, and the sentences that answer bad data; transforms and their way back."""

import numpy as np
import pandas as pd
import pytest

from saddlepath.errors import ConfigError, FileError
from saddlepath.forecast.series import read_series
from saddlepath.forecast.transforms import Transform, transform_of


def monthly(n: int = 48, start: str = "2001-01") -> pd.DataFrame:
    months = pd.period_range(start, periods=n, freq="M").astype(str)
    y = 10 + np.sin(np.arange(n)) + 0.1 * np.arange(n)
    return pd.DataFrame({"month": months, "y": y, "x": np.cos(np.arange(n)), "word": ["a"] * n})


@pytest.mark.parametrize(
    ("freq", "name", "period"),
    [("YS", "year", 1), ("QS", "quarter", 4), ("MS", "month", 12), ("W", "week", 365.25 / 7), ("D", "day", 7),
     ("B", "trading day", 5), ("h", "hour", 24)],
)  # fmt: skip
def test_frequency_comes_from_the_dates(freq: str, name: str, period: float) -> None:
    dates = pd.date_range("2001-01-01", periods=40, freq=freq)
    series = read_series(pd.DataFrame({"when": dates.astype(str), "y": np.arange(40.0)}), "y")
    assert (series.frequency, series.period) == (name, period)
    assert len(series.dates_after(3)) == 3


def test_dates_after_the_last_one() -> None:
    assert read_series(monthly(), "y").dates_after(2) == ["2005-01", "2005-02"]
    friday = pd.date_range(end="2024-03-01", periods=40, freq="B")
    assert read_series(pd.Series(np.arange(40.0), friday)).dates_after(1) == ["2024-03-04"]
    assert read_series(pd.Series(np.arange(40.0))).dates_after(1) == ["40"]


def test_years_as_numbers_quarters_as_words_and_order() -> None:
    years = pd.DataFrame({"YEAR": np.arange(1700.0, 1750.0), "SPOTS": np.arange(50.0)})
    assert read_series(years, "SPOTS").frequency == "year"
    quarters = [f"{2000 + k // 4}Q{k % 4 + 1}" for k in range(40)]
    backwards = pd.DataFrame({"quarter": quarters, "y": np.arange(40.0)})[::-1]
    series = read_series(backwards, "y")
    assert series.frequency == "quarter" and series.target[0] == 0


def test_closed_markets_are_no_gap() -> None:
    days = pd.bdate_range("2001-08-01", periods=60)
    closed = (days >= "2001-09-11") & (days <= "2001-09-14")
    assert read_series(pd.Series(np.arange(56.0), days[~closed])).frequency == "trading day"


def changed(**columns: object) -> pd.DataFrame:
    return monthly().assign(**columns)


def hole(values: pd.Series) -> pd.Series:
    return values.where((values.index < 5) | (values.index > 11))


BAD = {
    "gap": (monthly().drop(index=[7, 8]), "y", r"from 2001-07 to 2001-10, so 2 of the months are missing, in 1 gap"),
    "duplicate": (pd.concat([monthly(), monthly()[5:6]]), "y", r"1 dates occur more than once, the first is 2001-06"),
    "constant": (changed(y=3.0), "y", r"y never changes \(it is 3 throughout\)"),
    "NaN block": (changed(y=hole(monthly()["y"])), "y", r"7 missing values between 2001-06 and 2001-12"),
    "words": (monthly(), "word", r"column 'word' must hold numbers, row 0 says 'a' \(48 such rows\)"),
    "unknown target": (monthly(), "gdp", r"no column 'gdp' in the data"),
    "no target": (monthly(), None, r"name the column to forecast as target: one of month, y, x, word"),
    "too short": (monthly(12), "y", r"12 observations; forecasts need at least 20"),
    "zero": (changed(y=np.zeros(48)), "y", r"never changes"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_data_is_answered_with_a_sentence(name: str) -> None:
    frame, target, sentence = BAD[name]
    with pytest.raises(ConfigError, match=sentence):
        read_series(frame, target)


def test_bad_files_and_dates(tmp_path) -> None:
    with pytest.raises(FileError, match="does not exist; give the path of a CSV file"):
        read_series(tmp_path / "none.csv", "y")
    (tmp_path / "bad.csv").write_text('a,b\n1,2\n"1,2,3\n')
    with pytest.raises(FileError, match="does not read as CSV"):
        read_series(tmp_path / "bad.csv", "a")
    with pytest.raises(ConfigError, match="no column of dates: row 0 says 'a'"):
        read_series(monthly(), "y", date="word")
    with pytest.raises(ConfigError, match="no column 'when' for the dates"):
        read_series(monthly(), "y", date="when")
    with pytest.raises(ConfigError, match="at least 1, got 0.5"):
        read_series(monthly(), "y", period=0.5)


def test_csv_and_frame_say_the_same(tmp_path) -> None:
    monthly().to_csv(tmp_path / "data.csv", index=False)
    one, other = read_series(tmp_path / "data.csv", "y", beside=["x"]), read_series(monthly(), "y", beside=["x"])
    np.testing.assert_allclose(one.values, other.values, rtol=1e-15)  # CSV keeps all digits
    assert one.names == ("y", "x") and (one.dates == other.dates).all()


@pytest.mark.parametrize(
    "steps", [(), ("log",), ("difference",), ("log", "season"), ("log", "difference", "season"), ("difference",) * 2]
)
def test_transforms_are_inverted_exactly(steps: tuple[str, ...]) -> None:
    """Later w, put back on the past, are the later values: to rounding that differences of differences pile up."""
    random = np.random.default_rng(0)
    y, split = np.exp(np.cumsum(0.1 * random.normal(size=60))), 40
    transform = transform_of(steps, 4.0)
    level = transform.level(y)
    w = transform.stationary(level)
    assert len(w) == 60 - transform.lost
    restored = transform.restore(transform.integrate(level[:split], w[split - transform.lost :]))
    np.testing.assert_allclose(restored, y[split:], rtol=1e-11)


def test_the_base_path_is_the_textbook_naive_forecast() -> None:
    y = np.arange(1.0, 25.0) + np.tile([0.0, 3.0, 1.0, -2.0], 6)
    np.testing.assert_allclose(Transform(("difference",)).base(y, 3), y[-1])
    np.testing.assert_allclose(Transform(("season",), 4).base(y, 6), y[[-4, -3, -2, -1, -4, -3]])
    np.testing.assert_allclose(Transform(("difference", "season"), 4).base(y, 4), y[-4:] + y[-1] - y[-5])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Transform(("cube",)), "no transform 'cube'"),
        (lambda: Transform(("season",)), "needs a period of at least 2"),
        (lambda: Transform(("log", "log")), "a logarithm is taken once"),
        (lambda: Transform(("log",)).level(np.array([1.0, -2.0])), "needs positive numbers, the series falls to -2"),
        (lambda: transform_of(("season",), 52.18), "season of whole length, this one has 52.18"),
        (lambda: Transform(("season",), 12).stationary(np.ones(12)), "use up 12 observations and there are 12"),
    ],
)
def test_impossible_transforms(call, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        call()
