"""Synthetic likelihood: data summarised by moments that are normal around what a surrogate says of them.

`log N(moments; mean(theta), covariance + diag(sd(theta)^2))`: the surrogate's own error widens the law of the moments,
so that a poor surrogate makes an imprecise posterior and not a wrong one.

References:
    Wood (2010, Nature), synthetic likelihood; Kennedy and O'Hagan (2001, JRSS B), the emulator's variance as part of
    the error.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError
from saddlepath.estimate.kalman import LOG_TWO_PI
from saddlepath.estimate.log_likelihood import LogLikelihood
from saddlepath.model import nearest_names
from saddlepath.surrogate.base import Surrogate

AnyArray = Array | np.ndarray
SINGULAR = 1e-12
"""A correlation matrix with an eigenvalue below this is singular [-]."""


class SyntheticLikelihood(LogLikelihood):
    """A normal law of moments around a surrogate's prediction.

    Attributes:
        surrogate: From parameters to moments with an error bar.
        moments: Moments of the data, in the order of the surrogate's outputs.
        covariance: Their sampling covariance.
        low: Lower bounds of the surrogate's box.
        high: Upper bounds of it.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    differentiable: bool = eqx.field(static=True, default=True, init=False)
    surrogate: Surrogate
    moments: AnyArray
    covariance: AnyArray
    low: AnyArray
    high: AnyArray

    def inside(self, theta: Float[Array, " size"]) -> Float[Array, ""]:
        mean, sd = self.surrogate.at(theta)
        factor = jnp.linalg.cholesky(jnp.asarray(self.covariance) + jnp.diag(jnp.asarray(sd) ** 2))
        score = jax.scipy.linalg.solve_triangular(factor, jnp.asarray(self.moments) - mean, lower=True)
        return -0.5 * (score @ score + LOG_TWO_PI * score.size) - jnp.sum(jnp.log(jnp.diagonal(factor)))


def synthetic_likelihood(surrogate: Surrogate, moments: Any, covariance: Any) -> SyntheticLikelihood:
    """The synthetic log likelihood of moments as a function of a surrogate's inputs.

    Args:
        surrogate: From parameters to moments.
        moments: Moments of the data `[n_outputs]` in the order of the surrogate's outputs, or a mapping by their names.
        covariance: Sampling covariance of the data's moments `[n_outputs, n_outputs]`.

    Raises:
        ConfigError: Names or shapes do not fit, values are not finite, or the covariance is singular.
    """
    if isinstance(moments, Mapping):
        missing = [name for name in surrogate.outputs if name not in moments]
        if missing:
            raise ConfigError(
                f"the data give no moment {missing[0]!r}; {nearest_names(missing[0], [str(name) for name in moments])}"
            )
        moments = [moments[name] for name in surrogate.outputs]
    values, matrix, n = np.asarray(moments, dtype=float), np.asarray(covariance, dtype=float), len(surrogate.outputs)
    if values.shape != (n,) or matrix.shape != (n, n):
        raise ConfigError(
            f"the surrogate has {n} outputs ({', '.join(surrogate.outputs)}): moments must have shape ({n},) and their "
            f"covariance ({n}, {n}), got {values.shape} and {matrix.shape}."
        )
    if not (np.all(np.isfinite(values)) and np.all(np.isfinite(matrix))):
        raise ConfigError("moments and their covariance must be finite; drop the moments that are not.")
    _require_regular(matrix, surrogate.outputs)
    box = surrogate.box
    return SyntheticLikelihood(
        names=box.entries,
        surrogate=surrogate,
        moments=values,
        covariance=matrix,
        low=np.asarray(box.low),
        high=np.asarray(box.high),
    )


def _require_regular(covariance: Float[np.ndarray, "n n"], names: tuple[str, ...]) -> None:
    sd = np.sqrt(np.diag(covariance).clip(0.0))
    if not np.allclose(covariance, covariance.T, rtol=1e-8) or np.any(sd == 0):
        raise ConfigError(
            "the covariance of moments must be symmetric with positive variances, got "
            f"{np.array2string(covariance, precision=3)}; repair it."
        )
    values, vectors = np.linalg.eigh(covariance / np.outer(sd, sd))
    if values[0] < SINGULAR:
        involved = [name for name, weight in zip(names, vectors[:, 0], strict=True) if abs(weight) > 0.1]
        raise ConfigError(
            f"the covariance of moments is singular: a combination of {', '.join(involved)} has no variance; drop one "
            "of them, for it says nothing that the others do not."
        )
