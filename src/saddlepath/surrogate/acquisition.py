"""Which point to label next: scores of candidates under a Gaussian process, the highest first.

Variances are those of standardised values, averaged over outputs.

References:
    Cohn (1996, Neural Networks) and Gramacy and Lee (2009, Technometrics), integrated variance reduction (ALC);
    Deisenroth, Rasmussen and Peters (2009, Neurocomputing), mean and log variance; Le Gratiet and Cannamela (2015,
    Technometrics), variances corrected by left-out errors; Srinivas, Krause, Kakade and Seeger (2010, ICML), upper
    confidence bounds.
"""

import abc
import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from saddlepath.simulation import require_whole
from saddlepath.surrogate.gaussian_process import GaussianProcess, Process
from saddlepath.surrogate.likelihood import covariance, left_out_by


class Acquisition(abc.ABC):
    """A rule that scores candidates: a small immutable value."""

    @abc.abstractmethod
    def scores(
        self, gp: GaussianProcess, one: Process, candidates: Float[Array, "m d"], references: Float[Array, "r d"]
    ) -> Float[Array, " m"]:
        """Scores of candidates for one output, on the standardised scale."""


def posterior(gp: GaussianProcess, one: Process, theta: Float[Array, "m d"]) -> tuple[Array, Array]:
    """Mean and variance of standardised values at points."""
    k = gp.cross(one, theta)
    solved = jax.scipy.linalg.solve_triangular(one.factor, k, lower=True)
    unit = gp.unit(theta)
    prior = jnp.exp(one.p[0]) * jax.vmap(lambda u: gp.kernel.value(one.p[1:], u, u))(unit)
    return k.T @ one.alpha, jnp.maximum(prior - jnp.sum(solved**2, axis=0), 1e-16)


@dataclasses.dataclass(frozen=True)
class Variance(Acquisition):
    """Where the process knows least: fills space, and crowds at the boundary of the box."""

    def scores(self, gp, one, candidates, references):
        return posterior(gp, one, candidates)[1]


@dataclasses.dataclass(frozen=True)
class IntegratedVariance(Acquisition):
    """How far a label lowers the mean variance over reference points; the safe default."""

    def scores(self, gp, one, candidates, references):
        solve = lambda theta: jax.scipy.linalg.solve_triangular(one.factor, gp.cross(one, theta), lower=True)
        joint = covariance(gp.kernel, one.p, gp.unit(references), gp.unit(candidates))
        joint = joint - solve(references).T @ solve(candidates)
        _, variance = posterior(gp, one, candidates)
        return jnp.mean(joint**2, axis=0) / (variance + one.noise)


@dataclasses.dataclass(frozen=True)
class LeftOutVariance(Acquisition):
    """Variance times how far it was missed nearby: labels crowd where the function is rougher than the kernel says.

    How far is the squared error of a label when it is left out, over the variance that the process then claims (Le
    Gratiet and Cannamela, 2015, Technometrics, add one to that of the nearest label), here the mean over the most
    correlated labels.

    Attributes:
        neighbours: So many labels.
    """

    neighbours: int = 3

    def __post_init__(self) -> None:
        require_whole("neighbours", self.neighbours, 1)

    def scores(self, gp, one, candidates, references):
        _, variance = posterior(gp, one, candidates)
        found = left_out_by(one.factor, one.y)
        _, near = jax.lax.top_k(gp.cross(one, candidates).T, self.neighbours)
        return variance * jnp.mean((found.residual**2 / found.variance)[near], axis=1)


@dataclasses.dataclass(frozen=True)
class Deisenroth(Acquisition):
    """Weighted mean plus half the weighted logarithm of the variance: goes for peaks.

    Attributes:
        mean: Weight of the mean [-].
        variance: Weight of the log variance [-].
    """

    mean: float = 0.5
    variance: float = 0.5

    def scores(self, gp, one, candidates, references):
        mean, variance = posterior(gp, one, candidates)
        return self.mean * mean + 0.5 * self.variance * jnp.log(variance)


@dataclasses.dataclass(frozen=True)
class UpperConfidence(Acquisition):
    """Mean plus a multiple of the standard deviation.

    Attributes:
        mean: Weight of the mean [-].
        sd: Weight of the standard deviation [-].
    """

    mean: float = 1.0
    sd: float = 2.0

    def scores(self, gp, one, candidates, references):
        mean, variance = posterior(gp, one, candidates)
        return self.mean * mean + self.sd * jnp.sqrt(variance)


@eqx.filter_jit
def scores(
    rule: Acquisition, gp: GaussianProcess, candidates: Float[Array, "m d"], references: Float[Array, "r d"]
) -> Float[Array, " m"]:
    """Scores of candidates, averaged over outputs."""
    # One output after the other: solves of several batches at once can wait for each other for ever (jaxlib 0.10).
    each = jax.lax.map(lambda one: rule.scores(gp, one, candidates, references), gp.processes)
    return jnp.mean(each, axis=0)
