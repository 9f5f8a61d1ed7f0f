"""Series that are revised: forecasts from what was published at the time, judged by what is known today.

References:
    Croushore and Stark (2001, Journal of Econometrics), real-time data; Stark and Croushore (2002, Journal of
    Macroeconomics), why forecasts from revised data flatter a model.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from saddlepath.container import PathLike
from saddlepath.errors import ConfigError
from saddlepath.forecast.series import Series, dated, numbers, read_frame, read_series

if TYPE_CHECKING:
    import pandas as pd

ACTUALS = ("latest", "first")


@dataclasses.dataclass(frozen=True, eq=False)
class VintageSeries(Series):
    """A series as it was known at every date of publication.

    Its `values` are those that forecasts are judged by. What a model is handed at an origin is the first vintage that
    holds the last observation before it.

    Attributes:
        vintages: Published values `[time, vintages]`, in order of publication; not a number before a value is out.
    """

    vintages: Float[np.ndarray, "time vintages"]

    def known(self, origin: int) -> Float[np.ndarray, "time 1"]:
        """Observations before an origin as they were first known together."""
        vintage = int(np.argmax(np.isfinite(self.vintages[origin - 1])))
        return self.vintages[:origin, vintage][:, None]


def read_vintages(
    source: "PathLike | pd.DataFrame", *, date: str | None = None, actual: str = "latest", period: float | None = None
) -> VintageSeries:
    """Read a table with a row per date and a column per vintage, in order of publication.

    Args:
        source: A CSV file or a data frame; cells are empty where a vintage has no value yet.
        date: Column of the dates; default: an index of dates, or the first column that reads as dates.
        actual: What forecasts are judged by: values of the `latest` vintage, or the `first` one published of each date.
        period: Observations per season; default: by frequency, 12 for months. [-]

    Returns:
        The series; `compare_forecasts` and `walk_forward` take it as any other.

    Raises:
        FileError: The file is missing or no CSV.
        ConfigError: Another `actual`, a date without a value, a vintage with a hole or that ends before the one
            before it, or what `read_series` refuses.
    """
    if actual not in ACTUALS:
        raise ConfigError(f"actual values are 'latest' or 'first', got {actual!r}.")
    import pandas as pd

    frame, dates, column = dated(read_frame(source), date)
    names = [str(name) for name in frame.columns if name != column]
    if len(names) < 2:
        raise ConfigError(f"a table of vintages has two or more beside the dates, got {', '.join(names) or 'none'}.")
    table = np.column_stack([numbers(frame[name], name) for name in names])
    _check(table, names, dates)
    released = np.argmax(np.isfinite(table), axis=1)
    judged = table[:, -1] if actual == "latest" else table[np.arange(len(table)), released]
    base = read_series(pd.Series(judged, index=dates, name="value"), period=period)
    return VintageSeries(base.values, base.names, base.dates, base.frequency, base.period, table)


def _check(table: Float[np.ndarray, "time vintages"], names: list[str], dates: Any) -> None:
    """Every vintage is complete from the first date to its last, and none ends before the one before it."""
    out = np.isfinite(table)
    counts = out.sum(axis=0)
    for name, column, count in zip(names, out.T, counts, strict=True):
        if not column[:count].all():
            row = int(np.argmin(column))
            at = f"row {row}" if dates is None else str(dates[row].date())
            raise ConfigError(
                f"vintage {name} has no value at {at} but later ones; fill it in from the vintage before."
            )
    for i in np.flatnonzero(np.diff(counts) < 0):
        raise ConfigError(
            f"vintage {names[i + 1]} ends before {names[i]}, the one before it; order the columns by their publication."
        )
    if counts[-1] < len(table):
        raise ConfigError(f"the last vintage, {names[-1]}, has no value for the last {len(table) - counts[-1]} dates.")
