"""Figures of studies: the panels of a finding as they are, one look for all."""

from typing import TYPE_CHECKING

from saddlepath.nn.findings import Line, Panel
from saddlepath.report.drawing import CYCLE, SOLID, legend, panels, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def study_figure(shown: tuple[Panel, ...]) -> "Figure":
    """A figure of panels.

    Args:
        shown: What each panel holds; the legend is that of the first one.
    """
    figure, axes = panels(len(shown), height=2.3)
    for axis, panel in zip(axes, shown, strict=True):
        for colour, line in zip(CYCLE, panel.lines, strict=False):
            _draw(axis, line, colour)
        if panel.log_x:
            axis.set_xscale("log")
        if panel.log_y:
            axis.set_yscale("log")
        words(axis, title=panel.title, x=panel.x, y=panel.y)
    legend(figure, axes[0])
    return figure


def _draw(axis: "Axes", line: Line, colour: str) -> None:
    if line.points:
        axis.plot(line.x, line.y, linestyle="none", marker="o", markersize=2.5, color=colour, label=line.name)
        return
    axis.plot(line.x, line.y, color=colour, label=line.name, **SOLID)
    if line.low is not None and line.high is not None:
        axis.fill_between(line.x, line.low, line.high, color=colour, alpha=0.15, linewidth=0)
