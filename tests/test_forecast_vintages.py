"""Revised series: models see what was published, and are judged by what is known today or by the first release."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import saddlepath as sp
from saddlepath.errors import ConfigError
from saddlepath.forecast.baselines import Rule
from saddlepath.forecast.vintages import read_vintages
from saddlepath.forecast.walking import walk_forward

N, EARLIEST = 40, 24
REVISION = 0.5
"""Later vintages are higher by this at all dates but their last [units of the data]."""


def published() -> pd.DataFrame:
    """A vintage per quarter from the 24th on; a first release lies half a unit below what it is revised to."""
    truth = np.sin(np.arange(N) / 3) + 5
    quarters = pd.period_range("2001Q1", periods=N, freq="Q").astype(str)
    columns = {}
    for count in range(EARLIEST, N + 1):
        known = np.where(np.arange(N) < count, truth, np.nan)
        known[count - 1] -= REVISION
        columns[f"v{count}"] = known
    return pd.DataFrame({"quarter": quarters, **columns})


def test_an_origin_knows_the_first_vintage_with_its_last_observation() -> None:
    table = published()
    series = read_vintages(table)
    assert (series.frequency, len(series)) == ("quarter", N)
    for origin in (EARLIEST, 30, N):
        expected = table[f"v{origin}"].to_numpy()[:origin]
        np.testing.assert_array_equal(series.known(origin)[:, 0], expected)
    np.testing.assert_array_equal(series.target, table[f"v{N}"])
    np.testing.assert_array_equal(read_vintages(table.iloc[::-1]).vintages, series.vintages)  # in order of the dates


@pytest.mark.parametrize("actual", ["latest", "first"])
def test_forecasts_use_what_was_published_and_are_judged_as_asked(actual: str) -> None:
    series = read_vintages(published(), actual=actual)
    found = walk_forward(Rule("last value"), series, sp.WalkForward(first=30))
    truth = np.sin(np.arange(N) / 3) + 5
    np.testing.assert_allclose(found.point[:, 0], truth[29:-1] - REVISION, rtol=1e-14)
    released = truth[30:] - (REVISION if actual == "first" else 0.0)
    if actual == "latest":
        released[-1] -= REVISION  # the last date is not revised yet
    np.testing.assert_allclose(found.actual[:, 0], released, rtol=1e-14)


def test_later_vintages_change_no_forecast() -> None:
    table = published()
    later = table.copy()
    later.loc[:, "v36":] += 1.0
    forecasts = [
        walk_forward(Rule("last value"), read_vintages(t), sp.WalkForward(first=30)).point for t in (table, later)
    ]
    np.testing.assert_array_equal(forecasts[0][:6], forecasts[1][:6])
    assert not np.array_equal(forecasts[0][6:], forecasts[1][6:])


def test_a_comparison_takes_vintages() -> None:
    series = read_vintages(published())
    study = sp.compare_forecasts(series, [], sp.WalkForward(first=28), ahead=False)
    errors = series.target[28:] - (np.sin(np.arange(27, N - 1) / 3) + 5 - REVISION)
    assert study.table().frame.loc["last value", "RMSE"] == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-12)


def holed(column: str, row: int) -> pd.DataFrame:
    table = published()
    table.loc[row, column] = np.nan
    return table


@pytest.mark.parametrize(
    ("table", "options", "sentence"),
    [
        (published(), {"actual": "final"}, "'latest' or 'first', got 'final'"),
        (published()[["quarter", "v30"]], {}, "two or more beside the dates, got v30"),
        (holed("v30", 4), {}, "vintage v30 has no value at 2002-01-01 but later ones"),
        (published()[["quarter", "v30", "v25"]], {}, "vintage v25 ends before v30"),
        (published()[["quarter", "v25", "v30"]], {}, "the last vintage, v30, has no value for the last 10 dates"),
        (published().assign(v40="x"), {}, "must hold numbers"),
    ],
)
def test_tables_that_are_no_vintages(table: pd.DataFrame, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_vintages(table, **options)
