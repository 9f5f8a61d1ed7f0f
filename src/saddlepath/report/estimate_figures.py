"""Figures of an estimation: posterior beside prior, chains, the fit of moments, the bootstrap.

Every function returns a matplotlib `Figure` that no window holds.
"""

from typing import TYPE_CHECKING

import numpy as np

from saddlepath.estimate.bootstrap import Bootstrap
from saddlepath.estimate.posterior import Posterior
from saddlepath.estimate.smm import Estimate
from saddlepath.prior import Prior
from saddlepath.report.drawing import BLUE, CYCLE, GREY, INK, ORANGE, SMALL, THIN, legend, line, panels, words
from saddlepath.report.figures import WIDE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 40
ROW = 0.3
"""Height of one moment in the figure of the fit [inch]."""


def posterior_panels(found: Posterior, prior: Prior) -> "Figure":
    """The density of every parameter after the data, and before.

    Args:
        found: Draws.
        prior: The prior, of the same parameters.
    """
    from matplotlib.patches import Patch

    ordered = prior.ordered(found.names)
    figure, axes = panels(len(found.names))
    for i, (panel, name) in enumerate(zip(axes, found.names, strict=True)):
        draws = found.flat[:, i]
        _, edges, _ = panel.hist(draws, BINS, density=True, color=BLUE, alpha=0.5)
        x = np.linspace(edges[0], edges[-1], 200)
        panel.plot(x, np.exp(np.asarray(ordered.marginals[i].log_density(x))), color=INK, **THIN)
        panel.axvline(draws.mean(), color=ORANGE, linewidth=1.2)
        panel.set_yticks([])
        words(panel, x=name)
    legend(
        figure,
        [
            Patch(color=BLUE, alpha=0.5, label="posterior"),
            line(ORANGE, "its mean", linewidth=1.2),
            line(INK, "prior", **THIN),
        ],
    )
    return figure


def chain_panels(found: Posterior) -> "Figure":
    """The draws of every chain in their order.

    Args:
        found: Draws.
    """
    figure, axes = panels(len(found.names), height=1.6)
    for i, (panel, name) in enumerate(zip(axes, found.names, strict=True)):
        for chain, colour in zip(found.draws[:, :, i], CYCLE, strict=False):
            panel.plot(chain, color=colour, linewidth=0.3, alpha=0.7)
        words(panel, x="Draw", title=name)
    return figure


def moment_fit(found: Estimate) -> "Figure":
    """Distance of the model's moments from the data's, in standard errors.

    Args:
        found: An estimate.
    """
    errors = np.sqrt(np.diag(found.data.covariance))
    distance = (found.model - found.data.values) / errors
    rows = np.arange(len(distance))[::-1]
    figure, (panel,) = panels(1, columns=1, height=0.7 + ROW * len(rows), width=WIDE)
    panel.barh(rows, distance, height=0.6, color=BLUE)
    for edge in (-2, 0, 2):
        panel.axvline(edge, color=GREY, **THIN)
    panel.set_yticks(rows, found.data.names, fontsize=SMALL)
    panel.grid(axis="y", visible=False)
    panel.set_xlim(min(-2.5, 1.1 * distance.min()), max(2.5, 1.1 * distance.max()))
    words(panel, x="Model less data, in standard errors of the data")
    return figure


def bootstrap_panels(found: Bootstrap) -> "Figure":
    """Estimates of every parameter from data sets of the estimated model.

    Args:
        found: A bootstrap.
    """
    from scipy.stats import norm

    figure, axes = panels(len(found.parameters))
    for i, (panel, name) in enumerate(zip(axes, found.parameters, strict=True)):
        _, edges, _ = panel.hist(found.draws[:, i], BINS // 2, density=True, color=BLUE, alpha=0.5)
        x = np.linspace(edges[0], edges[-1], 200)
        panel.plot(x, norm.pdf(x, found.theta[i], found.sd[i]), color=INK, **THIN)
        panel.axvline(found.theta[i], color=ORANGE, linewidth=1.2)
        panel.set_yticks([])
        words(panel, x=name)
    labels = [line(ORANGE, "estimate", linewidth=1.2), line(INK, "normal law with its standard error", **THIN)]
    legend(figure, labels)
    return figure
