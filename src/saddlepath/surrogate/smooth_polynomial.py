"""Penalised polynomials: many terms, the more penalised the higher their degree, on a scale chosen by left-out labels.

Minimises |y - Phi c|^2 + lam |c / r|^2, where r falls like `decay` to the power of a term's degree: ridge regression,
or a Gaussian process whose functions are polynomials. Errors at left-out labels have a closed form, r_i / (1 - H_ii),
so degree, decay, penalty and scale of the values (themselves or their logarithms) are all chosen by them, on the scale
of the values. There may be more terms than labels. For smooth functions of many inputs that are sums, or functions of
sums, on one of these scales.

References:
    Hoerl and Kennard (1970, Technometrics); Rasmussen and Williams (2006, Gaussian Processes for Machine Learning),
    section 2.1.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from math import comb
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.nn.transforms import Scale, back, fit_scale, forward, inverse
from saddlepath.prior import Box
from saddlepath.surrogate.base import Kind, Labels, Prediction, StoredSurrogate, without_numbers
from saddlepath.surrogate.polynomial import (
    MOST_DEGREE,
    PolynomialDraw,
    PolynomialFit,
    design_matrix,
    exponents,
    require_basis,
)

DECAYS = (1.0, 0.5, 0.25)
"""Sizes of terms relative to those of one degree less [-]."""
PENALTIES = 10.0 ** np.arange(-26, 1)
"""Penalties, relative to the largest squared singular value [-]."""
MOST_TERMS, TERMS_PER_LABEL = 1_100, 3
"""Terms, at most, and per label at most [-]."""
LEAST_REST = 1e-9
"""Least 1 - H_ii with which a left-out error is believed [-]."""
PATIENCE = 3
"""Degrees without a better one after which the search ends [-]."""


class SmoothPolynomialFit(StoredSurrogate):
    """Fitted penalised polynomials, one per output.

    Attributes:
        box: Where they were fitted.
        outputs: A name per output.
        fits: Per output, the polynomial of the standardised values.
        transforms: Scale per output, one of `TRANSFORMS`.
        scales: Centre and spread per output.
        left_out: Root mean squared error at left-out labels, per output. [units of the outputs]
    """

    box: Box
    outputs: tuple[str, ...] = eqx.field(static=True)
    fits: tuple[PolynomialFit, ...]
    transforms: tuple[str, ...] = eqx.field(static=True)
    scales: tuple[Scale, ...]
    left_out: Float[Array, " n_outputs"]

    def at(self, theta: Float[Array, " n_inputs"]) -> Prediction:
        """Value and standard deviation: the error at left-out labels, larger where labels say less about the value."""
        said = [fit.at(theta) for fit in self.fits]
        parts = zip(self.transforms, self.scales, said, strict=True)
        mean, sd = zip(*(back(name, scale, one.mean[0], one.sd[0]) for name, scale, one in parts), strict=True)
        return Prediction(jnp.stack(mean), jnp.stack(sd))

    def draw(self, key: PRNGKeyArray) -> "SmoothPolynomialDraw":
        """Polynomials whose coefficients are drawn with the covariance of their estimates, on their scales."""
        keys = jax.random.split(key, len(self.fits))
        return SmoothPolynomialDraw(self, tuple(fit.draw(own) for fit, own in zip(self.fits, keys, strict=True)))

    def table(self) -> dict[str, Any]:
        """Structure and shapes."""
        return {"fits": [fit.table() for fit in self.fits], "transforms": list(self.transforms)}

    @classmethod
    def skeleton(cls, table: Mapping[str, Any]) -> "SmoothPolynomialFit":
        """Polynomials of this structure without numbers."""
        fits = tuple(PolynomialFit.skeleton(one) for one in table["fits"])
        scales = tuple(Scale(jnp.zeros(()), jnp.ones(())) for _ in fits)
        names = tuple(name for fit in fits for name in fit.outputs)
        whole = cls(fits[0].box, names, fits, tuple(table["transforms"]), scales, jnp.zeros(len(names)))
        return without_numbers(whole)


class SmoothPolynomialDraw(eqx.Module):
    """Drawn polynomials, callable at a point.

    Attributes:
        fitted: The fitted ones.
        draws: Drawn polynomials of the standardised values, per output.
    """

    fitted: SmoothPolynomialFit
    draws: tuple[PolynomialDraw, ...]

    def __call__(self, theta: Float[Array, " n_inputs"]) -> Float[Array, " n_outputs"]:
        """Values at one point. [units of the outputs]"""
        parts = zip(self.fitted.transforms, self.fitted.scales, self.draws, strict=True)
        return jnp.stack([inverse(name, scale, draw(theta)[0]) for name, scale, draw in parts])


class _Ridge(NamedTuple):
    """A basis with its best penalty; the score is the error at left-out labels on the scale of the values."""

    score: float
    degree: int
    phi: Float[np.ndarray, "n n_terms"]
    size: Float[np.ndarray, " n_terms"]
    penalty: float


@dataclasses.dataclass(frozen=True)
class SmoothPolynomial(Kind):
    """How a penalised polynomial is fitted.

    Attributes:
        transform: Scale of the values: `standardise`, `log`, or `auto`, the better one at left-out labels.
        basis: `chebyshev` or `legendre`.
    """

    transform: str = "auto"
    basis: str = "chebyshev"

    def __post_init__(self) -> None:
        if self.transform not in ("auto", "standardise", "log"):
            raise ConfigError(f"transform must be auto, standardise or log, got {self.transform!r}; choose one.")
        require_basis(self.basis)

    def describe(self) -> str:
        """One line for reports."""
        return f"penalised {self.basis.capitalize()} polynomial, transform {self.transform}"

    def fit(self, labels: Labels, seed: int = 0) -> SmoothPolynomialFit:
        """Fit every output with a degree, decay, penalty and scale of its own.

        Args:
            labels: What is known.
            seed: Nothing is random here.

        Raises:
            ConfigError: Fewer than three labels, an output that never changes, or logarithms of values not positive.
        """
        if len(labels) < 3:
            raise ConfigError(f"{len(labels)} labels are too few for a penalised polynomial; give at least 3.")
        with jax.enable_x64(True):
            found = [self._fit(labels, y, name) for y, name in zip(labels.values.T, labels.outputs, strict=True)]
            fits, transforms, scales, errors = zip(*found, strict=True)
            left_out = jnp.sqrt(jnp.asarray(errors))
        return SmoothPolynomialFit(labels.box, labels.outputs, fits, transforms, scales, left_out)

    def _fit(self, labels: Labels, y: np.ndarray, output: str) -> tuple[PolynomialFit, str, Scale, float]:
        logs = ("log",) if y.min() > 0 else ()
        names = ("standardise", *logs) if self.transform == "auto" else (self.transform,)
        scales = {name: fit_scale(name, y, output) for name in names}
        name, best = _search(self.basis, labels, y, scales)
        leaves = [jnp.asarray(leaf) for leaf in _solved(best, _standardised(y, name, scales[name]))]
        return PolynomialFit(labels.box, (output,), self.basis, best.degree, *leaves), name, scales[name], best.score


def _standardised(y: Float[np.ndarray, " n"], transform: str, scale: Scale) -> Float[np.ndarray, " n"]:
    return (forward(transform, y) - float(scale.centre)) / float(scale.spread)


def _search(basis: str, labels: Labels, y: np.ndarray, scales: dict[str, Scale]) -> tuple[str, _Ridge]:
    """The scale, basis and penalty that err least at left-out labels."""
    best, since = ("", _Ridge(np.inf, 0, y[:, None], y, 0.0)), 0
    for degree, phi in _bases(basis, labels):
        total = np.asarray(exponents(labels.box.size, degree)).sum(axis=1)
        tried = [
            one
            for decay in DECAYS[: 1 if degree < 2 else None]  # one degree: a penalty does the same
            for one in _best_penalties(phi, decay**total, y, scales, degree)
        ]
        good = min(tried, key=lambda one: one[1].score)
        best, since = (good, 0) if good[1].score < best[1].score else (best, since + 1)
        if since == PATIENCE:
            break
    if not np.isfinite(best[1].score):
        raise ConfigError(f"{len(y)} labels do not determine a polynomial: they lie on too few points; spread them.")
    return best


def _bases(basis: str, labels: Labels) -> Iterator[tuple[int, np.ndarray]]:
    """Degrees with their design matrices."""
    n, d = labels.theta.shape
    most = min(MOST_TERMS, TERMS_PER_LABEL * n)
    highest = max(k for k in range(MOST_DEGREE + 1) if comb(d + k, k) <= most)
    phi = np.asarray(design_matrix(basis, highest, labels.box, jnp.asarray(labels.theta)))
    for degree in range(highest + 1):
        yield degree, phi[:, : comb(d + degree, degree)]


def _best_penalties(
    phi: np.ndarray, size: np.ndarray, y: np.ndarray, scales: dict[str, Scale], degree: int
) -> Iterator[tuple[str, _Ridge]]:
    """For every scale, the penalty of one basis that errs least at left-out labels."""
    u, s, _ = np.linalg.svd(phi * size[None, :], full_matrices=False)
    penalties = PENALTIES * s[0] ** 2
    shares = s**2 / (s**2 + penalties[:, None])  # of every direction that a penalty leaves
    rest = 1 - shares @ (u**2).T
    for name, scale in scales.items():
        z = _standardised(y, name, scale)
        left_out = (z - (shares * (u.T @ z)) @ u.T) / np.maximum(rest, LEAST_REST)
        restored = np.asarray(inverse(name, scale, jnp.asarray(z - left_out)))
        with np.errstate(over="ignore"):  # of logarithms that are far off: such a penalty is not chosen
            errors = np.mean((restored - y) ** 2, axis=1)
        # A label that nearly decides a term says nothing about its own error.
        errors[(rest.min(axis=1) < LEAST_REST) | ~np.isfinite(errors)] = np.inf
        i = int(np.argmin(errors))
        yield name, _Ridge(float(errors[i]), degree, phi, size, float(penalties[i]))


def _solved(ridge: _Ridge, z: Float[np.ndarray, " n"]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients, root of their covariance, error at left-out labels and level, as `PolynomialFit` holds them."""
    u, s, v = np.linalg.svd(ridge.phi * ridge.size[None, :])
    n, known = len(z), len(s)
    root = np.sqrt(np.pad(s**2, (0, len(v) - known)) + ridge.penalty)
    share = s**2 / (s**2 + ridge.penalty)
    image, u = u[:, :known].T @ z, u[:, :known]
    rest = np.maximum(1 - (u**2) @ share, LEAST_REST)
    coefficients = ridge.size * (v[:known].T @ (s * image / root[:known] ** 2))
    sd = np.linalg.norm((z - u @ (share * image)) / rest) / np.sqrt(n)
    return coefficients[:, None], ridge.size[:, None] * v.T / root, np.asarray([sd]), np.asarray(np.mean(1 / rest))
