"""Laws of one parameter, for priors: uniform, normal, lognormal, beta, gamma and inverse gamma, with bounds.

Means, medians and standard deviations are those of the law before its bounds cut anything off; only `Beta` is
stretched between its bounds instead of cut.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import betainc, gammainc, gammaincc, gammaln, ndtr
from jaxtyping import Float

from saddlepath.errors import ConfigError
from saddlepath.marginal import AnyArray, Marginal, Tabulated, score


class Uniform(Marginal):
    """Every value between two bounds is equally likely.

    Attributes:
        lower: Lower bound. [unit of the parameter]
        upper: Upper bound.
    """

    lower: Float[AnyArray, ""]
    upper: Float[AnyArray, ""]

    def __init__(self, lower: Any, upper: Any):
        """Raises:
        ConfigError: A bound is no finite number, or lower is not below upper.
        """
        self.lower, self.upper = _number(self, "lower", lower), _number(self, "upper", upper)
        if not self.lower < self.upper:
            raise ConfigError(f"Uniform needs lower below upper, got {lower} and {upper}; change them.")

    def from_normal(self, z: Float[AnyArray, "*batch"]) -> Float[AnyArray, "*batch"]:
        return self.lower + (self.upper - self.lower) * ndtr(z)

    def to_normal(self, x: Float[AnyArray, "*batch"]) -> Float[AnyArray, "*batch"]:
        width = self.upper - self.lower
        return score((x - self.lower) / width, (self.upper - x) / width)

    def log_density(self, x: Float[AnyArray, "*batch"]) -> Float[AnyArray, "*batch"]:
        return jnp.where((x >= self.lower) & (x <= self.upper), -jnp.log(self.upper - self.lower), -jnp.inf)

    def moments(self) -> tuple[float, float]:
        low, high = self.support
        return (low + high) / 2, (high - low) / np.sqrt(12)

    @property
    def support(self) -> tuple[float, float]:
        return float(self.lower), float(self.upper)


class Gaussian(Tabulated):
    """A normal law, between bounds if they are given.

    Attributes:
        mean: Mean before truncation. [unit of the parameter]
        sd: Standard deviation before truncation.
        lower: Lower bound.
        upper: Upper bound.
    """

    mean: Float[AnyArray, ""]
    sd: Float[AnyArray, ""]

    def __init__(self, mean: Any, sd: Any, lower: Any = -np.inf, upper: Any = np.inf):
        """Raises:
        ConfigError: `sd` is not positive, or there is no mass between the bounds.
        """
        self.mean, self.sd = _number(self, "mean", mean), _positive(self, "sd", sd)
        self.lower, self.upper = _bound(self, "lower", lower), _bound(self, "upper", upper)
        self.ends, self.heights, self.slopes = self._tabulate()

    def _law(self) -> Any:
        from scipy.stats import norm

        return norm(float(self.mean), float(self.sd))

    def _line(self, below: np.ndarray, above: np.ndarray) -> np.ndarray:
        law = self._law()
        return np.where(below < 0.5, law.ppf(below), law.isf(above))

    def _from_line(self, t: Any) -> Any:
        return t

    def _below(self, x: Any) -> Any:
        return ndtr((x - self.mean) / self.sd)

    def _above(self, x: Any) -> Any:
        return ndtr((self.mean - x) / self.sd)

    def _log_free(self, x: Any) -> Any:
        return _log_normal((x - self.mean) / self.sd) - jnp.log(self.sd)

    def _free_moments(self) -> tuple[float, float]:
        return float(self.mean), float(self.sd)


class LogNormal(Tabulated):
    """The logarithm is normal.

    Attributes:
        median: Median before truncation. [unit of the parameter]
        sd_log: Standard deviation of the logarithm before truncation. [-]
        lower: Lower bound, not negative. [unit of the parameter]
        upper: Upper bound.
    """

    median: Float[AnyArray, ""]
    sd_log: Float[AnyArray, ""]

    def __init__(self, median: Any, sd_log: Any, lower: Any = 0.0, upper: Any = np.inf):
        """Raises:
        ConfigError: An argument is not positive, or there is no mass between the bounds.
        """
        self.median, self.sd_log = _positive(self, "median", median), _positive(self, "sd_log", sd_log)
        self.lower, self.upper = _from_zero(self, lower), _bound(self, "upper", upper)
        self.ends, self.heights, self.slopes = self._tabulate()

    def _law(self) -> Any:
        from scipy.stats import lognorm

        return lognorm(float(self.sd_log), scale=float(self.median))

    def _scaled(self, x: Any) -> Any:
        return (jnp.log(x) - jnp.log(self.median)) / self.sd_log

    def _below(self, x: Any) -> Any:
        return ndtr(self._scaled(x))

    def _above(self, x: Any) -> Any:
        return ndtr(-self._scaled(x))

    def _log_free(self, x: Any) -> Any:
        return _log_normal(self._scaled(x)) - jnp.log(self.sd_log) - jnp.log(x)

    def _free_moments(self) -> tuple[float, float]:
        variance = float(self.sd_log) ** 2
        mean = float(self.median) * np.exp(variance / 2)
        return float(mean), float(mean * np.sqrt(np.expm1(variance)))


class Gamma(Tabulated):
    """A gamma law, by mean and standard deviation.

    Attributes:
        mean: Mean before truncation. [unit of the parameter]
        sd: Standard deviation before truncation.
        lower: Lower bound, not negative.
        upper: Upper bound.
    """

    mean: Float[AnyArray, ""]
    sd: Float[AnyArray, ""]

    def __init__(self, mean: Any, sd: Any, lower: Any = 0.0, upper: Any = np.inf):
        """Raises:
        ConfigError: An argument is not positive, or there is no mass between the bounds.
        """
        self.mean, self.sd = _positive(self, "mean", mean), _positive(self, "sd", sd)
        self.lower, self.upper = _from_zero(self, lower), _bound(self, "upper", upper)
        self.ends, self.heights, self.slopes = self._tabulate()

    @property
    def _shape(self) -> Any:
        return (self.mean / self.sd) ** 2

    @property
    def _scale(self) -> Any:
        return self.sd**2 / self.mean

    def _law(self) -> Any:
        from scipy.stats import gamma

        return gamma(float(self._shape), scale=float(self._scale))

    def _below(self, x: Any) -> Any:
        return gammainc(self._shape, x / self._scale)

    def _above(self, x: Any) -> Any:
        return gammaincc(self._shape, x / self._scale)

    def _log_free(self, x: Any) -> Any:
        y = x / self._scale
        return (self._shape - 1) * jnp.log(y) - y - gammaln(self._shape) - jnp.log(self._scale)

    def _free_moments(self) -> tuple[float, float]:
        return float(self.mean), float(self.sd)


class InverseGamma(Tabulated):
    """The inverse has a gamma law: usual for variances, with an infinite standard deviation allowed.

    Attributes:
        mean: Mean before truncation. [unit of the parameter]
        sd: Standard deviation before truncation, possibly infinite.
        lower: Lower bound, not negative.
        upper: Upper bound.
    """

    mean: Float[AnyArray, ""]
    sd: Float[AnyArray, ""]

    def __init__(self, mean: Any, sd: Any, lower: Any = 0.0, upper: Any = np.inf):
        """Raises:
        ConfigError: An argument is not positive, or there is no mass between the bounds.
        """
        self.mean = _positive(self, "mean", mean)
        self.sd = np.asarray(np.inf) if np.ndim(sd) == 0 and sd == np.inf else _positive(self, "sd", sd)
        self.lower, self.upper = _from_zero(self, lower), _bound(self, "upper", upper)
        self.ends, self.heights, self.slopes = self._tabulate()

    @property
    def _shape(self) -> Any:
        return 2.0 + (self.mean / self.sd) ** 2

    @property
    def _scale(self) -> Any:
        return self.mean * (self._shape - 1.0)

    def _law(self) -> Any:
        from scipy.stats import invgamma

        return invgamma(float(self._shape), scale=float(self._scale))

    def _below(self, x: Any) -> Any:
        return gammaincc(self._shape, self._scale / x)

    def _above(self, x: Any) -> Any:
        return gammainc(self._shape, self._scale / x)

    def _log_free(self, x: Any) -> Any:
        shape, y = self._shape, self._scale / x
        return (shape + 1) * jnp.log(y) - y - gammaln(shape) - jnp.log(self._scale)

    def _free_moments(self) -> tuple[float, float]:
        return float(self.mean), float(self.sd)


class Beta(Tabulated):
    """A beta law stretched over an interval, by mean and standard deviation.

    Attributes:
        mean: Mean, between the bounds. [unit of the parameter]
        sd: Standard deviation.
        lower: Lower end of the interval.
        upper: Upper end of the interval.
    """

    mean: Float[AnyArray, ""]
    sd: Float[AnyArray, ""]

    def __init__(self, mean: Any, sd: Any, lower: Any = 0.0, upper: Any = 1.0):
        """Raises:
        ConfigError: The mean lies outside the interval, or the standard deviation is more than such a law has.
        """
        self.mean, self.sd = _number(self, "mean", mean), _positive(self, "sd", sd)
        self.lower, self.upper = _number(self, "lower", lower), _number(self, "upper", upper)
        if not self.lower < self.mean < self.upper:
            raise ConfigError(
                f"Beta needs a mean between {lower} and {upper}, got {mean}; move the mean or the bounds."
            )
        most = float(np.sqrt((self.mean - self.lower) * (self.upper - self.mean)))
        if not self.sd < most:
            raise ConfigError(
                f"a Beta law between {lower} and {upper} with mean {mean} has a standard deviation below {most:.6g}, "
                f"got {sd}; reduce it."
            )
        self.ends, self.heights, self.slopes = self._tabulate()

    @property
    def _shapes(self) -> tuple[Any, Any]:
        width = self.upper - self.lower
        centre = (self.mean - self.lower) / width
        total = centre * (1 - centre) / (self.sd / width) ** 2 - 1
        return centre * total, (1 - centre) * total

    def _law(self) -> Any:
        from scipy.stats import beta

        a, b = self._shapes
        return beta(float(a), float(b), loc=float(self.lower), scale=float(self.upper - self.lower))

    def _line(self, below: np.ndarray, above: np.ndarray) -> np.ndarray:
        a, b = (float(shape) for shape in self._shapes)
        # The distance from the upper end has the mirrored law, so that log odds keep their digits at both ends.
        return np.where(below < 0.5, _log_odds(a, b, np.minimum(below, 0.5)), -_log_odds(b, a, np.minimum(above, 0.5)))

    def _from_line(self, t: Any) -> Any:
        return self.lower + (self.upper - self.lower) * jax.nn.sigmoid(t)

    def _position(self, x: Any) -> Any:
        return (x - self.lower) / (self.upper - self.lower)

    def _below(self, x: Any) -> Any:
        return betainc(*self._shapes, self._position(x))

    def _above(self, x: Any) -> Any:
        a, b = self._shapes
        return betainc(b, a, 1 - self._position(x))

    def _log_free(self, x: Any) -> Any:
        a, b = self._shapes
        y = self._position(x)
        return (a - 1) * jnp.log(y) + (b - 1) * jnp.log1p(-y) - _log_beta(a, b) - jnp.log(self.upper - self.lower)

    def _free_moments(self) -> tuple[float, float]:
        return float(self.mean), float(self.sd)


LAWS: tuple[type[Marginal], ...] = (Uniform, Gaussian, LogNormal, Beta, Gamma, InverseGamma)
"""Every law, for files: `kind` of a table is the name of one of them."""


def _log_beta(a: Any, b: Any) -> Any:
    return gammaln(a) + gammaln(b) - gammaln(a + b)


def _log_odds(a: float, b: float, below: np.ndarray) -> np.ndarray:
    """Log odds of quantiles of a beta law; one Newton step adds the digits that SciPy's inverse leaves out."""
    from scipy import special

    y = np.maximum(special.betaincinv(a, b, below), np.finfo(float).tiny)
    odds = np.log(y) - np.log1p(-y)
    change = np.exp(a * np.log(y) + b * np.log1p(-y) - special.betaln(a, b))
    excess = special.betainc(a, b, y) - below
    return odds - np.divide(excess, change, out=np.zeros_like(odds), where=np.abs(excess) < 1e-3 * change)


def _log_normal(z: Any) -> Any:
    return -0.5 * z**2 - 0.5 * np.log(2 * np.pi)


def _number(law: Marginal, name: str, value: Any) -> np.ndarray:
    array = _bound(law, name, value)
    if not np.isfinite(array):
        raise ConfigError(f"{type(law).__name__} needs a finite {name}, got {value!r}; give a number.")
    return array


def _positive(law: Marginal, name: str, value: Any) -> np.ndarray:
    array = _number(law, name, value)
    if not array > 0:
        raise ConfigError(f"{type(law).__name__} needs a positive {name}, got {value!r}; change it.")
    return array


def _from_zero(law: Marginal, value: Any) -> np.ndarray:
    array = _number(law, "lower", value)
    if array < 0:
        raise ConfigError(f"{type(law).__name__} has no values below zero, got lower = {value!r}; give zero or more.")
    return array


def _bound(law: Marginal, name: str, value: Any) -> np.ndarray:
    if isinstance(value, bool | str) or np.ndim(value) != 0:
        raise ConfigError(f"{type(law).__name__} needs a number as {name}, got {value!r}; give one number.")
    return np.asarray(value, dtype=float)
