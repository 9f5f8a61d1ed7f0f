"""Figures of the climate: responses of calibrations side by side, pathways, optimal paths.

Every function returns a matplotlib `Figure` that no window holds.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from saddlepath.report.drawing import SOLID, legend, line, line_colours, named, panels, words

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

LATE = 2200
"""Last year that figures of optimal paths show."""


def responses(*found: "xr.DataArray") -> "Figure":
    """Responses of several calibrations, one panel each.

    Args:
        found: What `pulse`, `quadrupling` or `ramp` returned.
    """
    names = list(dict.fromkeys(str(name) for response in found for name in response.calibration.values))
    colours = dict(zip(names, line_colours(len(names)), strict=True))
    figure, axes = panels(len(found), height=2.3)
    for panel, response in zip(axes, found, strict=True):
        for name in response.calibration.values:
            panel.plot(response.year, response.sel(calibration=name), color=colours[str(name)], **SOLID)
        words(panel, title=named(response.attrs), x="Years")
    legend(figure, [line(colour, name) for name, colour in colours.items()])
    return figure


def pathways(runs: Mapping[str, "xr.Dataset"]) -> "Figure":
    """Concentration of CO2 and warming of the atmosphere along pathways.

    Args:
        runs: What `rcp_run` returned, by name.
    """
    figure, (air, warmth) = panels(2, columns=2, height=2.3)
    for (name, run), colour in zip(runs.items(), line_colours(len(runs)), strict=True):
        air.plot(run.year, run.co2, color=colour, label=name, **SOLID)
        warmth.plot(run.year, run.temperature.sel(box="AT"), color=colour, label=name, **SOLID)
    words(air, title="CO2 in the atmosphere [ppm]", x="Year")
    words(warmth, title="Temperature [K above pre-industrial]", x="Year")
    legend(figure, air)
    return figure


def optimal_paths(
    solutions: Mapping[str, "xr.Dataset"], last: int = LATE, published: Mapping[str, "xr.Dataset"] | None = None
) -> "Figure":
    """Social cost of carbon, tax, abatement, emissions, carbon, temperature, damages, capital and consumption.

    Dollars are those of 2010, temperature is that of the air above pre-industrial.

    Args:
        solutions: What `optimum` or `five_year_optimum` returned, by name.
        last: Last year that is shown.
        published: What `climate.published` returned, by the names of solutions beside which it is marked.
    """
    figure, axes = panels(9, height=2.0)
    for (name, solution), colour in zip(solutions.items(), line_colours(len(solutions)), strict=True):
        lines = _shown(solution.sel(year=slice(None, last)))
        marks = _shown(published[name].sel(year=slice(None, last))) if published and name in published else {}
        for panel, (title, values) in zip(axes, lines.items(), strict=True):
            panel.plot(values.year, values, color=colour, label=name, **SOLID)
            words(panel, title=title)
            if title in marks:
                panel.plot(marks[title].year, marks[title], "o", color=colour, label=f"{name}, published", ms=4)
    legend(figure, axes[0])
    return figure


def _shown(paths: "xr.Dataset") -> "dict[str, xr.DataArray]":
    """Series by the title of their panel; a published solution states no tax."""
    titles = {
        "scc": "Social cost [USD/tCO2]",
        "tax": "Carbon tax [USD/tCO2]",
        "abatement": "Abatement",
        "emissions": "Emissions [GtCO2/yr]",
        "carbon": "Carbon in the air [GtC]",
        "temperature": "Temperature [K]",
        "damages": "Damages [of output]",
        "capital": "Capital [trn USD]",
        "consumption": "Consumption [trn USD/yr]",
    }
    of_air = paths.sel(reservoir="AT", box="AT")
    return {title: of_air[name] for name, title in titles.items() if name in paths}
