"""Series with dates: read from CSV or pandas, checked before anything is fitted to them.

The frequency is found from the dates themselves. Dates that repeat or are missing, gaps in the numbers, columns that
are no numbers and series that never change are answered with a sentence: a forecast on such data would be wrong
without looking wrong.
"""

import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from saddlepath.container import PathLike
from saddlepath.errors import ConfigError, FileError
from saddlepath.model import nearest_names

if TYPE_CHECKING:
    import pandas as pd

TRADING, STEP = "trading day", "step"
FREQUENCIES = {"Y": ("year", 1.0), "Q": ("quarter", 4.0), "M": ("month", 12.0), "W": ("week", 365.25 / 7)}
FREQUENCIES |= {"D": ("day", 7.0), "h": ("hour", 24.0), "min": ("minute", 60.0)}
"""Frequencies that are recognised: code of pandas, name, and observations per season [-], coarsest first."""
LONGEST_CLOSURE = 10
"""Days that a market may be closed before its dates count as missing [days]."""
FEWEST = 20
"""Observations without which nothing is forecast [-]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Series:
    """One series to be forecast, perhaps with others beside it, at equally spaced dates.

    Attributes:
        values: Observations `[time, n_columns]`, the target first. [units of the data]
        names: Names of the columns.
        dates: A pandas index of dates, or of positions where the data have none.
        frequency: `month`, `quarter`, ... , `trading day`, or `step` without dates.
        period: Observations per season, not always a whole number; 1: no season. [-]
    """

    values: Float[np.ndarray, "time n_columns"]
    names: tuple[str, ...]
    dates: Any
    frequency: str
    period: float

    @property
    def target(self) -> Float[np.ndarray, " time"]:
        """The series to be forecast."""
        return self.values[:, 0]

    def __len__(self) -> int:
        return len(self.values)

    def known(self, origin: int) -> Float[np.ndarray, "known n_columns"]:
        """Observations before an origin, as they were known then. [units of the data]"""
        return self.values[:origin]

    def dates_after(self, steps: int) -> list[str]:
        """Names of the dates that follow the last one."""
        import pandas as pd

        last = self.dates[-1]
        if self.frequency == STEP:
            return [str(int(last) + k + 1) for k in range(steps)]
        if self.frequency == TRADING:
            return [str(day.date()) for day in pd.bdate_range(last.to_timestamp(), periods=steps + 1)[1:]]
        return [str(last + k + 1) for k in range(steps)]


def read_series(
    source: "PathLike | pd.DataFrame | pd.Series",
    target: str | None = None,
    *,
    date: str | None = None,
    beside: Sequence[str] = (),
    period: float | None = None,
) -> Series:
    """Read a series from a CSV file or from pandas, and check it.

    Args:
        source: A CSV file with a head, a data frame, or a pandas series.
        target: Column to be forecast; may be left out of a pandas series.
        date: Column of the dates; default: an index of dates, or the first column that reads as dates.
        beside: Further columns that models of several series may use.
        period: Observations per season; default: by frequency, 12 for months. [-]

    Returns:
        The series in order of its dates.

    Raises:
        FileError: The file is missing or no CSV.
        ConfigError: An unknown or non-numeric column, missing values, dates that repeat or are missing, a series that
            never changes or is too short.
    """
    frame, target = _frame(source, target)
    frame, dates, column = dated(frame, date)
    names = (target, *beside)
    for name in names:
        if name not in frame.columns:
            valid = [str(c) for c in frame.columns if c != column]
            raise ConfigError(f"no column {name!r} in the data; {nearest_names(name, valid)}")
    values = np.column_stack([numbers(frame[name], name) for name in names])
    if dates is None:
        found = Series(values, names, frame.reset_index().index, STEP, period or 1.0)
    else:
        periods, frequency, usual = _regular(dates)
        found = Series(values, names, periods, frequency, usual if period is None else float(period))
    _check(found)
    return found


def _frame(source: Any, target: str | None) -> tuple["pd.DataFrame", str]:
    import pandas as pd

    if isinstance(source, pd.Series):
        name = target or str(source.name or "y")
        return source.to_frame(name), name
    frame = read_frame(source)
    if target is None:
        raise ConfigError(f"name the column to forecast as target: one of {', '.join(map(str, frame.columns))}.")
    return frame, target


def read_frame(source: "PathLike | pd.DataFrame") -> "pd.DataFrame":
    """A data frame, or that of a CSV file.

    Raises:
        FileError: The file is missing or no CSV.
    """
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return source
    path = Path(source)
    if not path.is_file():
        raise FileError(f"{path} does not exist; give the path of a CSV file with a line of column names.")
    try:
        return pd.read_csv(path)
    except (ValueError, UnicodeDecodeError) as error:
        raise FileError(f"{path} does not read as CSV: {str(error).strip()}; export it as plain CSV.") from error


def dated(frame: "pd.DataFrame", date: str | None) -> tuple["pd.DataFrame", "pd.DatetimeIndex | None", str | None]:
    """Rows in order of their dates, the dates, and the column that holds them; no dates where nothing reads as such.

    Raises:
        ConfigError: The column named for the dates is missing or holds none.
    """
    dates, column = _dates(frame, date)
    if dates is None:
        return frame, None, column
    order = np.argsort(dates.to_numpy(), kind="stable")
    return frame.iloc[order], dates[order], column


def _dates(frame: "pd.DataFrame", date: str | None) -> tuple["pd.DatetimeIndex | None", str | None]:
    """Dates of the rows and the column that holds them; none where nothing reads as dates."""
    import pandas as pd

    if date is None and isinstance(frame.index, pd.PeriodIndex):
        return frame.index.to_timestamp(), None
    if date is None and isinstance(frame.index, pd.DatetimeIndex):
        return frame.index.tz_localize(None), None
    if date is not None and date not in frame.columns:
        raise ConfigError(f"no column {date!r} for the dates; {nearest_names(date, list(map(str, frame.columns)))}")
    candidates = [date] if date is not None else [str(c) for c in frame.columns]
    for name in candidates:
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column) and not (date == name or name.lower() in ("year", "date")):
            continue
        texts = column.astype(int).astype(str) if pd.api.types.is_float_dtype(column) else column.astype(str)
        if texts.str.fullmatch(r"\d{4}\s*[Qq:-]+\s*[1-4]").all():
            quarters = texts.str.extract(r"(\d{4}).*([1-4])$")
            return pd.PeriodIndex(quarters[0] + "Q" + quarters[1], freq="Q").to_timestamp(), name
        format = "%Y" if texts.str.fullmatch(r"\d{4}").all() else None
        with warnings.catch_warnings(action="ignore"):  # a column of words is no column of dates, which is no news
            parsed = pd.DatetimeIndex(pd.to_datetime(texts, errors="coerce", format=format))
        if not parsed.isna().any():
            return parsed.tz_localize(None), name
        if date == name:
            row = int(np.argmax(parsed.isna()))
            raise ConfigError(
                f"column {name!r} is no column of dates: row {row} says {column.iloc[row]!r}; write dates as "
                "2001-03-31."
            )
    return None, None


def _regular(dates: Any) -> tuple["pd.PeriodIndex", str, float]:
    """Dates as periods of the coarsest frequency that tells them apart, its name and observations per season."""
    again = dates[dates.duplicated()]
    if len(again):
        raise ConfigError(
            f"{len(again)} dates occur more than once, the first is {again[0].date()}; keep one row per date."
        )
    code = next((code for code in FREQUENCIES if dates.to_period(code).is_unique), None)
    if code is None:
        raise ConfigError("dates are closer than a minute apart; leave the date column out to count steps instead.")
    periods, (name, season) = dates.to_period(code), FREQUENCIES[code]
    jumps = np.diff(periods.astype("int64"))
    if code == "D" and len(jumps) and bool((dates.day_of_week < 5).all()) and len(dates) > 5:
        name, season, allowed = TRADING, 5.0, LONGEST_CLOSURE
    else:
        allowed = 1
    gaps = np.flatnonzero(jumps > allowed)
    if gaps.size:
        i, missing = int(gaps[0]), int(np.sum(jumps[gaps] - 1))
        raise ConfigError(
            f"dates jump from {periods[i]} to {periods[i + 1]}, so {missing} of the {name}s are missing, in "
            f"{gaps.size} {'gap' if gaps.size == 1 else 'gaps'}; fill them in, or use the data after the last gap."
        )
    return periods, name, season


def numbers(column: Any, name: str) -> Float[np.ndarray, " time"]:
    """A column as numbers, not a number where it is empty.

    Raises:
        ConfigError: An entry that is no number.
    """
    import pandas as pd

    found: Any = pd.to_numeric(column, errors="coerce")
    wrong = np.flatnonzero(found.isna() & ~column.isna())
    if wrong.size:
        raise ConfigError(
            f"column {name!r} must hold numbers, row {wrong[0]} says {column.iloc[wrong[0]]!r} ({wrong.size} such "
            "rows); clean the column or choose another one."
        )
    return found.to_numpy(dtype=float)


def _check(series: Series) -> None:
    for name, values in zip(series.names, series.values.T, strict=True):
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            first, last = series.dates[wrong[0]], series.dates[wrong[-1]]
            raise ConfigError(
                f"{name} has {wrong.size} missing values between {first} and {last}; fill them, or cut the series "
                "there."
            )
        if len(values) < FEWEST:
            raise ConfigError(f"{name} has {len(values)} observations; forecasts need at least {FEWEST}.")
        if np.ptp(values) <= 1e-13 * np.abs(values).max():
            raise ConfigError(f"{name} never changes (it is {values[0]:g} throughout): there is nothing to forecast.")
    if not series.period >= 1:
        raise ConfigError(f"period is the number of observations per season, at least 1, got {series.period}.")
