"""Figures of a comparison of forecasts: the walk with its intervals, the way ahead, and where errors were saved."""

from typing import TYPE_CHECKING

import numpy as np

from saddlepath.forecast.study import BASELINE_NAMES, ForecastStudy
from saddlepath.report.drawing import CYCLE, GREY, INK, SOLID, THIN, legend, line_colours, panels, words
from saddlepath.report.figures import WIDE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 150
"""Most observations of the walk and of the past that a figure shows [observations]."""


def shown_models(study: ForecastStudy) -> list[str]:
    """The models that were asked for and the best baseline, which comes first."""
    asked = [name for name in study.forecasts if name not in BASELINE_NAMES]
    return [study.best_baseline, *asked][: len(CYCLE)]


def walk_figure(study: ForecastStudy) -> "Figure":
    """One-step forecasts along the walk beside what came, with the interval of the last model.

    Args:
        study: A comparison.
    """
    figure, (panel,) = panels(1, columns=1, height=2.6, width=WIDE)
    models = shown_models(study)
    first = study.forecasts[models[0]]
    at = (first.origins + study.walk.gap)[-SHOWN:]
    panel.plot(_when(study, at), first.actual[-SHOWN:, 0], color=INK, label="actual", **SOLID)
    for colour, name in zip(line_colours(len(models)), models, strict=False):
        panel.plot(_when(study, at), study.forecasts[name].point[-SHOWN:, 0], color=colour, label=name, linewidth=1.0)
    low, high = study.interval(models[-1])
    band = f"90 % interval, {models[-1]}"
    panel.fill_between(_when(study, at), low[-SHOWN:, 0], high[-SHOWN:, 0], color=GREY, alpha=0.2, lw=0, label=band)
    words(panel, y=study.series.names[0])
    legend(figure, panel)
    return figure


def ahead_figure(study: ForecastStudy) -> "Figure":
    """The end of the data and forecasts after it, with conformal intervals.

    Args:
        study: A comparison.
    """
    figure, axes = panels(len(study.ahead), columns=2, height=2.2)
    n, past = len(study.series), study.series.target[-SHOWN // 2 :]
    after = n + study.walk.gap + np.arange(study.walk.horizon)
    for panel, (name, ahead), colour in zip(axes, study.ahead.items(), CYCLE, strict=False):
        panel.plot(_when(study, np.arange(n - len(past), n)), past, color=INK, **SOLID)
        panel.plot(_when(study, after), ahead.point, color=colour, marker="o", markersize=2.5, **SOLID)
        panel.fill_between(_when(study, after), ahead.low, ahead.high, color=colour, alpha=0.2, linewidth=0)
        words(panel, title=name, y=study.series.names[0])
    return figure


def saved_figure(study: ForecastStudy) -> "Figure":
    """Squared errors that each model has saved so far against the best baseline (Goyal and Welch, 2008).

    Args:
        study: A comparison.
    """
    figure, (panel,) = panels(1, columns=1, height=2.2, width=WIDE)
    best, *others = shown_models(study)
    at = _when(study, study.forecasts[best].origins)
    for colour, name in zip(line_colours(max(1, len(others))), others, strict=False):
        panel.plot(at, np.cumsum(study.losses(best) - study.losses(name)), color=colour, label=name, **SOLID)
    panel.axhline(0.0, color=GREY, label=best, **THIN)
    words(panel, y="squared error saved")
    legend(figure, panel)
    return figure


def _when(study: ForecastStudy, positions: np.ndarray) -> np.ndarray:
    """Dates of positions, as years where the series has dates; later ones are extrapolated."""
    dates = study.series.dates
    if study.series.frequency == "step":
        return positions.astype(float)
    stamps = dates.to_timestamp()
    known = np.asarray(stamps.year + (stamps.day_of_year - 1) / 365.25, dtype=float)
    step = (known[-1] - known[0]) / (len(known) - 1)
    later = known[-1] + step * (positions - len(known) + 1)
    return np.where(positions < len(known), known[np.minimum(positions, len(known) - 1)], later)
