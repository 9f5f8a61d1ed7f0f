"""Polynomial surrogates: a complete basis of Chebyshev or Legendre polynomials, its degree chosen by left-out labels.

Linear least squares: with hat matrix H, the error at a label when it is left out of the fit is r_i / (1 - H_ii), so all
of them cost one factorisation. Good for smooth functions of a few inputs; the number of terms grows like the degree to
the power of the number of inputs.

References:
    Allen (1974, Technometrics), the predicted residual sum of squares; Xiu and Karniadakis (2002, SIAM Journal on
    Scientific Computing), polynomial chaos.
"""

import dataclasses
import itertools
from collections.abc import Mapping
from math import comb
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.errors import ConfigError
from saddlepath.prior import Box
from saddlepath.surrogate.base import Kind, Labels, Prediction, StoredSurrogate, without_numbers

BASES = ("chebyshev", "legendre")
MOST_DEGREE = 20
"""Degree up to which the best one is looked for [-]."""
SPARE = 1.3
"""Labels per term that a fit needs, at least [-]."""


def require_basis(basis: str) -> None:
    """Refuse a name that is no family of polynomials.

    Raises:
        ConfigError: Names the families.
    """
    if basis not in BASES:
        raise ConfigError(f"basis must be chebyshev or legendre, got {basis!r}; choose one of them.")


class PolynomialFit(StoredSurrogate):
    """A fitted polynomial per output.

    Attributes:
        box: Where it was fitted.
        outputs: A name per output.
        basis: `chebyshev` or `legendre`.
        degree: Total degree.
        coefficients: Of the terms `[n_terms, n_outputs]`. [units of the outputs]
        inverse: Upper triangular R^-1 of the design matrix Q R `[n_terms, n_terms]`: h = |R^-T phi|^2.
        sd: Root mean square of the errors at left-out labels `[n_outputs]`. [units of the outputs]
        level: Mean of 1 / (1 - H_ii), the share by which left-out labels err more than the residuals. [-]
    """

    box: Box
    outputs: tuple[str, ...] = eqx.field(static=True)
    basis: str = eqx.field(static=True)
    degree: int = eqx.field(static=True)
    coefficients: Float[Array, "n_terms n_outputs"]
    inverse: Float[Array, "n_terms n_terms"]
    sd: Float[Array, " n_outputs"]
    level: Float[Array, ""]

    def at(self, theta: Float[Array, " n_inputs"]) -> Prediction:
        """Value and standard deviation: the error at left-out labels, larger where labels say less about the value."""
        terms = _terms(self.basis, self.degree, _position(self.box, theta))
        return Prediction(terms @ self.coefficients, self.sd * self._reach(terms))

    def _reach(self, terms: Float[Array, " n_terms"]) -> Array:
        """Standard deviation of a prediction relative to that at a typical left-out label."""
        return jnp.sqrt((1 + jnp.sum((terms @ self.inverse) ** 2)) / self.level)

    def draw(self, key: PRNGKeyArray) -> "PolynomialDraw":
        """A polynomial whose coefficients are drawn with the covariance of their estimates, and a common shift."""
        with jax.enable_x64(True):
            of_terms, of_level = jax.random.split(key)
            z = jax.random.normal(of_terms, self.coefficients.shape)
            size = self.sd / jnp.sqrt(self.level)
            moved = self.coefficients + self.inverse @ z * size[None, :]
            return PolynomialDraw(self, moved, size * jax.random.normal(of_level, self.sd.shape))

    def table(self) -> dict[str, Any]:
        """Structure and shapes."""
        bounds = zip(self.box.names, self.box.lower, self.box.upper, strict=True)
        return {
            "box": {name: [low.tolist(), high.tolist()] for name, low, high in bounds},
            "outputs": list(self.outputs),
            "basis": self.basis,
            "degree": self.degree,
        }

    @classmethod
    def skeleton(cls, table: Mapping[str, Any]) -> "PolynomialFit":
        """A polynomial of this structure without numbers."""
        box, names, degree = Box(**table["box"]), tuple(table["outputs"]), table["degree"]
        n, m = comb(box.size + degree, degree), len(names)
        leaves = jnp.zeros((n, m)), jnp.zeros((n, n)), jnp.zeros(m), jnp.zeros(())
        return without_numbers(cls(box, names, table["basis"], degree, *leaves))


class PolynomialDraw(eqx.Module):
    """A polynomial drawn from what labels say about it, callable at a point.

    Attributes:
        fit: The fitted one.
        coefficients: Drawn `[n_terms, n_outputs]`. [units of the outputs]
        shift: Of every output. [units of the outputs]
    """

    fit: PolynomialFit
    coefficients: Array
    shift: Array

    def __call__(self, theta: Float[Array, " n_inputs"]) -> Float[Array, " n_outputs"]:
        """Values at one point. [units of the outputs]"""
        terms = _terms(self.fit.basis, self.fit.degree, _position(self.fit.box, theta))
        return terms @ self.coefficients + self.shift


def _position(box: Box, theta: Array) -> Array:
    centre, width = jnp.asarray(box.centre), jnp.asarray((box.high - box.low) / 2)
    return (theta - centre.astype(theta.dtype)) / width.astype(theta.dtype)


def exponents(n_inputs: int, degree: int) -> list[tuple[int, ...]]:
    """Degrees per input of all products up to a total degree, in ascending order of it."""
    found = []
    for total in range(degree + 1):
        for places in itertools.combinations_with_replacement(range(n_inputs), total):
            found.append(tuple(places.count(i) for i in range(n_inputs)))
    return found


def _terms(basis: str, degree: int, x: Float[Array, " n_inputs"]) -> Float[Array, " n_terms"]:
    """All products of univariate polynomials up to a total degree at one position."""
    rows = [jnp.ones_like(x), x]
    for n in range(1, degree):
        first, second = (2.0, 1.0) if basis == "chebyshev" else ((2 * n + 1) / (n + 1), n / (n + 1))
        rows.append(first * x * rows[-1] - second * rows[-2])
    table, powers = jnp.stack(rows[: degree + 1]), np.asarray(exponents(x.size, degree))
    return jnp.prod(table[powers, np.arange(x.size)[None, :]], axis=1)


@eqx.filter_jit
def design_matrix(basis: str, degree: int, box: Box, theta: Float[Array, "n n_inputs"]) -> Float[Array, "n n_terms"]:
    """Values of all terms at all points."""
    return jax.vmap(lambda one: _terms(basis, degree, _position(box, one)))(theta)


class _Solved(NamedTuple):
    """Least squares of one degree: `level` is the mean of 1 / (1 - H_ii)."""

    degree: int
    coefficients: np.ndarray
    inverse: np.ndarray
    left_out: np.ndarray
    level: float


@dataclasses.dataclass(frozen=True)
class Polynomial(Kind):
    """How a polynomial is fitted.

    Attributes:
        degree: Total degree; None: the one that errs least at left-out labels, up to `MOST_DEGREE`.
        basis: `chebyshev` or `legendre`.
    """

    degree: int | None = None
    basis: str = "chebyshev"

    def __post_init__(self) -> None:
        require_basis(self.basis)
        if self.degree is not None and self.degree < 0:
            raise ConfigError(f"degree must be at least 0, got {self.degree}; None looks for the best one.")

    def describe(self) -> str:
        """One line for reports."""
        which = "the best degree" if self.degree is None else f"degree {self.degree}"
        return f"{self.basis.capitalize()} polynomial of {which}"

    def fit(self, labels: Labels, seed: int = 0) -> PolynomialFit:
        """Fit all outputs with one degree.

        Args:
            labels: What is known.
            seed: Nothing is random here.

        Raises:
            ConfigError: Too few labels for the degree, or labels that lie too much on one line.
        """
        highest = self._highest(labels)
        degrees = [self.degree] if self.degree is not None else range(highest + 1)
        with jax.enable_x64(True):
            phi = np.asarray(design_matrix(self.basis, highest, labels.box, jnp.asarray(labels.theta)))
            solved = [_solved(degree, phi[:, : comb(labels.box.size + degree, degree)], labels) for degree in degrees]
            spread = np.maximum(labels.values.std(axis=0), 1e-300)
            best = min((one for one in solved if one), key=lambda one: _score(one, spread), default=None)
            if best is None:
                raise ConfigError(
                    f"{len(labels)} labels do not determine a polynomial of degree {self.degree}: they lie on too few "
                    "points, or on a curve; spread them over the box."
                )
            leaves = best.coefficients, best.inverse, _root_mean_square(best.left_out), np.asarray(best.level)
            arrays = [jnp.asarray(leaf) for leaf in leaves]
        return PolynomialFit(labels.box, labels.outputs, self.basis, best.degree, *arrays)

    def _highest(self, labels: Labels) -> int:
        """Degree of the largest basis that may be needed."""
        n, d = len(labels), labels.box.size
        if self.degree is None:
            fitting = [k for k in range(MOST_DEGREE + 1) if SPARE * comb(d + k, k) <= n]
            if not fitting:
                raise ConfigError(f"{n} labels are too few for a polynomial; give at least 2.")
            return fitting[-1]
        terms = comb(d + self.degree, self.degree)
        if terms >= n:
            raise ConfigError(
                f"degree {self.degree} in {d} inputs has {terms} terms, but there are only {n} labels; give more "
                "labels than terms, or a lower degree."
            )
        return self.degree


def _solved(degree: int, phi: Float[np.ndarray, "n n_terms"], labels: Labels) -> _Solved | None:
    """Least squares and its errors at left-out labels; None where a label, or no label, decides a coefficient."""
    q, r = np.linalg.qr(phi)
    diagonal = np.abs(np.diag(r))
    if diagonal.min() <= 1e-12 * diagonal.max():
        return None
    leverage = np.sum(q**2, axis=1)
    if leverage.max() > 1 - 1e-9:
        return None
    inverse = np.linalg.solve(r, np.eye(len(r)))
    residual = labels.values - q @ (q.T @ labels.values)
    left_out = residual / (1 - leverage)[:, None]
    return _Solved(degree, inverse @ (q.T @ labels.values), inverse, left_out, float(np.mean(1 / (1 - leverage))))


def _root_mean_square(errors: Float[np.ndarray, "n n_outputs"]) -> Float[np.ndarray, " n_outputs"]:
    return np.sqrt(np.mean(errors**2, axis=0))


def _score(solved: _Solved, spread: Float[np.ndarray, " n_outputs"]) -> float:
    """Error at left-out labels, relative to the spread of the values, of all outputs together."""
    return float(np.sum((_root_mean_square(solved.left_out) / spread) ** 2))
