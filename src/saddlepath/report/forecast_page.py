"""The report of a comparison of forecasts: one page, its tables and figures as files beside it."""

import os
from pathlib import Path
from typing import Any

from saddlepath.container import write_atomically
from saddlepath.forecast.study import BASELINE_NAMES, ForecastStudy
from saddlepath.report.content import Picture, Section
from saddlepath.report.forecast_figures import ahead_figure, saved_figure, walk_figure
from saddlepath.report.html import page, write_parts
from saddlepath.table import Table, table


def write_forecast_report(
    study: ForecastStudy, folder: str | os.PathLike[str], *, title: str = "Forecasts and baselines"
) -> Path:
    """Write `forecast.html`, `tables/` and `figures/` into a folder.

    The page carries its figures inside and needs no network.

    Args:
        study: What `compare_forecasts` returned.
        folder: Where to write; made if it does not exist.
        title: Heading of the page.

    Returns:
        Path of the page.

    Raises:
        ConfigError: A baseline is missing.
        FileError: The folder cannot be written to.
    """
    place, sections = Path(folder), forecast_sections(study)
    for section in sections:
        write_parts(section, place)
    losing = [sentence for sentence in study.verdict() if " loses to " in sentence]
    shown = page(
        title=title,
        summary=_summary(study),
        outcome="; ".join(study.verdict()) or f"the best baseline is {study.best_baseline}",
        converged=not losing,
        warnings=[f"Not run: {name}, {why}" for name, why in study.refused.items()],
        family="",
        facts=_facts(study),
        sections=sections,
    )
    path = place / "forecast.html"
    write_atomically(path, shown.encode())
    return path


def forecast_sections(study: ForecastStudy) -> list[Section]:
    """The parts of the report.

    Raises:
        ConfigError: A baseline is missing.
    """
    laws = study.laws()
    walk = Picture(
        walk_figure(study),
        "Forecasts and what came",
        "First step of every origin. The band is the interval of the model named last: as the model states it, or from "
        "the errors it had made before.",
    )
    saved = Picture(
        saved_figure(study),
        f"Squared errors saved against {study.best_baseline}",
        "A line that rises saves errors there; one that ends below zero lost to the baseline.",
    )
    ahead = Picture(
        ahead_figure(study),
        "After the end of the data",
        "Fitted to all data; bands are split conformal intervals of 90 % from the errors along the walk.",
    )
    tables = {"errors": study.table(), "steps": study.by_step()}
    return [
        Section("errors", "Errors", tables=tables, figures={"walk": walk, "saved": saved}),
        *([Section("laws", "Stated laws", tables={"laws": laws})] if laws is not None else []),
        Section("ahead", "The way ahead", tables={"ahead": ahead_table(study)}, figures={"ahead": ahead}),
    ]


def ahead_table(study: ForecastStudy) -> Table:
    """Forecasts after the end of the data, with their intervals."""
    dates = study.series.dates_after(study.walk.reach)[study.walk.gap :]
    rows = {
        date: {
            f"{name}{what}": float(values[h])
            for name, ahead in study.ahead.items()
            for what, values in (("", ahead.point), (" low", ahead.low), (" high", ahead.high))
        }
        for h, date in enumerate(dates)
    }
    return table(rows, study.series.frequency, title="Forecasts")


def _summary(study: ForecastStudy) -> str:
    networks = sum(name not in BASELINE_NAMES for name in study.forecasts)
    return f"{networks} models beside {len(study.forecasts) - networks} baselines on {study.series.names[0]}."


def _facts(study: ForecastStudy) -> list[tuple[str, Any, str]]:
    walk = study.walk
    origins = len(next(iter(study.forecasts.values())).origins)
    past = "expanding" if walk.window is None else f"rolling, {walk.window}"
    return [
        ("Observations", f"{len(study.series):,}", f"by {study.series.frequency}"),
        ("Origins", origins, f"{past} past; gap {walk.gap}"),
        ("Horizon", walk.horizon, "observations ahead"),
        ("Fits", 1 if walk.refit is None else -(-origins // walk.refit), "per model"),
        ("Transform", ", ".join(study.transform.steps) or "none", "of networks and regressions"),
    ]
