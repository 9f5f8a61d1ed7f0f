"""Sobol' indices of first, total and second order of independent inputs.

    S_i = Var(E[y | theta_i]) / Var(y),    ST_i = 1 - Var(E[y | theta_{-i}]) / Var(y)
    S_ij = Var(E[y | theta_i, theta_j]) / Var(y) - S_i - S_j

All are differences of unexplained variances, estimated as products of differences (see `hybrids`): the error of a small
index is small with it. Up to ten inputs all 2^N mixtures of two samples are used; with more, those in which one input
is exchanged, in both directions, and no second order.

References:
    Sobol' (1993, Math. Modelling and Comput. Experiments); Jansen (1999); Saltelli et al. (2010, Computer Physics
    Communications); Owen (2013, ACM TOMACS).
"""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from saddlepath.errors import ConfigError
from saddlepath.prior import Prior
from saddlepath.table import Table, table
from saddlepath.uq.estimates import MARGIN, Estimates, combined
from saddlepath.uq.hybrids import CUBE, VarianceParts, base_scores, mixtures, unexplained
from saddlepath.uq.target import Target, target

BASE = 16_384
"""Points of the base sample [-]."""
DRAWS = 32
"""Functions drawn from a surrogate [-]."""


@dataclasses.dataclass(frozen=True, eq=False)
class SobolIndices:
    """Indices of one quantity of interest.

    Attributes:
        qoi: Its name.
        first: First-order indices by input. [-]
        total: Total indices by input.
        second: Second-order indices by pair of inputs, `a, b`; None with more than ten inputs.
    """

    qoi: str
    first: Estimates
    total: Estimates
    second: Estimates | None

    def table(self) -> Table:
        """First-order and total indices with their intervals."""
        rows = {
            name: {
                "first order": self.first.value[i],
                "first low": self.first.low[i],
                "first high": self.first.high[i],
                "total": self.total.value[i],
                "total low": self.total.low[i],
                "total high": self.total.high[i],
            }
            for i, name in enumerate(self.first.names)
        }
        note = f"Low and high: {MARGIN.lower()} on either side."
        return table(rows, "input", title=f"Sobol' indices of {self.qoi}", note=note)

    def as_dict(self) -> dict[str, Any]:
        second = None if self.second is None else self.second.as_dict()
        return {"first": self.first.as_dict(), "total": self.total.as_dict(), "second": second}

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()


def sobol(
    function: Any, prior: Prior, *, base: int = BASE, draws: int = DRAWS, seed: int = 0,
    outputs: Sequence[str] | None = None,
) -> dict[str, SobolIndices]:  # fmt: skip
    """Sobol' indices of every quantity of interest.

    Args:
        function: From `[n, n_inputs]` to `[n]` or `[n, n_outputs]`, NumPy; or a surrogate.
        prior: Law of the inputs, independent.
        base: Points of the base sample. [-]
        draws: Functions drawn from a surrogate; 0 leaves its error out. [-]
        seed: Seed of scramblings and draws.
        outputs: Names of the quantities of interest.

    Returns:
        Indices by name of the quantity.

    Raises:
        ConfigError: Inputs are dependent, a quantity is constant or not finite, a prior leaves the surrogate's box.
    """
    made = target(function, prior, draws, seed, outputs)
    require_independent(made.prior)
    if prior.size > CUBE:
        return of_many(made, base, seed)
    return sobol_of(made, unexplained(made, base, seed))


def require_independent(prior: Prior) -> None:
    """Refuse a prior for which variance does not split into parts of inputs."""
    if prior.dependent:
        i, j = np.argwhere(np.triu(np.asarray(prior.correlation), 1))[0]
        raise ConfigError(
            f"Sobol' indices split a variance among independent inputs, but {prior.names[i]} and {prior.names[j]} are "
            "correlated; use Shapley effects, which hold for dependent inputs."
        )


def sobol_of(made: Target, parts: VarianceParts) -> dict[str, SobolIndices]:
    """Indices from the unexplained variances of all sets."""
    names, n = made.prior.names, made.prior.size
    everything = (1 << n) - 1
    bits = [1 << i for i in range(n)]
    pairs = list(itertools.combinations(range(n), 2))
    explained = np.eye(1 << n)[everything][None, :] - np.eye(1 << n)[::-1]  # row u: T of all minus T of all but u
    first = explained[bits]
    total = np.eye(1 << n)[bits]
    second = np.array([explained[bits[i] | bits[j]] - first[i] - first[j] for i, j in pairs]).reshape(-1, 1 << n)
    pair_names = tuple(f"{names[i]}, {names[j]}" for i, j in pairs)
    return {
        qoi: SobolIndices(
            qoi,
            ratio(names, parts, j, first),
            ratio(names, parts, j, total),
            ratio(pair_names, parts, j, second),
        )
        for j, qoi in enumerate(made.outputs)
    }


def ratio(names: tuple[str, ...], parts: VarianceParts, output: int, weights: np.ndarray) -> Estimates:
    """Weighted sums of parts of the variance over the variance, their last; `weights` is `[k, parts]`."""
    mean = parts.mean[:, output]
    shifts = None
    if parts.drawn is not None:
        draws, own = parts.drawn[0][:, output], parts.drawn[1][output]
        shifts = draws @ weights.T / draws[:, -1:] - own @ weights.T / own[-1]
    return combined(names, mean @ weights.T, mean[:, -1], shifts)


def of_many(made: Target, base: int, seed: int) -> dict[str, SobolIndices]:
    """First-order and total indices from the two samples and the exchange of one input at a time."""
    n = made.prior.size
    one = np.eye(n, dtype=bool)
    redrawn = np.vstack([np.zeros((1, n), bool), one, ~np.zeros((1, n), bool), ~one])
    found, drawn = [], None
    for k, pair in enumerate(base_scores(2 * n, base, seed)):
        theta = mixtures(made.prior, np.zeros((0, n, n)), redrawn, pair)
        y = made(theta.reshape(-1, n))
        values = y.reshape(*theta.shape[:2], -1)
        if k == 0:
            made.require_variation(y)
            drawn = made.compared(theta, values, _one_at_a_time)
        found.append(_one_at_a_time(values))
    parts = VarianceParts(np.stack(found), drawn)
    pick = np.eye(2 * n + 1)
    return {
        qoi: SobolIndices(
            qoi,
            ratio(made.prior.names, parts, j, pick[:n]),
            ratio(made.prior.names, parts, j, pick[n : 2 * n]),
            None,
        )
        for j, qoi in enumerate(made.outputs)
    }


def _one_at_a_time(y: np.ndarray) -> np.ndarray:
    """First-order and total parts and the variance, `[n_outputs, 2 n + 1]`, from `[rows, 2 n + 2, n_outputs]`."""
    n = y.shape[1] // 2 - 1
    a, a_changed, b, b_changed = y[:, :1], y[:, 1 : n + 1], y[:, n + 1 : n + 2], y[:, n + 2 :]
    first = ((a - a_changed) * (b_changed - b)).mean(axis=0) / 2
    total = ((a - a_changed) ** 2 + (b - b_changed) ** 2).mean(axis=0) / 4
    variance = ((a - b) ** 2).mean(axis=0) / 2
    return np.concatenate([first, total, variance]).T
