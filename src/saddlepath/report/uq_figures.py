"""Figures of a sensitivity analysis: tornado, Shapley bars, univariate panels, the law of a quantity, surrogate check.

Every function returns a matplotlib `Figure` that no window holds.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from saddlepath.report.drawing import BLUE, GREEN, GREY, INK, ORANGE, SMALL, SOLID, THIN, legend, line, panels, words
from saddlepath.report.figures import MOST, WIDE
from saddlepath.uq.propagation import Propagation
from saddlepath.uq.sensitivity import Sensitivity
from saddlepath.uq.surrogate_check import SurrogateCheck
from saddlepath.uq.univariate import UnivariateEffects

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 0.3
"""Height of one input in a figure of bars [inch]."""
BAR: dict[str, Any] = {"elinewidth": 1.0, "capsize": 2.0, "ecolor": INK}


def tornado(effects: UnivariateEffects) -> "Figure":
    """Range of the mean of the quantity along every input, widest first, and the means at the input's two ends.

    Args:
        effects: Univariate effects on the quantity.
    """
    n, last = len(effects.inputs), effects.at.shape[1] - 1
    figure, (panel,) = panels(1, columns=1, height=0.7 + ROW * n, width=WIDE)
    least, most = effects.mean.min(axis=1), effects.mean.max(axis=1)
    order = np.argsort(most - least)
    rows = np.arange(n)
    panel.barh(rows, (most - least)[order], left=least[order], height=0.6, color="#cfe0ee", label="range of the mean")
    for place, colour, label, shift in ((0, ORANGE, "input low (2 %)", 0.12), (last, BLUE, "input high (98 %)", -0.12)):
        half = (effects.high[order, place] - effects.low[order, place]) / 2
        mean = effects.mean[order, place]
        panel.errorbar(
            mean, rows + shift, xerr=half, fmt="o", markersize=4, color=colour, elinewidth=1.0, capsize=2.0, label=label
        )
    panel.axvline(float(effects.mean.mean()), color=GREY, **THIN)
    _name_rows(panel, [effects.inputs[i] for i in order])
    words(panel, x=f"Mean of {effects.qoi} given one input")
    legend(figure, panel)
    return figure


def _name_rows(panel: "Axes", names: list[str]) -> None:
    panel.set_yticks(np.arange(len(names)), names, fontsize=SMALL)
    panel.grid(axis="y", visible=False)
    panel.grid(axis="x", color="#dddddd", linewidth=0.5)


def shapley_bars(found: Sensitivity) -> "Figure":
    """Shapley effects with their intervals, largest first, first-order and total Sobol' indices beside them.

    Args:
        found: Sensitivity of one quantity.
    """
    n = len(found.inputs)
    groups = [("Shapley", BLUE, found.shapley.effects)]
    if found.sobol is not None:
        sobol = found.sobol
        groups = [("first order", ORANGE, sobol.first), groups[0], ("total", GREEN, sobol.total)]
    figure, (panel,) = panels(1, columns=1, height=0.7 + ROW * n * (1 + len(groups)) / 2, width=WIDE)
    order = np.argsort(found.shapley.effects.value)
    height = 0.8 / len(groups)
    for k, (label, colour, estimates) in enumerate(groups):
        rows = np.arange(n) + (len(groups) - 1 - 2 * k) * height / 2
        margin = estimates.margin[order]
        panel.barh(
            rows, estimates.value[order], height=0.9 * height, color=colour, label=label, xerr=margin, error_kw=BAR
        )
    _name_rows(panel, [found.inputs[i] for i in order])
    panel.set_xlim(left=min(0.0, *(float(e.low.min()) for _, _, e in groups)))
    words(panel, x=f"Share of the variance of {found.qoi}")
    legend(figure, panel)
    return figure


def univariate_panels(effects: UnivariateEffects) -> "Figure":
    """The mean of the quantity along every input, its interval, and the middle ninety per cent of the quantity.

    Args:
        effects: Univariate effects on the quantity; with more than nine inputs, those that move it most are shown.
    """
    from matplotlib.patches import Patch

    swing = np.ptp(effects.mean, axis=1)
    shown = sorted(np.argsort(-swing)[:MOST])
    figure, axes = panels(len(shown), height=1.9)
    for panel, i in zip(axes, shown, strict=True):
        x = effects.at[i]
        panel.fill_between(x, effects.spread_low[i], effects.spread_high[i], color=BLUE, alpha=0.12, linewidth=0)
        panel.fill_between(x, effects.low[i], effects.high[i], color=BLUE, alpha=0.4, linewidth=0)
        panel.plot(x, effects.mean[i], color=BLUE, **SOLID)
        panel.set_ylim(*_common(effects))
        words(panel, x=effects.inputs[i])
    legend(
        figure,
        [
            line(BLUE, f"mean of {effects.qoi} given the input"),
            Patch(color=BLUE, alpha=0.4, linewidth=0, label="its 95 % interval"),
            Patch(color=BLUE, alpha=0.12, linewidth=0, label="5 to 95 % of the quantity"),
        ],
    )
    return figure


def _common(effects: UnivariateEffects) -> tuple[float, float]:
    low = float(min(effects.spread_low.min(), effects.low.min()))
    high = float(max(effects.spread_high.max(), effects.high.max()))
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def quantity_density(found: Propagation) -> "Figure":
    """The density of the quantity under the prior, with its interval, median and outer quantiles.

    Args:
        found: Law of the quantity.
    """
    figure, (panel,) = panels(1, columns=1, height=2.2, width=WIDE)
    density = found.density
    low, high = np.maximum(density.low, 0), density.high
    panel.stairs(high, found.edges, baseline=low, fill=True, color=BLUE, alpha=0.3, label="95 % interval")
    panel.stairs(density.value, found.edges, color=BLUE, linewidth=1.3, label="density")
    for name in ("5 %", "50 %", "95 %"):
        panel.axvline(found.statistics[name], color=GREY, **THIN)
    panel.set_ylim(bottom=0)
    panel.set_yticks([])
    panel.spines["left"].set_visible(False)
    words(panel, x=f"{found.qoi} under the prior")
    legend(figure, panel)
    return figure


def check_figure(check: SurrogateCheck) -> "Figure":
    """Predicted against actual values at points that were left out, with bars of two standard deviations.

    Args:
        check: A surrogate beside what it stands for.
    """
    figure, (panel,) = panels(1, columns=1, height=2.9, width=WIDE)
    panel.errorbar(
        check.actual, check.predicted, yerr=2 * check.sd, fmt="o", markersize=2.5, color=BLUE, ecolor="#9cc3dd",
        elinewidth=0.8, label="point left out, bar of two standard deviations",
    )  # fmt: skip
    ends = [float(np.min(check.actual)), float(np.max(check.actual))]
    panel.plot(ends, ends, color=INK, label="prediction without error", **THIN)
    unit = ", standardised" if check.standardised else ""
    words(panel, x=f"Actual {check.qoi}{unit}", y="Predicted")
    legend(figure, panel)
    return figure
