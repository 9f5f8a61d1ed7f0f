"""Univariate effects: the mean of a quantity of interest given one input, E[y | theta_i = x], over the range of x.

All other inputs follow their law given theta_i = x, so that dependence is kept. Around the mean stand two bands: the
interval of its estimate, and the middle ninety per cent of y itself given x.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.prior import Prior
from saddlepath.table import Table, table
from saddlepath.uq.estimates import MARGIN, combined, plain
from saddlepath.uq.hybrids import base_scores
from saddlepath.uq.sobol import DRAWS
from saddlepath.uq.target import Target, target

PLACES = 25
"""Values of each input at which the mean is taken, at equal steps of probability [-]."""
SAMPLE = 2_048
"""Points of the sample of the other inputs [-]."""


@dataclasses.dataclass(frozen=True, eq=False)
class UnivariateEffects:
    """Effects of every input on one quantity of interest; rows are inputs, columns their values.

    Attributes:
        qoi: Name of the quantity.
        inputs: Names of the inputs.
        at: Values of the inputs, `[n_inputs, places]`. [units of the inputs]
        mean: E[y | theta_i = x]. [unit of the quantity]
        low: Lower ends of the intervals of 95 % of `mean`.
        high: Upper ends.
        spread_low: The quantity's quantile at 5 % given the input.
        spread_high: That at 95 %.
    """

    qoi: str
    inputs: tuple[str, ...]
    at: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    spread_low: np.ndarray
    spread_high: np.ndarray

    def table(self) -> Table:
        """The mean at the lowest, middle and highest value of every input."""
        last, middle = self.at.shape[1] - 1, self.at.shape[1] // 2
        rows = {}
        for i, name in enumerate(self.inputs):
            low, high = self.at[i, 0], self.at[i, last]
            rows[name] = {
                "low": low,
                "high": high,
                "mean at low": self.mean[i, 0],
                "mean at median": self.mean[i, middle],
                "mean at high": self.mean[i, last],
                "±": float(np.max(self.high[i] - self.low[i]) / 2),
            }
        note = f"Low and high: the quantiles of the input at 2 and 98 %. ±: {MARGIN.lower()}, the widest of the row."
        title = f"Mean of {self.qoi} given one input"
        return table(rows, "input", title=title, note=note, formats={"±": ".1e"})

    def as_dict(self) -> dict[str, Any]:
        fields = ("at", "mean", "low", "high", "spread_low", "spread_high")
        return {n: {f: plain(getattr(self, f)[i]) for f in fields} for i, n in enumerate(self.inputs)}

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()


def univariate_effects(
    function: Any, prior: Prior, *, base: int = SAMPLE, draws: int = DRAWS, seed: int = 0,
    outputs: Sequence[str] | None = None,
) -> dict[str, UnivariateEffects]:  # fmt: skip
    """The mean of every quantity of interest given one input at a time.

    Args:
        function: From `[n, n_inputs]` to `[n]` or `[n, n_outputs]`, NumPy; or a surrogate.
        prior: Law of the inputs.
        base: Points of the sample of the other inputs. [-]
        draws: Functions drawn from a surrogate; 0 leaves its error out. [-]
        seed: Seed of scramblings and draws.
        outputs: Names of the quantities of interest.

    Returns:
        Effects by name of the quantity.

    Raises:
        ConfigError: A quantity is not finite, or a prior leaves the surrogate's box.
    """
    return univariate_of(target(function, prior, draws, seed, outputs), base, seed)


def univariate_of(made: Target, base: int, seed: int) -> dict[str, UnivariateEffects]:
    """Effects of a target's inputs."""
    from scipy.special import ndtri

    prior, n = made.prior, made.prior.size
    scores = ndtri((np.arange(PLACES) + 0.5) / PLACES)
    values, drawn = [], None
    for k, z in enumerate(base_scores(n, base, seed)):
        theta = _given(prior, scores, z)
        y = made(theta.reshape(-1, n)).reshape(len(z), n * PLACES, -1)
        if k == 0:
            drawn = made.compared(theta.reshape(len(z), -1, n), y, lambda values: values.mean(axis=0))
        values.append(y)
    every = np.stack(values)
    shifts = None if drawn is None else drawn[0] - drawn[1]
    spread = np.quantile(every.reshape(-1, *every.shape[2:]), [0.05, 0.95], axis=0)
    at = _places(prior, scores)
    names = tuple(str(i) for i in range(n * PLACES))
    result = {}
    for j, qoi in enumerate(made.outputs):
        found = combined(names, every[..., j].mean(axis=1), shifts=None if shifts is None else shifts[..., j])
        columns = (found.value, found.low, found.high, spread[0, :, j], spread[1, :, j])
        result[qoi] = UnivariateEffects(qoi, prior.names, at, *(c.reshape(n, PLACES) for c in columns))
    return result


def _places(prior: Prior, scores: np.ndarray) -> np.ndarray:
    with jax.enable_x64(True):
        return np.asarray(prior.from_scores(np.tile(scores[:, None], prior.size))).T


def _given(prior: Prior, scores: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Parameters `[rows, n_inputs, places, n_inputs]` with one input held at each of its places."""
    with jax.enable_x64(True):
        return np.asarray(_held(prior, jnp.asarray(scores), jnp.asarray(z)))


@eqx.filter_jit
def _held(prior: Prior, scores: Float[Array, " places"], z: Float[Array, "rows n_inputs"]) -> Array:
    free = z @ jnp.asarray(prior.factor).T
    # Matheron's rule with one kept score: the draw is moved along that input's column of correlations.
    move = scores[None, None, :, None] - free[:, :, None, None]
    return prior.from_scores(free[:, None, None, :] + move * jnp.asarray(prior.correlation)[None, :, None, :])
