"""Integration rules for independent standard normal shocks.

The conditional expectation of an equilibrium condition is the integral of f(e) against the density of
e ~ N(0, I_d). A rule replaces it by a sum of w_i f(e_i), nodes and weights computed on the host in float64:

- `GaussHermite(n)`: the product of n-node Gauss rules, n^d nodes, exact up to degree 2n - 1 in every shock;
  `GaussHermite((9, 3))` has a number of nodes for each shock.
- `Monomial(3)`: 2d nodes, exact up to total degree 3; `Monomial(5)`: 2d^2 + 1 nodes, up to total degree 5.
- `Sparse(level)`: Smolyak's combination of small products, exact up to total degree 2 level - 1.
- `QuasiMonteCarlo(n, seed)`: scrambled Sobol' points; no degree, and no curse of dimension either.

Correlation, discrete laws and Markov chains are the business of `saddlepath.shocks`. Rules that adapt to the
integrand are left out on purpose: a fixed rule keeps residuals smooth functions of the decision rule.

References:
    Judd (1998), Numerical Methods in Economics, chapter 7 (Gauss-Hermite, monomial rules); Stroud (1971),
    Approximate Calculation of Multiple Integrals (degrees 3 and 5); Smolyak (1963), Novak and Ritter (1999,
    Constructive Approximation), Heiss and Winschel (2008, J. Econometrics) for sparse grids; Owen (1998,
    J. Complexity) for scrambling.
"""

from __future__ import annotations

import abc
import itertools
import math

import equinox as eqx
import numpy as np
from jaxtyping import Float

from saddlepath.errors import ConfigError

Nodes = Float[np.ndarray, "n_nodes n_shocks"]
Weights = Float[np.ndarray, "n_nodes"]

# A product rule beyond this size cannot be evaluated at one state, let alone at a cloud of them.
_MOST_NODES = 1_000_000


class Quadrature(eqx.Module):
    """A rule for integrals against independent standard normals; an immutable value without array leaves."""

    def nodes(self, n_shocks: int) -> tuple[Nodes, Weights]:
        """Nodes and weights of the rule.

        Args:
            n_shocks: Number of independent standard normal shocks; 0 gives one empty node of weight one. [-]

        Returns:
            Nodes `[n_nodes, n_shocks]` and weights `[n_nodes]`, which sum to one and may be negative. [-]

        Raises:
            ConfigError: `n_shocks` is not a whole number, or the rule would need more than a million nodes.
        """
        _require_whole("n_shocks", n_shocks, least=0)
        if n_shocks == 0:
            return np.zeros((1, 0)), np.ones(1)
        return self._nodes(n_shocks)

    @abc.abstractmethod
    def _nodes(self, n_shocks: int) -> tuple[Nodes, Weights]:
        """Nodes and weights for at least one shock."""

    @abc.abstractmethod
    def _finer(self, n_shocks: int) -> Quadrature:
        """A more accurate rule of the same kind, affordable as a check of this one."""

    @abc.abstractmethod
    def describe(self) -> str:
        """The rule in words, for reports."""


class GaussHermite(Quadrature):
    """Product of Gauss-Hermite rules, degree 2n - 1 in every shock.

    Attributes:
        n: Nodes per shock, n^d in all; or one number for each shock, in the order in which the model declares them.
    """

    n: int | tuple[int, ...] = eqx.field(static=True)

    def __check_init__(self) -> None:
        for count in self.n if isinstance(self.n, tuple) else (self.n,):
            _require_whole("GaussHermite(n)", count, least=1)

    def _counts(self, n_shocks: int) -> tuple[int, ...]:
        counts = self.n if isinstance(self.n, tuple) else (self.n,) * n_shocks
        if len(counts) != n_shocks:
            raise ConfigError(
                f"GaussHermite({self.n}) has numbers of nodes for {len(counts)} shocks and the model has {n_shocks}; "
                "give one number per shock, or one for all."
            )
        return counts

    def _nodes(self, n_shocks: int) -> tuple[Nodes, Weights]:
        counts = self._counts(n_shocks)
        if math.prod(counts) > _MOST_NODES:
            raise ConfigError(
                f"GaussHermite({self.n}) for {n_shocks} shocks would need {math.prod(counts)} nodes; "
                "use Monomial(5), Sparse(level) or QuasiMonteCarlo(n) for so many shocks."
            )
        return _product([_gauss_hermite(count) for count in counts])

    def _finer(self, n_shocks: int) -> Quadrature:
        raised = lambda n: max(3, 2 * n - 1) if n_shocks <= 2 else n + 2
        if isinstance(self.n, tuple):
            return GaussHermite(tuple(raised(n) for n in self._counts(n_shocks)))
        return GaussHermite(raised(self.n))

    def describe(self) -> str:
        if isinstance(self.n, tuple):
            return f"Gauss-Hermite, {' x '.join(str(n) for n in self.n)} nodes"
        return f"Gauss-Hermite, {self.n} nodes per shock"


class Monomial(Quadrature):
    """Monomial rule of total degree 3 (2d nodes) or 5 (2d^2 + 1 nodes, some weights negative for d > 4)."""

    degree: int = eqx.field(static=True, default=3)

    def __check_init__(self) -> None:
        if self.degree not in (3, 5):
            raise ConfigError(
                f"Monomial(degree) expects 3 or 5 and received {self.degree!r}; "
                "use Sparse(level) for total degree 2 level - 1."
            )

    def _nodes(self, n_shocks: int) -> tuple[Nodes, Weights]:
        return _monomial_3(n_shocks) if self.degree == 3 else _monomial_5(n_shocks)

    def _finer(self, n_shocks: int) -> Quadrature:
        return Monomial(5) if self.degree == 3 else Sparse(4)

    def describe(self) -> str:
        return f"monomial rule of degree {self.degree}"


class Sparse(Quadrature):
    """Smolyak sparse grid of Gauss-Hermite rules of total degree 2 level - 1; some weights are negative."""

    level: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        _require_whole("Sparse(level)", self.level, least=1)

    def _nodes(self, n_shocks: int) -> tuple[Nodes, Weights]:
        return _smolyak(self.level, n_shocks)

    def _finer(self, n_shocks: int) -> Quadrature:
        return Sparse(self.level + 1)

    def describe(self) -> str:
        return f"sparse Gauss-Hermite grid of level {self.level}"


class QuasiMonteCarlo(Quadrature):
    """`n` scrambled Sobol' points, a power of two, through the inverse normal distribution; equal weights."""

    n: int = eqx.field(static=True, default=256)
    seed: int = eqx.field(static=True, default=0)

    def __check_init__(self) -> None:
        _require_whole("QuasiMonteCarlo(n)", self.n, least=1)
        _require_whole("QuasiMonteCarlo(seed)", self.seed, least=0)
        if self.n & (self.n - 1):
            raise ConfigError(
                "QuasiMonteCarlo(n) expects a power of two, for Sobol' points are balanced only then, and "
                f"received {self.n}; use {1 << self.n.bit_length()}."
            )

    def _nodes(self, n_shocks: int) -> tuple[Nodes, Weights]:
        return _sobol(self.n, n_shocks, self.seed), np.full(self.n, 1 / self.n)

    def _finer(self, n_shocks: int) -> Quadrature:
        return QuasiMonteCarlo(4 * self.n, self.seed + 1)  # another scrambling: an independent check

    def describe(self) -> str:
        return f"scrambled Sobol' points, {self.n} nodes, seed {self.seed}"


def default_quadrature(n_shocks: int) -> Quadrature:
    """The rule used when none is named.

    Args:
        n_shocks: Number of independent standard normal shocks. [-]

    Returns:
        Five Gauss-Hermite nodes per shock for up to two shocks, the monomial rule of degree 3 for more.
    """
    return GaussHermite(5) if n_shocks <= 2 else Monomial(3)


def finer(rule: Quadrature, n_shocks: int) -> Quadrature:
    """A more accurate rule, with which a solution found under `rule` is tested.

    Args:
        rule: The rule used to solve.
        n_shocks: Number of independent standard normal shocks. [-]

    Returns:
        `GaussHermite(2n - 1)` for `GaussHermite(n)` (n + 2 nodes per shock beyond two shocks), degree 5 for
        degree 3, `Sparse(4)` for degree 5, the next level of a sparse grid, and four times the points under
        another scrambling for quasi-Monte-Carlo.
    """
    return rule._finer(n_shocks)


def _require_whole(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"{name} expects a whole number, {least} or more, and received {value!r}; change it.")


def _gauss_hermite(n: int) -> tuple[Nodes, Weights]:
    """The n-node Gauss rule for one standard normal, nodes `[n, 1]`."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    return nodes[:, None], weights / weights.sum()


def _product(rules: list[tuple[np.ndarray, np.ndarray]]) -> tuple[Nodes, Weights]:
    nodes = np.array([np.concatenate(point) for point in itertools.product(*(rule[0] for rule in rules))])
    weights = np.array([math.prod(point) for point in itertools.product(*(rule[1] for rule in rules))])
    return nodes, weights


def _monomial_3(n_shocks: int) -> tuple[Nodes, Weights]:
    """Stroud's degree-3 rule; the radius sqrt(d/2) belongs to exp(-x^2) and would halve every variance."""
    axes = math.sqrt(n_shocks) * np.eye(n_shocks)
    return np.concatenate([axes, -axes]), np.full(2 * n_shocks, 1 / (2 * n_shocks))


def _monomial_5(n_shocks: int) -> tuple[Nodes, Weights]:
    """Stroud's degree-5 rule: the centre, the axes, and the diagonals of all coordinate planes."""
    d, unit = n_shocks, np.eye(n_shocks)
    axes = math.sqrt(2 + d) * unit
    pairs = [unit[i] + sign * unit[j] for i, j in itertools.combinations(range(d), 2) for sign in (1, -1)]
    diagonals = math.sqrt((2 + d) / 2) * np.array(pairs).reshape(-1, d)
    nodes = np.concatenate([np.zeros((1, d)), axes, -axes, diagonals, -diagonals])
    weights = np.array([2 / (2 + d), (4 - d) / (2 * (2 + d) ** 2), 1 / (2 + d) ** 2])
    return nodes, np.repeat(weights, [1, 2 * d, 2 * len(pairs)])


def _smolyak(level: int, n_shocks: int) -> tuple[Nodes, Weights]:
    """Smolyak's combination formula; Gauss rules of odd size share the centre, each serving two levels."""
    signed = []
    for total in range(max(0, level - n_shocks), level):
        sign = (-1) ** (level - 1 - total) * math.comb(n_shocks - 1, level - 1 - total)
        for raised in itertools.combinations_with_replacement(range(n_shocks), total):
            # One entry of `raised` per step of a shock above the one-node rule; k steps need degree 2k + 1.
            steps = np.bincount(np.array(raised, dtype=int), minlength=n_shocks).tolist()
            nodes, weights = _product([_gauss_hermite(2 * ((k + 1) // 2) + 1) for k in steps])
            signed.append((nodes, sign * weights))
    return _merge(np.concatenate([n for n, _ in signed]), np.concatenate([w for _, w in signed]))


def _merge(nodes: np.ndarray, weights: np.ndarray) -> tuple[Nodes, Weights]:
    """Each distinct node once, with the sum of its weights."""
    _, first, which = np.unique(np.round(nodes, 10) + 0.0, axis=0, return_index=True, return_inverse=True)
    return nodes[first], np.bincount(which.ravel(), weights)


def _sobol(n: int, n_shocks: int, seed: int) -> Nodes:
    from scipy.special import ndtri
    from scipy.stats import qmc

    points = qmc.Sobol(n_shocks, scramble=True, rng=np.random.default_rng(seed), bits=30).random(n)
    return ndtri(points + 2.0**-31)  # the centres of the cells of width 2^-30: never 0 or 1
