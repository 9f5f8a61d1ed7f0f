"""Simulated method of moments: parameters whose simulated moments come nearest to those of the data.

theta minimises g' W g with g = m(theta) - m_data. Simulations use common random numbers, so the objective is smooth and
its Jacobian exact. With S times as many simulated periods as data, and Sigma the long-run covariance of the data's
moments, sqrt(T)(theta - theta_0) is normal with covariance (1 + 1/S) (M'WM)^-1 M'W Sigma W M (M'WM)^-1. Where data
are short and persistent, their own long-run covariance is a poor guide: simulated paths of the data's length then give
the moments' sampling covariance and small-sample bias, in a second step.

References:
    McFadden (1989, Econometrica), Duffie and Singleton (1993, Econometrica), simulated moments; Newey and West (1987,
    Econometrica; 1994, Review of Economic Studies), long-run covariance and its lag; Hansen (1982, Econometrica), J.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.prior import Box
from saddlepath.statistics import Simulated, influence, statistics_of
from saddlepath.surrogate.base import Surrogate
from saddlepath.table import Table, table

WEIGHTINGS = ("efficient", "diagonal", "identity")
FEWEST = 10
"""Periods of data without which their moments have no covariance [periods]."""
SINGULAR = 1e-10
"""A correlation matrix of moments with an eigenvalue below this is singular [-]."""
STILL = 1e-3
"""A moment whose spread over the model's paths is a smaller share of that in the data counts as a constant [-]."""
EDGE = 1e-4
"""An estimate nearer to a bound, in widths of the box, lies at the edge [-]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Moments:
    """Moments of data and how precisely they are known.

    Attributes:
        names: Names of the statistics.
        values: Their values in the data `[n]`.
        covariance: Sampling covariance of the values `[n, n]`, autocorrelation included.
        periods: Periods of the data.
    """

    names: tuple[str, ...]
    values: Float[np.ndarray, " n"]
    covariance: Float[np.ndarray, "n n"]
    periods: int


def moments_of(data: Mapping[str, Any], names: Sequence[str], lags: int | None = None) -> Moments:
    """Moments of observed series with their Newey-West covariance.

    Args:
        data: Series `[time]` by name, without missing values.
        names: Names of statistics, such as `sd:dlog:c`.
        lags: Lags of the long-run covariance; default 4 (T/100)^(2/9), after Newey and West (1994).

    Raises:
        ConfigError: Unknown names, missing values, or moments of which one is a combination of others.
    """
    series = {name: np.asarray(values, dtype=float) for name, values in data.items()}
    values = statistics_of(series, names)
    scores = influence(series, names)
    if not np.all(np.isfinite(scores)):
        wrong = [name for name, column in zip(names, scores.T, strict=True) if not np.all(np.isfinite(column))]
        raise ConfigError(
            f"the data have missing or non-finite values in the series of {', '.join(wrong)}; drop such periods, and "
            "take logarithms of positive series only."
        )
    if len(scores) < FEWEST:
        raise ConfigError(
            f"{len(scores)} periods are too few for the covariance of {len(names)} moments; give at least {FEWEST}."
        )
    periods = len(scores)
    lags = int(4 * (periods / 100) ** (2 / 9)) if lags is None else lags
    covariance = long_run_covariance(scores, lags) / periods
    _require_regular(covariance, names)
    return Moments(tuple(names), values, covariance, periods)


def long_run_covariance(scores: Float[np.ndarray, "time n"], lags: int) -> Float[np.ndarray, "n n"]:
    """Newey and West's estimate with Bartlett weights."""
    centred = scores - scores.mean(axis=0)
    total = centred.T @ centred / len(centred)
    for lag in range(1, lags + 1):
        cross = centred[lag:].T @ centred[:-lag] / len(centred)
        total = total + (1 - lag / (lags + 1)) * (cross + cross.T)
    return total


def _require_regular(covariance: np.ndarray, names: Sequence[str]) -> None:
    """Refuse moments of which one is, in the data, a combination of others."""
    sd = np.sqrt(np.diag(covariance))
    if np.any(sd == 0):
        raise ConfigError(f"{names[int(np.argmin(sd))]} does not vary in the data and cannot be weighed; leave it out.")
    values, vectors = np.linalg.eigh(covariance / np.outer(sd, sd))
    if values[0] < SINGULAR:
        involved = [name for name, share in zip(names, np.abs(vectors[:, 0]), strict=True) if share > 0.1]
        raise ConfigError(
            f"the covariance of the moments is singular: {', '.join(involved)} say the same of the data; leave one out."
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Estimate:
    """What `smm` found.

    Attributes:
        parameters: Names of the parameters.
        theta: The estimate. [units of the box]
        covariance: Its covariance, of data and simulation together.
        data: The moments of the data.
        model: The model's moments at the estimate.
        jacobian: Change of the moments per unit of each parameter `[n_moments, n_parameters]`.
        weights: The weighting matrix.
        objective: g' W g at the estimate.
        j: Hansen's statistic of overidentification, its degrees of freedom and p value; None if exactly identified or
            not weighed efficiently.
        at_edge: Parameters that ended at a bound of the box: their standard errors mean nothing.
    """

    parameters: tuple[str, ...]
    theta: Float[np.ndarray, " n_parameters"]
    covariance: Float[np.ndarray, "n_parameters n_parameters"]
    data: Moments
    model: Float[np.ndarray, " n_moments"]
    jacobian: Float[np.ndarray, "n_moments n_parameters"]
    weights: Float[np.ndarray, "n_moments n_moments"]
    objective: float
    j: tuple[float, int, float] | None
    at_edge: tuple[str, ...]

    @property
    def values(self) -> dict[str, float]:
        """The estimate by name. [units of the box]"""
        return dict(zip(self.parameters, self.theta.tolist(), strict=True))

    @property
    def sd(self) -> Float[np.ndarray, " n_parameters"]:
        """Standard errors."""
        return np.sqrt(np.diag(self.covariance))

    def interval(self, level: float = 0.9) -> Float[np.ndarray, "n_parameters 2"]:
        """Normal confidence intervals."""
        from scipy.stats import norm

        reach = norm.ppf(0.5 + level / 2) * self.sd
        return np.stack([self.theta - reach, self.theta + reach], axis=1)

    def table(self) -> Table:
        """Estimates with standard errors."""
        rows = {
            name: {"estimate": float(value), "standard error": float(error)}
            for name, value, error in zip(self.parameters, self.theta, self.sd, strict=True)
        }
        note = ""
        if self.j is not None:
            degrees = "1 degree" if self.j[1] == 1 else f"{self.j[1]} degrees"
            note = f"J = {self.j[0]:.3g}, {degrees} of freedom, p = {self.j[2]:.3f}."
        if self.at_edge:
            note = f"{', '.join(self.at_edge)} ended at the edge of the box: no standard error holds there. {note}"
        return table(rows, "parameter", title="Simulated method of moments", note=note)

    def fit_table(self) -> Table:
        """Moments of data and model, and their distance in standard errors."""
        errors = np.sqrt(np.diag(self.data.covariance))
        columns = zip(self.data.names, self.data.values, self.model, errors, strict=True)
        rows = {n: {"data": float(d), "model": float(m), "t": float((m - d) / e)} for n, d, m, e in columns}
        note = "t: model less data, in standard errors of the data's moment."
        return table(rows, "moment", title="Fit", note=note, formats={"t": ".2f"})

    def __str__(self) -> str:
        return f"{self.table()}\n\n{self.fit_table()}"

    def _repr_html_(self) -> str:
        return self.table().to_html() + self.fit_table().to_html()


def smm(
    model: Simulated | Surrogate | Callable[[Array], Array],
    data: Moments,
    *,
    box: Box | None = None,
    weighting: str = "efficient",
    sampling: str = "data",
    simulated: float | None = None,
    starts: int = 4,
    seed: int = 0,
) -> Estimate:
    """Estimate parameters by simulated moments.

    Args:
        model: `simulated(family, data.names)`, a surrogate with these outputs, or a pure JAX function from parameters
            to the moments.
        data: What `moments_of` returned.
        box: Parameters and their bounds; default: those of the family or surrogate.
        weighting: `efficient` (inverse covariance of the data's moments), `diagonal` (its diagonal) or `identity`.
        sampling: Where the moments' covariance comes from: `data`, their long-run covariance, or `model`, the spread
            over simulated paths of the data's length at a first estimate; this needs `simulated(..., each=True)`.
        simulated: Simulated periods per period of data, S; default: as the family is simulated, infinite otherwise. [-]
        starts: Starts of the search, from a Sobol' design of the box.
        seed: Of the starts.

    Returns:
        Estimate, standard errors, J test and fit.

    Raises:
        ConfigError: Names differ, there are fewer moments than parameters, or no box.
        ConvergenceError: No start led to a finite objective.
    """
    box = box or getattr(model, "box", None)
    if box is None or box.size == 0:
        raise ConfigError("a function of parameters needs box=Box(name=(lower, upper), ...), which names them.")
    _check(model, data, box, weighting, sampling)
    with jax.enable_x64(True):
        begin = _starts(box, starts, seed, lambda theta: np.asarray(_moments(model, jnp.asarray(theta))))
        if sampling == "model":
            first = search(model, data, box, _weights(data.covariance, "diagonal"), begin)
            data, begin = dataclasses.replace(data, covariance=_spread(model, data, first)), [first]
        weights = _weights(data.covariance, weighting)
        theta = search(model, data, box, weights, begin)
        found, jacobian = (np.asarray(of(model, jnp.asarray(theta))) for of in (_moments, slopes_at))
    return _estimate(box, data, weights, theta, found, jacobian, _ratio(model, data, simulated), weighting)


def search(model: Any, data: Moments, box: Box, weights: np.ndarray, starts: list[np.ndarray]) -> np.ndarray:
    """Parameters at the least objective: the best of several runs of a trust-region method with exact Jacobians."""
    from scipy.optimize import least_squares

    root = np.linalg.cholesky(weights).T
    gaps = lambda theta: root @ (np.asarray(_moments(model, jnp.asarray(theta))) - data.values)
    slope = lambda theta: root @ np.asarray(slopes_at(model, jnp.asarray(theta)))
    how: dict[str, Any] = {"jac": slope, "bounds": (box.low, box.high), "x_scale": box.high - box.low}
    runs = [least_squares(gaps, start, xtol=1e-10, ftol=1e-12, gtol=1e-12, **how) for start in starts]
    return min(runs, key=lambda run: run.cost).x


def _spread(model: Any, data: Moments, theta: np.ndarray) -> np.ndarray:
    """Covariance of the moments over simulated paths of the data's length."""
    if not isinstance(model, Simulated) or not model.each or model.paths <= 2 * len(data.names):
        raise ConfigError(
            "sampling='model' needs many simulated paths of the data's length; give simulated(family, names, "
            f"periods={data.periods}, paths=100, each=True)."
        )
    spread = np.cov(np.asarray(_by_path(model, jnp.asarray(theta))).T).reshape(len(data.names), -1)
    _require_regular(spread, data.names)
    ratio = np.sqrt(np.diag(spread) / np.diag(data.covariance))
    if ratio.min() < STILL:
        name = data.names[int(np.argmin(ratio))]
        raise ConfigError(
            f"{name} hardly varies over the model's own paths (its spread is {ratio.min():.1g} of its standard error "
            "in the data), and would get all the weight; leave it out, or use sampling='data'."
        )
    return spread


def _check(model: Any, data: Moments, box: Box, weighting: str, sampling: str) -> None:
    if weighting not in WEIGHTINGS:
        raise ConfigError(f"weighting must be one of {', '.join(WEIGHTINGS)}, got {weighting!r}.")
    if sampling not in ("data", "model"):
        raise ConfigError(f"sampling must be data or model, got {sampling!r}.")
    names: tuple[str, ...] | None = None
    if isinstance(model, Simulated | Surrogate):
        names = model.names if isinstance(model, Simulated) else model.outputs
    if names is not None and names != data.names:
        raise ConfigError(
            f"the model gives {', '.join(names)}, the data {', '.join(data.names)}; give the same moments in one order."
        )
    if len(data.names) < box.size:
        raise ConfigError(
            f"{len(data.names)} {'moment' if len(data.names) == 1 else 'moments'} cannot tell {box.size} parameters "
            f"({', '.join(box.entries)}) apart; add moments, or fix parameters."
        )


def _weights(covariance: np.ndarray, weighting: str) -> np.ndarray:
    if weighting == "identity":
        return np.eye(len(covariance))
    return np.diag(1 / np.diag(covariance)) if weighting == "diagonal" else np.linalg.inv(covariance)


def _starts(box: Box, n: int, seed: int, value: Callable[[np.ndarray], np.ndarray]) -> list[np.ndarray]:
    """Points of a design at which the moments are finite, slightly inside the box."""
    width = box.high - box.low
    points = np.clip(box.design(max(n, 1), seed), box.low + 0.01 * width, box.high - 0.01 * width)
    finite = [point for point in points if np.all(np.isfinite(value(point)))]
    if not finite:
        raise ConvergenceError("no start leads to finite moments; narrow the box.")
    return finite


def _ratio(model: Any, data: Moments, simulated: float | None) -> float:
    if simulated is not None:
        return simulated
    return model.periods * model.paths / data.periods if isinstance(model, Simulated) else np.inf


def _estimate(
    box: Box, data: Moments, weights: np.ndarray, theta: np.ndarray, found: np.ndarray, jacobian: np.ndarray,
    ratio: float, weighting: str,
) -> Estimate:  # fmt: skip
    from scipy.stats import chi2

    inflation = 1 + 1 / ratio
    bread = np.linalg.pinv(jacobian.T @ weights @ jacobian)
    meat = jacobian.T @ weights @ data.covariance @ weights @ jacobian
    gap = found - data.values
    objective, freedom = float(gap @ weights @ gap), len(gap) - box.size
    j = None
    if weighting == "efficient" and freedom > 0:
        j = (objective / inflation, freedom, float(chi2.sf(objective / inflation, freedom)))
    inside = np.minimum(theta - box.low, box.high - theta) / (box.high - box.low)
    edge = tuple(name for name, share in zip(box.entries, inside, strict=True) if share < EDGE)
    return Estimate(
        box.entries, theta, inflation * bread @ meat @ bread, data, found, jacobian, weights, objective, j, edge
    )


def moments_at(model: Any, theta: Array) -> Array:
    """The moments at one parameter vector, pure and differentiable."""
    if isinstance(model, Surrogate):
        return jnp.asarray(model.at(theta).mean)
    return model.at(theta) if isinstance(model, Simulated) else jnp.asarray(model(theta))


@eqx.filter_jit
def _moments(model: Any, theta: Array) -> Array:
    return moments_at(model, theta)


@eqx.filter_jit
def _by_path(model: Simulated, theta: Array) -> Array:
    return model.by_path(theta)


@eqx.filter_jit
def slopes_at(model: Any, theta: Array) -> Array:
    """Their Jacobian `[n_moments, n_parameters]`."""
    return jax.jacfwd(lambda at: moments_at(model, at))(theta)
