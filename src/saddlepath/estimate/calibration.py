"""Simulation-based calibration: does a sampler with a likelihood draw from the posterior it claims?

Parameters are drawn from the prior and data from the model. Among posterior draws given those data, the rank of the
true parameter is uniform if likelihood, prior and sampler fit together. All replications run side by side.

References:
    Talts, Betancourt, Simpson, Vehtari and Gelman (2018, arXiv:1804.06788).
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.estimate.samplers import nuts, require_blackjax
from saddlepath.prior import Prior
from saddlepath.simulation import require_whole
from saddlepath.table import Table, table

BINS = 10
"""Bins of the histogram whose counts the chi-square test compares [-]."""
SUSPECT = 0.01
"""A p value below this speaks against uniform ranks [-]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Calibration:
    """Ranks of true parameters among posterior draws.

    Attributes:
        names: A name per parameter.
        ranks: How many of the kept draws lie below the truth `[replications, size]`, from 0 to `kept`.
        kept: Number of posterior draws, thinned, among which the truth is ranked.
        truths: Parameters that made the data `[replications, size]`. [units of the parameters]
        means: Posterior means `[replications, size]`.
        sds: Posterior standard deviations `[replications, size]`.
        divergences: Draws whose path diverged, in all.
    """

    names: tuple[str, ...]
    ranks: Int[np.ndarray, "replications size"]
    kept: int
    truths: Float[np.ndarray, "replications size"]
    means: Float[np.ndarray, "replications size"]
    sds: Float[np.ndarray, "replications size"]
    divergences: int

    @property
    def positions(self) -> Float[np.ndarray, "replications size"]:
        """Ranks between 0 and 1, ties broken at random, so that they are exactly uniform if all is well."""
        return (self.ranks + np.random.default_rng(0).uniform(size=self.ranks.shape)) / (self.kept + 1)

    def p_values(self) -> dict[str, dict[str, float]]:
        """By parameter p values of tests of uniform ranks: `chi-square` of a histogram, `Kolmogorov-Smirnov`."""
        from scipy.stats import chisquare, kstest

        found = {}
        for name, positions in zip(self.names, self.positions.T, strict=True):
            counts = np.histogram(positions, BINS, (0.0, 1.0))[0]
            found[name] = {
                "chi-square": float(chisquare(counts).pvalue),
                "Kolmogorov-Smirnov": float(kstest(positions, "uniform").pvalue),
            }
        return found

    def table(self) -> Table:
        """P values, and the mean and standard deviation of `(mean - truth) / sd`, zero and about one if all is well."""
        scores = (self.means - self.truths) / self.sds
        rows = {
            name: row | {"mean score": float(scores[:, i].mean()), "sd score": float(scores[:, i].std(ddof=1))}
            for i, (name, row) in enumerate(self.p_values().items())
        }
        least = min(value for row in self.p_values().values() for value in row.values())
        n = len(self.ranks)
        title = (
            f"Ranks of the truth in {n} replications are uniform as far as these tests see."
            if least >= SUSPECT
            else f"NOT CALIBRATED: ranks of the truth in {n} replications are not uniform (p = {least:.1e})."
        )
        return table(rows, "parameter", title=title, note=f"{self.divergences} divergences.")

    def __str__(self) -> str:
        return str(self.table())


def calibrate(
    simulate: Callable[[PRNGKeyArray, Array], Any],
    log_likelihood: Callable[[Array, Any], Array],
    prior: Prior,
    *,
    replications: int = 100,
    draws: int = 99,
    thin: int = 5,
    warmup: int = 300,
    seed: int = 0,
) -> Calibration:
    """Simulation-based calibration of NUTS with a likelihood.

    Args:
        simulate: From a key and parameters `[size]` to data, pure JAX.
        log_likelihood: From parameters and such data to a number, pure and differentiable JAX.
        prior: The prior that parameters are drawn from and that is sampled with.
        replications: Number of data sets.
        draws: Draws of each posterior among which the truth is ranked.
        thin: Every which draw is kept, so that kept ones are nearly independent.
        warmup: Draws before, in which the sampler adapts.
        seed: Seed.

    Returns:
        Ranks, with tests of their uniformity.

    Raises:
        ConfigError: Counts are no whole numbers, or the model drew data that are not finite.
    """
    counts = {"replications": (replications, 2), "draws": (draws, 9), "thin": (thin, 1), "warmup": (warmup, 20)}
    for name, (value, least) in counts.items():
        require_whole(name, value, least)
    require_blackjax()
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        keys = jax.random.split(jax.random.key(seed), replications)
        z, data = _replicated(simulate, prior, keys)
        if not all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(data)):
            raise ConfigError("simulate() drew data that are not finite; repair it, or narrow the prior.")
        chains, divergences = _posteriors(log_likelihood, prior, keys, z, data, draws * thin, warmup)
        truths, theta = np.asarray(prior.from_normal(z)), np.asarray(prior.from_normal(chains))
    kept = theta[:, thin - 1 :: thin]
    ranks = np.sum(kept < truths[:, None, :], axis=1)
    moments = (theta.mean(axis=1), theta.std(axis=1, ddof=1))
    return Calibration(prior.names, ranks, int(draws), truths, *moments, int(divergences))


@eqx.filter_jit
def _replicated(simulate: Callable[..., Any], prior: Prior, keys: Array) -> tuple[Array, Any]:
    """True parameters in standard normal coordinates, and data."""

    def one(key: Array) -> tuple[Array, Any]:
        own, data_key = jax.random.split(key)
        z = jax.random.normal(own, (prior.size,))
        return z, simulate(data_key, prior.from_normal(z))

    return jax.vmap(one)(keys)


@eqx.filter_jit
def _posteriors(
    log_likelihood: Callable[..., Array], prior: Prior, keys: Array, z: Array, data: Any, draws: int, warmup: int
) -> tuple[Float[Array, "replications draws size"], Array]:
    """One chain per replication. It starts at the truth, a draw from the posterior, and forgets it in the warm-up."""

    def one(key: Array, start: Array, own: Any) -> tuple[Array, Array]:
        target = lambda point: log_likelihood(prior.from_normal(point), own)
        found = nuts(target, jax.random.fold_in(key, 2)[None], start[None], target(start)[None], draws, warmup)
        return found.z[0], jnp.sum(found.divergent)

    chains, divergences = jax.vmap(one)(keys, z, data)
    return chains, jnp.sum(divergences)
