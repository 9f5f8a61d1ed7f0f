"""Points that share some coordinates: pairs of samples in which a set of inputs is drawn again, given all others.

With two independent draws z_A, z_B of the correlated normal scores, the point that keeps the scores outside a set u and
draws those inside again, given the kept ones, is (Matheron's rule)

    z_u = z_B + G_u (z_A - z_B),    G_u = R_{., -u} R_{-u, -u}^{-1}

which for independent inputs takes the entries in u from B and all others from A. The unexplained variance of u is
T_u = E[Var(y | theta_{-u})] = E[(y(z_A) - y(z_u))^2] / 2 (Jansen 1999), a mean of squared differences that keeps its
relative accuracy where it is small. For independent inputs every point of the cube of 2^N mixtures of A and B serves as
the first of the pair: the mean over all pairs is an autocorrelation over sets, by two Walsh-Hadamard transforms.

References:
    Jansen (1999, Computer Physics Communications); Owen (2013, ACM TOMACS), small indices; Owen (1997, SIAM J. Numer.
    Anal.), scrambling; Hoffman and Ribak (1991, Astrophysical Journal), Matheron's rule.
"""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError
from saddlepath.prior import Prior
from saddlepath.uq.target import Target

SCRAMBLINGS = 16
"""Independent scramblings of the base sample [-]."""
CUBE = 10
"""Most inputs for which all sets are formed [-]."""
EVALUATIONS = 1 << 22
"""With all sets formed, the base sample is cut so that there are at most so many points [-]."""


def base_scores(dimensions: int, base: int, seed: int) -> Float[np.ndarray, "scramblings n dimensions"]:
    """Scrambled Sobol' points as independent standard normal numbers.

    Args:
        dimensions: Entries of a point.
        base: Points in all, rounded up to a power of two per scrambling.
        seed: Seed of the scramblings.

    Raises:
        ConfigError: Fewer than 16 points per scrambling.
    """
    from scipy.special import ndtri
    from scipy.stats import qmc

    if base < 16 * SCRAMBLINGS:
        raise ConfigError(f"the base sample needs {16 * SCRAMBLINGS} points or more, got base = {base}; raise it.")
    power = int(np.ceil(np.log2(base / SCRAMBLINGS)))
    children = np.random.default_rng(seed).spawn(SCRAMBLINGS)
    points = np.stack([qmc.Sobol(dimensions, rng=child).random_base2(power) for child in children])
    return ndtri(points + 0.5**32)  # Sobol' numbers have 30 digits and may be zero


def all_sets(n: int) -> np.ndarray:
    """Membership of every set of `n` inputs, `[2^n, n]`; set number s holds input i where bit i of s is set."""
    return (np.arange(1 << n)[:, None] >> np.arange(n)[None, :] & 1).astype(bool)


def gains(correlation: np.ndarray, redrawn: np.ndarray) -> np.ndarray:
    """The matrices G_u, `[sets, n, n]`, from correlations and membership `[sets, n]`."""
    kept = ~redrawn
    inner = np.where(kept[:, :, None] & kept[:, None, :], correlation, np.eye(len(correlation)))
    picked = np.eye(len(correlation)) * kept[:, :, None]
    return correlation @ np.linalg.inv(inner) @ picked * kept[:, None, :]


@dataclasses.dataclass(frozen=True, eq=False)
class VarianceParts:
    """Parts of a variance, such as T_u of every set of inputs in the numbering of `all_sets`; the last is all of it.

    Attributes:
        mean: Of the function, `[scramblings, n_outputs, parts]`. [squared unit]
        drawn: Of functions drawn from a surrogate, `[draws, n_outputs, parts]`, and of the mean function at the same
            points, `[n_outputs, parts]`; None without a surrogate.
    """

    mean: np.ndarray
    drawn: tuple[np.ndarray, np.ndarray] | None


def unexplained(target: Target, base: int, seed: int) -> VarianceParts:
    """VarianceParts variances of all sets of inputs.

    Args:
        target: The function with at most `CUBE` inputs.
        base: Points of the base sample; reduced where more than four million points would be formed.
        seed: Seed of the scramblings.
    """
    n = target.prior.size
    base = min(base, EVALUATIONS >> n)
    z = base_scores(2 * n, base, seed)
    sets = all_sets(n)
    matrices = gains(np.asarray(target.prior.correlation), sets)
    parts = functools.partial(_from_values, dependent=target.prior.dependent)
    found, drawn = [], None
    for k, pair in enumerate(z):
        theta = mixtures(target.prior, matrices, sets, pair)
        y = target(theta.reshape(-1, n))
        values = y.reshape(len(pair), len(sets), -1)
        if k == 0:
            target.require_variation(y)
            drawn = target.compared(theta, values, parts)
        found.append(parts(values))
    return VarianceParts(np.stack(found), drawn)


def mixtures(
    prior: Prior, matrices: np.ndarray, redrawn: np.ndarray, z: Float[np.ndarray, "n twice"]
) -> Float[np.ndarray, "n sets n_inputs"]:
    """Parameters in which each set is drawn again. Of independent inputs every one is computed twice only."""
    with jax.enable_x64(True):
        if prior.dependent:
            return np.asarray(_conditional(prior, jnp.asarray(matrices), jnp.asarray(z)))
        ends = np.asarray(_ends(prior, jnp.asarray(z)))
        return np.where(redrawn, ends[1][:, None, :], ends[0][:, None, :])


@eqx.filter_jit
def _ends(prior: Prior, z: Float[Array, "n twice"]) -> Float[Array, "2 n n_inputs"]:
    return jnp.stack([prior.from_scores(z[:, : prior.size]), prior.from_scores(z[:, prior.size :])])


@eqx.filter_jit
def _conditional(prior: Prior, matrices: Float[Array, "sets n n"], z: Float[Array, "rows twice"]) -> Array:
    factor = jnp.asarray(prior.factor)
    a, b = z[:, : prior.size] @ factor.T, z[:, prior.size :] @ factor.T
    return prior.from_scores(b[:, None, :] + jnp.einsum("sij,rj->rsi", matrices, a - b))


def _from_values(y: Float[np.ndarray, "n sets n_outputs"], dependent: bool) -> np.ndarray:
    with jax.enable_x64(True):
        return np.asarray(_unexplained(jnp.asarray(y), dependent))


@eqx.filter_jit
def _unexplained(y: Float[Array, "n sets n_outputs"], dependent: bool) -> Float[Array, "n_outputs sets"]:
    """Means over the sample of half the squared differences between points that differ by a set."""
    if dependent:
        return jnp.mean((y - y[:, :1]) ** 2, axis=0).T / 2
    centred = y - jnp.mean(y, axis=(0, 1), keepdims=True)
    power = jnp.sum(_walsh(centred) ** 2, axis=0)
    correlation = _walsh(power[None])[0] / (y.shape[0] * y.shape[1] ** 2)
    return (correlation[:1] - correlation).T


def _walsh(y: Float[Array, "n sets n_outputs"]) -> Float[Array, "n sets n_outputs"]:
    """The Walsh-Hadamard transform over sets, without a scale."""
    rows, sets, outputs = y.shape
    for bit in range(sets.bit_length() - 1):
        halves = y.reshape(rows, sets >> (bit + 1), 2, 1 << bit, outputs)
        y = jnp.stack([halves[:, :, 0] + halves[:, :, 1], halves[:, :, 0] - halves[:, :, 1]], axis=2)
        y = y.reshape(rows, sets, outputs)
    return y
