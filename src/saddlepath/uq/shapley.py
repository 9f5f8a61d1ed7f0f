"""Shapley effects: a share of the variance for every input, whether inputs are independent or not.

    Sh_i = sum over sets u without i of  |u|! (N - |u| - 1)! / N!  (T_{u + i} - T_u) / Var(y)
    T_u  = E[Var(y | theta_{-u})]

They are never negative and sum to one. For independent inputs S_i <= Sh_i <= ST_i. Up to ten inputs the sum runs over
all 2^N sets; with more, every point of the sample walks through its own random permutation of the inputs.

References:
    Owen (2014, SIAM/ASA JUQ); Song, Nelson and Staum (2016, SIAM/ASA JUQ), the cost T_u; Owen and Prieur (2017),
    dependent inputs; Broto, Bachoc and Depecker (2020, SIAM/ASA JUQ), sums over sets.
"""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from saddlepath.prior import Prior
from saddlepath.table import Table
from saddlepath.uq.estimates import Estimates
from saddlepath.uq.hybrids import CUBE, VarianceParts, all_sets, base_scores, gains, unexplained
from saddlepath.uq.sobol import BASE, DRAWS, ratio
from saddlepath.uq.target import Target, target


@dataclasses.dataclass(frozen=True, eq=False)
class ShapleyEffects:
    """Effects on one quantity of interest.

    Attributes:
        qoi: Its name.
        effects: Shares of its variance by input. [-]
    """

    qoi: str
    effects: Estimates

    def table(self) -> Table:
        return self.effects.table(f"Shapley effects on {self.qoi}", "input")

    def as_dict(self) -> dict[str, Any]:
        return self.effects.as_dict()

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()


def shapley(
    function: Any, prior: Prior, *, base: int = BASE, draws: int = DRAWS, seed: int = 0,
    outputs: Sequence[str] | None = None,
) -> dict[str, ShapleyEffects]:  # fmt: skip
    """Shapley effects of the inputs on every quantity of interest.

    Args:
        function: From `[n, n_inputs]` to `[n]` or `[n, n_outputs]`, NumPy; or a surrogate.
        prior: Law of the inputs, independent or joined by a Gaussian copula.
        base: Points of the base sample; fewer are used where all sets would make more than four million points. [-]
        draws: Functions drawn from a surrogate; 0 leaves its error out. [-]
        seed: Seed of scramblings, permutations and draws.
        outputs: Names of the quantities of interest.

    Returns:
        Effects by name of the quantity.

    Raises:
        ConfigError: A quantity is constant or not finite, or a prior leaves the surrogate's box.
    """
    made = target(function, prior, draws, seed, outputs)
    if prior.size > CUBE:
        return by_permutations(made, base, seed)
    return shapley_of(made, unexplained(made, base, seed))


def shapley_of(made: Target, parts: VarianceParts) -> dict[str, ShapleyEffects]:
    """Effects from the unexplained variances of all sets."""
    weights = shapley_weights(made.prior.size)
    return {qoi: ShapleyEffects(qoi, ratio(made.prior.names, parts, j, weights)) for j, qoi in enumerate(made.outputs)}


def shapley_weights(n: int) -> np.ndarray:
    """The effects as weighted sums over all sets, `[n, 2^n]`."""
    members = all_sets(n)
    size = members.sum(axis=1)
    joining = np.array([math.factorial(k) * math.factorial(n - k - 1) / math.factorial(n) for k in range(n)])
    inside = joining[np.maximum(size - 1, 0)]
    outside = joining[np.minimum(size, n - 1)]
    return np.where(members.T, inside, -outside)


def by_permutations(made: Target, base: int, seed: int) -> dict[str, ShapleyEffects]:
    """Effects of many inputs, each point of the sample with a permutation of its own."""
    n = made.prior.size
    rng = np.random.default_rng(seed)
    found, drawn = [], None
    for k, pair in enumerate(base_scores(2 * n, base, seed)):
        order = rng.permuted(np.tile(np.arange(n), (len(pair), 1)), axis=1)
        theta = _walks(made.prior, order, pair)
        y = made(theta.reshape(-1, n)).reshape(len(pair), n + 1, -1)
        if k == 0:
            made.require_variation(y.reshape(-1, y.shape[-1]))
            drawn = made.compared(theta, y, functools.partial(_increments, order=order, dependent=made.prior.dependent))
        found.append(_increments(y, order, made.prior.dependent))
    parts = VarianceParts(np.stack(found), drawn)
    pick = np.eye(n + 1)[:n]
    return {qoi: ShapleyEffects(qoi, ratio(made.prior.names, parts, j, pick)) for j, qoi in enumerate(made.outputs)}


def _walks(prior: Prior, order: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Points `[rows, n + 1, n]` at which the first 0, 1, ..., n inputs of each row's order are drawn again."""
    n = prior.size
    rank = np.argsort(order, axis=1)
    redrawn = rank[:, None, :] < np.arange(n + 1)[None, :, None]
    a, b = z[:, :n] @ np.asarray(prior.factor).T, z[:, n:] @ np.asarray(prior.factor).T
    if prior.dependent:
        matrices = gains(np.asarray(prior.correlation), redrawn.reshape(-1, n)).reshape(len(z), n + 1, n, n)
        scores = b[:, None, :] + np.einsum("rsij,rj->rsi", matrices, a - b)
    else:
        scores = np.where(redrawn, b[:, None, :], a[:, None, :])
    with jax.enable_x64(True):
        return np.asarray(prior.from_scores(scores))


def _increments(y: np.ndarray, order: np.ndarray, dependent: bool) -> np.ndarray:
    """Mean increments of T by input, and the variance, `[n_outputs, n + 1]`.

    The end of a walk among independent inputs is as good a reference as its start, and the mean of both is a product.
    """
    parts = (y - y[:, :1]) ** 2 / 2
    steps = np.diff(parts, axis=1) if dependent else np.diff(y, axis=1) * (y[:, -1:] - y[:, :1]) / 2
    by_input = np.take_along_axis(steps, np.argsort(order[: len(y)], axis=1)[:, :, None], axis=1)
    return np.concatenate([by_input, parts[:, -1:]], axis=1).mean(axis=0).T
