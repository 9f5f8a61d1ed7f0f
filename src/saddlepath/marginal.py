"""What the law of one parameter is, and laws whose quantiles stand in a table.

Every law is the image of a standard normal number: `from_normal(z)` increases in z and `to_normal` is its inverse, so
that a Gaussian copula joins any of them and a sampler may walk in z, where nothing is constrained. Beta and gamma laws
have no closed quantile function: it is tabulated once, on the host, as a cubic spline of the logarithm (or log odds)
over z, right to about ten digits, and evaluated by JAX. Cumulative functions and densities are exact.
"""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr, ndtri
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError

AnyArray = Array | np.ndarray
REACH = 8.25
"""The table of quantiles reaches from the normal's quantile at 8e-17 to that at one minus it [-]."""
NODES = np.linspace(-REACH, REACH, 2113)
CERTAIN = 38.0
"""Standard normal numbers are not beyond this in float64: values there are the bounds [-]."""
LEAST = 1e-12
"""Least mass of an untruncated law between the bounds; with less, the truncated law is lost in rounding [-]."""


class Marginal(eqx.Module):
    """The law of one parameter."""

    @abc.abstractmethod
    def from_normal(self, z: Float[AnyArray, "*batch"]) -> Float[AnyArray, "*batch"]:
        """The value whose probability is that of `z` under a standard normal law. [unit of the parameter]"""

    @abc.abstractmethod
    def to_normal(self, x: Float[AnyArray, "*batch"]) -> Float[AnyArray, "*batch"]:
        """The inverse of `from_normal`; infinite at the bounds. [-]"""

    @abc.abstractmethod
    def log_density(self, x: Float[AnyArray, "*batch"]) -> Float[AnyArray, "*batch"]:
        """Logarithm of the density; minus infinity outside the bounds."""

    @abc.abstractmethod
    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation, after truncation. [unit of the parameter]"""

    @property
    @abc.abstractmethod
    def support(self) -> tuple[float, float]:
        """Least and largest value. [unit of the parameter]"""

    def mass(self, low: float, high: float) -> float:
        """Probability of the values between two numbers. [-]"""
        least, most = self.support
        ends = np.clip([low, high], least, most)
        with jax.enable_x64(True):
            z = np.asarray(jnp.stack([self.to_normal(jnp.asarray(end)) for end in ends]))
            z = np.where(ends <= least, -np.inf, np.where(ends >= most, np.inf, z))
            return float(ndtr(z[1]) - ndtr(z[0])) if z[1] < 0 else float(ndtr(-z[0]) - ndtr(-z[1]))


class Tabulated(Marginal):
    """A law with bounds whose quantiles stand in a table.

    A subclass gives the untruncated law (`_below`, `_above`, `_log_free` for JAX and `_law` for SciPy) and the line on
    which its quantiles are tabulated (`_line` and `_from_line`), all as functions of the untruncated variable.

    Attributes:
        lower: Lower bound. [unit of the parameter]
        upper: Upper bound.
        ends: Probabilities of the untruncated law below `lower`, above `upper`, and between them. [-]
        heights: Quantiles on the line at the nodes.
        slopes: Their derivatives with respect to z.
    """

    lower: Float[AnyArray, ""]
    upper: Float[AnyArray, ""]
    ends: Float[AnyArray, "3"]
    heights: Float[AnyArray, " nodes"]
    slopes: Float[AnyArray, " nodes"]

    @abc.abstractmethod
    def _law(self) -> Any:
        """The untruncated law as a frozen distribution of SciPy."""

    @abc.abstractmethod
    def _below(self, x: Any) -> Any: ...

    @abc.abstractmethod
    def _above(self, x: Any) -> Any: ...

    @abc.abstractmethod
    def _log_free(self, x: Any) -> Any: ...

    @abc.abstractmethod
    def _free_moments(self) -> tuple[float, float]: ...

    def _line(self, below: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Quantiles on the line from probabilities below and above, which sum to one."""
        law = self._law()
        x = np.where(below < 0.5, law.ppf(below), law.isf(above))
        return np.log(np.maximum(x, np.finfo(float).tiny))

    def _from_line(self, t: Any) -> Any:
        return jnp.exp(t)

    def _tabulate(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Masses at the ends, heights and slopes.

        Raises:
            ConfigError: There is next to no mass between the bounds.
        """
        from scipy.interpolate import CubicSpline
        from scipy.special import ndtr as normal_below

        law, low, high = self._law(), float(self.lower), float(self.upper)
        if not low < high:
            raise ConfigError(f"{type(self).__name__} needs lower below upper, got {low} and {high}; change them.")
        left, right = law.cdf(low), law.sf(high)
        share = law.cdf(high) - left if high < law.median() else law.sf(low) - right
        if not share > LEAST:
            raise ConfigError(
                f"{type(self).__name__} has a probability of {share:.1e} between its bounds {low} and {high}, before "
                "truncation; choose bounds around its centre."
            )
        below, above = (end + normal_below(z) * share for end, z in ((left, NODES), (right, -NODES)))
        heights = self._line(np.minimum(below, 1.0), np.minimum(above, 1.0))
        slopes = np.maximum(CubicSpline(NODES, heights)(NODES, 1), 0.0)
        return np.array([left, right, share]), heights, slopes

    def from_normal(self, z: Float[AnyArray, "*batch"]) -> Float[AnyArray, "*batch"]:
        x = self._from_line(_interpolated(z, self.heights, self.slopes))
        x = jnp.clip(x, self.lower, self.upper)
        return jnp.where(z < -CERTAIN, self.lower, jnp.where(z > CERTAIN, self.upper, x))

    def to_normal(self, x: Float[AnyArray, "*batch"]) -> Float[AnyArray, "*batch"]:
        left, right, share = self.ends[0], self.ends[1], self.ends[2]
        return score((self._below(x) - left) / share, (self._above(x) - right) / share)

    def log_density(self, x: Float[AnyArray, "*batch"]) -> Float[AnyArray, "*batch"]:
        inside = (x >= self.lower) & (x <= self.upper)
        middle = self.from_normal(jnp.zeros_like(x))
        return jnp.where(inside, self._log_free(jnp.where(inside, x, middle)) - jnp.log(self.ends[2]), -jnp.inf)

    def moments(self) -> tuple[float, float]:
        if float(self.ends[2]) == 1.0:
            return self._free_moments()
        with jax.enable_x64(True):
            x = np.asarray(self.from_normal(jnp.asarray(NODES)))
        weights = np.exp(-(NODES**2) / 2)  # the trapezoidal rule, exact to rounding for a smooth function of a normal
        mean = np.average(x, weights=weights)
        return float(mean), float(np.sqrt(np.average((x - mean) ** 2, weights=weights)))

    @property
    def support(self) -> tuple[float, float]:
        return float(self.lower), float(self.upper)


@jax.jit
def score(below: Any, above: Any) -> Any:
    """Normal quantile of a probability, from whichever tail keeps its digits."""
    low = below < above
    return jnp.where(low, ndtri(jnp.where(low, below, 0.5)), -ndtri(jnp.where(low, 0.5, above)))


@jax.jit
def _interpolated(z: Any, heights: Any, slopes: Any) -> Any:
    """Cubic Hermite interpolation over the nodes, continued by straight lines."""
    z, heights, slopes = jnp.asarray(z), jnp.asarray(heights), jnp.asarray(slopes)
    step = 2 * REACH / (len(NODES) - 1)
    inner = jnp.clip(z, -REACH, REACH)
    position = (inner + REACH) / step
    i = jnp.clip(jnp.floor(position), 0, len(NODES) - 2).astype(jnp.int32)
    w = position - i.astype(position.dtype)
    left, right = heights[i], heights[i + 1]
    rise, fall = step * slopes[i], step * slopes[i + 1]
    change = right - left
    smooth = left + w * (rise + w * (3 * change - 2 * rise - fall + w * (rise + fall - 2 * change)))
    return smooth + jnp.where(z < 0, slopes[0], slopes[-1]) * (z - inner)
