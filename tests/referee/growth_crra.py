"""The published test of accuracy of stochastic growth, and polynomials such as it judges, in NumPy.

Coleman, Lyon, Maliar and Maliar (2021, Computational Economics) solve the economy by seven algorithms on a grid of
10 x 10 points and judge every solution on one simulated path of 10,200 quarters, of which the first 200 do not count,
by `|1 - beta E[u'(c') (1 - delta + alpha A z' k'^(alpha-1))] / u'(c)|` with ten Gauss-Hermite nodes. Their draws are
not ours, so that means agree closely and maxima, which one state decides, less so; the polynomials below, solved here
by one of the seven, tell how closely. Nothing here is taken from the package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Rule = Callable[[Array, Array], Array]
"""Capital of the next quarter as a function of capital and log productivity. [goods]"""

PERIODS, BURN_IN = 10_200, 200
"""Length of the path and dates that do not count [quarters]."""
NODES, SOLVER_NODES = 10, 5
"""Gauss-Hermite nodes of the test and of the algorithms."""
PUBLISHED = {2: (-3.83, -2.76), 3: (-4.97, -3.32), 4: (-6.06, -4.03), 5: (-7.00, -4.70)}
"""log10 of the mean and of the largest error by degree of the polynomial, the same for all seven algorithms [-]."""
BOX = (0.9, 1.1)
"""Range of the grid, of capital and of the level of productivity alike."""
GRID = 10


class Economy(NamedTuple):
    """The paper's calibration; capital is one in the steady state."""

    alpha: float = 0.36  # capital share [-]
    beta: float = 0.99  # discount factor [1/quarter]
    gamma: float = 2.0  # relative risk aversion [-]
    delta: float = 0.02  # depreciation [1/quarter]
    rho: float = 0.95  # persistence of log productivity [-]
    sigma: float = 0.01  # s.d. of its innovation [-]

    @property
    def scale(self) -> float:
        """Productivity at which capital is one in the steady state. [goods]"""
        return (1 / self.beta - 1 + self.delta) / self.alpha

    def resources(self, k: Array, z: Array) -> Array:
        """Output and undepreciated capital. [goods]"""
        return (1 - self.delta) * k + self.scale * np.exp(z) * k**self.alpha

    def gross_return(self, k: Array, z: Array) -> Array:
        """What a unit of capital yields, itself included. [-]"""
        return 1 - self.delta + self.alpha * self.scale * np.exp(z) * k ** (self.alpha - 1)


class Errors(NamedTuple):
    """log10 of the mean and of the largest absolute error on the path [-]."""

    mean: float
    largest: float


def innovations(seed: int = 0) -> Array:
    """Standard normal draws of one path `[PERIODS]`. [-]"""
    return np.random.default_rng(seed).standard_normal(PERIODS)


def path(economy: Economy, rule: Rule, draws: Array) -> tuple[Array, Array]:
    """Capital [goods] and log productivity [-] from the steady state on, each as long as `draws`."""
    k, z = np.ones(len(draws)), np.zeros(len(draws))
    for t, draw in enumerate(draws[:-1]):
        k[t + 1] = rule(k[t : t + 1], z[t : t + 1])[0]
        z[t + 1] = economy.rho * z[t] + economy.sigma * draw
    return k, z


def expected(economy: Economy, rule: Rule, k_next: Array, z: Array) -> Array:
    """`beta E[u'(c') (1 - delta + alpha y'/k')]` at capital chosen today. [utils/good]"""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    z_next = economy.rho * z[:, None] + economy.sigma * nodes
    ahead = np.repeat(k_next[:, None], NODES, axis=1)
    c_next = economy.resources(ahead, z_next) - rule(ahead, z_next)
    marginal = c_next**-economy.gamma * economy.gross_return(ahead, z_next)
    return economy.beta * marginal @ (weights / weights.sum())


def published_errors(economy: Economy, rule: Rule, k: Array, z: Array) -> Errors:
    """The published figures of a rule on its own path.

    Args:
        economy: The calibration.
        rule: The rule that is judged.
        k: Capital on the path `[PERIODS]`. [goods]
        z: Log productivity on the path `[PERIODS]`. [-]

    Raises:
        ValueError: The path is not that of the rule.
    """
    k_next = rule(k, z)
    if np.max(np.abs(k_next[:-1] / k[1:] - 1)) > 1e-9:
        raise ValueError("capital on the path is not what the rule decides; simulate the rule that is judged.")
    now = slice(BURN_IN, None)
    c = economy.resources(k[now], z[now]) - k_next[now]
    errors = np.abs(1 - expected(economy, rule, k_next[now], z[now]) * c**economy.gamma)
    return Errors(float(np.log10(errors.mean())), float(np.log10(errors.max())))


def terms(degree: int, k: Array, z: Array, slope: bool = False) -> Array:
    """Monomials up to a total degree, or their derivatives to capital `[..., n_terms]`; -1 to 1 spans the grid."""
    x, y = (k - 1) / 0.1, (np.exp(z) - 1) / 0.1
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    in_k = lambda i: i / 0.1 * x ** max(i - 1, 0) if slope else x**i
    return np.stack([in_k(i) * y**j for i, j in powers], axis=-1)


def envelope_rule(economy: Economy, degree: int, weights: Array) -> Rule:
    """The rule of a value function: consumption from `V_k = u'(c) (1 - delta + alpha y/k)`."""

    def rule(k: Array, z: Array) -> Array:
        marginal_utility = terms(degree, k, z, slope=True) @ weights / economy.gross_return(k, z)
        return economy.resources(k, z) - marginal_utility ** (-1 / economy.gamma)

    return rule


def polynomials(economy: Economy, highest: int = 5, tol: float = 1e-8) -> dict[int, Rule]:
    """Rules of value functions that are complete polynomials of capital and the level of productivity, by degree.

    Value iteration on the grid, one of the seven algorithms: consumption comes from the slope of the value function by
    the envelope condition, and values are fitted by least squares, first of degree two and then of each degree from
    the one before. A rule is therefore only as good as a polynomial of one degree less.

    Args:
        economy: The calibration.
        highest: Highest degree.
        tol: Largest change of a value at which iteration stops. [utils]

    Raises:
        RuntimeError: No convergence in 5,000 steps.
    """
    side = np.linspace(*BOX, GRID)
    k, z = (v.ravel() for v in np.meshgrid(side, np.log(side)))
    nodes, shares = np.polynomial.hermite_e.hermegauss(SOLVER_NODES)
    z_next = economy.rho * z[:, None] + economy.sigma * nodes
    resources, rules = economy.resources(k, z), {}
    utility = lambda c: (c ** (1 - economy.gamma) - 1) / (1 - economy.gamma)
    values = utility(resources - 0.95 * k - 0.05 * np.exp(z)) / (1 - economy.beta)  # saves what keeps capital near one
    for degree in range(2, highest + 1):
        fit, change = np.linalg.pinv(terms(degree, k, z)), np.inf
        for _ in range(5_000):
            weights = fit @ values
            k_next = envelope_rule(economy, degree, weights)(k, z)
            ahead = terms(degree, np.repeat(k_next[:, None], SOLVER_NODES, axis=1), z_next) @ weights
            new = utility(resources - k_next) + economy.beta * ahead @ (shares / shares.sum())
            change, values = float(np.max(np.abs(new - values))), new
            if change < tol:
                break
        else:
            raise RuntimeError(f"Value iteration still moves the polynomial of degree {degree} by {change:.1e}.")
        rules[degree] = envelope_rule(economy, degree, fit @ values)
    return rules
