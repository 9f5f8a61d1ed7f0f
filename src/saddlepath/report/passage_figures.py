"""Figures and tables by date, for models in calendar time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from saddlepath.report.drawing import (
    BLUE,
    SMALL,
    SOLID,
    colours,
    entries,
    entry_lines,
    legend,
    line,
    named,
    panels,
    words,
)
from saddlepath.report.figures import FLOOR, WIDE
from saddlepath.table import Table, table

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saddlepath.verification import EulerErrors

SHOWN_DATES = 9
"""Dates of the table of a passage."""
BAND = (0.05, 0.95)
"""Quantiles over paths between which a band lies [-]."""


def passage(data: "xr.Dataset", variables: Sequence[str] | None = None) -> "Figure":
    """Every variable by date: the mean over paths and, where paths differ, a band that holds 90 % of them.

    Args:
        data: What `simulate` returned for a model in calendar time.
        variables: Names; default: all.
    """
    names = [str(name) for name in data.data_vars] if variables is None else list(variables)
    figure, axes = panels(len(names), height=1.7)
    for panel, name in zip(axes, names, strict=True):
        _by_date(panel, data["time"].values, data[name].values)
        words(panel, title=named(data[name].attrs))
    for panel in axes[-3:]:
        panel.set_xlabel("Periods from the first date", fontsize=SMALL)
    legend(figure, entry_lines(max(int(np.prod(data[name].shape[2:])) for name in names)))
    return figure


def _by_date(panel: "Axes", time: np.ndarray, values: np.ndarray) -> None:
    """One variable `[path, time, ...]`, a line per entry."""
    lines = list(entries(values, 2))
    for (_, paths), shade in zip(lines, colours(len(lines)), strict=True):
        if len(paths) > 1:
            low, high = np.quantile(paths, BAND, axis=0)
            panel.fill_between(time, low, high, color=shade, alpha=0.2, linewidth=0)
        panel.plot(time, paths.mean(axis=0), color=shade, **SOLID)


def error_by_date(errors: "EulerErrors", dates: int) -> "Figure":
    """The largest residual of any equation at every date, over all paths: log10.

    Args:
        errors: What `euler_errors` returned on paths of `dates` periods.
        dates: Length of a path. [periods]
    """
    figure, (panel,) = panels(1, columns=1, height=2.4, width=WIDE)
    worst = np.max(errors.worst().reshape(dates, -1), axis=1)
    panel.plot(np.arange(dates), np.log10(np.maximum(worst, FLOOR)), color=BLUE, **SOLID)
    words(panel, title="log10 of the largest residual", x="Periods from the first date")
    legend(figure, [line(BLUE, "worst equation")])
    return figure


def passage_table(data: "xr.Dataset") -> Table:
    """Variables of one number at a few dates, the mean over paths.

    Args:
        data: What `simulate` returned.
    """
    dates = np.unique(np.linspace(0, data.sizes["time"] - 1, SHOWN_DATES).round().astype(int))
    rows = {
        named(data[name].attrs): {str(t): float(data[name].values[:, t].mean()) for t in dates}
        for name in map(str, data.data_vars)
        if data[name].ndim == 2
    }
    return table(rows, "variable", title="The economy by date", note="Columns are periods from the first date.")
