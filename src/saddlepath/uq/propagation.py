"""What a prior says about a quantity of interest: its mean, standard deviation, quantiles and density."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from saddlepath.prior import Prior
from saddlepath.table import Table
from saddlepath.uq.estimates import Estimates, combined, plain
from saddlepath.uq.hybrids import base_scores
from saddlepath.uq.sobol import BASE, DRAWS
from saddlepath.uq.target import Target, target

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Quantiles that are reported [-]."""
BINS = 40
"""Intervals of the density [-]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Propagation:
    """The law of one quantity of interest.

    Attributes:
        qoi: Its name.
        statistics: `mean`, `sd` and quantiles named `1 %` to `99 %`, with errors. [unit of the quantity]
        edges: Ends of the intervals of the density, `[bins + 1]`.
        density: Its density in every interval, with errors. [1 / unit of the quantity]
    """

    qoi: str
    statistics: Estimates
    edges: np.ndarray
    density: Estimates

    def table(self) -> Table:
        return self.statistics.table(f"{self.qoi} under the prior", "statistic")

    def as_dict(self) -> dict[str, Any]:
        heights = {f: plain(getattr(self.density, f)) for f in ("value", "low", "high")}
        return {"statistics": self.statistics.as_dict(), "density": {"edges": plain(self.edges)} | heights}

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()


def propagate(
    function: Any, prior: Prior, *, base: int = BASE, draws: int = DRAWS, seed: int = 0,
    outputs: Sequence[str] | None = None,
) -> dict[str, Propagation]:  # fmt: skip
    """The law of every quantity of interest under a prior.

    Args:
        function: From `[n, n_inputs]` to `[n]` or `[n, n_outputs]`, NumPy; or a surrogate.
        prior: Law of the inputs.
        base: Points of the sample. [-]
        draws: Functions drawn from a surrogate; 0 leaves its error out. [-]
        seed: Seed of scramblings and draws.
        outputs: Names of the quantities of interest.

    Returns:
        Laws by name of the quantity.

    Raises:
        ConfigError: A quantity is constant or not finite, or a prior leaves the surrogate's box.
    """
    return propagate_of(target(function, prior, draws, seed, outputs), base, seed)


def propagate_of(made: Target, base: int, seed: int) -> dict[str, Propagation]:
    """Laws of a target's quantities."""
    z = base_scores(made.prior.size, base, seed)
    with jax.enable_x64(True):
        theta = np.asarray(made.prior.from_normal(z))
    y = made(theta.reshape(-1, made.prior.size)).reshape(*z.shape[:2], -1)
    made.require_variation(y.reshape(-1, y.shape[-1]))
    drawn = None if made.drawn is None else made.drawn(theta[0])
    return {qoi: _law(qoi, y[..., j], None if drawn is None else drawn[..., j]) for j, qoi in enumerate(made.outputs)}


def _law(qoi: str, y: Float[np.ndarray, "scramblings n"], drawn: np.ndarray | None) -> Propagation:
    """The law of one quantity; drawn functions, `[draws, n]`, were evaluated at the points of the first scrambling."""
    names = ("mean", "sd", *(f"{100 * level:g} %" for level in LEVELS))
    every = y if drawn is None else np.vstack([y, drawn])
    edges = np.linspace(every.min(), every.max(), BINS + 1)
    shifts = None if drawn is None else _statistics(drawn) - _statistics(y[:1])
    taller = None if drawn is None else _heights(drawn, edges) - _heights(y[:1], edges)
    middle = tuple(f"{v:.6g}" for v in (edges[1:] + edges[:-1]) / 2)
    return Propagation(
        qoi,
        combined(names, _statistics(y), shifts=shifts, pooled=_statistics(y.reshape(1, -1))[0]),
        edges,
        combined(middle, _heights(y, edges), shifts=taller),
    )


def _statistics(y: Float[np.ndarray, "samples n"]) -> Float[np.ndarray, "samples k"]:
    return np.column_stack([y.mean(axis=1), y.std(axis=1), np.quantile(y, LEVELS, axis=1, method="hazen").T])


def _heights(y: Float[np.ndarray, "samples n"], edges: np.ndarray) -> Float[np.ndarray, "samples bins"]:
    return np.stack([np.histogram(row, bins=edges, density=True)[0] for row in y])
