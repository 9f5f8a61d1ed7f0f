"""Parameters of a law from the implied volatilities of one day, by least squares on a deep surrogate.

The surrogate is differentiated exactly, so that a calibration costs some tens of evaluations; several starts guard
against minima that are not the lowest.

References:
    Chen, Didisheim and Scheidegger (2026, JFE), section on daily estimation with identity weights.
"""

import dataclasses
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.errors import ConfigError
from saddlepath.options.characteristic import PriceLaw
from saddlepath.options.inputs import law_of
from saddlepath.options.surface import VolatilitySurface
from saddlepath.prior import Box

TERMS = ("moneyness", "tau", "rate", "dividend")
"""Inputs that are terms of an option; all others are parameters of the law."""


AnyArray = Array | np.ndarray


class Quotes(NamedTuple):
    """Implied volatilities of one day.

    Attributes:
        k: log(K/F) `[n]`. [-]
        tau: Times to maturity `[n]`. [years]
        volatility: Implied volatilities `[n]`. [1/sqrt(year)]
    """

    k: AnyArray
    tau: AnyArray
    volatility: AnyArray


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Parameters of one day.

    Attributes:
        law: The law with these parameters.
        parameters: By the names of the surface's box. [units of the box]
        sd: Standard deviation per parameter: of residuals taken as independent, through the Jacobian.
        error: Root mean square of the residuals. [1/sqrt(year)]
        starts: Error reached from every start, the best first. [1/sqrt(year)]
        at_bounds: Parameters that ended at a bound of the box.
    """

    law: PriceLaw
    parameters: dict[str, float]
    sd: dict[str, float]
    error: float
    starts: tuple[float, ...]
    at_bounds: tuple[str, ...]


def parameter_box(surface: VolatilitySurface) -> Box:
    """The box of the law's parameters alone."""
    box = surface.box
    bounds = zip(box.names, box.lower, box.upper, strict=True)
    return Box(**{name: (low, high) for name, low, high in bounds if name not in TERMS})


def calibrate(surface: VolatilitySurface, quotes: Quotes, starts: int = 4, seed: int = 0) -> Calibration:
    """Parameters whose implied volatilities are nearest to those quoted, in the sum of squares.

    Args:
        surface: The surrogate.
        quotes: At least as many as there are parameters.
        starts: Points of a Sobol' sequence in the box of the parameters from which the search begins.
        seed: Of that sequence.

    Returns:
        Parameters and how well they fit.

    Raises:
        ConfigError: Too few quotes, shapes that differ, maturities outside of the surface's box, values that are not
            positive numbers.
    """
    from scipy.optimize import least_squares

    box = parameter_box(surface)
    given = _checked(surface, box, quotes)
    low, width = box.low, box.high - box.low
    with jax.enable_x64(True):
        data = Quotes(*(jnp.asarray(part) for part in given))
        fields = jnp.asarray(low), jnp.asarray(width)
        residual = lambda u: np.asarray(_residuals(surface, box, *fields, data, jnp.asarray(u)))
        jacobian: Any = lambda u: np.asarray(_jacobian(surface, box, *fields, data, jnp.asarray(u)))
        runs = []
        for theta in box.design(starts, seed):
            start = np.clip((theta - low) / width, 1e-3, 1 - 1e-3)
            runs.append(least_squares(residual, start, jacobian, (0.0, 1.0), xtol=1e-10, ftol=1e-12, gtol=1e-12))
    runs.sort(key=lambda run: run.cost)
    return _result(box, runs, len(given.k))


def _checked(surface: VolatilitySurface, box: Box, quotes: Quotes) -> Quotes:
    parts = [np.asarray(part, dtype=float).ravel() for part in quotes]
    if len({len(part) for part in parts}) > 1 or len(parts[0]) < box.size:
        raise ConfigError(
            f"quotes need k, tau and volatility of one length, at least {box.size} for {', '.join(box.names)}; got "
            f"{', '.join(str(len(part)) for part in parts)}."
        )
    given = Quotes(*parts)
    whole = surface.box.split(surface.box.low), surface.box.split(surface.box.high)
    first, last = (float(end["tau"]) for end in whole)
    outside = ~((given.tau >= first * (1 - 1e-9)) & (given.tau <= last * (1 + 1e-9)))
    if outside.any():
        raise ConfigError(
            f"{outside.sum()} quotes have maturities outside of the {first:.4g} to {last:.4g} years of the surface, "
            f"the first {given.tau[outside][0]:.4g}; drop them, or fit a surface over a larger box."
        )
    wrong = ~(np.isfinite(given.k) & (given.volatility > 0) & np.isfinite(given.volatility))
    if wrong.any():
        raise ConfigError(f"{wrong.sum()} quotes are not positive volatilities at finite log(K/F); drop them.")
    return given


def _result(box: Box, runs: list[Any], n: int) -> Calibration:
    best, width = runs[0], box.high - box.low
    theta = box.low + width * best.x
    variance = 2 * best.cost / max(n - box.size, 1)
    covariance = variance * np.linalg.pinv(best.jac.T @ best.jac)
    sd = width * np.sqrt(np.diag(covariance))
    named = {name: float(value) for name, value in box.split(theta).items()}
    ended = tuple(name for name, u in zip(box.names, best.x, strict=True) if min(u, 1 - u) < 1e-4)
    law = law_of({name: jnp.asarray(value) for name, value in named.items()})
    law = jax.tree.map(float, law)
    errors = tuple(float(np.sqrt(2 * run.cost / n)) for run in runs)
    return Calibration(law, named, dict(zip(box.names, sd.tolist(), strict=True)), errors[0], errors, ended)


@eqx.filter_jit
def _residuals(
    surface: VolatilitySurface, box: Box, low: Array, width: Array, quotes: Quotes, u: Float[Array, " n_parameters"]
) -> Float[Array, " n"]:
    """Differences of volatilities at parameters with positions `u` in the unit cube."""
    law = law_of({name: jnp.asarray(value) for name, value in box.split(low + width * u).items()})
    fitted = jax.vmap(surface.volatility, (None, 0, 0))(law, jnp.asarray(quotes.k), jnp.asarray(quotes.tau))
    return fitted - quotes.volatility


@eqx.filter_jit
def _jacobian(
    surface: VolatilitySurface, box: Box, low: Array, width: Array, quotes: Quotes, u: Float[Array, " n_parameters"]
) -> Float[Array, "n n_parameters"]:
    return jax.jacfwd(lambda u: _residuals(surface, box, low, width, quotes, u))(u)
