"""Independent referee for one-sector stochastic growth, with labour, a labour cap or an investment floor.

Problem: ``max E sum beta^t [u(C_t) - chi L_t^(1+theta)/(1+theta)]`` subject to
``C + K' = z K^alpha L^(1-alpha) + (1-delta) K`` and ``ln z' = rho ln z + sigma eps'``, with CRRA ``u`` of
parameter gamma, and optionally ``L <= labour_cap`` or ``K' - (1-delta) K >= investment_floor``.

Algorithm: time iteration on the discounted expected marginal value of capital, ``Q(K', z) = beta E[u'(C')
(1 - delta + alpha Y'/K') - (1-delta) mu']``, with endogenous grid points in K (Carroll, 2006, Economics
Letters) and a Nystrom rule in z: the trapezoidal sum over one fixed equispaced grid, weighted by the
Gaussian density of z' given z, which converges faster than any power of the step for smooth integrands. Q
is smooth even where the rules have kinks, because z' is integrated out; each branch of a rule (interior,
capped, at the floor) is interpolated by itself and the branches are joined at the exact kink.

The module uses NumPy and SciPy only and imports nothing from the package it judges. Labour comes with log
utility, and a labour cap and an investment floor are never imposed together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, RectBivariateSpline

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Economy:
    """Calibration; ``chi=None`` means inelastic labour of one. Goods are in units of output."""

    alpha: float = 0.36  # capital share [-]
    beta: float = 0.99  # discount factor [1/period]
    delta: float = 0.10  # depreciation [1/period]
    rho: float = 0.90  # persistence of log productivity [-]
    sigma: float = 0.04  # s.d. of its innovation [-]
    gamma: float = 1.0  # relative risk aversion [-]
    chi: float | None = None  # weight of the disutility of labour [-]
    frisch_inverse: float = 1.0  # theta [-]
    labour_cap: float = np.inf  # [hours]
    investment_floor: float = -np.inf  # [goods]

    @property
    def sd_z(self) -> float:
        """Unconditional standard deviation of log productivity. [-]"""
        return self.sigma / np.sqrt(1.0 - self.rho**2)

    def steady_state(self) -> dict[str, float]:
        """Deterministic steady state: K/L from the Euler equation, L from the static condition or the cap.

        A floor under investment is taken to be slack at the steady state.
        """
        ratio = (self.alpha / (1.0 / self.beta - 1.0 + self.delta)) ** (1.0 / (1.0 - self.alpha))
        labour = 1.0
        if self.chi is not None:
            share = 1.0 - self.delta * ratio ** (1.0 - self.alpha)
            labour = ((1.0 - self.alpha) / (self.chi * share)) ** (1.0 / (1.0 + self.frisch_inverse))
            labour = min(labour, self.labour_cap)
        output = ratio**self.alpha * labour
        investment = self.delta * ratio * labour
        return {
            "k": ratio * labour,
            "labour": labour,
            "y": output,
            "c": output - investment,
            "i": investment,
            "saving": investment / output,
        }


class Grid(NamedTuple):
    """Equispaced ``log_k [n_k]`` and ``z [n_z]``; ``kernel [n_z, n_z]``: probabilities of z' (columns)."""

    log_k: Array
    z: Array
    kernel: Array


class Decision(NamedTuple):
    """The rule: consumption and capital tomorrow [goods], labour [hours], multiplier [utils/good; cap: -]."""

    c: Array
    k_next: Array
    labour: Array
    multiplier: Array


def gaussian_kernel(z: Array, rho: float, sigma: float, onto: Array | None = None) -> Array:
    """Trapezoidal weights of the density of z' on the grid itself or ``onto`` another; rows sum to one."""
    target = z if onto is None else onto
    density = np.exp(-0.5 * ((target[None, :] - rho * z[:, None]) / sigma) ** 2)
    return density / density.sum(axis=1, keepdims=True)


def make_grid(
    economy: Economy, n_k: int = 300, step: float = 0.75, width: float = 5.5, span: float | None = None
) -> Grid:
    """Grid around the steady state.

    Args:
        economy: The calibration.
        n_k: Number of capital nodes.
        step: Distance of the z nodes in innovation s.d.; 0.75 is exact to roundoff for smooth integrands.
        width: Half width of the z grid in unconditional s.d.
        span: Half width of the grid of ln K; the default follows its response to a permanent change of ln z.
    """
    half = width * economy.sd_z
    n_half = int(np.ceil(half / (step * economy.sigma)))
    z = np.arange(-n_half, n_half + 1) * (step * economy.sigma)
    reach = 1.0 + half / (1.0 - economy.alpha) if span is None else span
    log_k = np.log(economy.steady_state()["k"]) + np.linspace(-reach, reach, n_k)
    return Grid(log_k, z, gaussian_kernel(z, economy.rho, economy.sigma))


def curve(x: Array, y: Array, at: Array) -> Array:
    """Cubic spline through (x, y), continued as a straight line outside the nodes."""
    spline = CubicSpline(x, y)
    inside = np.clip(at, x[0], x[-1])
    return spline(inside) + spline(inside, 1) * (at - inside)


def by_column(x: Array, y: Array, at: Array) -> Array:
    """`curve` for each column; every argument is ``[n, n_z]``."""
    return np.stack([curve(x[:, m], y[:, m], at[:, m]) for m in range(y.shape[1])], axis=1)


def labour_supply(economy: Economy, k: Array, z: Array, c: Array) -> Array:
    """Labour of the static condition ``chi L^theta C = w`` without a cap (log utility). [hours]"""
    if economy.chi is None:
        return np.ones_like(c)
    wage = (1.0 - economy.alpha) * np.exp(z) * k**economy.alpha
    return (wage / (economy.chi * c)) ** (1.0 / (economy.frisch_inverse + economy.alpha))


def output(economy: Economy, k: Array, z: Array, labour: Array) -> Array:
    """``z K^alpha L^(1-alpha)``. [goods]"""
    return np.exp(z) * k**economy.alpha * labour ** (1.0 - economy.alpha)


def capital_today(economy: Economy, c: Array, k_next: Array, z: Array, capped: bool) -> Array:
    """The log of capital from which (c, K') is chosen: ``Y(K) + (1-delta) K = c + K'`` by Newton in ln K.

    With the static condition inserted, output is ``scale K^power``: convex and increasing in ln K.
    """
    scale, power = np.exp(z) * np.ones_like(c), economy.alpha
    if economy.chi is not None and capped:
        scale = scale * economy.labour_cap ** (1.0 - economy.alpha)
    elif economy.chi is not None:
        inverse = 1.0 / (economy.frisch_inverse + economy.alpha)
        supply = ((1.0 - economy.alpha) * np.exp(z) / (economy.chi * c)) ** inverse
        scale = scale * supply ** (1.0 - economy.alpha)
        power = economy.alpha * (1.0 + economy.frisch_inverse) * inverse
    wealth, kept, log_k, move = c + k_next, 1.0 - economy.delta, np.log(k_next), c
    for _ in range(60):
        produced, left = scale * np.exp(power * log_k), kept * np.exp(log_k)
        move = (produced + left - wealth) / (power * produced + left)
        log_k = log_k - move
        if np.max(np.abs(move)) < 1e-13:
            return log_k
    raise RuntimeError(f"Newton for capital today did not converge; last move {np.max(np.abs(move)):.1e}.")


def branch(economy: Economy, grid: Grid, log_q: Array, capped: bool = False) -> Array:
    """Log capital tomorrow ``[n_k, n_z]`` on the grid, from the Euler equation without multiplier."""
    log_next = np.repeat(grid.log_k[:, None], grid.z.size, axis=1)
    c = np.exp(-log_q / economy.gamma)
    log_today = capital_today(economy, c, np.exp(log_next), grid.z[None, :], capped)
    return by_column(log_today, log_next, log_next)


def join(economy: Economy, k: Array, z: Array, interior: Array, capped: Array | None) -> Decision:
    """Join the branches at a state; of the multipliers only the wedge of the labour cap is filled in."""
    kept = (1.0 - economy.delta) * k
    k_next = np.maximum(interior, kept + economy.investment_floor)
    if economy.chi is None:
        labour = np.ones_like(k)
        return Decision(output(economy, k, z, labour) + kept - k_next, k_next, labour, np.zeros_like(k))
    c = consumption_with_labour(economy, k, z, k_next)
    labour = labour_supply(economy, k, z, c)
    if capped is None:
        return Decision(c, k_next, labour, np.zeros_like(k))
    bound = labour > economy.labour_cap
    labour = np.where(bound, economy.labour_cap, labour)
    k_next = np.where(bound, capped, k_next)
    c = np.where(bound, output(economy, k, z, labour) + kept - k_next, c)
    wage = (1.0 - economy.alpha) * output(economy, k, z, labour) / labour
    return Decision(c, k_next, labour, wage / (economy.chi * labour**economy.frisch_inverse * c) - 1.0)


def consumption_with_labour(economy: Economy, k: Array, z: Array, k_next: Array) -> Array:
    """Consumption with free labour: the root of ``C = Y(K, L(C)) + (1-delta) K - K'`` by Newton in ln C."""
    resources = (1.0 - economy.delta) * k - k_next
    slope = (1.0 - economy.alpha) / (economy.frisch_inverse + economy.alpha)
    log_c, move = np.log(0.7 * output(economy, k, z, np.ones_like(k))), k
    for _ in range(80):
        c = np.exp(log_c)
        made = output(economy, k, z, labour_supply(economy, k, z, c))
        move = (c - made - resources) / (c + slope * made)
        log_c = log_c - np.clip(move, -1.0, 1.0)
        if np.max(np.abs(move)) < 1e-13:
            return np.exp(log_c)
    raise RuntimeError(f"Newton for consumption did not converge; last move {np.max(np.abs(move)):.1e}.")


def decide_on_grid(economy: Economy, grid: Grid, log_q: Array) -> Decision:
    """The rule on all nodes ``[n_k, n_z]``, multipliers included."""
    k, z = np.exp(grid.log_k)[:, None] + 0 * grid.z, grid.z[None, :] + 0 * grid.log_k[:, None]
    capped = np.exp(branch(economy, grid, log_q, capped=True)) if np.isfinite(economy.labour_cap) else None
    rule = join(economy, k, z, np.exp(branch(economy, grid, log_q)), capped)
    if not np.isfinite(economy.investment_floor):
        return rule
    nodes = np.repeat(grid.log_k[:, None], grid.z.size, axis=1)
    value = np.exp(by_column(nodes, log_q, np.log(rule.k_next)))
    bound = rule.k_next <= (1.0 - economy.delta) * k + economy.investment_floor
    return rule._replace(multiplier=np.where(bound, rule.c**-economy.gamma - value, 0.0))


def update(economy: Economy, grid: Grid, log_q: Array) -> Array:
    """One step: the log of ``beta E[u'(C') R' - (1-delta) mu']`` under the rule that ``log_q`` implies."""
    k = np.exp(grid.log_k)[:, None]
    rule = decide_on_grid(economy, grid, log_q)
    gross = 1.0 - economy.delta + economy.alpha * output(economy, k, grid.z[None, :], rule.labour) / k
    marginal = rule.c**-economy.gamma * gross
    if np.isfinite(economy.investment_floor):
        marginal = marginal - (1.0 - economy.delta) * rule.multiplier
    return np.log(economy.beta * marginal @ grid.kernel.T)


def first_guess(economy: Economy, grid: Grid) -> Array:
    """Marginal utility of a consumption that grows with output, through the steady state."""
    steady = economy.steady_state()
    gap = economy.alpha * (grid.log_k[:, None] - np.log(steady["k"])) + grid.z[None, :]
    return -economy.gamma * (np.log(steady["c"]) + gap)


class Solution:
    """Converged rule: smooth branches as splines in (ln K, ln z), joined at the exact kink on evaluation."""

    def __init__(self, economy: Economy, grid: Grid, log_q: Array, steps: int, change: float) -> None:
        self.economy, self.grid, self.log_q, self.steps, self.change = economy, grid, log_q, steps, change
        self._interior = RectBivariateSpline(grid.log_k, grid.z, branch(economy, grid, log_q))
        self._value = RectBivariateSpline(grid.log_k, grid.z, log_q)
        self._capped = None
        if np.isfinite(economy.labour_cap):
            self._capped = RectBivariateSpline(grid.log_k, grid.z, branch(economy, grid, log_q, capped=True))

    def __call__(self, k: Array | float, z: Array | float) -> Decision:
        """The rule at capital ``k`` [goods] and log productivity ``z`` [-], inside the grid."""
        k, z = np.broadcast_arrays(np.asarray(k, float), np.asarray(z, float))
        log_k = np.log(k)
        capped = None if self._capped is None else np.exp(self._capped.ev(log_k, z))
        rule = join(self.economy, k, z, np.exp(self._interior.ev(log_k, z)), capped)
        if not np.isfinite(self.economy.investment_floor):
            return rule
        value = np.exp(self._value.ev(np.log(rule.k_next), z))
        return rule._replace(multiplier=np.where(self.bound(k, rule), rule.c**-self.economy.gamma - value, 0.0))

    def bound(self, k: Array, rule: Decision) -> NDArray[np.bool_]:
        """Where the labour cap or the floor under investment binds."""
        if np.isfinite(self.economy.labour_cap):
            return rule.labour >= self.economy.labour_cap
        return rule.k_next <= (1.0 - self.economy.delta) * k + self.economy.investment_floor

    def euler_error(self, k: Array, z: Array, n_nodes: int = 25) -> Array:
        """Relative Euler error in consumption, with Gauss-Hermite nodes that the solver does not use."""
        economy = self.economy
        nodes, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
        rule = self(k, z)
        z_next = economy.rho * z[..., None] + economy.sigma * nodes
        k_next = rule.k_next[..., None] + 0 * z_next
        ahead = self(k_next, z_next)
        gross = 1.0 - economy.delta + economy.alpha * output(economy, k_next, z_next, ahead.labour) / k_next
        marginal = ahead.c**-economy.gamma * gross
        priced = 0.0
        if np.isfinite(economy.investment_floor):
            marginal, priced = marginal - (1.0 - economy.delta) * ahead.multiplier, rule.multiplier
        right = economy.beta * marginal @ (weights / weights.sum()) + priced
        return right ** (-1.0 / economy.gamma) / rule.c - 1.0


def solve(economy: Economy, grid: Grid | None = None, tol: float = 1e-11, start: Array | None = None) -> Solution:
    """Iterate until ln Q moves by less than ``tol`` at every node.

    Raises:
        RuntimeError: No convergence in 5,000 steps.
    """
    grid = make_grid(economy) if grid is None else grid
    log_q, change = first_guess(economy, grid) if start is None else start, np.inf
    for step in range(1, 5001):
        new = update(economy, grid, log_q)
        change = float(np.max(np.abs(new - log_q)))
        log_q = new
        if change < tol:
            return Solution(economy, grid, log_q, step, change)
    raise RuntimeError(f"Time iteration still moves ln Q by {change:.1e} after 5,000 steps.")
